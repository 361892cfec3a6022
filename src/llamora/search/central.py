"""The sentences that say most of what some texts say: the diarist's own, word for word.

For recaps and summaries when no language model is asked. A sentence is worth as much as it is near
to the middle of all that the texts mean, as its words are rare in the journal, and as its length
makes it worth reading alone; of two that say the same only one is taken.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from llamora.search.embedder import Embedder
from llamora.search.index import Shelf
from llamora.search.part import F32
from llamora.search.sentences import sentences
from llamora.search.words import term_of, words

MOST_SENTENCES = 1_500
"""Of longer texts so many sentences are compared, spread over all of them: half a second."""
SHORT = 30
LONG = 180
"""Characters of a sentence between which it is best read alone."""
PIECED = 300
"""A sentence longer than this is taken clause by clause."""
CLAUSE = 0.75
"""What a clause is worth, beside a whole sentence."""
LEAST = 0.25
"""What is worth less than this share of the most central sentence is not worth saying."""
ALIKE = 0.75
"""Two sentences this near to each other say the same (cosine)."""

_sign = re.compile(r"(?:#{1,6}|>|[-*+]|\d+[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_clause = re.compile(r"(?<=[;:])\s+")
_said = re.compile(r"\w")


@dataclass(frozen=True)
class Sentence:
    """`text` is `texts[index][start:end]`, in code points; `weight` says how central it is among
    those that were returned with it, the most central 1."""

    index: int
    start: int
    end: int
    text: str
    weight: float


def central(texts: Sequence[str], shelf: Shelf, embedder: Embedder, limit: int) -> list[Sentence]:
    """The most central sentences, in the order in which they stand; fewer when there are fewer.

    Raises:
        EmbedderUnavailable
    """
    found = _spread(list(_sentences(texts)))
    if not found or limit < 1:
        return []
    vectors = embedder.passages([one.text for one in found])
    weights = _middle(found, vectors) * np.array([_worth(one.text, shelf) for one in found])
    chosen: list[int] = []
    for at in np.argsort(-weights, kind="stable").tolist():
        if len(chosen) == limit:
            break
        if weights[at] < LEAST * weights[chosen[0] if chosen else at]:
            break
        if all(vectors[at] @ vectors[other] < ALIKE for other in chosen):
            chosen.append(at)
    most = max(float(weights[chosen[0]]), 1e-9)
    return [
        Sentence(one.index, one.start, one.end, one.text, float(weights[at]) / most)
        for at, one in sorted((at, found[at]) for at in chosen)
    ]


def _sentences(texts: Sequence[str]) -> Iterator[Sentence]:
    """All that says something, without the signs of Markdown before it."""
    for index, text in enumerate(texts):
        for start, end in pieces(text):
            start, end = _trimmed(text, start, end)
            if sign := _sign.match(text, start, end):
                start = sign.end()
            if _said.search(text, start, end):
                yield Sentence(index, start, end, text[start:end], 0)


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text; of a long one its clauses."""
    for start, end in sentences(text):
        if end - start > PIECED:
            for found in _clause.finditer(text, start, end):
                yield start, found.end()
                start = found.end()
        yield start, end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return start, start + len(inner.strip())


def _spread(found: list[Sentence]) -> list[Sentence]:
    step = -(-len(found) // MOST_SENTENCES) or 1
    return found[::step]


def _middle(found: Sequence[Sentence], vectors: F32) -> F32:
    """How near each sentence is to the mean of all, each text counting for as much as the root of
    its length, so that the longest does not speak for all."""
    lengths = np.array([len(one.text) for one in found], np.float32)
    of_text = np.bincount([one.index for one in found], lengths)
    share = lengths / np.sqrt(of_text[[one.index for one in found]])
    mean = share @ vectors
    norm = float(np.linalg.norm(mean))
    return np.maximum(vectors @ (mean / norm if norm else mean), 0.01).astype(np.float32)


def _worth(text: str, shelf: Shelf) -> float:
    """What a sentence is worth by its words and its length, about 1."""
    begins_within = CLAUSE if text[0].islower() else 1.0
    return _told(text, shelf) * _readable(len(text)) * begins_within


def _told(text: str, shelf: Shelf) -> float:
    """How rare its words are in the journal, on average; one that hardly recurs is not the
    rarest, for it may be of another language."""
    languages = shelf.languages or ("",)
    folded = {word.folded for word in words(text)}
    counts = [max(shelf.count(term_of(word, one)) for one in languages) for word in folded]
    every = shelf.passages + 1
    rare = [log((every + 3) / (3 + min(count, every))) / log(every + 3) for count in counts]
    return 0.5 + sum(rare) / max(len(rare), 4)


def _readable(length: int) -> float:
    if length < SHORT:
        return (length / SHORT) ** 0.5 * 0.8
    return exp(-max(0, length - LONG) / 250)
