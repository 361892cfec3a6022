"""Events are read by the letter of the standard, in whatever pieces their bytes come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.companion.sse import Decoder, Event, TooLong


def read(*chunks: bytes) -> list[Event]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def said(*data: str) -> list[Event]:
    return [Event("message", each) for each in data]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", said("a")),
        (b"data:a\n\ndata:  b\n\n", said("a", " b")),
        (b"data: a\ndata: b\n\n", said("a\nb")),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", said("a", "b", "c")),
        (b"\xef\xbb\xbfdata: a\n\n", said("a")),
        (b"data: \xef\xbb\xbfa\n\n", said("\ufeffa")),
        (b": ping\n\n:\n\ndata: a\n: in between\ndata: b\n\n", said("a\nb")),
        (b"event: done\ndata: a\n\ndata: b\n\n", [Event("done", "a"), *said("b")]),
        (b"event: ping\n\ndata: a\n\n", said("a")),
        (b"id: 7\nretry: 10\ndata: a\n\n", said("a")),
        (b"data\n\n", said("")),
        (b"data: a: b\n\n", said("a: b")),
        (b"Data: a\nother: b\nnothing\n\n", []),
        (b"data: a\n", []),
        (b"data: a", []),
        ("data: 🌧\n\n".encode(), said("🌧")),
        (b"data: \xff\n\n", said("\ufffd")),
        (b"data: \xe2\x80\xa8\x0b\x1c\n\n", said("\u2028\x0b\x1c")),
        (b"\n\n\n", []),
        (b"", []),
    ],
)
def test_a_stream_is_read_alike_whole_and_byte_by_byte(stream, events):
    assert read(stream) == events
    assert read(*(bytes([byte]) for byte in stream)) == events


@given(
    st.lists(st.text(alphabet="ab :\u00fc🌧\u2028", max_size=20), max_size=8),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.integers(1, 9),
)
def test_what_was_sent_is_what_is_read(data, end, size):
    stream = "".join(f"data: {each}{end}{end}" for each in data).encode()
    chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert read(*chunks) == said(*data)


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_any_bytes_at_all_are_taken(chunks):
    assert read(*chunks) == read(b"".join(chunks))


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_or_event_without_end_is_refused(size):
    for part in (b"x" * 500, b"data: " + b"x" * 50 + b"\n"):
        stream = part * 50
        decoder = Decoder(line_limit=100, event_limit=200)
        with pytest.raises(TooLong):
            _ = [decoder.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
