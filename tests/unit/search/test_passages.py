"""Passages are a writing cut into stretches of about the same length, with nothing left out."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.passages import LONGEST, PASSAGE_CHARACTERS, cut

SENTENCE = "The grey heron stood in the reeds all morning. "


def pieces(text: str) -> list[str]:
    return [text[a:b] for a, b in cut(text)]


def assert_whole(text: str) -> None:
    """Every character that is not blank stands in one passage, in order; none is too long."""
    spans = cut(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(0 <= a < b <= len(text) and b - a <= LONGEST for a, b in spans)
    assert all(one[1] <= two[0] for one, two in pairwise(spans))
    assert all(text[a:b].strip() for a, b in spans)


blocks = st.sampled_from(
    [" ", "\n", "\n\n", ". ", "。", "a", "heron ", SENTENCE, "x" * 300, " " * 400, "猫" * 90, "🪶!"]
)


@given(st.lists(blocks, max_size=60).map("".join) | st.text(max_size=2_000))
def test_every_character_is_in_one_passage(text: str) -> None:
    assert_whole(text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 64_000,
        "猫" * 21_333,
        "🪶" * 16_000,
        "a" + " " * 3_000 + "b",
        "." * 64_000,
        "a\n" * 32_000,
        "ab " * 21_333,
        "שלום " * 5_000,
        "ä\u0308" * 1_000,
        "\u3000x" * 2_000,
    ],
    ids=ascii,
)
def test_texts_that_nobody_types_are_cut_as_well(text: str) -> None:
    assert_whole(text)


@pytest.mark.parametrize("text", ["", " ", "\n\n \u3000\t"])
def test_a_text_without_content_has_no_passage(text: str) -> None:
    assert cut(text) == []


def test_what_is_hardly_longer_than_a_passage_stays_whole() -> None:
    assert len(pieces("a " * (LONGEST // 2))) == 1
    assert len(pieces(SENTENCE * 16)) == 1
    assert len(pieces(SENTENCE * 18)) == 2


def test_passages_are_about_equally_long_and_end_where_sentences_do() -> None:
    found = pieces(SENTENCE * 60)
    assert all(piece.strip().startswith("The") and piece.strip().endswith(".") for piece in found)
    lengths = [len(piece) for piece in found]
    assert max(lengths) - min(lengths) <= 2 * len(SENTENCE)
    assert abs(sum(lengths) / len(found) - PASSAGE_CHARACTERS) < 50


def test_a_sentence_too_long_for_a_passage_is_cut_between_words() -> None:
    found = pieces("heron " * 400)
    assert len(found) > 3
    assert {word for piece in found for word in piece.split()} == {"heron"}
