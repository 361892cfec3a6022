"""Every command and option stands in the documents, and nothing that is not there does."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from llamora.cli.program import program

TEXT = (Path(__file__).resolve().parents[2] / "docs/command-line.md").read_text("utf-8")
ROW = re.compile(r"^\| `([^`]+)`", re.MULTILINE)
EXAMPLE = re.compile(r"^    llamora-server (.+)", re.MULTILINE)
OPTION = re.compile(r"--[a-z0-9-]+")


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Each command by its whole name, such as "account add"."""
    if inner := getattr(command, "commands", None):
        for word in inner:
            yield from leaves(inner[word], f"{name} {word}".strip())
    else:
        yield name, command


COMMANDS = dict(leaves(get_command(program)))


def described(text: str) -> dict[str, set[str]]:
    """The options that the document gives each command."""
    tables = [part for part in text.split("\n\n") if part.startswith("| command |")]
    forms = [form for table in tables for form in ROW.findall(table)] + EXAMPLE.findall(text)
    found: dict[str, set[str]] = {}
    for form in forms:
        words = form.split()
        name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0]
        found.setdefault(name, set()).update(OPTION.findall(form))
    return found


def options_of(command: Any) -> list[set[str]]:
    """Each option with all its names."""
    return [{*each.opts, *each.secondary_opts} for each in command.params if each.opts[0][0] == "-"]


def test_every_command_is_listed_and_every_listed_command_exists():
    assert len(COMMANDS) > 12
    assert described(TEXT).keys() == COMMANDS.keys()


def test_every_option_is_listed_with_its_command_and_every_listed_option_exists():
    for name, said in described(TEXT).items():
        options = options_of(COMMANDS[name])
        assert said <= set().union(*options), name
        assert [each for each in options if not each & said] == [], name


def test_a_row_that_is_missing_or_too_much_would_be_noticed():
    without = TEXT.replace("| `migrate up` |", "| migrating |")
    assert COMMANDS.keys() - described(without).keys() == {"migrate up"}
    assert "explode" in described("| command | does |\n|---|---|\n| `explode --now` | x |")
