"""Which of the diarist's traces fit an entry, judged by the entries that carry them already.

Three things are asked of those. How many that hold a word of this entry carry the trace: the word
that tells most speaks for it (a naive Bayes with one witness; sums over all words did worse, for
each entry has a hundred that tell nothing). What do the entries carry that share most rare words
with this one, and those that are nearest to it in meaning. Each counts by how far it goes beyond
what chance would say. And a name that stands in the entry
speaks for itself. Measured in docs/search.md.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from llamora.search.index import Flags, Shelf
from llamora.search.part import F32
from llamora.search.postings import I64
from llamora.search.rank import likeness
from llamora.search.traced import Traced
from llamora.search.wordllama import is_common
from llamora.search.words import term_of, words

F64 = NDArray[np.float64]

MOST_WORDS = 400
"""Words of an entry that are looked at."""
DOUBT = 3.0
"""A word counts as if so many entries more held it that carry each trace as often as any do."""
NEIGHBOURS = 30
"""Entries that resemble this one most and are asked what they carry."""
BY_NEIGHBOURS = 1 / 3
"""What those with like words say, and those of like meaning, beside the most telling word."""
BY_NAME = 0.3
"""What it adds that the name stands in the entry."""
COMMONNESS = 0.2
"""The power of a trace's share of all entries by which its closeness is divided."""
LEAST = 0.3
"""What is less close than this does not fit."""


@dataclass(frozen=True, eq=False)
class _Links:
    """Pairs of a writing of the shelf and a trace on it, as two arrays; `traces` are all ids."""

    traces: tuple[bytes, ...]
    writings: I64
    numbers: I64
    carrying: Flags

    @classmethod
    def of(cls, shelf: Shelf, traced: Traced, but: int | None) -> "_Links":
        """All of a journal, but for those of one writing."""
        traces = tuple(traced.names)
        places = {id: n for n, id in enumerate(traces)}
        rows = shelf.numbers(list(traced.of)).tolist()
        pairs = [
            (row, places[id])
            for row, ids in zip(rows, traced.of.values(), strict=True)
            if row not in (-1, but)
            for id in ids
            if id in places
        ]
        both = np.array(pairs, np.int64).reshape(-1, 2)
        carrying = np.zeros(shelf.writings, np.bool_)
        carrying[both[:, 0]] = True
        return cls(traces, both[:, 0], both[:, 1], carrying)

    def summed(self, weights: NDArray) -> F64:
        """For each trace the sum of what the writings that carry it weigh."""
        weighed = weights[self.writings].astype(np.float64)
        return np.bincount(self.numbers, weighed, len(self.traces)).astype(np.float64, copy=False)


def near(
    shelf: Shelf,
    traced: Traced,
    text: str,
    vectors: Mapping[str, F32],
    writing: int | None = None,
    own: Collection[bytes] = (),
) -> list[tuple[bytes, float]]:
    """The traces that fit a text and how close they are, the closest first; not those that rest,
    nor its `own`.

    `vectors` has the text's vector for each make of embedder; `writing` is its number on the shelf,
    if it is there.
    """
    links = _Links.of(shelf, traced, writing)
    if not len(links.writings):
        return []
    share = np.maximum(links.summed(links.carrying), 0.5) / links.carrying.sum()
    told, shared = _by_words(shelf, links, share, text)
    meaning = np.maximum.reduceat(likeness(shelf, vectors), shelf.first)
    close = _beyond(told, share)
    for resembling in (shared, np.maximum(meaning, 0)):
        close += BY_NEIGHBOURS * _beyond(_by_neighbours(links, share, resembling), share)
    close += BY_NAME * _by_name(shelf, traced, links, text)
    close[close < LEAST] = 0
    close /= share**COMMONNESS
    order = [n for n in np.argsort(-close, kind="stable").tolist() if close[n] > 0]
    fitting = [(links.traces[n], float(close[n])) for n in order]
    passed_over = traced.resting.union(own)
    return [(id, closeness) for id, closeness in fitting if id not in passed_over]


def _beyond(told: F64, share: F64) -> F64:
    """How far what is told of each trace goes beyond its share of all entries, of how far it could
    go. What stands on everything already is told of anything, and fits nothing for that: were it
    offered, each time it is kept would speak for the next."""
    return np.maximum(told - share, 0) / np.maximum(1 - share, 1e-9)


def _by_words(shelf: Shelf, links: _Links, share: F64, text: str) -> tuple[F64, F64]:
    """For each trace, how likely the most telling word makes it; for each writing, how much its
    words have in common with the text."""
    told = np.zeros(len(links.traces))
    shared = np.zeros(shelf.writings)
    every = int(links.carrying.sum())
    for term in _terms(shelf, text):
        held = _holding(shelf, term) & links.carrying
        count = int(held.sum())
        if count < 2:
            continue
        told = np.maximum(told, (links.summed(held) + DOUBT * share) / (count + DOUBT))
        shared[held] += log(every / count)
    return told, shared / np.sqrt(np.maximum(shelf.writing_lengths, NEIGHBOURS))


def _by_neighbours(links: _Links, share: F64, likeness: NDArray) -> F64:
    """For each trace the share of those that resemble the text most which carry it, the nearest
    counting most. Where there are few to ask, their say is held to be chance as much."""
    candidates = np.flatnonzero(links.carrying)
    if len(candidates) > NEIGHBOURS:
        nearest = np.argpartition(-likeness[candidates], NEIGHBOURS)[: NEIGHBOURS + 1]
        candidates = candidates[nearest]
        likeness = likeness - likeness[candidates].min()
    weights = np.zeros(len(links.carrying))
    weights[candidates] = likeness[candidates]
    said = links.summed(weights) / max(float(weights.sum()), 1e-9)
    trust = int(links.carrying.sum()) / (int(links.carrying.sum()) + NEIGHBOURS)
    return trust * said + (1 - trust) * share


def _by_name(shelf: Shelf, traced: Traced, links: _Links, text: str) -> F64:
    """1 for each trace all of whose name stands in the text."""
    languages = shelf.languages or ("",)
    said = set(_terms(shelf, text, common=True))
    stands = [
        all(
            any(term_of(word.folded, language) in said for language in languages)
            for word in words(traced.names[id])
        )
        for id in links.traces
    ]
    return np.array(stands, np.float64)


def _terms(shelf: Shelf, text: str, *, common: bool = False) -> list[int]:
    folded = dict.fromkeys(word.folded for word in words(text))
    kept = [word for word in folded if common or not is_common(word)]
    languages = shelf.languages or ("",)
    terms = (term_of(word, language) for word in kept[:MOST_WORDS] for language in languages)
    return list(dict.fromkeys(terms))


def _holding(shelf: Shelf, term: int) -> Flags:
    held = np.zeros(shelf.writings, np.bool_)
    held[shelf.owners[shelf.holding(term)[0]]] = True
    return held
