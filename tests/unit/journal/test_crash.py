"""Killed at any point, the journal has everything it acknowledged and nothing in half."""

import json
import random
from pathlib import Path

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, new_account, texts
from tests.support.killed import working

from llamora.journal import drafts
from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.storage.backup import check


@pytest.mark.parametrize("kills", [8, pytest.param(500, marks=pytest.mark.slow)])
def test_killing_the_writer_loses_no_acknowledged_word(
    data_dir: Path, clock: TurnableClock, kills: int
) -> None:
    path = data_dir / "llamora.sqlite3"
    store = Store.open(path)
    vault = new_account(store)
    store.close()
    chance = random.Random(15)
    standing: dict[str, str] = {}
    going: set[str] = set()
    said = 0
    for _ in range(kills):
        with working("tests.unit.journal.writing_child", path, vault) as child:
            lines = [child.said.readline() for _ in range(chance.randrange(1, 90))]
            for _ in range(chance.randrange(20_000)):
                pass  # off the beat of the acknowledgements
            lines += child.killed()

        draft = ""
        for what, id, text in map(json.loads, lines):
            said += 1
            match what:
                case "written":
                    standing[id] = text
                    if not text.endswith("revised"):
                        draft = ""  # let go by the entry
                case "going":
                    going.add(id)  # from here on it may stand or not
                    standing.pop(id)
                case "draft":
                    draft = text

        store = Store.open(path)
        journal = Journal.open(store, vault, clock)
        held = {id.hex(): writing.text for id, writing in assert_sound(store, vault).items()}
        for id, text in standing.items():
            # A revision may have been kept without its acknowledgement being heard.
            assert held.get(id) in (text, f"{text}, revised")
            standing[id] = held[id]
        unheard = set(held) - set(standing) - going
        assert len(unheard) <= 1
        standing |= {id: held[id] for id in unheard}
        kept = journal.draft(drafts.of_day(journal.today()))
        if draft and not unheard:  # else the entry after it let it go
            assert kept is not None
            assert int(kept[0].split()[1]) >= int(draft.split()[1])
        assert len(texts(journal)) == len(held)
        store.close()
        assert check(path).sound
    assert said > kills * 5
