"""`llamora-server prod --workers 2` with a model of its own, as people run it.

Of the two workers, one is held still while the other is asked, so that it is known who answers.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from tests.support import tiny_gguf
from tests.support.accounts import NAME, PASSWORD, registered
from tests.support.llamora_server import Program

from llamora.settings import FRONTEND

BUILT = (FRONTEND / "dist/manifest.json").is_file()
DAY = "/days/2024-02-29"
WORDS = "heronsong"

pytestmark = pytest.mark.skipif(not BUILT, reason="assets not built")


class Managing(Program):
    """The program, its workers and its llama.cpp, told apart by how they were started."""

    @property
    def workers(self) -> list[int]:
        return [pid for pid in super().workers if b"\0_worker\0" in arguments(pid)]

    @property
    def llamas(self) -> list[int]:
        return [pid for pid in super().workers if b"\0_llama\0" in arguments(pid)]

    @property
    def parent(self) -> int:
        assert self._process
        return self._process.pid

    def kill_the_parent(self) -> None:
        assert self._process
        self._process.kill()
        self._gone()


def arguments(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Managing]:
    registered(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    file = tiny_gguf.write(tmp_path / "tiny.gguf")
    program = Managing(
        tmp_path,
        port,
        ("prod", "--workers", "2"),
        LLM__LOCAL__MODEL_PATH=file,
        LLM__LOCAL__THREADS=1,
    )
    program.start()
    yield program
    program.end()


@contextmanager
def only(program: Managing, nth: int) -> Iterator[httpx.Client]:
    """A browser that the nth of the two answers."""
    held = program.workers[1 - nth]
    os.kill(held, signal.SIGSTOP)
    try:
        with httpx.Client(base_url=program.url, headers={"Origin": program.url}) as browser:
            browser.timeout = 60
            yield browser
    finally:
        os.kill(held, signal.SIGCONT)


def answer(browser: httpx.Client, text: str) -> str:
    """What is streamed in answer to an entry."""
    kept = browser.post(f"{DAY}/entries", data={"text": text, "key": text})
    entry = kept.headers["location"].partition("#entry-")[2]
    asked = browser.post(f"/entries/{entry}/responses", data={"key": "k"})
    return browser.get(f"{asked.headers['location']}/stream").text


def readable(pid: int) -> bytes:
    """Arguments and environment of a process, as far as they can be read."""
    found = arguments(pid)
    with suppress(OSError):
        found += Path(f"/proc/{pid}/environ").read_bytes()
    return found


def until_gone(pids: list[int]) -> None:
    end = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_workers_share_one_model_that_goes_with_the_parent_and_tells_nothing(
    program: Managing, tmp_path: Path
) -> None:
    assert program.llamas == [], "nobody asked yet"
    with only(program, 0) as browser:
        browser.post("/login", data={"name": NAME, "password": PASSWORD})
        cookies = dict(browser.cookies)
        said = answer(browser, f"{WORDS} one")
        assert "event: done" in said
        assert "The evening was quiet" in said or "You w" in said
        (llama,) = program.llamas
    with only(program, 1) as browser:
        browser.cookies.update(cookies)
        assert "event: done" in answer(browser, f"{WORDS} two")
        assert program.llamas == [llama], "the other worker asks the same"
        os.kill(llama, signal.SIGKILL)
        assert "event: done" in answer(browser, f"{WORDS} three")
        (llama,) = program.llamas

    everyone = [program.parent, llama, *program.workers]
    assert [pid for pid in everyone if WORDS.encode() in readable(pid)] == []
    log = (tmp_path / "stderr").read_text()
    assert WORDS not in log
    assert "The evening" not in log
    assert "The model ended by itself" in log, "what is to be known is in it"

    program.kill_the_parent()
    until_gone([llama, *everyone[2:]])
