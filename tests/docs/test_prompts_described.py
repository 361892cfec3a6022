"""docs/prompts.md names what a prompt is given, and nothing else."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import jinja2
import pytest

from llamora.companion.budget import Kind, Piece
from llamora.companion.prompt import BUILT_IN, PARTS, RESPOND, BadPrompt, Prompts

PAGE = (Path(__file__).resolve().parents[2] / "docs/prompts.md").read_text("utf-8")
PIECES = [Piece(Kind.TODAY, "Rain.", date(2024, 2, 29)), Piece(Kind.ENTRY, "The heron came back.")]


def named(kind: str) -> set[str]:
    """The first cells of the table headed by `kind`."""
    table = PAGE.split(f"| {kind} |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


class Watched(Prompts):
    """Prompts that note what each block of their templates is given."""

    def __init__(self, template_dir: Path | None = None) -> None:
        self.given: dict[str, dict[str, Mapping[str, Any]]] = {}
        self.parts: list[Mapping[str, Any]] = []
        super().__init__(template_dir)

    def _block(self, name: str, block: str, context: Mapping[str, object]) -> str:
        self.given.setdefault(name, {})[block] = context
        return super()._block(name, block, context)

    def _text(self, name: str, context: Mapping[str, object]) -> str:
        self.parts.append(context)
        return super()._text(name, context)


@pytest.fixture
def prompts() -> Watched:
    prompts = Watched()
    prompts.respond(PIECES)
    return prompts


def test_the_page_names_every_prompt_and_every_block(prompts: Watched):
    assert {path.name for path in BUILT_IN.iterdir()} == {*prompts.given, *PARTS}
    assert all(f"`{part}`" in PAGE for part in PARTS)
    assert all(set(context) == named("variable of system") for context in prompts.parts)
    for name, blocks in prompts.given.items():
        assert f"(`{name}`)" in PAGE
        assert set(blocks) == named("block")


def test_the_page_names_every_variable(prompts: Watched):
    for name, blocks in prompts.given.items():
        listed = named(f"variable of {name.removesuffix('.txt.j2')}")
        assert [set(context) for context in blocks.values()] == [listed] * 2, name


def test_the_page_names_every_field_of_a_piece(prompts: Watched):
    given = [blocks["user"] for blocks in prompts.given.values()]
    pieces = [context["entry"] for context in given if "entry" in context]
    pieces += [piece for context in given for piece in context.get("pieces", ())]
    assert len(pieces) == 6
    assert [set(piece) for piece in pieces] == [named("field")] * 6


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
    voice = PARTS[0]
    own = (BUILT_IN / voice).read_text("utf-8").replace("You are the quiet", "You are a loud")
    (tmp_path / voice).write_text(own)
    system, user = Prompts(tmp_path).respond(PIECES)
    assert system.text.startswith("You are a loud")
    assert user == built_in[1]


def test_a_name_that_does_not_exist_is_an_error(tmp_path: Path):
    blocks = "{% block system %}{% endblock %}{% block user %}{{ weather }}{% endblock %}"
    (tmp_path / RESPOND).write_text(blocks)
    with pytest.raises(BadPrompt, match="weather"):
        Prompts(tmp_path)
