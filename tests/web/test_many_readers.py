"""Many answers at once, and many readers who vanish: nothing is lost, and nothing stays behind.

Each has a long form, which is run by hand: `pytest -m slow`.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest
from tests.support.accounts import Registered
from tests.support.server import ScriptedModel, Server, on_loopback
from tests.support.visitor import STREAM, Visitor, words

from llamora.companion.model import Message, Token

READERS = 100  # that one session may have


async def read_a_little(server: Server, cookie: str, response: str) -> asyncio.StreamWriter:
    """A reader who has seen the first words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    fields = {**STREAM, "Host": f"localhost:{server.port}", "Cookie": cookie}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"GET /responses/{response}/stream HTTP/1.1\r\n{head}\r\n".encode())
    await reader.readuntil(b"It came")
    return writer


@pytest.mark.parametrize("sessions", [1, pytest.param(10, marks=pytest.mark.slow)])
async def test_readers_who_vanish_leave_nothing_and_the_answer_is_kept(
    account: Registered, sessions: int
) -> None:
    model = ScriptedModel("It came back. ", "And it stayed.", hold_at=1)
    async with (
        on_loopback(
            account.path,
            model=model,
            LIMITS__STREAMS_PER_SESSION=READERS,
        ) as server,
        AsyncExitStack() as stack,
    ):
        assert server.front
        visitors = [
            await stack.enter_async_context(Visitor(server, over_socket=True))
            for _ in range(sessions)
        ]
        for visitor in visitors:
            await visitor.enter()
        ada = visitors[0]
        entry = await ada.write("the heron")
        response = await ada.ask(entry)
        (opened,) = server.rooms.journals._open.values()
        await (await opened.search()).loaded()
        tasks, connections = len(asyncio.all_tasks()) + 1, server.front.server_state.connections

        readers: list[asyncio.StreamWriter] = []
        for visitor in visitors:
            cookie = "; ".join(f"{name}={value}" for name, value in visitor.steal().items())
            readers += await asyncio.gather(
                *(read_a_little(server, cookie, response) for _ in range(READERS))
            )
        assert sum(opened.streams.values()) == len(readers) == sessions * READERS
        for reader in readers:
            reader.transport.abort()
        async with asyncio.timeout(30):
            while +opened.streams or len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(connections) <= len(visitors)  # those that the browsers themselves keep
        assert model.left == 0, "the answer goes on without its readers"

        model.go_on()
        async with ada.follow(response) as stream:
            assert (await stream.events())[-1].kind == "done"
        assert "It came back. And it stayed." in words(await ada.day())


class Pendulum(ScriptedModel):
    """Says a numbered word twenty times a second, to many at once."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self._words = words
        self.said: dict[str, float] = {}

    async def stream(self, messages: Sequence[Message], **_: Any) -> AsyncGenerator[Token, None]:  # type: ignore[override]
        now = asyncio.get_running_loop().time
        which = messages[-1].text.rpartition("walk ")[2].split(".")[0]
        began = now()
        for n in range(self._words):
            await asyncio.sleep(max(0.0, began + n / 20 - now()))
            self.said[f"w{which}x{n}."] = now()
            yield Token(f"w{which}x{n}. ")
        yield Token("", "stop")


@pytest.mark.parametrize(
    ("sessions", "said"), [(1, 20), pytest.param(2, 2_400, marks=pytest.mark.slow)]
)
async def test_a_hundred_answers_at_once_come_whole(
    account: Registered, sessions: int, said: int
) -> None:
    """In its long form two hundred streams for two minutes, none late.

    What the server takes in memory is no matter for this process, in which its readers are, too.
    """
    model, late = Pendulum(said), list[float]()
    limits = {
        "LIMITS__STREAMS_PER_SESSION": READERS,
        "LIMITS__GENERATIONS_PER_ACCOUNT": READERS,
        "LLM__UPSTREAM__PARALLEL": READERS,
    }
    async with (
        on_loopback(account.path, model=model, **limits) as server,
        AsyncExitStack() as stack,
    ):
        visitors = [
            await stack.enter_async_context(Visitor(server, over_socket=True))
            for _ in range(sessions)
        ]
        for visitor in visitors:
            await visitor.enter()
        ada = visitors[0]
        entries = [await ada.write(f"walk {n}.") for n in range(READERS)]
        begun = [await ada.ask(entry) for entry in entries]

        async def read(visitor: Visitor, which: int) -> str:
            now, shown = asyncio.get_running_loop().time, ""
            async with visitor.follow(begun[which]) as stream:
                while event := await stream.event():
                    shown = event.html
                    last = words(shown).split()[-1:]
                    if event.kind == "tail" and last and last[0] in model.said:
                        late.append(now() - model.said[last[0]])
            return words(shown)

        everything = await asyncio.gather(
            *(read(visitor, n) for visitor in visitors for n in range(READERS))
        )
        for n, shown in enumerate(everything):
            which, heard = n % READERS, set(shown.split())
            assert {f"w{which}x{word}." for word in range(said)} <= heard, which
        if sessions > 1:
            assert statistics.quantiles(late, n=20)[-1] < 0.1
