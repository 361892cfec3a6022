"""Finding: from what was typed to a page of results.

    read the query → weigh its words and its meaning → rank → leave out what it excludes → phrases
    → snippets

Runs in a thread of its own over a shelf that does not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial

import numpy as np

from llamora.journal.journal import Journal
from llamora.journal.writing import Kind, Response, Writing
from llamora.search.completing import SHORTEST_BEGUN, begun
from llamora.search.embedder import EmbedderUnavailable
from llamora.search.embedders import Embedders
from llamora.search.index import Flags, Shelf
from llamora.search.lexicon import Lexicon
from llamora.search.part import F32
from llamora.search.phrases import Phrase
from llamora.search.postings import I64
from llamora.search.query import Query
from llamora.search.rank import CONSTANTS, Asked, Constants, Ranked, rank
from llamora.search.sentences import sentences
from llamora.search.snippets import Snippet, Telling, snippet
from llamora.search.traced import NOTHING, Traced
from llamora.search.wordllama import is_common, version_of
from llamora.search.words import term_of, words
from llamora.vault import Unreadable

MOST_VERIFIED = 5_000
"""So many writings are read at most to see whether phrases stand in them, the best first."""
TOO_COMMON = "The words of a phrase are so common that not every entry with them was read."
MOST_COMPLETIONS = 8
"""Words that a half-typed one may become."""
NEAR_MARKED = 0.5
"""A word of nearly the same meaning is marked in a snippet, at this share of its weight."""


@dataclass(frozen=True)
class Result:
    """A writing that was found, and the stretch of it that shows why.

    `entry` is the entry to open: the writing itself, or the one that a response answers.
    """

    writing: bytes
    entry: bytes
    kind: Kind
    day: date
    revision: int
    score: float
    snippet: Snippet
    traces: tuple[str, ...] = ()
    """The names of what its entry carries, and it itself."""


@dataclass(frozen=True)
class Found:
    """A page of results: those from `offset` on, of `total`. `years` counts all by year, and
    `notes` are sentences for the diarist."""

    query: Query
    results: tuple[Result, ...]
    offset: int
    total: int
    years: Mapping[int, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ranking:
    """All that answers a query, best first, as writings of one shelf."""

    shelf: Shelf
    order: I64
    notes: tuple[str, ...] = ()
    ranked: Ranked | None = None
    telling: Telling = field(default_factory=Telling)
    vectors: Mapping[str, F32] = field(default_factory=dict[str, F32])
    is_final: bool = True
    """False when a model could not be asked: the same query may find more the next time."""


class Finder:
    """Finds in one shelf."""

    def __init__(
        self,
        journal: Journal,
        shelf: Shelf,
        lexicon: Lexicon | None,
        embedders: Embedders,
        constants: Constants = CONSTANTS,
        traced: Traced = NOTHING,
    ) -> None:
        self._journal = journal
        self._shelf = shelf
        self._lexicon = lexicon
        self._embedders = embedders
        self._constants = constants
        self._traced = traced
        self._spelled: dict[int, str] = {}
        self._is_cut_short = False

    def ranking(self, query: Query) -> Ranking:
        """Everything that answers the query, in order."""
        shelf = self._shelf
        among = self._narrowed(query)
        problems = (*query.problems, *self._unknown(query))
        if query.is_empty or not shelf.writings:
            return Ranking(shelf, np.zeros(0, np.int64), problems)
        if query.is_only_narrowing:
            order = np.flatnonzero(among)
            order = order[np.argsort(-shelf.days[order].astype(np.int64), kind="stable")]
            return Ranking(shelf, order, (*problems, *self._cut_short()))
        asked = self._asked(query.words)
        if not asked:
            nothing = "There is no word in this to look for."
            return Ranking(shelf, np.zeros(0, np.int64), (*problems, nothing))
        vectors, notes = self._vectors(query.words)
        others, wider = self._others(query, asked), None
        if others:
            wider, more_notes = self._vectors(" ".join((query.words, *query.others)))
            notes = tuple(dict.fromkeys((*notes, *more_notes)))
        ranked = rank(shelf, asked, vectors, self._constants, others, wider)
        if query.phrases:  # what has them answers, however it compares with the rest
            order = np.flatnonzero(among)
        else:
            answers = ranked.answers(among, self._constants)
            if others:  # the best are worth more by them, and the least would be worth too little
                alone = rank(shelf, asked, vectors, self._constants)
                answers |= alone.answers(among, self._constants)
            order = np.flatnonzero(answers)
        order = order[np.argsort(-ranked.scores[order], kind="stable")]
        for phrase in query.phrases:
            order = self._with_phrase(order, phrase)
        telling = Telling(self._weights(asked, others), self._languages)
        all_notes = (*problems, *notes, *self._cut_short())
        return Ranking(shelf, order, all_notes, ranked, telling, vectors, is_final=not notes)

    def page(self, query: Query, ranking: Ranking, offset: int, limit: int) -> Found:
        """Results from `offset` on. What was erased or damaged meanwhile is passed over."""
        chosen = ranking.order[offset : offset + limit].tolist()
        results = [self._result(query, ranking, writing) for writing in chosen]
        return Found(
            query,
            tuple(result for result in results if result is not None),
            offset,
            len(ranking.order),
            ranking.shelf.years(ranking.order),
            ranking.notes,
        )

    # What the words of the query are in the journal

    def _asked(self, text: str) -> list[Asked]:
        """The words of a query. A last word that nobody wrote is taken for one that is still being
        typed, and its completions stand in for it."""
        folded = list(dict.fromkeys(word.folded for word in words(text)))
        terms = [self._terms(word) for word in folded]
        traces = [self._traced.having(each, self._languages) for each in terms]
        if folded and not traces[-1] and not any(map(self._shelf.count, terms[-1])):
            terms[-1] = (*terms[-1], *begun(self._shelf, folded[-1], MOST_COMPLETIONS))
            if len(folded[-1]) >= SHORTEST_BEGUN:
                traces[-1] = self._traced.beginning(folded[-1])
        telling = [self._tells(each) for each in terms]
        unsure = [word for word, tells in zip(folded, telling, strict=True) if tells]
        near = iter(
            self._lexicon.near(unsure, self._constants.near_words, self._constants.least_near)
            if self._lexicon
            else [[] for _ in unsure]
        )
        return [
            Asked(
                each,
                tuple(next(near)) if tells else (),
                is_common(word),
                self._traced.rows(self._shelf, ids),
            )
            for word, each, ids, tells in zip(folded, terms, traces, telling, strict=True)
        ]

    def _others(self, query: Query, asked: Sequence[Asked]) -> list[Asked]:
        """The other words, of those that somebody wrote; each only once, and none that is asked for
        anyway."""
        taken = {term for word in asked for term in word.terms}
        others: list[Asked] = []
        for folded in dict.fromkeys(word.folded for each in query.others for word in words(each)):
            terms = self._terms(folded)
            if is_common(folded) or not taken.isdisjoint(terms):
                continue
            if any(map(self._shelf.count, terms)):
                taken.update(terms)
                others.append(Asked(terms))
        return others

    def _terms(self, word: str) -> tuple[int, ...]:
        return tuple(dict.fromkeys(term_of(word, language) for language in self._languages))

    @property
    def _languages(self) -> tuple[str, ...]:
        return self._shelf.languages or ("",)

    def _tells(self, terms: Sequence[int]) -> bool:
        """Whether a word is rare enough for others to stand in for it."""
        count = sum(self._shelf.count(term) for term in terms)
        passages = self._shelf.passages
        telling = float(np.log(1 + (passages - count + 0.5) / (count + 0.5)))
        return telling >= self._constants.least_telling

    def _weights(self, asked: Sequence[Asked], others: Sequence[Asked]) -> dict[int, float]:
        """What to mark in snippets, and how much each tells."""
        weights: dict[int, float] = {}
        beside = {term: self._telling(term) for word in others for term in word.terms}
        for word in asked:
            for term, nearness in word.near:
                weights[term] = max(weights.get(term, 0), NEAR_MARKED * nearness)
        for word in asked:
            for term in word.terms:
                if self._shelf.count(term):
                    weights[term] = self._telling(term)
        telling = [word for word in asked if not word.is_common]
        kept = {term for word in telling or asked for term in (*word.terms, *dict(word.near))}
        least = 0.25 * max((weights.get(term, 0) for term in kept), default=0)
        marked = {term: w for term, w in weights.items() if term in kept and w > least}
        return {term: self._constants.other * w for term, w in beside.items() if w} | marked

    def _telling(self, term: int) -> float:
        """How much a term tells that stands in a passage; 0 for one that nobody wrote."""
        count = self._shelf.count(term)
        return float(np.log(1 + self._shelf.passages / count)) if count else 0.0

    def _vectors(self, text: str) -> tuple[dict[str, F32], tuple[str, ...]]:
        """The query's vector for each embedder whose vectors the index holds."""
        vectors: dict[str, F32] = {}
        notes: dict[str, None] = {}
        for make in self._shelf.makes:
            try:
                vector = self._embedders.query(make, text)
            except EmbedderUnavailable as e:
                notes[str(e)] = None
                continue
            if vector is not None:
                vectors[make] = vector
        return vectors, tuple(notes)

    # What it is narrowed by

    def _narrowed(self, query: Query) -> Flags:
        shelf = self._shelf
        among = shelf.alive.copy()
        if query.since:
            among &= shelf.days >= query.since.toordinal()
        if query.until:
            among &= shelf.days <= query.until.toordinal()
        if query.by:
            of_entries = shelf.kinds == Kind.ENTRY
            among &= of_entries if query.by == "me" else ~of_entries
        for name in query.traces:
            id = self._traced.named(name)
            carried = np.zeros(shelf.writings, np.bool_)
            carried[self._traced.rows(shelf, [id] if id else [])] = True
            among &= carried
        for word in query.without:
            if words(word):
                among &= ~self._holding_all(word)
        for phrase in query.without_phrases:
            candidates = np.flatnonzero(among & self._holding_all(phrase))
            among[self._with_phrase(candidates, phrase, unread=True)] = False
        return among

    def _unknown(self, query: Query) -> list[str]:
        """A sentence for each trace that there is not."""
        told: list[str] = []
        for name in query.traces:
            if self._traced.named(name) is None:
                meant = self._traced.nearest(name)
                instead = f"; did you mean “{meant}”?" if meant else "."
                told.append(f"There is no trace called “{name}”{instead}")
        return told

    def _holding(self, word: str) -> Flags:
        """Which writings hold a word, or carry a trace whose name does."""
        held = np.zeros(self._shelf.writings, np.bool_)
        terms = self._terms(word)
        held[self._traced.rows(self._shelf, self._traced.having(terms, self._languages))] = True
        for term in terms:
            held[self._shelf.owners[self._shelf.holding(term)[0]]] = True
        return held

    def _holding_all(self, phrase: str) -> Flags:
        held = np.ones(self._shelf.writings, np.bool_)
        for word in words(phrase):
            held &= self._holding(word.folded)
        return held

    def _with_phrase(self, order: I64, text: str, *, unread: bool = False) -> I64:
        """Those of the writings in which the phrase stands word for word; with `unread`, those too
        that were too many to be read, for what was to be left out is not shown unseen."""
        phrase = Phrase.of(text)
        candidates = order[self._holding_all(text)[order]]
        kept = [n for n in candidates.tolist() if self._says(n, phrase, unread)]
        return np.array(kept, np.int64)

    def _cut_short(self) -> tuple[str, ...]:
        return (TOO_COMMON,) if self._is_cut_short else ()

    def _says(self, n: int, phrase: Phrase, unread: bool) -> bool:
        """Whether a phrase stands in a writing, each of which is read once for all phrases."""
        spelled = self._spelled.get(n)
        if spelled is None:
            if len(self._spelled) >= MOST_VERIFIED:
                self._is_cut_short = True
                return unread
            writing = self._writing(n)
            names = self._traced.names_of(self._shelf.id(n))
            texts = (writing.text, *names) if writing else ()
            spelled = self._spelled[n] = "".join(Phrase.of(text).spelled for text in texts)
        return phrase.spelled in spelled

    # What is shown

    def _writing(self, n: int) -> Writing | None:
        try:
            return self._journal.find(self._shelf.id(n))
        except Unreadable:
            return None

    def _result(self, query: Query, ranking: Ranking, n: int) -> Result | None:
        writing = self._writing(n)
        if writing is None:
            return None
        shelf, ranked = ranking.shelf, ranking.ranked
        entry = writing.entry if isinstance(writing, Response) else writing.id
        passage = shelf.span(ranked.best_passage(shelf, n) if ranked else int(shelf.first[n]))
        return Result(
            writing=writing.id,
            entry=entry,
            kind=writing.kind,
            day=writing.day,
            revision=writing.revision,
            score=float(ranked.scores[n]) if ranked else 0.0,
            snippet=self._snippet(query, ranking, writing, passage),
            traces=self._traced.names_of(entry, writing.id),
        )

    def _snippet(
        self, query: Query, ranking: Ranking, writing: Writing, passage: tuple[int, int]
    ) -> Snippet:
        for phrase in query.phrases:
            place = Phrase.of(phrase).place_in(writing.text)
            if place and not passage[0] <= place[0] < passage[1]:
                passage = (max(0, place[0] - 200), min(len(writing.text), place[1] + 400))
        central = partial(self._central, ranking, writing.text, passage)
        return snippet(writing.text, passage, ranking.telling, central)

    def _central(
        self, ranking: Ranking, text: str, passage: tuple[int, int]
    ) -> tuple[int, int] | None:
        """The sentence of a passage that is nearest in meaning; None when it cannot be told."""
        start, end = passage
        found = [(start + a, start + b) for a, b in sentences(text[start:end])]
        makes = [make for make in ranking.vectors if version_of(make) is not None]
        embedder = self._embedders.of(makes[0]) if makes else None
        if embedder is None or len(found) < 2:
            return None  # another embedder takes too long for this
        likeness = embedder.passages([text[a:b] for a, b in found]) @ ranking.vectors[makes[0]]
        return found[int(np.argmax(likeness))]
