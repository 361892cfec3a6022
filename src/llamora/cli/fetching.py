"""Fetching a large file: only when a command is run that says so, and whole or not at all.

It comes from the address that is given, with no proxy of the environment, by https or from this
machine. A file gets its name when it is whole; until then it grows under `.part`, beside a mark of
which version it is, and the next run goes on from there.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from llamora import silence
from llamora.address import is_loopback
from llamora.cli.say import Failure, progress
from llamora.reach import Door

if TYPE_CHECKING:
    import httpx

REDIRECTS = 5
SILENT_SECONDS = 30.0

Heard = Callable[[int, int], None]


@dataclass(frozen=True)
class Wanted:
    """One file, and what it must be."""

    url: str
    to: Path
    largest: int  # bytes
    sha256: str = ""
    magic: bytes = b""  # what it begins with
    advice: str = "look at its address"  # what to do when something else is there


@contextmanager
def alone_in(folder: Path) -> Generator[None]:
    """Makes the folder, for its owner only, and keeps other commands out of it.

    Raises:
        Failure: it is in use, or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise Failure("Another command is fetching this model already; wait for it.") from None
        finally:
            os.close(lock)
    except OSError as error:
        raise Failure(f"{folder} cannot be written ({error.strerror}).") from error


def new_client() -> "httpx.Client":
    import httpx

    return httpx.Client(
        headers={"User-Agent": "llamora", "Accept-Encoding": "identity"},
        timeout=SILENT_SECONDS,
        follow_redirects=False,  # each is looked at first
        trust_env=False,
    )


def fetch(client: "httpx.Client", wanted: Wanted) -> None:
    """Brings the file.

    Raises:
        Failure: something is not as it should be; what came so far is kept and used next time.
    """
    import httpx

    part = wanted.to.with_name(f"{wanted.to.name}.part")
    try:
        with progress(f"Fetching {wanted.to.name}") as heard:
            _grow(client, wanted, part, heard)
    except (httpx.InvalidURL, ValueError):
        raise Failure(f"The model's address cannot be used; {wanted.advice}.") from None
    except httpx.HTTPError:
        raise Failure(
            f"{urlsplit(wanted.url).hostname} cannot be reached or broke off; run this again and it"
            " goes on from there."
        ) from None
    if not _begins_with(part, wanted.magic):
        _forget(part)
        raise Failure(f"What came is no such model, and was removed; {wanted.advice}.")
    if wanted.sha256 and sha256_of(part) != wanted.sha256:
        _forget(part)
        raise Failure("The model that came has another SHA-256 than the given one; it was removed.")
    part.replace(wanted.to)
    _forget(part)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _grow(client: "httpx.Client", wanted: Wanted, part: Path, heard: Heard) -> None:
    """Fetches what is missing of the file, or all of it when that is another version by now."""
    done = part.stat().st_size if part.exists() else 0
    version = _mark(part).read_text("utf-8") if done and _mark(part).exists() else ""
    asked = {"Range": f"bytes={done}-", "If-Range": version} if version else {}
    with get(client, wanted, asked) as response:
        if response.status_code == 416 and asked:  # it cannot be gone on with
            _forget(part)
            return _grow(client, wanted, part, heard)
        goes_on = response.status_code == 206 and _begins_at(response, done)
        _must_be_a_file(response, goes_on, wanted)
        done = done if goes_on else 0
        total = done + int(response.headers.get("content-length", "0"))
        with open(part, "ab" if goes_on else "wb") as file:
            if not goes_on:
                _mark(part).write_text(_version(response), "utf-8")
            for chunk in response.iter_raw():
                done += file.write(chunk)
                file.flush()  # it is there for the next run, whatever ends this one
                if done > wanted.largest:
                    break
                heard(done, total)
            os.fsync(file.fileno())
    if done > wanted.largest:
        _forget(part)
        host = urlsplit(wanted.url).hostname
        raise Failure(f"What {host} sends is larger than any model; {wanted.advice}.")


@contextmanager
def get(
    client: "httpx.Client", wanted: Wanted, headers: dict[str, str]
) -> "Generator[httpx.Response]":
    """The answer at the end of the redirects, each of which must be as safe as the address."""
    url, plain = wanted.url, True
    for _ in range(REDIRECTS + 1):
        plain = plain and _is_here(url)
        if not plain and urlsplit(url).scheme != "https":
            raise Failure("The model is fetched by https, or by http from this machine alone.")
        with _allowed(url), client.stream("GET", url, headers=headers) as response:
            if not response.has_redirect_location:
                yield response
                return
        url = urljoin(url, response.headers["location"])
    raise Failure(f"The model's address leads round in circles; {wanted.advice}.")


def _allowed(url: str) -> AbstractContextManager[None]:
    """The one place where a host that no setting names may be connected to."""
    return silence.process.opened(Door.of(url, "fetching"))


def _is_here(url: str) -> bool:
    """Nothing on the way can read or change what comes from this machine by plain http."""
    parts = urlsplit(url)
    return parts.scheme == "http" and is_loopback(parts.hostname or "")


def _begins_at(response: "httpx.Response", done: int) -> bool:
    return response.headers.get("content-range", "").startswith(f"bytes {done}-")


def _must_be_a_file(response: "httpx.Response", goes_on: bool, wanted: Wanted) -> None:
    host, status = response.url.host, response.status_code
    if status != 200 and not goes_on:
        raise Failure(f"{host} answered with status {status}; {wanted.advice}.")
    if response.headers.get("content-type", "").lower().startswith("text/html"):
        raise Failure(f"{host} answered with a page instead of a file; {wanted.advice}.")


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _version(response: "httpx.Response") -> str:
    """What tells this version of a file from another, as If-Range wants it."""
    return response.headers.get("etag") or response.headers.get("last-modified", "")


def _mark(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _mark(part).unlink(missing_ok=True)
