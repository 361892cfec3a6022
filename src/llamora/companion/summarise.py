"""What a trace has gathered: summed up by the model, or told in the diarist's own sentences.

Entries are read from all over the time in which the trace was used. What was made is kept until
something that it was made from changes, or the trace has grown by half.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from llamora.companion.asking import Prompt, asked
from llamora.companion.budget import Kind, Piece, fit, without_middle
from llamora.companion.echo import words
from llamora.companion.generation import Failed
from llamora.companion.model import Empty, Looping, Model, ModelError
from llamora.companion.prompt import TRACE_SUMMARY, Prompts
from llamora.companion.sources import Sources
from llamora.journal import drafts, summaries
from llamora.journal.errors import NotFound
from llamora.journal.summaries import Summary
from llamora.journal.writing import Entry, Quote
from llamora.search.sentences import beginning
from llamora.traces.names import alike, is_emoji
from llamora.traces.traces import Trace
from llamora.vault import Locked, Unreadable

if TYPE_CHECKING:
    from llamora.search.central import Sentence

log = logging.getLogger("llamora.companion")

MOST_READ = 16
"""How many entries a model reads: what a small machine reads within a minute."""
ENTRY_TOKENS = 200
REPLY_TOKENS = 600
SUMMARY_CHARACTERS = 6_000
MOST_QUOTED_FROM = 60
LOOKED_AT = 60
"""How many of the most central sentences are looked at for those that speak of the trace."""
NAMING = 1.0
"""What a sentence gains that names the trace: as much as the most central one weighs."""
MOST_QUOTES = 4
QUOTE_CHARACTERS = 360

T = TypeVar("T")


class TraceSummaries:
    """Keeps and makes the summaries of one journal's traces; one making at a time for each."""

    def __init__(self, sources: Sources, model: Model | None, prompts: Prompts) -> None:
        self._sources = sources
        self._model = model
        self._prompts = prompts
        self._making: dict[bytes, asyncio.Task[Summary]] = {}
        self._closed = False

    @property
    def is_busy(self) -> bool:
        """Whether one is being made."""
        return bool(self._making)

    def of(self, trace_id: bytes) -> Summary | None:
        """What is kept and may be shown; see `Companion.summary`."""
        journal, traces = self._sources.journal, self._sources.traces
        found = summaries.kept(journal.draft(drafts.of_summary(trace_id)))
        if found is None or self._sources.trace(trace_id) is None:
            return None
        read = dict(found.read)
        days = {id: day for day, ids in traces.uses(trace_id).items() for id in ids if id in read}
        stale = 2 * traces.count(trace_id) >= 3 * found.entries
        if found.engine == "model":
            stale = stale or not all(map(self._sources.may_be_read, read))
        for id, revision in read.items():
            table = journal.days.table(days[id]) if id in days else None
            item = table.find(id) if table else None
            if item is None and self._is_gone(id):
                return None
            stale = stale or item is None or item.revision != revision
        return replace(found, is_stale=stale)

    async def make(self, trace_id: bytes) -> Summary:
        """See `Companion.summarise`."""
        if self._closed:
            raise Locked
        trace = self._sources.traces.get(trace_id)
        found = self.of(trace_id)
        if found and not found.is_stale:
            return found
        task = self._making.get(trace_id)
        if task is None:
            task = asyncio.create_task(self._make(trace))
            self._making[trace_id] = task
            task.add_done_callback(lambda task: self._made(trace_id, task))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._closed:
                raise Locked from None
            raise

    async def close(self) -> None:
        """Nothing is made for a locked journal."""
        self._closed = True
        for task in (making := list(self._making.values())):
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    def _made(self, trace_id: bytes, task: asyncio.Task[Summary]) -> None:
        del self._making[trace_id]
        if not task.cancelled():
            task.exception()  # looked at, though whoever asked may have left

    def _is_gone(self, id: bytes) -> bool:
        """Whether there is no such writing; one that does not open is there."""
        try:
            return self._sources.journal.find(id) is None
        except Unreadable:
            return False

    async def _make(self, trace: Trace) -> Summary:
        """1. Choose what is read. 2. Have it summed up, or pick the sentences. 3. Keep that."""
        uses = self._sources.traces.uses(trace.id)
        ids = [id for day in reversed(list(uses)) for id in uses[day]]
        told = [id for id in ids if self._sources.may_be_read(id)]
        model = self._model if told else None
        chosen = spread(told, MOST_READ) if model else spread(ids, MOST_QUOTED_FROM)
        entries = await asyncio.to_thread(self._read, chosen)
        if not entries:
            raise NotFound
        if model:
            summary = await self._written(model, trace, entries, len(ids))
        else:
            summary = await self._quoted(trace, entries, len(ids))
        vault = self._sources.journal.vault
        kept = await self._sources.journal.transact(
            lambda tx: summaries.put(tx, vault, trace.id, summary)
        )
        if self._sources.trace(trace.id) is None:  # it went while its summary was made
            await self._sources.journal.transact(lambda tx: summaries.drop(tx, vault, trace.id))
            raise NotFound
        if not kept:
            raise Failed("Something that this was made from was erased meanwhile. Ask once more.")
        return summary

    def _read(self, ids: Sequence[bytes]) -> list[Entry]:
        found: list[Entry] = []
        for id in ids:
            try:
                writing = self._sources.journal.find(id)
            except Unreadable:
                continue
            if isinstance(writing, Entry):
                found.append(writing)
        return found

    async def _written(
        self, model: Model, trace: Trace, entries: Sequence[Entry], count: int
    ) -> Summary:
        async def fitted(window: int, scale: float) -> Prompt[Sequence[Entry]]:
            return await asyncio.to_thread(self._fitted, trace, entries, count, window, scale)

        def may_send() -> bool:
            may = self._sources.may_be_read
            read = [(entry.day, entry.id, entry.revision) for entry in entries]
            return all(may(id) for _, id, _ in read) and self._sources.still_stand(read)

        read, text = entries, ""
        try:
            async with aclosing(asked(model, fitted, may_send)) as tokens:
                async for prompt, token in tokens:
                    read, text = prompt.made_of, ("" if token.anew else text) + token.text
                    if len(text) >= SUMMARY_CHARACTERS:
                        break
            if not text.strip():
                raise Empty
        except Looping as e:
            text = text[: e.worth]
        except ModelError as e:
            log.info("no summary: %s", e)
            raise Failed(e.sentence) from e
        return replace(
            self._begun(read, count),
            engine="model",
            model=model.name,
            text=text[:SUMMARY_CHARACTERS].strip(),
        )

    def _fitted(
        self, trace: Trace, entries: Sequence[Entry], count: int, window: int, scale: float
    ) -> Prompt[Sequence[Entry]]:
        """As many entries as the window holds, still spread over the whole time; at least one."""
        system = self._prompts.system(TRACE_SUMMARY)
        every = [Piece(Kind.TRACE, without_middle(e.text, ENTRY_TOKENS), e.day) for e in entries]
        size = len(entries)
        while True:
            pieces = spread(every, size)
            fitted = fit([system, *pieces], window=window, reply=REPLY_TOKENS, scale=scale)
            if len(fitted.pieces) == 1 + size or size == 1:
                messages = self._prompts.trace_summary(trace.name, pieces, entries=count)
                return Prompt(messages, fitted.reply, spread(entries, size))
            size -= 1

    async def _quoted(self, trace: Trace, entries: Sequence[Entry], count: int) -> Summary:
        search = await self._sources.search()
        found = await search.central([entry.text for entry in entries], LOOKED_AT)
        if not found:
            raise Failed("There are no sentences here that could tell of it.")
        quotes = told(entries, found, trace.name)
        return replace(self._begun(entries, count), engine="echo", quotes=quotes)

    def _begun(self, read: Sequence[Entry], count: int) -> Summary:
        listed = tuple((entry.id, entry.revision) for entry in read)
        return Summary(listed, count, self._sources.journal.now())


def spread(things: Sequence[T], most: int) -> list[T]:
    """At most so many, in their order: the first, the last, and evenly between."""
    if len(things) <= most:
        return list(things)
    if most == 1:
        return [things[-1]]
    return [things[n * (len(things) - 1) // (most - 1)] for n in range(most)]


def _names(text: str, name: str) -> bool:
    """Whether each word of a trace's name stands in the text, in whatever spelling."""
    here = {key for word in words(text) for key in alike(word)}
    return not is_emoji(name) and all(alike(part) & here for part in name.split("-"))


def told(entries: Sequence[Entry], found: "Sequence[Sentence]", name: str) -> tuple[Quote, ...]:
    """The weightiest sentence of each stretch of the entries, verbatim, from first to last; one
    that names the trace weighs more."""
    stretches = min(MOST_QUOTES, len(entries))
    best: dict[int, Sentence] = {}
    for one in sorted(found, key=lambda one: one.weight + NAMING * _names(one.text, name)):
        best[one.index * stretches // len(entries)] = one
    return tuple(
        Quote(
            entries[one.index].id,
            entries[one.index].day,
            beginning(one.text, QUOTE_CHARACTERS),
        )
        for _, one in sorted(best.items())
    )
