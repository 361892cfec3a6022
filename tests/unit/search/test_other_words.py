"""Other words stand beside a query: they find more, count for less, and are nothing but words."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.indexes import shelf_of
from tests.support.journals import write

from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.search.other_words import LONGEST, MOST, usable
from llamora.search.query import parse
from llamora.search.rank import CONSTANTS, Asked, rank
from llamora.search.recent import Recent
from llamora.search.search import Search
from llamora.search.words import term_of, words
from llamora.storage import Store

TODAY = date(2026, 11, 22)

# Which can stand beside it


@pytest.mark.parametrize(
    ("said", "usable_ones"),
    [
        (["frost", "ice", "bitterly cold"], ["frost", "ice", "bitterly cold"]),
        (['"frost"', "- ice", "*snow*", "sleet.", "• hail", "“thaw”"],
         ["frost", "ice", "snow", "sleet", "hail", "thaw"]),
        (["frost", "Frost", "frosts", "frosted"], ["frost"]),  # by their stems
        (["winter", "Winters", "cold winter"], ["cold winter"]),  # the query holds it
        (["the weather was very cold that day", "a b c d"], []),  # sentences
        (["on:2019", "before:2019", "trace:walk", "-walk", "-\"a walk\""], ["walk", "a walk"]),
        (["l’été", "grand-mère", "散歩", "ночь", "don't", "🌧"],
         ["l’été", "grand-mère", "散歩", "ночь", "don't", "🌧"]),
        (["<b>x</b>", "{{ x|y }}", "a/b", "a|b", "a\0b", "wal\u202ek", "\ud800"], []),
        (["", " ", "-", "…", "?!", "*"], []),
        ([7, None, True, ["frost"], {"word": "frost"}], []),
        (["x" * 41, "x" * 100_000, "ﷺ" * 41], []),
        (["x" * 40], ["x" * 40]),
        ([], []),
    ],
)  # fmt: skip
def test_a_word_or_short_phrase_can_and_all_else_comes_to_nothing(
    said: list[object], usable_ones: list[str]
) -> None:
    assert usable(said, "a hard winter", "en") == tuple(usable_ones)


def test_there_are_twelve_at_most() -> None:
    many = [f"word{n}" for n in range(500)]
    assert usable(many, "winter") == tuple(many[:MOST])


@given(st.lists(st.one_of(st.text(), st.integers(), st.none())), st.text(), st.text(max_size=3))
def test_whatever_is_said_what_is_usable_is_short_new_and_distinct(
    said: list[object], asked: str, language: str
) -> None:
    found = usable(said, asked, language)
    assert usable(found, asked, language) == found
    assert len(set(found)) == len(found) <= MOST
    for one in found:
        assert 0 < len(one) <= LONGEST


# What they do to the order

TEXTS = (
    "The wireless played in the kitchen all through the night.",
    "A radio stood in the garden and was never once turned on.",
    "We walked over the hill and saw a great many birds there.",
    "The gramophone and the wireless and the piano all at once.",
)


def scores(query: str, *others: str) -> list[float]:
    shelf = shelf_of(*TEXTS)

    def asked(text: str) -> list[Asked]:
        return [Asked((term_of(word.folded, "en"),)) for word in words(text)]

    return rank(shelf, asked(query), {}, others=asked(" ".join(others))).scores.tolist()


def test_what_has_another_word_is_found_and_comes_after_what_has_the_querys_own() -> None:
    wireless, radio, birds, both = scores("radio", "wireless", "gramophone")
    assert scores("radio")[0] == 0
    assert radio > both > wireless > birds == 0


def test_however_many_other_words_a_page_has_it_stays_behind() -> None:
    many = ("gramophone", "wireless", "piano", "once", "all", "played", "kitchen", "night")
    first, radio, _, last = scores("radio", *many)
    assert radio > max(first, last)
    assert max(first, last) <= 2 * CONSTANTS.others + 1e-6, "in the passage and in the writing"


def test_other_words_never_take_anything_away() -> None:
    before, after = scores("radio garden"), scores("radio garden", "wireless", "birds")
    assert all(a >= b for a, b in zip(after, before, strict=True))


def test_without_other_words_nothing_is_different() -> None:
    assert scores("radio garden") == scores("radio garden", "")


def test_a_wider_meaning_never_takes_anything_away() -> None:
    shelf = shelf_of(*TEXTS)
    (make,) = shelf.makes
    size = shelf.layers[0].part.vectors.shape[1]
    numbers = np.random.default_rng(3).normal(size=(2, size)).astype(np.float32)
    narrow, wide = ({make: one / np.linalg.norm(one)} for one in numbers)
    alone = rank(shelf, [], narrow).scores
    other = [Asked((1,))]
    assert (rank(shelf, [], narrow, others=other, wider=wide).scores >= alone).all()


# In a journal


@pytest.fixture
async def search(ada: Journal, store: Store, clock: TurnableClock) -> AsyncIterator[Search]:
    search = Search(store, ada, Embedders(), Recent(store, ada.vault, clock.now))
    yield search
    await search.close()


async def found(search: Search, query: str, others: Sequence[str] = ()) -> list[str]:
    page = await search.find(query, others=others)
    return ["".join(piece.text for piece in r.snippet.pieces) for r in page.results]


async def test_other_words_find_what_the_query_did_not_and_are_marked(
    search: Search, ada: Journal
) -> None:
    await write(ada, "The plumber came about the boiler.")
    await write(ada, "Nothing to tell of today.")
    assert await found(search, "zzzz repairman") == []
    page = await search.find("zzzz repairman", others=["plumber", "boiler"])
    (first, *_) = page.results
    marked = [piece.text for piece in first.snippet.pieces if piece.marked]
    assert marked == ["plumber", "boiler"]
    assert page.query.others == ("plumber", "boiler")


async def test_what_the_query_found_is_found_with_other_words_however_much_they_bring(
    search: Search, ada: Journal
) -> None:
    await write(ada, "The radio in the garden by the pond; a wireless and a gramophone.")
    await write(ada, "The garden was dry, and we carried buckets of water to it.")
    for text in ("She sold the house. " * 15 + "The garden too.", "Taxes. " * 90 + "A garden."):
        await write(ada, text)
    for n in range(20):
        await write(ada, f"Nothing but numbers and letters on day {n} at the office.")
    before = await found(search, "radio garden pond")
    after = await found(search, "radio garden pond", ["wireless", "gramophone"])
    assert len(before) > 1
    assert set(before) <= set(after)


async def test_words_that_stand_in_any_text_find_nothing(search: Search, ada: Journal) -> None:
    await write(ada, "The plumber came about the boiler, and it was the day of the fair.")
    assert await found(search, "zzzz", ["the", "and", "was"]) == []


async def test_what_narrows_a_query_narrows_it_in_other_words(search: Search, ada: Journal) -> None:
    await write(ada, "The plumber came about the boiler.")
    await write(ada, "The plumber and the piano tuner came.")
    everything = await found(search, "repairman", ["plumber"])
    assert len(everything) == 2
    assert len(await found(search, "repairman -piano", ["plumber"])) == 1
    assert await found(search, 'repairman "piano tuner"', ["plumber"]) == [
        "The plumber and the piano tuner came."
    ]
    for narrowed in ("repairman before:2000", "repairman by:companion", "repairman trace:house"):
        assert await found(search, narrowed, ["plumber"]) == []


async def test_operators_among_them_do_nothing(search: Search, ada: Journal) -> None:
    await write(ada, "The plumber came about the boiler.")
    hostile = ["before:1000", "-plumber", '"nothing"', "by:companion", "trace:x", "plumber"]
    assert await found(search, "repairman", hostile) == ["The plumber came about the boiler."]


async def test_an_order_is_kept_for_the_words_it_was_made_with(
    search: Search, ada: Journal
) -> None:
    await write(ada, "The plumber came about the boiler.")
    await write(ada, "The piano tuner came.")
    for _ in range(2):
        assert await found(search, "repairman zzzz", ["plumber"]) == [
            "The plumber came about the boiler."
        ]
        assert await found(search, "repairman zzzz", ["piano"]) == ["The piano tuner came."]


async def test_the_language_of_the_journal_is_told(search: Search, ada: Journal) -> None:
    assert await search.language() == ""
    for n in range(3):
        await write(ada, f"Der Reiher stand wieder im flachen Wasser am Ufer, {n} Stunden lang.")
    await search.whole()
    assert await search.language() == "de"


@pytest.mark.parametrize(
    ("typed", "has"),
    [
        ("heron", True),
        ("heron on:2019 by:me -rain", True),
        ('heron "came back"', True),
        ('"came back"', False),
        ('"came back" on:2019 by:me', False),
        ("on:2019", False),
        ("last summer", False),
        ("-rain", False),
        ("trace:walk", False),
        ("", False),
        (":) ... -", False),
    ],
)
def test_only_free_words_can_be_said_otherwise(typed: str, has: bool) -> None:
    assert parse(typed, TODAY).has_free_words is has
