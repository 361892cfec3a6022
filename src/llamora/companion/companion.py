"""The companion of one unlocked journal: it answers an entry when asked, and only then."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from llamora.companion import echo
from llamora.companion.budget import Kind, Piece, estimate, fit
from llamora.companion.generation import SEAL_SECONDS, Failed, Generation, Said, Shown
from llamora.companion.model import Model, ModelError, Overflow
from llamora.companion.prompt import Prompts
from llamora.journal import markdown
from llamora.journal.errors import NotFound
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry, Response
from llamora.vault import Locked

log = logging.getLogger("llamora.companion")

T = TypeVar("T")

SILENCE = timedelta(seconds=15)
"""A response whose writer has not been heard of for this long is nobody's any more."""
FOLLOW_SECONDS = 0.5
KEPT_ENDED = 50


class TooMany(Exception):
    def __init__(self) -> None:
        super().__init__("The companion is still answering you. Wait a little, or stop it first.")


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
        journal: Journal,
        model: Model | None,
        prompts: Prompts,
        limits: CompanionLimits,
    ) -> None:
        self._journal = journal
        self._model = model
        self._prompts = prompts
        self._limits = limits
        self._generations: dict[bytes, Generation] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beginning = asyncio.Lock()
        self._closed = False

    async def respond(self, entry_id: bytes, key: str) -> Response:
        """Begins an answer to an entry; the same key again gives back the one that was begun.

        Raises:
            NotFound: the entry is gone.
            TooMany: as many answers as are allowed are being written already.
            Locked: the companion was closed.
        """
        # In a task of its own: a reader who leaves now must not leave a response behind that was
        # begun and that nobody writes.
        return await asyncio.shield(
            self._held(asyncio.create_task(self._begin_in_turn(entry_id, key)))
        )

    async def _begin_in_turn(self, entry_id: bytes, key: str) -> Response:
        # One at a time: a second press must find what the first began, and be counted after it.
        async with self._beginning:
            if self._closed:
                raise Locked
            return await self._begin(entry_id, key)

    async def _begin(self, entry_id: bytes, key: str) -> Response:
        id = self._journal.vault.place_hash(f"response:{entry_id.hex()}:{key}")
        if id in self._generations:
            return self._generations[id].response
        if (
            sum(not g.ended.is_set() for g in self._generations.values())
            >= self._limits.generations
        ):
            raise TooMany
        entry = self._journal.entry(entry_id)
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
        response = await self._journal.begin_response(begun)
        if response is not begun:  # this key was used before, perhaps in another process
            return response
        if self._closed:  # while it was begun
            await self._journal.erase_response(id)
            raise Locked
        source = self._ask(self._model, entry) if self._model else self._echo(entry)
        generation = Generation(
            self._journal, response, source, self._journal.now, self._limits.response_bytes
        )
        self._forget_ended()
        self._generations[id] = generation
        self._held(generation.start())
        return response

    def generation(self, id: bytes) -> Generation | None:
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
                yield Shown(await asyncio.to_thread(markdown.render, seen))
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

    async def close(self) -> None:
        """Stops every answer, each sealed as stopped; nothing runs for a locked journal."""
        self._closed = True
        async with self._beginning:  # who was beginning an answer has seen it, and taken it back
            pass
        await asyncio.gather(*(g.stop() for g in self._generations.values()))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._generations.clear()

    async def _ask(self, model: Model, entry: Entry) -> AsyncGenerator[Said, None]:
        """1. Gather the context. 2. Fit it to the model's window. 3. Ask, and pass on what comes.

        A model that says the prompt was too long after all is asked once more with less.
        """
        try:
            pieces = await asyncio.to_thread(self._gather, entry)
            window, scale = await model.window(), 1.0
            while True:
                fitted = fit(pieces, window=window, reply=self._limits.reply_tokens, scale=scale)
                messages = self._prompts.respond(fitted.pieces)
                try:
                    async with aclosing(model.stream(messages, max_tokens=fitted.reply)) as tokens:
                        async for token in tokens:
                            yield Said(token.text, model=model.name)
                    return
                except Overflow as e:
                    if scale > 1:
                        raise
                    window = e.n_ctx or window
                    guessed = sum(estimate(message.text) for message in messages)
                    scale = max(1.25, (e.n_prompt or 0) / max(guessed, 1) * 1.1)
        except ModelError as e:
            log.info("no answer: %s", e)
            raise Failed(e.sentence) from e

    def _gather(self, entry: Entry) -> list[Piece]:
        """The day so far, in reading order, and what was answered to this entry before."""
        pieces = [self._prompts.system()]
        for thread in self._journal.read(entry.day):
            if thread.entry.id != entry.id:
                pieces.append(Piece(Kind.TODAY, thread.entry.text, entry.day))
            pieces += [
                Piece(Kind.TODAY, response.text, entry.day, by="companion")
                for response in thread.responses
                if response.text and response.engine == "model"
            ]
            if thread.entry.id == entry.id:
                break
        return [*pieces, Piece(Kind.ENTRY, entry.text, entry.day)]

    async def _echo(self, entry: Entry) -> AsyncGenerator[Said, None]:
        quotes = await asyncio.to_thread(self._closest, entry)
        if not quotes:
            raise Failed(
                "Nothing you wrote on earlier days shares enough words with this, so there is"
                " nothing to echo."
            )
        yield Said(quotes=tuple(quotes))

    def _closest(self, entry: Entry) -> list[echo.Quote]:
        said: set[str] = set()
        entries: list[Entry] = []
        for day, threads in self._journal.every_day():
            for thread in threads:
                entries.append(thread.entry)
                if day == entry.day:
                    said.update(q.text for r in thread.responses for q in r.quotes)
        return echo.closest(entry, entries, avoid=frozenset(said))

    def _held(self, task: asyncio.Task[T]) -> asyncio.Task[T]:
        """The loop itself forgets a task that nobody holds."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _forget_ended(self) -> None:
        ended = [id for id, g in self._generations.items() if g.ended.is_set()]
        for id in ended[: max(0, len(ended) - KEPT_ENDED)]:
            del self._generations[id]
