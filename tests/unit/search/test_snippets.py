"""A snippet shows the diarist's own text where it answers, with what was asked for marked."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.passages import cut
from llamora.search.snippets import WINDOW, Piece, Snippet, Telling, snippet
from llamora.search.words import term_of, words

FILLER = "It rained the whole day and nothing else was to be seen. "


def weights(*asked: str, language: str = "en") -> dict[int, float]:
    return {term_of(word.folded, language): 1.0 for one in asked for word in words(one)}


Span = tuple[int, int]


def shown(
    text: str,
    *asked: str,
    language: str = "en",
    passage: Span | None = None,
    central: Span | None = None,
) -> Snippet:
    telling = Telling(weights(*asked, language=language), [language])
    return snippet(text, passage or (0, len(text)), telling, lambda: central)


def marked(found: Snippet) -> list[str]:
    return [piece.text for piece in found.pieces if piece.marked]


def test_a_short_text_is_shown_whole() -> None:
    found = shown("The herons came back.", "heron")
    assert found.pieces == (Piece("The "), Piece("herons", True), Piece(" came back."))
    assert (found.start, found.end, found.before, found.after) == (0, 21, False, False)
    assert found.text == "The herons came back."


def test_a_long_text_is_shown_where_most_of_it_was_asked_for() -> None:
    text = FILLER * 4 + "A heron. " + FILLER * 3 + "The heron stood on the ice. " + FILLER * 6
    found = shown(text, "heron ice")
    assert marked(found) == ["heron", "ice"]
    assert found.before
    assert found.after
    assert len(found.text) <= WINDOW + 4
    assert text[found.start :].startswith(("It rained", "The heron"))


def test_without_a_word_to_mark_the_nearest_sentence_begins_it() -> None:
    text = FILLER * 6 + "The bird stood in the reeds. " + FILLER * 4
    at = text.index("The bird")
    found = shown(text, "heron", central=(at, at + 28))
    assert marked(found) == []
    assert found.start <= at < found.end
    assert shown(text, "heron").start == 0


def test_no_sentence_is_sought_where_a_word_is_marked_or_all_is_shown() -> None:
    def sought() -> Span | None:
        raise AssertionError

    telling = Telling(weights("heron"), ["en"])
    for text in ("A short text.", FILLER * 6 + "A heron. " + FILLER * 4):
        assert snippet(text, (0, len(text)), telling, sought).pieces


def test_a_word_tells_as_much_as_its_most_telling_term() -> None:
    telling = Telling({**weights("heron"), term_of("herons", "la"): 3.0}, ["en", "la"])
    assert [telling.of(word) for word in ("herons", "heron", "weir", "herons")] == [3, 1, 0, 3]
    assert telling == Telling(telling.weights, telling.languages), "whatever it was asked of"


@pytest.mark.parametrize("central", [(0, 5), (100_000, 100_010), (650, 700)])
def test_a_sentence_outside_the_passage_does_no_harm(central: tuple[int, int]) -> None:
    text = FILLER * 20
    found = shown(text, passage=(100, 700), central=central)
    assert 100 <= found.start < found.end <= 700


@pytest.mark.parametrize("passage", [(0, 0), (5, 5), (900, 1_600), (10, 9_999), (12, 3)])
def test_a_passage_that_is_no_longer_there_shows_what_is(passage: tuple[int, int]) -> None:
    found = shown("A heron by the ice.", "heron", passage=passage)
    assert 0 <= found.start <= found.end <= 19


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("# Heading\n\n- a **heron** and _ice_", "Heading a heron and ice"),
        ("_heron_ `heron` ~~heron~~ ***heron***", "heron heron heron heron"),
        ("> quoted heron\n1. first heron", "quoted heron first heron"),
        ("the heron - a bird", "the heron - a bird"),
        ("the heron 5. May", "the heron 5. May"),
        ("2 * 3 = 2*3, snake_heron_case", "2 * 3 = 2*3, snake_heron_case"),
        ("see [the heron](https://heron.example/heron) there", "see the heron there"),
        ("![heron](a.jpg) heron", "heron heron"),
        ("[heron] (not a link)", "[heron] (not a link)"),
        ("a\n\n\theron", "a heron"),
        ("* * *", "* *"),
    ],
)
def test_signs_of_markdown_are_left_out_and_nothing_else(text: str, plain: str) -> None:
    assert shown(text, "heron").text == plain
    assert shown(text).text == plain
    assert set(marked(shown(text, "heron"))) <= {"heron"}


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("今日は東京都へ行く。", "東京都", ["東京都"]),
        ("今日は東京都へ行く。", "東京", ["東京"]),
        ("今日は東京へ、京都へ", "京", ["京", "京"]),
        ("ฉันรักแมวมาก", "แมว", ["แมว"]),
        ("הגשר הישן ליד הנהר", "הישן", ["הישן"]),
        ("Café, CAFE", "café", ["Café", "CAFE"]),
        ("e\u0301te\u0301 là", "été", ["e\u0301te\u0301"]),
        ("İstanbul ve Straße", "strasse istanbul", ["İstanbul", "Straße"]),
        ("🪶 and 🌧", "🪶", ["🪶"]),
    ],
)
def test_words_are_marked_in_every_script(text: str, asked: str, expected: list[str]) -> None:
    assert marked(shown(text, asked, language="xx")) == expected


def test_a_word_typed_without_accents_is_marked() -> None:
    assert marked(shown("Él comió tarde.", "comio", language="es")) == ["comió"]


def test_a_text_without_spaces_fills_its_window() -> None:
    found = shown("Tokyo 東" + "京" * 600, "tokyo")
    assert len(found.text) > WINDOW - 10
    found = shown("x" * 64_000, "x" * 64, passage=(0, 700))
    assert found.end - found.start == WINDOW


asked_for = ["heron", "猫", "a", "été", "🪶", "ß"]
blocks = st.sampled_from(
    [*asked_for, " ", "\n", "**", "[", "](", ")", "- ", "。", ". ", FILLER, "x" * 99]
)


@given(st.lists(blocks, max_size=40).map("".join) | st.text(max_size=900), st.data())
def test_what_is_shown_is_the_texts_own(text: str, data: st.DataObject) -> None:
    passage = data.draw(st.sampled_from([*cut(text), (0, len(text))]))
    found = shown(text, *asked_for, passage=passage)
    assert 0 <= found.start <= found.end <= len(text)
    assert found.end - found.start <= WINDOW or passage[1] - passage[0] <= WINDOW
    inner = text[found.start : found.end]
    rest = iter("".join(inner.split()))
    for piece in found.pieces:
        assert piece.text
        assert all(character in rest for character in "".join(piece.text.split())), "in order"
        if not set(text) & set("*_`~[]#>-+."):
            assert "".join(piece.text.split()) in "".join(inner.split())
    places = [piece.marked for piece in found.pieces]
    assert not any(a and b for a, b in pairwise(places))
