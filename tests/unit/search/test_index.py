"""A shelf numbers what its layers hold, and changes only by being replaced."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.indexes import any_indexed, indexed

from llamora.search.index import Layer, Shelf
from llamora.search.part import Part
from llamora.search.words import term_of


def layer(*seeds: int) -> Layer:
    return Layer.of(Part.of([any_indexed(seed) for seed in seeds]))


def id_of(seed: int) -> bytes:
    return any_indexed(seed).id


def living(shelf: Shelf) -> set[bytes]:
    return {shelf.id(n) for n in shelf.alive.nonzero()[0].tolist()}


@given(st.lists(st.lists(st.integers(0, 200), max_size=3), max_size=4))
def test_writings_and_passages_are_numbered_through(groups: list[list[int]]) -> None:
    seeds = list(dict.fromkeys(seed for group in groups for seed in group))
    groups = [[seed for seed in dict.fromkeys(group) if seed in seeds] for group in groups]
    shelf = Shelf(tuple(layer(*group) for group in groups))
    given = [any_indexed(seed) for group in groups for seed in group]
    assert shelf.writings == len(given) == len(shelf.first) == len(shelf.writing_lengths)
    assert shelf.passages == sum(len(one.spans) for one in given) == len(shelf.owners)
    passage = 0
    for n, one in enumerate(given):
        assert (shelf.id(n), shelf.revision(n), shelf.kind(n)) == (one.id, one.revision, one.kind)
        assert shelf.days[n] == one.day.toordinal()
        assert shelf.first[n] == passage
        assert shelf.writing_lengths[n] == sum(one.lengths)
        for start, size in one.spans:
            assert shelf.span(passage) == (start, start + size)
            assert shelf.owners[passage] == n
            passage += 1


def test_a_shelf_without_layers_or_of_empty_ones_holds_nothing() -> None:
    for shelf in (Shelf(), Shelf((layer(),)), Shelf((layer(), layer()))):
        assert (shelf.writings, shelf.passages, shelf.languages) == (0, 0, ())
        assert not shelf.has(bytes(16))
        assert shelf.without(bytes(16)) is shelf
        assert [len(each) for each in shelf.holding(1)] == [0, 0]
        assert shelf.count(1) == 0
        assert len(shelf.day_numbers) == len(shelf.written_days) == 0
        assert shelf.years(np.zeros(0, np.int64)) == {}
        assert len(shelf.lengths) == len(shelf.writing_lengths) == len(shelf.kinds) == 0
        assert shelf.nbytes >= 0


def test_an_empty_layer_between_others_takes_no_number() -> None:
    shelf = Shelf((layer(), layer(1), layer(), layer(2), layer()))
    assert [shelf.id(n) for n in range(shelf.writings)] == [id_of(1), id_of(2)]
    assert shelf.span(shelf.passages - 1)[0] == any_indexed(2).spans[-1][0]


def test_a_new_layer_lets_the_writings_it_repeats_die_elsewhere() -> None:
    old = Shelf((layer(1, 2), layer(3)))
    new = old.with_layer(layer(2, 4))
    assert living(old) == {id_of(n) for n in (1, 2, 3)}
    assert living(new) == {id_of(n) for n in (1, 2, 3, 4)}
    assert int(new.alive.sum()) == 4
    assert new.layers[0].dead == len(any_indexed(2).spans)
    assert new.layers[0].living.sum() == len(any_indexed(1).spans)


def test_a_writing_that_died_is_no_longer_had() -> None:
    shelf = Shelf((layer(1, 2),))
    assert shelf.layers[0].dead == 0
    less = shelf.without(id_of(1))
    assert (less.has(id_of(1)), less.has(id_of(2)), shelf.has(id_of(1))) == (False, True, True)
    assert less.without(id_of(1)) is less
    assert less.layers[0].dead == len(any_indexed(1).spans), "and not what was counted before"


def test_terms_are_found_in_every_layer() -> None:
    first, second = indexed("a heron by the ice", "the ice melts, and ice again")
    shelf = Shelf((Layer.of(Part.of([first])), Layer.of(Part.of([second]))))
    docs, times = shelf.holding(term_of("ice", "en"))
    assert (docs.tolist(), times.tolist()) == ([0, 1], [1.0, 2.0])
    assert shelf.count(term_of("ice", "en")) == 2


@pytest.mark.parametrize(
    ("spoken", "expected"),
    [
        (["en"], ("en",)),
        (["en", "en", "de"], ("en", "de")),
        (["en"] * 30 + ["de"], ("en", "de")),
        (
            ["en", "en", "de", "de", "fr", "es", "it", "nl", "sv"],
            ("en", "de", "fr", "es", "it", "nl"),
        ),
    ],
)
def test_the_languages_of_a_journal_are_the_commonest_few(
    spoken: list[str], expected: tuple[str, ...]
) -> None:
    parts = [
        Part.of([one for language in spoken if language == each for one in _in(language)])
        for each in dict.fromkeys(spoken)
    ]
    assert Shelf(tuple(Layer.of(part) for part in parts)).languages == expected


def _in(language: str):
    return indexed("heron", language=language)


def test_writings_of_one_day_share_its_number() -> None:
    shelf = Shelf((layer(*range(30)),))
    assert shelf.written_days.tolist() == sorted(set(shelf.days.tolist()))
    assert len(shelf.written_days) == 3
    assert shelf.written_days[shelf.day_numbers].tolist() == shelf.days.tolist()


def test_writings_are_counted_by_year() -> None:
    years = [1, 1969, 1970, 2024, 2024, 9999]
    days = [date(year, 1 + 11 * (n % 2), 31).toordinal() for n, year in enumerate(years)]
    part = replace(Part.of([any_indexed(n) for n in range(6)]), days=np.array(days, np.uint32))
    shelf = Shelf((Layer.of(part),))
    assert shelf.years(np.arange(6)) == {1: 1, 1969: 1, 1970: 1, 2024: 2, 9999: 1}
    assert shelf.years(np.array([4, 0])) == {1: 1, 2024: 1}


def test_what_length_tells_is_by_the_mean_of_each_kind() -> None:
    first, second = indexed("a heron by the ice", "the ice melts, and ice again and again")
    shelf = Shelf((Layer.of(Part.of([first])), Layer.of(Part.of([second]))))
    assert shelf.norms(1.0, 0.0).passages.tolist() == [1, 1]
    norms = shelf.norms(1.0, 1.0)
    assert np.allclose(norms.passages, [10 / 13, 16 / 13])
    assert np.allclose(norms.writings, norms.passages)
    assert len(norms.days) == len(shelf.written_days)
    assert shelf.norms(1.0, 1.0) is norms


@given(st.lists(st.integers(0, 60), unique=True, max_size=8), st.lists(st.integers(0, 60)))
def test_living_writings_are_found_by_their_ids(held: list[int], asked: list[int]) -> None:
    shelf = Shelf((layer(*held[:3]), layer(), layer(*held[3:])))
    for seed in held[::3]:
        shelf = shelf.without(id_of(seed))
    for seed, number in zip(asked, shelf.numbers([id_of(seed) for seed in asked]), strict=True):
        if id_of(seed) in living(shelf):
            assert shelf.id(int(number)) == id_of(seed)
        else:
            assert number == -1


def test_ids_that_begin_alike_are_told_apart() -> None:
    shelf = Shelf((Layer.of(Part.of(indexed("a heron", "a weir", "a plumber"))),))
    ids = [n.to_bytes(16, "big") for n in (1, 3, 9)]
    assert shelf.numbers(ids).tolist() == [0, 2, -1]


def test_a_writings_vector_is_the_mean_of_its_passages() -> None:
    shelf = Shelf((layer(1), layer(2, 3)))
    for n, seed in enumerate((1, 2, 3)):
        one = any_indexed(seed)
        mean = (one.vectors * one.scales[:, None]).mean(axis=0)
        ((make, vector),) = shelf.vectors_of(n).items()
        assert make == one.make
        assert np.allclose(vector * np.linalg.norm(mean), mean, atol=1e-4)
