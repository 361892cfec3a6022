"""Days and times in words. Every visible sentence passes `_`, here or in the template."""

import calendar
from datetime import date, datetime

WEEKDAYS = tuple(calendar.day_name)
MONTHS = tuple(calendar.month_name)[1:]


def _(text: str) -> str:
    """The text in the reader's language; English is the only one for now."""
    return text


def day_title(day: date, today: date) -> str:
    """ "Saturday, 22 November", with the year when it is not this year's."""
    return f"{weekday(day)}, {day_number(day, today)}"


def weekday(day: date) -> str:
    return _(WEEKDAYS[day.weekday()])


def day_number(day: date, today: date) -> str:
    """ "22 November", with the year when it is not this year's."""
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day.day} {_(MONTHS[day.month - 1])}{year}"


def ago(day: date, today: date) -> str:
    """How long ago a day was, "yesterday", "3 weeks ago", "2 years ago"; empty for one to come.

    Weeks from the second one on and months from the third are whole ones that have passed.
    """
    days = (today - day).days
    if days < 0:
        return ""
    if days < 2:
        return _("today") if days == 0 else _("yesterday")
    months = (today.year - day.year) * 12 + today.month - day.month - (today.day < day.day)
    if days < 14:
        return _("%d days ago") % days
    if months < 2:
        return _("%d weeks ago") % (days // 7)
    if months < 12:
        return _("%d months ago") % months
    return _("a year ago") if months < 24 else _("%d years ago") % (months // 12)


def number(count: int) -> str:
    """ "1,829"."""
    return f"{count:,}"


def in_entries(count: int) -> str:
    """ "1 entry", "1,829 entries"."""
    return _("1 entry") if count == 1 else _("%s entries") % number(count)


def clock(at: datetime, hours: int) -> str:
    """ "07:42" or "7:42 am"."""
    if hours == 24:
        return f"{at:%H:%M}"
    half = _("%s am") if at.hour < 12 else _("%s pm")
    return half % f"{at.hour % 12 or 12}:{at:%M}"
