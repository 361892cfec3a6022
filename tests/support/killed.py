"""A child that works in a journal until it is killed.

with working("tests.unit.journal.writing_child", path, vault) as child:
    lines = [child.said.readline() for _ in range(20)]
    lines += child.killed()
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from llamora.vault import RuntimeKey, Vault, new_secret, session_id

ROOT = Path(__file__).parents[2]


class Child:
    """`said` is what it prints, a line for each step that is done."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self._process = process
        self.said = said

    def killed(self) -> list[bytes]:
        """Kills it; the whole lines that it had printed besides."""
        self._process.kill()
        return [line for line in self.said.read().splitlines(True) if line.endswith(b"\n")]


@contextmanager
def working(module: str, path: Path, vault: Vault) -> Iterator[Child]:
    """Starts a module as a child on the file of that path, and hands the vault down to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, path],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    with process, process.stdout as out:
        process.stdin.write(_keys_of(vault))
        process.stdin.flush()
        yield Child(process, out)
        process.kill()


def _keys_of(vault: Vault) -> bytes:
    """A session's row, its secret and the runtime key, as one line."""
    runtime, secret = RuntimeKey(), new_secret()
    keys = {
        "runtime": bytes(runtime.hand_down()),
        "secret": secret,
        "owner": vault.owner,
        "id": session_id(secret),
        "sealed": runtime.seal(secret, vault, session_id(secret), 0, {"v": 1}),
    }
    return json.dumps({name: value.hex() for name, value in keys.items()}).encode() + b"\n"
