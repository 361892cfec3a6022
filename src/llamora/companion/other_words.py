"""Other words for a search, by the model: those that the page may hold instead of what was typed.

Asked for by a press and never of itself. The model is sent what was typed, without its dates and
operators, and nothing that anyone wrote in the journal. What it says is not held here.
"""

import asyncio
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from llamora.companion.answer import read_json
from llamora.companion.budget import CHAT_TOKENS, LEAST_ENTRY, estimate, without_middle
from llamora.companion.generation import Failed
from llamora.companion.model import (
    Broken,
    Busy,
    Message,
    Model,
    ModelError,
    Schema,
    TooSlow,
    whole,
)
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.search.other_words import LONGEST, MOST, MOST_WORDS, usable
from llamora.search.words import SNOWBALL
from llamora.vault import Locked

log = logging.getLogger("llamora.companion")

MODEL_SECONDS = 20.0
"""How long the model is waited for, its other work included."""
REPLY_TOKENS = 200
REPLY_CHARACTERS = 4_000
ITEMS_READ = 100
NO_MODEL = "No model is connected, so there is nobody to ask for other words."
NOTHING = "The model knew no other words for it."

SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "words": {
            "type": "array",
            "items": {"type": "string", "maxLength": LONGEST},
            "maxItems": MOST,
        }
    },
    "required": ["words"],
    "additionalProperties": False,
}


@dataclass
class _Question:
    """What a model is being asked, and how many wait for it."""

    task: asyncio.Task[tuple[str, ...]]
    waiting: int = 0


class OtherWords:
    """Asks for one journal, one question at a time: whoever asks for the same meanwhile gets the
    same answer, and whoever asks for something else has the one before give way."""

    def __init__(self, sources: Sources, model: Model | None, prompts: Prompts) -> None:
        self._sources = sources
        self._model = model
        self._prompts = prompts
        self._asking: tuple[str, _Question] | None = None
        self._closed = False

    async def of(self, typed: str) -> tuple[str, ...]:
        """See `Companion.other_words`."""
        if self._closed:
            raise Locked
        if self._model is None:
            raise Failed(NO_MODEL)
        asked, question = self._asking or ("", None)
        if question is None or asked != typed:
            self.give_way()
            question = _Question(asyncio.create_task(self._asked(self._model, typed)))
            self._asking = typed, question
        question.waiting += 1
        try:
            await asyncio.wait({question.task})
        finally:
            await self._leave(question)
        if self._closed:
            raise Locked
        if question.task.cancelled():  # it had to give way
            raise Failed(Busy.sentence)
        return question.task.result()

    async def _leave(self, question: _Question) -> None:
        """The last who waits takes the question along."""
        question.waiting -= 1
        if question.waiting:
            return
        if self._asking and self._asking[1] is question:
            self._asking = None
        question.task.cancel()
        await asyncio.gather(question.task, return_exceptions=True)

    def give_way(self) -> None:
        """Asks the model no further: the diarist wants it for something else, or not at all."""
        if self._asking:
            self._asking[1].task.cancel()
            self._asking = None

    async def close(self) -> None:
        """Nobody is told anything of a locked journal."""
        self._closed = True
        question = self._asking and self._asking[1]
        self.give_way()
        if question:
            await asyncio.gather(question.task, return_exceptions=True)

    async def _asked(self, model: Model, typed: str) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(MODEL_SECONDS):
                said, language = await self._ask(model, typed)
        except TimeoutError:
            raise Failed(TooSlow.sentence) from None
        except ModelError as e:
            log.info("no other words: %s", e)
            raise Failed(e.sentence) from e
        words = usable(items_in(said), typed, language)
        if not words:
            raise Failed(NOTHING)
        return words

    async def _ask(self, model: Model, typed: str) -> tuple[str, str]:
        """What it says, and the language that it was asked to say it in."""
        search = await self._sources.search()
        language = await search.language()
        window = await model.window()
        reply = min(REPLY_TOKENS, window // 2)
        said = await whole(
            model,
            self._messages(typed, language, window - reply),
            max_tokens=reply,
            schema=SCHEMA,
            characters=REPLY_CHARACTERS,
            may_send=lambda: not self._closed,
        )
        return said, language

    def _messages(self, typed: str, language: str, room: int) -> list[Message]:
        """The prompt, with as much of what was typed as there is room for."""
        named = SNOWBALL.get(language, "").capitalize()
        bare = self._prompts.other_words("", language=named)
        room -= CHAT_TOKENS + sum(estimate(message.text) for message in bare)
        return self._prompts.other_words(
            without_middle(typed, max(room, LEAST_ENTRY)), language=named
        )


# What a model says


_fence = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)
_string = re.compile(r'("(?:[^"\\\n]|\\.)*")(\s*:)?')
"""A string of JSON; with a colon behind it, it is the name of a field."""
_commas = re.compile(r"[,;、，；·|]")
_number = re.compile(r"^\s*(?:\(?\d{1,3}[.):]|[-*•–—])\s*")
_beside = re.compile(r"\s+[-–—=→]+\s|\s*\(|:\s")
"""Where an explanation begins behind a word."""
_ENDS = (":", "!", "?")
"""What ends with one of these lists nothing; nor does prose that ends with a full stop."""


def items_in(reply: str) -> Iterator[str]:
    """What a reply lists, whatever its form: JSON, whole, cut short or between other words; one to
    a line, with numbers or without; or between commas."""
    reply = _fence.sub("", reply).strip()
    try:
        strings = _strings_of(read_json(reply))
    except Broken:
        begins = min((at for at in map(reply.find, "[{") if at >= 0), default=len(reply))
        found = _string.finditer(reply, begins)
        quoted = [_string_of(one[1]) for one in found if not one[2]]
        strings = iter(quoted or [reply])
    return islice((item for said in strings for item in _listed(said)), ITEMS_READ)


def _strings_of(value: Any) -> Iterator[str]:
    """Every string in something that was JSON, in order, but for the names of fields."""
    todo = [value]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            todo += reversed(list(value.values() if isinstance(value, dict) else value))


def _string_of(quoted: str) -> str:
    try:
        return str(read_json(quoted))
    except Broken:
        return ""


def _listed(text: str) -> Iterator[str]:
    """What stands in a text one to a line, or between commas; not what is a sentence."""
    for line in text.splitlines():
        bare = _number.sub("", line).rstrip()
        _, colon, listed = bare.partition(": ")
        if colon and _commas.search(listed):  # “Other words: frost, ice”
            bare = listed
        parts = [_number.sub("", part) for part in _commas.split(bare)]
        named = [_beside.split(part, maxsplit=1)[0] for part in parts]
        prose = len(parts) == 1 or max(len(one.split()) for one in named) > MOST_WORDS
        if not (" " in bare and bare.endswith((".", *_ENDS) if prose else _ENDS)):
            yield from named
