"""Echo: the companion without a model. It says nothing of its own: one to three passages from other
days, near to what was written in meaning and words, verbatim; and perhaps a plain question.

Search finds what is near; here it is chosen from that. The questions are these and no others.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING
from unicodedata import category

from llamora.journal.writing import Quote, Response

if TYPE_CHECKING:
    from llamora.search.nearby import Near, Stretch

MOST_PASSAGES = 3
ENOUGH = 0.5
"""The share of the nearest one's closeness that another must have."""
SAME_YEAR = 0.7
"""What a passage counts of its closeness when one of its year is quoted already."""
QUESTIONS = (
    "What is different now?",
    "What has stayed the same?",
    "Is there more to say about this?",
    "What would you add today?",
)

_unspaced = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters, between whose words nothing stands."""
_marks = "".join(chr(c) for c in range(0x300, 0xE00) if category(chr(c))[0] == "M")
"""Accents and vowels that are written to a letter: they belong to its word."""
_run = re.compile(f"[{_unspaced}]+|(?:(?![{_unspaced}])[^\\W\\d_]|[{_marks}])+")
_unspaced_run = re.compile(f"[{_unspaced}]")


def chosen(found: "Sequence[Near]") -> "list[Near]":
    """One to three of what is near, given with the nearest first: no two of one day, and rather of
    different years than nearer by a little; none when nothing is near."""
    enough = [one for one in found if one.closeness >= ENOUGH * found[0].closeness]
    picked: list[Near] = []

    def worth(one: "Near") -> float:
        again = any(one.day.year == other.day.year for other in picked)
        return one.closeness * (SAME_YEAR if again else 1)

    while enough and len(picked) < MOST_PASSAGES:
        best = max(enough, key=worth)
        picked.append(best)
        enough = [one for one in enough if one.day != best.day]
    return sorted(picked, key=lambda one: -one.closeness)


def quotes(found: "Iterable[Stretch]") -> tuple[Quote, ...]:
    return tuple(Quote(one.entry, one.day, one.text) for one in found)


def last_quoted(responses: Collection[Response]) -> frozenset[bytes]:
    """The entries that the latest echo among these quotes; the last of those of one moment."""
    echoes = sorted((r for r in responses if r.quotes), key=lambda r: r.at)
    return frozenset(quote.entry for quote in echoes[-1].quotes) if echoes else frozenset()


def question(id: bytes) -> str:
    """One of the questions to a response of that id, or, as often, none."""
    n = id[0] % (2 * len(QUESTIONS))
    return QUESTIONS[n] if n < len(QUESTIONS) else ""


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
