"""The companion of one unlocked journal: it answers an entry when asked, and only then.

It also suggests traces, sums a trace up, recaps a day, and knows other words for a search: when
asked, too. `openings` open a day.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from llamora.companion import echo
from llamora.companion.asking import Prompt
from llamora.companion.attached import ATTACHED, MOST_OWN, OWN, Attached, Measure, carrying
from llamora.companion.budget import Kind, Piece, estimate, fit
from llamora.companion.context import Contexts
from llamora.companion.generation import SEAL_SECONDS, Failed, Generation, Said, Shown
from llamora.companion.given import reading_of, said_with_reading
from llamora.companion.model import Looping, Model, ModelError, Withdrawn
from llamora.companion.opening import Openings
from llamora.companion.other_words import OtherWords
from llamora.companion.prompt import RESPOND, Prompts
from llamora.companion.recap import Recaps
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.companion.suggest_traces import Suggestion, TraceSuggestions
from llamora.companion.summarise import TraceSummaries
from llamora.journal import markdown
from llamora.journal.errors import NotFound
from llamora.journal.reading import Reading
from llamora.journal.summaries import Summary
from llamora.journal.writing import Entry, Response
from llamora.journal.writing import Kind as WritingKind
from llamora.vault import Locked

if TYPE_CHECKING:
    from llamora.search.nearby import Stretch

log = logging.getLogger("llamora.companion")

T = TypeVar("T")

SILENCE = timedelta(seconds=15)
"""A response whose writer has not been heard of for this long is nobody's any more."""
FOLLOW_SECONDS = 0.5
KEPT_ENDED = 50
SYSTEM_SHARE = 3
"""In a window that the instructions would fill to more than one part in three, they are short."""
COUNT_MARGIN = 1.05
"""What is left of a counted context may have more tokens to a letter than the whole."""
MOST_ATTACHED = 8
"""Traces attached to one answer."""


class TooMany(Exception):
    def __init__(self) -> None:
        super().__init__("The companion is still answering you. Wait a little, or stop it first.")


class KeptBack(Exception):
    """The entry may not be told to a model."""

    def __init__(self, *, known: bool) -> None:
        super().__init__(
            "You keep this entry from the model, so the model is not asked about it."
            if known
            else "What you keep from the model cannot be opened, so the model is asked nothing."
        )


@dataclass(frozen=True)
class CompanionLimits:
    """How many answers at once, and how long one may grow."""

    generations: int = 2
    response_bytes: int = 262_144
    reply_tokens: int = 1024


class Companion:
    """Answers entries of one journal. `model` is None when none is configured: Echo answers."""

    def __init__(
        self,
        sources: Sources,
        model: Model | None,
        prompts: Prompts,
        limits: CompanionLimits,
    ) -> None:
        self._sources = sources
        self._journal = sources.journal
        self._resting = Resting(sources.journal, sources.traces)
        self._suggestions = TraceSuggestions(sources, model, prompts)
        self._summaries = TraceSummaries(sources, model, prompts)
        self._other_words = OtherWords(sources, model, prompts)
        self._contexts = Contexts(sources, self._resting, self.summary)
        self._recaps = Recaps(sources, self._resting, model, prompts)
        self.openings = Openings(
            sources, self._resting, model, prompts, give_way=self._recaps.give_way
        )
        self._model = model
        self._prompts = prompts
        self._limits = limits
        self._generations: dict[bytes, Generation[Response]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beginning = asyncio.Lock()
        self._closed = False

    async def respond(self, entry_id: bytes, key: str, attached: Sequence[bytes] = ()) -> Response:
        """Begins an answer to an entry; the same key again gives back the one that was begun.

        The traces attached to it are read with the entry, and stay beside the answer: the first
        eight that there are.

        Raises:
            NotFound: the entry is gone.
            KeptBack: there is a model, and the diarist keeps the entry from it.
            TooMany: as many answers as are allowed are being written already.
            Locked: the companion was closed.
        """
        # In a task of its own: a reader who leaves now must not leave a response behind that was
        # begun and that nobody writes.
        return await asyncio.shield(
            self._held(asyncio.create_task(self._begin_in_turn(entry_id, key, attached)))
        )

    async def _begin_in_turn(
        self, entry_id: bytes, key: str, attached: Sequence[bytes]
    ) -> Response:
        # One at a time: a second press must find what the first began, and be counted after it.
        async with self._beginning:
            if self._closed:
                raise Locked
            return await self._begin(entry_id, key, attached)

    def _id_of(self, asked: str) -> bytes:
        """The id of the response to what was asked, which may have been begun under another key."""
        id, before = self._journal.vault.place_hashes(asked)
        if before != id and (before in self._generations or self._journal.find(before)):
            return before
        return id

    async def _begin(self, entry_id: bytes, key: str, attached: Sequence[bytes]) -> Response:
        id = self._id_of(f"response:{entry_id.hex()}:{key}")
        if id in self._generations:
            return self._generations[id].response
        if (
            sum(not g.ended.is_set() for g in self._generations.values())
            >= self._limits.generations
        ):
            raise TooMany
        entry = self._journal.entry(entry_id)
        if self._model and not self._sources.may_be_read(entry_id):
            raise KeptBack(known=self._journal.rests.known)
        self._suggestions.give_way()
        self._other_words.give_way()
        self._recaps.give_way()
        now = self._journal.now()
        begun = Response(
            id,
            entry.day,
            1,
            entry_id,
            "",
            now,
            engine="model" if self._model else "echo",
            state="writing",
            beat=now,
        )
        there = (id for id in dict.fromkeys(attached) if self._sources.trace(id))
        known = tuple(islice(there, MOST_ATTACHED))
        # What the model will read is gathered while the file is written: both take their time.
        gathering = asyncio.create_task(self._pieces(entry, known)) if self._model else None
        try:
            response = await self._journal.begin_response(begun, known)
            if response is begun and self._closed:  # while it was begun
                await self._journal.erase_response(id)
                raise Locked
        except BaseException:
            _let_be(gathering)
            raise
        if response is not begun:  # this key was used before, perhaps in another process
            _let_be(gathering)
            return response
        if self._model and gathering:
            source = self._ask(self._model, entry, known, self._held(gathering))
        else:
            source = self._echo(entry, id, carrying(self._sources, known))
        generation = Generation(
            self._journal, response, source, self._journal.now, self._limits.response_bytes
        )
        self._forget_ended()
        self._generations[id] = generation
        self._held(generation.start())
        return response

    @property
    def model(self) -> Model | None:
        """Who answers this account; None is Echo."""
        return self._model

    def generation(self, id: bytes) -> Generation[Response] | None:
        """The answer being written here, or one that ended lately; None when it is not ours."""
        return self._generations.get(id)

    async def follow(self, id: bytes, after: int) -> AsyncIterator[Shown]:
        """What an answer says from here on, until it ends; one that another process writes is
        seen as often as that process seals it.

        Raises:
            NotFound: it was erased.
        """
        generation = self._generations.get(id)
        if generation:
            async for shown in generation.follow(after):
                yield shown
            return
        seen = ""
        while self.is_alive(response := self._journal.response(id)):
            if response.text != seen:
                seen = response.text
                yield Shown(await asyncio.to_thread(markdown.render_said, seen))
            await asyncio.sleep(FOLLOW_SECONDS)

    def is_alive(self, response: Response) -> bool:
        """Whether somebody is still writing this response."""
        if response.state != "writing":
            return False
        generation = self._generations.get(response.id)
        if generation:
            return not generation.ended.is_set()
        return response.beat is not None and self._journal.now() - response.beat < SILENCE

    async def stop(self, id: bytes) -> None:
        """Ends an answer where it is; what was said stays.

        Raises:
            NotFound
        """
        generation = self._generations.get(id)
        if generation:
            await generation.stop()
            return
        response = self._journal.response(id)
        if self.is_alive(response):
            await self._journal.ask_to_stop(id)
            await self._until_ended(id)
        elif response.state == "writing":
            await self.settle(response)

    async def _until_ended(self, id: bytes) -> None:
        """Waits a moment for the process that writes it: it looks for the wish at each seal."""
        with suppress(TimeoutError, NotFound):
            async with asyncio.timeout(SEAL_SECONDS + 1):
                async for _ in self.follow(id, 0):
                    pass

    async def settle(self, response: Response) -> None:
        """Makes a whole of what a crash left: what was said is kept, silence is erased."""
        if response.text.strip():
            await self._journal.end_response(replace(response, state="cut", beat=None))
        else:
            await self._journal.erase_response(response.id)

    async def erase(self, id: bytes) -> None:
        """Takes a response away, stopping it first if it is being written."""
        generation = self._generations.pop(id, None)
        if generation:
            await generation.stop()
        await self._journal.erase_response(id)

    async def suggest_traces(self, entry_id: bytes) -> list[Suggestion]:
        """Up to four traces that might fit an entry, those in use first; often fewer.

        It takes as long as the model does, and at most twenty seconds more than a search. An answer
        that is asked for meanwhile comes first: the model is then asked no further.

        Raises:
            NotFound: the entry is gone.
            Locked
        """
        self._recaps.give_way()
        return await self._suggestions.of(entry_id)

    async def other_words(self, typed: str) -> tuple[str, ...]:
        """Up to twelve words and short phrases that a page may hold instead of what was typed, the
        likeliest first. The model is told what was typed, and nothing of the journal.

        It takes as long as the model does, and at most twenty seconds. An answer that is asked for
        meanwhile comes first.

        Raises:
            Failed: no model is connected, it failed, or it knew none.
            Locked
        """
        self._recaps.give_way()
        return await self._other_words.of(typed)

    def summary(self, trace_id: bytes) -> Summary | None:
        """What was last made of a trace; None when nothing was, or when something that it was made
        from was erased. A stale one is still to be shown until `summarise` has made another."""
        return self._summaries.of(trace_id)

    @property
    def summarises_at_once(self) -> bool:
        """Whether a summary takes a moment only: there is no model to wait for."""
        return self._model is None

    async def summarise(self, trace_id: bytes) -> Summary:
        """The summary of a trace, made now unless there is one that is not stale. Whoever asks
        meanwhile gets the same; it is made and kept though everyone leaves.

        Raises:
            NotFound: no entry carries the trace.
            Failed: nothing could be made; what was there stays.
            Locked
        """
        self._recaps.give_way()
        return await self._summaries.make(trace_id)

    async def recap(self, day: date) -> str:
        """One or two sentences of a day's entries, verbatim, at most 200 characters; "" when the
        day holds none. Raises `Locked`."""
        return await self._recaps.of(day)

    def told(self, day: date) -> str:
        """What a model said that a day held, while that is still so; "" when it said nothing."""
        return self._recaps.told(day)

    def carry_on(self) -> None:
        """Does a little of what nobody waits for, if nobody waits for anything; to be called every
        second or so while the diarist does nothing."""
        busy = any(not g.ended.is_set() for g in self._generations.values())
        if not (busy or self.openings.is_busy or self._summaries.is_busy):
            self._recaps.carry_on()

    async def fall_silent(self) -> None:
        """Stops whatever is asked of the model, each answer sealed as stopped: the diarist wants no
        companion any more."""
        self._suggestions.give_way()
        self._other_words.give_way()
        self._recaps.give_way()
        await self.openings.fall_silent()
        await asyncio.gather(*(g.stop() for g in self._generations.values()))

    async def close(self) -> None:
        """Stops every answer, each sealed as stopped; nothing runs for a locked journal."""
        self._closed = True
        await self._suggestions.close()
        await self._other_words.close()
        await self._summaries.close()
        await self.openings.close()
        await self._recaps.close()
        async with self._beginning:  # who was beginning an answer has seen it, and taken it back
            pass
        await asyncio.gather(*(g.stop() for g in self._generations.values()))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._generations.clear()

    def _attached(self, entry: Entry, traces: Sequence[bytes]) -> list[Attached]:
        """What these traces are just now: they are counted on the loop, and read in a thread."""

        def wanted(id: bytes, _: date) -> bool:
            return self._sources.may_be_read(id)

        return self._traced(entry, traces, ATTACHED, wanted)

    def _own(
        self, entry: Entry, attached: Sequence[bytes], wanted: Callable[[bytes, date], bool]
    ) -> list[Attached]:
        """Likewise what the entry's other traces are, with nothing that is not wanted."""
        own = [trace for trace in self._sources.traces.on(entry.id) if not trace.resting]
        ids = [trace.id for trace in own if trace.id not in attached][:MOST_OWN]
        return self._traced(entry, ids, OWN, wanted)

    def _traced(
        self,
        entry: Entry,
        traces: Sequence[bytes],
        measure: Measure,
        wanted: Callable[[bytes, date], bool],
    ) -> list[Attached]:
        found = (
            Attached.of(self._sources, entry, id, self.summary(id), measure, wanted)
            for id in traces
        )
        return [each for each in found if each]

    async def _ask(
        self,
        model: Model,
        entry: Entry,
        attached: Sequence[bytes],
        gathering: asyncio.Task[list[Piece]],
    ) -> AsyncGenerator[Said, None]:
        """Gathers, asks, and passes on what comes.

        An answer can wait for long. When something that it would read was erased, changed, let rest
        or kept from the model before its turn comes, nothing is sent, and it is gathered anew.
        """
        is_anew = False
        try:
            while True:
                pieces = await gathering
                try:
                    if is_anew:  # search may not know yet what has changed
                        pieces = self._contexts.still(pieces)
                    if not any(piece.kind is Kind.ENTRY for piece in pieces):
                        raise Withdrawn
                    async with aclosing(self._said(model, pieces)) as saying:
                        async for said in saying:
                            yield said
                    return
                except Withdrawn:
                    entry = self._journal.entry(entry.id)
                    if not self._sources.may_be_read(entry.id):
                        raise Failed(str(KeptBack(known=self._journal.rests.known))) from None
                    gathering = self._held(asyncio.create_task(self._pieces(entry, attached)))
                    is_anew = True
        except NotFound:
            raise Failed("The entry was erased before it was answered.") from None
        except ModelError as e:
            log.info("no answer: %s", e)
            raise Failed(e.sentence, e.worth if isinstance(e, Looping) else None) from e

    async def _said(self, model: Model, pieces: Sequence[Piece]) -> AsyncGenerator[Said, None]:
        def may_send() -> bool:
            return len(self._contexts.still(pieces)) == len(pieces)

        async def fitted(window: int, scale: float) -> Prompt[Reading]:
            prompt, is_all = await asyncio.to_thread(self._fitted, model, pieces, window, scale)
            if not is_all and scale == 1:
                # The estimate, which is high, would leave something out: how much is it really?
                if not may_send():
                    raise Withdrawn
                scale = await self._scale(model, pieces)
                if scale < 1:
                    prompt, _ = await asyncio.to_thread(self._fitted, model, pieces, window, scale)
            return prompt

        async with aclosing(said_with_reading(model, fitted, may_send)) as saying:
            async for said in saying:
                yield said

    async def _scale(self, model: Model, pieces: Sequence[Piece]) -> float:
        """How much of the estimate the pieces really are, as the model counts."""
        text = "\n".join(piece.text for piece in pieces)
        return min(1.0, await model.count(text) / max(estimate(text), 1) * COUNT_MARGIN)

    async def _pieces(self, entry: Entry, attached: Sequence[bytes]) -> list[Piece]:
        rested = self._resting.now()

        def wanted(id: bytes, day: date) -> bool:
            return self._sources.may_be_read(id) and rested.may_resurface(id, day)

        chosen, own = self._attached(entry, attached), self._own(entry, attached, wanted)
        return await self._contexts.of(entry, chosen, own, wanted)

    def _fitted(
        self, model: Model, pieces: Sequence[Piece], window: int, scale: float
    ) -> tuple[Prompt[Reading], bool]:
        """The prompt, and whether all of the pieces are in it. Runs in a thread: a long day is
        measured for longer than others may wait."""
        system, reply = self._prompts.system(), self._limits.reply_tokens
        brief = estimate(system.text) * scale > window / SYSTEM_SHARE
        if brief:
            system = self._prompts.system(brief=True)
        fitted = fit([system, *pieces], window=window, reply=reply, scale=scale)
        messages = self._prompts.respond(fitted.pieces, brief=brief)
        reading = reading_of(model, self._prompts, RESPOND, fitted.pieces, fitted.reply)
        prompt = Prompt(messages, fitted.reply, reading)
        return prompt, fitted.pieces[1:] == tuple(pieces)

    async def _echo(self, entry: Entry, id: bytes, among: set[bytes]) -> AsyncGenerator[Said, None]:
        """Quotes from these entries, or from all when there are none or nothing in them is near;
        from none that rests, and none that was quoted last time."""
        avoid = await asyncio.to_thread(self._quoted_last, entry)
        found = await self._near(entry, avoid, among) if among else []
        found = found or await self._near(entry, avoid)
        if not found:
            raise Failed(
                "Nothing else that you wrote on other days is near to this, so there is nothing to"
                " echo."
                if avoid
                else "Nothing that you wrote on other days is near to this, so there is nothing to"
                " echo."
            )
        yield Said(echo.question(id), echo.quotes(found))

    async def _near(
        self, entry: Entry, avoid: frozenset[bytes], among: set[bytes] | None = None
    ) -> "list[Stretch]":
        rested = self._resting.now()

        def wanted(id: bytes, day: date) -> bool:
            return (
                id not in avoid and (among is None or id in among) and rested.may_resurface(id, day)
            )

        return await (await self._sources.search()).nearby(entry, wanted, echo.chosen)

    def _quoted_last(self, entry: Entry) -> frozenset[bytes]:
        """The entries that the last echo quoted: to this entry, and on the last day that has one.
        Runs in a thread."""
        lately = self._journal.thread(entry.id).responses
        avoid = echo.last_quoted(lately)
        days = self._journal.days
        for day in reversed(days.written):
            table = days.table(day)
            if table and any(item.kind is WritingKind.RESPONSE for item in table.items):
                threads = self._journal.read(day)
                found = echo.last_quoted([r for thread in threads for r in thread.responses])
                if found:
                    return avoid | found
        return avoid

    def _held(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """The loop itself forgets a task that nobody holds."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget_ended(self) -> None:
        ended = [id for id, g in self._generations.items() if g.ended.is_set()]
        for id in ended[: max(0, len(ended) - KEPT_ENDED)]:
            del self._generations[id]


def _let_be(gathering: asyncio.Task[list[Piece]] | None) -> None:
    if gathering:
        gathering.cancel()
