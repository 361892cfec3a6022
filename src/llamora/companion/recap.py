"""What a day held, in a sentence or two: for a tooltip.

It is told in the day's own sentences at once, by whoever asks. Where there is a model, it says it
in its own words when it has nothing else to do, the newest days first and a few an hour; what it
says is kept sealed on the day, and holds for as long as the entries it is about are what they were.
Nothing that rests is told of, and nothing that is kept from the model is told to it.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from llamora.companion.budget import Kind as Role
from llamora.companion.budget import fit, shortened
from llamora.companion.context import whole as standing
from llamora.companion.given import reading_of
from llamora.companion.model import Model, ModelError, whole
from llamora.companion.prompt import RECAP, Prompts
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.journal.reading import Reading
from llamora.journal.writing import Entry, Kind, Read, Recap
from llamora.kernel import new_id
from llamora.search.sentences import beginning
from llamora.storage import StoreError
from llamora.vault import Locked, Unreadable

if TYPE_CHECKING:
    from llamora.search.central import Sentence

log = logging.getLogger("llamora.companion")

LONGEST = 200
MOST = 2
LOOKED_AT = 6
KEPT = 400
FEWEST_CHARACTERS = 200
"""A day of fewer is told whole by its own sentences; no model is asked about it."""
MOST_ENTRIES = 12
ENTRY_TOKENS = 250
REPLY_TOKENS = 120
LONGEST_TOLD = 300
"""Characters of what a model says."""
AN_HOUR = 20
"""Days that a model is asked about within one."""
QUIET = timedelta(seconds=30)
"""How long the model is left alone after the diarist wanted something of it."""
AFTER_A_FAILURE = timedelta(minutes=10)
LOOKED_THROUGH = 20
"""Days that are looked at in one step for one that has no recap."""


class Recaps:
    """The recaps of one journal. Those in its own sentences are kept in memory for as long as their
    days do not change; those of a model, with their days."""

    def __init__(
        self, sources: Sources, resting: Resting, model: Model | None, prompts: Prompts
    ) -> None:
        self._sources = sources
        self._journal = sources.journal
        self._resting = resting
        self._model = model
        self._prompts = prompts
        self._kept: OrderedDict[tuple[date, Read], str] = OrderedDict()
        self._making: asyncio.Task[None] | None = None
        self._asked: deque[datetime] = deque(maxlen=AN_HOUR)
        self._not_before: datetime | None = None
        self._settled: dict[date, int] = {}
        """Days that are told already, or need not be, each with its row's revision."""
        self._through: tuple[int, date] | None = None
        """The revision of the days, and the day it was, when none was left."""
        self._closed = False

    async def of(self, day: date) -> str:
        """See `Companion.recap`."""
        read = self._readable(day)
        if not read:
            return ""
        key = (day, read)
        if key not in self._kept:
            ids = {id for id, _ in read}
            threads = await asyncio.to_thread(self._journal.read, day)
            texts = [thread.entry.text for thread in threads if thread.entry.id in ids]
            search = await self._sources.search()
            self._kept[key] = recap(await search.central(texts, LOOKED_AT))
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]

    def told(self, day: date) -> str:
        """See `Companion.told`."""
        found = self._journal.recap(day)
        return found.text if found and found.read == self._for_model(day) else ""

    def carry_on(self) -> None:
        """Has the model tell of one more day, unless it is doing so, was wanted for something else
        a moment ago, or has told of enough for this hour."""
        now = self._journal.now()
        if self._model is None or self._closed or self._making:
            return
        if self._not_before and now < self._not_before:
            return
        if len(self._asked) == AN_HOUR and now - self._asked[0] < timedelta(hours=1):
            return
        if day := self._next():
            self._asked.append(now)
            self._making = asyncio.create_task(self._make(self._model, day))
            self._making.add_done_callback(self._made)

    def give_way(self) -> None:
        """The diarist wants the model: it is asked no further, and left alone for a while."""
        self._not_before = self._journal.now() + QUIET
        if self._making:
            self._making.cancel()

    async def close(self) -> None:
        """Nothing is told of a locked journal."""
        self._closed = True
        if self._making:
            self._making.cancel()
            await asyncio.gather(self._making, return_exceptions=True)
        self._kept.clear()
        self._settled.clear()

    def _made(self, task: asyncio.Task[None]) -> None:
        self._making = None
        if not task.cancelled() and (error := task.exception()):
            log.error("no recap: %s", type(error).__name__)
            self._not_before = self._journal.now() + AFTER_A_FAILURE

    def _next(self) -> date | None:
        """The newest day before today that the model has still to tell of."""
        days, today, looked = self._journal.days, self._journal.today(), 0
        if self._through == (days.revision, today):
            return None
        for day in reversed(days.written):
            if day >= today or self._settled.get(day) == self._revision(day):
                continue
            if self._for_model(day) and not self.told(day):
                return day
            self._settled[day] = self._revision(day)
            looked += 1
            if looked == LOOKED_THROUGH:
                return None
        self._through = (days.revision, today)
        return None

    def _revision(self, day: date) -> int:
        table = self._journal.days.table(day)
        return table.revision if table else 0

    async def _make(self, model: Model, day: date) -> None:
        """1. Read the day. 2. Have it told. 3. Keep that, if the day is still what it was."""
        read = self._for_model(day)
        entries = await asyncio.to_thread(self._entries, read)
        if sum(len(entry.text) for entry in entries) >= FEWEST_CHARACTERS:
            try:
                text, reading = await self._ask(model, day, read, entries)
            except ModelError as e:
                log.info("no recap: %s", e)
                self._not_before = self._journal.now() + AFTER_A_FAILURE
                return
            if text:
                now = self._journal.now()
                kept = Recap(new_id(), day, 1, text, now, model.name, read, reading)
                with suppress(StoreError, Unreadable, Locked):
                    await self._journal.keep_recap(kept)
        self._settled[day] = self._revision(day)

    async def _ask(
        self, model: Model, day: date, read: Read, entries: Sequence[Entry]
    ) -> tuple[str, Reading | None]:
        pieces = [
            shortened(standing(Role.TODAY, entry), ENTRY_TOKENS) for entry in entries[:MOST_ENTRIES]
        ]
        system, window = self._prompts.system(RECAP), await model.window()
        fitted = fit([system, *pieces], window=window, reply=REPLY_TOKENS)
        if len(fitted.pieces) == 1:
            return "", None
        reading = reading_of(model, self._prompts, RECAP, fitted.pieces, fitted.reply)
        began = time.monotonic()
        messages = self._prompts.recap(fitted.pieces, day=day)
        said = await whole(
            model,
            messages,
            max_tokens=fitted.reply,
            characters=2 * LONGEST_TOLD,
            may_send=lambda: self._for_model(day) == read,
        )
        reading = replace(reading, seconds=time.monotonic() - began)
        return beginning(" ".join(said.split()), LONGEST_TOLD), reading

    def _readable(self, day: date) -> Read:
        """The day's entries that do not rest, each with its revision."""
        table = self._journal.days.table(day)
        return tuple(
            (item.id, item.revision)
            for item in (table.items if table else ())
            if item.kind is Kind.ENTRY and self._resting.may_resurface(item.id, day)
        )

    def _for_model(self, day: date) -> Read:
        return tuple(one for one in self._readable(day) if self._sources.may_be_read(one[0]))

    def _entries(self, read: Read) -> list[Entry]:
        found: list[Entry] = []
        for id, _ in read:
            with suppress(Unreadable):
                writing = self._journal.find(id)
                if isinstance(writing, Entry):
                    found.append(writing)
        return found


def recap(found: "Sequence[Sentence]") -> str:
    """One or two of the sentences, which are given in the order in which they stand: the
    weightiest that fit into 200 characters, verbatim, or how the weightiest begins; "" when there
    are none."""
    chosen: list[Sentence] = []
    for one in sorted(found, key=lambda one: -one.weight):
        joined = _joined([*chosen, one])
        if len(chosen) < MOST and len(joined) <= LONGEST:
            chosen.append(one)
    if chosen:
        return _joined(chosen)
    longest = max(found, key=lambda one: one.weight, default=None)
    if longest is None:
        return ""
    begun = beginning(longest.text, LONGEST - 1)
    return begun if begun == longest.text else f"{begun}…"


def _joined(chosen: "Sequence[Sentence]") -> str:
    """In the order in which they stand, with a sign for what was left out between them."""
    said = ""
    before: Sentence | None = None
    for one in sorted(chosen, key=lambda one: (one.index, one.start)):
        follows = before and before.index == one.index and one.start - before.end <= 1
        said += (" " if follows else " … ") if before else ""
        said += one.text
        before = one
    return said
