"""What a model is told beside the entry that it answers.

What the diarist attached; what stands under the entry's own traces; what search finds near to it on
other days; the day so far, in reading order; and what was answered to it before. Nothing that is
kept from the model is among it, and, but for what the diarist attached, nothing that rests.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from llamora.companion.attached import Attached, carrying
from llamora.companion.budget import Kind, Piece, Stands
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.journal.journal import Thread
from llamora.journal.summaries import Summary
from llamora.journal.writing import Entry, Response

if TYPE_CHECKING:
    from llamora.search.nearby import Near, Stretch

MOST_RELATED = 5
SEARCH_SECONDS = 1.0
"""How long search is waited for: a first word that comes late is worse than a memory less."""


class Contexts:
    """Gathers the context of answers in one journal. `summary` is what is kept of a trace."""

    def __init__(
        self, sources: Sources, resting: Resting, summary: Callable[[bytes], Summary | None]
    ) -> None:
        self._sources = sources
        self._resting = resting
        self._summary = summary

    async def of(
        self,
        entry: Entry,
        attached: Sequence[Attached],
        own: Sequence[Attached],
        wanted: Callable[[bytes, date], bool],
    ) -> list[Piece]:
        """The entry, and before it what it may be read with: what is wanted least stands first.
        `wanted` says what may be brought up for a model, and may be asked in any thread."""
        # One after the other: side by side, the two threads wait for each other longer than either
        # of them takes.
        others = await asyncio.to_thread(self._read, entry, attached, own)
        related = await self._related(entry, wanted)
        told = {piece.stands.writing for piece in others if piece.stands}
        return [*(p for p in related if p.stands and p.stands.writing not in told), *others]

    def still(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Those that stand as they were gathered, and were neither let rest nor kept from the model
        since: they may have waited for long. Asked on the event loop."""
        pieces = list(pieces)
        there = self._sources.revisions(piece.day for piece in pieces if piece.day)
        withheld = self._withheld_of(pieces)
        return [
            piece
            for piece in pieces
            if (not piece.stands or there.get(piece.stands.writing) == piece.stands.revision)
            and (not piece.stands or piece.stands.writing not in withheld)
            and self._may_be_sent(piece)
        ]

    def _may_be_sent(self, piece: Piece) -> bool:
        if piece.kind is Kind.OWN:
            trace = self._sources.trace(piece.trace)
            if trace is None or trace.resting:
                return False
        if piece.stands is None:
            summary = self._summary(piece.trace)
            return summary is not None and summary.text == piece.text and not summary.is_stale
        id = piece.stands.writing
        if piece.by == "companion":
            return True  # unless it is withheld
        unasked = piece.kind in (Kind.OWN, Kind.RELATED)
        if unasked and piece.day and not self._resting.may_resurface(id, piece.day):
            return False
        return self._sources.may_be_read(id)

    def _withheld_of(self, pieces: Iterable[Piece]) -> set[bytes]:
        """The responses on the days of these that may not be told; read only where anything is
        kept from the model, which is rare."""
        rests = self._sources.journal.rests
        if rests.known and not rests.kept_back:
            return set()
        days = {piece.day for piece in pieces if piece.by == "companion" and piece.day}
        return {id for day in days for id in self._withheld(self._sources.journal.read(day))}

    async def _related(self, entry: Entry, wanted: Callable[[bytes, date], bool]) -> list[Piece]:
        """What stands near on other days, the nearest last; nothing when search takes too long."""
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                search = await self._sources.search()
                found = await search.nearby(entry, wanted, _nearest, newest=False)
        except TimeoutError:
            return []
        return [_related(stretch) for stretch in reversed(found)]

    def _read(
        self, entry: Entry, attached: Sequence[Attached], own: Sequence[Attached]
    ) -> list[Piece]:
        """What can be read without searching. Runs in a thread."""
        journal = self._sources.journal
        pieces = [piece for each in (*own, *attached) for piece in each.pieces(journal)]
        threads = journal.read(entry.day)
        withheld = self._withheld(threads)
        for thread in threads:
            if not self._sources.may_be_read(thread.entry.id):
                continue
            if thread.entry.id != entry.id:
                pieces.append(whole(Kind.TODAY, thread.entry))
            pieces += [
                whole(Kind.TODAY, response)
                for response in thread.responses
                if response.text and response.engine == "model" and response.id not in withheld
            ]
            if thread.entry.id == entry.id:
                break
        return [*_once(pieces), whole(Kind.ENTRY, entry)]

    def _withheld(self, threads: Iterable[Thread]) -> set[bytes]:
        """The responses of a day that may not be told: to what is kept from the model, for they
        speak of it, or resting on such, or on another of these."""
        withheld: set[bytes] = set()
        for thread in threads:
            may_be_read = self._sources.may_be_read(thread.entry.id)
            for response in thread.responses:
                if not (may_be_read and self._may_be_told(response, withheld)):
                    withheld.add(response.id)
        return withheld

    def _may_be_told(self, response: Response, withheld: Collection[bytes]) -> bool:
        """Whether nothing was read for it that is kept from the model since, nor an answer that
        read such, nor anything that may have been such."""
        reading = response.reading
        if reading is None:
            return True
        if reading.unlisted and self._sources.journal.rests.kept_back:
            return False
        return all(
            piece.writing not in withheld and self._sources.may_be_read(piece.writing)
            if piece.writing
            # A summary, which may have been made from any entry under its trace.
            else all(map(self._sources.may_be_read, carrying(self._sources, [piece.trace])))
            for piece in reading.pieces
        )


def whole(kind: Kind, writing: Entry | Response) -> Piece:
    """All of a writing as a piece."""
    stands = Stands(writing.id, writing.revision, ((0, len(writing.text)),))
    by = "diarist" if isinstance(writing, Entry) else "companion"
    return Piece(kind, writing.text, writing.day, by, stands=stands)


def _nearest(found: "Sequence[Near]") -> "Sequence[Near]":
    return found[:MOST_RELATED]


def _related(found: "Stretch") -> Piece:
    stands = Stands(found.entry, found.revision, ((found.start, found.end),))
    return Piece(Kind.RELATED, found.text, found.day, stands=stands)


def _once(pieces: Iterable[Piece]) -> list[Piece]:
    """Without what stands under two traces: it is told where it is wanted most, which is last."""
    kept: list[Piece] = []
    said: set[bytes] = set()
    for piece in reversed(list(pieces)):
        if piece.stands is None or piece.stands.writing not in said:
            kept.append(piece)
        if piece.stands:
            said.add(piece.stands.writing)
    return kept[::-1]
