"""The built-in embedder: texts become vectors of unit length, on a basis that can be kept."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.search.wordllama import (
    DIMENSIONS,
    VOCABULARY,
    Basis,
    WordLlama,
    count,
    version_of,
    word_vectors,
)

TEXTS = [
    "The grey heron stood by the water all morning.",
    "A bird was waiting at the lake.",
    "I paid the invoice and filed my taxes.",
    "Wir sind im Garten gewesen.",
]


@pytest.fixture(params=[Basis(), count(TEXTS * 50, 1)], ids=["first", "counted"])
def embedder(request: pytest.FixtureRequest) -> WordLlama:
    return WordLlama(request.param)


def test_what_means_the_same_is_nearer(embedder: WordLlama) -> None:
    heron, bird, taxes, _ = embedder.passages(TEXTS)
    assert heron @ bird > heron @ taxes + 0.1


def test_rows_are_of_unit_length_or_zeros(embedder: WordLlama) -> None:
    vectors = embedder.passages([*TEXTS, "", " ", "🪶", "\ud800", "x" * 64_000])
    assert vectors.shape == (9, DIMENSIONS)
    assert vectors.dtype == np.float32
    lengths = np.linalg.norm(vectors, axis=1)
    assert lengths == pytest.approx([1, 1, 1, 1, 0, lengths[5], 1, 1, 1], abs=1e-5)


@settings(max_examples=50)
@given(st.lists(st.text(alphabet=st.characters(), max_size=80), max_size=5))
def test_any_texts_can_be_embedded_and_each_alone_alike(texts: list[str]) -> None:
    embedder = WordLlama(Basis())
    vectors = embedder.passages(texts)
    assert vectors.shape == (len(texts), DIMENSIONS)
    assert np.isfinite(vectors).all()
    for text, row in zip(texts, vectors, strict=True):
        assert embedder.query(text) == pytest.approx(row, abs=1e-5)


def test_case_does_not_matter() -> None:
    embedder = WordLlama(Basis())
    assert embedder.query("GREY Heron").tolist() == embedder.query("grey heron").tolist()


def test_a_word_that_is_common_in_a_journal_weighs_less_in_it() -> None:
    common = count(["heron"] * 20_000, 1)
    assert common.passages == 20_000
    assert ((common.weights > 0) & (common.weights <= 1)).all()
    heron = int(np.argmax(common.counts)) if common.counts is not None else 0
    assert common.weights[heron] < 0.1 * Basis().weights[heron]


def test_a_basis_of_nothing_is_one() -> None:
    expected = WordLlama(Basis()).query("heron")
    assert WordLlama(count([], 1)).query("heron") == pytest.approx(expected)
    assert WordLlama(count(["", " "], 1)).query("heron") @ expected > 0.99


@pytest.mark.parametrize("size", [0, 1, 4 * (VOCABULARY + DIMENSIONS) - 1])
def test_bytes_of_another_size_are_no_basis(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        Basis.read(1, 1, bytes(size))


@pytest.mark.parametrize("version", [0, 1, 12])
def test_vectors_say_which_basis_they_rest_on(version: int) -> None:
    assert version_of(WordLlama(Basis(version)).name) == version


@pytest.mark.parametrize(
    "make", ["", "bge-small-en-v1.5", "wordllama-256", "wordllama-256 x", "x 1"]
)
def test_what_another_embedder_made_rests_on_no_basis(make: str) -> None:
    assert version_of(make) is None


def test_words_have_vectors_of_their_own() -> None:
    assert word_vectors([]).shape == (0, DIMENSIONS)
    dog, hound, tax = word_vectors(["dog", "dogs", "invoice"])
    assert dog @ hound > dog @ tax


def test_threads_embed_alike() -> None:
    embedder = WordLlama(Basis())
    expected = embedder.passages(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: embedder.passages(TEXTS), range(40)):
            assert (found == expected).all()
