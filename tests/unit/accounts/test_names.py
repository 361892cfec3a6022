"""Which names there can be, and when two are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.accounts import BadName
from llamora.accounts.names import folded, shown


@pytest.mark.parametrize(
    "name",
    ["Ada", "a", "李明", "हिन्दी", "Ωmega", "a.b-c_d", "x" * 30, "Þórður", "007", " ada ", "محمد"],
)
def test_letters_of_any_script_make_a_name(name: str):
    assert shown(name) == name.strip()


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "x" * 31,
        "a b",
        "a/b",
        "a\0",
        "a\nb",
        "a@b",
        "\u0301a",  # a mark with nothing to stand on
        "a\u200db",  # an invisible joiner
        "a\ufe0f",
        "\u3164",  # a letter nobody can see
        "🦙",
        "<b>",
        "\ufdfa",  # one character that normalises to eighteen, with spaces
        "a\ud800",
        "x" * 100_000,
    ],
)
def test_anything_else_does_not(name: str):
    with pytest.raises(BadName) as refused:
        folded(name)
    assert refused.value.field == "name"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "aDA"),
        ("Straße", "STRASSE"),
        ("ﬁnn", "FINN"),
        ("Ａｄａ", "ada"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_names_that_differ_in_case_or_width_are_the_same(one: str, other: str):
    assert folded(one) == folded(other)


@given(st.text(max_size=30))
def test_folding_a_name_twice_changes_nothing(name: str):
    try:
        once = folded(name)
    except BadName:
        return
    if len(once) <= 30:  # folding may make a name longer than one may be typed
        assert folded(once) == once
