"""Connections that vanish."""

import asyncio
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing, suppress
from socket import SO_LINGER, SOL_SOCKET
from urllib.parse import urlencode

import pytest
from tests.support.accounts import NAME, PASSWORD, Registered
from tests.support.server import ScriptedModel, Server, on_loopback
from tests.support.visitor import TODAY, Visitor, words

from llamora.storage import Store

DROPPED = 50


def requests(
    server: Server, cookie: str, entry: str, response: str
) -> list[Callable[[int], bytes]]:
    """Whole requests of several kinds, as bytes; each takes its number."""

    def request(method: str, path: str, **form: str) -> bytes:
        body = urlencode(form).encode()
        # Signing in ends the session that was there, and that is not to happen here.
        known = "" if path == "/login" else f"Cookie: {cookie}\r\n"
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n{known}"
            f"Sec-Fetch-Site: same-origin\r\nHX-Request-Type: partial\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    write = f"/days/{TODAY}/entries"
    return [
        lambda n: request("POST", write, text=f"dropped {n} " + "word " * 5_000, key=f"k{n}"),
        lambda n: request("GET", f"/days/{TODAY}"),
        lambda n: request("GET", f"/responses/{response}/stream"),
        lambda n: request("PUT", f"/days/{TODAY}/draft", text=f"draft {n}"),
        lambda n: request("PUT", f"/entries/{entry}", text=f"edit {n}", revision="1"),
        lambda n: request("POST", "/login", name=NAME, password=PASSWORD),
        lambda n: request("GET", "/calendar/2026"),
    ]


async def drop(port: int, request: bytes, n: int) -> None:
    """Sends all or a part of a request, reads little or nothing, and resets the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    part = len(request) if n % 3 else len(request) * 2 // 3
    writer.write(request[:part])
    with suppress(ConnectionError):
        await writer.drain()
        if n % 2 and part == len(request):
            await reader.read(100)
        elif n % 5:
            await asyncio.sleep(0)
    writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def held(store: Store) -> list[str]:
    """What somebody is still holding of the file."""
    found: list[str] = []
    if store._connection.in_transaction:
        found.append("an open transaction")
    with closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError:
            found.append("the write lock")
        (busy, _, _) = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            found.append("a snapshot")
    return found


async def test_fifty_dropped_under_load_leave_no_transaction_lock_or_connection(
    account: Registered,
) -> None:
    model = ScriptedModel("It came back.", "And it stayed.", hold_at=1)
    async with on_loopback(account.path, model=model) as server:
        assert server.front
        store = server.rooms.accounts._store
        async with Visitor(server, over_socket=True) as ada:
            await ada.enter()
            entry = await ada.write("the heron")
            response = await ada.ask(entry)
            cookie = "; ".join(f"{name}={value}" for name, value in ada.steal().items())
            kinds = requests(server, cookie, entry, response)
            (opened,) = server.rooms.journals._open.values()
            await (await opened.search()).loaded()  # which follows the journal from now on
            tasks = len(asyncio.all_tasks()) + 1  # and may be waiting for its next look

            drops = [drop(server.port, kinds[n % len(kinds)](n), n) for n in range(DROPPED)]
            writes = [ada.write(f"kept {n}") for n in range(10)]
            _, kept = await asyncio.gather(asyncio.gather(*drops), asyncio.gather(*writes))

            assert len(set(kept)) == 10
            page = words(await ada.day())
            assert all(f"kept {n}" in page for n in range(10))
            for n in range(0, DROPPED, len(kinds)):  # whole or not at all
                assert page.count(f"dropped {n} ") in (0, 1)
                assert f"dropped {n} word" in page or f"dropped {n} " not in page
        for _ in range(500):
            if not server.front.server_state.connections and len(asyncio.all_tasks()) <= tasks:
                break
            await asyncio.sleep(0.01)

        assert not server.front.server_state.connections
        assert not server.front.server_state.tasks
        assert len(asyncio.all_tasks()) <= tasks
        (opened,) = server.rooms.journals._open.values()
        assert not +opened.streams
        assert not [lock for lock in server.rooms.journals._opening.values() if lock.locked()]
        for _ in range(500):  # search, which follows, writes for a moment now and then
            if not held(store):
                break
            await asyncio.sleep(0.01)
        assert held(store) == []
        assert model.left == 0, "the answer goes on without its readers"
        async with Visitor(server, over_socket=True) as again:
            await again.enter()
            await again.write("and it goes on")


async def test_what_is_held_is_noticed(account: Registered) -> None:
    """The control of the look above."""
    store = Store.open(account.path)
    assert held(store) == []
    with closing(sqlite3.connect(account.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE accounts SET last_change = last_change + 1")
        assert "the write lock" in held(store)
        writer.execute("ROLLBACK")
    with closing(sqlite3.connect(account.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM accounts").fetchone()
        store.write_now(lambda tx: tx.execute("UPDATE accounts SET last_change = last_change + 1"))
        assert held(store) == ["a snapshot"]
    store._connection.execute("BEGIN")
    assert "an open transaction" in held(store)
    store._connection.rollback()
    store.close()


@pytest.mark.parametrize("kind", range(3))
async def test_a_write_whose_answer_was_lost_is_found_when_it_is_sent_again(
    account: Registered, kind: int
) -> None:
    """The reader vanished before the answer came; pressing again must not write twice."""
    async with on_loopback(account.path) as server, Visitor(server, over_socket=True) as ada:
        await ada.enter()
        cookie = "; ".join(f"{name}={value}" for name, value in ada.steal().items())
        request = requests(server, cookie, "0" * 32, "0" * 32)[0](kind)
        await drop(server.port, request, 1 + kind * 6)
        text = f"dropped {kind} " + "word " * 5_000
        form = {"text": text, "key": f"k{kind}"}
        assert (await ada.send(f"/days/{TODAY}/entries", form)).status_code == 303
        assert words(await ada.day()).count(f"dropped {kind} ") == 1
