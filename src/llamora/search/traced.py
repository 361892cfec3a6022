"""The traces of a journal as search sees them: as they were at one moment.

Traces are no part of the index: which writing carries which, and what each is called, is asked of
the traces room whenever something is searched for, so that a rename needs no indexing. A snapshot
is taken on the event loop, never changes, and is read in the thread of whoever asks.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from llamora.search.index import Shelf
from llamora.search.postings import I64
from llamora.search.words import bare, fold, term_of, words
from llamora.traces.names import BadName, alike, canonical
from llamora.traces.traces import Traces

LEAST_ALIKE = 0.7
"""How alike a mistyped name must be to one there is (`difflib`)."""


@dataclass(frozen=True, eq=False)
class Traced:
    """`names` are those of the traces that an entry carries, by id; `of` says which traces a
    writing carries; `resting` ones are not to be brought up."""

    names: Mapping[bytes, str] = field(default_factory=dict[bytes, str])
    of: Mapping[bytes, Sequence[bytes]] = field(default_factory=dict[bytes, Sequence[bytes]])
    resting: frozenset[bytes] = frozenset()

    @classmethod
    def by(cls, traces: Traces) -> "Traced":
        """What the traces are now. On the event loop only."""
        every = traces.all()
        return cls(
            {trace.id: trace.name for trace in every},
            traces.links(),
            frozenset(trace.id for trace in every if trace.resting),
        )

    @cached_property
    def carrying(self) -> Mapping[bytes, Sequence[bytes]]:
        """Which writings carry a trace."""
        carrying: dict[bytes, list[bytes]] = {id: [] for id in self.names}
        for writing, traces in self.of.items():
            for id in traces:
                if id in carrying:
                    carrying[id].append(writing)
        return carrying

    def names_of(self, *writings: bytes) -> tuple[str, ...]:
        """The names of what these writings carry, each once, in the order kept."""
        ids = (id for writing in writings for id in self.of.get(writing, ()))
        return tuple(dict.fromkeys(self.names[id] for id in ids if id in self.names))

    def rows(self, shelf: Shelf, traces: Iterable[bytes]) -> I64:
        """The living writings of a shelf that carry one of these traces."""
        ids = {writing for id in traces for writing in self.carrying.get(id, ())}
        numbers = shelf.numbers(list(ids))
        return np.sort(numbers[numbers >= 0])

    # By name

    def named(self, typed: str) -> bytes | None:
        """The trace that was meant by a name."""
        try:
            return self._by_name.get(canonical(typed))
        except BadName:
            return None

    def nearest(self, typed: str) -> str | None:
        """A name that is spelled nearly so; None when there is none."""
        try:
            name = canonical(typed)
        except BadName:
            return None
        keys = alike(name)
        for other in self._by_name:
            if keys & alike(other):
                return other
        return next(iter(get_close_matches(name, self._by_name, 1, LEAST_ALIKE)), None)

    def having(self, terms: Iterable[int], languages: Sequence[str]) -> set[bytes]:
        """The traces whose names have a word with one of these terms."""
        if languages not in self._terms:
            self._terms[languages] = self._read(languages)
        known = self._terms[languages]
        return {id for term in terms for id in known.get(term, ())}

    def beginning(self, typing: str) -> set[bytes]:
        """The traces with a word in their names that begins so."""
        plain = bare(typing)
        return {
            id
            for id, name in self.names.items()
            if any(bare(fold(word)).startswith(plain) for word in name.split("-"))
        }

    @cached_property
    def _by_name(self) -> dict[str, bytes]:
        return {name: id for id, name in self.names.items()}

    @cached_property
    def _terms(self) -> dict[Sequence[str], dict[int, list[bytes]]]:
        return {}

    def _read(self, languages: Sequence[str]) -> dict[int, list[bytes]]:
        terms: dict[int, list[bytes]] = {}
        for id, name in self.names.items():
            for word in words(name):
                for term in {term_of(word.folded, language) for language in languages}:
                    terms.setdefault(term, []).append(id)
        return terms


NOTHING = Traced()
"""What a journal without traces has."""
