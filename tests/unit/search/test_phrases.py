"""A phrase stands where its words follow each other exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.phrases import Phrase

TEXT = (
    "The Grey Heron came back; a grey, old heron—and grey\nherons. Café au lait. は東京都へ行く。"
)


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("grey heron", "Grey Heron"),
        ("GREY   heron!", "Grey Heron"),
        ("grey old heron", "grey, old heron"),
        ("grey herons", "grey\nherons"),
        ("heron", "Heron"),
        ("cafe au lait", "Café au lait"),
        ("Café", "Café"),
        ("heron and grey herons", "heron—and grey\nherons"),
        ("東京", "東京"),
        ("東京都へ", "東京都へ"),
        ("都", "都"),
        ("は東", "は東"),
        ("the heron", None),
        ("heron grey", None),
        ("old herons", None),
        ("京東", None),
        ("東都", None),
        ("行", "行"),
        ("herons herons", None),
        ("", None),
        ("…", None),
        ("x" * 64_000, None),
    ],
    ids=lambda given: str(given)[:30],
)
def test_where_a_phrase_stands(phrase: str, found: str | None) -> None:
    place = Phrase.of(phrase).place_in(TEXT)
    assert (TEXT[slice(*place)] if place else None) == found
    assert Phrase.of(phrase).stands_in(TEXT) is (found is not None)


def test_the_first_place_is_told_even_after_a_false_beginning() -> None:
    assert Phrase.of("a a b").place_in("a a a b a a b") == (2, 7)


@pytest.mark.parametrize("before", ["İ ß ", "ﬃ ½ "])
def test_a_place_is_one_in_the_text_itself(before: str) -> None:
    assert Phrase.of("heron").place_in(before + "heron") == (len(before), len(before) + 5)


@given(st.text(max_size=80), st.data())
def test_whatever_words_follow_each_other_are_a_phrase_of_the_text(
    text: str, data: st.DataObject
) -> None:
    spaced = text.split()
    if spaced:
        a = data.draw(st.integers(0, len(spaced) - 1))
        b = data.draw(st.integers(a + 1, len(spaced)))
        phrase = Phrase.of(" ".join(spaced[a:b]))
        assert phrase.stands_in(text) or not phrase.words


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_text_can_be_a_phrase(text: str, phrase: str) -> None:
    place = Phrase.of(phrase).place_in(text)
    assert place is None or 0 <= place[0] < place[1] <= len(text)
