"""What a trace may be called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.traces.names import LONGEST, BadName, alike, canonical, is_emoji, spoken


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Walk", "walk"),
        ("  Night   walk ", "night-walk"),
        ("night_walk", "night-walk"),
        ("--night--walk--", "night-walk"),
        ("don’t", "dont"),
        ("<b>Walk</b>", "b-walk-b"),
        ("walk, run & swim", "walk-run-swim"),
        ("#small.wins", "small-wins"),
        ("ÉTÉ", "été"),
        ("e\u0301te\u0301", "été"),
        ("ﬁre", "fire"),
        ("Ｗｏｒｋ", "work"),
        ("Größe", "größe"),
        ("日記", "日記"),
        ("नमस्ते", "नमस्ते"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("2024", "2024"),
        ("a\u202eb\u0007c\u200b", "abc"),
        ("a\nb\tc", "a-b-c"),
        ("🌫", "🌫️"),
        ("🌫️", "🌫️"),
        ("❤", "❤️"),
        (" 🎉 ", "🎉"),
        (":tada:", "🎉"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("👍🏽", "👍🏽"),
        ("x" * LONGEST, "x" * LONGEST),
        ("𠮷" * LONGEST, "𠮷" * LONGEST),
    ],
)
def test_one_thing_has_one_name(typed: str, name: str) -> None:
    assert canonical(typed) == name
    assert canonical(name) == name


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "A trace needs a letter, a number or an emoji."),
        ("  \n", "A trace needs a letter, a number or an emoji."),
        ("---", "A trace needs a letter, a number or an emoji."),
        ("\u0000\u202e\u200d", "A trace needs a letter, a number or an emoji."),
        ("\u0301", "A trace needs a letter, a number or an emoji."),
        ("🌫️ fog", "A trace is words or an emoji; keep the two as two traces."),
        ("🎉🎉", "A trace is one emoji; keep each as a trace of its own."),
        ("x" * 65, "A trace has at most 64 characters, and this has 65."),
        ("word " * 2000, "A trace has at most 64 characters, and this has 9,999."),
    ],
)
def test_what_can_name_nothing_is_told_why(typed: str, why: str) -> None:
    with pytest.raises(BadName) as refused:
        canonical(typed)
    assert str(refused.value) == why


@given(st.text(max_size=80))
def test_a_canonical_name_stays_as_it_is_and_holds_nothing_unseen(typed: str) -> None:
    try:
        name = canonical(typed)
    except BadName:
        return
    assert canonical(name) == name
    assert 0 < len(name) <= LONGEST
    assert not set(name) & set("<>&\"'/\\\0\n\u202e\u2066 ")


def test_an_emoji_is_told_from_a_word() -> None:
    assert is_emoji("🌫️")
    assert is_emoji("👩\u200d👩\u200d👧")
    assert not any(map(is_emoji, ("fog", "2024", "日記", "")))


def test_an_emoji_is_called_by_its_name_and_words_speak_for_themselves() -> None:
    assert spoken("🎉") == "party popper"
    assert spoken(canonical("🌫")) == "fog"
    assert spoken("walk") == spoken("größe") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("walk", "walks"),
        ("walk", "walking"),
        ("night-walk", "night-walks"),
        ("night-walk", "nightwalk"),
        ("cafe", "café"),
        ("letter", "letters"),
    ],
)
def test_two_spellings_of_one_thing_are_alike(one: str, other: str) -> None:
    assert alike(one) & alike(other)


@pytest.mark.parametrize(
    ("one", "other"), [("walk", "wall"), ("heron", "hero"), ("work", "network"), ("🎉", "❤️")]
)
def test_two_things_are_not(one: str, other: str) -> None:
    assert not alike(one) & alike(other)


def test_spellings_are_compared_in_the_languages_of_the_journal() -> None:
    assert not alike("spaziergang") & alike("spaziergänge")
    assert alike("gedanke", ("de",)) & alike("gedanken", ("de",))
    assert alike("walk", ("xx", "en")) & alike("walks", ("xx", "en"))
