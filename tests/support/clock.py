"""A clock that stands still until a test turns it."""

from datetime import UTC, datetime, timedelta, timezone


class TurnableClock:
    """A `Clock`. Starts on a Sunday morning, 22 November 2026, 09:30 UTC."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1_000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float = 0, **units: float) -> None:
        """Lets time pass: `advance(61)`, `advance(days=1)`, any unit of `timedelta`."""
        passed = timedelta(seconds=seconds, **units)
        self._now += passed
        self._monotonic += passed.total_seconds()

    def set(self, *moment: int, zone: timezone = UTC) -> None:
        """Turns the wall clock, and only it, to `set(2026, 3, 29, 1, 30)`."""
        self._now = datetime(*moment, tzinfo=zone)  # pyright: ignore[reportArgumentType]
