"""Writings as search holds them, made of a few words."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np

from llamora.journal.writing import Entry, Kind
from llamora.search import records
from llamora.search.index import Layer, Shelf
from llamora.search.indexing import index
from llamora.search.part import Embedded, Indexed, Part, quantised
from llamora.search.wordllama import Basis, WordLlama
from llamora.vault import Vault

FIRST_DAY = date(2026, 11, 22)


def entry(text: str, n: int = 1, day: date = FIRST_DAY, revision: int = 1) -> Entry:
    """Entry number n, whose id follows from that."""
    return Entry(n.to_bytes(16, "big"), day, revision, text)


def indexed(*texts: str, language: str = "en") -> list[Indexed]:
    """These entries, numbered from 1, one a day, by the built-in embedder."""
    entries = [entry(text, n, FIRST_DAY + timedelta(n)) for n, text in enumerate(texts, 1)]
    return index(entries, WordLlama(Basis()), language)


def shelf_of(*texts: str, language: str = "en") -> Shelf:
    return Shelf((Layer.of(Part.of(indexed(*texts, language=language))),))


def any_indexed(seed: int, dimensions: int = 8) -> Indexed:
    """A writing with numbers of every size, always the same ones for a seed."""
    chance = Random(seed)
    passages = chance.choice((1, 1, 2, 3, 5, 9))
    terms = [
        chance.sample(
            (0, 1, 2, 3, 2**31, 2**32 - 1, *range(100, 400)), chance.choice((0, 1, 5, 60))
        )
        for _ in range(passages)
    ]
    numbers = np.random.default_rng(seed).normal(size=(passages, dimensions)).astype(np.float32)
    numbers[chance.randrange(passages)] = 0
    vectors, scales = quantised(numbers)
    return Indexed(
        id=chance.randbytes(16),
        revision=chance.choice((1, 2, 2**31)),
        day=chance.choice((date(1000, 1, 1), date(2026, 11, 22), date(9999, 12, 31))),
        kind=chance.choice(list(Kind)),
        language=chance.choice(("en", "de", "ja")),
        make="tiny",
        spans=[(700 * n, chance.randint(1, 700)) for n in range(passages)],
        lengths=[chance.randint(0, 700) for _ in range(passages)],
        terms=terms,
        times=[[chance.choice((1, 1, 2, 254, 255)) for _ in each] for each in terms],
        vectors=vectors,
        scales=scales,
        vocabulary={f"{chance.choice('abcé')}{chance.randrange(30)}": 1 for _ in range(3)},
    )


def seal(vault: Vault, one: Indexed) -> bytes:
    """The row in `passages` of a writing as search holds it."""
    return records.seal_passages(vault, one.id, one.revision, one)


def sealed_of(one: Embedded) -> dict[str, Any]:
    """All that is sealed of a writing's passages, in plain lists."""
    return {
        "language": one.language,
        "make": one.make,
        "spans": one.spans,
        "vectors": one.vectors.tolist(),
        "scales": one.scales.tolist(),
    }


def comparable(one: Indexed) -> dict[str, Any]:
    """All that a segment holds of a writing, in plain lists."""
    return {
        **{
            name: getattr(one, name)
            for name in ["id", "revision", "day", "kind", "language", "make", "spans", "lengths"]
        },
        "postings": _postings(one.terms, one.times),
        "vectors": one.vectors.tolist(),
        "scales": one.scales.tolist(),
    }


def _postings(terms: Sequence[Sequence[int]], times: Sequence[Sequence[int]]):
    return [sorted(zip(each, often, strict=True)) for each, often in zip(terms, times, strict=True)]


def taken_apart(part: Part) -> list[dict[str, Any]]:
    """The writings of a part, each as `comparable` would show it."""
    held: dict[int, list[tuple[int, int]]] = {n: [] for n in range(part.passages)}
    for term, passage, often in zip(*(each.tolist() for each in part.postings.all()), strict=True):
        held[passage].append((term, often))
    found: list[dict[str, Any]] = []
    for n in range(part.writings):
        a, b = int(part.first[n]), int(part.first[n + 1])
        one = Indexed(
            id=part.ids[n].tobytes(),
            revision=int(part.revisions[n]),
            day=date.fromordinal(int(part.days[n])),
            kind=Kind(int(part.kinds[n])),
            language=part.languages[part.spoken[n]],
            make=part.make,
            spans=list(zip(part.starts[a:b].tolist(), part.sizes[a:b].tolist(), strict=True)),
            lengths=part.lengths[a:b].tolist(),
            terms=[[term for term, _ in held[p]] for p in range(a, b)],
            times=[[often for _, often in held[p]] for p in range(a, b)],
            vectors=part.vectors[a:b],
            scales=part.scales[a:b],
            vocabulary={},
        )
        found.append(comparable(one))
    return found
