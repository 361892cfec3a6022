"""Sentences end where their script ends them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.search.sentences import beginning, sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n\n\t ", []),
        ("One. Two! Three? Four… Five", ["One.", "Two!", "Three?", "Four…", "Five"]),
        ('"Go." He went. (So.) **I** did.', ['"Go."', "He went.", "(So.)", "**I** did."]),
        ("3.5 km at 7.30", ["3.5 km at 7.30"]),
        ("a\nb\n\nc", ["a", "b", "c"]),
        ("Mr. Heron met J. Crane. They ate.", ["Mr. Heron met J. Crane.", "They ate."]),
        ("It is plan B.\nNext day.", ["It is plan B.", "Next day."]),
        ("It is plan B. \n Next day.", ["It is plan B.", "Next day."]),
        ("雨が降る。猫がいる！本当？！はい", ["雨が降る。", "猫がいる！", "本当？！", "はい"]),
        ("「行こう。」と言った。", ["「行こう。」", "と言った。"]),
        ("יום טוב. לילה טוב.", ["יום טוב.", "לילה טוב."]),
        ("!!! ... ???", ["!!!", "...", "???"]),
        ("🪶🪶", ["🪶🪶"]),
    ],
)
def test_the_sentences_of_a_text(text: str, found: list[str]) -> None:
    assert [text[a:b].strip() for a, b in sentences(text)] == found


@given(st.text(alphabet=st.sampled_from("aB.!?。！\"'” \n\t)🪶")))
def test_no_text_is_left_out_or_said_twice(text: str) -> None:
    spans = sentences(text)
    assert "".join("".join(text[a:b].split()) for a, b in spans) == "".join(text.split())
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


@pytest.mark.parametrize("one", [".", '."', "。", "!'''''", " ", "\n", ". ", "Mr. ", "a"])
def test_a_long_text_is_cut_in_time(one: str) -> None:
    sentences(one * (64_000 // len(one)))


def test_a_beginning_ends_with_a_word_and_adds_nothing() -> None:
    assert beginning("The heron came back.", 99) == "The heron came back."
    assert beginning("The heron came back.", 12) == "The heron"
    assert beginning("The heron came back.", 14) == "The heron came"


def test_what_has_no_word_to_end_with_is_cut_between_letters() -> None:
    assert beginning("S" + "o" * 30, 12) == "S" + "o" * 11
    assert beginning("一" * 30, 10) == "一" * 10
    assert beginning("a" * 9 + "e\u0301" * 9, 10) == "a" * 9
    assert beginning("a" * 9 + "👩\u200d🌾" * 9, 11) == "a" * 9
