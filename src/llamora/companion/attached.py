"""What traces bring to an answer: what was summed up of each, and a few of its entries from other
days. Those that the diarist attaches bring more than those that the entry carries anyway."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from llamora.companion.budget import Kind, Piece, Stands, shortened
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.summaries import Summary
from llamora.journal.writing import Entry
from llamora.vault import Unreadable


@dataclass(frozen=True)
class Measure:
    """How much a trace may bring: its first entry or not, so many of its newest, and so many tokens
    of each."""

    kind: Kind
    first: bool
    newest: int
    tokens: int


ATTACHED = Measure(Kind.TRACE, first=True, newest=3, tokens=200)
OWN = Measure(Kind.OWN, first=False, newest=1, tokens=100)
MOST_OWN = 3
"""Of the traces that an entry carries so many are read."""


@dataclass(frozen=True)
class Attached:
    """A trace as it stood when the answer was asked for: its name, its summary, and the entries to
    read, the least wanted first."""

    id: bytes
    name: str
    summary: Summary | None
    entries: tuple[bytes, ...]
    measure: Measure

    @classmethod
    def of(
        cls,
        sources: Sources,
        entry: Entry,
        id: bytes,
        summary: Summary | None,
        measure: Measure,
        wanted: Callable[[bytes, date], bool],
    ) -> "Attached | None":
        """None for a trace that no entry carries any more. What is not `wanted` is not read, nor a
        summary that was made from it."""
        trace = sources.trace(id)
        if trace is None:
            return None
        uses = sources.traces.uses(id)
        days = {each: day for day in uses for each in uses[day]}
        others = [each for each, day in days.items() if day != entry.day and wanted(each, day)]
        first = others[-1:] if measure.first else []
        chosen = dict.fromkeys((*first, *reversed(others[: measure.newest])))
        if summary and not all(wanted(id, days.get(id, entry.day)) for id, _ in summary.read):
            summary = None
        return cls(id, trace.name, summary, tuple(chosen), measure)

    def pieces(self, journal: Journal) -> Iterator[Piece]:
        """What is read of it, the least wanted first. Any thread may ask.

        A summary that is stale is not among it: it may tell what was taken out of an entry since.
        """
        kind = self.measure.kind
        for id in self.entries:
            found = _entry(journal, id)
            if found:
                stands = Stands(id, found.revision, ((0, len(found.text)),))
                piece = Piece(
                    kind, found.text, found.day, about=self.name, stands=stands, trace=self.id
                )
                yield shortened(piece, self.measure.tokens)
        if self.summary and self.summary.text and not self.summary.is_stale:
            text = self.summary.text
            yield Piece(kind, text, by="companion", about=self.name, trace=self.id)


def carrying(sources: Sources, ids: Sequence[bytes]) -> set[bytes]:
    """The entries that carry one of these traces."""
    return {
        entry for id in ids for entries in sources.traces.uses(id).values() for entry in entries
    }


def _entry(journal: Journal, id: bytes) -> Entry | None:
    try:
        found = journal.find(id)
    except Unreadable:
        return None
    return found if isinstance(found, Entry) else None
