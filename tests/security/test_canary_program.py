"""Nothing readable on the disk (bar 11): the real program, its commands, and a forced core.

What a command reads or writes in clear lies elsewhere; the folder that is looked through is where
the program works, keeps its data and would leave a core.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import canary
from tests.support.llamora_server import Program

PASSWORD = "heronsong kettle under nine bridges"
WORDS = {use: f"heronsong-{use}" for use in ("imported", "typed", "drafted", "searched", "asked")}
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the program works, with leave to dump as much core as it likes."""
    folder = tmp_path / "searched"
    (folder / "temporary").mkdir(parents=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, UNLIMITED)
    except ValueError:
        pytest.skip("only root may raise this limit here")
    yield folder
    resource.setrlimit(resource.RLIMIT_CORE, before)


def llamora(folder: Path, *arguments: str | Path) -> bytes:
    """Runs a command on the folder's journal; what it prints, remarks included."""
    environ = dict(os.environ) | {
        "LLAMORA_DATABASE__PATH": str(folder / "data/llamora.sqlite3"),
        "LLAMORA_CRYPTO__KDF_MEMORY_MIB": "64",
    }
    command = [sys.executable, "-P", "-m", "llamora", *map(str, arguments)]
    return subprocess.run(command, env=environ, check=True, capture_output=True).stdout


def test_commands_answers_and_a_crash_leave_nothing_to_read(folder: Path, tmp_path: Path) -> None:
    password, lines = tmp_path / "password", tmp_path / "lines.jsonl"
    password.write_text(PASSWORD)
    lines.write_text(
        json.dumps({"date": "1873-05-17", "text": f"a {WORDS['imported']} kingfisher"})
    )
    who = ("--user", "ada", "--password-file", password)
    code = llamora(folder, "account", "add", "ada", "--password-file", password).decode().strip()
    llamora(folder, "import", *who, lines)

    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    program = Program(folder, port, CRYPTO__KDF_MEMORY_MIB=64)
    program.start()
    try:
        with httpx.Client(base_url=program.url, headers={"Origin": program.url}, timeout=60) as ada:
            ada.post("/login", data={"name": "ada", "password": PASSWORD})
            day = ada.get("/").headers["location"]
            text = f"a {WORDS['typed']} kingfisher"
            kept = ada.post(f"{day}/entries", data={"text": text, "key": "k"})
            entry = kept.headers["location"].partition("#entry-")[2]
            asked = ada.post(f"/entries/{entry}/responses", data={"key": "k"})
            said = ada.get(f"{asked.headers['location']}/stream").text
            assert WORDS["imported"] in said, "Echo answers with it"
            ada.put(f"{day}/draft", data={"text": WORDS["drafted"]})
            query = {"query": f"kingfisher {WORDS['searched']}"}
            found = ada.post("/search", data=query, follow_redirects=True)
            assert "-imported" in found.text, "search finds it, and marks what stands before"
            cookie = "".join(ada.cookies.values())
        [worker] = program.workers
        os.kill(worker, signal.SIGABRT)
    finally:
        program.end()

    exported = llamora(folder, "export", *who, "--to", "-").decode()
    assert all(WORDS[use] in exported for use in ("imported", "typed"))
    found = llamora(folder, "search", *who, f"kingfisher {WORDS['asked']}").decode()
    assert WORDS["imported"] in found
    llamora(folder, "backup", "--to", folder / "backups")
    secrets = [*WORDS.values(), PASSWORD, "1873-05-17", code, code[:17], cookie]
    assert len(list((folder / "backups").iterdir())) == 1
    assert canary.sightings(secrets, folder) == []


def test_a_crash_of_a_program_that_is_not_hardened_would_be_found(folder: Path) -> None:
    """The control: the same signal, the same leave, and the word is in the core."""
    crash = "import os; word = 'heronsong-' + 'planted'; os.abort()"
    subprocess.run([sys.executable, "-c", crash], check=False)
    if not any(path.name.startswith("core") for path in folder.iterdir()):
        pytest.skip("this machine leaves no cores in the folder of who crashes")
    assert canary.sightings(["heronsong-planted"], folder)
