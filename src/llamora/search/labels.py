"""Labels that a text offers of itself: a few of its own words, names and two-word phrases.

What may become a trace of an entry when no language model is asked. A good label tells this entry
from most others and yet comes back in some, so a word is weighed by how rare it is in the journal,
by how well it recurs there, by how near it is to what the whole text says, and by how much it names
a thing (`nouns`).

Where nothing stands between words, pairs of Chinese characters and runs of katakana are offered;
of Thai and its neighbours nothing is, for a pair of their letters is no word.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, log

import numpy as np

from llamora.journal.writing import Kind
from llamora.search.index import Shelf
from llamora.search.language import detect
from llamora.search.nouns import ARTICLES, BEFORE_VERBS, OF_ALL_DAYS, is_inflected, thingness
from llamora.search.part import F32
from llamora.search.phrases import Phrase
from llamora.search.postings import I64
from llamora.search.sentences import sentences
from llamora.search.wordllama import is_common, word_vectors
from llamora.search.words import term_of, words

Read = Callable[[bytes], str | None]
"""The text of a writing; None when it cannot be read."""

MOST_READ = 20_000
"""Characters of a text that are looked at."""
SHORTEST = 3
USUAL = 0.05
"""What more than this share of all entries holds tells less and less ..."""
TOO_USUAL = 0.25
"""... and nothing from here on, in a journal of so many entries at least:"""
FEW_ENTRIES = 20
YOUNG = 200
"""So many entries more a journal is taken to have when it is told what is rare in it."""
ENOUGH = 8
"""Entries in which a label recurs as well as any."""
MOST_PAIRS = 16
"""Pairs of neighbours for which it is looked whether they recur ..."""
MOST_SAMPLED = 6
"""... in so many other entries that hold both words."""
TOGETHER = 1.15
"""What a phrase tells, beside the more telling of its words."""
TIGHT = 0.15
"""Two words are a phrase when they follow each other in this share of what holds the rarer one."""
LONGEST_RUN = 4
"""Chinese characters of one label."""
MOST_SIGNS = 3
"""A sentence may begin with so many signs before its first word."""

_between = re.compile(r"[ \t]|[ \t]?\n|-")
_chinese = re.compile("[\u3400-\u9fff]{2}")
_katakana = re.compile("[\u30a1-\u30fa\u30fc]{2,12}")
_unspaced = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_NO_LABELS = frozenset((*OF_ALL_DAYS, *ARTICLES, *BEFORE_VERBS))


@dataclass(frozen=True)
class Label:
    """A word or phrase of a text: as it is spelled there in small letters, its terms, and how much
    it tells."""

    spelled: str
    terms: tuple[int, ...]
    weight: float


@dataclass(frozen=True)
class _Place:
    """Where a word stands: which of the text's words it is, and the word before."""

    at: int
    start: int
    end: int
    word: str
    is_capital: bool
    before: str


def labels(text: str, shelf: Shelf, vector: F32, limit: int, read: Read) -> list[str]:
    """The most telling words and phrases of a text, the best first, in small letters.

    `vector` is the text's own by the built-in embedder.
    """
    reading = _Reading(text[:MOST_READ], shelf, vector)
    single = reading.words()
    every = [*reading.pairs(single, read), *reading.runs(single), *single]
    chosen: list[Label] = []
    for one in sorted(every, key=lambda one: -one.weight):
        if len(chosen) == limit or one.weight <= 0:
            break
        if not any(_overlap(one, other) for other in chosen):
            chosen.append(one)
    return [one.spelled for one in chosen]


def telling(text: str, shelf: Shelf, vector: F32) -> list[Label]:
    """All words of an English text that tell something, names not among them; none of another."""
    reading = _Reading(text[:MOST_READ], shelf, vector)
    if reading.language != "en":
        return []
    return [one for one in reading.words() if one.weight > 0 and not reading.is_name(one.terms[0])]


class _Reading:
    """A text, word by word, against what the journal knows of each."""

    def __init__(self, text: str, shelf: Shelf, vector: F32) -> None:
        self._text, self._shelf, self._vector = text, shelf, vector
        self.language = detect(text, (*shelf.languages, "en")[0])
        self._entries = max(1, int((shelf.alive & (shelf.kinds == Kind.ENTRY)).sum()))
        self._starts = [start for start, _ in sentences(text)]
        self._held: dict[int, I64] = {}
        self._places: dict[int, list[_Place]] = {}
        for place in self._found():
            self._places.setdefault(self._term(place.word), []).append(place)

    def words(self) -> list[Label]:
        terms = list(self._places)
        spelled = [self._places[term][0].word for term in terms]
        english = self.language == "en"
        things = thingness(spelled) if english and spelled else np.full(len(spelled), 0.2)
        near = word_vectors(spelled) @ self._vector if spelled else np.zeros(0)
        return [
            Label(word, (term,), self._weight(term, float(thing), float(likeness)))
            for term, word, thing, likeness in zip(terms, spelled, things, near, strict=True)
        ]

    def pairs(self, single: Sequence[Label], read: Read) -> list[Label]:
        """Words that follow each other here, and elsewhere in the journal too."""
        weights = {one.terms[0]: one.weight for one in single}
        found: dict[tuple[int, int], list[str]] = {}
        for one, other in self._neighbours():
            pair = self._term(one.word), self._term(other.word)
            if pair[0] != pair[1] and weights[pair[1]] > 0:
                found.setdefault(pair, []).append(self._text[one.start : other.end])
        likely = sorted(found, key=lambda pair: -weights[pair[0]] - weights[pair[1]])
        made: list[Label] = []
        for pair in likely[:MOST_PAIRS]:
            spelled = _spelled(found[pair][0])
            count = self._together(pair, spelled, read)
            rarer = min(len(self._holding(term)) for term in pair)
            if count >= 2 and count >= TIGHT * rarer:
                weight = max(weights[term] for term in pair)
                made.append(Label(spelled, pair, weight * TOGETHER))
        return made

    def runs(self, single: Sequence[Label]) -> list[Label]:
        """Longer words where nothing stands between words: pairs of characters that always follow
        each other, and runs of katakana."""
        weights = {one.terms[0]: one.weight for one in single}
        made: list[Label] = []
        for term, places in self._places.items():
            start, end = places[0].start, places[0].end
            if not _chinese.fullmatch(self._text, start, end):
                continue
            terms = [term]
            while (after := self._after(places[0].start, end)) and self._go_together(term, after):
                terms.append(after)
                end += 1
            if len(terms) > 1:
                weight = max(weights[one] for one in terms)
                made.append(Label(self._text[start:end], tuple(terms), weight * TOGETHER))
        for found in _katakana.finditer(self._text):
            term = self._term(found.group()[:2])
            count = len(self._holding(term))
            made.append(Label(found.group(), (term,), self._tells(count) * self._recurs(count)))
        return made

    def _after(self, start: int, end: int) -> int | None:
        """The pair of Chinese characters that begins with the last of a run, if a run may go on."""
        pair = self._text[end - 1 : end + 1]
        goes_on = end - start < LONGEST_RUN and _chinese.fullmatch(pair)
        term = self._term(pair)
        return term if goes_on and term in self._places else None

    def _go_together(self, term: int, after: int) -> bool:
        sizes = [len(self._holding(one)) + len(self._places[one]) for one in (term, after)]
        return min(sizes) >= max(3, 0.8 * max(sizes))

    # What a word tells

    def is_name(self, term: int) -> bool:
        """Whether it is written with a capital wherever no sentence begins."""
        mid = [place for place in self._places[term] if not self._begins(place)]
        return bool(mid) and self.language != "de" and all(place.is_capital for place in mid)

    def _weight(self, term: int, thing: float, likeness: float) -> float:
        places = self._places[term]
        count = len(self._holding(term))
        if self._entries >= FEW_ENTRIES and count > TOO_USUAL * self._entries:
            return 0.0
        weight = (1 + log(len(places))) * self._tells(count) * self._recurs(count)
        weight *= 0.7 + max(0.0, likeness)
        if self.is_name(term):
            return weight * 0.8 / (1 + exp(-4 * (thing + 0.7)))
        if not any(place.before in ARTICLES for place in places):
            weight *= 0.6
        if any(place.before in BEFORE_VERBS for place in places):
            weight *= 0.4
        if self.language == "en" and is_inflected(places[0].word):
            weight *= 0.4
        return weight / (1 + exp(-6 * thing))

    def _tells(self, count: int) -> float:
        return log((self._entries + YOUNG) / (count + 0.5))

    def _recurs(self, count: int) -> float:
        """How good a label is that so many entries would have."""
        often = min(1.0, log(1 + count) / log(1 + ENOUGH))
        return often * exp(-max(0.0, count / (self._entries + YOUNG) - USUAL) / 0.1)

    # What the journal holds

    def _term(self, word: str) -> int:
        return term_of(word, self.language)

    def _holding(self, term: int) -> I64:
        """Which living entries hold a term."""
        if term not in self._held:
            shelf = self._shelf
            every = np.unique(shelf.owners[shelf.holding(term)[0]])
            self._held[term] = every[shelf.alive[every] & (shelf.kinds[every] == Kind.ENTRY)]
        return self._held[term]

    def _together(self, pair: tuple[int, int], spelled: str, read: Read) -> int:
        """In how many entries these two words follow each other, as far as a few of them tell."""
        both = np.intersect1d(self._holding(pair[0]), self._holding(pair[1]))
        step = max(1, len(both) // MOST_SAMPLED)
        sample = both[::step][:MOST_SAMPLED].tolist()
        phrase = Phrase.of(spelled)
        texts = [read(self._shelf.id(n)) for n in sample]
        said = sum(phrase.stands_in(text) for text in texts if text)
        return round(len(both) * said / max(1, len(sample)))

    # What the text holds

    def _found(self) -> Iterator[_Place]:
        previous = ""
        for at, word in enumerate(words(self._text)):
            folded = word.folded.removesuffix("'s")
            raw = self._text[word.start : word.end]
            if self._may_be_label(folded):
                end = word.end - (len(word.folded) - len(folded))
                yield _Place(at, word.start, end, folded, raw[0].isupper(), previous)
            previous = word.folded

    def _may_be_label(self, word: str) -> bool:
        if _unspaced.match(word):
            return bool(_chinese.fullmatch(word)) and word not in _NO_LABELS
        cased = word.upper() != word
        return (
            len(word) >= (SHORTEST if cased else 2)
            and not any(c.isdigit() for c in word)
            and word not in _NO_LABELS
            and not is_common(word)
        )

    def _begins(self, place: _Place) -> bool:
        """Whether it begins a sentence, where every word is written with a capital."""
        n = bisect_right(self._starts, place.start)
        return n == 0 or place.start - self._starts[n - 1] <= MOST_SIGNS

    def _neighbours(self) -> Iterator[tuple[_Place, _Place]]:
        places = sorted((p for each in self._places.values() for p in each), key=lambda p: p.at)
        for one, other in pairwise(places):
            gap = self._text[one.end : other.start]
            if other.at == one.at + 1 and _between.fullmatch(gap):
                yield one, other


def _overlap(one: Label, other: Label) -> bool:
    """Whether two labels share a word, or, where nothing stands between words, a character."""
    shared = set(one.spelled) & set(other.spelled)
    return bool(set(one.terms) & set(other.terms)) or any(_unspaced.match(c) for c in shared)


def _spelled(text: str) -> str:
    return " ".join(text.lower().split())
