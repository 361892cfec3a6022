"""A server process connects to nobody that the settings do not name (bar 14), seen on the real
program, which these tests do not hold: only its own watch does."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.accounts import registered
from tests.support.server import PORT
from tests.support.upstream import Call, Upstream
from tests.support.visitor import Visitor, words

PLANTED = """
import asyncio, os
import httpx
from llamora.app import build as real

async def leave():
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for url in ("http://192.0.2.1/", "https://news.heron.example/"):
            try:
                await client.get(url)
            except httpx.ConnectError:
                pass

def build(settings, runtime, **more):
    app = real(settings, runtime, **more)

    async def planted(scope, receive, send):
        if scope["type"] == "http" and scope["path"] == "/planted":
            await leave()
        await app(scope, receive, send)

    return planted
"""
PARENT = """
import sys
from llamora.cli.server import Manner, serve
from llamora.settings import load
sys.exit(serve(load(), Manner(app="planted:build")))
"""


class Address:
    """What a visitor needs of a server that is another program."""

    app = None

    def __init__(self, port: int) -> None:
        self.port = port


@asynccontextmanager
async def serving(
    tmp_path: Path, network: dict[str, str], **settings: object
) -> AsyncIterator[Visitor]:
    """The real server with a way to make it leave, and Ada's browser in it."""
    (tmp_path / "planted.py").write_text(PLANTED)
    given = {
        "DATABASE__PATH": registered(tmp_path).path,
        "APP__PORT": _free_port(),
        "CRYPTO__KDF_MEMORY_MIB": 64,
        **settings,
    }
    process = await asyncio.to_thread(
        subprocess.Popen,
        [sys.executable, "-P", "-c", PARENT],
        env=network
        | {f"LLAMORA_{name}": str(value) for name, value in given.items()}
        | {"PYTHONPATH": f"{tmp_path}:{network['PYTHONPATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert "is open at" in await asyncio.to_thread(process.stdout.readline)
        async with Visitor(Address(int(str(given["APP__PORT"]))), over_socket=True) as visitor:
            yield await visitor.enter()
    finally:
        process.terminate()
        await asyncio.to_thread(process.communicate)


async def test_an_attempt_to_leave_is_refused_and_listed(
    tmp_path: Path, free_network: dict[str, str]
) -> None:
    async with serving(tmp_path, free_network) as ada:
        assert "Nothing, since it was started on" in words(
            (await ada.visit("/settings/silence")).text
        )
        for _ in range(2):
            await ada.visit("/planted")
        page = words((await ada.visit("/settings/silence")).text)
    assert "192.0.2.1:80 2 times" in page
    assert "news.heron.example 2 times" in page
    assert page.count(" refused ") == 2


async def test_the_configured_model_is_reached_and_counted_and_nothing_beside(
    tmp_path: Path, free_network: dict[str, str]
) -> None:
    async def answer(call: Call) -> None:
        await call.begin()
        await call.send(b'data: {"choices": [{"delta": {"content": "Rain."}}]}\n\n')
        await call.send(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n')

    async with (
        Upstream(answer) as upstream,
        serving(tmp_path, free_network, LLM__UPSTREAM__HOST=upstream.url) as ada,
    ):
        said = await ada.send("/settings/companion/trial")
        assert "Rain." in words(said.text)
        await ada.visit("/planted")
        page = words((await ada.visit("/settings/silence")).text)
    door = upstream.url.removeprefix("http://")
    assert f"{door.replace(':', ' ')} the companion’s answers" in page
    assert f"{door} " in page
    assert page.count(" let through ") == 1
    assert page.count(" refused ") == 2


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as one:
        port: int = one.getsockname()[1]
    assert port != PORT
    return port
