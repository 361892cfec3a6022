"""What the model is told: the templates in `prompts/`, or those that the operator put in their
place (`PROMPTS.template_dir`).

A template's blocks `system` and `user` become a message each; what several have in common stands in
a file that they include. The diary is quoted between fences that stand in none of its texts, and
the system message calls it material. That keeps honest text from being taken for orders; nothing
rests on it, for the model has no tools.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from llamora.companion.budget import Kind, Piece
from llamora.companion.model import Message

if TYPE_CHECKING:
    from jinja2 import Environment, Template

BUILT_IN = Path(__file__).parent / "prompts"
OPENING = "opening_recap.txt.j2"
OTHER_WORDS = "other_words.txt.j2"
RECAP = "recap.txt.j2"
RESPOND = "respond.txt.j2"
SUGGEST_TRACES = "suggest_traces.txt.j2"
TRACE_SUMMARY = "trace_summary.txt.j2"

PARTS = ("system.txt.j2", "opening_system.txt.j2")
"""What the others include: the companion's voice, and how a day is opened."""

MOMENTS = ("first", "return", "ordinary")
"""What a day is that is opened: the first ever, the first after a long silence, or any."""

_tildes = re.compile(r"~{3,}")


class BadPrompt(Exception):
    """A prompt template cannot be used; `str()` is one sentence that names it."""


class Prompts:
    """Raises `BadPrompt` on construction when a template cannot be used."""

    def __init__(self, template_dir: Path | None = None) -> None:
        self._environment = _environment(template_dir)
        for part in PARTS:  # by itself first, so that an error names it
            for brief in (False, True):
                self._text(part, {"fence": _fence([]), "brief": brief})
        entry = Piece(Kind.ENTRY, "A try.", date(2000, 1, 1))
        self.respond([entry])
        self.respond([entry], brief=True)
        self.suggest_traces(entry, known=["try"], kept=["try"])
        self.other_words("try", language="English")
        self.trace_summary("try", [replace(entry, kind=Kind.TRACE)], entries=2)
        self.recap([replace(entry, kind=Kind.TODAY)], day=date(2000, 1, 1))
        for moment in MOMENTS:
            earlier = [replace(entry, kind=Kind.EARLIER)] if moment != "first" else []
            self.opening(earlier, day=date(2000, 1, 31), moment=moment, silence=30)

    def system(self, name: str = RESPOND, *, brief: bool = False) -> Piece:
        """What the companion is told to be, as the budget counts it."""
        context = {"fence": _fence([]), "brief": brief}
        return Piece(Kind.SYSTEM, self._block(name, "system", context))

    def digest(self, name: str) -> str:
        """Sixteen hexadecimal digits of the SHA-256 of a template's text, with what it includes."""
        return sha256("\0".join(self._sources(name)).encode()).hexdigest()[:16]

    def _sources(self, name: str) -> Iterator[str]:
        from jinja2 import meta

        loader = self._environment.loader
        assert loader is not None
        source, _, _ = loader.get_source(self._environment, name)
        yield source
        for included in meta.find_referenced_templates(self._environment.parse(source)):
            if included:
                yield from self._sources(included)

    def respond(self, pieces: Sequence[Piece], *, brief: bool = False) -> list[Message]:
        """The messages that ask for an answer to the one piece that is the entry; the others are
        its context, in the order given. A piece of kind `SYSTEM` is read over: the template's
        own words are used, with the right fence; few of them when it is to be `brief`."""
        entry = next(_shown(piece) for piece in pieces if piece.kind == Kind.ENTRY)
        others = [_shown(piece) for piece in pieces if piece.kind > Kind.ENTRY]
        context = {"pieces": others, "entry": entry, "brief": brief}
        return self._messages(RESPOND, pieces, context)

    def suggest_traces(
        self, entry: Piece, *, known: Sequence[str], kept: Sequence[str]
    ) -> list[Message]:
        """The messages that ask for labels, with the names of those that are near, and of those
        that the entry has."""
        context = {"entry": _shown(entry), "known": known, "kept": kept}
        return self._messages(SUGGEST_TRACES, [entry], context)

    def other_words(self, query: str, *, language: str) -> list[Message]:
        """The messages that ask what a page may say instead of what was typed; `language` is the
        English name of what the journal is in, or empty."""
        quoted = [Piece(Kind.ENTRY, query)]
        return self._messages(OTHER_WORDS, quoted, {"query": query, "language": language})

    def trace_summary(self, trace: str, pieces: Sequence[Piece], *, entries: int) -> list[Message]:
        """The messages that ask what has gathered under a trace of so many entries; of these, the
        pieces of kind `TRACE` are read."""
        read = [_shown(piece) for piece in pieces if piece.kind == Kind.TRACE]
        context = {"trace": trace, "pieces": read, "entries": entries}
        return self._messages(TRACE_SUMMARY, pieces, context)

    def opening(
        self, pieces: Sequence[Piece], *, day: date, moment: str, silence: int
    ) -> list[Message]:
        """The messages that ask for the opening of a day, `silence` days after the last entry; of
        the pieces, those of kind `EARLIER` are read. `moment` is one of `MOMENTS`."""
        read = [_shown(piece) for piece in pieces if piece.kind == Kind.EARLIER]
        context = {"day": day, "moment": moment, "silence": silence, "pieces": read}
        return self._messages(OPENING, pieces, context)

    def recap(self, pieces: Sequence[Piece], *, day: date) -> list[Message]:
        """The messages that ask what a day held; of the pieces, its entries are those of kind
        `TODAY`."""
        read = [_shown(piece) for piece in pieces if piece.kind == Kind.TODAY]
        return self._messages(RECAP, pieces, {"day": day, "pieces": read})

    def _messages(
        self, name: str, quoted: Sequence[Piece], context: Mapping[str, object]
    ) -> list[Message]:
        texts = [piece.text for piece in quoted if piece.kind != Kind.SYSTEM]
        context = {"brief": False, **context, "fence": _fence(texts)}
        return [
            Message("system", self._block(name, "system", context)),
            Message("user", self._block(name, "user", context)),
        ]

    def _block(self, name: str, block: str, context: Mapping[str, object]) -> str:
        def lines(template: "Template") -> Iterator[str]:
            if block not in template.blocks:
                raise BadPrompt(f"The prompt {name} lacks its block {block}.")
            return template.blocks[block](template.new_context(dict(context)))

        return self._rendered(name, lines)

    def _text(self, name: str, context: Mapping[str, object]) -> str:
        """A template that has no blocks."""
        return self._rendered(name, lambda template: template.generate(context))

    def _rendered(self, name: str, lines: "Callable[[Template], Iterator[str]]") -> str:
        import jinja2

        try:
            return "".join(lines(self._environment.get_template(name))).strip()
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
    """What a template is given of a piece; where it stands is none of a prompt's business."""
    return {
        "kind": piece.kind.name.lower(),
        "text": piece.text,
        "day": piece.day,
        "by": piece.by,
        "about": piece.about,
    }


def _fence(texts: Sequence[str]) -> str:
    """A row of tildes longer than any in the texts."""
    longest = max((len(found) for text in texts for found in _tildes.findall(text)), default=2)
    return "~" * (longest + 1)


def in_words(day: date) -> str:
    """`Sunday, 2 September 1666`"""
    return f"{day:%A}, {day.day} {day:%B} {day.year}"
