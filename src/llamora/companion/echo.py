"""Echo: the companion without a model. It says nothing of its own: one to three older passages,
closest in words to what was just written, verbatim.

Closeness is BM25 (Robertson and Zaragoza, 2009, k1 = 1.2, b = 0.75) over the words of entries, and
within an entry the stretch of sentences that holds the rarest of the shared words.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from unicodedata import category

from llamora.journal.writing import Entry, Quote
from llamora.search.sentences import sentences

MOST_PASSAGES = 3
PASSAGE_CHARACTERS = 360
QUERY_WORDS = 40
COMMON = 0.25
"""Words that stand in more than this share of all entries say nothing about likeness."""

_unspaced = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters, between whose words nothing stands."""
_marks = "".join(chr(c) for c in range(0x300, 0xE00) if category(chr(c))[0] == "M")
"""Accents and vowels that are written to a letter: they belong to its word."""
_run = re.compile(f"[{_unspaced}]+|(?:(?![{_unspaced}])[^\\W\\d_]|[{_marks}])+")
_unspaced_run = re.compile(f"[{_unspaced}]")
K1, B = 1.2, 0.75


@dataclass(frozen=True)
class _Candidate:
    entry: Entry
    counts: Counter[str]
    length: int


def words(text: str) -> list[str]:
    """The words of a text, casefolded; those of one and two letters are left out. Where no space
    stands between words, each pair of characters."""
    found: list[str] = []
    for run in _run.findall(text.casefold()):
        if _unspaced_run.match(run):
            found += [run[at : at + 2] for at in range(max(1, len(run) - 1))]
        elif len(run) > 2:
            found.append(run)
    return found


def closest(
    entry: Entry, others: Iterable[Entry], *, avoid: frozenset[str] = frozenset()
) -> list[Quote]:
    """One to three passages from earlier days, nearest first; none when nothing is shared.

    No two are from one day, and none is among the texts to `avoid`.
    """
    asked = Counter(words(entry.text))
    frequency: Counter[str] = Counter()
    candidates: list[_Candidate] = []
    total = 0
    for other in others:
        if other.day >= entry.day:
            continue
        found = words(other.text)
        frequency.update(set(found) & asked.keys())
        total += 1
        if shared := Counter(w for w in found if w in asked):
            candidates.append(_Candidate(other, shared, len(found)))
    weights = _weights(asked, frequency, total)
    if not weights or not candidates:
        return []
    average = sum(c.length for c in candidates) / len(candidates)
    ranked = sorted(candidates, key=lambda c: -_score(c, weights, average))
    return _choose(ranked, weights, average, avoid)


def _weights(asked: Counter[str], frequency: Counter[str], total: int) -> dict[str, float]:
    """The rarest words of the entry and how much each tells."""
    few = max(3, COMMON * total)
    rare = sorted((w for w in asked if 0 < frequency[w] <= few), key=lambda w: (frequency[w], w))
    return {
        w: math.log(1 + (total - frequency[w] + 0.5) / (frequency[w] + 0.5))
        for w in rare[:QUERY_WORDS]
    }


def _score(candidate: _Candidate, weights: dict[str, float], average: float) -> float:
    norm = K1 * (1 - B + B * candidate.length / average)
    return sum(
        weights[w] * n * (K1 + 1) / (n + norm) for w, n in candidate.counts.items() if w in weights
    )


def _choose(
    ranked: Sequence[_Candidate], weights: dict[str, float], average: float, avoid: frozenset[str]
) -> list[Quote]:
    chosen: list[Quote] = []
    days: set[date] = set()
    best = _score(ranked[0], weights, average)
    for candidate in ranked[:50]:
        if len(chosen) == MOST_PASSAGES or _score(candidate, weights, average) < best / 3:
            break
        passage = best_passage(candidate.entry.text, weights)
        if candidate.entry.day in days or not passage or passage in avoid:
            continue
        days.add(candidate.entry.day)
        chosen.append(Quote(candidate.entry.id, candidate.entry.day, passage))
    return chosen


def best_passage(text: str, weights: dict[str, float]) -> str:
    """The stretch of whole sentences, about 360 characters, that shares most; verbatim."""
    found = sentences(text)
    best, best_weight = "", 0.0
    for n, (start, _) in enumerate(found):
        end = start
        for _, piece_end in found[n:]:
            if piece_end - start > PASSAGE_CHARACTERS and end > start:
                break
            end = piece_end
        passage = text[start:end].strip()
        weight = sum(weights.get(w, 0.0) for w in set(words(passage)))
        if weight > best_weight:
            best, best_weight = passage, weight
    if len(best) > 2 * PASSAGE_CHARACTERS:  # one endless sentence: cut between two words
        best = _verbatim_beginning(best, 2 * PASSAGE_CHARACTERS)
    return best


def _verbatim_beginning(text: str, characters: int) -> str:
    """At most so many characters, up to the end of a word where there is one, nothing added."""
    cut = text[: characters + 1]
    return cut[:characters].rstrip() if len(cut.split()) < 2 else cut.rsplit(None, 1)[0]
