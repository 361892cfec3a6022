"""Other words for a query: those that its page may hold instead of what was typed. Pure.

They come from a language model or from a form, so they are read as if anyone might have written
them. They are looked up as words and never read as a query: no operator among them does anything.
"""

import unicodedata
from collections.abc import Iterable

from llamora.search.words import Word, stem, words

MOST = 12
"""How many stand beside a query."""
LONGEST = 40
"""Characters of one ..."""
MOST_WORDS = 3
"""... and words of it; what has more is a sentence."""
_AROUND = " \t\"'“”„‟«»‹›‘’`*_#•·-–—()[]{}<>.,;:、，。\u200e\u200f"
_BETWEEN = " -'’\u02bc\u200c\u200d"
"""Besides letters, marks, digits and emoji, what one may hold."""


def usable(said: Iterable[object], asked: str, language: str = "") -> tuple[str, ...]:
    """Of what was said, what can stand beside the query `asked`, each once and in order: at most
    twelve words or short phrases, none of which the query holds. Words are compared by their
    stems in that language."""

    def stems(found: Iterable[Word]) -> tuple[str, ...]:
        return tuple(stem(word.folded, language) for word in found)

    known = set(stems(words(asked)))
    taken: dict[tuple[str, ...], str] = {}
    for one in said:
        text = _plain(one)
        key = stems(words(text))
        if key and not known.issuperset(key):
            taken.setdefault(key, text)
        if len(taken) == MOST:
            break
    return tuple(taken.values())


def _plain(said: object) -> str:
    """A word or phrase without what stands round it; "" for what is none."""
    if not isinstance(said, str):
        return ""
    text = " ".join(said.strip(_AROUND).split())
    if len(text) > LONGEST or len(text.split()) > MOST_WORDS:
        return ""
    return text if all(map(_may_stand, text)) else ""


def _may_stand(c: str) -> bool:
    category = unicodedata.category(c)
    return c in _BETWEEN or category[0] in "LMN" or category == "So"
