"""What the controls of the results page do: they rewrite the query, so that the field says all of
it and a narrowed search is one like any other. Pure."""

import re
from datetime import date, timedelta

from llamora.journal.days import FIRST_DAY, LAST_DAY
from llamora.search.query import QUOTES, parse, without_dates

_QUOTED = rf"[{QUOTES}][^{QUOTES}]*[{QUOTES}]"
_BY = re.compile(rf"(?<!\S)by:(?:{_QUOTED}|\S*)|({_QUOTED})", re.IGNORECASE)
_MOST_DATES = 40
"""A query is short; this only makes sure that the loop ends."""


def undated(typed: str, today: date, *, read_dates: bool = True) -> str:
    """The query without any date, said in words or by operators."""
    for _ in range(_MOST_DATES):
        query = parse(typed, today, read_dates=read_dates)
        if query.dates is None:
            break
        typed = without_dates(query.typed, query.dates)
    return typed


def between(
    typed: str, since: date | None, until: date | None, today: date, *, read_dates: bool = True
) -> str:
    """The query narrowed to these days, both inclusive, in place of any date it named."""
    free = undated(typed, today, read_dates=read_dates)
    return " ".join(filter(None, (free, *_operators(since, until))))


def by(typed: str, who: str) -> str:
    """The query for what was written by "me" or the "companion" alone, or by either with ""."""
    free = " ".join(_BY.sub(lambda found: found[1] or "", typed).split())
    return f"{free} by:{who}".strip() if who else free


def _operators(since: date | None, until: date | None) -> list[str]:
    if since and until and (whole := _whole(since, until)):
        return [f"on:{whole}"]
    operators: list[str] = []
    if since and since > FIRST_DAY:
        operators.append(f"after:{_end(since - timedelta(days=1))}")
    if until and until < LAST_DAY:
        operators.append(f"before:{_beginning(until + timedelta(days=1))}")
    return operators


def _whole(since: date, until: date) -> str:
    """The day, month or year that these are the first and last days of; empty for none."""
    if since == until:
        return since.isoformat()
    if since.day != 1 or (until < LAST_DAY and (until + timedelta(days=1)).day != 1):
        return ""
    if (since.year, since.month) == (until.year, until.month):
        return since.isoformat()[:7]
    whole_year = since.year == until.year and (since.month, until.month) == (1, 12)
    return f"{since.year:04d}" if whole_year else ""


def _end(day: date) -> str:
    """A day, or the year that ends with it."""
    return f"{day.year:04d}" if (day.month, day.day) == (12, 31) else day.isoformat()


def _beginning(day: date) -> str:
    """A day, or the year that begins with it."""
    return f"{day.year:04d}" if (day.month, day.day) == (1, 1) else day.isoformat()
