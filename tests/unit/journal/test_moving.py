"""An entry put on another day, or at another time, with everything that belongs to it."""

from datetime import UTC, date, datetime

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, texts, write

from llamora.journal import drafts
from llamora.journal.errors import Conflict, NotFound, NotYet
from llamora.journal.journal import Journal, NewEntry, local_moment
from llamora.journal.writing import Source, moment, stamp
from llamora.kernel import new_id
from llamora.storage import Store

TODAY = date(2026, 11, 22)
EARLIER = date(2026, 11, 20)


async def test_an_entry_moves_with_its_answers(ada: Journal, store: Store) -> None:
    entry = await write(ada, "the heron")
    response = await answer(ada, entry, "Which heron?")
    await write(ada, "stays")
    moved = await ada.move(entry.id, EARLIER, entry.at)
    assert (moved.day, moved.revision, moved.at) == (EARLIER, 2, entry.at)
    assert texts(ada) == [("stays",)]
    assert texts(ada, EARLIER) == [("the heron", "Which heron?")]
    assert ada.response(response.id).day == EARLIER
    assert ada.days.written == [EARLIER, TODAY]
    assert_sound(store, ada.vault)


async def test_a_day_left_empty_is_no_longer_written(ada: Journal, store: Store) -> None:
    entry = await write(ada, "alone")
    await ada.move(entry.id, EARLIER, None)
    assert ada.days.written == [EARLIER]
    assert ada.entry(entry.id).at is None
    assert_sound(store, ada.vault)


async def test_it_takes_the_place_its_time_gives_it(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    by_hour = {}
    for hour in (8, 12, 16):
        clock.set(2026, 11, 20, hour)
        by_hour[hour] = await write(ada, f"at {hour}")
        await answer(ada, by_hour[hour], f"to {hour}")
    clock.set(2026, 11, 22, 9, 30)
    entry = await write(ada, "moved")
    for hour, before in ((7, 0), (10, 1), (12, 2), (13, 2), (23, 3)):
        at = datetime(2026, 11, 20, hour, tzinfo=UTC)
        await ada.move(entry.id, EARLIER, at)
        assert [text for text, *_ in texts(ada, EARLIER)].index("moved") == before
        assert_sound(store, ada.vault)
    await ada.move(entry.id, EARLIER, None)
    assert texts(ada, EARLIER)[-1] == ("moved",)
    await ada.move(by_hour[16].id, EARLIER, datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert texts(ada, EARLIER) == [
        ("at 8", "to 8"),
        ("at 16", "to 16"),
        ("at 12", "to 12"),
        ("moved",),
    ]
    assert_sound(store, ada.vault)


async def test_entries_without_a_time_stay_where_they_are(ada: Journal) -> None:
    await ada.write_many(
        [NewEntry(EARLIER, f"no time {n}", None, "", Source("jsonl", str(n))) for n in range(2)]
    )
    entry = await write(ada, "moved")
    await ada.move(entry.id, EARLIER, entry.at)
    assert texts(ada, EARLIER) == [("no time 0",), ("no time 1",), ("moved",)]


async def test_moving_to_where_it_stands_changes_nothing(ada: Journal) -> None:
    entry = await write(ada, "here")
    assert await ada.move(entry.id, TODAY, entry.at) == entry
    at = datetime(2026, 11, 22, 9, 30, 0, 999, tzinfo=UTC)
    assert await ada.move(entry.id, TODAY, at) == entry


async def test_what_move_returns_is_what_is_kept(ada: Journal) -> None:
    entry = await write(ada, "here")
    at = datetime(2026, 11, 20, 7, 42, 11, 123456, tzinfo=UTC)
    assert await ada.move(entry.id, EARLIER, at) == ada.entry(entry.id)


async def test_an_entry_does_not_move_out_of_the_calendar(ada: Journal) -> None:
    entry = await write(ada, "here")
    for day in (date(2026, 11, 23), date(999, 12, 31), date.max):
        with pytest.raises(NotYet):
            await ada.move(entry.id, day, None)
    assert ada.entry(entry.id) == entry


async def test_only_an_entry_can_be_moved(ada: Journal) -> None:
    entry = await write(ada, "here")
    response = await answer(ada, entry, "said")
    for id in (response.id, new_id()):
        with pytest.raises(NotFound):
            await ada.move(id, EARLIER, None)


async def test_an_edit_begun_before_the_move_is_told_of_it(ada: Journal) -> None:
    entry = await write(ada, "here")
    await ada.keep_draft(drafts.of_entry(entry.id), "half an edit")
    await ada.move(entry.id, EARLIER, None)
    assert ada.draft(drafts.of_entry(entry.id)) is not None
    with pytest.raises(Conflict) as refused:
        await ada.revise(entry.id, 1, "an edit")
    assert refused.value.current.day == EARLIER


async def test_a_moved_entry_is_erased_and_brought_back_on_its_new_day(ada: Journal) -> None:
    entry = await write(ada, "here")
    await answer(ada, entry, "said")
    await ada.move(entry.id, EARLIER, None)
    await ada.erase(entry.id)
    await ada.restore(entry.id)
    assert texts(ada, EARLIER) == [("here", "said")]


async def test_an_entry_of_the_first_day_can_be_read_wherever_it_was_written(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    """Half past midnight on 1 January 1000 in Auckland is still the year 999 in UTC."""
    first = date(1000, 1, 1)
    entry = await write(ada, "so long ago")
    at = local_moment(first, "00:30", "Pacific/Auckland")
    assert at.year == 999
    moved = await ada.move(entry.id, first, at)
    assert Journal.open(store, ada.vault, clock).read(first)[0].entry == moved
    assert moment(stamp(at)) == at


def test_a_wall_clock_time_becomes_a_moment_of_the_diary_day() -> None:
    assert local_moment(EARLIER, "07:42", "Europe/Berlin") == datetime(
        2026, 11, 20, 6, 42, tzinfo=UTC
    )
    assert local_moment(EARLIER, "07:42:09", "UTC").second == 9
    assert local_moment(EARLIER, "01:30", "UTC", starts_at=4).day == 21
    assert local_moment(EARLIER, "04:00", "UTC", starts_at=4).day == 20


@pytest.mark.parametrize("time", ["", "7", "24:00", "12:60", "noon", "1:2:3:4", "-1:00", "12:00 "])
def test_what_is_no_time_of_day_is_refused(time: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        local_moment(EARLIER, time, "UTC")


def test_the_calendar_ends() -> None:
    with pytest.raises(ValueError, match="calendar ends"):
        local_moment(date.max, "01:00", "UTC", starts_at=4)
    with pytest.raises(ValueError, match="calendar ends"):
        local_moment(date.max, "23:00", "America/New_York")
