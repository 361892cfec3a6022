"""Postings give back what they were made of."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.postings import (
    F32,
    I64,
    Postings,
    _decode,  # pyright: ignore[reportPrivateUsage]
    _encode,  # pyright: ignore[reportPrivateUsage]
    found,
)

Naive = dict[tuple[int, int], int]
PART = 2**32

numbers = st.integers(0, 300) | st.integers(0, 2**31)
postings = st.dictionaries(
    st.tuples(st.integers(0, 5) | st.integers(0, 2**32 - 1), numbers), st.integers(1, 400)
)


def packed(naive: Naive) -> Postings:
    terms = np.array([term for term, _ in naive], np.uint32)
    docs = np.array([doc for _, doc in naive], np.int64)
    return Postings.of(terms, docs, np.array(list(naive.values()), np.int64))


def held(term: int, *parts: Postings) -> tuple[I64, F32]:
    """What is found of a term in these, each said to be of so many passages."""
    places = [(n * PART, one, one.place(term)) for n, one in enumerate(parts)]
    return found(
        [(base, int(one.counts[at]), one.encoded(at)) for base, one, at in places if at is not None]
    )


@given(postings)
def test_every_term_is_found_with_its_passages_and_how_often_they_hold_it(naive: Naive) -> None:
    by_term: dict[int, dict[int, int]] = defaultdict(dict)
    for (term, doc), times in naive.items():
        by_term[term][doc] = min(times, 255)
    made = packed(naive)
    assert made.terms.tolist() == sorted(by_term)
    for term, expected in by_term.items():
        docs, times = held(term, made)
        assert docs.tolist() == sorted(expected)
        assert dict(zip(docs.tolist(), times.tolist(), strict=True)) == expected


@given(st.lists(postings, max_size=4))
def test_the_passages_of_several_parts_are_numbered_through(several: list[Naive]) -> None:
    made = [packed(naive) for naive in several]
    for term in {term for naive in several for term, _ in naive}:
        alone = [held(term, one) for one in made]
        docs, times = held(term, *made)
        expected = [(docs + n * PART).tolist() for n, (docs, _) in enumerate(alone)]
        assert docs.tolist() == [doc for docs in expected for doc in docs]
        assert times.tolist() == [n for _, each in alone for n in each.tolist()]


@given(postings)
def test_all_postings_come_back_by_term_and_passage(naive: Naive) -> None:
    terms, docs, times = packed(naive).all()
    found = list(zip(terms.tolist(), docs.tolist(), times.tolist(), strict=True))
    assert found == sorted((term, doc, min(n, 255)) for (term, doc), n in naive.items())


@pytest.mark.parametrize("term", [0, 3, 5, 9, 2**32 - 1])
def test_a_term_that_nothing_holds_is_not_found(term: int) -> None:
    made = packed({(4, 1): 1, (8, 1): 2})
    assert made.place(term) is None
    assert packed({}).place(term) is None
    assert [len(each) for each in held(term, made)] == [0, 0]


def test_no_postings_are_none() -> None:
    made = packed({})
    assert [len(each) for each in made.all()] == [0, 0, 0]
    assert (made.doc_starts.tolist(), made.repeat_starts.tolist()) == ([0], [0])


@pytest.mark.parametrize(
    ("number", "size"),
    [
        (0, 1),
        (127, 1),
        (128, 2),
        (2**14 - 1, 2),
        (2**14, 3),
        (2**21 - 1, 3),
        (2**21, 4),
        (2**28 - 1, 4),
        (2**28, 5),
        (2**33 - 1, 5),
    ],
)
def test_a_number_takes_a_byte_for_every_seven_bits(number: int, size: int) -> None:
    encoded, sizes = _encode(np.array([number, 1, number], np.int64))
    assert sizes.tolist() == [size, 1, size]
    assert len(encoded) == 2 * size + 1
    assert (encoded[:size] >= 128).tolist() == [True] * (size - 1) + [False]
    assert _decode(encoded).tolist() == [number, 1, number]


@given(st.lists(st.integers(0, 2**33)))
def test_numbers_come_back(given: list[int]) -> None:
    assert _decode(_encode(np.array(given, np.int64))[0]).tolist() == given
