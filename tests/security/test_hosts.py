"""Names that are not ours (bar 21): a loopback server must survive DNS rebinding."""

import asyncio
from typing import Any

import pytest
from tests.support.accounts import Registered
from tests.support.server import Server, journal_settings, on_loopback, serving
from tests.support.visitor import Visitor

HOSTILE = [
    "evil.example",
    "evil.example:5000",
    "localhost",
    "localhost:",
    "localhost:80",
    "localhost:5001",
    "localhost:05000",
    "localhost:+5000",
    "localhost:-5000",
    "localhost:5000:5000",
    "localhost:50000",
    "localhost:500",
    "localhost:５０００",
    "localhost.:5000",
    "localhost:5000.",
    "localhost..:5000",
    ".localhost:5000",
    " localhost:5000",
    "localhost:5000 ",
    "localhost :5000",
    "localhost\t:5000",
    "localhost\0:5000",
    "localhost:5000\0",
    "localhost:5000,evil.example",
    "localhost:5000, localhost:5000",
    "localhost:5000@evil.example",
    "evil.example@localhost:5000",
    "ada:secret@localhost:5000",
    "localhost:5000/",
    "localhost:5000/evil",
    "localhost:5000#evil",
    "localhost:5000?evil",
    "localhost:5000\\evil",
    "http://localhost:5000",
    "//localhost:5000",
    "localhost.evil.example:5000",
    "evil.localhost:5000",
    "llamora.localhost",
    "llamora.localhost.:5000",
    "llamora.localhost.evil.example:5000",
    "xllamora.localhost:5000",
    "llamora-localhost:5000",
    "127.0.0.1",
    "127.0.0.1:5001",
    "127.0.0.1.:5000",
    "127.0.0.2:5000",
    "127.1:5000",
    "2130706433:5000",
    "0x7f.0.0.1:5000",
    "0177.0.0.1:5000",
    "127.0.0.1.nip.io:5000",
    "0.0.0.0:5000",
    "0:5000",
    "::1:5000",
    "[::1]",
    "[::1]:5001",
    "[0:0:0:0:0:0:0:1]:5000",
    "[::ffff:127.0.0.1]:5000",
    "[::1%25lo]:5000",
    "[::]:5000",
    "[localhost]:5000",
    "ｌｏｃａｌｈｏｓｔ:5000",
    "lоcalhost:5000",  # with a Cyrillic o
    "ⓛocalhost:5000",
    "localhoſt:5000",  # a long s, which casefolding would make an s
    "xn--localhost-:5000",
    "*",
    "*.localhost:5000",
    "null",
    ":5000",
    "",
    "a" * 5_000,
]
OURS = ["localhost:5000", "LOCALHOST:5000", "[::1]:5000", "llamora.localhost:5000"]


async def ask(
    server: Server, *headers: tuple[str, str], path: str = "/login", method: str = "GET"
) -> tuple[int, bytes]:
    """Asks with exactly these headers, past everything that would tidy them."""
    said: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 5_000),
    }
    await server.app(scope, receive, send)
    return said[0]["status"], b"".join(part.get("body", b"") for part in said[1:])


async def test_fifty_hostile_names_are_misdirected(server: Server) -> None:
    assert len(set(HOSTILE)) >= 50
    for path in ("/login", "/", "/static/icons/favicon.svg", "/healthz", "/nothing"):
        for host in HOSTILE:
            status, body = await ask(server, ("host", host), path=path)
            assert status == 421, host
            assert b"evil" not in body
    for method in ("POST", "OPTIONS", "HEAD", "DELETE"):
        assert (await ask(server, ("host", "evil.example"), method=method))[0] == 421


async def test_no_name_or_two_names_are_misdirected(server: Server) -> None:
    assert (await ask(server))[0] == 421
    for hosts in (
        ("localhost:5000", "evil.example"),
        ("evil.example", "localhost:5000"),
        ("localhost:5000", "localhost:5000"),
    ):
        assert (await ask(server, *(("host", host) for host in hosts)))[0] == 421


async def test_our_own_names_are_answered(server: Server) -> None:
    """The control: it is the name that decides, and nothing else about these requests."""
    for host in OURS:
        assert (await ask(server, ("host", host)))[0] == 200, host
    assert (await ask(server, ("host", "127.0.0.1:5000")))[0] == 307


async def test_a_name_said_elsewhere_than_in_host_changes_nothing(server: Server) -> None:
    _, plain = await ask(server, ("host", "localhost:5000"))
    for name in (
        "x-forwarded-host",
        "x-host",
        "x-forwarded-server",
        "x-original-host",
        "x-http-host-override",
        "x-original-url",
        "x-rewrite-url",
    ):
        good = await ask(server, ("host", "localhost:5000"), (name, "evil.example"))
        assert good == (200, plain), name
        bad = await ask(server, ("host", "evil.example"), (name, "localhost:5000"))
        assert bad[0] == 421, name
    forwarded = ("forwarded", "for=1.2.3.4;host=evil.example;proto=https")
    assert await ask(server, ("host", "localhost:5000"), forwarded) == (200, plain)


async def test_a_visit_to_the_number_is_led_to_the_name_and_nowhere_else(server: Server) -> None:
    async with Visitor(server, host="127.0.0.1") as visitor:
        for path in ("/login", "/days/2026-11-22?x=1", "//evil.example/x", "/%2f%2fevil.example"):
            led = await visitor.http.get(visitor.origin + path)
            assert led.status_code == 307
            assert led.headers["Location"].startswith("http://localhost:5000/")
        assert (await visitor.visit("/healthz")).status_code == 200


async def test_a_configured_name_is_answered_and_its_neighbours_are_not(
    account: Registered,
) -> None:
    settings = journal_settings(account.path, APP__TRUSTED_HOSTS="journal.example.org")
    async with serving(settings) as server:
        assert (await ask(server, ("host", "Journal.Example.org")))[0] == 200
        for host in ("example.org", "x.journal.example.org", "journal.example.org.evil.example"):
            assert (await ask(server, ("host", host)))[0] == 421


@pytest.mark.parametrize(
    "lines",
    [
        "GET http://evil.example/login HTTP/1.1\r\nHost: evil.example",
        "GET http://localhost:{port}/login HTTP/1.1\r\nHost: evil.example",
        "GET /login HTTP/1.1\r\nHost: localhost:{port}\r\nHost: evil.example",
        "GET /login HTTP/1.1\r\nHost: evil.example\r\nHost: localhost:{port}",
        "GET /login HTTP/1.1\r\nHost : localhost:{port}",
        "GET /login HTTP/1.1\r\nX: y\r\n Host: localhost:{port}",
        "GET /login HTTP/1.1",
        "GET /login HTTP/1.0",
        "GET /login HTTP/1.1\r\nHost: localhost:{port}\r\nHOST: evil.example",
        "CONNECT localhost:{port} HTTP/1.1\r\nHost: evil.example",
        "GET //evil.example/login HTTP/1.1\r\nHost: evil.example",
    ],
)
async def test_no_shape_of_request_on_the_wire_gets_past(account: Registered, lines: str) -> None:
    async with on_loopback(account.path) as server:
        status = await wire(server.port, lines.format(port=server.port))
        assert status in (400, 421), status


async def test_an_honest_request_on_the_wire_is_answered(account: Registered) -> None:
    """The control of the test above."""
    async with on_loopback(account.path) as server:
        line = "GET /login HTTP/1.1\r\nHost: localhost:{port}"
        assert await wire(server.port, line.format(port=server.port)) == 200


TRAILED = "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n{trailer}\r\n\r\n"


@pytest.mark.parametrize(
    ("said", "trailer", "expected"),
    [
        ("Host: localhost:{port}\r\nSec-Fetch-Site: same-origin", "X-Any: thing", 303),
        ("Sec-Fetch-Site: same-origin", "Host: localhost:{port}", 421),
        (
            "Host: localhost:{port}\r\nSec-Fetch-Site: cross-site",
            "Sec-Fetch-Site: same-origin",
            403,
        ),
        (
            "Host: localhost:{port}\r\nOrigin: http://evil.example",
            "Origin: http://localhost:{port}",
            403,
        ),
    ],
)
async def test_what_trails_behind_a_body_says_nothing_of_who_asks(
    account: Registered, said: str, trailer: str, expected: int
) -> None:
    async with on_loopback(account.path) as server:
        lines = f"POST /lock HTTP/1.1\r\n{said}\r\n" + TRAILED.replace("{trailer}", trailer)
        assert await wire(server.port, lines.format(port=server.port), end=b"") == expected


async def wire(port: int, lines: str, end: bytes = b"\r\nConnection: close\r\n\r\n") -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(lines.encode() + end)
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status
