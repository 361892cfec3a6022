"""The words of a journal as points in space, so that a word finds those that mean nearly the same.

Only words that the diarist writes are in it, so nothing is suggested from outside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from llamora.search.index import Shelf
from llamora.search.part import F32, Part, Vectors8, products, quantised
from llamora.search.postings import I64, U32
from llamora.search.wordllama import word_vectors

MOST_WORDS = 20_000
"""The commonest words of a journal; 5 MB, and 0.2 s to make."""
KEPT_WORDS = 500
PIECES = 20
"""In so many steps the words' vectors are made small."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Terms, each with the vector of the form it is most often written in."""

    terms: U32
    vectors: Vectors8
    scales: F32
    mean: F32
    size: int
    """How many words the journal had in all when this was made."""
    _known: dict[tuple[str, int, float], list[tuple[int, float]]] = field(default_factory=dict)
    """What was asked lately: while a query is typed, most of its words were asked before."""

    @classmethod
    def of(cls, shelf: Shelf) -> "Lexicon":
        """The lexicon of a journal. Some tenths of a second: call in a thread."""
        parts = [layer.part for layer in shelf.layers if len(layer.part.words)]
        if not parts:
            nothing = np.zeros(0, np.uint32)
            return cls(nothing, *quantised(word_vectors([])), word_vectors([""])[0], 0)
        terms = np.concatenate([part.word_terms for part in parts])
        counts = np.concatenate([part.word_counts for part in parts])
        # By term, the commonest form first; then one of each term, the commonest terms first.
        order = np.lexsort((~counts, terms))
        distinct, at = np.unique(terms[order], return_index=True)
        total = np.add.reduceat(counts[order], at)
        kept = np.argsort(~total, kind="stable")[:MOST_WORDS]
        vectors = word_vectors(_words(parts, order[at[kept]]))
        mean = vectors.mean(axis=0)
        # Some at a time: a journal is never more in memory than while it is unlocked.
        turned = [quantised(_turned(some, mean)) for some in np.array_split(vectors, PIECES)]
        rows, scales = (np.concatenate(each) for each in zip(*turned, strict=True))
        return cls(distinct[kept], rows, scales, mean, len(terms))

    def is_outdated_by(self, shelf: Shelf) -> bool:
        """Whether the journal has got so many new words that it is worth making anew."""
        size = sum(len(layer.part.word_counts) for layer in shelf.layers)
        return abs(size - self.size) > max(self.size // 20, 200)

    def near(self, words: Sequence[str], most: int, least: float) -> list[list[tuple[int, float]]]:
        """For each word, the nearest terms and how near they are (cosine), nearest first: at most
        so many, each at least so near."""
        key = (most, least)
        unknown = [word for word in dict.fromkeys(words) if (word, *key) not in self._known]
        if len(self._known) + len(unknown) > KEPT_WORDS:
            self._known.clear()
            unknown = list(dict.fromkeys(words))
        for word, terms in zip(unknown, self._near(unknown, most, least), strict=True):
            self._known[(word, *key)] = terms
        return [self._known[(word, *key)] for word in words]

    def _near(self, words: Sequence[str], most: int, least: float) -> list[list[tuple[int, float]]]:
        if not len(self.terms) or not words:
            return [[] for _ in words]
        asked = _turned(word_vectors(words), self.mean)
        likeness = np.empty((len(self.terms), len(words)), np.float32)
        products(self.vectors, np.ascontiguousarray(asked.T), likeness)
        likeness *= self.scales[:, None]
        found: list[list[tuple[int, float]]] = []
        for column in likeness.T:
            best = np.argpartition(-column, min(most, len(column) - 1))[:most]
            best = best[np.argsort(-column[best], kind="stable")]
            found.append(
                [(int(self.terms[n]), float(column[n])) for n in best if column[n] >= least]
            )
        return found


def _words(parts: Sequence[Part], numbers: I64) -> list[str]:
    """The words of these numbers, those of all parts numbered through; only these are read."""
    ends = np.cumsum([len(part.word_terms) for part in parts])
    places = np.searchsorted(ends, numbers, "right")
    firsts = ends - [len(part.word_terms) for part in parts]
    return [
        parts[n].word(at)
        for n, at in zip(places.tolist(), (numbers - firsts[places]).tolist(), strict=True)
    ]


def _turned(vectors: F32, mean: F32) -> NDArray[np.float32]:
    """Without what all words have in common."""
    turned = vectors - mean
    norms = np.linalg.norm(turned, axis=1, keepdims=True)
    return (turned / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
