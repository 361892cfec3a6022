"""Which branches of what guards the journal are taken by no test of its own.

    python -m benchmarks.branches           of every module that `mutants` knows
    python -m benchmarks.branches --write   and into docs/mutation.md

Wants `coverage`, which is no dependency of the project: `uv run --with coverage python -m
benchmarks.branches`. It is no part of `bin/test`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.mutants import ROOT, TABLE, TESTS, put

OWN_TESTS = ("unit/vault", "unit/accounts", "spec/test_vectors.py")
"""Not those through the web: they would come by most of it without looking."""


@dataclass(frozen=True)
class Reached:
    """How much of a module the tests reach: of `lines` and `branches` those that none does."""

    module: str
    lines: int
    branches: int
    missed_lines: tuple[int, ...]
    missed_branches: tuple[tuple[int, int], ...]
    """From line to line; a negative one is the end of the function."""


def measure() -> list[Reached]:
    """Runs these tests once, and looks at the modules that `mutants` makes mistakes in.

    Raises:
        SystemExit: `coverage` is not there, or a test failed.
    """
    if find_spec("coverage") is None:
        raise SystemExit("Which branches are taken is measured by coverage, which is not here.")
    with tempfile.TemporaryDirectory() as folder:
        kept, told = f"--data-file={folder}/kept", Path(folder) / "told.json"
        run = ["run", "--branch", "--concurrency=thread", "--source=llamora", kept, "-m", "pytest"]
        _coverage(*run, "-q", "--no-header", *(f"tests/{name}" for name in OWN_TESTS))
        _coverage("json", "-q", kept, "-o", str(told))
        files = json.loads(told.read_text("utf-8"))["files"]
    return [_reached(name, files[f"src/llamora/{name}"]) for name in TESTS]


def _coverage(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, check=False)
    if done.returncode:
        raise SystemExit("A test failed, so nothing is said of the branches.")


def _reached(name: str, found: dict) -> Reached:
    return Reached(
        name,
        found["summary"]["num_statements"],
        found["summary"]["num_branches"],
        tuple(found["missing_lines"]),
        tuple((start, end) for start, end in found["missing_branches"]),
    )


def table(found: list[Reached]) -> str:
    """The part of docs/mutation.md that tells of it: a line a module."""
    branches = sum(each.branches for each in found)
    missed = sum(len(each.missed_branches) for each in found)
    lines = [
        f"**{branches - missed} of {branches} branches taken by the tests of"
        f" {', '.join(f'`{name}`' for name in OWN_TESTS)}.**",
        "",
        "| module | lines | branches | not reached |",
        "|---|---|---|---|",
    ]
    for each in found:
        left = [str(line) for line in each.missed_lines]
        left += [f"{start} → {end if end > 0 else 'end'}" for start, end in each.missed_branches]
        lines.append(f"| `{each.module}` | {each.lines} | {each.branches} | {', '.join(left)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Tells which branches no test takes.")
    parser.add_argument("--write", action="store_true", help="into docs/mutation.md")
    given = parser.parse_args()
    text = table(measure())
    print(text)
    if given.write:
        put(TABLE, "branches", text)


if __name__ == "__main__":
    main()
