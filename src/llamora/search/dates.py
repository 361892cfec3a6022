"""Dates as a diarist says them, “last summer” or “2 September 1666”. Pure; in English for now.

A date is read only where it can mean nothing else: “March” alone may be a walk, “2019” a number.
Seasons are those of the northern half, of whole months; a week begins on Monday.

The text must have a plain space for every kind of white space in it.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from llamora.journal.days import FIRST_DAY, LAST_DAY

# Not from `calendar`, whose names follow the machine's locale.
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_FEASTS = {
    "christmas": (12, 24, 3),
    "christmas eve": (12, 24, 1),
    "christmas day": (12, 25, 1),
    "boxing day": (12, 26, 1),
    "new year": (12, 31, 3),
    "new year's eve": (12, 31, 1),
    "new year's day": (1, 1, 1),
    "twelfth night": (1, 5, 3),
    "epiphany": (1, 6, 1),
    "valentine's day": (2, 14, 1),
    "may day": (5, 1, 1),
    "midsummer day": (6, 24, 1),
    "halloween": (10, 31, 1),
    "guy fawkes night": (11, 5, 1),
    "bonfire night": (11, 5, 1),
}
"""Month and day on which each begins, and how many days it is remembered as."""


@dataclass(frozen=True)
class DateWords:
    """A date, said in words or by operators, that narrows a search.

    `text` is as typed, `since` and `until` are both inclusive. `spans` says where it stands in the
    typed text, with the small words that go with it: [start, end) of each piece.
    """

    text: str
    label: str
    since: date
    until: date
    spans: tuple[tuple[int, int], ...] = field(default=(), compare=False)


class Period(NamedTuple):
    """From a day to a day, both inclusive."""

    since: date
    until: date


def find(text: str, today: date) -> DateWords | None:
    """The first date said in words; None when there is none, or it is not sure what it means."""
    found = sorted(_all(text), key=lambda each: (each.start, -each.end))
    begins = {each.start for each in found}
    taken = 0
    for each in found:
        if each.start < taken:
            continue
        taken = each.end
        period = _read(each.rule, each.match, today)
        if period and not _is_an_end(text, each, begins):
            said = each.match["core"]
            return DateWords(said, label(*period), *period, spans=((each.start, each.end),))
    return None


def at(text: str, start: int, today: date) -> tuple[Period, int] | None:
    """The period that is named at this place, behind an operator, and where its name ends.

    Here a year, a month, a season or a weekday alone is one, too.
    """
    matches = [(rule, m) for rule in (*_RULES, *_BARE) if (m := rule.named.match(text, start))]
    if not matches:
        return None
    rule, match = max(matches, key=lambda each: each[1].end())
    period = _read(rule, match, today)
    return (period, match.end()) if period else None


def label(since: date, until: date) -> str:
    """A period in words: “2019”, “June to August 2025”, “24 to 26 December 2019”."""
    if since <= FIRST_DAY:
        return f"until {_day(until)}"
    if until >= LAST_DAY:
        return f"from {_day(since)}"
    if since == until:
        return _day(since)
    whole = since.day == 1 and until == _month(until.year, until.month).until
    if whole and (since.month, until.month) == (1, 12):
        return str(until.year) if since.year == until.year else f"{since.year} to {until.year}"
    name = _name_of_month if whole else _day
    if since.year != until.year:
        return f"{name(since)} to {name(until)}"
    if since.month != until.month:
        return f"{name(since).removesuffix(f' {since.year}')} to {name(until)}"
    return name(until) if whole else f"{since.day} to {name(until)}"


def _day(day: date) -> str:
    return f"{day.day} {_name_of_month(day)}"


def _name_of_month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"


# What a date looks like


class _Rule(NamedTuple):
    """A way to say a date: in prose, behind an operator, and what it means."""

    said: re.Pattern[str]
    named: re.Pattern[str]
    read: Callable[[Sequence[str], date], Period]


class _Found(NamedTuple):
    start: int
    end: int
    rule: _Rule
    match: re.Match[str]


_SMALL = r"(?:(?:in|on|during|from|of)(?: +the)? +|the +)?"
_ENDS = r"(?=[,.;:!?)\]]*(?: |$)|[–—])"
_YEAR = r"([12]\d{3})"
_MONTH = "(" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + "|sept)"
_WHOLE_MONTH = "(" + "|".join(_MONTHS) + ")"
_SEASON = "(" + "|".join(_SEASONS) + ")"
_WEEKDAY = "(" + "|".join(_WEEKDAYS) + ")"
_FEAST = (
    r"(christmas(?: +eve| +day)?|boxing +day|new +year(?:['’]?s +(?:eve|day))?|twelfth +night"
    r"|epiphany|(?:st\.? +)?valentine['’]?s +day|may +day|midsummer(?:['’]?s)? +day|hallowe['’]?en"
    r"|guy +fawkes(?: +(?:night|day))?|bonfire +night)"
)
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
# “The last week of March” is another one than last week.
_NOT_OF = r"(?! +(?:of|in)\b)"


def _rule(
    core: str, read: Callable[[Sequence[str], date], Period], *, behind: str = _SMALL
) -> _Rule:
    flags = re.IGNORECASE | re.ASCII
    said = re.compile(rf"(?<![^ (–—]){behind}(?P<core>{core}){_ENDS}[,.;:!?]*", flags)
    return _Rule(said, re.compile(rf"(?P<core>{core}){_ENDS}", flags), read)


def _all(text: str) -> Iterator[_Found]:
    for rule in _RULES:
        for match in rule.said.finditer(text):
            yield _Found(match.start(), match.end(), rule, match)


def _read(rule: _Rule, match: re.Match[str], today: date) -> Period | None:
    said = [group.lower() for group in match.groups()[1:] if group is not None]
    try:
        period = rule.read(said, today)
    except (ValueError, OverflowError):  # 31 February, or a year the calendar has not
        return None
    return period if period.since >= FIRST_DAY else None


_FROM = r"(?:^| )(?:before|after|since|until|till|to|through|by|not|except|-) *$|[–—] *$"
_LEADS_ELSEWHERE = re.compile(rf"{_FROM}|\bbetween\b", re.IGNORECASE)
_LEADS_ON = re.compile(r" *(?:(?:to|until|till|through|-) +|[–—] *)", re.IGNORECASE)


def _is_an_end(text: str, found: _Found, begins: set[int]) -> bool:
    """Whether it is said as one end of a span of time, “before last summer”, and not as all of it.

    Then it is left as words: to narrow the search to it would be the opposite of what is meant.
    """
    if _LEADS_ELSEWHERE.search(text[: found.start]):
        return True
    on = _LEADS_ON.match(text, found.end)
    return bool(on) and on.end() in begins


# What a date means


def _month(year: int, month: int) -> Period:
    return Period(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def _year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31))


def _season(name: str, year: int) -> Period:
    """Three whole months; a winter is named after the year in which it begins."""
    first = _SEASONS[name]
    last = _month(year + 1, 2) if first == 12 else _month(year, first + 2)
    return Period(date(year, first, 1), last.until)


def _feast(name: str, year: int) -> Period:
    name = _feast_name(name)
    month, day, days = _FEASTS[name]
    # "New year 2020" is when 2020 begins.
    since = date(year - (name == "new year"), month, day)
    return Period(since, since + timedelta(days=days - 1))


def _feast_name(said: str) -> str:
    """The name in the tables of a feast as it may be spelled."""
    name = " ".join(said.casefold().replace("’", "'").split()).removeprefix("st. ")
    name = (
        name.removeprefix("st ")
        .replace("hallowe'en", "halloween")
        .replace("midsummer's", "midsummer")
    )
    for plain, written in (("new years ", "new year's "), ("valentines ", "valentine's ")):
        name = name.replace(plain, written)
    return "guy fawkes night" if name.startswith("guy fawkes") else name


def _one(day: date) -> Period:
    return Period(day, day)


def _week(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6))


def _weekend(day: date) -> Period:
    sunday = _week(day).until
    return Period(sunday - timedelta(days=1), sunday)


def _months_before(today: date, months: int) -> Period:
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return _month(year, month + 1)


def _number_of_month(name: str) -> int:
    return [each[:3].lower() for each in _MONTHS].index(name[:3]) + 1


def _named_day(day: str, month: str, year: str) -> Period:
    return _one(date(int(year), _number_of_month(month), int(day)))


def _that(which: str, what: str, today: date) -> Period:
    """Last or this week, weekend, month or year."""
    back = int(which == "last")
    if what == "year":
        return _year(today.year - back)
    if what == "month":
        return _months_before(today, back)
    day = today - timedelta(weeks=back)
    return _week(day) if what == "week" else _weekend(day)


def _that_season(which: str, name: str, today: date) -> Period:
    """The last one is the latest that is over; this winter is in spring still the one before."""
    if which == "last":
        return _latest(lambda year: _season(name, year), today, lambda one: one.until < today)
    return _season(name, today.year - int(name == "winter" and today.month < 6))


def _latest(
    in_year: Callable[[int], Period], today: date, fits: Callable[[Period], bool]
) -> Period:
    years = range(today.year, today.year - 3, -1)
    return next(one for one in map(in_year, years) if fits(one))


def _last_month(name: str, today: date) -> Period:
    """The latest of that name before the present month."""
    number, present = _number_of_month(name), today.replace(day=1)
    return _latest(lambda year: _month(year, number), today, lambda one: one.since < present)


def _last_feast(name: str, today: date) -> Period:
    return _latest(lambda year: _feast(name, year), today, lambda one: one.until < today)


def _last_weekday(name: str, today: date) -> Period:
    """One of the seven days before today."""
    back = (today.weekday() - _WEEKDAYS.index(name) - 1) % 7 + 1
    return _one(today - timedelta(days=back))


def _ago(how_many: str, unit: str, today: date) -> Period:
    """A day is that very day; of the others it is the whole one that this many before now was."""
    number = int(how_many) if how_many.isdigit() else ["a", *_NUMBERS].index(how_many) or 1
    match unit:
        case "day":
            return _one(today - timedelta(days=number))
        case "week":
            return _week(today - timedelta(weeks=number))
        case "month":
            return _months_before(today, number)
        case _:
            return _year(today.year - number)


def _decade(first: str) -> Period:
    return Period(date(int(first), 1, 1), date(int(first) + 9, 12, 31))


def _begun(in_year: Callable[[int], Period], today: date) -> Period:
    return _latest(in_year, today, lambda one: one.since <= today)


_RULES = (
    _rule(r"(\d{4})-(\d\d)-(\d\d)", lambda s, _: _one(date(int(s[0]), int(s[1]), int(s[2])))),
    _rule(
        rf"{_NTH}(?: +of)? +{_MONTH}(?:,| +of)? +{_YEAR}",
        lambda s, _: _named_day(s[0], s[1], s[2]),
    ),
    _rule(rf"{_MONTH} +{_NTH},? +{_YEAR}", lambda s, _: _named_day(s[1], s[0], s[2])),
    _rule(rf"{_MONTH}(?:,| +of)? +{_YEAR}", lambda s, _: _month(int(s[1]), _number_of_month(s[0]))),
    _rule(rf"{_SEASON}(?:,| +of)? +{_YEAR}", lambda s, _: _season(s[0], int(s[1]))),
    _rule(rf"{_FEAST}(?:,| +of)? +{_YEAR}", lambda s, _: _feast(s[0], int(s[1]))),
    # “In 1200 steps” is more likely than the year.
    _rule(
        r"(1[5-9]\d\d|20\d\d)",
        lambda s, _: _year(int(s[0])),
        behind=r"(?:in|during)(?: +the +year)? +",
    ),
    _rule(r"([12]\d\d0)['’]?s", lambda s, _: _decade(s[0])),
    _rule("(today|yesterday)", lambda s, now: _one(now - timedelta(days=int(s[0] == "yesterday")))),
    _rule(
        rf"(last|this) +(week|weekend|month|year){_NOT_OF}", lambda s, now: _that(s[0], s[1], now)
    ),
    _rule(rf"(last|this) +{_SEASON}{_NOT_OF}", lambda s, now: _that_season(s[0], s[1], now)),
    _rule(rf"last +{_WHOLE_MONTH}{_NOT_OF}", lambda s, now: _last_month(s[0], now)),
    _rule(rf"last +{_FEAST}", lambda s, now: _last_feast(s[0], now)),
    _rule(rf"last +{_WEEKDAY}{_NOT_OF}", lambda s, now: _last_weekday(s[0], now)),
    _rule(_WEEKDAY, lambda s, now: _last_weekday(s[0], now), behind="on +"),
    _rule(
        rf"(\d{{1,4}}|an?|{'|'.join(_NUMBERS)}) +(day|week|month|year)s? +ago",
        lambda s, now: _ago("a" if s[0] == "an" else s[0], s[1], now),
    ),
)
_BARE = (
    _rule(r"([1-9]\d{3})", lambda s, _: _year(int(s[0]))),
    _rule(r"([1-9]\d{3})-(\d{1,2})", lambda s, _: _month(int(s[0]), int(s[1]))),
    _rule(
        r"([1-9]\d{3})-(\d{1,2})-(\d{1,2})",
        lambda s, _: _one(date(int(s[0]), int(s[1]), int(s[2]))),
    ),
    _rule(
        _MONTH,
        lambda s, now: _begun(lambda year: _month(year, _number_of_month(s[0])), now),
    ),
    _rule(_SEASON, lambda s, now: _begun(lambda year: _season(s[0], year), now)),
    _rule(_FEAST, lambda s, now: _begun(lambda year: _feast(s[0], year), now)),
    _rule(_WEEKDAY, lambda s, now: _last_weekday(s[0], now)),
)
