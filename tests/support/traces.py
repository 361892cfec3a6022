"""Traces kept past the page, for tests about what comes after."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.support.server import Server

from llamora.journal.journal import NewEntry
from llamora.journal.writing import Source
from llamora.web.unlocked import OpenJournal


def the_open(server: Server) -> OpenJournal:
    """The journal that is open; of several, the one that was opened first."""
    return next(iter(server.rooms.journals._open.values()))


async def keep(server: Server, entry: str, *names: str) -> list[str]:
    """Puts traces on an entry; their ids."""
    traces = the_open(server).traces
    return [(await traces.keep(bytes.fromhex(entry), name)).id.hex() for name in names]


async def bring_in(server: Server, *entries: NewEntry) -> dict[str, str]:
    """Entries from elsewhere with their traces; the ids of all traces, by name."""
    opened = the_open(server)
    await opened.journal.write_many(entries, adopt=opened.traces.adopt)
    return {trace.name: trace.id.hex() for trace in opened.traces.all()}


def entry(day: date, text: str, *traces: str, hour: int = 9, **more: Any) -> NewEntry:
    """An entry from elsewhere."""
    at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return NewEntry(day, text, at, "UTC", Source("test", text), traces=traces, **more)


def many(count: int, last: date) -> list[NewEntry]:
    """So many entries, each with a trace of its own, the first on the latest day."""
    return [
        entry(last - timedelta(days=n // 10), f"Of {n:04d}.", f"trace-{n:04d}")
        for n in range(count)
    ]
