"""A server behind proxies: whose address counts, and where its pages lie."""

from typing import Any

import pytest

from llamora.web.security import Gate


async def client_seen(forwarded: list[bytes], hops: int) -> str:
    """The address the app is told, when the proxy itself is 10.0.0.9."""
    seen: list[Any] = []

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    gate = Gate(app, port=5000, secure=False, proxy_hops=hops)
    headers = [(b"host", b"localhost:5000"), *((b"x-forwarded-for", one) for one in forwarded)]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "client": ("10.0.0.9", 4711),
    }
    await gate(scope, None, None)  # pyright: ignore[reportArgumentType]
    return seen[0]


@pytest.mark.parametrize(
    ("forwarded", "hops", "seen"),
    [
        ([b"203.0.113.7"], 0, "10.0.0.9"),  # nobody in front is believed
        ([b"203.0.113.7"], 1, "203.0.113.7"),
        ([b"6.6.6.6, 203.0.113.7"], 1, "203.0.113.7"),  # the left is anybody's claim
        ([b"6.6.6.6", b"203.0.113.7, 10.0.0.8"], 2, "203.0.113.7"),
        ([b"203.0.113.7"], 2, "10.0.0.9"),  # it did not come through both
        ([], 1, "10.0.0.9"),
    ],
)
async def test_only_our_own_proxies_say_who_asks(
    forwarded: list[bytes], hops: int, seen: str
) -> None:
    assert await client_seen(forwarded, hops) == seen
