"""Someone with a browser, as far as a server can tell: the headers Chromium sends, and a jar.

`visit` types an address, `send` presses a form's button without scripts, `htmx` does what a
page's script does, `follow` opens a stream. The deeds below are made of these.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Protocol, Self

import httpx
from tests.support.accounts import NAME, PASSWORD

TODAY = "2026-11-22"
CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/156.0.0.0 Safari/537.36"
)
VISIT = {
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-User": "?1",
}
LINK = {**VISIT, "Sec-Fetch-Site": "same-origin"}
SCRIPT = {
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "same-origin",
    "Sec-Fetch-Dest": "empty",
    "HX-Request": "true",
    "HX-Request-Type": "partial",
}
STREAM = {
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept": "text/event-stream",
}


Form = Mapping[str, str | list[str]]
"""Fields and what they hold; of a list each stands by itself."""


class Serves(Protocol):
    """What a visitor needs of a server; see `server.Server`."""

    @property
    def app(self) -> Any: ...

    @property
    def port(self) -> int: ...


class Visitor:
    """A browser with its own cookies. Redirects are not followed but by the deeds."""

    def __init__(
        self,
        server: Serves,
        *,
        host: str = "localhost",
        secure: bool = False,
        over_socket: bool = False,
    ) -> None:
        self.server = server
        self.origin = f"{'https' if secure else 'http'}://{host}:{server.port}"
        transport = None if over_socket else httpx.ASGITransport(server.app)
        self.http = httpx.AsyncClient(
            base_url=self.origin,
            transport=transport,
            headers={"User-Agent": CHROMIUM},
            trust_env=False,
            timeout=20,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    # What a browser does

    async def visit(self, path: str, **headers: str) -> httpx.Response:
        """An address typed, or a bookmark."""
        return await self.http.get(path, headers={**VISIT, **_named(headers)})

    async def send(
        self, path: str, form: Form | None = None, method: str = "POST"
    ) -> httpx.Response:
        """A form of the page, without scripts; other methods than POST by `_method`."""
        query = "" if method == "POST" else f"?_method={method}"
        headers = {**LINK, "Origin": self.origin}
        return await self.http.post(path + query, data=form or {}, headers=headers)

    async def htmx(
        self, method: str, path: str, form: Form | None = None, **headers: str
    ) -> httpx.Response:
        """A request by the page's script."""
        said = {**SCRIPT, **_named(headers)}
        if method not in ("GET", "HEAD"):
            said["Origin"] = self.origin
        return await self.http.request(method, path, data=form, headers=said)

    @asynccontextmanager
    async def follow(self, response: str, after: int = 0) -> AsyncGenerator["Stream"]:
        """The stream of a response, as it comes. Leaving the block drops the connection."""
        headers = {**STREAM, **({"Last-Event-ID": str(after)} if after else {})}
        path = f"/responses/{response}/stream"
        if isinstance(self.http._transport, httpx.ASGITransport):
            async with _in_process(self, path, headers) as stream:
                yield stream
            return
        async with self.http.stream("GET", path, headers=headers) as answer:
            yield Stream(answer.status_code, answer.headers, answer.aiter_bytes())

    # Deeds

    async def register(self, name: str = NAME, password: str = PASSWORD, **more: str) -> str:
        """A new account, its recovery code confirmed; the code."""
        form = {"name": name, "password": password, "zone": "Europe/London", **more}
        began = await self.send("/register", form)
        assert began.status_code == 303, (began.status_code, began.text)
        return await self.confirm_code()

    async def confirm_code(self) -> str:
        """Reads the recovery code that waits, and types one group of it back."""
        shown = await self.visit("/recovery-code")
        assert shown.status_code == 200
        code, ask = code_in(shown.text), fields(shown.text)["ask"]
        form = {"ask": ask, "group": code.split("-")[int(ask) - 1]}
        done = await self.send("/recovery-code", form)
        assert done.status_code == 303, (done.status_code, done.text)
        return code

    async def sign_in(
        self, name: str = NAME, password: str = PASSWORD, **more: str
    ) -> httpx.Response:
        return await self.send("/login", {"name": name, "password": password, **more})

    async def enter(self, name: str = NAME, password: str = PASSWORD) -> Self:
        """Signs in, and it must succeed."""
        assert (await self.sign_in(name, password)).status_code == 303
        return self

    async def keep(self, entry: str, name: str) -> str:
        """Keeps a trace on an entry without scripts; its id."""
        kept = await self.send(f"/entries/{entry}/traces", {"name": name, "exact": "1"})
        assert kept.status_code == 303, (kept.status_code, kept.text)
        picker = await self.visit(f"/entries/{entry}/traces")
        return re.findall(rf'action="/entries/{entry}/traces/([0-9a-f]{{32}})', picker.text)[-1]

    async def write(self, text: str, day: str = TODAY) -> str:
        """Keeps an entry without scripts; its id."""
        form = {"text": text, "key": secrets.token_hex(16)}
        kept = await self.send(f"/days/{day}/entries", form)
        assert kept.status_code == 303, (kept.status_code, kept.text)
        return kept.headers["Location"].partition("#entry-")[2]

    async def ask(self, entry: str, key: str = "") -> str:
        """Asks for a response; its id."""
        asked = await self.send(
            f"/entries/{entry}/responses", {"key": key or secrets.token_hex(16)}
        )
        assert asked.status_code == 303, (asked.status_code, asked.text)
        return asked.headers["Location"].rpartition("/")[2]

    async def answered(self, entry: str) -> str:
        """Asks for a response and waits for its end; its id."""
        response = await self.ask(entry)
        async with self.follow(response) as stream:
            await stream.events()
        return response

    async def day(self, day: str = TODAY) -> str:
        """The page of a day."""
        page = await self.visit(f"/days/{day}")
        assert page.status_code == 200, page.status_code
        return page.text

    async def draft(self, text: str, day: str = TODAY) -> httpx.Response:
        return await self.htmx("PUT", f"/days/{day}/draft", {"text": text})

    async def search(self, query: str, **more: str) -> httpx.Response:
        """A search sent from its page, and the page that it leads to."""
        sent = await self.send("/search", {"query": query, **more})
        return sent if sent.status_code != 303 else await self.visit(sent.headers["Location"])

    async def remembered(self, query: str) -> str:
        """Has a search remembered; its id."""
        done = await self.htmx("POST", "/search/queries", {"query": query})
        assert done.status_code == 204, done.status_code
        page = (await self.visit("/search")).text
        found = re.search(
            re.escape(f'value="{query}"') + r".*?/search/queries/([0-9a-f]{32})", page, re.DOTALL
        )
        assert found, "it is not offered again"
        return found[1]

    def steal(self) -> dict[str, str]:
        """The cookies this browser holds now."""
        return dict(self.http.cookies.items())

    def take(self, cookies: Mapping[str, str]) -> Self:
        """Makes these the only cookies of this browser."""
        self.http.cookies = httpx.Cookies()
        for name, value in cookies.items():
            # The jar of the standard library knows "localhost" by this name.
            self.http.cookies.set(name, value, domain="localhost.local")
        return self


@dataclass(frozen=True)
class Event:
    kind: str
    html: str
    id: int | None


class Stream:
    """Server-sent events as they come."""

    def __init__(self, status: int, headers: httpx.Headers, pieces: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._pieces = pieces
        self._held = b""

    async def event(self) -> Event | None:
        """The next event, comments apart; None at the stream's end."""
        while True:
            while b"\n\n" not in self._held:
                try:
                    self._held += await anext(self._pieces)
                except StopAsyncIteration:
                    assert not self._held, "a stream that ends within an event"
                    return None
            block, _, self._held = self._held.partition(b"\n\n")
            said = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "event" in said:
                id = int(said["id"]) if "id" in said else None
                return Event(said["event"], json.loads(said["data"]), id)

    async def events(self) -> list[Event]:
        """Everything until the stream ends."""
        found: list[Event] = []
        while event := await self.event():
            found.append(event)
        return found

    async def until(self, text: str) -> list[Event]:
        """Everything up to the first event whose HTML has this text."""
        found: list[Event] = []
        while event := await self.event():
            found.append(event)
            if text in event.html:
                return found
        raise AssertionError(f"the stream ended without {text!r}: {found}")


@asynccontextmanager
async def _in_process(
    visitor: Visitor, path: str, headers: dict[str, str]
) -> AsyncGenerator[Stream]:
    """A stream over ASGI; httpx's own transport would wait for its end."""
    request = visitor.http.build_request("GET", path, headers=headers)
    parts: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    gone = asyncio.Event()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def answer() -> None:
        try:
            await visitor.server.app(_scope(request), receive, parts.put)
        finally:
            await parts.put(None)

    async def body() -> AsyncIterator[bytes]:
        while (part := await parts.get()) is not None:
            if part.get("body"):
                yield part["body"]

    running = asyncio.create_task(answer())
    try:
        start = await parts.get()
        assert start is not None
        head = httpx.Headers(start["headers"])
        yield Stream(start["status"], head, body())
    finally:
        gone.set()
        await running


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", request.url.port),
    }


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


# Reading pages

_INLINE = {"a", "b", "code", "em", "i", "s", "strong", "wbr"}


class _Reader(HTMLParser):
    """The fields of a page's forms, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.words: list[str] = []
        self.code: list[str] = []
        self._area: str | None = None
        self._code = False
        self._mute = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._space(tag)
        at = {name: value or "" for name, value in attrs}
        if tag == "input" and "name" in at:
            self.fields.setdefault(at["name"], at.get("value", ""))
        elif tag == "textarea":
            name = at.get("name", at.get("id", ""))
            self._area = None if name in self.fields else name
            self.fields.setdefault(name, "")
        elif at.get("id") == "code":
            self._code = True
        elif tag in ("script", "style"):
            self._mute += 1

    def handle_endtag(self, tag: str) -> None:
        self._space(tag)
        if tag == "textarea" and self._area is not None:
            # The line end after the tag is the one that HTML drops.
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = None
        elif tag == "p":
            self._code = False
        elif tag in ("script", "style"):
            self._mute -= 1

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.fields[self._area] += data
        elif not self._mute:
            self.words.append(data)
        if self._code:
            self.code.append(data)

    def _space(self, tag: str) -> None:
        if tag not in _INLINE:
            self.words.append(" ")


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader


def fields(html: str) -> dict[str, str]:
    """What the forms of a page hold, by name; of two with one name, the first."""
    return _read(html).fields


def words(html: str) -> str:
    """What a person reads on a page, spaces folded."""
    return " ".join("".join(_read(html).words).split())


def code_in(html: str) -> str:
    """The recovery code that a page shows."""
    return "".join(_read(html).code).strip()
