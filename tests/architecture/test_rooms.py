"""Imports point down: each room sees only the rooms below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

MAY_IMPORT: dict[str, set[str]] = {
    "vault": set(),
    "storage": {"vault"},
    "accounts": {"vault", "storage"},
    "journal": {"vault", "storage"},
    "traces": {"vault", "storage", "journal"},
    "search": {"vault", "storage", "journal", "traces"},
    "companion": {"vault", "storage", "journal", "traces", "search"},
    "exchange": {"vault", "journal", "traces"},
    "web": {"vault", "accounts", "journal", "traces", "search", "companion", "exchange"},
}
# What stands above the rooms. The command line sees what the web sees, and the file itself: backing
# it up and migrating it are its commands (docs/decisions/0002-the-command-line-sees-storage.md).
ABOVE: dict[str, set[str]] = {
    "cli": {*MAY_IMPORT["web"], "storage", "settings", "app"},
    "app": {*MAY_IMPORT, "settings"},
    "__main__": {"cli", "settings", "app"},
    "settings": set(),
    "kernel": set(),
    "address": set(),
    "reach": set(),
    "silence": set(),
    "": set(),
}
# Pure, small and on no room's side (docs/decisions/0004-addresses-are-judged-in-one-place.md).
BENEATH = {"kernel", "address", "reach", "silence"}


def imported(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """Every module of ours that is named by an import anywhere, also inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                kept = parents[: len(parents) - node.level + 1]
                base = ".".join([*kept, base] if base else kept)
            # `from llamora import vault` names a room by its alias.
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "llamora")


def room_of(module: str) -> str:
    """`llamora.web.days` is in the room web; `llamora` itself is in none."""
    return [*module.split("."), ""][1]


def forbidden(module: str, package: str, source: str) -> list[str]:
    """The lines of a module that import what its room may not see."""
    room = room_of(module)
    allowed = {room, *BENEATH, *(MAY_IMPORT | ABOVE)[room]}
    known = {*MAY_IMPORT, *ABOVE}
    return [
        f"{module}:{line} imports {name}"
        for line, name in imported(ast.parse(source), package)
        # `from llamora import __version__` names no room.
        if (target := room_of(name)) in known - {""} and target not in allowed
    ]


def modules() -> Iterator[tuple[str, str, Path]]:
    for path in sorted((SOURCE / "llamora").rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        package = ".".join(parts[:-1])
        yield (package if parts[-1] == "__init__" else ".".join(parts)), package, path


def test_every_folder_is_a_known_room():
    found = {room_of(module) for module, _, _ in modules()}
    assert found <= {*MAY_IMPORT, *ABOVE}
    assert {"vault", "storage", "settings", "kernel"} <= found


def test_no_room_imports_what_stands_above_it():
    wrong = [
        line
        for module, package, path in modules()
        for line in forbidden(module, package, path.read_text("utf-8"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("llamora.vault.keys", "import llamora.storage"),
        ("llamora.vault.keys", "from llamora.storage import Store"),
        ("llamora.vault.keys", "from llamora import storage"),
        ("llamora.vault.keys", "from ..storage.store import Store"),
        ("llamora.vault.keys", "from .. import storage"),
        ("llamora.journal.days", "def late():\n    from llamora.companion import echo"),
        ("llamora.web.days", "from llamora.app import app"),
        ("llamora.web.days", "from llamora.storage import Store"),
        ("llamora.kernel", "from llamora.vault import Vault"),
        ("llamora.address", "from llamora.companion.model import BadAddress"),
        ("llamora.search.endpoint", "from llamora.companion.endpoint import Endpoint"),
        ("llamora.accounts.sessions", "from llamora.settings import load"),
    ],
)
def test_a_forbidden_import_is_caught(module, line):
    package = module.rpartition(".")[0]
    assert forbidden(module, package, line)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("llamora.web.days", "from llamora.journal import Journal"),
        ("llamora.journal.days", "from .. import kernel\nfrom . import markdown"),
        ("llamora.app", "from llamora.storage import Store\nimport llamora.settings"),
        ("llamora.cli.dev", "from llamora.app import create"),
        ("llamora.search.endpoint", "from llamora.address import BadAddress"),
        ("llamora.vault.keys", "import json\nfrom llamora import __version__"),
    ],
)
def test_an_import_that_points_down_is_allowed(module, line):
    package = module.rpartition(".")[0]
    assert forbidden(module, package, line) == []
