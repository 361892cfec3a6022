"""What the index holds of a writing is all of its words, and nothing of a text without any."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.indexes import entry, indexed

from llamora.journal.writing import Response, Writing
from llamora.search.indexing import index, is_searchable
from llamora.search.part import Part
from llamora.search.wordllama import Basis, WordLlama
from llamora.search.words import fold, term_of, words

BUILT_IN = WordLlama(Basis())


def response(text: str, **more: Any) -> Response:
    return Response(
        b"r" * 16, date(2026, 11, 22), 1, bytes(16), text, TurnableClock().now(), **more
    )


@pytest.mark.parametrize(
    ("writing", "searchable"),
    [
        (entry("heron"), True),
        (entry("…"), True),
        (entry(" \n"), False),
        (entry(""), False),
        (response("A heron."), True),
        (response("A heron.", state="writing"), False),
        (response("A her", state="cut"), True),
        (response("", engine="echo"), False),
    ],
)
def test_which_writings_are_searched(writing: Writing, searchable: bool) -> None:
    assert is_searchable(writing) is searchable


def test_each_passage_has_its_words_and_how_often() -> None:
    (one,) = indexed("Herons, a heron. " + "The ice. " * 300)
    assert len(one.spans) == len(one.terms) == len(one.lengths) == len(one.vectors) > 2
    first = dict(zip(one.terms[0], one.times[0], strict=True))
    assert first[term_of("heron", "en")] == 2
    last = dict(zip(one.terms[-1], one.times[-1], strict=True))
    assert set(last) == {term_of("the", "en"), term_of("ice", "en")}
    assert sum(one.lengths) == 3 + 600


def test_a_word_is_counted_up_to_what_a_byte_holds() -> None:
    (one,) = indexed("a " * 340)
    assert (one.times, one.lengths) == ([[255]], [340])


def test_what_is_typed_without_accents_counts_no_word_twice() -> None:
    (one,) = indexed("comió", language="es")
    assert one.lengths == [1]
    assert set(one.terms[0]) == {term_of("comió", "es"), term_of("comio", "es")}


def test_texts_without_content_are_left_out() -> None:
    assert index([], BUILT_IN, "en") == []
    assert index([entry(""), entry(" \n")], BUILT_IN, "en") == []
    (one,) = index([entry("", 1), entry("heron", 2), entry("\n", 3)], BUILT_IN, "en")
    assert one.id == entry("", 2).id


def test_a_text_tells_its_language_unless_one_is_set() -> None:
    german = entry("Heute Morgen stand der Reiher wieder am Wasser und rührte sich nicht.")
    assert index([german], BUILT_IN, "en")[0].language == "de"
    assert index([german], BUILT_IN, "en", fixed=True)[0].language == "en"
    assert index([entry("Guten Morgen")], BUILT_IN, "de")[0].language == "de"


def test_only_the_diarists_own_words_are_for_completing() -> None:
    own, other = index([entry("Heron, herons, a 12th 🪶"), response("crane")], BUILT_IN, "en")
    assert own.vocabulary == {"heron": 1, "herons": 1}
    assert not other.vocabulary
    (one,) = indexed("Heron, herons, a 12th 🪶 東京都")
    assert one.vocabulary == {"heron": 1, "herons": 1}


TEXTS = {
    "en": ("The herons were walking along the frozen lakes.", "heron walk lake"),
    "de": ("Die Häuser der Städte standen leer, wir gingen durch Gärten.", "Haus Stadt Garten"),
    "fr": (
        "Nous avons mangé des pommes près de l'église, les oiseaux chantaient.",
        "manger pomme eglise oiseau chanter",
    ),
    "es": (
        "Caminábamos por las calles y cantamos canciones; él comió.",
        "calle cantar canción cancion comio",
    ),
    "ru": ("Мы читали книги и гуляли по старым улицам.", "читать книга гулять улица"),
}


@pytest.mark.parametrize("language", TEXTS)
def test_other_forms_of_a_word_find_it(language: str) -> None:
    text, query = TEXTS[language]
    (one,) = indexed(text, language=language)
    for word in words(query):
        assert term_of(word.folded, language) in one.terms[0], word.folded


@pytest.mark.parametrize(
    ("text", "query"),
    [("今朝、猫がいた。", "猫"), ("東京都に行く", "東京"), ("ฉันรักแมว", "แมว"), ("我家的狗", "狗")],
)
def test_a_word_is_found_where_nothing_stands_between_words(text: str, query: str) -> None:
    (one,) = indexed(text, language="xx")
    assert all(term_of(word.folded, "xx") in one.terms[0] for word in words(query))


@settings(max_examples=40)
@given(st.lists(st.text(max_size=900), max_size=4))
def test_any_texts_can_be_indexed(texts: list[str]) -> None:
    made = index([entry(text, n) for n, text in enumerate(texts)], BUILT_IN, "en")
    part = Part.read(*Part.of(made).pack())
    assert part.writings == sum(bool(text.strip()) for text in texts)
    for one, text in zip(made, (text for text in texts if text.strip()), strict=True):
        assert all(a + size <= len(text) for a, size in one.spans)
        assert set(one.vocabulary or ()) <= {fold(word.folded) for word in words(text)} | {
            word.folded for a, size in one.spans for word in words(text[a : a + size])
        }


@pytest.mark.parametrize("one", ["x", "猫", "🪶", "\n", "a ", ".", "ä", "\u0301"])
def test_the_longest_entry_can_be_indexed_whatever_it_is_made_of(one: str) -> None:
    text = one * (64_000 // len(one.encode()))
    part = Part.of(index([entry(text)], BUILT_IN, "en"))
    assert int((part.starts + part.sizes).max(initial=0)) <= len(text)
