"""Which day a moment belongs to, wherever and whenever one writes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.kernel import SystemClock, day_of, new_id, turns_at, zone

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Apia",
    "Etc/GMT+12",
]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # pyright: ignore[reportArgumentType]


def test_one_in_the_morning_can_still_be_yesterday():
    moment = utc(2026, 11, 22, 0, 30)  # 01:30 in Berlin
    assert day_of(moment, "Europe/Berlin") == date(2026, 11, 22)
    assert day_of(moment, "Europe/Berlin", 1) == date(2026, 11, 22)
    assert day_of(moment, "Europe/Berlin", 2) == date(2026, 11, 21)


def test_the_same_moment_is_another_day_elsewhere():
    moment = utc(2026, 11, 22, 10, 30)
    assert day_of(moment, "Pacific/Kiritimati") == date(2026, 11, 23)
    assert day_of(moment, "Etc/GMT+12") == date(2026, 11, 21)


@pytest.mark.parametrize(
    ("zone_name", "starts_at", "day", "turn"),
    [
        # Clocks go forward at 02:00: the hour a day might begin with does not exist.
        ("Europe/Berlin", 0, date(2026, 3, 28), utc(2026, 3, 28, 23)),
        ("Europe/Berlin", 2, date(2026, 3, 28), utc(2026, 3, 29, 1)),
        ("Europe/Berlin", 3, date(2026, 3, 28), utc(2026, 3, 29, 1)),
        ("America/New_York", 2, date(2026, 3, 7), utc(2026, 3, 8, 7)),
        # Clocks go back at 03:00: the hour comes twice, and the first one counts.
        ("Europe/Berlin", 0, date(2026, 10, 25), utc(2026, 10, 25, 23)),
        ("Europe/Berlin", 2, date(2026, 10, 24), utc(2026, 10, 25, 0)),
        ("Europe/Berlin", 3, date(2026, 10, 24), utc(2026, 10, 25, 2)),
        # Clocks that go forward at midnight: the day begins at one.
        ("America/Sao_Paulo", 0, date(2018, 11, 3), utc(2018, 11, 4, 3)),
        # Clocks that go back at midnight: eleven comes twice, midnight once.
        ("America/Sao_Paulo", 0, date(2018, 2, 17), utc(2018, 2, 18, 3)),
        # A day that never was, when Samoa crossed the date line.
        ("Pacific/Apia", 0, date(2011, 12, 29), utc(2011, 12, 30, 10)),
    ],
)
def test_a_day_turns_when_the_clock_on_the_wall_says_so(
    zone_name: str, starts_at: int, day: date, turn: datetime
):
    assert turns_at(day, zone_name, starts_at) == turn
    assert day_of(turn - timedelta(seconds=1), zone_name, starts_at) == day
    assert day_of(turn, zone_name, starts_at) > day


def test_nights_that_daylight_saving_makes_shorter_and_longer_are_still_one_night():
    def hours(day: date) -> float:
        yesterday = day - timedelta(days=1)
        span = turns_at(day, "Europe/Berlin") - turns_at(yesterday, "Europe/Berlin")
        return span.total_seconds() / 3600

    assert hours(date(2026, 3, 29)) == 23
    assert hours(date(2026, 10, 25)) == 25
    assert hours(date(2026, 6, 1)) == 24


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
    st.sampled_from(ZONES),
    st.integers(0, 6),
)
def test_every_moment_lies_before_the_end_of_its_day(
    moment: datetime, zone_name: str, starts_at: int
):
    moment = moment.replace(tzinfo=UTC)
    day = day_of(moment, zone_name, starts_at)
    assert moment < turns_at(day, zone_name, starts_at)
    # A day that was skipped ends when it would have begun, so "at most" is all one can say.
    assert turns_at(day - timedelta(days=1), zone_name, starts_at) <= moment


@pytest.mark.parametrize("zone_name", ZONES)
@pytest.mark.parametrize("starts_at", range(7))
def test_the_first_and_last_days_of_the_calendar_do_not_break_it(zone_name: str, starts_at: int):
    for day in (date(1000, 1, 1), date(9999, 12, 30), date(9999, 12, 31)):
        end = turns_at(day, zone_name, starts_at)
        assert end.utcoffset() == timedelta(0)
        assert abs((end.date() - day).days) <= 1
    assert turns_at(date.max, zone_name, starts_at).year == 9999
    assert day_of(utc(1000, 1, 1, 12), zone_name, starts_at).year in (999, 1000)
    for hour in (0, 12, 23):
        last = day_of(utc(9999, 12, 31, hour, 59), zone_name, starts_at)
        assert date(9999, 12, 30) <= last <= date(9999, 12, 31)
    assert day_of(utc(1, 1, 1), zone_name, starts_at) == date.min


def test_the_year_1000_has_days_like_any_other():
    assert day_of(utc(1000, 6, 1, 12), "Europe/Berlin") == date(1000, 6, 1)
    assert turns_at(date(1000, 6, 1), "UTC") == utc(1000, 6, 2)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "America",
        "../../etc/passwd",
        "/etc/passwd",
        "Mars/Olympus",
        "a" * 5000,
        "\0",
        "\ud800",
    ],
)
def test_a_zone_that_is_none_is_a_mistake_with_a_name(name: str):
    with pytest.raises(ValueError, match="no time zone"):
        zone(name)


def test_ids_are_sixteen_random_bytes():
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {len(id) for id in ids} == {16}


def test_the_clock_tells_utc_and_never_runs_backwards():
    clock = SystemClock()
    assert clock.now().utcoffset() == timedelta(0)
    assert clock.monotonic() <= clock.monotonic()
