"""What the companion reads in: a journal, its traces and its search."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from llamora.journal.errors import NotFound
from llamora.journal.journal import Journal
from llamora.traces.traces import Trace, Traces

if TYPE_CHECKING:
    from llamora.search.search import Search


@dataclass(frozen=True)
class Sources:
    """All of one unlocked account. `search` is made when it is first asked for."""

    journal: Journal
    traces: Traces
    search: Callable[[], Awaitable["Search"]]

    def may_be_read(self, entry: bytes) -> bool:
        """Whether a model may be told that entry: not when the diarist keeps it from the model, nor
        while nobody knows what they keep. Whatever reads for a model asks here; any thread may."""
        rests = self.journal.rests
        return rests.known and entry not in rests.kept_back

    def still_stand(self, writings: Iterable[tuple[date, bytes, int]]) -> bool:
        """Whether each of these stands on its day, at that revision: neither erased nor changed."""
        writings = list(writings)
        there = self.revisions(day for day, _, _ in writings)
        return all(there.get(id) == revision for _, id, revision in writings)

    def revisions(self, days: Iterable[date]) -> dict[bytes, int]:
        """What stands on these days, each with its revision."""
        tables = map(self.journal.days.table, set(days))
        return {item.id: item.revision for table in tables if table for item in table.items}

    def trace(self, id: bytes) -> Trace | None:
        """The trace, unless no entry carries it any more."""
        try:
            return self.traces.get(id)
        except NotFound:
            return None
