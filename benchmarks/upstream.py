"""A model's endpoint that says a given number of tokens, as fast as it can be read or at a pace."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Upstream:
    """The endpoint: its address, and when (`time.perf_counter`) each prompt had come whole and, at
    a pace, each token was said. The nth token is then `w<n>.`."""

    address: str
    asked: list[float] = field(default_factory=list[float])
    said: list[float] = field(default_factory=list[float])


@asynccontextmanager
async def speaking(tokens: int, pace: float = 0) -> AsyncIterator[Upstream]:
    """An endpoint that listens until the block ends. `pace`: seconds between two tokens."""
    upstream = Upstream("")
    server = await asyncio.start_server(
        lambda r, w: _answer(r, w, tokens, pace, upstream), "127.0.0.1", 0
    )
    upstream.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield upstream
    finally:
        server.close()


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    tokens: int,
    pace: float,
    upstream: Upstream,
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
    await reader.readexactly(length)
    if not head.startswith("post"):
        body = b'{"data":[{"id":"metronome"}]}'
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
    else:
        upstream.asked.append(time.perf_counter())
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        for n in range(tokens):
            plain = "\n\n" if n % 60 == 59 else f"word{n} "  # none twice: a loop would be cut
            text = f"w{n}. " if pace else plain
            delta = {"choices": [{"delta": {"content": text}, "finish_reason": None}]}
            writer.write(b"data: " + json.dumps(delta).encode() + b"\n\n")
            if pace:
                upstream.said.append(time.perf_counter())
                await asyncio.sleep(pace)
            elif n % 50 == 0:
                await writer.drain()
        end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
        writer.write(b"data: " + json.dumps(end).encode() + b"\n\ndata: [DONE]\n\n")
    await writer.drain()
    writer.close()
