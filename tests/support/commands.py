"""The command line, run in this process: its exit code, and what it said on stdout and stderr."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llamora.cli import program

Ran = tuple[int, str, str]
Llamora = Callable[..., Ran]


@pytest.fixture
def llamora(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Llamora:
    monkeypatch.setenv("LLAMORA_DATABASE__PATH", str(tmp_path / "data/llamora.sqlite3"))
    # What a process does to itself cannot be undone for the tests after this one.
    monkeypatch.setattr(program, "harden", lambda: None)

    def run(*arguments: str) -> Ran:
        capfd.readouterr()
        try:
            code = program.run(list(arguments))
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1
        said = capfd.readouterr()
        return code, said.out, said.err

    return run


def failure(ran: Ran) -> str:
    """The sentence that the command ended with; what came before it are lines of progress."""
    code, out, err = ran
    assert (code, out) == (1, "")
    said = err.splitlines()[-1]
    assert said.endswith(".")
    assert ". " not in said
    return said
