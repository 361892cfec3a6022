"""The real server in a process of its own, and a plain HTTP client that costs next to nothing."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server: its port, its parent's pid, and how long the first 200 took."""

    port: int
    pid: int
    cold_start: float

    def worker_rss_mib(self) -> float:
        """Resident memory of the process that answers, in MiB."""
        return max((_rss_kib(pid) for pid in _children(self.pid)), default=0) / 1024


@contextmanager
def serving(path: Path, environ: Mapping[str, str]) -> Iterator[Server]:
    """`llamora-server prod` on a free port with that database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = {"LLAMORA_APP__PORT": str(port), "LLAMORA_DATABASE__PATH": str(path), **environ}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "llamora", "prod"],
        env={**os.environ, **ours},
        stdout=subprocess.DEVNULL,
    )
    try:
        while not _answers(port):
            if process.poll() is not None:
                raise SystemExit("The server did not start.")
            time.sleep(0.01)
        yield Server(port, process.pid, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


class Client:
    """One keep-alive connection. Sends what a browser would, reads what comes back."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cookie = ""

    async def open(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def get(self, path: str, *, partial: bool = False) -> tuple[int, bytes]:
        return await self._ask("GET", path, b"", partial)

    async def post(
        self, path: str, form: Mapping[str, str], *, partial: bool = False
    ) -> tuple[int, bytes]:
        return await self._ask("POST", path, urllib.parse.urlencode(form).encode(), partial)

    async def events(self, path: str) -> AsyncIterator[str]:
        """The data of each event of a stream, to its end."""
        self._send("GET", path, b"", False)
        await self._reader.readuntil(b"\r\n\r\n")
        begun = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            begun += (await self._reader.readexactly(size + 2))[:-2]
            *whole, begun = begun.split(b"\n\n")
            for event in whole:
                data = event.partition(b"data: ")[2]
                if data:
                    yield json.loads(data)

    def close(self) -> None:
        self._writer.close()

    async def _ask(self, method: str, path: str, body: bytes, partial: bool) -> tuple[int, bytes]:
        self._send(method, path, body, partial)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, length = int(head[9:12]), 0
        for line in head.split("\r\n")[1:]:
            name, _, value = line.partition(":")
            if name == "content-length":
                length = int(value)
            elif name == "set-cookie" and not value.strip().split("=", 1)[1].startswith(";"):
                self.cookie = value.strip().partition(";")[0]
        return status, await self._reader.readexactly(length)

    def _send(self, method: str, path: str, body: bytes, partial: bool) -> None:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: localhost:{self._port}",
            "Sec-Fetch-Site: same-origin",
            f"Cookie: {self.cookie}",
        ]
        if partial:
            lines.append("HX-Request-Type: partial")
        if body:
            lines.append("Content-Type: application/x-www-form-urlencoded")
        lines.append(f"Content-Length: {len(body)}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as probe:
            asked = f"GET /healthz HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"
            probe.sendall(asked.encode())
            probe.settimeout(5)
            return b" 200 " in probe.recv(64)
    except OSError:
        return False


def _rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def _children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
