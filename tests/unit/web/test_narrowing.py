"""The controls of the results page rewrite the query, and what they write is read as they mean."""

from datetime import date

import pytest

from llamora.search.query import parse
from llamora.web import narrowing

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("typed", "free"),
    [
        ("the garden last summer", "the garden"),
        ("garden on:2019", "garden"),
        ("after:2018 garden before:2020-03", "garden"),
        ("garden in march 2019 after:2018", "garden"),
        ("nothing but words", "nothing but words"),
        ("", ""),
    ],
)
def test_a_query_without_its_dates_is_what_is_left(typed: str, free: str):
    assert narrowing.undated(typed, TODAY) == free


@pytest.mark.parametrize(
    ("since", "until", "written"),
    [
        (date(2019, 1, 1), date(2019, 12, 31), "garden on:2019"),
        (date(2019, 2, 1), date(2019, 2, 28), "garden on:2019-02"),
        (date(2019, 2, 3), date(2019, 2, 3), "garden on:2019-02-03"),
        (date(2017, 1, 1), date(2019, 12, 31), "garden after:2016 before:2020"),
        (date(2019, 2, 3), date(2019, 2, 9), "garden after:2019-02-02 before:2019-02-10"),
        (date(2019, 2, 3), None, "garden after:2019-02-02"),
        (None, date(2019, 2, 9), "garden before:2019-02-10"),
        (None, None, "garden"),
        (date(1000, 1, 1), date(9999, 12, 31), "garden"),
        (date(9999, 1, 1), date(9999, 12, 31), "garden on:9999"),
        (date(1001, 1, 1), date(2000, 12, 31), "garden after:1000 before:2001"),
    ],
)
def test_days_are_written_as_operators_that_mean_just_them(
    since: date | None, until: date | None, written: str
):
    made = narrowing.between("garden last summer", since, until, TODAY)
    assert made == written
    query = parse(made, TODAY)
    assert query.problems == ()
    ends = (date(1000, 1, 1), date(9999, 12, 31))
    assert (query.since, query.until) == (
        None if since in ends else since,
        None if until in ends else until,
    )


@pytest.mark.parametrize(
    ("typed", "who", "written"),
    [
        ("garden", "me", "garden by:me"),
        ("garden by:me", "companion", "garden by:companion"),
        ("by:me garden", "", "garden"),
        ('BY:"me" garden', "", "garden"),
        ('he said "by:me" once', "", 'he said "by:me" once'),
        ("standby:me", "", "standby:me"),
        ("", "me", "by:me"),
        ("by:me", "", ""),
    ],
)
def test_who_wrote_is_said_once(typed: str, who: str, written: str):
    assert narrowing.by(typed, who) == written
