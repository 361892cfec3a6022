"""The gate before routing: which hosts are answered, which requests a browser may send.

Host first (a loopback server must survive DNS rebinding), then the cross-site check, then the
method a form without JavaScript asked for. And the headers that every answer carries.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KNOWN_METHODS = UNSAFE | {"GET", "HEAD", "OPTIONS"}
SAID_ONCE = (b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest", b"origin")
REFUSED = "llamora.refused"
"""Scope key: the request may not act; the app answers 403 with a page."""

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "manifest-src 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    # no-referrer would make form posts say `Origin: null`
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(),"
    " browsing-topics=(), interest-cohort=()",
    "X-Frame-Options": "DENY",
}
HSTS = "max-age=31536000"
_MISDIRECTED = (
    b"<!doctype html><html lang=en><meta charset=utf-8><title>Not this address</title>"
    b"<h1>Not this address</h1><p>This server does not answer to that name. Open the address it"
    b" printed when it started, or add the name to APP.trusted_hosts.</p>"
)


class Gate:
    """ASGI middleware: nothing reaches the app that a browser was not meant to send."""

    def __init__(
        self,
        app: Any,
        *,
        port: int,
        trusted: Iterable[str] = (),
        secure: bool,
        proxy_hops: int = 0,
    ) -> None:
        self._app = app
        self._hops = proxy_hops
        self._secure = secure
        self._port = port
        loopback = ("localhost", "127.0.0.1", "[::1]", "llamora.localhost")
        self._hosts = {f"{name}:{port}" for name in loopback}
        if port == (443 if secure else 80):
            self._hosts |= set(loopback)
        self._hosts |= {name.lower() for name in trusted}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        host = hosts[0].decode("latin-1").lower() if len(hosts) == 1 else ""
        if host not in self._hosts:
            await self._answer(send, 421, _MISDIRECTED, [])
            return
        safe = scope["method"] in ("GET", "HEAD")
        healthz = scope["path"].endswith("/healthz")
        if host == f"127.0.0.1:{self._port}" and safe and not healthz:
            # Passkeys and cookies belong to a name; an address has no place to keep them.
            await self._answer(send, 307, b"", [(b"location", self._named(scope))])
            return
        scheme = "https" if self._secure else "http"
        if not _same_site(scope["method"], headers, f"{scheme}://{host}"):
            scope[REFUSED] = True
        elif scope["method"] == "POST":
            _override_method(scope)
        if self._hops:
            scope["client"] = self._client(scope, headers)
        await self._app(scope, receive, send)

    def _client(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> tuple[str, int] | None:
        """Who asks, as the outermost of our proxies saw it; what stands further left in the header
        is anybody's claim."""
        said = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        chain = [part.strip() for part in said.decode("latin-1").split(",") if part.strip()]
        return (chain[-self._hops], 0) if len(chain) >= self._hops else scope["client"]

    def _named(self, scope: Scope) -> bytes:
        query: bytes = scope["query_string"]
        path: bytes = scope.get("raw_path") or scope["path"].encode()
        scheme = b"https" if self._secure else b"http"
        where = scheme + b"://localhost:%d" % self._port + b"/" + path.lstrip(b"/")
        return where + (b"?" + query if query else b"")

    async def _answer(
        self, send: Send, status: int, body: bytes, more: list[tuple[bytes, bytes]]
    ) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
        headers += [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            *more,
        ]
        if self._secure:
            headers.append((b"strict-transport-security", HSTS.encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _same_site(method: str, headers: list[tuple[bytes, bytes]], own_origin: str) -> bool:
    """Whether a request comes from our own pages, or is a plain visit.

    Browsers say where a request comes from in Sec-Fetch-Site; those too old to say so still
    send Origin with whatever could change something. Other ports of the same host count as
    "same-site" and are refused like strangers.
    """
    said = {name: value.decode("latin-1") for name, value in headers}
    if len(said) < len(headers) and any(
        sum(name == once for name, _ in headers) > 1 for once in SAID_ONCE
    ):
        return False  # a browser says each of them once
    site = said.get(b"sec-fetch-site")
    if method in UNSAFE:
        if site is None:
            return said.get(b"origin", "").lower() == own_origin
        return site == "same-origin" or (site == "none" and _is_visit(said))
    if method not in KNOWN_METHODS:
        return False
    return site in (None, "same-origin", "none") or _is_visit(said)


def _is_visit(said: dict[bytes, str]) -> bool:
    return said.get(b"sec-fetch-mode") == "navigate" and said.get(b"sec-fetch-dest") == "document"


def _override_method(scope: Scope) -> None:
    """A form can only POST: `?_method=PUT` names the method it means."""
    asked = parse_qs(scope["query_string"].decode("latin-1")).get("_method")
    if asked and asked[0] in ("PUT", "DELETE"):
        scope["method"] = asked[0]
