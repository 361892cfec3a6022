"""Killed at any point, the index is what the journal is, at most a batch behind."""

import random
from pathlib import Path

import pytest
from tests.support.clock import TurnableClock
from tests.support.embedding import WordsEmbedder
from tests.support.journals import new_account
from tests.support.killed import working
from tests.unit.search.following import checked, find, follow, never

from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.storage import Store


@pytest.mark.parametrize("kills", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_killing_the_follower_hides_nothing(
    data_dir: Path, clock: TurnableClock, kills: int
) -> None:
    path = data_dir / "llamora.sqlite3"
    store = Store.open(path)
    vault = new_account(store)
    store.close()
    chance = random.Random(3)
    for _ in range(kills):
        with working("tests.unit.search.following_child", path, vault) as child:
            child.said.read(chance.randrange(1, 40))
            for _ in range(chance.randrange(200_000)):
                pass  # off the beat of the steps
            child.killed()

        store = Store.open(path)
        journal = Journal.open(store, vault, clock)
        model = WordsEmbedder("the last")
        follower = follow(store, journal, Embedders(model))
        follower.tend(never)
        assert follower.shelf.makes == ("the last",)
        held = checked(store, journal)
        entries = [thread.entry for thread in journal.read(journal.today())]
        assert held.passages == len(entries) > 0
        for entry in chance.sample(entries, min(8, len(entries))):
            word = entry.text.split()[0]
            assert find(follower, journal, word).results[0].writing == entry.id
        store.close()
