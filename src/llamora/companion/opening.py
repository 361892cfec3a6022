"""The opening of a day: what the days before it left open, said once, quietly, and kept.

A model says it in one to three sentences; without one it is the most central sentences of the last
written day, the diarist's own. It reads nothing that rests, and for a model nothing that is kept
from it. A day has one opening, however many pages, tabs and processes ask for it; one that was let
rest is not made again unless the diarist asks.
"""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from llamora.companion.asking import Prompt
from llamora.companion.budget import Fitted, Piece, fit, shortened
from llamora.companion.budget import Kind as Role
from llamora.companion.context import whole
from llamora.companion.generation import SEAL_SECONDS, Failed, Generation, Said, Shown
from llamora.companion.given import reading_of, said_with_reading
from llamora.companion.model import Looping, Model, ModelError
from llamora.companion.prompt import OPENING, Prompts
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.journal import markdown
from llamora.journal.reading import Reading
from llamora.journal.writing import Entry, Kind, Opening, Quote
from llamora.kernel import new_id
from llamora.search.sentences import beginning
from llamora.storage import StoreError
from llamora.vault import Locked, Unreadable

if TYPE_CHECKING:
    from llamora.search.central import Sentence

log = logging.getLogger("llamora.companion")

SILENCE_DAYS = 7
"""After more days than these without a word, a day is opened as a return."""
RECENT_DAYS = 3
"""Written days that are read besides the last one."""
LOOKED_BACK = 30
"""Written days that are looked through for these: some may rest."""
LAST_DAY_ENTRIES = 6
RECENT_ENTRIES = 2
"""How many entries of such a day are read, its latest."""
LAST_DAY_TOKENS = 250
RECENT_TOKENS = 100
LEAST_TOKENS = 48
"""How much of an entry is read."""
REPLY_TOKENS = 200
OPENING_BYTES = 4_096
QUOTED_FROM = 20
"""Entries of the last day among whose sentences is chosen."""
QUOTED_CHARACTERS = 20_000
LOOKED_AT = 6
MOST_QUOTES = 2
QUOTES_LONG = 320
"""Characters of all quotes together."""
MOST_OPEN = 2
OPEN_LONG = 120
"""Tasks that the last day left open are quoted besides: so many, and so much of each ..."""
BOX = "\u2610 "
"""... behind an empty box, as it stands on the page."""
SILENCE = timedelta(seconds=15)
"""An opening whose writer has not been heard of for this long is nobody's any more."""
FOLLOW_SECONDS = 0.5
KEPT_ENDED = 8

_task = re.compile(
    r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[([ xX])\][ \t]+(\S.*?)[ \t]*$", re.MULTILINE
)

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """An entry that an opening may draw on."""

    day: date
    entry: bytes
    revision: int


class Openings:
    """The openings of one journal's days. `model` is None when none is configured; `give_way` is
    called when it is wanted."""

    def __init__(
        self,
        sources: Sources,
        resting: Resting,
        model: Model | None,
        prompts: Prompts,
        give_way: Callable[[], None],
    ) -> None:
        self._sources = sources
        self._journal = sources.journal
        self._resting = resting
        self._model = model
        self._prompts = prompts
        self._give_way = give_way
        self._generations: dict[date, Generation[Opening]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beginning = asyncio.Lock()
        self._closed = False

    # What there is

    def of(self, day: date) -> Opening | None:
        """What opens a day, or opened it once; it may still be growing."""
        return self._journal.opening(day)

    def generation(self, day: date) -> Generation[Opening] | None:
        """The one being written here, or that ended lately."""
        return self._generations.get(day)

    def is_alive(self, opening: Opening) -> bool:
        """Whether somebody is still writing it."""
        if opening.state != "writing":
            return False
        generation = self._generations.get(opening.day)
        if generation and generation.response.id == opening.id:
            return not generation.ended.is_set()
        return opening.beat is not None and self._journal.now() - opening.beat < SILENCE

    @property
    def is_busy(self) -> bool:
        """Whether one is being written here."""
        return any(not g.ended.is_set() for g in self._generations.values())

    def could_begin(self, day: date) -> bool:
        """Whether there is anything to open it with. The first day ever, only a model has words."""
        return bool(self._model if self._is_first(day) else self._past(day))

    def has_changed(self, opening: Opening) -> bool:
        """Whether what it drew on is not any more as it was."""
        standing = self._standing(opening)
        return any(
            id not in standing or standing[id].revision != revision for id, revision in opening.read
        )

    def is_withdrawn(self, opening: Opening) -> bool:
        """Whether it speaks of something that was erased, or was let rest or kept from the model
        since: then it is not to be shown."""
        standing = self._standing(opening)
        for id, _ in opening.read:
            if id in standing:
                if not self._may_use(standing[id], told=opening.engine == "model"):
                    return True
            elif self._is_gone(id):
                return True
        return False

    # What is done

    async def begin(self, day: date, in_place_of: bytes | None = None) -> Opening | None:
        """Begins the opening of a day, unless it has one, which is then given back; only that of
        the id `in_place_of` makes room. None when there is nothing to open it with.

        Raises:
            Locked: the companion was closed.
            DayDamaged
        """
        # In a task of its own: who leaves now must not leave one behind that nobody writes.
        return await asyncio.shield(
            self._held(asyncio.create_task(self._begin_in_turn(day, in_place_of)))
        )

    async def follow(self, day: date, after: int) -> AsyncIterator[Shown]:
        """What it says from here on, until it ends; one that another process writes is seen as
        often as that process seals it."""
        generation = self._generations.get(day)
        if generation:
            async for shown in generation.follow(after):
                yield shown
            return
        seen = ""
        while (opening := self.of(day)) and self.is_alive(opening):
            if opening.text != seen:
                seen = opening.text
                yield Shown(await asyncio.to_thread(markdown.render_said, seen))
            await asyncio.sleep(FOLLOW_SECONDS)

    async def stop(self, day: date) -> None:
        """Ends it where it is; what was said stays. Nothing happens where none is being written."""
        generation = self._generations.get(day)
        if generation and not generation.ended.is_set():
            await generation.stop()
            return
        opening = self.of(day)
        if opening is None or opening.state != "writing":
            return
        if not self.is_alive(opening):
            await self._end(opening)
            return
        await self._journal.ask_to_stop(opening.id)
        with suppress(TimeoutError):  # the process that writes it looks for the wish at each seal
            async with asyncio.timeout(SEAL_SECONDS + 1):
                async for _ in self.follow(day, 0):
                    pass

    async def rest(self, day: date) -> None:
        """Takes its words away for good; it is not made again unless the diarist asks."""
        opening = self.of(day)
        if opening is None:
            return
        await self._journal.rest_opening(opening.id)  # first: its writer then leaves it so
        generation = self._generations.pop(day, None)
        if generation:
            await generation.stop()

    async def fall_silent(self) -> None:
        """Stops what is being written, and keeps what was said."""
        await asyncio.gather(*(g.stop() for g in self._generations.values()))

    async def close(self) -> None:
        """Stops what is being written; nothing runs for a locked journal."""
        self._closed = True
        async with self._beginning:
            pass
        await asyncio.gather(*(g.stop() for g in self._generations.values()))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._generations.clear()

    # Below: steps of the above

    async def _begin_in_turn(self, day: date, in_place_of: bytes | None) -> Opening | None:
        async with self._beginning:
            if self._closed:
                raise Locked
            generation = self._generations.get(day)
            if generation and not generation.ended.is_set():
                return generation.response
            self._give_way()
            return await self._begin(day, in_place_of)

    async def _begin(self, day: date, in_place_of: bytes | None) -> Opening | None:
        """1. See what stands. 2. Choose what is drawn on. 3. Put it there, and have it written."""
        before = self.of(day)
        if before and before.id != in_place_of:
            if before.state != "writing" or self.is_alive(before):
                return before
            if before.text.strip():
                return await self._settle(before)
            in_place_of = before.id  # a crash left it without a word
        past = self._past(day)
        told = [source for source in past if self._sources.may_be_read(source.entry)]
        model = self._model if told or self._is_first(day) else None
        if not model and not past:
            return None
        drawn_on = _for_model(told) if model else _to_quote(past)
        now = self._journal.now()
        begun = Opening(
            new_id(),
            day,
            1,
            "",
            now,
            engine="model" if model else "echo",
            state="writing",
            beat=now,
            read=tuple((source.entry, source.revision) for source in drawn_on),
        )
        try:
            opening = await self._journal.begin_opening(begun, in_place_of)
        except Unreadable:
            return None  # one that does not open keeps its place
        if opening is not begun:  # another process was first
            return opening
        if self._closed:  # while it was begun
            await self._journal.erase_response(begun.id)
            raise Locked
        said = self._ask(model, begun, drawn_on) if model else self._quote(drawn_on)
        self._start(begun, said, before)
        return begun

    def _start(
        self, begun: Opening, said: AsyncGenerator[Said, None], before: Opening | None
    ) -> None:
        ended = [day for day, g in self._generations.items() if g.ended.is_set()]
        for day in ended[: max(0, len(ended) - KEPT_ENDED)]:
            del self._generations[day]
        journal = self._journal
        generation = Generation(journal, begun, said, journal.now, OPENING_BYTES)
        self._generations[begun.day] = generation
        self._held(generation.start())
        if before and before.state != "writing":
            self._held(asyncio.create_task(self._put_back(generation, before)))

    async def _put_back(self, generation: Generation[Opening], before: Opening) -> None:
        """Gives a day back the opening it had, when none could be made in its place."""
        await generation.ended.wait()
        if generation.response.state == "failed":
            with suppress(StoreError, Locked):
                await self._journal.begin_opening(replace(before, id=new_id()))

    async def _end(self, opening: Opening) -> None:
        """Keeps what a crash left, or takes it away where no word was said."""
        if opening.text.strip():
            await self._settle(opening)
        else:
            await self._journal.erase_response(opening.id)

    async def _settle(self, opening: Opening) -> Opening:
        """Makes a whole of what a crash left."""
        whole = replace(opening, state="cut", beat=None)
        await self._journal.end_response(whole)
        return whole

    async def _ask(
        self, model: Model, begun: Opening, drawn_on: Sequence[Source]
    ) -> AsyncGenerator[Said, None]:
        day = begun.day
        last = self._journal.days.previous_written(day)
        silence = (day - last).days if last else 0
        moment = "ordinary" if silence <= SILENCE_DAYS else "return"
        pieces = await asyncio.to_thread(self._pieces, drawn_on)

        async def fitted(window: int, scale: float) -> Prompt[Reading]:
            fitting = await asyncio.to_thread(self._fitted, pieces, window, scale)
            messages = self._prompts.opening(
                fitting.pieces, day=day, moment=moment if last else "first", silence=silence
            )
            read = reading_of(model, self._prompts, OPENING, fitting.pieces, fitting.reply)
            return Prompt(messages, fitting.reply, read)

        def may_send() -> bool:
            return not self.has_changed(begun) and not self.is_withdrawn(begun)

        try:
            async with aclosing(said_with_reading(model, fitted, may_send)) as saying:
                async for said in saying:
                    yield said
        except ModelError as e:
            log.info("no opening: %s", e)
            raise Failed(e.sentence, e.worth if isinstance(e, Looping) else None) from e

    def _pieces(self, drawn_on: Sequence[Source]) -> list[Piece]:
        """What a model is told, oldest first: less of what is further away."""
        last = drawn_on[-1].day if drawn_on else None
        return [
            shortened(
                whole(Role.EARLIER, entry), LAST_DAY_TOKENS if entry.day == last else RECENT_TOKENS
            )
            for entry in self._read(drawn_on)
        ]

    def _fitted(self, pieces: Sequence[Piece], window: int, scale: float) -> Fitted:
        """As much as the window holds, and some of the latest entry in any case: a model that is
        told nothing of the days before would make something up."""
        system = self._prompts.system(OPENING)
        fitted = fit([system, *pieces], window=window, reply=REPLY_TOKENS, scale=scale)
        if not pieces or len(fitted.pieces) > 1:
            return fitted
        latest = shortened(pieces[-1], LEAST_TOKENS)
        return replace(fitted, pieces=(system, latest))

    async def _quote(self, drawn_on: Sequence[Source]) -> AsyncGenerator[Said, None]:
        entries = await asyncio.to_thread(self._read, drawn_on)
        if not entries:
            raise Failed("There is nothing to open the day with.")
        search = await self._sources.search()
        texts = [beginning(e.text, QUOTED_CHARACTERS // len(entries)) for e in entries]
        central = central_quotes(entries, await search.central(texts, LOOKED_AT))
        tasks = left_open(entries)
        told = {task.text.removeprefix(BOX) for task in tasks}
        quotes = (*(quote for quote in central if quote.text not in told), *tasks)
        if not quotes:
            raise Failed("There are no sentences to open the day with.")
        yield Said(quotes=quotes)

    def _read(self, drawn_on: Sequence[Source]) -> list[Entry]:
        found: list[Entry] = []
        for source in drawn_on:
            try:
                writing = self._journal.find(source.entry)
            except Unreadable:
                continue
            if isinstance(writing, Entry):
                found.append(writing)
        return found

    def _is_first(self, day: date) -> bool:
        return self._journal.days.previous_written(day) is None

    def _past(self, day: date) -> list[Source]:
        """The entries of the last written day and a few before it, in reading order, without what
        rests."""
        found: list[list[Source]] = []
        for written in self._written_before(day):
            if of_day := [s for s in self._entries(written) if self._may_use(s)]:
                found.append(of_day)
            if len(found) > RECENT_DAYS:
                break
        return [source for of_day in reversed(found) for source in of_day]

    def _written_before(self, day: date) -> list[date]:
        """The latest written days before it, the last one first."""
        found: list[date] = []
        while len(found) < LOOKED_BACK and (before := self._journal.days.previous_written(day)):
            found.append(before)
            day = before
        return found

    def _entries(self, day: date) -> list[Source]:
        table = self._journal.days.table(day)
        items = table.items if table else ()
        return [Source(day, item.id, item.revision) for item in items if item.kind is Kind.ENTRY]

    def _may_use(self, source: Source, *, told: bool = False) -> bool:
        """The one place that says what may be drawn on: not what rests, and for a model (`told`)
        not what is kept from it."""
        may = self._resting.may_resurface(source.entry, source.day)
        return may and (not told or self._sources.may_be_read(source.entry))

    def _standing(self, opening: Opening) -> dict[bytes, Source]:
        """Of what it drew on, that which still stands before it, as it is now."""
        missing = {id for id, _ in opening.read}
        found: dict[bytes, Source] = {}
        for day in self._written_before(opening.day) if missing else ():
            found |= {s.entry: s for s in self._entries(day) if s.entry in missing}
            if len(found) == len(missing):
                break
        return found

    def _is_gone(self, id: bytes) -> bool:
        """Whether there is no such writing; one that does not open is there."""
        try:
            return self._journal.find(id) is None
        except Unreadable:
            return False

    def _held(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """The loop itself forgets a task that nobody holds."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _for_model(past: Sequence[Source]) -> list[Source]:
    """The latest entries of each day, more of the last one."""
    chosen: list[Source] = []
    for day in dict.fromkeys(source.day for source in past):
        most = LAST_DAY_ENTRIES if day == past[-1].day else RECENT_ENTRIES
        chosen += [source for source in past if source.day == day][-most:]
    return chosen


def _to_quote(past: Sequence[Source]) -> list[Source]:
    """The last day's latest entries."""
    return [source for source in past if source.day == past[-1].day][-QUOTED_FROM:]


def central_quotes(entries: Sequence[Entry], found: "Sequence[Sentence]") -> tuple[Quote, ...]:
    """One or two of the weightiest sentences, verbatim, in the order in which they stand."""
    chosen: list[Sentence] = []
    room = QUOTES_LONG
    for one in sorted(found, key=lambda one: -one.weight):
        if len(chosen) < MOST_QUOTES and (len(one.text) <= room or not chosen):
            chosen.append(one)
            room -= len(one.text)
    return tuple(
        Quote(
            entries[one.index].id,
            entries[one.index].day,
            beginning(one.text, QUOTES_LONG),
        )
        for one in sorted(chosen, key=lambda one: (one.index, one.start))
    )


def left_open(entries: Sequence[Entry]) -> tuple[Quote, ...]:
    """The last tasks without a mark in their box, `- [ ] …`, in the order in which they stand; not
    one that is written again below, with a mark."""
    found: dict[str, Quote] = {}
    for entry in entries:
        for mark, task in _task.findall(entry.text):
            found.pop(task, None)
            if mark == " ":
                found[task] = Quote(entry.id, entry.day, BOX + beginning(task, OPEN_LONG))
    return tuple(found.values())[-MOST_OPEN:]
