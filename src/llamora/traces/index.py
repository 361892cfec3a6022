"""Which entries carry which traces, counted in memory from the sealed rows of the days.

Pure: it is told what stands on a day and answers from that.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

from llamora.journal.writing import Kind

SMOOTHING = 2.0
"""Added to how often two traces would meet by chance, so that one meeting of two rare ones, which
tells little, does not come before thirty of two common ones."""

Link = tuple[bytes, Kind, tuple[bytes, ...]]
"""A writing, its kind and its trace ids."""


@dataclass(frozen=True)
class Beside:
    """A trace that stands on entries of another: on how many, and how much that tells."""

    trace: bytes
    entries: int
    lift: float


class TraceIndex:
    """The links of all days."""

    def __init__(self) -> None:
        self._links: dict[date, list[Link]] = {}
        self._uses: dict[bytes, dict[date, list[bytes]]] = {}
        self._counts: Counter[bytes] = Counter()
        self._traces_of: dict[bytes, tuple[bytes, ...]] = {}
        self._sorted: dict[bytes, dict[date, list[bytes]]] = {}
        self._entries = 0

    def put(self, day: date, links: Iterable[Link]) -> set[bytes]:
        """Takes in what stands on a day now; the traces that were or are there."""
        before, after = self._links.pop(day, []), list(links)
        for writing, kind, traces in before:
            self._traces_of.pop(writing, None)
            if kind is Kind.ENTRY:
                self._entries -= 1
                self._counts.subtract(traces)
        touched = {
            trace for _, kind, ids in (*before, *after) if kind is Kind.ENTRY for trace in ids
        }
        for trace in touched:
            self._uses.get(trace, {}).pop(day, None)
            self._sorted.pop(trace, None)
        for writing, kind, traces in after:
            self._traces_of[writing] = traces
            if kind is Kind.ENTRY:
                self._entries += 1
                self._counts.update(traces)
                for trace in traces:
                    self._uses.setdefault(trace, {}).setdefault(day, []).append(writing)
        if after:
            self._links[day] = after
        for trace in touched:
            if not self._uses.get(trace):
                self._uses.pop(trace, None)
                self._counts.pop(trace, None)
        return touched

    def of(self, writing: bytes) -> tuple[bytes, ...]:
        """The traces of a writing, in the order they were kept."""
        return self._traces_of.get(writing, ())

    def links(self) -> dict[bytes, tuple[bytes, ...]]:
        """Every writing that has traces, and which: as it is now."""
        return dict(self._traces_of)

    def traces(self) -> Set[bytes]:
        """Every trace that an entry carries."""
        return self._uses.keys()

    def count(self, trace: bytes) -> int:
        """How many entries carry it."""
        return self._counts[trace]

    def uses(self, trace: bytes) -> Mapping[date, Sequence[bytes]]:
        """The days it stands on, newest first, each with its entries in reading order."""
        if trace not in self._sorted:
            days = self._uses.get(trace, {})
            self._sorted[trace] = {day: days[day] for day in sorted(days, reverse=True)}
        return self._sorted[trace]

    def beside(self, trace: bytes) -> list[Beside]:
        """The traces on the same entries, the most telling first.

        By lift, n_ab / (n_a · n_b / N), with `SMOOTHING` added beneath the line: how many times
        more often the two meet than they would by chance, so that a trace which stands on
        everything does not drown the rest. N is the number of entries with traces.
        """
        met: defaultdict[bytes, int] = defaultdict(int)
        for writings in self._uses.get(trace, {}).values():
            for writing in writings:
                for other in self._traces_of[writing]:
                    met[other] += 1
        met.pop(trace, None)
        share = self._counts[trace] / max(1, self._entries)
        found = [
            Beside(other, n, n / (share * self._counts[other] + SMOOTHING))
            for other, n in met.items()
        ]
        return sorted(found, key=lambda each: (-each.lift, -each.entries, each.trace))
