"""A word finds those of the journal that mean nearly the same, and no others."""

import numpy as np
import pytest
from tests.support.indexes import shelf_of

from llamora.search.index import Shelf
from llamora.search.lexicon import Lexicon
from llamora.search.words import term_of

SHELF = shelf_of(
    "The dog ran through the snow with the puppy and another dog; dogs everywhere.",
    "I paid the invoice and the tax; the bank sent a letter about money.",
    "We sang songs and listened to music in the church until the evening.",
)
LEXICON = Lexicon.of(SHELF)


def near(*words: str, most: int = 5, least: float = -1.0):
    return LEXICON.near(words, most, least)


def test_the_nearest_are_the_words_that_mean_the_same() -> None:
    found = [[term for term, _ in each] for each in near("hound", "payment", most=4)]
    assert term_of("dog", "en") in found[0]
    assert term_of("puppy", "en") in found[0]
    assert {term_of("paid", "en"), term_of("money", "en"), term_of("invoice", "en")} & set(found[1])


def test_a_word_is_nearest_to_itself() -> None:
    ((term, nearness),) = near("music", most=1)[0]
    assert term == term_of("music", "en")
    assert nearness == pytest.approx(1, abs=0.02)


def test_forms_of_a_word_are_one_term() -> None:
    assert len(set(LEXICON.terms.tolist())) == len(LEXICON.terms)
    assert LEXICON.terms.tolist().count(term_of("dog", "en")) == 1


def test_no_more_come_than_wanted_nearest_first_and_none_too_far() -> None:
    for most in (1, 3, 10_000):
        nearness = [how for _, how in near("dog", most=most)[0]]
        assert len(nearness) == min(most, len(LEXICON.terms))
        assert nearness == sorted(nearness, reverse=True)
    assert all(how >= 0.5 for _, how in near("dog", least=0.5)[0])
    assert near("dog", least=1.5) == [[]]


@pytest.mark.parametrize("word", ["", "🪶", "東京", "\ud800", "x" * 10_000])
def test_any_word_may_be_asked(word: str) -> None:
    assert all(np.isfinite(how) for _, how in near(word)[0])


@pytest.mark.parametrize("shelf", [Shelf(), shelf_of("…"), shelf_of("a b")])
def test_a_journal_without_words_has_nothing_near(shelf: Shelf) -> None:
    lexicon = Lexicon.of(shelf)
    assert lexicon.near(["heron", "ice"], 5, 0.0) == [[], []]
    assert LEXICON.near([], 5, 0.0) == []
    assert not lexicon.is_outdated_by(shelf)


def test_it_is_made_anew_once_there_are_many_new_words() -> None:
    assert not LEXICON.is_outdated_by(SHELF)
    more = shelf_of(" ".join(f"word{n}" for n in range(300)))
    assert not LEXICON.is_outdated_by(Shelf((*SHELF.layers, *shelf_of("one more").layers)))
    assert LEXICON.is_outdated_by(Shelf((*SHELF.layers, *more.layers)))
