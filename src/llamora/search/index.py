"""The index in memory: parts, and which of their writings are still as they were indexed.

Whoever searches takes a `Shelf`, which never changes; whoever follows the journal puts a new one in
its place. So a search needs no lock, and sees the journal as it was at one moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from llamora.journal.writing import Kind
from llamora.search.part import F32, Part
from llamora.search.postings import I64, U8, U32, found

Flags = NDArray[np.bool_]
MOST_LANGUAGES = 6
KEPT_TERMS = 2_000
"""Terms whose places are remembered."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A part, which of its writings are living, and the sealed segment it was read from."""

    part: Part
    alive: Flags
    segment: bytes | None = None

    @classmethod
    def of(cls, part: Part) -> "Layer":
        return cls(part, np.ones(part.writings, np.bool_))

    @cached_property
    def living(self) -> Flags:
        """Which passages are of living writings."""
        return self.alive[self.part.owners]

    @cached_property
    def dead(self) -> int:
        """How many passages are not."""
        return int(self.part.passages - self.living.sum())

    def without(self, id: bytes) -> "Layer | None":
        """The layer with that writing dead; None when it was not alive here."""
        row = self.part.row(id)
        if row is None or not self.alive[row]:
            return None
        alive = self.alive.copy()
        alive[row] = False
        return replace(self, alive=alive)


class Norms(NamedTuple):
    """See `Shelf.norms`."""

    passages: F32
    writings: F32
    days: F32


@dataclass(frozen=True, eq=False)
class Shelf:
    """All layers, as one search sees them. Writings and passages are numbered through."""

    layers: tuple[Layer, ...] = ()

    @cached_property
    def writing_bases(self) -> list[int]:
        return _bases([layer.part.writings for layer in self.layers])

    @cached_property
    def passage_bases(self) -> list[int]:
        return _bases([layer.part.passages for layer in self.layers])

    @property
    def writings(self) -> int:
        return self.writing_bases[-1]

    @property
    def passages(self) -> int:
        return self.passage_bases[-1]

    @cached_property
    def alive(self) -> Flags:
        return _joined([layer.alive for layer in self.layers], np.bool_)

    @cached_property
    def owners(self) -> I64:
        """Which writing each passage is of."""
        bases = self.writing_bases
        return _joined(
            [layer.part.owners + np.int64(bases[n]) for n, layer in enumerate(self.layers)],
            np.int64,
        )

    @cached_property
    def first(self) -> I64:
        """The first passage of each writing."""
        numbered = zip(self.passage_bases, self.layers, strict=False)
        return _joined(
            [layer.part.first[:-1].astype(np.int64) + base for base, layer in numbered], np.int64
        )

    def passages_of(self, writing: int) -> tuple[int, int]:
        """The first passage of a writing, and the first behind it."""
        first = int(self.first[writing])
        layer, row = self._at(writing)
        return first, first + int(layer.part.first[row + 1]) - int(layer.part.first[row])

    @property
    def lengths(self) -> F32:
        """How many words each passage has."""
        return _joined([layer.part.lengths for layer in self.layers], np.float32)

    @cached_property
    def writing_lengths(self) -> F32:
        if not self.writings:
            return np.zeros(0, np.float32)
        return np.add.reduceat(self.lengths, self.first).astype(np.float32)

    @cached_property
    def days(self) -> U32:
        """The ordinal of each writing's day."""
        return _joined([layer.part.days for layer in self.layers], np.uint32)

    def years(self, writings: I64) -> dict[int, int]:
        """How many of these writings are of each year, for each that has any."""
        days = self.written_days - date(1970, 1, 1).toordinal()
        years = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
        counts = np.bincount(years[self.day_numbers[writings]])
        return {year: int(counts[year]) for year in np.flatnonzero(counts).tolist()}

    @cached_property
    def kinds(self) -> NDArray[np.uint8]:
        return _joined([layer.part.kinds for layer in self.layers], np.uint8)

    @cached_property
    def written_days(self) -> I64:
        """The days that have a writing, rising."""
        return np.flatnonzero(np.bincount(self._days_since)) + self._first_day

    @cached_property
    def day_numbers(self) -> I64:
        """Which of the written days each writing is on."""
        return (np.cumsum(np.bincount(self._days_since) > 0) - 1)[self._days_since]

    @property
    def _first_day(self) -> int:
        return int(self.days.min()) if self.writings else 0

    @property
    def _days_since(self) -> I64:
        """How long after the first each writing's day is: what is counted by day is then as long
        as the journal, and not two thousand years."""
        return self.days.astype(np.int64) - self._first_day

    def norms(self, k1: float, b: float) -> Norms:
        """By how much the length of each passage, writing and day tells against it in BM25."""
        if (k1, b) not in self._norms:
            writings = self.writing_lengths
            days = np.bincount(self.day_numbers, writings, minlength=len(self.written_days))
            self._norms.clear()
            self._norms[k1, b] = Norms(
                *(
                    k1 * (1 - b + b * lengths / max(float(lengths.mean()), 1))
                    for lengths in (self.lengths, writings, days.astype(np.float32))
                )
            )
        return self._norms[k1, b]

    @cached_property
    def _norms(self) -> dict[tuple[float, float], Norms]:
        return {}

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the journal, the commonest first; not more than a few, as each costs
        every word of a query a little, and some are only mistaken."""
        spoken: dict[str, int] = {}
        for layer in self.layers:
            counts = np.bincount(layer.part.spoken, minlength=len(layer.part.languages))
            for language, n in zip(layer.part.languages, counts.tolist(), strict=False):
                spoken[language] = spoken.get(language, 0) + n
        return tuple(sorted(spoken, key=lambda one: -spoken[one])[:MOST_LANGUAGES])

    @cached_property
    def makes(self) -> tuple[str, ...]:
        """Which embedders its vectors are of."""
        return tuple(sorted({layer.part.make for layer in self.layers}))

    @property
    def nbytes(self) -> int:
        return sum(layer.part.nbytes for layer in self.layers)

    def id(self, writing: int) -> bytes:
        layer, row = self._at(writing)
        return layer.part.ids[row].tobytes()

    def revision(self, writing: int) -> int:
        layer, row = self._at(writing)
        return int(layer.part.revisions[row])

    def kind(self, writing: int) -> Kind:
        return Kind(int(self.kinds[writing]))

    def span(self, passage: int) -> tuple[int, int]:
        """Where a passage begins and ends in its writing's text, in code points."""
        n = int(np.searchsorted(self.passage_bases, passage, "right")) - 1
        part, row = self.layers[n].part, passage - self.passage_bases[n]
        start = int(part.starts[row])
        return start, start + int(part.sizes[row])

    def vectors_of(self, writing: int) -> dict[str, F32]:
        """The mean of a writing's vectors, of unit length, by the embedder that made them."""
        layer, row = self._at(writing)
        part = layer.part
        at = slice(int(part.first[row]), int(part.first[row + 1]))
        mean = (part.vectors[at] * part.scales[at, None]).mean(axis=0)
        norm = float(np.linalg.norm(mean))
        return {part.make: (mean / norm if norm else mean).astype(np.float32)}

    def holding(self, term: int) -> tuple[I64, F32]:
        """The passages that hold a term, rising, and how often each does, dead ones among them."""
        stretches: list[tuple[int, int, tuple[U8, U8]]] = []
        for n, at in self._places(term):
            postings = self.layers[n].part.postings
            count = int(postings.counts[at])
            stretches.append((self.passage_bases[n], count, postings.encoded(at)))
        return found(stretches)

    def count(self, term: int) -> int:
        """How many passages hold a term, dead ones among them."""
        return sum(int(self.layers[n].part.postings.counts[at]) for n, at in self._places(term))

    def _places(self, term: int) -> list[tuple[int, int]]:
        """The layers that have a term, and where their postings have it. A query asks for the same
        few again and again."""
        known = self._placed.get(term)
        if known is None:
            each = ((n, layer.part.postings.place(term)) for n, layer in enumerate(self.layers))
            known = [(n, at) for n, at in each if at is not None]
            if len(self._placed) >= KEPT_TERMS:
                self._placed.clear()
            self._placed[term] = known
        return known

    @cached_property
    def _placed(self) -> dict[int, list[tuple[int, int]]]:
        return {}

    def has(self, id: bytes) -> bool:
        return any(
            (row := layer.part.row(id)) is not None and layer.alive[row] for layer in self.layers
        )

    def numbers(self, ids: Sequence[bytes]) -> I64:
        """Which living writing has each of these ids; -1 for one that none has."""
        numbers = np.full(len(ids), -1, np.int64)
        for base, layer in zip(self.writing_bases, self.layers, strict=False):
            rows = layer.part.rows(ids)
            here = np.flatnonzero(rows >= 0)
            here = here[layer.alive[rows[here]]]
            numbers[here] = rows[here] + base
        return numbers

    def with_layer(self, layer: Layer) -> "Shelf":
        """The shelf with a layer more, whose writings are dead everywhere else."""
        shelf = self
        for writing in range(layer.part.writings):
            shelf = shelf.without(layer.part.ids[writing].tobytes())
        return Shelf((*shelf.layers, layer))

    def without(self, id: bytes) -> "Shelf":
        """The shelf with that writing dead."""
        for n, layer in enumerate(self.layers):
            less = layer.without(id)
            if less is not None:
                return Shelf((*self.layers[:n], less, *self.layers[n + 1 :]))
        return self

    def _at(self, writing: int) -> tuple[Layer, int]:
        n = int(np.searchsorted(self.writing_bases, writing, "right")) - 1
        return self.layers[n], writing - self.writing_bases[n]


def _bases(sizes: Sequence[int]) -> list[int]:
    """Where each of these begins when they stand one after the other, and where the last ends."""
    bases = [0]
    for size in sizes:
        bases.append(bases[-1] + size)
    return bases


def _joined(arrays: Sequence[NDArray], kind: type) -> NDArray:
    if not arrays:
        return np.zeros(0, kind)
    return np.concatenate(arrays).astype(kind, copy=False)
