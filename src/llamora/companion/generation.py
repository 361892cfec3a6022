"""A response while it is being written: many may read, it survives them all, and every two seconds
it is sealed, so that a crash keeps what was said.

A generation belongs to the unlocked journal, not to the request that asked for it.
"""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePath
from typing import Generic, TypeVar

from llamora.journal.growing import Growing
from llamora.journal.journal import Journal
from llamora.journal.reading import Reading
from llamora.journal.writing import Opening, Quote, Response
from llamora.storage import StoreError
from llamora.vault import Locked

log = logging.getLogger("llamora.companion")

SEAL_SECONDS = 2.0
SEAL_BYTES = 2048
JOIN_SECONDS = 0.04
RENDER_SHARE = 10
"""Rendering takes at most one part in ten of the time, however slow the machine."""


S = TypeVar("S", Response, Opening)


class Failed(Exception):
    """The answer ended before it was whole; `sentence` is for the page. Of what was said, so many
    characters are kept where not all of it is `worth` that."""

    def __init__(self, sentence: str, worth: int | None = None) -> None:
        self.sentence = sentence
        self.worth = worth
        super().__init__(sentence)


@dataclass(frozen=True)
class Said:
    """A piece of an answer: text, or passages quoted whole; or how many come before it, while it
    waits for its turn. And what it is made from, said once before it begins and once more, with
    its cost, at its end. With `anew` what was said before was none of the answer."""

    text: str = ""
    quotes: tuple[Quote, ...] = ()
    model: str = ""
    reading: Reading | None = None
    ahead: int | None = None
    anew: bool = False


@dataclass(frozen=True)
class Shown:
    """What a reader is sent: a settled stretch of HTML with its number, or the unfinished tail; or,
    while not a word is said, how many answers come before this one; or, with `anew`, that all
    which was sent before is to be taken off the page."""

    html: str
    number: int | None = None
    ahead: int | None = None
    anew: bool = False


class Generation(Generic[S]):
    """One response, or opening, being written. Made and started by the companion.

    `source` yields what is said and raises `Failed`. When it is over, `response` is the whole
    one and `sentence` says what went wrong, if anything did.
    """

    def __init__(
        self,
        journal: Journal,
        response: S,
        source: AsyncGenerator[Said, None],
        now: Callable[[], datetime],
        limit_bytes: int,
    ) -> None:
        self.response: S = response
        self.sentence = ""
        self.ended = asyncio.Event()
        self._journal = journal
        self._source = source
        self._now = now
        self._limit = limit_bytes
        self._parts: list[str] = []
        self._unread = 0  # parts before this index have been rendered
        self._bytes = 0
        self._sealed_bytes = 0
        self._growing = Growing()
        self._start = 0  # how often it began anew
        self._settled: list[str] = []
        self._tail = ""
        self._ahead: int | None = None
        self._version = 0
        self._fresh = asyncio.Event()
        self._due = asyncio.Event()
        self._shown = asyncio.Condition()
        self._pump: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def text(self) -> str:
        """What has been said so far."""
        return "".join(self._parts)

    @property
    def html(self) -> str:
        """What has been said so far and is rendered already, as readers have it."""
        return "".join(self._settled) + self._tail

    def start(self) -> asyncio.Task[None]:
        """The task that writes to the end, whatever happens."""
        return asyncio.create_task(self._run(), name="generation")

    async def stop(self) -> None:
        """Ends it here, keeps what was said, and returns when that is sealed."""
        self._stopped = True
        if self._pump is not None:
            self._pump.cancel()
        await self.ended.wait()

    async def follow(self, after: int) -> AsyncIterator[Shown]:
        """What has been said since settled stretch `after`, and what is said from now on."""
        seen, version, start = after, -1, self._start
        while True:
            # A reader may take its time: what it is sent belongs together, whatever came since.
            settled, tail, now = list(self._settled), self._tail, self._version
            if start != self._start or seen > len(settled):
                seen, start = 0, self._start
                yield Shown("", anew=True)
            for number in range(seen, len(settled)):
                yield Shown(settled[number], number + 1)
            seen = len(settled)
            if version != now:
                version = now
                yield Shown(tail, ahead=None if self._parts else self._ahead)
            if self.ended.is_set() and version == self._version:
                return
            async with self._shown:
                if version == self._version and not self.ended.is_set():
                    await self._shown.wait()

    async def _run(self) -> None:
        render = asyncio.create_task(self._render())
        keep = asyncio.create_task(self._keep())
        self._pump = asyncio.create_task(self._take())
        if self._stopped:
            self._pump.cancel()
        state = "done"
        try:
            await self._pump
        except asyncio.CancelledError:
            state = "stopped"
        except Failed as e:
            state, self.sentence = "cut", e.sentence
            self._parts = [self.text[: e.worth].rstrip()] if e.worth is not None else self._parts
        except Exception as e:  # noqa: BLE001 - asyncio would print the message
            _say_where("An answer broke off", e)
            state, self.sentence = "cut", "Something went wrong here, so the answer ends early."
        finally:
            for task in (render, keep):
                task.cancel()
            await asyncio.gather(render, keep, return_exceptions=True)
            try:
                with suppress(StoreError, Locked):
                    await self._seal_last(state)
            except Exception as e:  # noqa: BLE001 - what was sealed last stands, and reads as cut
                _say_where("An answer could not be sealed", e)
            finally:
                self.ended.set()
                async with self._shown:
                    self._shown.notify_all()

    async def _take(self) -> None:
        async with aclosing(self._source) as source:
            async for said in source:
                self._hear(said)
                if said.ahead is not None and said.ahead != self._ahead:
                    self._ahead = said.ahead
                    self._version += 1
                    async with self._shown:
                        self._shown.notify_all()

    def _hear(self, said: Said) -> None:
        if said.model and not self.response.model:
            self.response = replace(self.response, model=said.model)
        if said.reading:
            self.response = replace(self.response, reading=said.reading)
        if said.quotes:
            self.response = replace(self.response, quotes=said.quotes)
        if said.anew:
            self._begin_anew()
        if said.text:
            self._parts.append(said.text)
            self._bytes += len(said.text.encode())
            self._fresh.set()
            if self._bytes - self._sealed_bytes >= SEAL_BYTES:
                self._due.set()
            if self._bytes > self._limit:
                raise Failed("The answer grew longer than an answer may be, so it ends here.")

    def _begin_anew(self) -> None:
        """Forgets what was said; what is sealed of it is replaced by the next seal."""
        self._parts, self._settled, self._tail = [], [], ""
        self._growing = Growing()
        self._unread = self._bytes = self._sealed_bytes = 0
        self._start += 1
        self._version += 1
        self._fresh.set()
        self._due.set()

    async def _render(self) -> None:
        """Joins what came for a moment, renders it once for all readers, and tells them.

        Should that ever fail, readers wait for the whole answer, which is rendered anew.
        """
        try:
            while True:
                await self._fresh.wait()
                self._fresh.clear()
                began = time.perf_counter()
                await self._show()
                async with self._shown:
                    self._shown.notify_all()
                cost = time.perf_counter() - began
                await asyncio.sleep(max(JOIN_SECONDS, RENDER_SHARE * cost))
        except Exception as e:  # noqa: BLE001 - the answer itself goes on
            _say_where("An answer is not shown as it grows", e)

    async def _show(self) -> None:
        """Renders in a thread, since nobody knows what a model writes; readers see both halves
        change at once."""
        text, start = "".join(self._parts[self._unread :]), self._start
        self._unread = len(self._parts)
        settled, tail = await asyncio.to_thread(_grown, self._growing, text)
        if start != self._start:
            return  # it began anew meanwhile
        if settled:
            self._settled.append(settled)
        self._tail = tail
        self._version += 1

    async def _keep(self) -> None:
        """Seals every two seconds or 2 KiB; the beat tells other processes that we live."""
        while True:
            # Not `wait_for`, which on Python 3.11 loses a cancellation that comes with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(SEAL_SECONDS):
                    await self._due.wait()
            self._due.clear()
            self._sealed_bytes = self._bytes
            growing = replace(self.response, text=self.text, beat=self._now())
            try:
                wanted = await self._journal.grow_response(growing)
            except StoreError:
                continue  # a full disk must not end the answer; the next seal may succeed
            except Locked:
                return
            except Exception as e:  # noqa: BLE001 - nor may anything else end it
                _say_where("An answer was not sealed", e)
                continue
            if not wanted and self._pump is not None:
                self._pump.cancel()

    async def _seal_last(self, state: str) -> None:
        text = self.text
        self.response = replace(self.response, text=text, state=state, beat=None)
        if text.strip() or self.response.quotes:
            await self._journal.end_response(self.response)
        else:  # a failure is never stored as a writing, nor is silence
            await self._journal.erase_response(self.response.id)
            self.response = replace(self.response, state="failed")
            if not self.sentence:
                self.sentence = (
                    "You stopped it before a word was said."
                    if state == "stopped"
                    else "The companion had nothing to say."
                )


def _grown(growing: Growing, text: str) -> tuple[str, str]:
    return growing.feed(text), growing.tail()


def _say_where(what: str, error: Exception) -> None:
    """Logs an error's type and place, never its message, in which the diarist's words may stand."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    log.error("%s: %s at %s", what, type(error).__name__, place)
