"""`llamora-server prod --workers 2` as people run it: one journal, whichever process answers.

Of the two, one is held still while the other is asked, so that it is known who answers.
"""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.support.accounts import NAME, PASSWORD, Registered
from tests.support.llamora_server import Program

from llamora.settings import FRONTEND, load

BUILT = (FRONTEND / "dist/manifest.json").is_file()
DAY = "/days/2024-02-29"


@pytest.fixture
def program(account: Registered, tmp_path: Path) -> Iterator[Program]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    program = Program(tmp_path, port, ("prod", "--workers", "2"))
    program.start()
    yield program
    program.end()


@contextmanager
def only(program: Program, nth: int) -> Iterator[httpx.Client]:
    """A browser that the nth of the two answers."""
    held = program.workers[1 - nth]
    os.kill(held, signal.SIGSTOP)
    try:
        with httpx.Client(base_url=program.url, headers={"Origin": program.url}) as browser:
            yield browser
    finally:
        os.kill(held, signal.SIGCONT)


@pytest.mark.skipif(not BUILT, reason="assets not built")
def test_two_processes_are_one_journal(program: Program) -> None:
    assert len(program.workers) == 2
    with only(program, 0) as browser:
        door = browser.post("/login", data={"name": NAME, "password": PASSWORD}, timeout=60)
        assert door.status_code == 303
        cookies = dict(browser.cookies)
        kept = browser.post(f"{DAY}/entries", data={"text": "the heron", "key": "k"})
        assert kept.status_code == 303
    with only(program, 1) as browser:
        browser.cookies.update(cookies)
        assert "the heron" in browser.get(DAY).text
        browser.post(f"{DAY}/entries", data={"text": "came back", "key": "l"})
        # The same press again, answered by the other: written once.
        browser.post(f"{DAY}/entries", data={"text": "the heron", "key": "k"})
    with only(program, 0) as browser:
        browser.cookies.update(cookies)
        page = browser.get(DAY).text
        assert page.count(">the heron</p>") == page.count(">came back</p>") == 1
        assert browser.post("/lock").status_code == 303
    with only(program, 1) as browser:
        browser.cookies.update(cookies)
        assert browser.get(DAY).status_code == 303


def test_processes_share_out_what_each_of_them_counts(tmp_path: Path) -> None:
    whole = load(tmp_path, {"LLAMORA_LIMITS__SIGN_IN_PER_ACCOUNT": "9"})
    part = whole.for_one_of(2)
    assert (part.limits.sign_in_per_account, part.limits.kdf_at_once) == (5, 1)
    assert part.limits.streams_per_session == whole.limits.streams_per_session
    assert whole.for_one_of(1) == whole
