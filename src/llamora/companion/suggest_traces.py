"""Which traces an entry might carry: up to four, offered and never kept by themselves.

Those come first that the diarist uses already and that stand near the entry; then at most two new
names, by the model when there is one, else from the entry's own words. What a model says is read
as if anyone might have written it: a name comes through, all else comes to nothing.
"""

import asyncio
import logging
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from llamora.companion.answer import read_json
from llamora.companion.attached import carrying
from llamora.companion.budget import Kind, Piece, fit, without_middle
from llamora.companion.model import Broken, Model, ModelError, Schema, whole
from llamora.companion.prompt import SUGGEST_TRACES, Prompts
from llamora.companion.sources import Sources
from llamora.journal.writing import Entry
from llamora.traces.names import BadName, alike, canonical, is_emoji
from llamora.traces.traces import Trace
from llamora.vault import Locked

log = logging.getLogger("llamora.companion")

MOST = 4
MOST_NEW = 2
MOST_EMOJI = 1
NEAR = 8
"""How many of the traces in use are looked at, and named to the model."""
LEAST_NEAR = 0.5
"""The share of the nearest one's closeness that another must have."""
SURE = 2
"""So many of them have a place before any that is named anew."""
MODEL_SECONDS = 20.0
"""How long the model is waited for, its other work included."""
ENTRY_TOKENS = 1200
"""So much of an entry says what it is about, and a small machine reads no more in time."""
NAMES_TOKENS = 400  # what the names beside the entry take of the prompt
NAMED_KEPT = 12
REPLY_TOKENS = 200
REPLY_CHARACTERS = 4_000
ITEMS_READ = 8
LONGEST_NAME = 40  # characters
MOST_WORDS = 4  # what has more is a sentence

SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "traces": {
            "type": "array",
            "items": {"type": "string", "maxLength": LONGEST_NAME},
            "maxItems": 3,
        }
    },
    "required": ["traces"],
    "additionalProperties": False,
}

_fenced = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
_between = " -_'’ʼ\u200c\u200d"  # besides letters, marks and numbers, what a name may hold


@dataclass(frozen=True)
class Suggestion:
    """A trace that might fit: its name, and its id when the diarist uses it already."""

    name: str
    trace: bytes | None = None

    @property
    def is_new(self) -> bool:
        return self.trace is None


class TraceSuggestions:
    """Makes suggestions in one journal; nothing of them is stored or applied."""

    def __init__(self, sources: Sources, model: Model | None, prompts: Prompts) -> None:
        self._sources = sources
        self._model = model
        self._prompts = prompts
        self._asking: set[asyncio.Task[list[str]]] = set()
        self._closed = False

    async def of(self, entry_id: bytes) -> list[Suggestion]:
        """What might fit an entry; see `Companion.suggest_traces`."""
        entry = self._sources.journal.entry(entry_id)
        search = await self._sources.search()
        found = await search.near_traces(entry_id, NEAR)
        enough = LEAST_NEAR * max((closeness for _, closeness in found), default=0)
        fitting = [self._sources.trace(id) for id, closeness in found if closeness >= enough]
        near = [trace for trace in fitting if trace]
        kept = self._sources.traces.on(entry_id)
        names: list[str] = []
        if self._model and self._sources.may_be_read(entry_id):
            told = [trace for trace in near if self._may_be_named(trace)]
            names = await self._asked(self._model, entry, told, kept)
        if not names:
            first, *others = await search.phrases(entry.text, MOST) or [""]
            emoji = await search.emoji_for(entry.text)
            names = names_among([first, emoji, *others])
        kept = self._sources.traces.on(entry_id)  # the diarist may have kept one meanwhile
        return chosen(near, names, kept, self._in_use)

    def give_way(self) -> None:
        """Asks the model no further: the diarist wants it for something else."""
        for task in self._asking:
            task.cancel()

    async def close(self) -> None:
        """Nobody is told anything of a locked journal."""
        self._closed = True
        self.give_way()
        await asyncio.gather(*self._asking, return_exceptions=True)

    def _may_be_named(self, trace: Trace) -> bool:
        """Whether a model may be told its name: one that stands only on what is kept from the
        model is a word of that."""
        return any(map(self._sources.may_be_read, carrying(self._sources, [trace.id])))

    def _in_use(self, name: str) -> Trace | None:
        """The trace of that name, or of another spelling of it."""
        traces = self._sources.traces
        return traces.named(name) or traces.spelled_otherwise(name)

    async def _asked(
        self, model: Model, entry: Entry, near: Sequence[Trace], kept: Sequence[Trace]
    ) -> list[str]:
        """What the model names; nothing when it fails, has no time, or must give way."""
        if self._closed:
            raise Locked
        task = asyncio.create_task(self._ask(model, entry, near, kept))
        self._asking.add(task)
        try:
            await asyncio.wait({task}, timeout=MODEL_SECONDS)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self._asking.discard(task)
        if self._closed:
            raise Locked
        return [] if task.cancelled() else task.result()

    async def _ask(
        self, model: Model, entry: Entry, near: Sequence[Trace], kept: Sequence[Trace]
    ) -> list[str]:
        try:
            window = await model.window()
            fitted = fit(
                [
                    self._prompts.system(SUGGEST_TRACES),
                    Piece(Kind.ENTRY, without_middle(entry.text, ENTRY_TOKENS), entry.day),
                ],
                window=max(window - NAMES_TOKENS, window // 2),
                reply=REPLY_TOKENS,
            )
            messages = self._prompts.suggest_traces(
                fitted.pieces[-1],
                known=[trace.name for trace in near],
                kept=[trace.name for trace in kept[:NAMED_KEPT]],
            )
            return names_in(
                await whole(
                    model,
                    messages,
                    max_tokens=fitted.reply,
                    schema=SCHEMA,
                    characters=REPLY_CHARACTERS,
                    may_send=lambda: self._may_be_told(entry),
                )
            )
        except ModelError as e:
            log.info("no names for traces: %s", e)
            return []

    def _may_be_told(self, entry: Entry) -> bool:
        stands = self._sources.still_stand([(entry.day, entry.id, entry.revision)])
        return stands and self._sources.may_be_read(entry.id)


def chosen(
    near: Sequence[Trace],
    names: Iterable[str],
    kept: Iterable[Trace],
    in_use: Callable[[str], Trace | None],
) -> list[Suggestion]:
    """At most four suggestions, those in use before new ones.

    `near` are traces in use, the nearest first; `names` are canonical, the best first, and each
    that stands for a trace in use becomes that one. What the entry has, what rests and what says
    the same again is left out. New names are two at most, and there is one emoji.
    """
    said = {key for trace in kept for key in alike(trace.name)}
    found: list[Suggestion] = []

    def offer(name: str, trace: Trace | None) -> None:
        one = Suggestion(trace.name, trace.id) if trace else Suggestion(name)
        keys = alike(one.name)
        if (
            len(found) < MOST
            and not (trace and trace.resting)
            and not said & keys
            and not (one.is_new and sum(s.is_new for s in found) == MOST_NEW)
            and not (is_emoji(one.name) and sum(is_emoji(s.name) for s in found) == MOST_EMOJI)
        ):
            said.update(keys)
            found.append(one)

    # The second half of what is near has the places that are left.
    for trace in near[:SURE]:
        offer(trace.name, trace)
    for name in names:
        offer(name, in_use(name))
    for trace in near[SURE:]:
        offer(trace.name, trace)
    return sorted(found, key=lambda suggestion: suggestion.is_new)


def names_in(reply: str) -> list[str]:
    """The names in a model's reply; none when it is not of the form that was asked for."""
    if fenced := _fenced.fullmatch(reply):
        reply = fenced[1]
    try:
        said = read_json(reply)
    except Broken:
        return []
    items = said.get("traces") if isinstance(said, dict) else None
    return names_among(items) if isinstance(items, list) else []


def names_among(items: Iterable[object]) -> list[str]:
    """The canonical names among the first few of these items, whatever they are."""
    return [name for item in islice(items, ITEMS_READ) if (name := _name(item))]


def _name(item: object) -> str:
    """The canonical name that an item is; "" when it is none, such as a sentence."""
    if not isinstance(item, str) or len(item) > 2 * LONGEST_NAME:
        return ""
    if any(unicodedata.category(c) in ("Cc", "Cs", "Co") for c in item):
        return ""
    try:
        name = canonical(item)
    except BadName:
        return ""
    if is_emoji(name):
        return name
    if not all(c in _between or unicodedata.category(c)[0] in "LMN" for c in item.lstrip("# ")):
        return ""
    if len(name) > LONGEST_NAME or len(name.split("-")) > MOST_WORDS:
        return ""
    return name if any(c.isalpha() for c in name) else ""
