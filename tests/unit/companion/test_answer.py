"""What a model thinks aloud is not said, however it is cut."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.companion.answer import Answer, Thoughts, error_from
from llamora.companion.model import Loading, ModelError, Overflow
from llamora.companion.sse import Event


def said(*pieces: str) -> str:
    thoughts, found = Thoughts(), ""
    for piece in pieces:
        words = thoughts.without(piece)
        found = words if thoughts.anew else found + words
        thoughts.anew = False
    return found + thoughts.rest()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("<think>hm</think>\n\nyes", "yes"),
        ("\n<think>\n\n</think>\n\nyes", "yes"),
        ("a <think>b</think> c <think>d</think>e", "a  c e"),
        ("hm</think>yes", "yes"),
        ("She is sad.\n</think>\n\nHello.", "Hello."),
        ("</think>yes", "yes"),
        ("<think>a</think>b</think>c", "bc"),
        ("a</think>b</think>c", "bc"),
        ("<think>for ever", ""),
        ("<think>a < b </thin k></think>c", "c"),
        ("a < b <thin", "a < b <thin"),
        ("a </", "a </"),
        ("if a<b and <b>c</b>", "if a<b and <b>c</b>"),
        ("<<think>a</think>b", "<b"),
        ("", ""),
    ],
)
def test_thoughts_are_left_out_alike_whole_and_letter_by_letter(text, shown):
    assert said(text) == shown
    assert said(*text) == shown


@given(st.lists(st.sampled_from(["<", "think>", "</think>", "/", "thi", "nk>", "a ", "b"])))
def test_where_the_pieces_are_cut_makes_no_difference(pieces):
    assert said(*pieces) == said("".join(pieces)) == said(*"".join(pieces))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "error", "content", "finish_reason", "message"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_a_chunk_of_any_form_gives_words_or_a_named_error(chunk):
    answer = Answer()
    with suppress(ModelError):
        assert answer.take(Event("message", json.dumps(chunk))).encode() is not None
    assert isinstance(answer.finish, str)


def test_half_a_letter_from_the_model_is_not_passed_on():
    answer = Answer()
    chunk = r'{"choices": [{"delta": {"content": "so \ud83d, \ud83d\ude00"}}]}'
    assert answer.take(Event("message", chunk)) == "so ?, 😀"


@given(
    st.integers(100, 999),
    st.none() | st.lists(st.none()) | st.dictionaries(
        st.sampled_from(["error", "message", "code", "type"]),
        st.none() | st.integers() | st.text(max_size=5)
        | st.dictionaries(st.sampled_from(["message", "code", "type"]), st.none() | st.integers()),
    ),
)  # fmt: skip
def test_every_status_and_body_has_a_named_error(status, body):
    assert isinstance(error_from(status, body), ModelError)


@pytest.mark.parametrize(
    ("message", "n_ctx"),
    [
        ("request (99 tokens) exceeds the available context size (1024 tokens), try", 1024),
        ("This model's maximum context length is 8192 tokens. However, you", 8192),
        ("the prompt is longer than the context window", None),
    ],
)
def test_an_overflow_is_known_by_what_servers_call_it(message, n_ctx):
    error = error_from(400, {"error": {"message": message}})
    assert isinstance(error, Overflow)
    assert error.n_ctx == n_ctx
    assert message not in f"{error} {error.sentence}"


def test_a_server_that_loads_its_context_window_is_loading():
    assert isinstance(error_from(503, {"error": {"message": "Loading model"}}), Loading)


def test_controls_that_mirror_or_move_what_stands_round_them_are_left_out():
    hostile = "a\u202eb\u2066c\x1b[2Jd\x00e\x9bf\n\tg\u200d"
    chunk = {"choices": [{"delta": {"content": hostile}}]}
    assert Answer().take_chunk(chunk) == "abc[2Jdef\n\tg\u200d"


def test_what_nobody_sees_is_left_out_and_what_scripts_are_written_with_stays():
    hidden = "".join(chr(0xE0000 + ord(c)) for c in "see evil.example")
    hostile = f"a{hidden}\u200bb\u2060\u2063c\u00ad\ufeff\u180ed\ufff9"
    kept = "\u0645\u06cc\u200c\u062e\u0648\u200f \U0001f469\u200d\U0001f33e \u2764\ufe0f"
    chunk = {"choices": [{"delta": {"content": hostile + kept}}]}
    assert Answer().take_chunk(chunk) == "abcd" + kept
