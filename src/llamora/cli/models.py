"""Getting the embedding model that is not shipped, and saying which models are here.

`pull` is the only command that fetches anything, and only when it is run: from the address it is
given, with no proxy of the environment, by https or from this machine. A file gets its name when it
is whole; until then it grows under `.part`, beside a mark of which version it is, and the next run
goes on from there.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from llamora.address import is_loopback
from llamora.cli.say import Failure, progress
from llamora.search import bge
from llamora.search.embedder import EmbedderUnavailable

if TYPE_CHECKING:
    import httpx

    from llamora.settings import Settings

LARGEST = 512 << 20  # bytes of one file
REDIRECTS = 5
SILENT_SECONDS = 30.0

Heard = Callable[[int, int], None]


# --- fetching -------------------------------------------------------------------------------------


def pull(folder: Path, source: str, sha256: str = "") -> None:
    """Brings bge's files that are missing in `folder` from under the address `source`. With
    `sha256`, the model itself must have it.

    Raises:
        Failure: something is not as it should be; what came so far is kept and used next time.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _alone_in(folder), _client() as client:
            for name in bge.FILES:
                if not (folder / name).exists():
                    _fetch(client, f"{source.rstrip('/')}/{name}", folder / name, sha256)
        if sha256 and _sha256(folder / bge.MODEL_FILE) != sha256:
            raise Failure(
                f"The model in {folder} is another one than the given SHA-256; remove the folder"
                " and run this again."
            )
    except OSError as error:
        raise Failure(f"{folder} cannot be written ({error.strerror}).") from error


@contextmanager
def _alone_in(folder: Path) -> Generator[None]:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Failure("Another command is fetching this model already; wait for it.") from None
    finally:
        os.close(lock)


def _client() -> "httpx.Client":
    import httpx

    return httpx.Client(
        headers={"User-Agent": "llamora", "Accept-Encoding": "identity"},
        timeout=SILENT_SECONDS,
        follow_redirects=False,  # each is looked at first
        trust_env=False,
    )


def _fetch(client: "httpx.Client", url: str, to: Path, sha256: str) -> None:
    import httpx

    part = to.with_name(f"{to.name}.part")
    try:
        with progress(f"Fetching {to.name}") as heard:
            _grow(client, url, part, heard)
    except (httpx.InvalidURL, ValueError):
        raise Failure("The model's address cannot be used; see --from.") from None
    except httpx.HTTPError:
        raise Failure(
            f"{urlsplit(url).hostname} cannot be reached or broke off; run this again and it goes"
            " on from there."
        ) from None
    if sha256 and to.name == bge.MODEL_FILE and _sha256(part) != sha256:
        _forget(part)
        raise Failure("The model that came has another SHA-256 than the given one; it was removed.")
    part.replace(to)
    _forget(part)


def _grow(client: "httpx.Client", url: str, part: Path, heard: Heard) -> None:
    """Fetches what is missing of the file, or all of it when that is another version by now."""
    done = part.stat().st_size if part.exists() else 0
    version = _mark(part).read_text("utf-8") if done and _mark(part).exists() else ""
    asked = {"Range": f"bytes={done}-", "If-Range": version} if version else {}
    with _get(client, url, asked) as response:
        if response.status_code == 416 and asked:  # it cannot be gone on with
            _forget(part)
            return _grow(client, url, part, heard)
        goes_on = response.status_code == 206 and _begins_at(response, done)
        _must_be_a_file(response, goes_on)
        done = done if goes_on else 0
        total = done + int(response.headers.get("content-length", "0"))
        with open(part, "ab" if goes_on else "wb") as file:
            if not goes_on:
                _mark(part).write_text(_version(response), "utf-8")
            for chunk in response.iter_raw():
                done += file.write(chunk)
                file.flush()  # it is there for the next run, whatever ends this one
                if done > LARGEST:
                    break
                heard(done, total)
            os.fsync(file.fileno())
    if done > LARGEST:
        _forget(part)
        raise Failure(f"What {urlsplit(url).hostname} sends is larger than any model; see --from.")


@contextmanager
def _get(client: "httpx.Client", url: str, headers: dict[str, str]) -> "Generator[httpx.Response]":
    """The answer at the end of the redirects, each of which must be as safe as the address."""
    plain = True
    for _ in range(REDIRECTS + 1):
        plain = plain and _is_here(url)
        if not plain and urlsplit(url).scheme != "https":
            raise Failure("The model is fetched by https, or by http from this machine alone.")
        with client.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
        url = urljoin(url, response.headers["location"])
    raise Failure("The model's address leads round in circles; see --from.")


def _is_here(url: str) -> bool:
    """Nothing on the way can read or change what comes from this machine by plain http."""
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _begins_at(response: "httpx.Response", done: int) -> bool:
    return response.headers.get("content-range", "").startswith(f"bytes {done}-")


def _must_be_a_file(response: "httpx.Response", goes_on: bool) -> None:
    host, status = response.url.host, response.status_code
    if status != 200 and not goes_on:
        raise Failure(f"{host} answered with status {status}; see --from.")
    if response.headers.get("content-type", "").lower().startswith("text/html"):
        raise Failure(f"{host} answered with a page instead of a file; see --from.")


def _version(response: "httpx.Response") -> str:
    """What tells this version of a file from another, as If-Range wants it."""
    return response.headers.get("etag") or response.headers.get("last-modified", "")


def _mark(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


# --- saying ---------------------------------------------------------------------------------------


def status(settings: "Settings") -> list[str]:
    """A line on each embedder: whether it could be used, and which one is."""
    lines = {
        "built-in": "always here.",
        bge.NAME: _bge_status(bge.folder_in(settings.data_folder)),
        "endpoint": _endpoint_status(settings),
    }
    used = {settings.embedding.make: " (in use)"}
    return [f"{make}{used.get(make, '')}: {said}" for make, said in lines.items()]


def _bge_status(folder: Path) -> str:
    if not bge.is_complete(folder):
        return f"not here; `llamora-server model pull {bge.NAME}` gets it."
    size = sum((folder / name).stat().st_size for name in bge.FILES)
    return f"in {folder}, {size / 1e6:,.1f} MB{lacking_extra()}."


def lacking_extra() -> str:
    return "" if find_spec("fastembed") else "; Llamora's extra `bge` is not installed"


def _endpoint_status(settings: "Settings") -> str:
    from llamora.app import embedding_endpoint

    address = settings.embedding.base_url
    if not address:
        return "none; EMBEDDING.base_url is not set."
    endpoint = embedding_endpoint(settings.embedding)
    try:
        width = len(endpoint.query("a"))
    except EmbedderUnavailable as error:
        return f"{address}; {error.sentence}"
    return f"{address}, answers with vectors of {width:,} numbers."
