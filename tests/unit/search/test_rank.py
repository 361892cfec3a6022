"""How well a writing answers depends on what is written, not on how the index is parted."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.support.indexes import FIRST_DAY, entry

from llamora.search.index import Layer, Shelf
from llamora.search.indexing import index
from llamora.search.part import Part
from llamora.search.rank import Asked, rank
from llamora.search.wordllama import Basis, WordLlama
from llamora.search.words import term_of

TEXTS = (
    "A heron by the weir.",
    "The heron again, and a second heron; then ice.",
    "Ice on the weir. " * 60,
    "The plumber came about the boiler.",
    "Nothing but rain.",
    "A heron, a plumber and the rain.",
)
EMBEDDER = WordLlama(Basis())
WRITTEN = index([entry(text, n, FIRST_DAY) for n, text in enumerate(TEXTS)], EMBEDDER, "en")
WHOLE = Shelf((Layer.of(Part.of(WRITTEN)),))


def asked(*words: str) -> list[Asked]:
    """These words, for the first of which “ice” may stand."""
    terms = [term_of(word, "en") for word in words]
    near = ((term_of("ice", "en"), 0.6),)
    return [Asked((term,), near if n == 0 else ()) for n, term in enumerate(terms)]


@given(st.sets(st.integers(1, len(TEXTS) - 1)), st.sampled_from(["heron", "plumber", "xyz"]))
def test_it_is_the_same_in_one_part_and_in_many_though_a_day_lies_in_several(
    cuts: set[int], word: str
) -> None:
    bounds = [0, *sorted(cuts), len(TEXTS)]
    parts = [WRITTEN[a:b] for a, b in pairwise(bounds)]
    parted = Shelf(tuple(Layer.of(Part.of(part)) for part in parts))
    query = {EMBEDDER.name: EMBEDDER.query(word)}
    one, many = (rank(shelf, asked(word, "weir"), query) for shelf in (WHOLE, parted))
    assert np.allclose(one.scores, many.scores, atol=1e-6)
    assert np.allclose(one.per_passage, many.per_passage, atol=1e-6)


def test_what_holds_the_word_comes_before_what_holds_a_near_one_and_both_before_the_rest() -> None:
    scores = rank(WHOLE, asked("plumber"), {}).scores
    held, near = [3, 5], [1, 2]
    assert scores[held].min() > scores[near].max() > scores[[0, 4]].max()
    assert np.argmax(rank(WHOLE, asked("heron", "rain"), {}).scores) == 5
