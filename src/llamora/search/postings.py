"""Postings: which passages hold a term and how often, as small as they are quick to read.

The passages of a term stand in rising order, each as its distance from the one before, doubled,
plus one when the term occurs there more than once; these numbers are bytes of seven bits, the last
of each number below 128. How often, for the passages marked so, is one byte each in a second
stream. On diaries a posting takes 1.2 bytes where plain numbers take five.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
U32 = NDArray[np.uint32]
I64 = NDArray[np.int64]
F32 = NDArray[np.float32]


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

    def place(self, term: int) -> int | None:
        """Where a term stands; None when no passage holds it."""
        at = int(np.searchsorted(self.terms, np.uint32(term)))
        return at if at < len(self.terms) and self.terms[at] == term else None

    def encoded(self, at: int) -> tuple[U8, U8]:
        """The passages of the term at a place, and its repetitions."""
        docs, repeats = self.doc_starts, self.repeat_starts
        return self.docs[docs[at] : docs[at + 1]], self.repeats[repeats[at] : repeats[at + 1]]

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


def found(stretches: Sequence[tuple[int, int, tuple[U8, U8]]]) -> tuple[I64, F32]:
    """The passages that hold a term, rising, and how often each does. Of each part that has it are
    given the number of the part's first passage, how many hold the term, and what is encoded; all
    are read in one go, for a journal has many parts and most terms stand in few passages of each.
    """
    if not stretches:
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    bases, counts, encoded = zip(*stretches, strict=True)
    numbers = _decode(np.concatenate([docs for docs, _ in encoded]))
    times = np.ones(len(numbers), np.float32)
    times[(numbers & 1).astype(bool)] = np.concatenate([repeats for _, repeats in encoded])
    docs = np.cumsum(numbers >> 1)
    # The first passage of each part is a distance from none.
    ends = np.cumsum(counts)[:-1]
    docs += np.repeat(bases - np.append(0, docs[ends - 1]), counts)
    return docs, times


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
    numbers = (encoded[starts] & 127).astype(np.int64)
    longer, place = np.flatnonzero(ends > starts), 1
    while len(longer):  # most numbers are a byte, and few have more than two
        at = starts[longer] + place
        numbers[longer] |= (encoded[at] & 127).astype(np.int64) << (7 * place)
        longer, place = longer[ends[longer] > at], place + 1
    return numbers
