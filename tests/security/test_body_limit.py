"""Bodies too large are refused before they are taken in."""

import asyncio

from tests.support.accounts import Registered
from tests.support.server import Server, journal_settings, on_loopback, serving
from tests.support.visitor import LINK, Visitor, words

LIMIT = 1_048_576
KIND = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_every_form_refuses_more_than_the_limit(ada: Visitor, stranger: Visitor) -> None:
    body = b"text=" + b"a" * LIMIT
    for path in (
        "/login",
        "/register",
        "/register/strength",
        "/recover",
        "/days/2026-11-22/entries",
        "/days/2026-11-22/draft?_method=PUT",
        "/settings/account",
    ):
        headers = {**LINK, **KIND, "Origin": ada.origin}
        answer = await ada.http.post(path, content=body, headers=headers)
        assert answer.status_code == 413, path
        assert "too much at once" in words(answer.text)
        answer = await stranger.http.post(path, content=body, headers=headers)
        assert answer.status_code == 413, path


async def test_what_fits_is_taken(ada: Visitor) -> None:
    """The control: a byte less than the limit is looked at."""
    body = b"text=" + b"a" * (LIMIT - 5)
    headers = {**LINK, **KIND, "Origin": ada.origin}
    answer = await ada.http.post("/days/2026-11-22/entries", content=body, headers=headers)
    assert answer.status_code == 422


async def test_the_limit_is_a_setting(account: Registered) -> None:
    settings = journal_settings(account.path, LIMITS__BODY_BYTES=262_144)
    async with serving(settings) as server, Visitor(server) as ada:
        await ada.enter()
        form = {"text": "a" * 300_000}
        assert (await ada.send("/days/2026-11-22/entries", form)).status_code == 413


async def test_a_body_without_a_length_is_cut_off_at_the_limit(account: Registered) -> None:
    async with on_loopback(account.path) as server:
        status, sent = await pour(server)
        assert status == 413
        assert sent < 20 * LIMIT, "the rest was never taken in"


async def pour(server: Server) -> tuple[int, int]:
    """Sends chunks for as long as they are taken; the status and how many bytes that was."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"POST /login HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        f"Origin: http://localhost:{server.port}\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    writer.write(head.encode())
    chunk = b"10000\r\n" + b"a" * 65_536 + b"\r\n"
    sent = 0
    first = asyncio.create_task(reader.readline())
    while not first.done() and sent < 20 * LIMIT:
        writer.write(chunk)
        sent += 65_536
        await asyncio.wait({first, asyncio.ensure_future(writer.drain())}, timeout=0.02)
    status = int((await first).split()[1])
    writer.transport.abort()
    return status, sent
