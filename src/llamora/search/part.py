"""A part of the index in memory: some writings, their passages, vectors and postings, in arrays.

A part never changes; what was revised or erased is marked dead beside it (`index.py`) and left out
of the part that it is folded into. The same arrays, one after the other, are a sealed segment's raw
bytes (docs/spec/vault-format.md §8), so loading one is a decryption and no more.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, AnyStr

import numpy as np
from numpy.typing import NDArray

from llamora.journal.writing import Kind
from llamora.search.postings import I64, U8, U32, Postings
from llamora.search.words import bare, term_of
from llamora.vault import Unreadable

Vectors8 = NDArray[np.int8]
F32 = NDArray[np.float32]

MOST_TIMES = 255
NEW_LINE = ord("\n")
FIRST_BEYOND_ASCII = 128
BLOCK = 512
"""Rows of vectors widened at once: they stay in the processor's nearest cache, and are too few for
the linear algebra to start threads over."""


@dataclass(frozen=True, eq=False)
class Embedded:
    """A writing's passages as they are sealed: what would take a model to make again.

    `spans` are start and length of each passage in the text, in code points; `vectors` has one row
    of int8 a passage, to be multiplied by `scales`, made by the embedder named `make`.
    """

    language: str
    make: str
    spans: list[tuple[int, int]]
    vectors: Vectors8
    scales: F32


@dataclass(frozen=True, eq=False)
class Indexed(Embedded):
    """A writing as search holds it: everything but its text.

    `terms` and `times` are the distinct terms of each passage and how often it has them;
    `lengths` how many words; `vocabulary` counts an entry's words as they are written, for
    completion and for finding near words.
    """

    id: bytes
    revision: int
    day: date
    kind: Kind
    lengths: list[int]
    terms: list[list[int]]
    times: list[list[int]]
    vocabulary: Mapping[str, int]


@dataclass(frozen=True, eq=False)
class Part:
    """Many writings. Passages of writing n are `first[n]` up to `first[n + 1]`."""

    make: str
    languages: tuple[str, ...]
    scales: F32
    revisions: U32
    days: U32
    first: U32
    starts: U32
    postings: Postings
    sizes: NDArray[np.uint16]
    lengths: NDArray[np.uint16]
    ids: U8
    kinds: U8
    spoken: U8
    vectors: Vectors8
    words: bytes | memoryview
    word_counts: U32
    word_terms: U32

    @classmethod
    def of(cls, indexed: Sequence[Indexed]) -> "Part":
        """The part of these writings, each with a passage at least and all of one make."""
        languages = tuple(sorted({one.language for one in indexed}))
        counts = [len(one.spans) for one in indexed]
        per_passage = [len(terms) for one in indexed for terms in one.terms]
        terms = [term for one in indexed for passage in one.terms for term in passage]
        times = [n for one in indexed for passage in one.times for n in passage]
        spans = [span for one in indexed for span in one.spans]
        words = Vocabulary()
        for one in indexed:
            words.add(one.vocabulary, one.language)
        return cls(
            make=indexed[0].make if indexed else "",
            languages=languages,
            scales=_joined([one.scales for one in indexed], np.float32),
            revisions=np.array([one.revision for one in indexed], np.uint32),
            days=np.array([one.day.toordinal() for one in indexed], np.uint32),
            first=np.concatenate(([0], np.cumsum(counts))).astype(np.uint32),
            starts=np.array([start for start, _ in spans], np.uint32),
            postings=Postings.of(
                np.array(terms, np.uint32),
                np.repeat(np.arange(len(per_passage)), per_passage),
                np.array(times, np.int64),
            ),
            sizes=np.array([size for _, size in spans], np.uint16),
            lengths=np.array([n for one in indexed for n in one.lengths], np.uint16),
            ids=np.frombuffer(b"".join(one.id for one in indexed), np.uint8).reshape(-1, 16),
            kinds=np.array([one.kind for one in indexed], np.uint8),
            spoken=np.array([languages.index(one.language) for one in indexed], np.uint8),
            vectors=np.concatenate([one.vectors for one in indexed])
            if indexed
            else np.zeros((0, 0), np.int8),
            words=words.text(),
            word_counts=words.counts(),
            word_terms=words.terms(),
        )

    @property
    def kind(self) -> tuple[str, int]:
        """Whose vectors it has and how wide: only parts of one kind can be joined."""
        return self.make, self.vectors.shape[1]

    @property
    def writings(self) -> int:
        return len(self.revisions)

    @property
    def passages(self) -> int:
        return len(self.lengths)

    @property
    def owners(self) -> U32:
        """Which writing each passage is of."""
        return np.repeat(
            np.arange(self.writings, dtype=np.uint32), np.diff(self.first.astype(np.int64))
        )

    @cached_property
    def _by_id(self) -> tuple[NDArray[np.uint64], I64]:
        keys = np.ascontiguousarray(self.ids[:, :8]).view(np.uint64).ravel()
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    # The words of its entries, sorted; `word_counts` says how often each is written, `word_terms`
    # which term it is. They stay the bytes they are: a list of them takes ten times as much.

    def word(self, at: int) -> str:
        return str(self._word(at), "utf-8")

    def beginning(self, begun: str) -> set[int]:
        """Where the words stand that begin so, with their accents or without."""
        every = range(len(self.word_terms))
        plain, places = self._accented
        return {
            *_beginning(every, self._word, begun.encode(errors="replace")),
            *(places[n] for n in _beginning(range(len(plain)), plain.__getitem__, begun)),
        }

    def _word(self, at: int) -> bytes:
        return bytes(self.words[self._word_bounds[at] : self._word_bounds[at + 1] - 1])

    @cached_property
    def _word_bounds(self) -> U32:
        """Where each word begins, and where one more would."""
        ends = np.flatnonzero(np.frombuffer(self.words, np.uint8) == NEW_LINE)
        return np.concatenate(([0], ends + 1, [len(self.words) + 1])).astype(np.uint32)

    @cached_property
    def _accented(self) -> tuple[list[str], list[int]]:
        """The words that have accents, sorted without them, and where they stand."""
        beyond = np.flatnonzero(np.frombuffer(self.words, np.uint8) >= FIRST_BEYOND_ASCII)
        at = np.unique(np.searchsorted(self._word_bounds, beyond, "right") - 1).tolist()
        kept = sorted((bare(word), n) for n in at if bare(word := self.word(n)) != word)
        return [word for word, _ in kept], [n for _, n in kept]

    @cached_property
    def nbytes(self) -> int:
        """What its arrays take in memory."""
        postings = self.postings
        arrays = (
            *(getattr(self, name) for name, _ in _OWN),
            *(getattr(postings, name) for name, _ in _POSTINGS),
        )
        words = len(self.words) + 4 * len(self.word_terms)
        return sum(array.nbytes for array in arrays) + words + 24 * self.writings

    def row(self, id: bytes) -> int | None:
        """Which writing has that id."""
        keys, order = self._by_id
        key = np.frombuffer(id, np.uint64, 1)[0]
        at = int(np.searchsorted(keys, key))
        while at < len(keys) and keys[at] == key:
            if self.ids[order[at]].tobytes() == id:
                return int(order[at])
            at += 1
        return None

    def rows(self, ids: Sequence[bytes]) -> I64:
        """Which writing has each of these ids; -1 for one that is not here."""
        keys, order = self._by_id
        if not len(keys) or not ids:
            return np.full(len(ids), -1, np.int64)
        wanted = np.frombuffer(b"".join(ids), np.uint8).reshape(-1, 16)
        begin = np.ascontiguousarray(wanted[:, :8]).view(np.uint64).ravel()
        at = np.minimum(np.searchsorted(keys, begin), len(keys) - 1)
        rows = order[at]
        here = (self.ids[rows] == wanted).all(axis=1)
        # Two ids of random bytes never begin alike; made ones may.
        for n in np.flatnonzero(~here & (keys[at] == begin)).tolist():
            row = self.row(ids[n])
            rows[n], here[n] = (-1, False) if row is None else (row, True)
        return np.where(here, rows, -1)

    def likeness(self, query: F32, into: F32) -> None:
        """Each passage's dot product with the query's vector."""
        products(self.vectors, query, into)
        np.multiply(into, self.scales, out=into)

    def with_vectors(self, make: str, rows: Sequence[Embedded]) -> "Part":
        """The part with other vectors, given writing by writing.

        Raises:
            ValueError: these are not the passages of its writings.
        """
        spans = list(zip(self.starts.tolist(), self.sizes.tolist(), strict=True))
        if [span for one in rows for span in one.spans] != spans:
            raise ValueError("Vectors of other passages.")
        return replace(
            self,
            make=make,
            vectors=np.concatenate([one.vectors for one in rows]) if rows else self.vectors,
            scales=_joined([one.scales for one in rows], np.float32),
        )

    def pack(self) -> tuple[dict[str, Any], bytes]:
        """The header and the raw bytes of a segment."""
        arrays = [getattr(self, name).astype(kind) for name, kind in _OWN]
        arrays += [getattr(self.postings, name).astype(kind) for name, kind in _POSTINGS]
        header = {
            "v": 1,
            "kind": "segment",
            "make": self.make,
            "languages": list(self.languages),
            "arrays": [array.size for array in arrays],
        }
        # The widest numbers first, so that all stand where their width divides the place.
        order = sorted(range(len(arrays)), key=lambda n: -arrays[n].itemsize)
        return header, b"".join([arrays[n].tobytes() for n in order] + [self.words])

    @classmethod
    def read(cls, header: Mapping[str, Any], raw: bytes | bytearray | memoryview) -> "Part":
        """The part in a segment, whose arrays are views of its raw bytes.

        Raises:
            Unreadable: it is no segment this version knows.
        """
        try:
            if header["v"] != 1 or header["kind"] != "segment":
                raise Unreadable
            kinds = [np.dtype(kind) for _, kind in (*_OWN, *_POSTINGS)]
            sizes: list[int] = header["arrays"]
            # NumPy would take -1 for all that is left.
            if len(sizes) != len(kinds) or min(sizes) < 0:
                raise Unreadable
            arrays: dict[int, Any] = {}
            at = 0
            for n in sorted(range(len(kinds)), key=lambda n: -kinds[n].itemsize):
                arrays[n] = np.frombuffer(raw, kinds[n], sizes[n], at)
                at += arrays[n].nbytes
            own = {name: arrays[n] for n, (name, _) in enumerate(_OWN)}
            postings = {name: arrays[len(_OWN) + n] for n, (name, _) in enumerate(_POSTINGS)}
            passages = len(own["lengths"])
            own["ids"] = own["ids"].reshape(-1, 16)
            own["vectors"] = own["vectors"].reshape(passages, -1 if passages else 0)
            part = cls(
                make=str(header["make"]),
                languages=tuple(str(one) for one in header["languages"]),
                postings=Postings(**postings),
                words=memoryview(raw)[at:],
                **own,
            )
            part._check()
            return part
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as e:
            raise Unreadable from e

    def _check(self) -> None:
        """Raises ValueError unless the arrays fit together: every index into another is within it,
        and every number means something."""
        passages, words = self.passages, str(self.words, "utf-8")
        whole = (
            len(self.ids) == len(self.days) == len(self.kinds) == self.writings
            and len(self.spoken) == self.writings
            and len(self.first) == self.writings + 1
            and int(self.first[0]) == 0
            and int(self.first[-1]) == passages
            # No writing is without a passage: sums by writing (`reduceat`) rest on it.
            and bool((np.diff(self.first.astype(np.int64)) > 0).all())
            and len(self.scales) == len(self.starts) == len(self.sizes) == passages
            and bool(np.isfinite(self.scales).all())
            and len(self.word_counts) == len(self.word_terms)
            and len(self.word_terms) == (words.count("\n") + 1 if words else 0)
            and _within(self.spoken, 0, len(self.languages) - 1)
            and _within(self.kinds, min(Kind), max(Kind))
            and _within(self.days, 1, date.max.toordinal())
            and self.postings.fit()
        )
        if not whole:
            raise ValueError("A segment whose arrays do not fit together.")


_OWN = (
    ("scales", "<f4"),
    ("revisions", "<u4"),
    ("days", "<u4"),
    ("first", "<u4"),
    ("starts", "<u4"),
    ("word_counts", "<u4"),
    ("word_terms", "<u4"),
    ("sizes", "<u2"),
    ("lengths", "<u2"),
    ("ids", "u1"),
    ("kinds", "u1"),
    ("spoken", "u1"),
    ("vectors", "i1"),
)
_POSTINGS = (
    ("terms", "<u4"),
    ("counts", "<u4"),
    ("doc_starts", "<u4"),
    ("repeat_starts", "<u4"),
    ("docs", "u1"),
    ("repeats", "u1"),
)


def products(rows: Vectors8, by: F32, into: F32) -> None:
    """The product of rows of int8 with a vector, or with the columns of a matrix."""
    wide = np.empty((min(BLOCK, len(rows)), rows.shape[1]), np.float32)
    for at in range(0, len(rows), BLOCK):
        block = wide[: len(rows) - at]
        np.copyto(block, rows[at : at + BLOCK])
        np.dot(block, by, out=into[at : at + BLOCK])


def quantised(vectors: F32) -> tuple[Vectors8, F32]:
    """Rows as int8 and the scale of each: overlap of the nearest ten with float32 is 0.98."""
    largest = np.abs(vectors).max(axis=1, initial=0)
    scales = (np.where(largest > 0, largest, 1) / 127).astype(np.float32)
    return np.rint(vectors / scales[:, None]).astype(np.int8), scales


class Vocabulary:
    """Words as they are written, how often, and the term that each is."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._terms: dict[str, int] = {}

    def add(self, counts: Mapping[str, int], language: str) -> None:
        """Words of a text in that language. One that is in two languages keeps the first's term."""
        for word, n in counts.items():
            self._counts[word] = self._counts.get(word, 0) + n
            if word not in self._terms:
                self._terms[word] = term_of(word, language)

    def add_part(self, part: "Part") -> None:
        counts, terms = part.word_counts.tolist(), part.word_terms.tolist()
        words = str(part.words, "utf-8").split("\n") if len(part.word_terms) else []
        for word, n, term in zip(words, counts, terms, strict=True):
            self._counts[word] = self._counts.get(word, 0) + n
            self._terms.setdefault(word, term)

    def keep(self, terms: U32) -> None:
        """Leaves out the words of all other terms: nobody writes them any more."""
        living = set(terms.tolist())
        for word in [word for word in self._counts if self._terms[word] not in living]:
            del self._counts[word], self._terms[word]

    def text(self) -> bytes:
        """The words, sorted, one a line."""
        return "\n".join(self._sorted()).encode(errors="replace")

    def counts(self) -> U32:
        return np.array([self._counts[word] for word in self._sorted()], np.uint32)

    def terms(self) -> U32:
        return np.array([self._terms[word] for word in self._sorted()], np.uint32)

    def _sorted(self) -> list[str]:
        return sorted(self._counts)


def merge(parts: Sequence[tuple[Part, NDArray[np.bool_]]]) -> Part:
    """One part of the living writings of several of one kind; the flags say which are living."""
    languages = tuple(sorted({one for part, _ in parts for one in part.languages}))
    kept: dict[str, list[Any]] = {name: [] for name in (*_PER_WRITING, *_PER_PASSAGE, "spoken")}
    terms, docs, times, counts = [], [], [], []
    words = Vocabulary()
    base = 0
    for part, alive in parts:
        passages = alive[part.owners]
        place = np.cumsum(passages) - 1 + base
        t, d, n = part.postings.all()
        living = passages[d]
        terms.append(t[living])
        docs.append(place[d[living]])
        times.append(n[living])
        counts.append(np.diff(part.first.astype(np.int64))[alive])
        base += int(passages.sum())
        for name in _PER_WRITING:
            kept[name].append(getattr(part, name)[alive])
        for name in _PER_PASSAGE:
            kept[name].append(getattr(part, name)[passages])
        known = np.array([languages.index(one) for one in part.languages], np.uint8)
        kept["spoken"].append(known[part.spoken[alive]])
        words.add_part(part)
    postings = Postings.of(np.concatenate(terms), np.concatenate(docs), np.concatenate(times))
    words.keep(postings.terms)
    return Part(
        make=parts[0][0].make,
        languages=languages,
        first=np.concatenate(([0], np.cumsum(np.concatenate(counts)))).astype(np.uint32),
        postings=postings,
        words=words.text(),
        word_counts=words.counts(),
        word_terms=words.terms(),
        **{name: np.concatenate(arrays) for name, arrays in kept.items()},
    )


_PER_WRITING = ("revisions", "days", "ids", "kinds")
_PER_PASSAGE = ("scales", "starts", "sizes", "lengths", "vectors")


def _beginning(places: range, word: Callable[[int], AnyStr], begun: AnyStr) -> range:
    """At which places of sorted words those stand that begin so."""
    size = len(begun)
    start = bisect_left(places, begun, key=word)
    end = bisect_right(places, begun, start, key=lambda at: word(at)[:size])
    return places[start:end]


def _within(numbers: NDArray[Any], least: int, most: int) -> bool:
    return not numbers.size or least <= int(numbers.min()) <= int(numbers.max()) <= most


def _joined(arrays: Sequence[NDArray[Any]], kind: Any) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, kind)
