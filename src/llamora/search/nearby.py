"""What the diarist wrote elsewhere that is nearest to an entry, by meaning and by words.

An entry is asked about as a query would be, with the words of it that tell most; and of each
passage that answers, the few sentences are read that have most to do with it, word for word.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log

import numpy as np

from llamora.journal.writing import Entry, Kind
from llamora.search.central import pieces
from llamora.search.embedder import Embedder
from llamora.search.index import Shelf
from llamora.search.part import F32
from llamora.search.rank import CONSTANTS, Asked, rank
from llamora.search.wordllama import is_common
from llamora.search.words import term_of, words

MOST_WORDS = 12
"""Of an entry so many words are asked for, those that tell most."""
LOOKED_THROUGH = 400
"""Words of an entry among which those are sought."""
FEW = 50
"""A word in so many passages may stand in none but the entry's own."""
LOOKED_AT = 60
"""How many entries are offered to whoever chooses."""
STRETCH_CHARACTERS = 360
LEAST = 0.25
"""What answers less well than this is near to nothing; see `rank`."""


@dataclass(frozen=True)
class Near:
    """An entry of another day, and its passage that is nearest, in code points of its text."""

    entry: bytes
    day: date
    start: int
    end: int
    closeness: float


@dataclass(frozen=True)
class Stretch:
    """A few sentences as they stand in an entry: `text` is its text from `start` to `end`."""

    entry: bytes
    revision: int
    day: date
    start: int
    end: int
    text: str


Wanted = Callable[[bytes, date], bool]
"""Whether an entry of a day may be brought up."""
Choose = Callable[[Sequence[Near]], Sequence[Near]]
"""Which of those that are near, the nearest first, are to be read."""


def nearby(
    shelf: Shelf, entry: Entry, vectors: Mapping[str, F32], wanted: Wanted
) -> tuple[list[Near], dict[int, float]]:
    """The entries of other days that are nearest, the nearest first, and what the words of this
    one tell, by term. `vectors` has its vector for each make of embedder."""
    if not shelf.writings:
        return [], {}
    (own,) = shelf.numbers([entry.id]).tolist()
    weights = telling(shelf, entry.text, own)
    ranked = rank(shelf, [Asked((term,)) for term in weights], vectors)
    among = shelf.alive & (shelf.kinds == Kind.ENTRY) & (shelf.days != entry.day.toordinal())
    order = np.flatnonzero(among & (ranked.scores >= LEAST))
    order = order[np.argsort(-ranked.scores[order], kind="stable")]
    found: list[Near] = []
    for n in order.tolist():
        id, day = shelf.id(n), date.fromordinal(int(shelf.days[n]))
        if id != entry.id and wanted(id, day):
            span = shelf.span(ranked.best_passage(shelf, n))
            found.append(Near(id, day, *span, float(ranked.scores[n])))
            if len(found) == LOOKED_AT:
                break
    least = CONSTANTS.least_of_best * found[0].closeness if found else 0
    return [near for near in found if near.closeness >= least], weights


def telling(shelf: Shelf, text: str, own: int) -> dict[int, float]:
    """The terms of a text that tell most in this journal, and how much each does; not those that
    stand nowhere but in the writing of the number `own`."""
    folded = dict.fromkeys(word.folded for word in words(text))
    kept = [word for word in folded if not is_common(word)][:LOOKED_THROUGH]
    languages = shelf.languages or ("",)
    weights: dict[int, float] = {}
    for term in {term_of(word, language) for word in kept for language in languages}:
        count = shelf.count(term)
        if count > FEW or (count and _stands_elsewhere(shelf, term, own)):
            weights[term] = log(1 + (shelf.passages - count + 0.5) / (count + 0.5))
    best = sorted(weights, key=lambda term: (-weights[term], term))[:MOST_WORDS]
    return {term: weights[term] for term in best}


def _stands_elsewhere(shelf: Shelf, term: int, own: int) -> bool:
    return bool((shelf.owners[shelf.holding(term)[0]] != own).any())


def stretches(
    read: Sequence[tuple[Near, Entry]],
    weights: Mapping[int, float],
    languages: Sequence[str],
    embedder: Embedder,
    like: F32,
) -> list[Stretch]:
    """Of each passage the sentences, or clauses, round the one that has most to do with the entry;
    nothing of one that is not there any more because its text has changed."""
    spans = [
        [(near.start + a, near.start + b) for a, b in pieces(found.text[near.start : near.end])]
        for near, found in read
    ]
    said = [found.text[a:b] for (_, found), of in zip(read, spans, strict=True) for a, b in of]
    if not said:
        return []
    worth = embedder.passages(said) @ like  # of all at once: asking takes longer than answering
    most = max(sum(weights.values()), 1e-9)
    for n, text in enumerate(said):
        terms = {term_of(w.folded, language) for w in words(text) for language in languages}
        worth[n] += sum(weights.get(term, 0.0) for term in terms) / most
    ends = np.cumsum([len(of) for of in spans])[:-1]
    return [
        _round(int(np.argmax(own)), of, found)
        for (_, found), of, own in zip(read, spans, np.split(worth, ends), strict=True)
        if of
    ]


def _round(best: int, spans: Sequence[tuple[int, int]], found: Entry) -> Stretch:
    """The sentence that is best, what follows it while there is room, then what stands before."""
    text = found.text
    first = last = best
    while last + 1 < len(spans) and spans[last + 1][1] - spans[first][0] <= STRETCH_CHARACTERS:
        last += 1
    while first > 0 and spans[last][1] - spans[first - 1][0] <= STRETCH_CHARACTERS:
        first -= 1
    start, end = _trimmed(text, spans[first][0], spans[last][1])
    return Stretch(found.id, found.revision, found.day, start, end, text[start:end])


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the blanks at both ends; of one endless sentence, the words it begins with."""
    most = 2 * STRETCH_CHARACTERS
    if end - start > most:
        space = text.rfind(" ", start + STRETCH_CHARACTERS, start + most)
        end = space if space > 0 else start + most
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())
