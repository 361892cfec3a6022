"""Erased with its answers; brought back within a minute; gone after it."""

import asyncio
from datetime import date

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, texts, write

from llamora.journal import drafts
from llamora.journal.errors import Conflict, NotFound, TooLate
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Source
from llamora.kernel import new_id
from llamora.storage import Store, StoreFull

TODAY = date(2026, 11, 22)


def kept_aside(store: Store) -> int:
    found = store.row("SELECT count(*) FROM drafts")
    assert found
    return found[0]


async def test_an_erased_entry_takes_its_answers_with_it(ada: Journal, store: Store) -> None:
    await write(ada, "before")
    entry = await write(ada, "the heron")
    said = [await answer(ada, entry, text) for text in ("Which heron?", "And then?")]
    await write(ada, "after")
    assert (await ada.erase(entry.id)).text == "the heron"
    assert texts(ada) == [("before",), ("after",)]
    for id in (entry.id, *(response.id for response in said)):
        assert store.row("SELECT 1 FROM writings WHERE id = ?", (id,)) is None
    with pytest.raises(NotFound):
        ada.entry(entry.id)
    with pytest.raises(NotFound):
        ada.response(said[0].id)
    assert_sound(store, ada.vault)


async def test_erasing_the_last_entry_leaves_nothing_of_the_day(ada: Journal, store: Store) -> None:
    entry = await write(ada, "alone")
    await ada.erase(entry.id)
    assert ada.days.written == []
    assert store.rows("SELECT id FROM days") == []
    assert_sound(store, ada.vault)
    await ada.restore(entry.id)
    assert ada.days.written == [TODAY]
    assert_sound(store, ada.vault)


async def test_undo_brings_everything_back_where_it_stood(ada: Journal, store: Store) -> None:
    await write(ada, "before")
    entry = await write(ada, "the heron")
    await answer(ada, entry, "Which heron?")
    await write(ada, "after")
    await ada.revise(entry.id, 1, "the heron came back")
    before = ada.read(TODAY)
    await ada.erase(entry.id)
    restored = await ada.restore(entry.id)
    assert (restored.text, restored.revision) == ("the heron came back", 2)
    assert ada.read(TODAY) == before
    assert kept_aside(store) == 0
    assert_sound(store, ada.vault)


async def test_undo_works_until_the_minute_is_over(ada: Journal, clock: TurnableClock) -> None:
    clock.advance(0.9)
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    clock.advance(60)
    await ada.restore(entry.id)
    await ada.erase(entry.id)
    clock.advance(62)
    with pytest.raises(TooLate):
        await ada.restore(entry.id)
    assert texts(ada) == []


async def test_what_was_never_erased_cannot_be_brought_back(ada: Journal) -> None:
    with pytest.raises(TooLate):
        await ada.restore(new_id())


async def test_a_second_press_of_undo_changes_nothing(ada: Journal, store: Store) -> None:
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    await asyncio.gather(*(ada.restore(entry.id) for _ in range(5)))
    assert await ada.restore(entry.id) == entry
    assert texts(ada) == [("a",)]
    assert_sound(store, ada.vault)


async def test_a_second_press_of_erase_finds_nothing_and_spoils_no_undo(ada: Journal) -> None:
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    with pytest.raises(NotFound):
        await ada.erase(entry.id)
    assert await ada.restore(entry.id) == entry


async def test_a_response_is_not_erased_as_an_entry(ada: Journal) -> None:
    entry = await write(ada, "a")
    response = await answer(ada, entry, "b")
    with pytest.raises(NotFound):
        await ada.erase(response.id)
    assert texts(ada) == [("a", "b")]


async def test_undo_works_after_a_restart(ada: Journal, store: Store, clock: TurnableClock) -> None:
    entry = await write(ada, "a")
    await answer(ada, entry, "b")
    await ada.erase(entry.id)
    store.close()
    again = Store.open(store.path)
    reopened = Journal.open(again, ada.vault, clock)
    await reopened.restore(entry.id)
    assert texts(reopened) == [("a", "b")]
    assert_sound(again, ada.vault)
    again.close()


async def test_what_was_erased_before_a_restart_goes_when_its_minute_is_over(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    reopened = Journal.open(store, ada.vault, clock)
    clock.advance(61)
    assert await reopened.sweep()
    assert kept_aside(store) == 0
    assert not await reopened.sweep()


async def test_the_sweep_lets_go_of_what_is_past_its_minute_and_of_nothing_else(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    first, second = await write(ada, "a"), await write(ada, "b")
    await ada.erase(first.id)
    assert not await ada.sweep()
    clock.advance(40)
    await ada.erase(second.id)
    clock.advance(21)
    assert await ada.sweep()
    assert kept_aside(store) == 1
    with pytest.raises(TooLate):
        await ada.restore(first.id)
    await ada.restore(second.id)
    assert texts(ada) == [("b",)]


async def test_a_sweep_that_failed_is_made_up_for_by_the_next(
    ada: Journal, store: Store, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    clock.advance(61)

    async def full(_: object) -> None:
        raise StoreFull

    monkeypatch.setattr(store, "write", full)
    with pytest.raises(StoreFull):
        await ada.sweep()
    monkeypatch.undo()
    assert await ada.sweep()
    assert kept_aside(store) == 0


async def test_locking_lets_go_of_everything_at_once(ada: Journal, store: Store) -> None:
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    assert await ada.sweep(everything=True)
    assert kept_aside(store) == 0


async def test_an_entry_erased_anew_elsewhere_keeps_its_whole_minute(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    other = Journal.open(store, ada.vault, clock)
    entry = await write(ada, "a")
    await ada.erase(entry.id)
    clock.advance(50)
    await other.restore(entry.id)
    await other.erase(entry.id)
    clock.advance(15)
    assert not await ada.sweep()
    assert await other.restore(entry.id) == entry
    await other.erase(entry.id)
    clock.advance(61)
    assert await ada.sweep()
    assert kept_aside(store) == 0


async def test_an_erasure_whose_caller_went_away_is_swept_too(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    entry = await write(ada, "a")
    going = asyncio.create_task(ada.erase(entry.id))
    await asyncio.sleep(0)
    going.cancel()
    with pytest.raises(asyncio.CancelledError):
        await going
    await store.truncate()  # behind it in the writer's line
    assert kept_aside(store) == 1
    ada.follow()
    assert texts(ada) == []
    clock.advance(61)
    assert await ada.sweep()
    assert kept_aside(store) == 0


async def test_an_answer_never_ends_up_beneath_another_entry(ada: Journal, store: Store) -> None:
    """The first entry is answered while the second is away; undo used to push between them."""
    first, second = await write(ada, "first"), await write(ada, "second")
    await answer(ada, second, "to the second")
    await ada.erase(second.id)
    await answer(ada, first, "to the first")
    await answer(ada, first, "to the first again")
    await ada.restore(second.id)
    assert texts(ada) == [
        ("first", "to the first", "to the first again"),
        ("second", "to the second"),
    ]
    assert_sound(store, ada.vault)


async def test_undo_finds_a_place_in_a_day_that_became_shorter(ada: Journal, store: Store) -> None:
    entries = [await write(ada, str(n)) for n in range(4)]
    for entry in reversed(entries):
        await ada.erase(entry.id)
    for entry in reversed(entries):
        await ada.restore(entry.id)
    assert sorted(texts(ada)) == [("0",), ("1",), ("2",), ("3",)]
    assert_sound(store, ada.vault)


async def test_an_entry_sent_again_after_it_was_erased_can_still_be_undone(
    ada: Journal, store: Store
) -> None:
    entry = await ada.write(TODAY, "a", key="k")
    await ada.erase(entry.id)
    assert await ada.write(TODAY, "a", key="k") == entry
    assert await ada.restore(entry.id) == entry
    assert texts(ada) == [("a",)]
    assert_sound(store, ada.vault)


async def test_an_entry_imported_again_after_it_was_erased_can_still_be_undone(
    ada: Journal, store: Store
) -> None:
    new = NewEntry(TODAY, "a", None, "", Source("jsonl", "1"))
    await ada.write_many([new])
    entry = ada.read(TODAY)[0].entry
    await ada.erase(entry.id)
    await ada.write_many([new])
    assert await ada.restore(entry.id) == entry
    assert texts(ada) == [("a",)]
    assert_sound(store, ada.vault)


async def test_the_draft_of_an_edit_waits_with_what_was_erased_and_goes_with_it(
    ada: Journal, clock: TurnableClock, store: Store
) -> None:
    entry = await write(ada, "a")
    place = drafts.of_entry(entry.id)
    await ada.keep_draft(place, "half an edit")
    await ada.erase(entry.id)
    await ada.restore(entry.id)
    clock.advance(61)
    await ada.sweep()
    found = ada.draft(place)
    assert found
    assert found.text == "half an edit"
    await ada.erase(entry.id)
    clock.advance(61)
    await ada.sweep()
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_an_edit_of_what_was_brought_back_goes_on_from_its_revision(ada: Journal) -> None:
    entry = await write(ada, "a")
    await ada.revise(entry.id, 1, "b")
    await ada.erase(entry.id)
    await ada.restore(entry.id)
    with pytest.raises(Conflict):
        await ada.revise(entry.id, 1, "c")
    assert (await ada.revise(entry.id, 2, "c")).revision == 3


async def test_the_largest_thread_can_be_erased_and_brought_back(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "é" * 32_000)
    for _ in range(5):
        await answer(ada, entry, "ü" * 30_000)
    before = ada.read(TODAY)
    await ada.erase(entry.id)
    await ada.restore(entry.id)
    assert ada.read(TODAY) == before
    assert_sound(store, ada.vault)
