"""One damaged row takes nothing else with it, and is not lost by what is done around it."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, texts, write
from tests.unit.journal.damage import flip, flip_day, flip_writing

from llamora.journal import drafts
from llamora.journal.edition import DayDamaged
from llamora.journal.errors import NotFound
from llamora.journal.journal import Journal, NewEntry, Thread, Unopened, Unseen
from llamora.journal.verify import verify
from llamora.journal.writing import Kind, Source
from llamora.storage import Store
from llamora.vault import Unreadable

TODAY = date(2026, 11, 22)
MONDAY = date(2026, 11, 16)


@pytest.fixture
def reopened(ada: Journal, store: Store, clock: TurnableClock) -> Callable[[], Journal]:
    return lambda: Journal.open(store, ada.vault, clock)


def everything(store: Store) -> list[Any]:
    tables = ("writings", "days", "drafts", "changes", "accounts")
    return [store.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def outline(journal: Journal, day: date = TODAY) -> list[tuple[str, ...]]:
    """What stands on a day, in words."""
    return [
        (
            each.entry.text if isinstance(each, Thread) else f"no {each.kind.word}",
            *(r.text for r in each.responses),
        )
        for each in journal.standing(day)
    ]


# A day's own row


async def test_a_journal_with_a_damaged_day_opens_and_has_its_other_days(
    ada: Journal, store: Store, reopened: Callable[[], Journal]
) -> None:
    await write(ada, "on Monday", MONDAY)
    await write(ada, "today")
    assert ada.damaged == 0
    flip_day(store, ada, MONDAY)
    again = reopened()
    assert again.damaged == 1
    assert (again.is_damaged(MONDAY), again.is_damaged(TODAY)) == (True, False)
    assert again.days.written == [TODAY]
    assert again.read(MONDAY) == []
    assert [day for day, _ in again.every_day()] == [TODAY]
    await write(again, "and on")
    assert texts(again) == [("today",), ("and on",)]


@pytest.mark.parametrize(
    "deed", ["write", "revise", "erase", "move from", "move to", "answer", "import"]
)
async def test_nothing_is_changed_on_a_damaged_day(
    ada: Journal, store: Store, reopened: Callable[[], Journal], deed: str
) -> None:
    entry = await write(ada, "on Monday", MONDAY)
    other = await write(ada, "today")
    await ada.keep_draft(drafts.of_day(MONDAY), "half")
    flip_day(store, ada, MONDAY)
    new = NewEntry(MONDAY, "old", None, "", Source("x", "1"))
    fine = NewEntry(TODAY, "old", None, "", Source("x", "2"))
    deeds: dict[str, Callable[[Journal], Awaitable[object]]] = {
        "write": lambda journal: write(journal, "more", MONDAY),
        "revise": lambda journal: journal.revise(entry.id, 1, "otherwise"),
        "erase": lambda journal: journal.erase(entry.id),
        "move from": lambda journal: journal.move(entry.id, TODAY, None),
        "move to": lambda journal: journal.move(other.id, MONDAY, None),
        "answer": lambda journal: answer(journal, entry, "so"),
        "import": lambda journal: journal.write_many([fine, new]),
    }
    before = everything(store)
    for journal in (reopened(), ada):  # one that found it so, and one that has read it before
        with pytest.raises(DayDamaged, match="This day cannot be opened"):
            await deeds[deed](journal)
        assert everything(store) == before


async def test_a_damaged_day_seen_while_following_is_counted_once_and_shows_nothing(
    ada: Journal, store: Store, reopened: Callable[[], Journal]
) -> None:
    other = reopened()
    await write(ada, "today")
    other.follow()
    await write(ada, "more")
    sound = store.row("SELECT sealed FROM days")
    flip_day(store, ada, TODAY)
    for _ in range(2):
        other.follow()
        assert (other.damaged, other.read(TODAY), other.days.written) == (1, [], [])
    # Mended by hand, and something happens there.
    assert sound
    store.write_now(lambda tx: tx.execute("UPDATE days SET sealed = ?", sound))
    await write(ada, "and on")
    other.follow()
    assert (other.damaged, len(other.read(TODAY))) == (0, 3)


async def test_what_a_damaged_day_keeps_out_of_sight_is_counted(
    ada: Journal, store: Store, reopened: Callable[[], Journal]
) -> None:
    entry = await write(ada, "on Monday", MONDAY)
    await answer(ada, entry, "so")
    await write(ada, "today")
    assert reopened().out_of_sight() == 0
    flip_day(store, ada, MONDAY)
    assert reopened().out_of_sight() == 3


# A writing


async def test_a_damaged_entry_keeps_its_place_and_its_day_goes_on(
    ada: Journal, store: Store
) -> None:
    first, lost, last = [await write(ada, text) for text in ("first", "lost", "last")]
    await answer(ada, lost, "to the lost one")
    await answer(ada, first, "to the first")
    flip_writing(store, lost.id)
    assert outline(ada) == [
        ("first", "to the first"),
        ("no entry", "to the lost one"),
        ("last",),
    ]
    assert texts(ada) == [("first", "to the first"), ("last",)]
    await ada.revise(last.id, 1, "the last")
    await ada.move(first.id, MONDAY, None)
    await ada.move(first.id, TODAY, first.at)  # among others of which one has no time to tell
    await write(ada, "and on")
    await ada.erase(last.id)
    assert [each for each in outline(ada) if each[0] == "no entry"] == [
        ("no entry", "to the lost one")
    ]
    assert sorted(texts(ada)) == [("and on",), ("first", "to the first")]
    problems = verify(store, ada.vault, progress=lambda done, total: None).problems
    assert [problem for problem in problems if "cannot be opened" in problem] == [
        f"The entry {lost.id.hex()} of 2026-11-22 cannot be opened."
    ]
    assert not [problem for problem in problems if "missing" in problem]


async def test_a_damaged_response_keeps_its_place_beneath_its_entry(
    ada: Journal, store: Store
) -> None:
    first = await write(ada, "first")
    await write(ada, "second")
    lost = await answer(ada, first, "lost")
    await answer(ada, first, "again")
    flip_writing(store, lost.id)
    assert outline(ada) == [("first", "again"), ("no response",), ("second",)]
    assert ada.standing(TODAY)[1] == Unopened(lost.id, TODAY, Kind.RESPONSE)
    assert [r.text for r in ada.thread(first.id).responses] == ["again"]
    await ada.revise(first.id, 1, "the first")
    assert outline(ada)[0] == ("the first", "again")


async def test_a_response_never_stands_beneath_another_entry_than_its_own(
    ada: Journal, store: Store
) -> None:
    await write(ada, "first")
    second = await write(ada, "second")
    lost, kept = await answer(ada, second, "lost"), await answer(ada, second, "kept")
    for id in (second.id, lost.id):
        flip_writing(store, id)
    assert outline(ada) == [("first",), ("no entry", "kept"), ("no response",)]
    assert ada.response(kept.id).text == "kept"


@pytest.mark.parametrize("deed", ["erase", "move"])
async def test_an_entry_stays_while_a_response_to_it_does_not_open(
    ada: Journal, store: Store, deed: str
) -> None:
    """Else the response would go unseen: away for good, or beneath another entry."""
    entry = await write(ada, "here")
    lost = await answer(ada, entry, "lost")
    flip_writing(store, lost.id)
    before = everything(store)
    with pytest.raises(Unseen, match="A response to this entry cannot be opened"):
        await (ada.erase(entry.id) if deed == "erase" else ada.move(entry.id, MONDAY, None))
    assert everything(store) == before


async def test_a_listed_response_that_is_gone_stays_listed_when_its_entry_is_erased(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "here")
    gone = await answer(ada, entry, "gone")
    store.write_now(lambda tx: tx.execute("DELETE FROM writings WHERE id = ?", (gone.id,)))
    await ada.erase(entry.id)
    problems = verify(store, ada.vault, progress=lambda done, total: None).problems
    assert f"The response {gone.id.hex()} of 2026-11-22 is missing." in problems


@pytest.mark.parametrize("deed", ["revise", "erase", "move"])
async def test_a_damaged_entry_is_not_overwritten_or_dropped(
    ada: Journal, store: Store, deed: str
) -> None:
    entry = await write(ada, "here")
    flip_writing(store, entry.id)
    before = everything(store)
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "revise": lambda: ada.revise(entry.id, 1, "otherwise"),
        "erase": lambda: ada.erase(entry.id),
        "move": lambda: ada.move(entry.id, MONDAY, None),
    }
    with pytest.raises(Unreadable):
        await deeds[deed]()
    assert everything(store) == before


async def test_what_was_imported_is_told_apart_around_damage(ada: Journal, store: Store) -> None:
    for n in range(3):
        await ada.write_many([NewEntry(MONDAY, f"{n}", None, "", Source("x", str(n)))])
    flip_writing(store, ada.read(MONDAY)[1].entry.id)
    assert ada.sources("x") == {"0", "2"}


# Notes and drafts


async def test_a_damaged_note_makes_the_follower_read_everything(
    ada: Journal, store: Store, reopened: Callable[[], Journal]
) -> None:
    other = reopened()
    await write(ada, "on Monday", MONDAY)
    await write(ada, "today")
    flip(store, "changes", "seq = 1")
    other.follow()
    assert other.days.written == [MONDAY, TODAY]
    await write(ada, "and on")
    other.follow()
    assert len(other.read(TODAY)) == 2


async def test_a_damaged_draft_is_as_none(ada: Journal, store: Store) -> None:
    await ada.keep_draft(drafts.of_day(TODAY), "half")
    flip(store, "drafts")
    assert ada.draft(drafts.of_day(TODAY)) is None
    await ada.keep_draft(drafts.of_day(TODAY), "half again")
    found = ada.draft(drafts.of_day(TODAY))
    assert found
    assert found[0] == "half again"


async def test_what_was_erased_and_is_damaged_since_cannot_be_restored(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "here")
    await ada.erase(entry.id)
    assert list(ada.erased(TODAY)) == [entry.id]
    flip(store, "drafts")
    assert ada.erased(TODAY) == {}


async def test_a_draft_on_its_way_while_its_entry_is_erased_leaves_nothing(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "here")
    place = drafts.of_entry(entry.id)
    await ada.keep_draft(place, "half an edit", {"revision": 1})
    await ada.erase(entry.id)
    with pytest.raises(NotFound):
        await ada.keep_draft(place, "half an edit more", {"revision": 1})
    await ada.keep_draft(place, "")
    assert ada.draft(place) is None
    await ada.sweep(everything=True)
    assert store.row("SELECT count(*) FROM drafts") == (0,)
