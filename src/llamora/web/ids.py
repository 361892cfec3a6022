"""How ids, days, months and years stand in addresses. What does not fit is no address: 404."""

from datetime import date

from werkzeug.routing import BaseConverter, ValidationError

from llamora.journal.days import FIRST_DAY, LAST_DAY


class IdConverter(BaseConverter):
    """32 lower-case hex digits."""

    regex = "[0-9a-f]{32}"

    def to_python(self, value: str) -> bytes:
        return bytes.fromhex(value)

    def to_url(self, value: bytes | str) -> str:
        return value if isinstance(value, str) else value.hex()


class DayConverter(BaseConverter):
    """A date from 1000-01-01 to 9999-12-31."""

    regex = r"\d{4}-\d{2}-\d{2}"

    def to_python(self, value: str) -> date:
        try:
            day = date.fromisoformat(value)
        except ValueError as e:
            raise ValidationError from e
        if not FIRST_DAY <= day <= LAST_DAY:
            raise ValidationError
        return day

    def to_url(self, value: date | str) -> str:
        return value if isinstance(value, str) else value.isoformat()


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
