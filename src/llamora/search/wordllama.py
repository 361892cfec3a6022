"""The built-in embedder: static token vectors that ship inside the WordLlama package (MIT).

A text's vector is the weighted mean of its tokens' vectors. A token weighs a / (a + p), where p is
how likely it is in this journal (Arora, Liang and Ma, 2017, "A simple but tough-to-beat baseline
for sentence embeddings"), and what all passages have in common is taken away. Both come from a
`Basis`, which is counted in the journal itself and counted anew as the journal grows; a vector
can be compared only with those of its own basis, so the basis is part of the embedder's name.

The package itself is not imported: its own pooling takes no weights, is slower, and brings 40 MB.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llamora.search.embedder import Vectors, encodable

DIMENSIONS = 256
MODEL = f"wordllama-{DIMENSIONS}"
VOCABULARY = 32_000
RARITY = 0.001
"""The `a` of the weighting."""
PRIOR_TOKENS = 20_000
"""How many tokens of a journal weigh as much as what is known of tokens beforehand."""
PRIOR_PASSAGES = 100
"""How many passages of a journal weigh as much as nothing being common to them."""
COMMON = 0.8
"""The weight below which a word says nothing: that of "the", "was", "when", "und", "les"."""
FEW = 16
"""Texts that are read one by one: more go to threads, which a busy machine keeps waiting."""
WORDS = 1024
"""Words whose vectors are made at once, some megabytes."""
FIRST_WORD = 259
"""Before this token stand those for bytes and for the ends of a text."""


@dataclass(frozen=True, eq=False)
class Basis:
    """How often each token occurs in a journal, and the mean of its passages' vectors.

    `version` counts from 0, the basis of an empty journal; `passages` is how many it was made of.
    """

    version: int = 0
    passages: int = 0
    counts: NDArray[np.uint32] | None = None
    mean: NDArray[np.float32] | None = None

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """The weight of each token, between 0 and 1."""
        counts = _prior() * PRIOR_TOKENS
        if self.counts is not None:
            counts = counts + self.counts
        return (RARITY / (RARITY + counts / counts.sum())).astype(np.float32)

    def pack(self) -> bytes:
        """The basis as bytes; `read` reads them."""
        counts = np.zeros(VOCABULARY, np.uint32) if self.counts is None else self.counts
        mean = np.zeros(DIMENSIONS, np.float32) if self.mean is None else self.mean
        return counts.astype("<u4").tobytes() + mean.astype("<f4").tobytes()

    @classmethod
    def read(cls, version: int, passages: int, packed: bytes | bytearray | memoryview) -> "Basis":
        """Raises ValueError: these are not the bytes of a basis."""
        if len(packed) != 4 * (VOCABULARY + DIMENSIONS):
            raise ValueError("A basis has another size.")
        counts = np.frombuffer(packed, "<u4", VOCABULARY)
        mean = np.frombuffer(packed, "<f4", DIMENSIONS, 4 * VOCABULARY)
        return cls(version, passages, counts, mean)


_EMPTY = Basis()


class WordLlama:
    """An `Embedder` on one basis."""

    def __init__(self, basis: Basis) -> None:
        self.basis = basis

    @property
    def name(self) -> str:
        return f"{MODEL} {self.basis.version}"

    def passages(self, texts: Sequence[str]) -> Vectors:
        vectors = _pooled(texts, self.basis.weights)
        if self.basis.mean is not None:
            spoken = np.linalg.norm(vectors, axis=1) > 0
            vectors[spoken] = _unit(vectors[spoken] - self.basis.mean)
        return vectors

    def query(self, text: str) -> Vectors:
        return self.passages([text])[0]


def version_of(make: str) -> int | None:
    """The version of the basis that an embedder's name tells; None for another embedder's."""
    model, _, version = make.partition(" ")
    return int(version) if model == MODEL and version.isdecimal() else None


def count(texts: Sequence[str], version: int) -> Basis:
    """The basis of a journal that these passages stand for, all of them or a fair sample."""
    counts = np.zeros(VOCABULARY, np.int64)
    for batch in _batches(texts):
        counts += np.bincount(np.concatenate(_tokens(batch)), minlength=VOCABULARY)
    capped = np.minimum(counts, 2**32 - 1).astype(np.uint32)
    basis = Basis(version, len(texts), capped)
    total = np.zeros(DIMENSIONS, np.float64)
    for batch in _batches(texts):
        total += _pooled(batch, basis.weights).sum(axis=0)
    mean = (total / (len(texts) + PRIOR_PASSAGES)).astype(np.float32)
    return Basis(version, len(texts), capped, mean)


@lru_cache(2_000)
def is_common(word: str) -> bool:
    """Whether a word is so common in any text, in whatever language, that it tells nothing."""
    (tokens,) = _tokens([word])
    return len(tokens) == 1 and bool(_EMPTY.weights[tokens[0]] < COMMON)


def word_vectors(words: Sequence[str]) -> Vectors:
    """Each word's own vector: the plain mean of its tokens, of unit length."""
    vectors = np.zeros((len(words), DIMENSIONS), np.float32)
    for at in range(0, len(words), WORDS):
        tokens = _tokens(words[at : at + WORDS])
        sizes = np.array([len(each) for each in tokens])
        spoken = np.flatnonzero(sizes)
        rows = _vectors()[np.concatenate(tokens)].astype(np.float32)
        if len(spoken):
            starts = (np.cumsum(sizes) - sizes)[spoken]
            vectors[at + spoken] = _unit(np.add.reduceat(rows, starts))
    return vectors


def _batches(texts: Sequence[str], size: int = 256) -> list[Sequence[str]]:
    return [texts[at : at + size] for at in range(0, len(texts), size)]


def _pooled(texts: Sequence[str], weights: NDArray[np.float32]) -> Vectors:
    """The weighted mean of each text's tokens, of unit length; zeros where there are none."""
    pooled = np.zeros((len(texts), DIMENSIONS), np.float32)
    vectors = _vectors()
    for row, tokens in zip(pooled, _tokens(texts), strict=True):
        distinct, times = np.unique(tokens, return_counts=True)
        row[:] = (weights[distinct] * times) @ vectors[distinct].astype(np.float32)
    return _unit(pooled)


def _tokens(texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """The tokens of each text."""
    # In small letters: the model knows a name and the word it is by different vectors.
    small = [encodable(text).lower() for text in texts]
    size = len(small) if len(small) > FEW else 1
    encode = partial(_tokenizer().encode_batch_fast, add_special_tokens=False)
    encoded = [one for batch in _batches(small, size) for one in encode(batch)]
    return [np.array(one.ids, np.int64) for one in encoded]


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)


@cache
def _prior() -> NDArray[np.float64]:
    """What is known of tokens beforehand: the earlier one was merged, the commoner it is (Zipf)."""
    ranks = np.arange(VOCABULARY, dtype=np.float64) - FIRST_WORD
    likely = np.where(ranks >= 0, 1 / (np.maximum(ranks, 0) + 2.7), 0)
    return likely / likely.sum()


def _package() -> Path:
    found = importlib.util.find_spec("wordllama")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


@cache
def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(_package() / "tokenizers" / "l2_supercat_tokenizer_config.json"))


@cache
def _vectors() -> NDArray[np.float16]:
    from safetensors.numpy import load_file

    (vectors,) = load_file(
        _package() / "weights" / f"l2_supercat_{DIMENSIONS}.safetensors"
    ).values()
    return vectors
