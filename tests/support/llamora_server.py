"""The server as a browser meets it: in a thread of this process, or as the real program.

    with in_a_thread(account.path, model=model) as house:
        page.goto(house.url)

In a thread derivations are cheap, the clock stands still and can be turned, and a scripted model
can answer. The program is what people run, with its own processes, and can be killed.
"""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.support.clock import TurnableClock
from tests.support.server import Server, on_loopback

T = TypeVar("T")

START_SECONDS = 60.0


@dataclass(frozen=True)
class House:
    """A server in a thread, and the loop it lives in."""

    server: Server
    _loop: asyncio.AbstractEventLoop = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server.port}"

    @property
    def clock(self) -> TurnableClock:
        return self.server.clock

    @property
    def today(self) -> str:
        """Today in UTC, as it stands in an address."""
        return self.clock.now().date().isoformat()

    def call(self, work: Callable[[], T]) -> T:
        """Does `work` where the server lives, and returns what it returns."""
        done: Future[T] = Future()

        def step() -> None:
            try:
                done.set_result(work())
            except BaseException as e:  # noqa: BLE001 - it is raised where it was asked for
                done.set_exception(e)

        self._loop.call_soon_threadsafe(step)
        return done.result(START_SECONDS)

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Has `work` done where the server lives, and returns what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)


@contextmanager
def in_a_thread(path: Path, **more: Any) -> Iterator[House]:
    """Serves the journal file at `path`; `more` is what `on_loopback` takes."""
    begun: Future[tuple[House, asyncio.Event]] = Future()

    async def live() -> None:
        over = asyncio.Event()
        async with on_loopback(path, **more) as server:
            begun.set_result((House(server, asyncio.get_running_loop()), over))
            await over.wait()

    def run() -> None:
        try:
            asyncio.run(live())
        except BaseException as e:
            if begun.done():
                raise
            begun.set_exception(e)

    thread = threading.Thread(target=run, name="house")
    thread.start()
    house, over = begun.result(START_SECONDS)
    try:
        yield house
    finally:
        house.call(over.set)
        thread.join(START_SECONDS)


class Program:
    """`llamora-server dev --no-reload`, or another `command`, on a free port, its data in `folder`.

    Capital keywords are settings: `LLM__CHAT__BASE_URL="http://…"`.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        command: tuple[str, ...] = ("dev", "--no-reload"),
        **settings: object,
    ) -> None:
        self.port = port
        self.url = f"http://localhost:{port}"
        self.data = folder / "data"
        self._log = folder / "stderr"
        self._settings = {
            "DATABASE__PATH": self.data / "llamora.sqlite3",
            "APP__PORT": port,
            **settings,
        }
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        assert self._process
        pid = self._process.pid
        return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def start(self) -> None:
        """Returns when it answers."""
        kept = {name: value for name, value in os.environ.items() if "LLAMORA" not in name}
        given = {f"LLAMORA_{name}": str(value) for name, value in self._settings.items()}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "llamora", *self._command],
                env=kept | given,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout
        assert self._process.stdout.readline(), self._log.read_text()

    def kill(self) -> None:
        """Ends all its processes at once, with no chance to put anything away."""
        process = self._process
        assert process
        workers = self.workers
        process.send_signal(signal.SIGSTOP)  # it must not start another
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        process.kill()
        self._gone()

    def end(self) -> None:
        """Ends it as Ctrl-C would."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._gone()

    def _gone(self) -> None:
        process, self._process = self._process, None
        assert process
        assert process.stdout
        process.wait(START_SECONDS)
        process.stdout.close()
