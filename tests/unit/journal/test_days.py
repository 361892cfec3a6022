"""Which day it is, and that an entry stays on the day it was written."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, change_settings, new_account, texts, write

from llamora.journal.day_table import DayTable, Item, pack
from llamora.journal.days import FIRST_DAY, LAST_DAY, Days, month_grid
from llamora.journal.journal import Journal
from llamora.journal.writing import Kind
from llamora.kernel import day_of, new_id, turns_at
from llamora.storage import Store
from llamora.vault import Unreadable


def a_journal(store: Store, clock: TurnableClock, zone: str, starts_at: int = 0) -> Journal:
    vault = new_account(store, zone, zone=zone, day_starts_at=starts_at)
    return Journal.open(store, vault, clock)


@pytest.mark.parametrize(
    ("zone", "starts_at", "moment", "day"),
    [
        ("UTC", 0, (2026, 11, 22, 0, 0), 22),
        ("UTC", 0, (2026, 11, 21, 23, 59, 59), 21),
        ("UTC", 4, (2026, 11, 22, 1, 0), 21),
        ("UTC", 4, (2026, 11, 22, 3, 59, 59), 21),
        ("UTC", 4, (2026, 11, 22, 4, 0), 22),
        ("Pacific/Kiritimati", 0, (2026, 11, 21, 10, 0), 22),
        ("Pacific/Pago_Pago", 0, (2026, 11, 23, 10, 59), 22),
        ("Asia/Kathmandu", 0, (2026, 11, 21, 18, 15), 22),
        ("Asia/Kathmandu", 0, (2026, 11, 21, 18, 14), 21),
    ],
)
async def test_today_is_the_diarists_own(
    store: Store,
    clock: TurnableClock,
    zone: str,
    starts_at: int,
    moment: tuple[int, ...],
    day: int,
) -> None:
    clock.set(*moment)
    journal = a_journal(store, clock, zone, starts_at)
    assert journal.today() == date(2026, 11, day)
    assert (await write(journal, "now")).day == date(2026, 11, day)


async def test_one_in_the_morning_can_still_be_yesterday(
    store: Store, clock: TurnableClock
) -> None:
    clock.set(2026, 11, 22, 1, 0)
    ada = a_journal(store, clock, "UTC", 4)
    entry = await write(ada, "still up")
    assert entry.day == date(2026, 11, 21)
    await change_settings(store, ada.vault, day_starts_at=0)
    ada.follow()
    assert ada.today() == date(2026, 11, 22)
    assert texts(ada, date(2026, 11, 21)) == [("still up",)]


@pytest.mark.parametrize(
    ("moment", "day", "wall"),
    [
        # The clocks go from 02:00 to 03:00 on 29 March, and from 03:00 to 02:00 on 25 October.
        ((2026, 3, 28, 22, 59, 59), date(2026, 3, 28), "23:59"),
        ((2026, 3, 28, 23, 0), date(2026, 3, 29), "00:00"),
        ((2026, 3, 29, 0, 59, 59), date(2026, 3, 29), "01:59"),
        ((2026, 3, 29, 1, 0), date(2026, 3, 29), "03:00"),
        ((2026, 3, 29, 21, 59, 59), date(2026, 3, 29), "23:59"),
        ((2026, 3, 29, 22, 0), date(2026, 3, 30), "00:00"),
        ((2026, 10, 24, 22, 0), date(2026, 10, 25), "00:00"),
        ((2026, 10, 25, 0, 30), date(2026, 10, 25), "02:30"),
        ((2026, 10, 25, 1, 30), date(2026, 10, 25), "02:30"),
        ((2026, 10, 25, 22, 59, 59), date(2026, 10, 25), "23:59"),
        ((2026, 10, 25, 23, 0), date(2026, 10, 26), "00:00"),
    ],
)
async def test_days_turn_at_midnight_on_the_wall_when_the_clocks_change(
    store: Store, clock: TurnableClock, moment: tuple[int, ...], day: date, wall: str
) -> None:
    clock.set(*moment)
    journal = a_journal(store, clock, "Europe/Berlin")
    entry = await write(journal, "awake")
    assert entry.day == journal.today() == day
    assert entry.local is not None
    assert f"{entry.local:%H:%M}" == wall


@pytest.mark.parametrize(("starts_at", "hours"), [(0, (23, 25)), (2, (23, 25)), (3, (23, 25))])
def test_the_longest_and_the_shortest_day_of_the_year(
    starts_at: int, hours: tuple[int, int]
) -> None:
    lengths: list[float] = []
    for long_or_short in (date(2026, 3, 29), date(2026, 10, 25)):
        # A day that starts at the hour that is skipped or repeated borrows from the day before.
        around = [long_or_short + timedelta(days=n) for n in (-2, -1, 0)]
        ends = [turns_at(day, "Europe/Berlin", starts_at) for day in around]
        gaps = [(b - a).total_seconds() / 3600 for a, b in pairwise(ends)]
        assert sum(gaps) in (47, 49)
        lengths.append(next(gap for gap in gaps if gap != 24))
    assert tuple(lengths) == hours


@given(
    moment=st.datetimes(datetime(1001, 1, 1), datetime(9999, 12, 29)),
    zone=st.sampled_from(
        ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]
    ),
    starts_at=st.integers(0, 6),
)
def test_a_day_is_over_when_the_next_one_begins(
    moment: datetime, zone: str, starts_at: int
) -> None:
    moment = moment.replace(tzinfo=UTC)
    today = day_of(moment, zone, starts_at)
    turn = turns_at(today, zone, starts_at)
    assert turn > moment
    assert day_of(turn, zone, starts_at) > today


async def test_moving_to_another_zone_moves_no_entry(store: Store, clock: TurnableClock) -> None:
    clock.set(2026, 11, 22, 9, 30)
    ada = a_journal(store, clock, "Pacific/Kiritimati")
    late = await write(ada, "in Kiritimati")
    assert late.day == date(2026, 11, 22)
    clock.set(2026, 11, 22, 10, 30)
    tomorrow = await write(ada, "tomorrow already")
    assert tomorrow.day == date(2026, 11, 23)
    await change_settings(store, ada.vault, zone="Pacific/Pago_Pago")
    ada.follow()
    assert ada.zone == "Pacific/Pago_Pago"
    assert ada.today() == date(2026, 11, 21)
    # What was written on a day that has not begun here stays, can be read, edited and erased.
    for journal in (ada, Journal.open(store, ada.vault, clock)):
        assert journal.days.written == [date(2026, 11, 22), date(2026, 11, 23)]
        assert texts(journal, date(2026, 11, 23)) == [("tomorrow already",)]
        assert journal.entry(late.id).zone == "Pacific/Kiritimati"
        local = journal.entry(tomorrow.id).local
        assert local is not None
        assert f"{local:%d %H:%M}" == "23 00:30"
    await ada.revise(tomorrow.id, 1, "edited")
    await ada.erase(tomorrow.id)
    await ada.restore(tomorrow.id)
    assert (await write(ada, "here")).day == date(2026, 11, 21)
    assert_sound(store, ada.vault)


async def test_a_zone_this_machine_lacks_shuts_nobody_out(
    store: Store, clock: TurnableClock
) -> None:
    journal = a_journal(store, clock, "Mars/Olympus_Mons")
    assert journal.today() == date(2026, 11, 22)
    await write(journal, "here")
    assert journal.turns_at(journal.today()) == datetime(2026, 11, 23, tzinfo=UTC)


async def test_the_calendars_last_night_does_not_end(store: Store, clock: TurnableClock) -> None:
    clock.set(9999, 12, 31, 23, 30)
    journal = a_journal(store, clock, "Pacific/Auckland")
    assert journal.today() == LAST_DAY
    entry = await write(journal, "the end")
    assert Journal.open(store, journal.vault, clock).entry(entry.id) == entry
    assert journal.turns_at(LAST_DAY).year == 9999
    assert entry.local is not None


# Going through them


async def test_previous_and_next_skip_the_days_without_an_entry(ada: Journal) -> None:
    first, middle, last = date(1000, 1, 1), date(2020, 2, 29), date(2026, 11, 22)
    for day in (last, first, middle):
        await write(ada, "here", day)
    assert ada.days.written == [first, middle, last]
    assert ada.days.previous_written(middle) == first
    assert ada.days.next_written(middle) == last
    assert ada.days.previous_written(date(2021, 1, 1)) == middle
    assert ada.days.next_written(date(2021, 1, 1)) == last
    assert ada.days.previous_written(first) is None
    assert ada.days.next_written(last) is None
    assert ada.days.previous_written(LAST_DAY) == last
    assert ada.days.next_written(FIRST_DAY) == middle


async def test_an_empty_journal_has_nowhere_to_go(ada: Journal) -> None:
    assert ada.days.previous_written(LAST_DAY) is None
    assert ada.days.next_written(FIRST_DAY) is None
    assert not ada.days.is_written(ada.today())
    assert list(ada.every_day()) == []


async def test_every_day_comes_oldest_first(ada: Journal) -> None:
    for day in (date(2024, 5, 1), date(2022, 5, 1), date(2023, 5, 1)):
        await write(ada, f"{day.year}", day)
    assert [threads[0].entry.text for _, threads in ada.every_day()] == ["2022", "2023", "2024"]


@given(st.lists(st.tuples(st.dates(FIRST_DAY, date(1000, 3, 1)), st.integers(0, 2))))
def test_the_written_days_are_always_those_with_entries(changes: list[tuple[date, int]]) -> None:
    days, model = Days(), dict[date, int]()
    for day, entries in changes:
        table = DayTable.of(day, new_id(), 1, [Item(new_id(), Kind.ENTRY, 1)] * entries)
        days.put(day, table if entries else None)
        model[day] = entries
        written = sorted(day for day, n in model.items() if n)
        assert days.written == written
        for probe in (day, FIRST_DAY, LAST_DAY):
            assert days.is_written(probe) == bool(model.get(probe))
            assert days.previous_written(probe) == max(
                (d for d in written if d < probe), default=None
            )
            assert days.next_written(probe) == min((d for d in written if d > probe), default=None)


# The calendar


@pytest.mark.parametrize(
    ("year", "month", "days", "weeks"),
    [(1000, 1, 31, 5), (1666, 9, 30, 5), (2026, 2, 28, 5), (2027, 2, 28, 4), (2028, 2, 29, 5),
     (2026, 8, 31, 6), (9999, 12, 31, 5)],
)  # fmt: skip
def test_a_months_grid_holds_each_of_its_days_once(
    year: int, month: int, days: int, weeks: int
) -> None:
    grid = month_grid(year, month)
    assert len(grid) == weeks
    assert all(len(week) == 7 for week in grid)
    found = [day for week in grid for day in week if day]
    assert found == [date(year, month, n + 1) for n in range(days)]
    assert all(
        day is None or day.weekday() == column for week in grid for column, day in enumerate(week)
    )


# The day's table


@given(
    day=st.dates(FIRST_DAY, LAST_DAY),
    items=st.lists(
        st.builds(
            Item,
            id=st.binary(min_size=16, max_size=16),
            kind=st.sampled_from(Kind),
            revision=st.integers(1, 2**32 - 1),
            traces=st.lists(st.binary(min_size=16, max_size=16), max_size=4).map(tuple),
        ),
        max_size=6,
    ),
)
def test_a_days_table_is_read_as_it_was_packed(day: date, items: list[Item]) -> None:
    table = DayTable.read(bytes(16), 7, pack(day, items))
    assert (table.day, list(table.items)) == (day, items)
    assert table.entries == sum(item.kind is Kind.ENTRY for item in items)


@given(st.binary(max_size=80) | st.binary(max_size=80).map(lambda raw: b"\x01\x07\xea\x0b" + raw))
def test_bytes_that_are_no_table_are_only_ever_unreadable(raw: bytes) -> None:
    try:
        table = DayTable.read(bytes(16), 1, raw)
        assert pack(table.day, list(table.items))[9:] == raw[9:]
    except Unreadable:
        pass


def test_a_table_from_a_newer_version_is_unreadable() -> None:
    packed = pack(date(2026, 11, 22), [])
    with pytest.raises(Unreadable):
        DayTable.read(bytes(16), 1, b"\x02" + packed[1:])
    with pytest.raises(Unreadable):
        _ = DayTable.read(bytes(16), 1, packed + b"\0").items
