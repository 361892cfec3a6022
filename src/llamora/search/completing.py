"""Completing what is typed from the diarist's own vocabulary."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from types import MappingProxyType

from llamora.search.index import Shelf
from llamora.search.traced import NOTHING, Traced
from llamora.search.words import bare, fold, words

_trace = re.compile(r"(?i)(?:^|\s)trace:\s*([^\s\"]*)\Z")

SHORTEST = 2
"""Letters from which a word is completed ..."""
SHORTEST_BEGUN = 3
"""... and from which one that nobody wrote is searched for as if it were completed."""


def complete(shelf: Shelf, typed: str, limit: int, traced: Traced = NOTHING) -> list[str]:
    """The typed text with its last word completed, the likeliest first; none while no word is being
    typed. Accents may be left out. A word is not offered when none of its forms is written any
    more. Behind "trace:" the names of traces are offered, and those that begin so among the words.
    """
    if narrowing := _trace.search(typed):
        begin = typed[: narrowing.start(1)]
        return [begin + name for name in _names(traced, narrowing[1])[:limit]]
    found = words(typed)
    if not found or found[-1].end != len(typed) or len(found[-1].folded) < SHORTEST:
        return []
    start, typing = found[-1].start, found[-1].folded
    if typed[:start].endswith(("-", ":")) or typed[:start].count('"') % 2:
        return []  # what is left out, narrowed by or quoted is the diarist's to say
    names = _begun_names(traced, typing)
    likely = (word for word, _ in _likely(shelf, typing, names))
    return [typed[:start] + word for word in islice(likely, limit)]


def begun(shelf: Shelf, typing: str, limit: int) -> list[int]:
    """The terms of the likeliest words that begin so."""
    if len(typing) < SHORTEST_BEGUN:
        return []
    return [term for _, term in islice(_likely(shelf, typing), limit)]


def _names(traced: Traced, typed: str) -> list[str]:
    """The names of traces that begin so, then those with a word that does, each the most used
    first."""
    begin = bare(fold(typed.strip())).replace(" ", "-")
    found: list[tuple[bool, int, str]] = []
    for id, name in traced.names.items():
        plain = bare(fold(name))
        if name != typed and f"-{plain}".find(f"-{begin}") >= 0:
            found.append((not plain.startswith(begin), -len(traced.carrying[id]), name))
    return [name for _, _, name in sorted(found)]


def _begun_names(traced: Traced, typing: str) -> Counter[str]:
    """The names of traces that begin so, as they are typed for a search, and how often used."""
    plain = bare(typing)
    return Counter(
        {
            name.replace("-", " "): len(traced.carrying[id])
            for id, name in traced.names.items()
            if bare(fold(name)).startswith(plain)
        }
    )


def _likely(
    shelf: Shelf, typing: str, names: Mapping[str, int] = MappingProxyType({})
) -> Iterator[tuple[str, int]]:
    """The words and names that begin so, and their terms, the ones used most often first."""
    counts: Counter[str] = Counter(names)
    terms: dict[str, int] = {}
    for layer in shelf.layers:
        part = layer.part
        for at in part.beginning(typing):
            word = part.word(at)
            counts[word] += int(part.word_counts[at])
            terms[word] = int(part.word_terms[at])
    counts.pop(typing, None)
    by_count = sorted(counts, key=lambda word: (-counts[word], word))
    return (
        (word, terms.get(word, 0))
        for word in by_count
        if word in names or _is_written(shelf, terms[word])
    )


def _is_written(shelf: Shelf, term: int) -> bool:
    """Whether a living passage holds the term."""
    return bool(shelf.alive[shelf.owners[shelf.holding(term)[0]]].any())
