"""The whole server for tests: in this process over ASGI, or behind uvicorn on loopback.

    async with serving(journal_settings(path)) as server:
        visitor = Visitor(server)

The clock stands still, derivations are cheap, and what runs in the background once a second is
there too. `on_loopback` adds a real socket, for what only a connection shows.
"""

import asyncio
import socket
import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import jinja2
import jinja2.bccache
import uvicorn
from quart import Quart
from tests.support.accounts import UNTHROTTLED
from tests.support.clock import TurnableClock

from llamora import app as composition
from llamora.accounts import AccountsPolicy
from llamora.cli.connection import Connection
from llamora.companion.budget import estimate
from llamora.companion.model import (
    Health,
    MaySend,
    Message,
    ModelError,
    Schema,
    Token,
    Withdrawn,
    always,
)
from llamora.settings import Settings, load
from llamora.storage import Store
from llamora.storage.connection import BeforeExecute
from llamora.vault import RuntimeKey
from llamora.web.rooms import Rooms, rooms

PORT = 5000


class ScriptedModel:
    """A model that says these pieces, and fails where one of them is a `ModelError`.

    It waits for `go_on` before every piece from number `hold_at` (from 0) on; `asked` and `schemas`
    keep what it was told, and `left` counts the streams that were closed before their end. Pages
    ask of their own accord for the opening of a day: with `opening` it says that, and no more.
    """

    def __init__(
        self,
        *pieces: str | ModelError,
        hold_at: int | None = None,
        name: str = "scripted-1b",
        window: int = 8192,
        opening: str = "",
    ) -> None:
        self.pieces = pieces
        self.hold_at = hold_at
        self.name = name
        self.parameters = {"temperature": 0.5}
        self.asked: list[Sequence[Message]] = []
        self.schemas: list[Schema | None] = []
        self.left = 0
        self.opening = opening
        self._window = window
        self._steps = asyncio.Semaphore(0)

    async def health(self) -> Health:
        return Health("ready", window=self._window)

    async def count(self, text: str) -> int:
        return estimate(text)

    async def window(self) -> int:
        return self._window

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Schema | None = None,
        may_send: MaySend = always,
    ) -> AsyncGenerator[Token, None]:
        if not may_send():
            raise Withdrawn
        if self.opening and "You say what stands at its head" in messages[0].text:
            yield Token(self.opening)
            yield Token("", "stop")
            return
        self.asked.append(messages)
        self.schemas.append(schema)
        try:
            for n, piece in enumerate(self.pieces):
                if self.hold_at is not None and n >= self.hold_at:
                    await self._steps.acquire()
                if isinstance(piece, ModelError):
                    raise piece
                yield Token(piece)
            yield Token("", "stop", tokens=(70, len(self.pieces)))
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise

    def go_on(self, pieces: int = 1_000) -> None:
        """Lets so many held pieces be said."""
        for _ in range(pieces):
            self._steps.release()


@dataclass(frozen=True)
class Server:
    """A server that is running: `app` is what uvicorn would be given."""

    app: Any
    settings: Settings
    clock: TurnableClock
    rooms: Rooms
    quart: Quart = field(repr=False)
    front: uvicorn.Server | None = field(default=None, repr=False)
    """What holds the connections, when there are any."""

    @property
    def port(self) -> int:
        return self.settings.app.port

    async def sweep(self) -> None:
        """What runs once a second, now."""
        await self.rooms.journals.sweep()


class Watch:
    """What somebody else wrote into the file since one looked last."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        self._seen = self._state()

    def wrote(self) -> bool:
        before, self._seen = self._seen, self._state()
        return before != self._seen

    def close(self) -> None:
        self._file.close()

    def _state(self) -> tuple[Any, ...]:
        ask = self._file.execute
        tables = [name for (name,) in ask("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = {name: ask(f"SELECT * FROM {name}").fetchall() for name in sorted(tables)}
        # The version changes with every commit of another connection, whatever it held.
        return (*ask("PRAGMA data_version").fetchone(), rows)


def journal_settings(path: Path, **variables: object) -> Settings:
    """Settings for the journal file at `path`; `LIMITS__BODY_BYTES=300_000` and the like."""
    given = {"DATABASE__PATH": path, "APP__PORT": PORT, **variables}
    # A folder that is not there: no other layer has a say.
    root = path.parent / "no-configuration"
    return load(root, {f"LLAMORA_{name}": str(value) for name, value in given.items()})


@asynccontextmanager
async def serving(
    settings: Settings,
    *,
    clock: TurnableClock | None = None,
    policy: AccountsPolicy | None = UNTHROTTLED,
    runtime: RuntimeKey | None = None,
    model: ScriptedModel | None = None,
    first_token: str | None = None,
    llama: socket.socket | None = None,
    before_execute: BeforeExecute | None = None,
) -> AsyncGenerator[Server]:
    """A server in this process, begun and ended as uvicorn would.

    With `policy` None the settings decide, and `first_token` counts.
    """
    clock = clock or TurnableClock()
    opening = partial(Store.open, before_execute=before_execute)
    with patch.object(composition.Store, "open", opening):
        app = composition.build(
            settings,
            runtime or RuntimeKey(),
            clock=clock,
            policy=policy,
            model=model,
            first_token=first_token,
            llama=llama,
        )
    inner: Quart = app._app  # pyright: ignore[reportFunctionMemberAccess]
    inner.jinja_env.bytecode_cache = _templates
    async with inner.app_context():
        the_rooms = rooms()
    async with _lifespan(app):
        yield Server(app, settings, clock, the_rooms, inner)


@asynccontextmanager
async def on_loopback(path: Path, **more: Any) -> AsyncGenerator[Server]:
    """The same behind uvicorn on a free port of 127.0.0.1, in this event loop.

    Variables of the settings and arguments of `serving` may both be given.
    """
    variables = {name: more.pop(name) for name in list(more) if name.isupper()}
    door = socket.create_server(("127.0.0.1", 0))
    settings = journal_settings(path, APP__PORT=door.getsockname()[1], **variables)
    async with serving(settings, **more) as server:
        config = uvicorn.Config(
            server.app,
            lifespan="off",
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        front = uvicorn.Server(config)
        # Not `serve`, which would take over the signals of the test run.
        running = asyncio.create_task(front._serve([door]))
        try:
            for _ in range(2_000):
                if front.started:
                    break
                await asyncio.sleep(0.005)
            yield replace(server, front=front)
        finally:
            front.should_exit = True
            await running
            door.close()


@asynccontextmanager
async def _lifespan(app: Any) -> AsyncGenerator[None]:
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {}}, told.get, said.put))

    async def pass_on(step: str) -> None:
        await told.put({"type": f"lifespan.{step}"})
        answer = await said.get()
        assert answer["type"] == f"lifespan.{step}.complete", answer

    await pass_on("startup")
    try:
        yield
    finally:
        await pass_on("shutdown")
        await life


class _Templates(jinja2.BytecodeCache):
    """Templates are compiled once for all the servers of a test run."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        if code := self._compiled.get(bucket.key + bucket.checksum):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        self._compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_templates = _Templates()
