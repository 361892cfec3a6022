"""The parent of the server: owns the addresses, the runtime key and the model that is run here, and
keeps children alive.

It never imports the web, so it stays small and a broken edit cannot end it. The runtime key goes
to each child through a pipe and lives here in between: starting anew signs nobody out.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path

from llamora.cli.doors import invitation, open_doors
from llamora.cli.llama import Llama, llama_for, wanted_by
from llamora.cli.say import Failure, note
from llamora.cli.worker import NO_LINE
from llamora.settings import CHECKOUT, Settings, is_loopback
from llamora.vault import RuntimeKey

END_SECONDS = 2.5
"""How long a child may take to end; all of it, with the parent, is done within three seconds."""

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 0.5, 30.0, 60.0
"""Seconds before a child that died is started anew: doubled each time it dies before `STEADY`."""

WATCHED = (Path(__file__).parents[1], CHECKOUT / "frontend/src")


@dataclass(frozen=True)
class Manner:
    """How to serve. `app` names what builds the application in the child."""

    workers: int = 1
    reload: bool = False
    app: str = "llamora.app:build"
    watched: tuple[Path, ...] = WATCHED


def serve(settings: Settings, manner: Manner) -> int:
    """Serves until SIGTERM or SIGINT and returns the exit code.

    Raises:
        Failure: the address, the port or the certificate cannot be used.
    """
    _check_certificate(settings)
    doors = open_doors(settings.app)
    try:
        token = _first_token(settings)
        return asyncio.run(_Parent(settings, manner, doors, token).serve())
    finally:
        for door in doors:
            door.close()


class _Child:
    """A running worker. Made on the main thread, or the kernel would end it too early."""

    def __init__(
        self,
        manner: Manner,
        doors: list[socket.socket],
        key: RuntimeKey,
        token: str | None,
        llama: Llama | None,
    ) -> None:
        self.ready = asyncio.Event()
        self.ended = asyncio.Event()
        self.born = time.monotonic()
        key_read, self._lifeline = os.pipe()
        self._news, ready_write = os.pipe()
        line = llama.line() if llama else None
        lines = [line.fileno()] if line else []
        numbers = [door.fileno() for door in doors]
        about = [key_read, ready_write, os.getpid(), manner.workers, *(lines or [NO_LINE])]
        try:
            self._process = subprocess.Popen(
                # -P: what lies in the present folder is no part of this program.
                [
                    *(sys.executable, "-P", "-m", "llamora", "_worker", *map(str, about)),
                    *(manner.app, *map(str, numbers)),
                ],
                pass_fds=(key_read, ready_write, *lines, *numbers),
                stdin=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C comes to the parent, which ends its children in order
            )
            told = (token or "").encode()
            for part in (key.hand_down(), bytes([len(told)]) + told):
                os.write(self._lifeline, part)
        finally:
            os.close(key_read)
            os.close(ready_write)
            if line:
                line.close()
        asyncio.get_running_loop().add_reader(self._news, self._hear)

    async def end(self) -> None:
        """Asks it to end and, after a while, makes it."""
        self._process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self.ended.wait()
        self._process.kill()
        await self.ended.wait()

    def _hear(self) -> None:
        if os.read(self._news, 1):
            self.ready.set()
            return
        # Closed by its end, so this waits for nothing.
        asyncio.get_running_loop().remove_reader(self._news)
        self._process.wait()
        os.close(self._news)
        os.close(self._lifeline)
        self.ended.set()


class _Parent:
    def __init__(
        self, settings: Settings, manner: Manner, doors: list[socket.socket], token: str | None
    ) -> None:
        self._settings = settings
        self._manner = manner
        self._doors = doors
        self._token = token
        self._key = RuntimeKey()
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._llama: Llama | None = None
        self._invited = False

    async def serve(self) -> int:
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop.set)
        wanted = wanted_by(self._settings)
        async with contextlib.AsyncExitStack() as until_all_ended:
            if wanted:
                self._llama = await until_all_ended.enter_async_context(llama_for(wanted))
            async with asyncio.TaskGroup() as tasks:
                for _ in range(self._manner.workers):
                    tasks.create_task(self._keep_one())
                if self._manner.reload:
                    tasks.create_task(self._watch())
        return 0 if self._invited else 1

    async def _keep_one(self) -> None:
        """One worker, started again when it dies or a file changes, until told to stop."""
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            self._changed.clear()
            child = _Child(self._manner, self._doors, self._key, self._token, self._llama)
            try:
                await _first(child.ready.wait(), *self._over(child))
                if child.ready.is_set():
                    self._invite()
                await _first(*self._over(child))
            finally:
                died = child.ended.is_set()
                if not died:
                    await child.end()
            if self._stop.is_set():
                return
            if not died:
                note("A file changed; starting anew.")
            elif not self._invited:
                self._stop.set()  # it said why; trying again would say it again
            elif self._manner.reload and not child.ready.is_set():
                note("The server could not start; it is tried again when a file changes.")
                await _first(self._changed.wait(), self._stop.wait())
            else:
                pause = FIRST_PAUSE if time.monotonic() - child.born > STEADY else pause
                note(f"A server process ended by itself; another starts in {pause:g} seconds.")
                await _first(asyncio.sleep(pause), self._stop.wait())
                pause = min(pause * 2, LONGEST_PAUSE)

    def _over(self, child: _Child) -> tuple[Coroutine[object, object, object], ...]:
        return child.ended.wait(), self._stop.wait(), self._changed.wait()

    def _invite(self) -> None:
        if not self._invited:
            self._invited = True
            print(invitation(self._settings.app), flush=True)
            if self._token:
                print(f"The first account asks for this token: {self._token}", flush=True)

    async def _watch(self) -> None:
        """Notices changes of files, in a thread that starts no process."""
        from watchfiles import watch

        loop, over = asyncio.get_running_loop(), threading.Event()
        folders = [folder for folder in self._manner.watched if folder.is_dir()]

        def look() -> None:
            try:
                for _ in watch(*folders, stop_event=over, rust_timeout=200):
                    loop.call_soon_threadsafe(self._changed.set)
            except (OSError, RuntimeError):
                note("Files cannot be watched here; start again by hand after a change.")

        looking = asyncio.create_task(asyncio.to_thread(look))
        await self._stop.wait()
        over.set()
        await looking


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Waits until one of them is done and lets the others go."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _check_certificate(settings: Settings) -> None:
    """Refuses here, in one sentence, what every child would fail with."""
    certificate, key = settings.app.tls_cert, settings.app.tls_key
    if certificate is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, _no_password)
    except (OSError, ValueError) as e:  # ssl.SSLError is an OSError
        raise Failure(
            "APP.tls_cert and APP.tls_key are not a certificate and its unencrypted key in PEM."
        ) from e


def _no_password() -> str:
    raise ValueError("an encrypted key")


def _first_token(settings: Settings) -> str | None:
    """What the first account is asked for, when strangers can reach a journal without accounts."""
    if is_loopback(settings.app.host):
        return None
    from llamora.accounts import Accounts, AccountsPolicy
    from llamora.kernel import SystemClock
    from llamora.storage import Store

    store = Store.open(settings.database.path)
    try:
        accounts = Accounts(store, SystemClock(), AccountsPolicy())
        try:
            return None if accounts.names() else secrets.token_urlsafe(12)
        finally:
            accounts.close()
    finally:
        store.close()
