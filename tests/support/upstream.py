"""A model's server that misbehaves as told, on a raw socket: HTTP is written out byte by byte.

`WAYS` names the ways, what a client is to make of each, and how much of the answer it is to keep.
"""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from llamora.companion import model

ANSWER = "Good **mörning** 🌧, said the heron."


@dataclass
class Call:
    """One request, and the connection to answer it on."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    number: int  # of this method and path, from 1
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def respond(self, status: str, kind: str, body: bytes, *headers: str) -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", *headers]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
        await self.send("\r\n".join(lines).encode() + body)

    async def begin(self, *headers: str) -> None:
        """The head of a stream that lasts until the connection closes."""
        lines = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", *headers]
        await self.send("\r\n".join([*lines, "Connection: close", "", ""]).encode())

    async def until_left(self) -> None:
        """Returns when the client has closed the connection."""
        with suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def reset(self) -> None:
        self._writer.transport.abort()


Script = Callable[[Call], Awaitable[None]]


class Upstream:
    """`async with Upstream(script) as server:` - `script` answers POSTs; `calls` is what came."""

    def __init__(self, script: Script, *, models: object = None, props: object = None) -> None:
        self.calls: list[Call] = []
        self.url = ""
        self._script = script
        self._listed = models or {"data": [{"id": "/home/ada/models/heron-7b.gguf"}]}
        self._props = props
        self._open: set[asyncio.Task[None]] = set()

    @property
    def posts(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    async def left(self) -> None:
        """Returns when every client has gone and nothing answers any more."""
        while self._open:
            await asyncio.wait(self._open)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            call = await self._read(reader, writer)
            self.calls.append(call)
            if call.method == "POST":
                await self._script(call)
            elif call.path == "/v1/models":
                await call.respond("200 OK", "application/json", json.dumps(self._listed).encode())
            elif call.path == "/props" and self._props:
                await call.respond("200 OK", "application/json", json.dumps(self._props).encode())
            else:
                await call.respond("404 Not Found", "text/plain", b"nothing here")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._open.discard(task)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Call:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        number = 1 + sum((call.method, call.path) == (method, path) for call in self.calls)
        parsed = json.loads(body) if body else None
        return Call(method, path, headers, parsed, number, reader, writer)


@contextmanager
def beside(script: Script) -> Iterator[Upstream]:
    """The same in a thread of its own, for what has no loop or one that ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)

    server = Upstream(script)
    wait_for(server.__aenter__())
    try:
        yield server
    finally:
        wait_for(server.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def chunk(content: str | None = None, finish: str | None = None, **delta: object) -> bytes:
    """One event of a stream."""
    said = {"content": content, **delta} if content is not None or delta else {}
    choice = {"index": 0, "delta": said, "finish_reason": finish}
    return data({"object": "chat.completion.chunk", "model": "x", "choices": [choice]})


def data(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
BEGUN = chunk(role="assistant", content=None) + chunk(ANSWER[:9]) + chunk(ANSWER[9:])
WHOLE = BEGUN + chunk(finish="stop") + DONE


@dataclass(frozen=True)
class Way:
    """What the server does; the error a client is to end with, if any, and the text it keeps."""

    script: Script
    error: type[model.ModelError] | None = None
    said: str = ""
    finish: str = "stop"
    posts: int = 1
    # The time-outs to use, where waiting is the point: (first, between, total) seconds.
    patience: tuple[float, float, float] = field(default=(10.0, 10.0, 20.0))


def streams(*pieces: bytes, headers: tuple[str, ...] = ()) -> Script:
    """A stream in these pieces, each written by itself; then the connection closes."""

    async def script(call: Call) -> None:
        await call.begin(*headers)
        for piece in pieces:
            await call.send(piece)
            await asyncio.sleep(0)

    return script


def answers(status: str, body: object, *headers: str, kind: str = "application/json") -> Script:
    async def script(call: Call) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        await call.respond(status, kind, raw, *headers)

    return script


def chunked(body: bytes, *, whole: bool) -> Script:
    async def script(call: Call) -> None:
        await call.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for at in range(0, len(body), 7):
            piece = body[at : at + 7]
            await call.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        if whole:
            await call.send(b"0\r\n\r\n")

    return script


def raw(sent: bytes) -> Script:
    async def script(call: Call) -> None:
        await call.send(sent)

    return script


def then_waits(*pieces: bytes, headers: bool = True) -> Script:
    """Says this much, and then nothing for as long as the client stays."""

    async def script(call: Call) -> None:
        if headers:
            await call.begin()
        for piece in pieces:
            await call.send(piece)
        await call.until_left()

    return script


def repeats(piece: bytes, *, before: bytes = b"", pause: float = 0.0) -> Script:
    """Says the same over and over, until the client leaves."""

    async def script(call: Call) -> None:
        await call.begin()
        await call.send(before)
        while True:
            await call.send(piece)
            await asyncio.sleep(pause)

    return script


def first(times: int, script: Script, then: Script) -> Script:
    async def both(call: Call) -> None:
        await (script if call.number <= times else then)(call)

    return both


async def hangs_up(_call: Call) -> None:
    """Closes without a word."""


async def resets(call: Call) -> None:
    await call.begin()
    await call.send(BEGUN)
    await asyncio.sleep(0.05)  # what was sent must arrive before the reset destroys it
    call.reset()


async def endless_body(call: Call) -> None:
    await call.send(b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n\r\n")
    while True:
        await call.send(b"<p>" * 20_000)


def refusal(code: int, message: str, kind: str, **more: object) -> dict[str, object]:
    return {"error": {"code": code, "message": message, "type": kind, **more}}


LOADING = answers("503 Service Unavailable", refusal(503, "Loading model", "unavailable_error"))
TOO_LONG = refusal(
    400,
    "request (5419 tokens) exceeds the available context size (1024 tokens), try increasing it",
    "exceed_context_size_error",
    n_prompt_tokens=5419,
    n_ctx=1024,
)
IMPATIENT = (0.3, 0.3, 10.0)
WHOLE_STREAM = streams(WHOLE)

WAYS: dict[str, Way] = {
    # Odd, but an answer.
    "all at once": Way(WHOLE_STREAM, said=ANSWER),
    "byte by byte": Way(streams(*(bytes([b]) for b in WHOLE)), said=ANSWER),
    "in small chunks": Way(chunked(WHOLE, whole=True), said=ANSWER),
    "CRLF": Way(streams(WHOLE.replace(b"\n", b"\r\n")), said=ANSWER),
    "CR": Way(streams(*(bytes([b]) for b in WHOLE.replace(b"\n", b"\r"))), said=ANSWER),
    "byte order mark": Way(streams(b"\xef\xbb\xbf" + WHOLE), said=ANSWER),
    "comments and pings": Way(
        streams(b": hi\n\nid: 7\nretry: 5\n\nevent: ping\n\ndata:\n\n", WHOLE), said=ANSWER
    ),
    "an event on several lines": Way(
        streams(WHOLE.replace(b', "choices"', b',\ndata: "choices"')), said=ANSWER
    ),
    "no [DONE]": Way(streams(BEGUN, chunk(finish="stop")), said=ANSWER),
    "token counts after the end": Way(
        streams(BEGUN, chunk(finish="stop"), data({"choices": [], "usage": {"total_tokens": 9}})),
        said=ANSWER,
    ),
    "token counts before the end": Way(
        streams(data({"choices": [], "usage": None}), WHOLE), said=ANSWER
    ),
    "null": Way(streams(data(None), data({"choices": None}), WHOLE), said=ANSWER),
    "null deltas": Way(streams(data({"choices": [{"delta": None}]}), WHOLE), said=ANSWER),
    "thinking in its own field": Way(
        streams(chunk(reasoning_content="Hm."), chunk(reasoning="Hm."), WHOLE), said=ANSWER
    ),
    "thinking aloud": Way(
        streams(*(chunk(c) for c in "<think>Who is <this>?</think>\n\n"), WHOLE), said=ANSWER
    ),
    "a stray end of thinking": Way(streams(chunk("</thi"), chunk("nk>"), WHOLE), said=ANSWER),
    "thoughts that only end": Way(
        streams(chunk("She seems sad; "), chunk("I must not say so.\n</thi"), chunk("nk>"), WHOLE),
        said=ANSWER,
    ),
    "out of room": Way(streams(BEGUN, chunk(finish="length")), said=ANSWER, finish="length"),
    "never closes": Way(then_waits(WHOLE), said=ANSWER),
    "talks on after the end": Way(repeats(chunk("more"), before=WHOLE), said=ANSWER),
    "hangs up at first": Way(first(2, hangs_up, WHOLE_STREAM), said=ANSWER, posts=3),
    "loads at first": Way(first(2, LOADING, WHOLE_STREAM), said=ANSWER, posts=3),
    # No answer, or half of one.
    "hangs up always": Way(hangs_up, model.Unreachable, posts=3),
    "ends without saying why": Way(streams(BEGUN), model.CutShort, ANSWER),
    "ends inside an event": Way(streams(BEGUN, chunk(finish="stop")[:-1]), model.CutShort, ANSWER),
    "ends inside a chunk": Way(chunked(BEGUN, whole=False), model.CutShort, ANSWER),
    "resets": Way(resets, model.CutShort, ANSWER),
    "[DONE] without a reason": Way(streams(BEGUN, DONE), said=ANSWER),
    "an empty stream": Way(streams(), model.CutShort),
    "an error in the stream": Way(
        streams(BEGUN + data(refusal(500, "CUDA", "server_error"))), model.Broken, ANSWER
    ),
    "an overflow in the stream": Way(streams(data(TOO_LONG)), model.Overflow),
    "an error as text in the stream": Way(streams(data({"error": "no"})), model.Broken),
    "an error event": Way(streams(b"event: error\n" + data({"message": "no"})), model.Broken),
    "an error line": Way(streams(BEGUN, b'error: {"code": 500}\n\n'), model.CutShort, ANSWER),
    "not JSON": Way(streams(BEGUN, b"data: {oops\n\n"), model.Broken, ANSWER),
    "a list": Way(streams(data([1, 2])), model.Broken),
    "choices that are none": Way(streams(data({"choices": {"a": 1}})), model.Broken),
    "choices of numbers": Way(streams(data({"choices": [1]})), model.Broken),
    "a delta that is none": Way(streams(data({"choices": [{"delta": "a"}]})), model.Broken),
    "nested beyond reason": Way(streams(b"data: " + b"[" * 200_000 + b"\n\n"), model.Broken),
    "a line without end": Way(repeats(b"x" * 65_536, before=b"data: "), model.Broken),
    "an event without end": Way(repeats(b"data: " + b"x" * 65_536 + b"\n"), model.Broken),
    "nothing to say": Way(streams(chunk(finish="stop"), DONE), model.Empty),
    "nothing but thoughts": Way(
        streams(chunk("<think>Hm"), chunk(finish="length"), DONE), model.Empty
    ),
    "filtered": Way(streams(BEGUN, chunk(finish="content_filter")), model.Refused, ANSWER),
    "200 with an error": Way(answers("200 OK", refusal(500, "no", "x")), model.Broken),
    "200 with an overflow": Way(answers("200 OK", TOO_LONG), model.Overflow),
    "200 with a page": Way(answers("200 OK", b"<html>Hi", kind="text/html"), model.Broken),
    "200 with something else": Way(answers("200 OK", {"ok": True}), model.Broken),
    "packed though not asked to": Way(
        streams(WHOLE, headers=("Content-Encoding: gzip",)), model.Broken
    ),
    "400": Way(answers("400 Bad Request", refusal(400, "no", "invalid_request")), model.Refused),
    "400 with an overflow": Way(answers("400 Bad Request", TOO_LONG), model.Overflow),
    "401": Way(answers("401 No", refusal(401, "Invalid API Key", "auth")), model.WrongKey),
    "403": Way(answers("403 No", b"", kind="text/html"), model.WrongKey),
    "404": Way(answers("404 Not Found", {"error": "model not found"}), model.NotThere),
    "405": Way(answers("405 No", b"", kind="text/html"), model.NotThere),
    "429": Way(answers("429 Slow Down", {}, "Retry-After: 3600"), model.Busy),
    "500": Way(answers("500 Oops", b"<h1>Oops", kind="text/html"), model.Broken),
    "503": Way(answers("503 No", b"", kind="text/html"), model.Unreachable),
    "a redirect": Way(
        answers("307 Moved", b"", "Location: http://127.0.0.1:9/v1/x"), model.Redirected
    ),
    "a redirect to itself": Way(
        answers("302 Moved", b"", "Location: /v1/chat/completions"), model.Redirected
    ),
    "an error page without end": Way(endless_body, model.Broken),
    "headers without end": Way(raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), model.Broken),
    "not HTTP": Way(raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), model.Broken),
    "a status of its own": Way(raw(b"HTTP/1.1 999 Hm\r\nContent-Length: 0\r\n\r\n"), model.Broken),
    # Too slow.
    "loads for ever": Way(LOADING, model.Loading, patience=IMPATIENT),
    "silence": Way(then_waits(headers=False), model.TooSlow, patience=IMPATIENT),
    "silence after the headers": Way(then_waits(), model.TooSlow, patience=IMPATIENT),
    "half a status line": Way(
        then_waits(b"HTTP/1.1 20", headers=False), model.TooSlow, patience=IMPATIENT
    ),
    "an error page that stops": Way(
        then_waits(b"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n<", headers=False),
        model.TooSlow,
        patience=IMPATIENT,
    ),
    "pings and no words": Way(
        repeats(b": ping\n\n", pause=0.02), model.TooSlow, patience=IMPATIENT
    ),
    "empty words": Way(repeats(chunk(""), pause=0.02), model.TooSlow, patience=IMPATIENT),
    "stops in the middle": Way(then_waits(BEGUN), model.TooSlow, ANSWER, patience=IMPATIENT),
    "drips for ever": Way(
        repeats(chunk(reasoning_content="hm"), pause=0.02), model.TooSlow, patience=(0.3, 0.3, 0.6)
    ),
}
