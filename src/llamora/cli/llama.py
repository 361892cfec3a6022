"""llama.cpp as the parent of the server owns it: one process for all that answer.

It is started when it is first needed, looked after while it lives, and started again when it dies,
later each time. Those who answer reach it by their lines (`companion/managed.py`).
"""

import asyncio
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from llamora.cli.llama_child import LACKING, NO_FILE, UNUSABLE
from llamora.cli.say import Failure, note
from llamora.companion.managed import (
    FAILURES,
    NEEDED,
    Fallen,
    Lacking,
    NoFile,
    State,
    Unusable,
)
from llamora.settings import Settings

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 0.5, 30.0, 60.0
"""Seconds before one that died is started anew: doubled each time it dies before `STEADY`."""

CHECK_SECONDS, ANSWER_SECONDS, PATIENCE = 10.0, 10.0, 3
"""It is asked every so often whether it is well, and ended after so many times without answer."""

_PRIVATE = ("LLAMORA_", "LLAMA_")
"""Variables that the child is not given: our keys, and what would change llama.cpp's ways."""


@dataclass(frozen=True)
class Wanted:
    """Which model is to be served, and how."""

    path: str
    ctx_size: int
    threads: int
    slots: int = 1
    port: int = 0  # any that is free
    api_key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def name(self) -> str:
        return Path(self.path).stem


def wanted_by(settings: Settings) -> Wanted | None:
    """What the settings want run here, if anything."""
    local = settings.llm.local
    if local.model_path is None:
        return None
    threads = local.threads or max(1, physical_cores() - 1)
    return Wanted(str(local.model_path), local.ctx_size, threads, settings.llm.upstream.parallel)


@asynccontextmanager
async def llama_for(wanted: Wanted) -> AsyncGenerator["Llama"]:
    """Owns llama.cpp within the block. Call it on the main thread, or the kernel would end the
    process too early."""
    llama = Llama(wanted)
    keeping = asyncio.create_task(llama.keep())
    try:
        yield llama
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        llama.hang_up()


async def serve(wanted: Wanted) -> None:
    """Runs it for other programs until SIGTERM or SIGINT, and prints where it is and its key.

    Raises:
        Failure: it cannot be loaded, or ended by itself.
    """
    _must_be_free(wanted.port)
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    child = Child(wanted)
    stopping = asyncio.create_task(stop.wait())
    try:
        note(f"Loading {wanted.name}.")
        await _either(stopping, child.begun())
        if not stop.is_set():
            if not child.url:
                raise Failure(FAILURES[child.failure].sentence)
            print(f"{child.url}/v1\n{wanted.api_key}", flush=True)
            await _either(stopping, child.over())
        if not stop.is_set():
            raise Failure("The model ended by itself; run this again.")
    finally:
        stopping.cancel()
        await child.end()


def _must_be_free(port: int) -> None:
    """Raises `Failure` in a sentence, where llama.cpp would just end."""
    try:
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", port))
    except OSError:
        raise Failure(f"Port {port} cannot be had; give another with --port.") from None


async def _either(one: asyncio.Task[Any], other: Coroutine[Any, Any, Any]) -> None:
    task = asyncio.create_task(other)
    try:
        await asyncio.wait((one, task), return_when=asyncio.FIRST_COMPLETED)
    finally:
        task.cancel()


class Llama:
    """See `llama_for`."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._lines: dict[socket.socket, int] = {}  # and how many bytes came on each
        self._needed = asyncio.Event()
        self._state = State()
        self._child: Child | None = None
        self._pause = FIRST_PAUSE
        self._not_before = 0.0

    def line(self) -> socket.socket:
        """The other end of a new line, for a process that answers; the caller closes it here when
        that process has it."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._lines[ours] = 0
        asyncio.get_running_loop().add_reader(ours, self._hear, ours)
        return theirs

    async def keep(self) -> None:
        """Starts it when it is needed, and again when it died, until cancelled."""
        while True:
            await self._needed.wait()
            begun = await self._live()
            if begun:
                note(f"The model ended by itself; it is started again in {self._pause:g} seconds.")
                await asyncio.sleep(self._pause)
            else:
                self._needed.clear()  # nobody waits: they were told
                self._not_before = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def hang_up(self) -> None:
        for line in list(self._lines):
            self._forget(line)

    async def _live(self) -> bool:
        """One life of it; whether it came to be ready."""
        self._tell(State("loading"))
        try:
            child = self._child = Child(self._wanted)
        except OSError:  # no memory for another process
            self._fail(Fallen.code)
            return False
        try:
            if not await child.begun():
                self._fail(child.failure)
                return False
            took = time.monotonic() - child.born
            ready = State("ready", url=child.url, key=self._wanted.api_key, load_seconds=took)
            self._tell(ready)
            await child.over()
            if time.monotonic() - child.born > STEADY:
                self._pause = FIRST_PAUSE
            return True
        finally:
            self._child = None
            if self._state.name == "ready":
                self._tell(State("loading"))
            await child.end()

    def _fail(self, code: str) -> None:
        note(FAILURES[code].sentence)
        self._tell(State("failed", code))

    def _need(self) -> None:
        if self._state.name == "asleep" or (
            self._state.name == "failed" and time.monotonic() >= self._not_before
        ):
            self._state = State("loading")
            self._needed.set()

    def _hear(self, line: socket.socket) -> None:
        try:
            said = line.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            self._forget(line)
            return
        self._lines[line] += len(said)
        if NEEDED in said:
            self._need()
        self._say(line)

    def _tell(self, state: State) -> None:
        self._state = state
        for line in list(self._lines):
            self._say(line)

    def _say(self, line: socket.socket) -> None:
        memory = self._child and resident(self._child.pid)
        state = replace(self._state, heard=self._lines[line], memory=memory)
        with suppress(OSError):  # full, for it does not listen; or gone, which is heard of
            line.send(state.to_line())

    def _forget(self, line: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(line)
        del self._lines[line]
        line.close()


class Child:
    """One process of llama.cpp; made on the main thread."""

    def __init__(self, wanted: Wanted) -> None:
        self.born = time.monotonic()
        self.url = ""
        self._told = asyncio.Event()
        self._ended = asyncio.Event()
        self._news, news_write = os.pipe()
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "llamora",
                    "_llama",
                    str(news_write),
                    str(os.getpid()),
                ],
                pass_fds=(news_write,),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C comes to the parent, which ends it when it is not needed
                env={n: v for n, v in os.environ.items() if not n.startswith(_PRIVATE)},
            )
        except BaseException:
            os.close(self._news)
            raise
        finally:
            os.close(news_write)
        asyncio.get_running_loop().add_reader(self._news, self._hear)
        assert self._process.stdin
        with suppress(BrokenPipeError):  # dead already, which is heard of
            # By stdin, for arguments and environments can be read by other programs.
            told = asdict(wanted) | {"name": wanted.name}
            self._process.stdin.write(json.dumps(told).encode() + b"\n")
            self._process.stdin.flush()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def begun(self) -> bool:
        """Waits until it answers, or has ended without."""
        await self._told.wait()
        return bool(self.url)

    async def over(self) -> None:
        """Waits until it has ended, or answers no more."""
        ending = asyncio.create_task(self._ended.wait())
        try:
            await _either(ending, _ails(self.url))
        finally:
            ending.cancel()

    async def end(self) -> None:
        self._process.kill()  # it holds nothing that is to be put away
        await self._ended.wait()

    @property
    def failure(self) -> str:
        """Why it ended without having begun; one of FAILURES."""
        codes = {LACKING: Lacking, NO_FILE: NoFile, UNUSABLE: Unusable}
        return codes.get(self._process.returncode, Fallen).code

    def _hear(self) -> None:
        if said := os.read(self._news, 4096):
            self.url = said.decode().strip()
            self._told.set()
            return
        # Closed by its end, so this waits for nothing.
        asyncio.get_running_loop().remove_reader(self._news)
        self._process.wait()
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        os.close(self._news)
        self._ended.set()
        self._told.set()


async def _ails(url: str) -> None:
    """Returns when it has not said for a while that it is well."""
    silent = 0
    while silent < PATIENCE:
        await asyncio.sleep(CHECK_SECONDS)
        silent = 0 if await _is_well(url) else silent + 1


async def _is_well(url: str) -> bool:
    """What `/health` says, asked in the plainest way: the parent loads no HTTP client."""
    host, _, port = url.removeprefix("http://").partition(":")
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(
                    f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
                )
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError):
        return False


def resident(pid: int) -> int | None:
    """How much memory of a process is resident, in bytes; None where that cannot be asked."""
    try:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None


def physical_cores(
    cpus: Callable[[], set[int]] = lambda: os.sched_getaffinity(0),
    topology: Path = Path("/sys/devices/system/cpu"),
) -> int:
    """Cores that this process may run on; two threads of one core count as one, for they share what
    multiplies. Where the system does not say, every processor is taken for a core."""
    try:
        siblings = "topology/thread_siblings_list"
        return len({(topology / f"cpu{n}" / siblings).read_text() for n in cpus()})
    except (AttributeError, OSError):  # not Linux
        return os.cpu_count() or 1
