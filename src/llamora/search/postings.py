"""Postings: which passages hold a term and how often, as small as they are quick to read.

The passages of a term stand in rising order, each as its distance from the one before, doubled,
plus one when the term occurs there more than once; these numbers are bytes of seven bits, the last
of each number below 128. How often, for the passages marked so, is one byte each in a second
stream. On diaries a posting takes 1.2 bytes where plain numbers take five.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Postings:
    """The postings of many terms. `terms` is sorted; term n has `counts[n]` passages, which stand
    in `docs[doc_starts[n] : doc_starts[n + 1]]`, and its repetitions are in `repeats` likewise."""

    terms: U32
    counts: U32
    doc_starts: U32
    repeat_starts: U32
    docs: U8
    repeats: U8

    @classmethod
    def of(cls, terms: U32, docs: I64, times: I64) -> "Postings":
        """From one number of each for every posting, in any order, each pair once."""
        order = np.lexsort((docs, terms))
        terms, docs, times = terms[order], docs[order], times[order]
        distinct, first, counts = np.unique(terms, return_index=True, return_counts=True)
        distances = np.diff(docs, prepend=0)
        distances[first] = docs[first]
        repeated = times > 1
        numbers = distances * 2 + repeated
        encoded, sizes = _encode(numbers)
        size_before = np.concatenate(([0], np.cumsum(sizes)))
        repeat_before = np.concatenate(([0], np.cumsum(repeated)))
        ends = np.append(first, len(terms))
        return cls(
            distinct.astype(np.uint32),
            counts.astype(np.uint32),
            size_before[ends].astype(np.uint32),
            repeat_before[ends].astype(np.uint32),
            encoded,
            np.minimum(times[repeated], 255).astype(np.uint8),
        )

    def count(self, term: int) -> int:
        """How many passages hold a term."""
        at = self._at(term)
        return 0 if at is None else int(self.counts[at])

    def find(self, term: int) -> tuple[I64, NDArray[np.float32]] | None:
        """The passages that hold a term, rising, and how often each does; None for no such term."""
        at = self._at(term)
        if at is None:
            return None
        numbers = _decode(self.docs[self.doc_starts[at] : self.doc_starts[at + 1]])
        times = np.ones(len(numbers), np.float32)
        repeats = self.repeats[self.repeat_starts[at] : self.repeat_starts[at + 1]]
        times[(numbers & 1).astype(bool)] = repeats
        return np.cumsum(numbers >> 1), times

    def fit(self) -> bool:
        """Whether the arrays fit together, so that every term can be read. Which passages there
        are is not looked at: to read all would take as long as to open the segment."""
        if len(self.counts) != len(self.terms) or not (
            _are_bounds(self.doc_starts, len(self.terms), len(self.docs))
            and _are_bounds(self.repeat_starts, len(self.terms), len(self.repeats))
        ):
            return False
        last = self.docs < 128
        begin = np.concatenate(([True], last))
        recurring = begin[:-1] & (self.docs & 1).astype(bool)
        return bool(
            (self.terms[1:] > self.terms[:-1]).all()
            and self.counts.all()
            and begin[self.doc_starts].all()
            and (_sums(last, self.doc_starts) == self.counts).all()
            and (_sums(recurring, self.doc_starts) == np.diff(self.repeat_starts)).all()
        )

    def _at(self, term: int) -> int | None:
        at = int(np.searchsorted(self.terms, np.uint32(term)))
        return at if at < len(self.terms) and self.terms[at] == term else None

    def all(self) -> tuple[U32, I64, I64]:
        """One number of each for every posting: what `of` was given, by term and passage."""
        numbers = _decode(self.docs)
        distances = numbers >> 1
        firsts = np.cumsum(self.counts, dtype=np.int64) - self.counts
        running = np.cumsum(distances)
        before = np.repeat(running[firsts] - distances[firsts], self.counts)
        times = np.ones(len(numbers), np.int64)
        times[(numbers & 1).astype(bool)] = self.repeats
        return np.repeat(self.terms, self.counts), running - before, times


def _are_bounds(starts: U32, size: int, end: int) -> bool:
    """Whether so many stretches begin at these places, the first at 0, the last up to `end`."""
    return (
        len(starts) == size + 1
        and int(starts[0]) == 0
        and int(starts[-1]) == end
        and bool((starts[1:] >= starts[:-1]).all())
    )


def _sums(flags: NDArray[np.bool_], starts: U32) -> NDArray[np.int32]:
    """How many flags are set in each stretch."""
    return np.diff(np.concatenate(([0], np.cumsum(flags, dtype=np.int32)))[starts])


def _encode(numbers: I64) -> tuple[U8, I64]:
    """The numbers' bytes one after the other, and how many each takes."""
    sizes = np.ones(len(numbers), np.int64)
    for bits in (7, 14, 21, 28):
        sizes += numbers >= 1 << bits
    ends = np.cumsum(sizes)
    encoded = np.zeros(int(ends[-1]) if len(ends) else 0, np.uint8)
    for place in range(5):
        longer = sizes > place
        chunk = (numbers[longer] >> (7 * place)) & 127
        more = sizes[longer] > place + 1
        encoded[(ends - sizes)[longer] + place] = chunk | (more << 7)
    return encoded, sizes


def _decode(encoded: U8) -> I64:
    """The numbers in these bytes."""
    last = encoded < 128
    if last.all():
        return encoded.astype(np.int64)
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    place = np.arange(len(encoded)) - np.repeat(starts, ends - starts + 1)
    return np.add.reduceat((encoded & 127).astype(np.int64) << (7 * place), starts)
