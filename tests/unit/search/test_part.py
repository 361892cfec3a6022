"""A part holds what it was made of, as arrays, sealed or joined with others."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.indexes import any_indexed, comparable, indexed, taken_apart

from llamora.search.index import Layer, Shelf
from llamora.search.part import Part, merge, quantised
from llamora.vault import Unreadable

seeds = st.lists(st.integers(0, 400), max_size=6, unique=True)


def part_of(seeds: list[int]) -> Part:
    return Part.of([any_indexed(seed) for seed in seeds])


def read_again(part: Part) -> Part:
    return Part.read(*part.pack())


def spelled(part: Part) -> list[str]:
    return [part.word(n) for n in range(len(part.word_terms))]


def arrays(part: Part) -> dict[str, Any]:
    """Everything in a part as plain lists."""
    found = vars(part) | {f"postings {k}": v for k, v in vars(part.postings).items()}
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in found.items()
        if name in Part.__dataclass_fields__ or name.startswith("postings ")
        if name != "postings"
    }


@given(seeds)
def test_the_writings_of_a_part_can_be_told_from_it(seeds: list[int]) -> None:
    given = [any_indexed(seed) for seed in seeds]
    assert taken_apart(Part.of(given)) == [comparable(one) for one in given]


@given(seeds)
def test_a_part_that_was_packed_is_read_as_it_was(seeds: list[int]) -> None:
    part = part_of(seeds)
    assert arrays(read_again(part)) == arrays(part)


def test_a_part_of_nothing_can_be_packed_joined_and_asked() -> None:
    empty = read_again(Part.of([]))
    assert (empty.writings, empty.passages, spelled(empty)) == (0, 0, [])
    assert empty.row(bytes(16)) is None
    assert empty.owners.tolist() == []
    empty.likeness(np.zeros(8, np.float32), np.zeros(0, np.float32))
    joined = merge([(empty, np.zeros(0, np.bool_))])
    assert joined.writings == joined.passages == 0


@pytest.mark.parametrize("text", ["…", "?!", "_ _", "\u0301", "-" * 2_000])
def test_writings_without_a_word_are_held_like_others(text: str) -> None:
    part = read_again(Part.of(indexed(text)))
    assert (part.writings, len(part.postings.terms), spelled(part)) == (1, 0, [])
    alive = np.ones(1, np.bool_)
    assert taken_apart(merge([(part, alive)])) == taken_apart(part)
    both = merge([(part, alive), (Part.of(indexed("a heron")), alive)])
    assert both.owners.tolist() == [0] * part.passages + [1]


@given(st.lists(seeds, min_size=1, max_size=4), st.integers())
def test_merging_is_making_anew_from_the_living(groups: list[list[int]], chance: int) -> None:
    living = np.random.default_rng(abs(chance))
    parts = [(part_of(seeds), living.random(len(seeds)) < 0.6) for seeds in groups]
    merged = merge([each for each in parts if each[0].writings] or parts)
    kept = [
        any_indexed(seed)
        for seeds, (_, alive) in zip(groups, parts, strict=True)
        for seed, lives in zip(seeds, alive, strict=True)
        if lives
    ]
    assert taken_apart(merged) == [comparable(one) for one in kept]
    made, anew = arrays(read_again(merged)), arrays(Part.of(kept))
    for name in made:
        if name not in ("make", "languages", "spoken", "vectors") and not name.startswith("word"):
            assert made[name] == anew[name], name


@given(seeds)
def test_a_writing_is_found_by_its_id(seeds: list[int]) -> None:
    part = part_of(seeds)
    for row, seed in enumerate(seeds):
        id = any_indexed(seed).id
        assert part.row(id) == row
        assert part.row(id[:8] + bytes(8)) is None, "another id that begins alike"
    assert part.row(bytes(16)) is None


def test_passages_know_their_writing() -> None:
    part = Part.of(indexed("The heron. " * 120, "One.", "The ice. " * 150))
    counts = np.diff(part.first.astype(int)).tolist()
    assert counts[0] > 1
    assert part.owners.tolist() == [n for n, count in enumerate(counts) for _ in range(count)]


# Vectors


@given(st.integers(0, 1000), st.sampled_from([1, 8, 256, 384]), st.integers(0, 20))
def test_quantised_vectors_are_nearly_what_they_were(seed: int, width: int, rows: int) -> None:
    given = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    vectors, scales = quantised(given)
    assert np.abs(vectors * scales[:, None] - given).max(initial=0) <= scales.max(initial=0) / 1.99
    assert vectors.min(initial=0) >= -127


def test_a_row_of_zeros_stays_one() -> None:
    vectors, scales = quantised(np.zeros((2, 384), np.float32))
    assert not vectors.any()
    assert np.isfinite(scales).all()
    assert quantised(np.zeros((0, 384), np.float32))[0].shape == (0, 384)


@pytest.mark.parametrize("width", [8, 384])
def test_likeness_is_the_dot_product_with_the_query(width: int) -> None:
    part = Part.of([any_indexed(seed, width) for seed in range(30)])
    query = np.random.default_rng(5).normal(size=width).astype(np.float32)
    into = np.zeros(part.passages, np.float32)
    part.likeness(query, into)
    assert into == pytest.approx((part.vectors * part.scales[:, None]) @ query, abs=1e-4)


# Words for completion


def test_words_are_counted_over_writings_and_sorted() -> None:
    part = read_again(Part.of(indexed("Heron, heron, Éclair", "a heron by the zoo")))
    assert spelled(part) == ["heron", "the", "zoo", "éclair"]
    assert part.word_counts.tolist() == [3, 1, 1, 1]


def test_merging_keeps_no_word_whose_last_writing_is_dead() -> None:
    part = Part.of(indexed("a heron", "herons and cranes"))
    merged = merge([(part, np.array([True, False]))])
    assert spelled(merged) == ["heron", "herons"], "of one stem, which is still written"


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ("her", ["hero", "heron", "herons"]),
        ("heron", ["heron", "herons"]),
        ("ecl", ["eclat", "éclair"]),
        ("écl", ["éclair"]),
        ("Ω", ["Ωmega"]),
        ("zz", []),
        ("a", []),
        ("\ud800", []),
        ("東", ["東京"]),
    ],
)
def test_words_are_found_by_how_they_begin(begun: str, expected: list[str]) -> None:
    words = ["eclat", "hero", "heron", "herons", "zoo", "éclair", "Ωmega", "東京"]
    counts = np.ones(len(words), np.uint32)
    part = replace(
        Part.of([]), words="\n".join(words).encode(), word_counts=counts, word_terms=counts
    )
    assert sorted(part.word(n) for n in part.beginning(begun)) == expected
    assert Part.of([]).beginning(begun) == set()


# Segments that lie

Header = dict[str, Any]


def changed_size(name_at: int, to: Any) -> Callable[[Header], None]:
    return lambda header: header["arrays"].__setitem__(name_at, to)


@pytest.mark.parametrize("at", range(19))
@pytest.mark.parametrize("to", [-1, -(2**40), 0, 2**31, 2**62, 2**80, 1.5, "1", None])
def test_sizes_that_lie_are_refused(at: int, to: Any) -> None:
    header, raw = part_of([1, 2, 3]).pack()
    header["arrays"][at] = to
    with pytest.raises(Unreadable):
        Part.read(header, raw)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": None},
        {"kind": "basis"},
        {"arrays": []},
        {"arrays": 19},
        {"arrays": None},
        {"arrays": {}},
        {"languages": []},
        {"languages": 1},
    ],
)
def test_a_header_that_is_none_of_ours_is_refused(change: Header) -> None:
    header, raw = part_of([1, 2]).pack()
    with pytest.raises(Unreadable):
        Part.read(header | change, raw)


@pytest.mark.parametrize("missing", ["v", "kind", "arrays", "languages", "make"])
def test_a_header_that_lacks_something_is_refused(missing: str) -> None:
    header, raw = part_of([1, 2]).pack()
    del header[missing]
    with pytest.raises(Unreadable):
        Part.read(header, raw)


@pytest.mark.parametrize("less", [1, 10, 1_000, 10**9])
def test_a_segment_that_was_cut_short_is_refused(less: int) -> None:
    header, raw = part_of([1, 2]).pack()
    with pytest.raises(Unreadable):
        Part.read(header, raw[: max(0, len(raw) - less - len(part_of([1, 2]).words))])


@pytest.mark.parametrize(
    ("name", "at", "to"),
    [
        ("first", 0, 1),
        ("first", 1, 0),
        ("first", 1, 2**32 - 1),
        ("days", 0, 0),
        ("days", 0, 2**32 - 1),
        ("kinds", 0, 0),
        ("kinds", 0, 6),
        ("spoken", 0, 3),
        ("scales", 0, float("nan")),
        ("postings.terms", 0, 2**32 - 1),
        ("postings.counts", 0, 0),
        ("postings.counts", 0, 2**32 - 1),
        ("postings.doc_starts", 0, 1),
        ("postings.doc_starts", 1, 0),
        ("postings.doc_starts", 1, 2**32 - 1),
        ("postings.repeat_starts", 1, 2**32 - 1),
        ("postings.docs", -1, 255),
        ("postings.docs", 0, 255),
    ],
)
def test_numbers_that_do_not_fit_the_others_are_refused(name: str, at: int, to: Any) -> None:
    part = part_of([1, 2, 3, 4])
    *above, array = name.split(".")
    owner = getattr(part, above[0]) if above else part
    getattr(owner, array)[at] = to
    with pytest.raises(Unreadable):
        read_again(part)


def test_a_term_that_is_said_to_recur_more_often_than_it_does_is_refused() -> None:
    part = part_of([1, 2, 3, 4])
    part.postings.docs[0] ^= 1
    with pytest.raises(Unreadable):
        read_again(part)


@given(st.data())
def test_no_change_of_a_byte_leads_to_anything_but_a_refusal_or_a_part(data: st.DataObject) -> None:
    header, raw = part_of([1, 2, 3, 4]).pack()
    touched = bytearray(raw)
    for at in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=4)):
        touched[at] = data.draw(st.integers(0, 255))
    try:
        part = Part.read(header, touched)
    except Unreadable:
        return
    shelf = Shelf((Layer.of(part),))
    for term in part.postings.terms.tolist():
        assert len(shelf.holding(term)[0]) == shelf.count(term)
    assert len(part.owners) == part.passages
    for n in range(len(part.word_terms)):
        assert part.beginning(part.word(n)) <= set(range(len(part.word_terms)))
