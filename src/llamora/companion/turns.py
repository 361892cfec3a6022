"""One queue before a model: so many answers at once, and fair turns between accounts.

Who waits is let in account by account, each in the order it asked. So one account that asks for
much keeps no other waiting for longer than one answer of its own.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from llamora.companion.model import Health, MaySend, Message, Model, Schema, Token, always


@dataclass(eq=False)
class _Waiting:
    account: bytes
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    is_in: bool = False


class Turns:
    """The queue of one model in one process. `places` answers are let in at once."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._queues: dict[bytes, deque[_Waiting]] = {}  # the account whose turn is next is first

    async def take(self, account: bytes) -> AsyncGenerator[int, None]:
        """Says how many are let in before this one, each time that changes, and ends when it is
        in. Closing it early gives the place in the queue up; `give_back` a place that was had."""
        if self._free and not self._queues:
            self._free -= 1
            return
        waiting = _Waiting(account)
        self._queues.setdefault(account, deque()).append(waiting)
        self._tell()
        told = -1
        try:
            while not waiting.is_in:
                waiting.moved.clear()
                if (ahead := self._ahead(waiting)) != told:
                    told = ahead
                    yield ahead
                await waiting.moved.wait()
        except BaseException:
            self._leave(waiting)
            raise

    def give_back(self) -> None:
        """Lets the next one in."""
        self._free += 1
        if not self._queues:
            return
        account, queue = next(iter(self._queues.items()))
        self._free -= 1
        first = queue.popleft()
        first.is_in = True
        first.moved.set()
        del self._queues[account]
        if queue:
            self._queues[account] = queue  # behind all others
        self._tell()

    def _leave(self, waiting: _Waiting) -> None:
        """It does not want to wait any longer, or was let in just now and cannot come."""
        if waiting.is_in:
            self.give_back()
            return
        queue = self._queues[waiting.account]
        queue.remove(waiting)
        if not queue:
            del self._queues[waiting.account]
        self._tell()

    def _tell(self) -> None:
        for queue in self._queues.values():
            for waiting in queue:
                waiting.moved.set()

    def _ahead(self, waiting: _Waiting) -> int:
        """How many come before it, as the queues stand: its own account's before it, and of each
        other as many, or one more where that account's turn is sooner."""
        before = self._queues[waiting.account].index(waiting)
        ahead, is_sooner = before, True
        for account, queue in self._queues.items():
            if account == waiting.account:
                is_sooner = False
            else:
                ahead += min(len(queue), before + int(is_sooner))
        return ahead


class InTurn:
    """A `Model` as one account sees it: each answer waits its turn, and the model's own clocks
    start when that comes. While it waits, tokens without text say how many are `ahead`."""

    def __init__(self, model: Model, turns: Turns, account: bytes) -> None:
        self._model = model
        self._turns = turns
        self._account = account

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self._model.parameters

    async def health(self) -> Health:
        return await self._model.health()

    async def count(self, text: str) -> int:
        return await self._model.count(text)

    async def window(self) -> int:
        return await self._model.window()

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Schema | None = None,
        may_send: MaySend = always,
    ) -> AsyncGenerator[Token, None]:
        async with aclosing(self._turns.take(self._account)) as places:
            async for ahead in places:
                yield Token("", ahead=ahead + 1)  # the one that is being answered counts, too
        try:
            answer = self._model.stream(
                messages, max_tokens=max_tokens, schema=schema, may_send=may_send
            )
            async with aclosing(answer) as tokens:
                async for token in tokens:
                    yield token
        finally:
            self._turns.give_back()
