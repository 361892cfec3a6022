"""Two processes on one file: each sees what the other wrote."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import date

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, change_settings, texts, write

from llamora.journal.errors import JournalError
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Source
from llamora.storage import Store, ledger

TODAY = date(2026, 11, 22)
EARLIER = date(2026, 11, 20)


@pytest.fixture
def other(ada: Journal, store: Store, clock: TurnableClock) -> Iterator[Journal]:
    """Ada's journal in another process."""
    second = Store.open(store.path)
    yield Journal.open(second, ada.vault, clock)
    second.close()


def shown(journal: Journal) -> dict[date, object]:
    return {day: (journal.days.table(day), threads) for day, threads in journal.every_day()}


def last_change(store: Store, journal: Journal) -> int:
    found = ledger.pulse(store, journal.vault.owner)
    assert found
    return found.last_change


async def _revise(journal: Journal) -> None:
    entry = journal.read(EARLIER)[0].entry
    await journal.revise(entry.id, entry.revision, "revised")


async def _erase_and_restore(journal: Journal) -> None:
    entry = journal.read(EARLIER)[0].entry
    await journal.erase(entry.id)
    await journal.restore(entry.id)


OPERATIONS: dict[str, Callable[[Journal], Awaitable[object]]] = {
    "write": lambda journal: write(journal, "new"),
    "write on a new day": lambda journal: write(journal, "new", date(1999, 12, 31)),
    "revise": _revise,
    "erase": lambda journal: journal.erase(journal.read(EARLIER)[0].entry.id),
    "restore": _erase_and_restore,
    "move": lambda journal: journal.move(journal.read(EARLIER)[0].entry.id, TODAY, None),
    "answer": lambda journal: answer(journal, journal.read(EARLIER)[0].entry, "so"),
    "erase an answer": lambda journal: journal.erase_response(
        journal.read(EARLIER)[0].responses[0].id
    ),
    "import": lambda journal: journal.write_many(
        [NewEntry(date(1990, 1, n + 1), "old", None, "", Source("x", str(n))) for n in range(9)]
    ),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_what_one_does_the_other_sees(
    ada: Journal, other: Journal, store: Store, operation: str
) -> None:
    entry = await write(ada, "there before", EARLIER)
    await answer(ada, entry, "answered before")
    other.follow(last_change(store, ada))
    assert shown(other) == shown(ada)
    await OPERATIONS[operation](ada)
    other.follow(last_change(store, ada))
    assert shown(other) == shown(ada)
    # And back, by the one that has just followed.
    await write(other, "seen, and gone on from")
    ada.follow(last_change(store, ada))
    assert shown(other) == shown(ada)
    assert_sound(store, ada.vault)


async def test_a_read_before_following_shows_no_half_of_anything(
    ada: Journal, other: Journal
) -> None:
    first, second = await write(ada, "first"), await write(ada, "second")
    await answer(ada, first, "to the first")
    await answer(ada, second, "to the second")
    other.follow()
    await ada.erase(second.id)
    assert texts(other) == [("first", "to the first")]
    await ada.move(first.id, EARLIER, None)
    assert texts(other) == []
    other.follow()
    assert texts(other, EARLIER) == [("first", "to the first")]


async def test_one_that_writes_takes_in_what_it_had_not_seen(ada: Journal, other: Journal) -> None:
    await write(ada, "on a day the other does not know", EARLIER)
    await write(other, "today")
    assert other.days.written == [EARLIER, TODAY]
    assert texts(other, EARLIER) == [("on a day the other does not know",)]


async def test_settings_are_followed(ada: Journal, other: Journal, store: Store) -> None:
    await change_settings(store, ada.vault, zone="Asia/Tokyo", day_starts_at=3)
    for journal in (ada, other):
        journal.follow(last_change(store, ada))
        assert (journal.zone, journal.day_starts_at) == ("Asia/Tokyo", 3)
    await write(other, "after a change without a note")
    ada.follow()
    assert shown(ada) == shown(other)


async def test_following_when_nothing_happened_opens_nothing(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(ada, "here")
    before = shown(ada)

    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("something was opened")

    monkeypatch.setattr(ada.vault, "open", refuse)
    ada.follow(last_change(store, ada))
    ada.follow()
    monkeypatch.undo()
    assert shown(ada) == before


@pytest.mark.parametrize("kept", [20, ledger.KEPT_NOTES])
async def test_one_that_fell_far_behind_reads_everything_anew(
    ada: Journal, other: Journal, store: Store, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(ledger, "KEPT_NOTES", kept)
    entry = await write(ada, "there before", EARLIER)
    other.follow()
    batches = 4
    for n in range(batches):
        await ada.write_many(
            [
                NewEntry(date(1990, 1, i % 28 + 1), "old", None, "", Source(str(n), str(i)))
                for i in range(kept // batches + 5)
            ]
        )
    await ada.erase(entry.id)
    count = store.row("SELECT count(*), min(seq) FROM changes")
    assert count is not None
    assert count[0] == kept
    assert count[1] > 2, "the notes the other needs are still there"
    other.follow(last_change(store, ada))
    assert shown(other) == shown(ada)
    await ada.restore(entry.id)
    other.follow()
    assert shown(other) == shown(ada)


@pytest.mark.parametrize("behind", [9, 10, 11])
async def test_the_edge_of_what_is_kept_loses_nothing(
    ada: Journal, other: Journal, monkeypatch: pytest.MonkeyPatch, behind: int
) -> None:
    monkeypatch.setattr(ledger, "KEPT_NOTES", 10)
    for n in range(15):
        await write(ada, f"{n}", date(2020, 1, n + 1))
    other.follow()
    for n in range(behind):
        await write(ada, f"{n}", date(2021, 1, n + 1))
    other.follow()
    assert shown(other) == shown(ada)


async def test_both_at_once_end_with_the_same(ada: Journal, other: Journal, store: Store) -> None:
    async def live(journal: Journal, seed: int) -> None:
        chance = random.Random(seed)
        for n in range(60):
            days = [date(2026, 11, chance.randrange(1, 23)) for _ in range(3)]
            threads = [thread for day in days for thread in journal.read(day)]
            try:
                if not threads or chance.random() < 0.4:
                    await write(journal, f"{seed} {n}", days[0])
                    continue
                entry = chance.choice(threads).entry
                match chance.randrange(5):
                    case 0:
                        await journal.revise(entry.id, entry.revision, f"revised {n}")
                    case 1:
                        await journal.erase(entry.id)
                        if chance.random() < 0.5:
                            await journal.restore(entry.id)
                    case 2:
                        await journal.move(entry.id, days[1], entry.at)
                    case 3:
                        await answer(journal, entry, f"so {n}")
                    case _:
                        journal.follow()
            except JournalError:
                pass  # the other was there first

    await asyncio.gather(live(ada, 1), live(ada, 2), live(other, 3), live(other, 4))
    for journal in (ada, other):
        journal.follow(last_change(store, ada))
    assert shown(ada) == shown(other)
    assert len(assert_sound(store, ada.vault)) > 20
