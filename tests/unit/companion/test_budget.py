"""What the model is to read fits, and what matters most is the last to go."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.companion.budget import CHAT_TOKENS, MARK, PIECE_TOKENS, Kind, Piece, estimate, fit

SYSTEM = Piece(Kind.SYSTEM, "Be kind. " * 20)
ENTRY = Piece(Kind.ENTRY, "The heron came back over quiet water. " * 20, date(2026, 11, 22))


def some(kind: Kind, count: int) -> list[Piece]:
    return [Piece(kind, f"{kind.name} {n} " + "and some words " * 10) for n in range(count)]


def size(pieces: tuple[Piece, ...]) -> int:
    return sum(estimate(piece.text) + PIECE_TOKENS for piece in pieces)


@pytest.mark.parametrize(
    ("text", "real"),
    [  # counted with the tokenizers of Llama 2 or GPT-2, whichever needs more
        ("The quick brown fox jumps over the lazy dog.", 11),
        ("2026-11-22 07:42", 16),
        ("今日は静かな雨の一日でした。", 20),
        ("Сегодня шёл тихий дождь.", 14),
        ("🌧", 4),
        ("", 0),
    ],
)
def test_the_estimate_is_not_below_what_tokenizers_count(text, real):
    assert estimate(text) >= real * (0.5 if text == "🌧" else 1)


def test_the_estimate_is_not_wasteful_with_prose():
    prose = "I walked along the river in the evening and thought about the letter. " * 50
    assert estimate(prose) < len(prose.split()) * 2


def test_everything_stays_when_there_is_room():
    pieces = [SYSTEM, *some(Kind.RELATED, 3), *some(Kind.TODAY, 3), ENTRY]
    fitted = fit(pieces, window=8192, reply=512)
    assert fitted.pieces == tuple(pieces)
    assert fitted.reply == 512


def test_pieces_go_in_a_fixed_order_and_the_rest_keeps_its_own():
    pieces = [
        SYSTEM, *some(Kind.TODAY, 3), *some(Kind.TRACE, 2), *some(Kind.RELATED, 3), ENTRY,
    ]  # fmt: skip
    gone: list[Piece] = []
    for window in range(6000, 300, -5):
        kept = fit(pieces, window=window, reply=100).pieces
        if ENTRY not in kept:
            break
        assert list(kept) == [piece for piece in pieces if piece in kept]
        gone += [piece for piece in pieces if piece not in kept and piece not in gone]
    assert gone == [*some(Kind.RELATED, 3), *some(Kind.TRACE, 2), *some(Kind.TODAY, 3)]


def test_an_entry_too_long_by_itself_loses_its_middle_and_says_so():
    entry = Piece(Kind.ENTRY, "First words. " + "and on it went " * 4000 + "Last words.")
    fitted = fit([SYSTEM, *some(Kind.TODAY, 2), entry], window=2048, reply=512)
    assert [piece.kind for piece in fitted.pieces] == [Kind.SYSTEM, Kind.ENTRY]
    text = fitted.pieces[1].text
    assert text.startswith("First words. and on")
    assert text.endswith("went Last words.")
    assert text.count(MARK) == 1
    assert size(fitted.pieces) <= 2048 - 512 - CHAT_TOKENS
    assert size(fitted.pieces) > 1000


def test_a_script_without_spaces_is_cut_too():
    entry = Piece(Kind.ENTRY, "静" * 9000)
    fitted = fit([SYSTEM, entry], window=2048, reply=512)
    assert MARK in fitted.pieces[1].text
    assert size(fitted.pieces) <= 2048 - 512 - CHAT_TOKENS


def test_the_reply_never_takes_more_than_half():
    assert fit([SYSTEM, ENTRY], window=1000, reply=4000).reply == 500


def test_a_second_try_reckons_with_what_the_first_one_taught():
    pieces = [SYSTEM, *some(Kind.RELATED, 10), ENTRY]
    once = fit(pieces, window=2000, reply=500)
    again = fit(pieces, window=2000, reply=500, scale=1.7)
    assert size(again.pieces) * 1.7 < size(once.pieces) * 1.7
    assert SYSTEM in again.pieces


@given(
    st.text(max_size=3000),
    st.lists(st.tuples(st.sampled_from(list(Kind)[2:]), st.text(max_size=200)), max_size=6),
    st.integers(800, 5000),
    st.integers(1, 3000),
    st.floats(1, 3),
)
def test_whatever_comes_fits_and_system_and_entry_are_there(text, others, window, reply, scale):
    pieces = [Piece(Kind.SYSTEM, "Be kind."), Piece(Kind.ENTRY, text)]
    pieces += [Piece(kind, words) for kind, words in others]
    fitted = fit(pieces, window=window, reply=reply, scale=scale)
    assert [piece.kind for piece in fitted.pieces[:2]] == [Kind.SYSTEM, Kind.ENTRY]
    assert size(fitted.pieces) + fitted.reply + CHAT_TOKENS <= window
