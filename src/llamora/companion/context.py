"""What a model is told beside the entry that it answers.

What the diarist attached; what stands under the entry's own traces; what search finds near to it on
other days; the day so far, in reading order; and what was answered to it before. Nothing that is
kept from the model is among it, and, but for what the diarist attached, nothing that rests.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING

from llamora.companion.attached import Attached
from llamora.companion.budget import Kind, Piece, Stands
from llamora.companion.sources import Sources
from llamora.journal.writing import Entry, Response

if TYPE_CHECKING:
    from llamora.search.nearby import Near, Stretch

MOST_RELATED = 5
SEARCH_SECONDS = 1.0
"""How long search is waited for: a first word that comes late is worse than a memory less."""


class Contexts:
    """Gathers the context of answers in one journal."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

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
        for thread in journal.read(entry.day):
            if not self._sources.may_be_read(thread.entry.id):
                continue  # nor what was answered to it, which speaks of it
            if thread.entry.id != entry.id:
                pieces.append(whole(Kind.TODAY, thread.entry))
            pieces += [
                whole(Kind.TODAY, response)
                for response in thread.responses
                if response.text and response.engine == "model" and self._may_be_told(response)
            ]
            if thread.entry.id == entry.id:
                break
        return [*_once(pieces), whole(Kind.ENTRY, entry)]

    def _may_be_told(self, response: Response) -> bool:
        """Whether nothing was read for it that is kept from the model since."""
        read = response.reading.pieces if response.reading else ()
        return all(self._sources.may_be_read(piece.writing) for piece in read)


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
