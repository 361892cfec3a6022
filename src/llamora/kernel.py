"""The few things every room shares: the clock, ids, and which day a moment belongs to.

Pure but for the system clock and the system's randomness; every room may import it.
"""

import secrets
import time
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ID_BYTES = 16


class Clock(Protocol):
    """Where the time comes from; tests hand in one that they can turn."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean anything."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def new_id() -> bytes:
    """A fresh random id of 128 bits: it says nothing of order, time or kind."""
    return secrets.token_bytes(ID_BYTES)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of that IANA name.

    Raises:
        ValueError: there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, IsADirectoryError) as e:
        raise ValueError(f"There is no time zone called {name!r}.") from e


def day_of(moment: datetime, zone_name: str, starts_at: int = 0) -> date:
    """The local calendar date a moment belongs to, when days begin at `starts_at` o'clock (0-6).

    The wall clock decides, so a night that daylight saving makes longer or shorter still
    turns when the clock on the wall says so. The calendar's last day does not end.
    """
    try:
        local = moment.astimezone(zone(zone_name))
        return local.date() - timedelta(days=1) if local.hour < starts_at else local.date()
    except OverflowError:  # already the year 10000 there, or not yet the year 1
        return date.max if moment.year > 1 else date.min


def turns_at(day: date, zone_name: str, starts_at: int = 0) -> datetime:
    """The moment, in UTC, at which `day` is over and the next one begins."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    tomorrow = day + timedelta(days=1)
    local = datetime(tomorrow.year, tomorrow.month, tomorrow.day, starts_at, tzinfo=zone(zone_name))
    return local.astimezone(UTC)
