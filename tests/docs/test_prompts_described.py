"""docs/prompts.md names what a prompt is given, and nothing else."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import pytest

from llamora.companion.budget import Kind, Piece
from llamora.companion.prompt import BUILT_IN, RESPOND, BadPrompt, Prompts

PAGE = (Path(__file__).resolve().parents[2] / "docs/prompts.md").read_text("utf-8")
PIECES = [Piece(Kind.TODAY, "Rain.", date(2024, 2, 29)), Piece(Kind.ENTRY, "The heron came back.")]


def named(kind: str) -> set[str]:
    """The first cells of the table headed by `kind`."""
    table = PAGE.split(f"| {kind} |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


class Watched(Prompts):
    """Prompts that note what their templates are given."""

    def __init__(self, template_dir: Path | None = None) -> None:
        self.given: dict[str, Mapping[str, Any]] = {}
        super().__init__(template_dir)

    def _block(self, name: str, block: str, context: Mapping[str, object]) -> str:
        self.given[block] = context
        return super()._block(name, block, context)


@pytest.fixture
def prompts() -> Watched:
    prompts = Watched()
    prompts.respond(PIECES)
    return prompts


def test_the_page_names_every_block(prompts: Watched):
    assert named("block") == set(prompts.given)


def test_the_page_names_every_variable(prompts: Watched):
    assert [set(context) for context in prompts.given.values()] == [named("variable")] * 2


def test_the_page_names_every_field_of_a_piece(prompts: Watched):
    given = prompts.given["user"]
    assert [set(piece) for piece in (given["entry"], *given["pieces"])] == [named("field")] * 2


def test_the_page_names_every_kind_of_piece():
    said = next(line for line in PAGE.splitlines() if line.startswith("| `kind`"))
    kinds = {kind.name.lower() for kind in Kind if kind != Kind.SYSTEM}
    assert set(re.findall(r'"(\w+)"', said)) == kinds


def test_the_page_names_every_filter(prompts: Watched):
    ours = set(prompts._environment.filters) - set(jinja2.Environment().filters)
    assert named("filter") == ours


def test_a_file_of_the_same_name_stands_in_for_the_built_in_one(tmp_path: Path):
    built_in = Prompts().respond(PIECES)
    assert Prompts(tmp_path).respond(PIECES) == built_in, "the folder is empty"
    own = (BUILT_IN / RESPOND).read_text("utf-8").replace("You are the quiet", "You are a loud")
    (tmp_path / RESPOND).write_text(own)
    system, user = Prompts(tmp_path).respond(PIECES)
    assert system.text.startswith("You are a loud")
    assert user == built_in[1]


def test_a_name_that_does_not_exist_is_an_error(tmp_path: Path):
    blocks = "{% block system %}{% endblock %}{% block user %}{{ weather }}{% endblock %}"
    (tmp_path / RESPOND).write_text(blocks)
    with pytest.raises(BadPrompt, match="weather"):
        Prompts(tmp_path)
