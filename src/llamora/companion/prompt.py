"""What the model is told: the templates in `prompts/`, or those that the operator put in their
place (`PROMPTS.template_dir`).

A template's blocks `system` and `user` become a message each. The diary is quoted between fences
that stand in none of its texts, and the system message calls it material. That keeps honest text
from being taken for orders; nothing rests on it, for the model has no tools.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from llamora.companion.budget import Kind, Piece
from llamora.companion.model import Message

if TYPE_CHECKING:
    from jinja2 import Environment

BUILT_IN = Path(__file__).parent / "prompts"
RESPOND = "respond.txt.j2"

_tildes = re.compile(r"~{3,}")


class BadPrompt(Exception):
    """A prompt template cannot be used; `str()` is one sentence that names it."""


class Prompts:
    """Raises `BadPrompt` on construction when a template cannot be used."""

    def __init__(self, template_dir: Path | None = None) -> None:
        self._environment = _environment(template_dir)
        self.respond([Piece(Kind.ENTRY, "A try.", date(2000, 1, 1))])

    def system(self) -> Piece:
        """What the companion is told to be, as the budget counts it."""
        return Piece(Kind.SYSTEM, self._block(RESPOND, "system", {"fence": _fence([])}))

    def respond(self, pieces: Sequence[Piece]) -> list[Message]:
        """The messages that ask for an answer to the one piece that is the entry; the others are
        its context, in the order given. A piece of kind `SYSTEM` is read over: the template's
        own words are used, with the right fence."""
        entry = next(_shown(piece) for piece in pieces if piece.kind == Kind.ENTRY)
        others = [_shown(piece) for piece in pieces if piece.kind > Kind.ENTRY]
        quoted = [piece.text for piece in pieces if piece.kind != Kind.SYSTEM]
        context = {"pieces": others, "entry": entry, "fence": _fence(quoted)}
        return [
            Message("system", self._block(RESPOND, "system", context)),
            Message("user", self._block(RESPOND, "user", context)),
        ]

    def _block(self, name: str, block: str, context: Mapping[str, object]) -> str:
        import jinja2

        try:
            template = self._environment.get_template(name)
            lines = template.blocks[block](template.new_context(dict(context)))
            return "".join(lines).strip()
        except KeyError:
            raise BadPrompt(f"The prompt {name} lacks its block {block}.") from None
        except jinja2.TemplateError as error:
            why = (error.message or "it cannot be read").rstrip(".")
            raise BadPrompt(f"The prompt {name} cannot be used: {why}.") from None


def _environment(template_dir: Path | None) -> "Environment":
    import jinja2

    if template_dir and not template_dir.is_dir():
        raise BadPrompt(f"PROMPTS.template_dir names {template_dir}, which is no folder.")
    folders = [template_dir, BUILT_IN] if template_dir else [BUILT_IN]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=False,  # noqa: S701 - this is text for a model, not a page
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_words"] = in_words
    return environment


def _shown(piece: Piece) -> dict[str, object]:
    return {**vars(piece), "kind": piece.kind.name.lower()}


def _fence(texts: Sequence[str]) -> str:
    """A row of tildes longer than any in the texts."""
    longest = max((len(found) for text in texts for found in _tildes.findall(text)), default=2)
    return "~" * (longest + 1)


def in_words(day: date) -> str:
    """`Sunday, 2 September 1666`"""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"
