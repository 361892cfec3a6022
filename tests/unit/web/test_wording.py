"""How long ago a day was, in words."""

from datetime import date

import pytest

from llamora.web.wording import ago, number

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 22), "today"),
        (date(2026, 11, 21), "yesterday"),
        (date(2026, 11, 20), "2 days ago"),
        (date(2026, 11, 9), "13 days ago"),
        (date(2026, 11, 8), "2 weeks ago"),
        (date(2026, 11, 1), "3 weeks ago"),
        (date(2026, 9, 23), "8 weeks ago"),
        (date(2026, 9, 22), "2 months ago"),
        (date(2025, 11, 23), "11 months ago"),
        (date(2025, 11, 22), "a year ago"),
        (date(2024, 11, 23), "a year ago"),
        (date(2024, 11, 22), "2 years ago"),
        (date(1660, 1, 1), "366 years ago"),
    ],
)
def test_it_is_said_as_people_say_it(day: date, words: str):
    assert ago(day, TODAY) == words


def test_a_day_to_come_is_not_ago():
    assert ago(date(2026, 11, 23), TODAY) == ""


def test_the_last_of_february_is_a_year_after_the_one_before():
    assert ago(date(2024, 2, 29), date(2025, 2, 28)) == "11 months ago"
    assert ago(date(2024, 2, 29), date(2025, 3, 1)) == "a year ago"


def test_large_numbers_can_be_read():
    assert [number(n) for n in (0, 999, 1829, 10_000)] == ["0", "999", "1,829", "10,000"]
