"""A child of the server: takes addresses and the runtime key from its parent, and answers.

Started as `python -m llamora _worker KEY READY PARENT WORKERS LLAMA APP DOOR…`, where all but APP
are numbers: the pipe that brings the key and closes when the parent is gone, the pipe that says we
are ready, the parent's process, how many workers there are, the line to the model that the parent
runs (-1 for none), and the listening sockets.
"""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llamora.cli.logs import log_failure, write_to_stderr
from llamora.cli.process import end_with, harden

KEY_BYTES = 32
GRACE_SECONDS = 1
LAST_SECONDS = 2.5
READY = b"."
NO_LINE = -1


def main(arguments: list[str]) -> int:
    """Serves until told to end. Returns an exit code when it could not begin."""
    key_pipe, ready_pipe, parent, workers, line = map(int, arguments[:5])
    llama = None if line == NO_LINE else socket.socket(fileno=line)
    doors = [socket.socket(fileno=int(each)) for each in arguments[6:]]
    sockets = [*doors, llama] if llama else doors
    for inherited in (key_pipe, ready_pipe, *(each.fileno() for each in sockets)):
        os.set_inheritable(inherited, False)  # a program that we start has no part in them
    harden()
    end_with(parent)
    write_to_stderr()
    return _serve(_Inherited(arguments[5], workers, key_pipe, ready_pipe, llama, doors))


@dataclass(frozen=True)
class _Inherited:
    """What the parent gave."""

    app: str
    workers: int
    key_pipe: int
    ready_pipe: int
    llama: socket.socket | None
    doors: list[socket.socket]


def _serve(ours: _Inherited) -> int:
    import uvicorn

    from llamora import silence
    from llamora.cli.connection import Connection
    from llamora.companion.prompt import BadPrompt
    from llamora.settings import BadSetting, load
    from llamora.storage import StoreError
    from llamora.vault import RuntimeKey

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            asyncio.get_running_loop().set_exception_handler(log_failure)
            await super().startup(sockets)
            if self.started:
                os.write(ours.ready_pipe, READY)

    key, first_token = _from_parent(ours.key_pipe)
    runtime = RuntimeKey(key)
    threading.Thread(target=_end_without_parent, args=(ours.key_pipe,), daemon=True).start()
    try:
        settings = load().for_one_of(ours.workers)
        silence.process.one_of = ours.workers
        app = _named(ours.app)(settings, runtime, first_token=first_token, llama=ours.llama)
    except (BadPrompt, BadSetting, StoreError) as e:
        os.write(2, f"{e}\n".encode())
        return 1
    config = uvicorn.Config(
        app,
        lifespan="on",
        loop="llamora.cli.loop:Loop",
        http=Connection,
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the gate counts the hops of APP.proxy_hops itself
        root_path=settings.app.root_path,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.app.tls_cert,
        ssl_keyfile=settings.app.tls_key,
    )
    Server(config).run(sockets=ours.doors)
    return 0


def _named(app_name: str) -> Callable[..., Any]:
    module, _, name = app_name.partition(":")
    return getattr(import_module(module), name)


def _from_parent(pipe: int) -> tuple[bytearray, str | None]:
    """The runtime key, never as `bytes`, and the first account's token if one is asked for."""
    key = bytearray(KEY_BYTES)
    length = bytearray(1)
    if os.readv(pipe, [key]) != KEY_BYTES or os.readv(pipe, [length]) != 1:
        raise SystemExit(1)  # the parent is gone
    token = os.read(pipe, length[0]) if length[0] else b""
    return key, token.decode() or None


def _end_without_parent(pipe: int) -> None:
    """Waits for the pipe to close, which only the parent's end does; then ends this process."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(LAST_SECONDS)
    os._exit(1)
