"""A recovery code survives being copied from paper, and a mistake in it is noticed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.vault import RecoveryCode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.text(ALPHABET, min_size=24, max_size=24).map(RecoveryCode)


def reads(typed: str) -> bool:
    try:
        RecoveryCode.read(typed)
    except ValueError:
        return False
    return True


def test_a_new_code_has_24_symbols_of_the_alphabet_and_no_two_are_alike():
    made = [RecoveryCode.new() for _ in range(200)]
    assert len({code.symbols for code in made}) == 200
    assert {symbol for code in made for symbol in code.symbols} == set(ALPHABET)
    assert all(len(code.symbols) == 24 for code in made)


def test_a_code_is_shown_as_five_groups_of_five_and_never_by_repr():
    code = RecoveryCode.new()
    assert [len(group) for group in code.groups] == [5] * 5
    assert str(code) == "-".join(code.groups)
    assert code.symbols == "".join(code.groups)[:24]
    assert code.symbols not in repr(code)
    assert code.groups[0] not in repr(code)


@given(codes)
def test_a_code_is_read_as_it_was_shown(code: RecoveryCode):
    assert RecoveryCode.read(str(code)) == code
    assert RecoveryCode.read(str(code)).secret == code.symbols.encode()


@given(codes, st.data())
def test_a_code_is_read_however_it_is_typed(code: RecoveryCode, data: st.DataObject):
    alike = {"0": "0oO", "1": "1iIlL"}
    typed = ""
    for symbol in str(code).replace("-", ""):
        typed += data.draw(st.sampled_from(alike.get(symbol, symbol + symbol.lower())))
        typed += data.draw(st.sampled_from(("", "", "", " ", "-", "–", "\u00a0", "\n", " - ")))
    assert RecoveryCode.read(typed) == code


@settings(max_examples=30)
@given(codes)
def test_every_single_wrong_symbol_is_noticed(code: RecoveryCode):
    whole = "".join(code.groups)
    for at, was in enumerate(whole):
        for other in ALPHABET + "*~$=U":
            if other != was:
                assert not reads(whole[:at] + other + whole[at + 1 :])


@settings(max_examples=300)
@given(codes)
def test_every_swap_of_neighbours_in_the_code_is_noticed(code: RecoveryCode):
    whole = "".join(code.groups)
    for at in range(23):
        swapped = whole[:at] + whole[at + 1] + whole[at] + whole[at + 2 :]
        assert swapped == whole or not reads(swapped)


def test_nearly_every_swap_with_the_check_symbol_is_noticed():
    codes = [f"{n * 7919:024d}" for n in range(2000)]
    missed = 0
    for symbols in codes:
        whole = "".join(RecoveryCode(symbols).groups)
        swapped = whole[:23] + whole[24] + whole[23]
        missed += swapped != whole and reads(swapped)
    assert missed / len(codes) < 0.03


def test_without_its_check_symbol_a_code_would_not_notice_a_mistake():
    """The control: 24 symbols alone are as good as any other 24."""
    right, wrong = "0" * 24, "0" * 23 + "1"
    assert RecoveryCode(right).groups[-1][-1] != RecoveryCode(wrong).groups[-1][-1]
    assert reads(wrong + RecoveryCode(wrong).groups[-1][-1])
    assert not reads(wrong + RecoveryCode(right).groups[-1][-1])


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "25 symbols"),
        ("0" * 24, "25 symbols"),
        ("0" * 26, "25 symbols"),
        ("0" * 25 + " " * 200, "25 symbols"),
        ("U" + "0" * 24, "no U"),
        ("*" + "0" * 24, "no U"),
        ("0" * 24 + "1", "not right"),
        ("0" * 24 + "é", "not right"),
    ],
)
def test_a_wrong_code_is_told_in_one_sentence(typed: str, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        RecoveryCode.read(typed)


def test_codes_are_what_crockford_says_and_are_read_with_every_dash_and_space():
    # The check symbol is the number that the code is, modulo 37, as he defines it.
    made = {
        symbol: f"{n:024d}" for n in range(1_000) for symbol in [str(RecoveryCode(f"{n:024d}"))[-1]]
    }
    assert {*made} == {*ALPHABET, "*", "~", "$", "=", "U"}
    for symbol, digits in made.items():
        assert (ALPHABET + "*~$=U").index(symbol) == int(digits, 32) % 37
    code = str(RecoveryCode("0" * 24)).replace("-", "")
    assert all(reads(code[:5] + between + code[5:]) for between in " -‐‑‒–—\u00a0\t\r\n")
    assert reads(code + " " * (200 - len(code)))
    assert not reads(code + " " * (201 - len(code)))
    assert not reads("x" + code), "nothing but those is passed over"


@given(st.text(max_size=300))
def test_anything_else_that_is_typed_is_a_wrong_code_and_nothing_worse(typed: str):
    reads(typed)
