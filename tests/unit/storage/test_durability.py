"""What was acknowledged survives the process being killed at any point."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from llamora.storage import Store
from llamora.storage.backup import check

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("kills", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_killing_the_writer_loses_nothing_that_was_acknowledged(path: Path, kills: int) -> None:
    chance = random.Random(20)
    acknowledged: set[bytes] = set()
    for _ in range(kills):
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.storage.durability_child", path],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        with child.stdout as acks:
            for _ in range(chance.randrange(1, 60)):
                acknowledged.add(bytes.fromhex(acks.readline().decode()))
            # Off the beat of the acknowledgements: at any point of the next write.
            for _ in range(chance.randrange(20_000)):
                pass
            child.kill()
            rest = acks.read()
        child.wait()
        # A last line cut short was not said in full, so it does not count.
        acknowledged.update(
            bytes.fromhex(line.decode()) for line in rest.splitlines() if len(line) == 32
        )

        store = Store.open(path)
        kept = {id for (id,) in store.rows("SELECT id FROM writings")}
        changes = [seq for (seq,) in store.rows("SELECT seq FROM changes ORDER BY seq")]
        assert acknowledged <= kept
        assert len(kept) % 2 == 0  # each work wrote two rows: both are there or neither
        assert changes == list(range(1, len(kept) + 1))
        assert store.row("SELECT last_change FROM accounts") == (len(kept),)
        store.close()
        assert check(path).sound
    assert len(acknowledged) > kills
