"""An export that is killed leaves nothing of the journal beside the file it was to make."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llamora.exchange.appearing import appearing

PASSWORD = "a heron at the grey pond"
EXPORTING = """
import os, signal, sys
from contextlib import contextmanager
from llamora.cli import program

if sys.argv[1] == "named":
    del os.O_TMPFILE  # as on a file system without files that have no name

@contextmanager
def stuck(what):
    def heard(done, total):
        print("writing", flush=True)
        signal.pause()
    yield heard

program.progress = stuck
sys.exit(program.run(["export", "--user", "ada", "--password-file", sys.argv[2],
                      "--to", sys.argv[3]]))
"""
HAS_NAMELESS = hasattr(os, "O_TMPFILE") and Path("/proc/self/fd").exists()


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a journal, and the password of its one account."""
    folder = tmp_path_factory.mktemp("ada")
    (folder / "password").write_text(PASSWORD)
    lines = folder / "lines.jsonl"
    lines.write_text('{"date": "2024-02-29", "text": "The heron came back."}\n')
    for command in (["account", "add", "ada"], ["import", "--user", "ada", lines]):
        subprocess.run(
            [sys.executable, "-m", "llamora", *command, "--password-file", folder / "password"],
            env=environment(folder),
            check=True,
            capture_output=True,
        )
    return folder


def environment(folder: Path) -> dict[str, str]:
    return dict(os.environ) | {
        "LLAMORA_DATABASE__PATH": str(folder / "data/llamora.sqlite3"),
        "LLAMORA_CRYPTO__KDF_MEMORY_MIB": "64",
    }


Begin = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def exporting(ada: Path, tmp_path: Path) -> Iterator[Begin]:
    """Begins an export to `out.jsonl` that never ends by itself; it has written some words."""
    started: list[subprocess.Popen[str]] = []

    def begin(kind: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", EXPORTING, kind, ada / "password", tmp_path / "out.jsonl"],
            env=environment(ada),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "writing\n", process.communicate()[1]
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def left(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.skipif(not HAS_NAMELESS, reason="files without a name are Linux's")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_whatever_kills_an_export_nothing_is_left(
    exporting: Begin, tmp_path: Path, how: signal.Signals
):
    process = exporting("nameless")
    assert left(tmp_path) == []
    process.send_signal(how)
    assert process.wait(30) != 0
    assert left(tmp_path) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_where_files_must_have_names_an_export_that_is_ended_removes_its_own(
    exporting: Begin, tmp_path: Path, how: signal.Signals
):
    process = exporting("named")
    assert len(left(tmp_path)) == 1
    process.send_signal(how)
    assert process.wait(30) == 128 + how
    assert left(tmp_path) == []


def test_what_a_killed_one_left_goes_with_the_next_export(exporting: Begin, tmp_path: Path):
    first, second = exporting("named"), exporting("named")
    assert len(left(tmp_path)) == 2, "one that is still being written is left alone"
    first.kill()
    first.wait()
    assert len(left(tmp_path)) == 2
    target = tmp_path / "out.jsonl"
    (tmp_path / ".other.jsonl-01234567~").touch()
    (tmp_path / ".out.jsonl-mine~").touch()
    with appearing(target) as file:
        file.write(b"whole")
    second.terminate()
    second.wait()
    assert left(tmp_path) == [".other.jsonl-01234567~", ".out.jsonl-mine~", "out.jsonl"]
    assert target.read_bytes() == b"whole"


def test_without_file_names_or_with_them_the_file_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = tmp_path / "out.jsonl"
    for kind in ("nameless", "named"):
        if kind == "named":
            monkeypatch.delattr(os, "O_TMPFILE", raising=False)
        with appearing(path) as file:
            file.write(kind.encode())
        assert path.read_bytes() == kind.encode()
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.stat().st_nlink == 1
        assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]
