"""Words are found where they stand, and compared without what does not tell them apart."""

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.words import (
    LONGEST_WORD,
    SNOWBALL,
    bare,
    fold,
    stem,
    term,
    term_of,
    terms_of,
    words,
)


def spelled(text: str) -> list[str]:
    return [word.folded for word in words(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The heron came back.", ["the", "heron", "came", "back"]),
        ("", []),
        (" \n\t…—!?*_'’ ", []),
        ("don't don’t don\u02bct", ["don't"] * 3),
        ("'quoted' ’quoted’", ["quoted", "quoted"]),
        ("L'été, d’été", ["l'été", "d'été"]),
        ("snake_case well-known", ["snake", "case", "well", "known"]),
        ("at 7:30, 3.5 km", ["at", "7", "30", "3", "5", "km"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("ｆｕｌｌ ﬁne ①", ["full", "fine", "1"]),
        ("e\u0301te\u0301 été", ["été", "été"]),
        ("\u0301 \u0301\u0301x", ["x"]),
        ("🪶 rain🌧rain ☕", ["🪶", "rain", "🌧", "rain", "☕"]),
        ("נחל ירוק", ["נחל", "ירוק"]),
        ("كتاب جميل", ["كتاب", "جميل"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("п'ять п’ять", ["п'ять", "п'ять"]),
        ("猫", ["猫"]),
        ("東京都", ["東", "東京", "京", "京都", "都"]),
        ("猫がいる", ["猫", "猫が", "がい", "いる"]),
        ("いる", ["いる"]),
        ("人々", ["人", "人々", "々"]),
        ("\U00020bb7野", ["\U00020bb7", "\U00020bb7野", "野"]),
        ("นก Tokyo東", ["นก", "tokyo", "東"]),
        ("ก", ["ก"]),
    ],
)
def test_the_words_of_a_text(text: str, found: list[str]) -> None:
    assert spelled(text) == found


@given(st.text())
def test_every_word_stands_where_it_says(text: str) -> None:
    found = words(text)
    assert all(word.folded == fold(text[word.start : word.end][:LONGEST_WORD]) for word in found)
    assert all(0 <= word.start < word.end <= len(text) for word in found)
    assert [word.start for word in found] == sorted(word.start for word in found)


@pytest.mark.parametrize("before", ["ß ß ", "İİİ ", "ŉ ﷺ ", "ﬃ ½ "])
def test_places_are_those_of_the_text_though_folding_lengthens_a_word(before: str) -> None:
    word = words(before + "heron")[-1]
    assert (word.start, word.end) == (len(before), len(before) + 5)


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_no_word_can_hold_a_line_end_or_half_a_surrogate_pair() -> None:
    every = (chr(code) for code in range(sys.maxunicode + 1))
    folded = (word.folded for one in every for word in words(one))
    assert not any(set(word) & {"\n", "\r"} or "\ud800" <= word <= "\udfff" for word in folded)
    assert words("\ud800\udfff") == []


@pytest.mark.parametrize("one", ["a", "a'", "猫", "ก", "🪶", "e\u0301", "_", "1"])
def test_a_text_without_spaces_is_read_whole(one: str) -> None:
    text = one * (64_000 // len(one))
    assert all(word.end <= len(text) for word in words(text))


def test_a_word_counts_by_its_first_letters_when_nobody_would_type_more() -> None:
    long, longer = "a" * LONGEST_WORD, "a" * 10_000
    assert spelled(long) == spelled(longer)
    assert (words(longer)[0].start, words(longer)[0].end) == (0, 10_000)


@pytest.mark.parametrize(
    ("word", "without"),
    [
        ("café", "cafe"),
        ("ñandú", "nandu"),
        ("ещё", "еще"),
        ("が", "が"),
        ("강", "강"),
        ("øl", "øl"),
    ],
)
def test_accents_can_be_left_out(word: str, without: str) -> None:
    assert bare(word) == without


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", "heron herons heron's"),
        ("en", "walk walked walking walks"),
        ("de", "Garten Gartens"),
        ("de", "Haus Häuser Hauses"),
        ("de", "Straße STRASSEN strasse"),
        ("fr", "été l'été d’été"),
        ("fr", "manger mangé mangées mangeait"),
        ("es", "canción canciones"),
        ("es", "hablar hablamos hablaba hablé"),
        ("ru", "книга книги книгу книгой"),
        ("ru", "ещё еще ЕЩЕ"),
        ("it", "amico amici l'amico"),
        ("sv", "båten båtar"),
        ("nl", "lopen loop"),
        ("", "Café CAFE"),
        ("xx", "naïve naive"),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, forms: str) -> None:
    assert len({term_of(word, language) for word in spelled(forms)}) == 1


@pytest.mark.parametrize(
    ("language", "written", "typed"),
    [("es", "comió", "comio"), ("fr", "mangée", "mangee"), ("fr", "Café", "cafe")],
)
def test_a_word_is_found_by_what_is_typed_without_its_accents(
    language: str, written: str, typed: str
) -> None:
    assert term_of(fold(typed), language) in terms_of(fold(written), language)


def test_a_word_has_no_second_term_where_it_needs_none() -> None:
    assert len(terms_of("heron", "en")) == len(terms_of("été", "fr")) == 1
    assert len(terms_of("красивый", "ru")) == 1, "another letter, not an accent"


def test_nothing_is_left_empty_by_taking_away_an_article() -> None:
    assert stem("l'", "fr") == "l'"


def test_the_number_of_a_term_is_its_hash_of_four_bytes() -> None:
    assert term("heron") == 0x7C824BA9
    assert term("鷺") != term("heron")
    assert 0 <= term("") < 1 << 32


def test_every_language_listed_has_a_stemmer() -> None:
    assert all(isinstance(stem("herons", language), str) for language in SNOWBALL)


@given(st.text(max_size=70), st.sampled_from([*SNOWBALL, ""]))
def test_any_word_has_a_term(text: str, language: str) -> None:
    for word in words(text):
        assert term_of(word.folded, language) in terms_of(word.folded, language)


def test_threads_stem_alike() -> None:
    asked = (
        list(product(["herons", "walking", "häuser", "canciones", "книгами", "été"], SNOWBALL)) * 20
    )
    expected = [stem(*one) for one in asked]
    random.Random(1).shuffle(order := list(range(len(asked))))
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(order, pool.map(lambda n: stem(*asked[n]), order), strict=True))
    assert [found[n] for n in range(len(asked))] == expected
