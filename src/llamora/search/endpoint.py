"""An embedding model behind an OpenAI-compatible address: search's only door out of this program.

What is embedded is sent there: every passage of the journal once, and every question. Requests go
to the configured address and nowhere else, by the rules of the companion's door: no redirect is
followed, no proxy is taken from the environment, no look-up leads to a link-local address, and
plain http beyond this machine needs a setting. No failure repeats what was sent or received.

httpx is imported at the first request.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

import numpy as np

from llamora.address import BadAddress, as_ip, check_found, endpoint_address
from llamora.search.embedder import (
    EmbedderUnavailable,
    Vectors,
    encodable,
    has_content,
    of_unit_length,
)

if TYPE_CHECKING:
    import httpx

BODY_LIMIT = 64 << 20  # bytes of one answer
WIDEST = 1 << 14  # numbers in one vector
HALVINGS = 4  # of a text that is too long by itself, before it is given up
# How servers say it: llama.cpp "input (812 tokens) is too large to process", OpenAI and vLLM
# "maximum context length", Ollama "input length exceeds", text-embeddings-inference "must have
# less than 512 tokens" and "batch size 64 > maximum allowed batch size".
_TOO_LARGE = re.compile(r"too (large|long|many)|maximum|exceed|less than|batch size", re.IGNORECASE)


@dataclass(frozen=True)
class EndpointSettings:
    """Where the model is and how it is asked; what the settings say of `EMBEDDING`."""

    base_url: str  # such as http://127.0.0.1:8080 or https://api.example.org/v1
    model: str
    api_key: str = field(default="", repr=False)
    batch: int = 16  # texts in one request
    query_prefix: str = ""  # such as "search_query: "; models are trained with theirs
    passage_prefix: str = ""
    allow_plain_http: bool = False
    connect_seconds: float = 5.0
    silent_seconds: float = 60.0  # between two pieces of an answer
    total_seconds: float = 180.0  # for one request


class _TooLarge(Exception):
    """The server takes less than this at once."""


class EndpointEmbedder:
    """An `Embedder`. One serves all accounts of a process."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._width = 0  # of every vector so far; 0: none yet
        self._client: httpx.Client | None = None
        self._making = threading.Lock()

    @property
    def name(self) -> str:
        """With the passages' prefix, for it moves every vector. A question's is moved anew each
        time."""
        prefix = self._settings.passage_prefix
        return f"endpoint {self._settings.model}" + (f" after {prefix!r}" if prefix else "")

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._all(self._settings.passage_prefix, texts)

    def query(self, text: str) -> Vectors:
        return self._all(self._settings.query_prefix, [text])[0]

    def _all(self, prefix: str, texts: Sequence[str]) -> Vectors:
        spoken = [at for at, text in enumerate(texts) if has_content(text)]
        if texts and not (spoken or self._width):
            self._some(["a"])  # how long are its vectors of zeros to be?
        parts = [
            self._some([prefix + texts[at] for at in spoken[begin : begin + self._settings.batch]])
            for begin in range(0, len(spoken), self._settings.batch)
        ]
        rows = np.zeros((len(texts), self._width), np.float32)
        if spoken:
            rows[spoken] = np.concatenate(parts)
        return rows

    def _some(self, texts: list[str]) -> Vectors:
        """Asks once, or as often as needed when that is more than the server takes at once."""
        try:
            return self._ask(texts)
        except _TooLarge:
            if len(texts) == 1:
                return self._beginning(texts[0])
            half = len(texts) // 2
            return np.concatenate([self._some(texts[:half]), self._some(texts[half:])])

    def _beginning(self, text: str) -> Vectors:
        """A text too long for the model stands by its beginning."""
        for _ in range(HALVINGS):
            text = text[: len(text) // 2]
            try:
                return self._ask([text])
            except _TooLarge:
                continue
        raise EmbedderUnavailable(
            "The server at EMBEDDING.base_url takes only very short texts; start it with a larger"
            " window and batch size."
        )

    def _ask(self, texts: list[str]) -> Vectors:
        """One request.

        Raises:
            EmbedderUnavailable, _TooLarge: as their names say.
        """
        body = {
            "model": self._settings.model,
            "input": [encodable(text) for text in texts],
            "encoding_format": "float",
        }
        status, answer = self._post(body)
        if status != 200:
            raise _failure(status, answer)
        rows = _vectors(answer, len(texts))
        if rows.shape[1] != (self._width or rows.shape[1]):
            raise EmbedderUnavailable(
                "The server at EMBEDDING.base_url now answers with vectors of another length; name"
                " its new model in EMBEDDING.model and start Llamora anew."
            )
        self._width = rows.shape[1]
        return rows

    def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        import httpx

        self._refuse_misleading_names()
        url = self._address().geturl()
        end = time.monotonic() + self._settings.total_seconds
        answer = bytearray()
        try:
            with self._http().stream("POST", url, json=body) as response:
                for chunk in response.iter_raw():
                    answer += chunk
                    if len(answer) > BODY_LIMIT:
                        raise _unreadable()
                    if time.monotonic() > end:
                        raise _slow()
                return response.status_code, bytes(answer)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise _unreachable() from None
        except httpx.TimeoutException:
            raise _slow() from None
        except httpx.InvalidURL:
            raise _bad_address("it cannot be read") from None
        except httpx.HTTPError:
            raise _unreadable() from None

    def _address(self) -> SplitResult:
        settings = self._settings
        try:
            return embeddings_address(settings.base_url, allow_plain_http=settings.allow_plain_http)
        except BadAddress as error:
            raise _bad_address(str(error)) from None

    def _refuse_misleading_names(self) -> None:
        host = self._address().hostname or ""
        if as_ip(host):
            return
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            check_found(host, [str(each[4][0]) for each in found])
        except BadAddress as error:
            raise _bad_address(str(error)) from None
        except (OSError, UnicodeError):
            raise _unreachable() from None

    def _http(self) -> "httpx.Client":
        with self._making:
            if self._client is None:
                import httpx

                settings = self._settings
                self._client = httpx.Client(
                    headers=_headers(settings.api_key),
                    timeout=httpx.Timeout(
                        settings.silent_seconds, connect=settings.connect_seconds
                    ),
                    # Nothing stays open, so there is nothing to close, and llama.cpp cannot hang up
                    # on a connection that is about to be used again.
                    limits=httpx.Limits(max_keepalive_connections=0),
                    follow_redirects=False,
                    trust_env=False,
                    # Reading the certificates takes a while; plain http has no use for them.
                    verify=self._address().scheme == "https",
                )
            return self._client


def embeddings_address(base: str, *, allow_plain_http: bool) -> SplitResult:
    """Under a base with a path, as most name it, or under `/v1` of a server's bare address.

    Raises:
        BadAddress: as its name says.
    """
    bare = endpoint_address(base, "", allow_plain_http=allow_plain_http)
    path = bare.path.rstrip("/") or "/v1"
    return bare._replace(path=f"{path}/embeddings")


def _headers(api_key: str) -> dict[str, str]:
    headers = {
        "User-Agent": "llamora",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    return headers


def _vectors(answer: bytes, count: int) -> Vectors:
    """The answer's vectors in the order of the texts, of unit length.

    Raises:
        EmbedderUnavailable: it is not one vector of finite numbers for each text, all as long.
    """
    try:
        data = json.loads(answer)["data"]
        order = [int(each["index"]) for each in data]
        width = len(data[0]["embedding"])
        if sorted(order) != list(range(count)) or not 0 < width <= WIDEST:
            raise _unreadable()
        rows = np.empty((count, width))
        for at, each in zip(order, data, strict=True):
            rows[at] = np.array(each["embedding"], np.float64).reshape(width)
    # An answer can be wrong in every one of these ways.
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        raise _unreadable() from None
    if not np.isfinite(rows).all():
        raise _unreadable()
    return of_unit_length(rows)


def _failure(status: int, answer: bytes) -> Exception:
    """What a refusal means. Its words are looked at and never repeated: they may quote a text."""
    words = answer[:10_000].decode("utf-8", "replace")
    if status == 413 or (status in (400, 422, 500) and _TOO_LARGE.search(words)):
        return _TooLarge()
    if 300 <= status < 400:
        return EmbedderUnavailable(
            "The server at EMBEDDING.base_url sends requests elsewhere; set its final address."
        )
    if status in (401, 403):
        return EmbedderUnavailable(
            "The server at EMBEDDING.base_url did not accept the key; see EMBEDDING.api_key."
        )
    if status in (404, 405):
        return EmbedderUnavailable(
            "The server at EMBEDDING.base_url does not know this path or model; see"
            " EMBEDDING.base_url and EMBEDDING.model."
        )
    if status == 501 or "pooling" in words.lower():
        return EmbedderUnavailable(
            "The server at EMBEDDING.base_url makes no embeddings; start llama.cpp with"
            " --embeddings --pooling mean, or as its model wants it."
        )
    if status in (429, 503):
        return EmbedderUnavailable(
            "The server at EMBEDDING.base_url is busy or still loading; try again in a minute."
        )
    return EmbedderUnavailable(
        f"The server at EMBEDDING.base_url refused with status {status}; its own log may say why."
    )


def _bad_address(reason: str) -> EmbedderUnavailable:
    return EmbedderUnavailable(f"EMBEDDING.base_url cannot be used: {reason}.")


def _unreachable() -> EmbedderUnavailable:
    return EmbedderUnavailable(
        "The embedding server cannot be reached; start it, or see EMBEDDING.base_url."
    )


def _slow() -> EmbedderUnavailable:
    return EmbedderUnavailable(
        "The embedding server took too long to answer; a smaller EMBEDDING.batch may help."
    )


def _unreadable() -> EmbedderUnavailable:
    return EmbedderUnavailable(
        "What the server at EMBEDDING.base_url answers is not embeddings; see EMBEDDING.base_url."
    )
