"""Whichever statement fails, the index is what it was or what it was to be, and goes on."""

from pathlib import Path
from shutil import copy

from tests.support.clock import TurnableClock
from tests.support.embedding import WordsEmbedder
from tests.support.faults import every_nth
from tests.support.journals import new_account, write
from tests.unit.search.following import checked, find, follow, never

from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.storage import Store


async def test_every_statement_may_fail(tmp_path: Path, clock: TurnableClock) -> None:
    source = tmp_path / "source.sqlite3"
    store = Store.open(source)
    vault = new_account(store)
    journal = Journal.open(store, vault, clock)
    old, new = WordsEmbedder("old"), WordsEmbedder("new", 64)
    kept = [await write(journal, f"heron number{n}") for n in range(6)]
    follow(store, journal, Embedders(old)).tend(never, thoroughly=True)
    await journal.erase(kept.pop().id)
    await journal.revise(kept[0].id, 1, "a kingfisher")
    kept.append(await write(journal, "another heron"))
    store.close()

    struck = 0
    for n, fault in enumerate(every_nth()):
        path = Path(copy(source, tmp_path / f"{n}.sqlite3"))
        store = Store.open(path, before_execute=fault)
        journal = Journal.open(store, vault, clock)
        with fault.armed():
            follower = follow(store, journal, Embedders(new, [old]))
            follower.tend(never, thoroughly=True)
        struck += fault.struck is not None
        again = follow(store, journal, Embedders(new, [old]))
        again.tend(never)
        assert again.shelf.makes == ("new",)
        assert checked(store, journal).passages == len(kept)
        for entry in kept[1:]:
            assert entry.id in {r.writing for r in find(again, journal, entry.text).results}
        assert find(again, journal, '"kingfisher"').total == 1
        store.close()
    assert struck > 20, "there were statements to fail"
