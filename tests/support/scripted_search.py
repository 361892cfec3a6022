"""A search that offers what it is told to: what the companion asks of the real one."""

import asyncio
from collections.abc import Sequence

from llamora.journal.writing import Entry
from llamora.search.central import Sentence
from llamora.search.nearby import Choose, Near, Stretch, Wanted
from llamora.search.sentences import sentences


class ScriptedSearch:
    """`near` are ids of traces; `labels` what a text offers of itself, with `emoji`; `stretches`
    what stands near any entry, found in so many `seconds`.

    What is central is told by length: the longest sentence weighs 1. `texts` keeps what it was
    asked about.
    """

    def __init__(self) -> None:
        self.near: list[bytes] = []
        self.labels: list[str] = []
        self.emoji: str | None = None
        self.stretches: list[Stretch] = []
        self.seconds = 0.0
        self.texts: list[Sequence[str]] = []

    async def __call__(self) -> "ScriptedSearch":
        return self

    async def nearby(
        self, entry: Entry, wanted: Wanted, choose: Choose, *, newest: bool = True
    ) -> list[Stretch]:
        """Of `stretches` those that are wanted, as if each were as near as it comes early."""
        found = [
            Near(one.entry, one.day, one.start, one.end, 1 - n / 100)
            for n, one in enumerate(self.stretches)
            if one.day != entry.day and wanted(one.entry, one.day)
        ]
        await asyncio.sleep(self.seconds)
        read = {one.entry: one for one in self.stretches}
        return [read[one.entry] for one in choose(found)]

    async def near_traces(self, entry: bytes, limit: int) -> list[tuple[bytes, float]]:
        return [(id, 1 - n / 100) for n, id in enumerate(self.near[:limit])]

    async def phrases(self, text: str, limit: int) -> list[str]:
        self.texts.append([text])
        return self.labels[:limit]

    async def emoji_for(self, text: str) -> str | None:
        return self.emoji

    async def central(self, texts: Sequence[str], limit: int) -> list[Sentence]:
        self.texts.append(texts)
        found = [
            Sentence(n, a, b, text[a:b].strip(), float(b - a))
            for n, text in enumerate(texts)
            for a, b in sentences(text)
        ]
        best = sorted(found, key=lambda one: -one.weight)[:limit]
        return sorted(best, key=lambda one: (one.index, one.start))
