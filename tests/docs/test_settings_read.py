"""Every setting does something: some module besides `settings.py` reads it."""

import ast
from pathlib import Path

import llamora
from llamora.settings import leaves

ONLY_CHECKED = {"APP.allow_plain_http"}
"""These decide whether the others are refused, and nothing else: `settings.py` reads them."""
SOURCE = Path(llamora.__file__).parent


def read_in(source: str) -> set[tuple[str, str]]:
    """Every attribute that is read, with the name it is read of: `app.port` is ("app", "port")."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            of = node.value
            if isinstance(of, ast.Attribute):
                found.add((of.attr, node.attr))
            elif isinstance(of, ast.Name):
                found.add((of.id, node.attr))
    return found


def unread(read: set[tuple[str, str]]) -> list[str]:
    names = [leaf.name for leaf in leaves().values()]
    last_two = {name: tuple(f"settings.{name}".lower().split(".")[-2:]) for name in names}
    return [name for name in names if last_two[name] not in read and name not in ONLY_CHECKED]


def everything_read() -> set[tuple[str, str]]:
    paths = [path for path in SOURCE.rglob("*.py") if path != SOURCE / "settings.py"]
    return set[tuple[str, str]]().union(*(read_in(path.read_text("utf-8")) for path in paths))


def test_every_setting_is_read_somewhere():
    assert unread(everything_read()) == []


def test_a_setting_that_nobody_reads_is_noticed():
    assert unread(everything_read() - {("app", "port")}) == ["APP.port"]
