"""How ids, days, months and years stand in addresses. What does not fit is no address: 404."""

import re
from datetime import date

from quart import abort, request
from werkzeug.routing import BaseConverter, ValidationError

from llamora.journal.days import FIRST_DAY, LAST_DAY


class IdConverter(BaseConverter):
    """32 lower-case hex digits."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> bytes:
        return bytes.fromhex(value)

    def to_url(self, value: bytes | str) -> str:
        return value if isinstance(value, str) else value.hex()


def read_id(text: str) -> bytes | None:
    """The id that a text is; None when it is none."""
    return bytes.fromhex(text) if re.fullmatch(IdConverter.regex, text) else None


class DayConverter(BaseConverter):
    """A date from 1000-01-01 to 9999-12-31."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        try:
            return day_named(value)
        except ValueError as e:
            raise ValidationError from e

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()


def day_named(value: str) -> date:
    """The day that an address names. Raises `ValueError` for what names none."""
    day = date.fromisoformat(value)
    if not re.fullmatch(DayConverter.regex, value) or not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("There is no such day.")
    return day


def asked_day(name: str) -> date | None:
    """The day in the query of the request; None when it has none, and 400 for what is no day."""
    if name not in request.args:
        return None
    try:
        return day_named(request.args[name])
    except ValueError:
        abort(400)


class MonthConverter(BaseConverter):
    """A month as the first of its days."""

    regex = r"\d{4}-\d{2}"

    def to_python(self, value: str) -> date:
        try:
            day = date.fromisoformat(f"{value}-01")
        except ValueError as e:
            raise ValidationError from e
        if day < FIRST_DAY:
            raise ValidationError
        return day

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()[:7]


class YearConverter(BaseConverter):
    """A year from 1000 to 9999."""

    regex = r"[1-9]\d{3}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int | str) -> str:
        return str(value)
