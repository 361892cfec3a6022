"""A language model behind an OpenAI-compatible address: the only door out of this program.

Requests go to the configured address and nowhere else: no redirect is followed, no proxy is taken
from the environment, no look-up leads to a link-local address (where clouds keep their secrets),
and plain http beyond this machine needs a setting. Each answer has its own connection, closed when
the answer ends or its reader goes: llama.cpp closes after each stream whatever it promises, and an
open connection would keep the model working for nobody.

httpx is imported at the first request.
"""

import asyncio
import re
import socket
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult

from llamora import address
from llamora.address import as_ip, is_loopback
from llamora.companion.answer import Answer, error_from, read_json
from llamora.companion.budget import estimate
from llamora.companion.model import (
    BadAddress,
    Broken,
    CutShort,
    Empty,
    Health,
    Loading,
    MaySend,
    Message,
    ModelError,
    NotThere,
    Refused,
    Schema,
    Token,
    TooSlow,
    Unreachable,
    Withdrawn,
    always,
)
from llamora.companion.sse import Decoder, TooLong

if TYPE_CHECKING:
    import httpx

WINDOW = 4096  # tokens, when neither the server nor a setting says
ASIDE_SECONDS = 5.0  # for a small question beside the answer itself
HEALTH_SECONDS = 3.0  # for all that somebody waits for who looks how it is
LOADING_SECONDS = 0.5  # between two attempts while the server loads its model
STREAM_LIMIT = 64 << 20  # bytes of one stream, whatever is in it
BODY_LIMIT = 1 << 20  # bytes of any other body
ANSWER_LIMIT = 1 << 20  # characters of one answer


@dataclass(frozen=True)
class ModelSettings:
    """Where the model is and how it is asked; what the settings say of `LLM`, in one piece."""

    host: str = ""  # such as http://127.0.0.1:8081; `endpoint` is a path under it
    base_url: str = ""  # such as https://api.example.org/v1; stands in for `host` when given
    endpoint: str = "/v1/chat/completions"
    model: str = ""  # "": the first one the server lists
    api_key: str = field(default="", repr=False)
    ctx_size: int = 0  # tokens; 0: ask the server
    ask_window: bool = True  # False: ask the server nothing but for answers
    allow_plain_http: bool = False
    connect_seconds: float = 5.0
    first_seconds: float = 60.0  # until the first piece of content, loading included
    between_seconds: float = 30.0  # between two pieces of content
    total_seconds: float = 600.0
    max_retries: int = 2  # only before the first byte has come
    parameters: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    parameter_allowlist: Sequence[str] = ()
    temperature: float | None = None
    top_p: float | None = None
    stop: Sequence[str] = ()


@dataclass(frozen=True)
class _Asked:
    """One request, as far as it is not the same for all."""

    messages: Sequence[Message]
    max_tokens: int
    schema: Schema | None
    may_send: MaySend


class Dropped(Unreachable):
    """The connection failed before a byte came back: worth another attempt."""


class Endpoint:
    """A `Model`. One serves all accounts of a process; close it with `aclose`.

    Raises:
        BadAddress: on construction, when the address or the key cannot be used.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._address = _chat_address(settings)
        self._headers = _headers(settings.api_key)
        self._model = settings.model
        self._name = _base_name(settings.model)
        self._window = 0
        self._takes_schemas = True
        self._client: httpx.AsyncClient | None = None
        self._tokenizes = False  # until it has shown itself to be llama.cpp

    @property
    def name(self) -> str:
        return self._name

    @property
    def parameters(self) -> Mapping[str, Any]:
        """See `model.Model.parameters`."""
        said = self._settings
        chosen = {"temperature": said.temperature, "top_p": said.top_p, "stop": list(said.stop)}
        asked = {name: value for name, value in chosen.items() if value not in (None, [])}
        allowed = said.parameter_allowlist
        return asked | {n: value for n, value in said.parameters.items() if n in allowed}

    @property
    def remote(self) -> str:
        """The host that prompts are sent to when it is not this machine, else ""."""
        host = self._address.hostname or ""
        return "" if is_loopback(host) else host

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def health(self) -> Health:
        """See `model.Model.health`. llama.cpp says at `/health` whether it is loaded; the list of
        models shows of any server that it is there and takes the key."""
        if not self._settings.ask_window:
            return Health("unknown")
        try:
            async with asyncio.timeout(HEALTH_SECONDS):
                with suppress(Refused, Broken):  # not llama.cpp
                    await self._ask("/health", root=True)
                with suppress(NotThere):  # it lists none
                    await self._ask("/models")
                return Health("ready", window=await self.window())
        except Loading:
            return Health("loading")
        except ModelError as error:
            return Health("failed", error.sentence)
        except TimeoutError:
            return Health("failed", TooSlow.sentence)

    async def count(self, text: str) -> int:
        """See `model.Model.count`. Only llama.cpp is sent the text, which `window` tells from
        others."""
        if self._tokenizes:
            asked = {"content": _encodable(text)}
            with suppress(ModelError, LookupError, TypeError):
                return len((await self._ask("/tokenize", asked, root=True))["tokens"])
        return estimate(text)

    async def window(self) -> int:
        """The window as llama.cpp's `/props` tells it, else the setting, else 4,096 tokens.

        Asked until it is answered once. It never raises: `stream` has the patience to wait for a
        server that starts, and the word for one that does not.
        """
        if self._window:
            return self._window
        if not self._settings.ask_window:
            return self._settings.ctx_size or WINDOW
        said = 0
        try:
            props = await self._ask("/props", root=True)
            said = int(props["default_generation_settings"]["n_ctx"])
            self._tokenizes = True
        except (Unreachable, TooSlow, BadAddress):
            return self._settings.ctx_size or WINDOW
        except (ModelError, LookupError, TypeError, ValueError, OverflowError):
            pass  # not llama.cpp, or its /props is off
        self._window = said if said > 0 else self._settings.ctx_size or WINDOW
        return self._window

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Schema | None = None,
        may_send: MaySend = always,
    ) -> AsyncGenerator[Token, None]:
        """See `model.Model.stream`."""
        asked = _Asked(messages, max_tokens, schema, may_send)
        async with aclosing(self._stream(asked)) as tokens:
            async for token in tokens:
                yield token

    async def _stream(self, asked: _Asked) -> AsyncGenerator[Token, None]:
        import httpx

        now = asyncio.get_running_loop().time
        end = now() + self._settings.total_seconds
        deadline = min(end, now() + self._settings.first_seconds)
        response = await self._open(asked, deadline)
        answer, decoder = Answer(), Decoder()
        said = size = 0
        async with aclosing(response), aclosing(_chunks(response)) as chunks:
            while not answer.finish:
                try:
                    async with asyncio.timeout_at(deadline):
                        chunk = await anext(chunks, None)
                except TimeoutError:
                    raise TooSlow("in the middle" if said else "before the first word") from None
                except httpx.HTTPError as error:
                    raise CutShort(type(error).__name__) from None
                if chunk is None:
                    raise CutShort("no finish_reason")
                size += len(chunk)
                if size > STREAM_LIMIT:
                    raise Broken("a stream without measure")
                progress = answer.progress
                for token in _words(decoder, chunk, answer):
                    said = len(token.text) + (0 if token.anew else said)
                    yield token
                if said > ANSWER_LIMIT:
                    answer.finish = "length"
                if answer.progress > progress:
                    deadline = min(end, now() + self._settings.between_seconds)
            self._name = self._name or _base_name(answer.model)
        if not said:
            raise Empty(f"finished with {answer.finish}")
        yield Token("", answer.finish, tokens=answer.tokens)

    async def _open(self, asked: _Asked, deadline: float) -> "httpx.Response":
        """A response that streams. Tries again when nothing at all has come back, and for as long
        as there is time while the server says that it is loading; when the time is up in the
        middle of another try, what it said last is still the reason."""
        now = asyncio.get_running_loop().time
        failures = 0
        said: ModelError = TooSlow("before the answer began")
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._post_as_taken(asked)
            except TimeoutError:
                raise said from None
            except Loading as error:
                said = error
                if now() + LOADING_SECONDS >= deadline:
                    raise
                await asyncio.sleep(LOADING_SECONDS)
            except Dropped:
                failures += 1
                if failures > self._settings.max_retries:
                    raise
                await asyncio.sleep(0.1 * 2**failures)

    async def _post_as_taken(self, asked: _Asked) -> "httpx.Response":
        """With the schema, if there is one and the server takes such. One that refuses is asked
        once more without; and never again with one, if that was what it minded."""
        if asked.schema is None or not self._takes_schemas:
            return await self._post(replace(asked, schema=None))
        try:
            return await self._post(asked)
        except (Refused, Broken) as error:
            if type(error) not in (Refused, Broken):  # the key, the model, the length
                raise
        response = await self._post(replace(asked, schema=None))
        self._takes_schemas = False
        return response

    async def _post(self, asked: _Asked) -> "httpx.Response":
        await self._prepare()
        body = self._body(asked, await self._model_id())
        if not asked.may_send():
            raise Withdrawn
        response = await self._send("POST", self._at(""), body)
        try:
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            coding = response.headers.get("content-encoding", "identity").lower()
            if response.status_code == 200 and kind == "text/event-stream" and coding == "identity":
                return response
            raise await self._misfit(response)
        except BaseException:
            await response.aclose()
            raise

    async def _misfit(self, response: "httpx.Response") -> ModelError:
        """What to make of an answer that is not a stream."""
        body = await _body_of(response)
        try:
            about = read_json(body)
        except Broken:
            about = None
        if response.status_code != 200:
            return error_from(response.status_code, about)
        if isinstance(about, dict) and about.get("error"):
            error = about["error"]
            code = error.get("code") if isinstance(error, dict) else None
            return error_from(code if isinstance(code, int) else 500, about)
        return Broken("not an event stream")

    def _body(self, asked: _Asked, model: str) -> dict[str, Any]:
        body = dict(self.parameters)
        if model:
            body["model"] = model
        if asked.schema is not None:
            form = {"name": "reply", "strict": True, "schema": dict(asked.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        body["messages"] = [{"role": m.role, "content": _encodable(m.text)} for m in asked.messages]
        return body | {"stream": True, "max_tokens": asked.max_tokens}

    async def _model_id(self) -> str:
        """The model to ask for; "" when the server lists none, and will know what to do."""
        if not self._model:
            try:
                listed = await self._ask("/models")
                first = listed["data"][0]["id"]
            except Unreachable:
                raise
            except (ModelError, LookupError, TypeError):
                return ""
            if isinstance(first, str):
                self._model, self._name = first, _base_name(first)
        return self._model

    async def _ask(
        self, path: str, body: dict[str, Any] | None = None, *, root: bool = False
    ) -> Any:
        await self._prepare()
        try:
            async with asyncio.timeout(ASIDE_SECONDS):
                response = await self._send(
                    "POST" if body else "GET", self._at(path, root=root), body
                )
                async with aclosing(response):
                    said = await _body_of(response)
        except TimeoutError:
            raise TooSlow("beside the answer") from None
        if response.status_code == 503:
            raise error_from(503, read_json(said))
        if response.status_code != 200:
            raise error_from(response.status_code, None)
        return read_json(said)

    async def _send(
        self, method: str, url: str, body: dict[str, Any] | None = None
    ) -> "httpx.Response":
        import httpx

        client = self._http()
        try:
            return await client.send(client.build_request(method, url, json=body), stream=True)
        except httpx.InvalidURL:
            raise BadAddress("it cannot be read") from None
        except httpx.RemoteProtocolError as error:
            if "disconnected" in str(error):
                raise Dropped("closed before a word") from None
            raise Broken("not HTTP") from None
        except httpx.TimeoutException:
            raise Unreachable("no connection in time") from None
        except httpx.HTTPError as error:
            raise Dropped(type(error).__name__) from None

    def _http(self) -> "httpx.AsyncClient":
        if self._client is None:
            import httpx

            self._client = httpx.AsyncClient(
                headers=self._headers,
                timeout=httpx.Timeout(None, connect=self._settings.connect_seconds),
                limits=httpx.Limits(max_keepalive_connections=0),
                follow_redirects=False,
                trust_env=False,
                # Reading the certificates takes a while, and plain http has no use for them.
                verify=self._address.scheme == "https",
            )
        return self._client

    def _at(self, path: str, *, root: bool = False) -> str:
        """The chat endpoint (""), or a path beside it, or one at the server's root."""
        chat = self._address.path
        stem = chat.removesuffix("/chat/completions")
        if root:
            return self._address._replace(path=stem.removesuffix("/v1") + path).geturl()
        return self._address._replace(path=stem + path if path else chat).geturl()

    async def _prepare(self) -> None:
        """Done before each request: a name may stand for another address by now.

        Raises:
            BadAddress: the host's name stands for a link-local address, or is one of this machine's
                by its form and leads elsewhere.
        """
        host = self._address.hostname or ""
        if as_ip(host):
            return
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, TimeoutError, UnicodeError):
            raise Unreachable("its name is not known") from None
        try:
            address.check_found(host, [str(each[4][0]) for each in found])
        except address.BadAddress as error:
            raise BadAddress(str(error)) from None


def _chat_address(settings: ModelSettings) -> SplitResult:
    try:
        return address.endpoint_address(
            settings.base_url or settings.host,
            "/chat/completions" if settings.base_url else settings.endpoint,
            allow_plain_http=settings.allow_plain_http,
        )
    except address.BadAddress as error:
        raise BadAddress(str(error)) from None


def _chunks(response: "httpx.Response") -> AsyncGenerator[bytes, None]:
    return cast(AsyncGenerator[bytes, None], response.aiter_raw())


def _words(decoder: Decoder, chunk: bytes, answer: Answer) -> Iterator[Token]:
    """What one chunk says, up to the event that ends the answer or breaks it."""
    try:
        events = decoder.feed(chunk)
    except TooLong:
        raise Broken("a line without measure") from None
    for event in events:
        text = answer.take(event)
        if text or answer.anew:
            yield Token(text, anew=answer.anew)
        if answer.finish:
            return


async def _body_of(response: "httpx.Response") -> bytes:
    """At most `BODY_LIMIT` bytes of a body; what is longer is of no use and not read."""
    import httpx

    body = bytearray()
    try:
        async with aclosing(_chunks(response)) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise Broken("a body without measure")
    except httpx.HTTPError as error:
        raise Broken(type(error).__name__) from None
    return bytes(body)


def _encodable(text: str) -> str:
    """Half a surrogate pair would make the whole request unsendable."""
    return text.encode("utf-8", "replace").decode()


def _headers(api_key: str) -> dict[str, str]:
    headers = {
        "User-Agent": "llamora",
        "Accept": "text/event-stream, application/json",
        "Accept-Encoding": "identity",
    }
    if api_key:
        if not re.fullmatch(r"[\x21-\x7e]+", api_key):
            raise BadAddress("the key has characters that no key has")
        headers["Authorization"] = f"Bearer {api_key}"
    return headers


def _base_name(model: str) -> str:
    """A model's name for the page: never a path of the machine that it runs on."""
    name = re.split(r"[\\/]", model.strip())[-1]
    return "".join(c for c in name if c.isprintable())[:100].removesuffix(".gguf")
