"""What the documents claim of security is held by a test, and that test exists."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")
MODEL = (ROOT / "docs/spec/threat-model.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")

NAMED = re.compile(r"`(tests/[a-z_/]+\.py)::(test_\w+)`")
NOTE = re.compile(r"^\[\^([a-z]+)\]: (.+)$", re.MULTILINE)
MARK = re.compile(r"\[\^([a-z]+)\](?!:)")
BARE = re.compile(r"`(test_\w+)`")


@cache
def named_in(path: str) -> set[str]:
    """The names of the tests in a file; none when there is no such file."""
    file = ROOT / path
    if not file.is_file():
        return set()
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, kinds)
    }


@cache
def all_tests() -> set[str]:
    files = (path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py"))
    return set().union(*(named_in(str(path)) for path in files))


def missing(text: str) -> list[str]:
    return [f"{path}::{name}" for path, name in NAMED.findall(text) if name not in named_in(path)]


def unproven(text: str) -> list[str]:
    """The first words of each claim under the first heading that leads to no note with a test."""
    notes = {name for name, said in NOTE.findall(text) if NAMED.search(said)}
    claims = text.split("\n## What is protected\n")[1].split("\n## ")[0].split("\n- ")[1:]
    return [claim[:40] for claim in claims if not set(MARK.findall(claim)) & notes]


def test_every_test_that_is_named_exists():
    assert len(NAMED.findall(PAGE)) > 30
    assert missing(PAGE) == []
    assert missing(README) == []


def test_every_claim_of_protection_names_its_test():
    assert unproven(PAGE) == []


def test_every_mark_has_its_note_and_every_note_is_used():
    assert set(MARK.findall(PAGE)) == {name for name, _ in NOTE.findall(PAGE)}
    assert all(NAMED.sub("", said).strip(", ") == "" for _, said in NOTE.findall(PAGE))


def test_the_threat_model_names_no_test_that_is_not_there():
    names = set(BARE.findall(MODEL))
    assert len(names) > 80
    assert names - all_tests() == set()


def test_a_test_that_is_gone_and_a_claim_without_one_would_be_noticed():
    path = "tests/docs/test_claims.py"
    assert missing(f"`{path}::test_of_a_heron`, `tests/no.py::test_x`") == [
        f"{path}::test_of_a_heron",
        "tests/no.py::test_x",
    ]
    assert missing(f"`{path}::test_every_claim_of_protection_names_its_test`") == []
    claimed = "\n## What is protected\n\n- One.[^a]\n- Two.[^b]\n- Three.\n\n## x\n"
    notes = f"[^a]: `{path}::test_x`\n[^b]: trust us\n"
    assert unproven(claimed + notes) == ["Two.[^b]", "Three.\n"]
