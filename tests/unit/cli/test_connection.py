"""A connection of the server: how long a head may be, and how long it may take."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from llamora.cli.connection import HEAD_BYTES, Connection

BEGINNING = b"GET /?it=is HTTP/1.1\r\nhost: localhost\r\nx-long: "
END = b"\r\n\r\n"


class Impatient(Connection):
    head_seconds = 0.05


class Listener:
    """An application that notes what reaches it, and the way to it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.heard.append(body)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"heard"})

    async def answer(self, *pieces: bytes) -> bytes:
        """All that comes back until the other side closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        answer = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            while got := await reader.read(65536):
                answer += got
        except OSError:
            pass  # closed before all of it was sent
        finally:
            writer.transport.abort()
        return answer


@asynccontextmanager
async def listening(protocol: type[asyncio.Protocol], **more: Any) -> AsyncGenerator[Listener]:
    door = socket.create_server(("127.0.0.1", 0))
    listener = Listener(door.getsockname()[1])
    config = uvicorn.Config(
        listener, lifespan="off", http=protocol, ws="none", log_config=None, **more
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([door]))
    try:
        for _ in range(2_000):
            if server.started:
                break
            await asyncio.sleep(0.005)
        yield listener
    finally:
        server.should_exit = True
        await running
        door.close()


def head(size: int, more: bytes = b"connection: close\r\n") -> bytes:
    """A request's head of so many bytes."""
    beginning = BEGINNING.replace(b"x-long", more + b"x-long")
    return beginning + b"x" * (size - len(beginning) - len(END)) + END


async def test_a_head_of_the_longest_size_is_answered():
    async with listening(Connection) as listener:
        answer = await listener.answer(head(HEAD_BYTES))
        assert answer.endswith(b"heard\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([head(HEAD_BYTES + 1)], id="a byte too many"),
        pytest.param([BEGINNING, b"x" * HEAD_BYTES], id="a value without an end"),
        pytest.param([b"GET /" + b"x" * HEAD_BYTES], id="an address without an end"),
        pytest.param([BEGINNING + b"\r\n", b"a: b\r\n" * HEAD_BYTES], id="many small ones"),
    ],
)
async def test_a_head_that_is_too_long_is_431_and_never_reaches_the_application(sent: list[bytes]):
    async with listening(Connection) as listener:
        answer = await listener.answer(*sent)
        # What was still on its way when it closed may take the answer with it.
        assert answer.startswith(b"HTTP/1.1 431 ") or (not answer and len(sent) > 1)
        assert listener.heard == []


async def test_a_hundred_megabytes_of_header_are_cut_off():
    async with listening(Connection) as listener:
        answer = await listener.answer(BEGINNING, *[b"x" * 1_000_000] * 100, END)
        assert b"heard" not in answer
        assert listener.heard == []


async def test_without_it_uvicorn_takes_them():
    async with listening(Connection.__mro__[1]) as listener:  # pyright: ignore
        assert b"heard" in await listener.answer(head(1_000_000))


async def test_trailers_behind_a_body_are_no_way_round():
    async with listening(Connection) as listener:
        sent = head(300, b"transfer-encoding: chunked\r\n").replace(b"GET", b"PUT", 1)
        answer = await listener.answer(sent + b"2\r\nhi\r\n0\r\nlate: ", b"x" * 1_000_000)
        assert b"heard" not in answer


async def test_a_long_body_is_no_head():
    body = b"x" * 3_000_000
    about = b"connection: close\r\ncontent-length: %d\r\n" % len(body)
    async with listening(Connection) as listener:
        sent = head(HEAD_BYTES - 1, about).replace(b"GET", b"PUT", 1)
        assert b"heard" in await listener.answer(sent + body)
        assert listener.heard == [body]


async def test_requests_in_a_row_are_each_counted_for_themselves():
    async with listening(Connection) as listener:
        long = head(HEAD_BYTES - 100, b"")
        answer = await listener.answer(long, long, head(HEAD_BYTES))
        assert answer.count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize(
    "sent", [b"", b"\r\n", b"GET / HTTP/1.1\r\nhost: local", BEGINNING + b"x\r\n"]
)
async def test_a_head_that_does_not_come_is_not_waited_for(sent: bytes):
    async with listening(Impatient) as listener:
        assert await listener.answer(sent) == b""
        assert listener.heard == []


async def test_the_next_head_on_the_same_connection_is_not_waited_for_either():
    # Uvicorn's own patience ends when the next request begins.
    async with listening(Impatient, timeout_keep_alive=60) as listener:
        answer = await listener.answer(head(200, b"") + b"GET / HTTP/1.1\r\n")
        assert answer.count(b"HTTP/1.1 200 ") == 1


async def test_what_is_no_http_gets_a_plain_400_and_never_reaches_the_application():
    async with listening(Connection) as listener:
        assert (await listener.answer(b"heron\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
        assert listener.heard == []
