"""The model that the server runs itself, as the processes that answer see it.

The parent of the server owns llama.cpp (`cli/llama.py`), for there is one for all of them. Each has
a line to it: a pair of sockets without a name. One byte on it says that the model is needed, or
that somebody looks how it is; back comes its `State`, also whenever that changes. Address and key
travel on it and nowhere else.
"""

import asyncio
import json
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Literal
from urllib.parse import urlsplit

from llamora.companion import endpoint
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import Health, Loading, Unreachable

NEEDED = b"n"
LOOKED_AT = b"l"

_NOWHERE = "http://127.0.0.1"  # until the model has an address


class Lacking(Unreachable):
    code = "extra"
    sentence = "Running a model here needs Llamora's extra `local`, which is not installed."


class NoFile(Unreachable):
    code = "file"
    sentence = "There is no model where LLM.local.model_path says."


class Unusable(Unreachable):
    code = "unusable"
    sentence = "The model's file cannot be loaded; it may be damaged, or not in the GGUF format."


class Fallen(Unreachable):
    code = "fallen"
    sentence = (
        "The model ended while it was loaded; this machine may have too little memory for it."
    )


FAILURES: dict[str, type[Unreachable]] = {
    each.code: each for each in (Lacking, NoFile, Unusable, Fallen, Unreachable)
}


@dataclass(frozen=True, slots=True)
class State:
    """How llama.cpp is, as its owner tells it: one line of JSON."""

    name: Literal["asleep", "loading", "ready", "failed"] = "asleep"
    failure: str = ""  # one of FAILURES
    url: str = ""
    key: str = field(default="", repr=False)
    load_seconds: float | None = None
    memory: int | None = None  # bytes that are resident
    heard: int = 0  # how many bytes of this line were read before this was said

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "State":
        return cls(**json.loads(line))


class Line:
    """The end of the line in a process that answers; used in one event loop."""

    def __init__(self, end: socket.socket) -> None:
        self.state = State()
        self._end = end
        self._end.setblocking(False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked = 0
        self._rest = b""
        self._changed = asyncio.Event()

    async def need(self) -> State:
        """Has the model loaded, unless it is; returns at once with how it stands now."""
        return await self._ask(NEEDED)

    async def look(self) -> State:
        """How it stands now; nothing is loaded for that."""
        return await self._ask(LOOKED_AT)

    async def loaded(self, seconds: float) -> State:
        """Waits so long for a model that is being loaded, and says how it stands then."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.state.name == "loading":
                    await self._changed.wait()
        return self.state

    def close(self) -> None:
        if self._loop:
            self._loop.remove_reader(self._end)
        self._loop = None
        self._end.close()

    async def _ask(self, what: bytes) -> State:
        if self._loop is None:  # the line is made before there is a loop
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._end, self._hear)
        self._asked += 1
        wanted = self._asked
        try:
            self._end.send(what)
        except OSError:
            self._broke_off()
        while self.state.heard < wanted and self.state.failure != Unreachable.code:
            await self._changed.wait()
        return self.state

    def _hear(self) -> None:
        try:
            said = self._end.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._broke_off()
            return
        *lines, self._rest = (self._rest + said).split(b"\n")
        if lines:
            self._become(State.from_line(lines[-1]))

    def _broke_off(self) -> None:
        """The parent is gone, and this process will be, too."""
        if self._loop:
            self._loop.remove_reader(self._end)
        self._become(State("failed", Unreachable.code))

    def _become(self, state: State) -> None:
        self.state = state
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Managed(Endpoint):
    """A `Model`: the endpoint that llama.cpp is, once it is loaded. `name` is for the page."""

    def __init__(self, line: Line, name: str, settings: ModelSettings) -> None:
        super().__init__(replace(settings, host=_NOWHERE, base_url="", model=name, api_key=""))
        self._line = line

    async def aclose(self) -> None:
        await super().aclose()
        self._line.close()

    async def health(self) -> Health:
        """How it stands; a model that nobody needed yet is not loaded for this."""
        state = await self._line.look()
        if state.name != "ready":
            failed = FAILURES[state.failure].sentence if state.failure else ""
            return Health(state.name, failed)
        health = await super().health()
        return replace(health, memory=state.memory, load_seconds=state.load_seconds)

    async def window(self) -> int:
        """Waits for the model to be loaded, for then it is known."""
        if not self._window:
            await self._line.need()
            await self._line.loaded(self._settings.first_seconds)
        return await super().window()

    async def _prepare(self) -> None:
        # Here there is no name, but the address may be a new one.
        state = self._line.state
        if state.name != "ready":
            await self._line.need()
            state = await self._line.loaded(endpoint.LOADING_SECONDS)
        if state.name == "failed":
            raise FAILURES[state.failure]
        if state.name != "ready":
            raise Loading
        self._address = self._address._replace(netloc=urlsplit(state.url).netloc)
        self._headers["Authorization"] = f"Bearer {state.key}"
