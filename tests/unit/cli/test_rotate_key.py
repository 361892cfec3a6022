"""`rotate-key` as a person runs it, and as it is killed and run again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.accounts import (
    NAME,
    PASSWORD,
    UNTHROTTLED,
    Registered,
    house,
    registered,
)
from tests.support.commands import Llamora, failure
from tests.support.commands import llamora as llamora
from tests.support.turning import Rooms, epochs, held

from llamora.vault import RecoveryCode

ROOT = Path(__file__).parents[3]


@pytest.fixture
def ada(tmp_path: Path) -> Registered:
    """Ada's file, where the commands look for it."""
    return registered(tmp_path)


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("LLAMORA_CRYPTO__KDF_MEMORY_MIB", "64")
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return ["--user", NAME, "--password-file", str(path)]


def written(ada: Registered, llamora: Llamora, options: list[str], days: int) -> None:
    lines = ada.path.parent.parent / "lines.jsonl"
    first = date(2020, 1, 1)
    each = [{"date": str(first + timedelta(days=n)), "text": f"day {n}"} for n in range(days)]
    lines.write_text("".join(json.dumps(line) + "\n" for line in each))
    assert llamora("import", *options, str(lines))[0] == 0


def test_it_prints_the_new_code_and_how_much_it_did(
    ada: Registered, llamora: Llamora, options: list[str]
) -> None:
    written(ada, llamora, options, 12)
    code, out, err = llamora("rotate-key", *options)
    assert code == 0
    shown, summary = out.splitlines()
    assert RecoveryCode.read(shown)
    assert "records of 12 days sealed with a new key" in summary
    assert "Sealing days anew: 12 of 12" in err
    assert "Backups made before" in err
    assert llamora("verify", *options)[0] == 0


def test_a_wrong_password_is_one_sentence_and_changes_nothing(
    ada: Registered, llamora: Llamora, options: list[str]
) -> None:
    Path(options[-1]).write_text("another one entirely\n")
    assert "do not go together" in failure(llamora("rotate-key", *options))


def test_a_rotation_that_was_cut_off_goes_on_without_another_key(
    ada: Registered, llamora: Llamora, options: list[str]
) -> None:
    written(ada, llamora, options, 3)

    async def begin() -> None:
        with house(ada.path) as home:
            vault = await home.accounts.sign_in(ada.name, ada.password)
            await home.accounts.rotate(vault, ada.password)

    asyncio.run(begin())
    code, out, err = llamora("rotate-key", *options)
    assert code == 0
    assert "was begun before and goes on" in err
    assert len(out.splitlines()) == 1  # no other code
    with house(ada.path) as home:
        assert home.store.rows("SELECT epoch FROM accounts") == [(2,)]
        assert home.store.rows("SELECT 1 FROM chain") == []


@pytest.mark.parametrize("kills", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_anywhere_it_loses_nothing_and_is_resumed(
    ada: Registered, llamora: Llamora, options: list[str], kills: int
) -> None:
    written(ada, llamora, options, 300)
    before, (epoch,) = looked_at(ada)
    for n in range(kills):
        run = subprocess.Popen(
            [sys.executable, "-m", "llamora", "rotate-key", *options],
            cwd=ROOT,
            env={**os.environ, "LLAMORA_DATABASE__PATH": str(ada.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert run.stderr is not None
        for _ in range(1 + n % 10):  # at a place of its own each time, from its first word on
            run.stderr.readline()
        run.send_signal(signal.SIGKILL)
        run.communicate()
        assert looked_at(ada)[0] == before
    assert llamora("rotate-key", *options)[0] == 0
    after, seen = looked_at(ada)
    assert after == before
    assert len(seen) == 1
    assert max(seen) > epoch


def looked_at(ada: Registered) -> tuple[dict[tuple[str, Any], tuple[Any, ...]], set[int]]:
    """What every row holds, and the epochs of all of them."""

    async def look() -> tuple[dict[tuple[str, Any], tuple[Any, ...]], set[int]]:
        with house(ada.path, UNTHROTTLED) as home:
            rooms = Rooms.of(home, await home.accounts.sign_in(ada.name, ada.password))
            return held(rooms.store, rooms.vault), epochs(rooms.store, rooms.vault)

    return asyncio.run(look())
