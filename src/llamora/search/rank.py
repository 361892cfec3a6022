"""What comes first: one pure function, and one table of its constants.

Words count by BM25 (Robertson and Zaragoza, 2009), in the passage, in the whole writing and in the
day, and also where a trace of the writing is called so. A word counts as well where one of nearly
the same meaning stands, by as much as it is near, but a passage never counts a word twice for that.
What a writing gets of what it could get at most lies between 0 and 1, so a query of rare words
trusts its words, and one whose words the diarist never writes trusts its meaning: the nearest
passage's cosine.

Other words that the page may hold instead count the same way, but for less: what has only those
never comes before what has as much of the query's own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from llamora.search.index import Flags, Shelf
from llamora.search.part import F32
from llamora.search.postings import I64


@dataclass(frozen=True)
class Constants:
    """Each was tried on the queries of `tests/quality`; the table there says what it brings."""

    k1: float = 1.2
    b: float = 0.75
    near_words: int = 8
    """How many of the diarist's words stand in for one that is asked for."""
    least_near: float = 0.4
    """How near they must be (cosine of word vectors, their mean taken away)."""
    least_telling: float = 2.0
    """A word that tells less (its inverse document frequency) has no others stand in for it."""
    passage: float = 1.0
    writing: float = 1.0
    day: float = 0.25
    meaning: float = 0.75
    least_of_best: float = 0.4
    """What is worth less than this share of the best answer is none, but for the best ten ..."""
    least_of_all: float = 0.3
    """... nor is one of those that is worth less than this share ..."""
    least: float = 0.15
    """... and nothing that is worth less than this: it resembles the query as little as most do."""
    trace: float = 1.0
    """What a word counts that stands in the name of a trace of the writing."""
    other: float = 0.5
    """What one of the other words counts for that may stand for those of the query ..."""
    others: float = 0.5
    """... and all of them together at most, of what the query's own words could bring."""
    rare: int = 3
    """A word that stands in so few writings was meant exactly ..."""
    rare_boost: float = 0.5
    """... and what holds it comes before what only resembles the query."""


CONSTANTS = Constants()
FEWEST = 10
ONE_A_DAY = 0.9
"""With a writing a day or so, the day says what the writing says already."""
RARE_PASSAGES = 100
"""A word that more passages hold is not looked at: it stands in more than a few writings."""


@dataclass(frozen=True)
class Asked:
    """One word of the query: its terms, one for each language of the journal that stems it in its
    own way; and other terms that count for less, with how near they are."""

    terms: tuple[int, ...]
    near: tuple[tuple[int, float], ...] = ()
    is_common: bool = False
    """Whether it is one of the words that stand in any text; they are not marked in snippets."""
    carried: I64 = field(default_factory=lambda: np.zeros(0, np.int64), compare=False)
    """The writings that carry a trace whose name has the word."""


@dataclass(frozen=True)
class Ranked:
    """For each writing of the shelf its score, for each passage its share in that, and which
    writings carry traces that name all that was asked for: these answer in any case."""

    scores: F32
    per_passage: F32
    named: Flags

    def answers(self, among: Flags, constants: Constants = CONSTANTS) -> Flags:
        """Which of these writings answer at all."""
        scores = self.scores[among]
        if not len(scores):
            return among
        tenth = np.partition(scores, -FEWEST)[-FEWEST] if len(scores) > FEWEST else scores.min()
        enough = min(float(tenth), constants.least_of_best * float(scores.max()))
        floor = constants.least_of_all * float(scores.max())
        return among & (self.named | (self.scores >= max(constants.least, floor, enough)))

    def best_passage(self, shelf: Shelf, writing: int) -> int:
        """Which passage of a writing of that shelf answers best."""
        first, end = shelf.passages_of(writing)
        return first + int(np.argmax(self.per_passage[first:end]))


def rank(
    shelf: Shelf,
    asked: Sequence[Asked],
    vectors: Mapping[str, F32],
    constants: Constants = CONSTANTS,
    others: Sequence[Asked] = (),
    wider: Mapping[str, F32] | None = None,
) -> Ranked:
    """How well each writing answers. `vectors` has the query's vector for each make of embedder,
    and `wider` that of the query with the other words, which `others` are."""
    if not shelf.writings:
        nothing = np.zeros(0, np.float32)
        return Ranked(nothing, nothing, np.zeros(0, np.bool_))
    words = _Words(shelf, constants)
    for word in asked:
        words.take(word)
    meaning = likeness(shelf, vectors)
    if wider:  # whichever is nearer, so that no passage loses by other words
        np.maximum(meaning, likeness(shelf, wider), out=meaning)
    c, most = constants, max(words.most, 1e-9)
    # Each passage by its own words and meaning; a writing is as good as its best passage.
    in_passages, in_writings = words.passages, words.writings
    if others:
        beside = _Words(shelf, constants)
        for word in others:
            beside.take(word)
        in_passages = in_passages + np.minimum(c.other * beside.passages, c.others * most)
        in_writings = in_writings + np.minimum(c.other * beside.writings, c.others * most)
    per_passage = _float32(c.passage / most * in_passages + c.meaning * meaning)
    scores = np.maximum.reduceat(per_passage, shelf.first)
    scores += c.writing * in_writings / most
    scores += c.day * words.days[shelf.day_numbers] / most
    scores += c.trace * words.traces / most
    scores += c.rare_boost * words.rare / max(1, len(asked))
    return Ranked(_float32(scores), per_passage, _named(shelf, asked))


def _named(shelf: Shelf, asked: Sequence[Asked]) -> Flags:
    """The writings that carry a trace for each word that says something."""
    telling = [word for word in asked if not word.is_common] or asked
    named = np.ones(shelf.writings, np.bool_)
    for word in telling:
        carried = np.zeros(shelf.writings, np.bool_)
        carried[word.carried] = True
        named &= carried
    return named


class _Words:
    """BM25 at three levels, one word of the query after the other."""

    def __init__(self, shelf: Shelf, constants: Constants) -> None:
        self._shelf, self._c = shelf, constants
        self.most = 0.0
        self.passages = np.zeros(shelf.passages, np.float32)
        self.writings = np.zeros(shelf.writings, np.float32)
        self.traces = np.zeros(shelf.writings, np.float32)
        self.rare = np.zeros(shelf.writings, np.float32)
        days = len(shelf.written_days)
        self.days = np.zeros(days, np.float32)
        self._one_a_day = days > ONE_A_DAY * shelf.writings
        self._norms = shelf.norms(constants.k1, constants.b)

    def take(self, asked: Asked) -> None:
        """Adds one word of the query."""
        shelf, c = self._shelf, self._c
        count = sum(shelf.count(term) for term in asked.terms)
        telling = self._telling(max(count, len(asked.carried), 1))
        self.traces[asked.carried] += telling * (c.k1 + 1)
        self.most += telling * (c.k1 + 1)
        near = [(term, nearness) for term, nearness in asked.near if term not in asked.terms]
        best = [np.zeros_like(each) for each in (self.passages, self.writings, self.days)]
        for term, nearness in [*((term, 1.0) for term in asked.terms), *near]:
            own = self._telling(max(shelf.count(term), 1))
            self._take(term, nearness * min(own, telling), best)
        self.passages += best[0]
        self.writings += best[1]
        self.days += best[2]
        if 0 < count <= RARE_PASSAGES:
            self._mark_rare(asked.terms)

    def _take(self, term: int, weight: float, best: list[F32]) -> None:
        shelf, norms = self._shelf, self._norms
        docs, times = shelf.holding(term)
        if not len(docs):
            return
        self._raise(best[0], docs, times, norms.passages, weight)
        owners = shelf.owners[docs]
        starts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
        writings, in_writing = owners[starts], np.add.reduceat(times, starts)
        self._raise(best[1], writings, in_writing, norms.writings, weight)
        if not self._one_a_day:
            in_day = np.bincount(shelf.day_numbers[writings], in_writing, len(best[2]))
            days = np.flatnonzero(in_day)
            self._raise(best[2], days, in_day[days].astype(np.float32), norms.days, weight)

    def _raise(self, best: F32, at: I64, times: F32, norms: F32, weight: float) -> None:
        gained = weight * (self._c.k1 + 1) * times
        gained /= times + norms[at]
        best[at] = np.maximum(best[at], gained)

    def _mark_rare(self, terms: tuple[int, ...]) -> None:
        shelf = self._shelf
        docs = np.concatenate([shelf.holding(term)[0] for term in terms])
        writings = np.unique(shelf.owners[docs])
        if shelf.alive[writings].sum() <= self._c.rare:
            self.rare[writings] += 1

    def _telling(self, count: int) -> float:
        """The inverse document frequency of a term that so many passages hold."""
        return float(np.log(1 + (self._shelf.passages - count + 0.5) / (count + 0.5)))


def _float32(numbers: NDArray[np.floating]) -> F32:
    return numbers.astype(np.float32, copy=False)


def likeness(shelf: Shelf, vectors: Mapping[str, F32]) -> F32:
    """The cosine of each passage with the query; 0 where its embedder cannot be asked."""
    found = np.zeros(shelf.passages, np.float32)
    for base, layer in zip(shelf.passage_bases, shelf.layers, strict=False):
        query = vectors.get(layer.part.make)
        if query is not None and layer.part.kind == (layer.part.make, len(query)):
            layer.part.likeness(query, found[base : base + layer.part.passages])
    return found
