"""Where costly work runs: few at once, a short queue, and no more.

A derivation takes half a second and 128 MiB, so their number is what bounds the server's memory.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from llamora.accounts.errors import TooBusy

T = TypeVar("T")
RETRY_AFTER = 5  # seconds; a full queue takes about four


class Workplace:
    """Threads of its own, `at_once`, with at most `waiting` in the queue.

    Modest work has at most one of the threads and half of the queue, and waits until no other
    work does: strangers who ask for it cannot keep out those who are known here.
    """

    def __init__(self, name: str, at_once: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._at_once = at_once
        self._most = at_once + waiting
        self._most_modest = 1 + waiting // 2
        # Not the executor's own queue, which knows no order but that of coming.
        self._waiting: dict[bool, deque[_Job]] = {False: deque(), True: deque()}
        self._running: list[_Job] = []
        self._closed = False
        self._counting = threading.RLock()

    async def run(self, work: Callable[[], T], *, modest: bool = False) -> T:
        """What `work` returns. A caller who goes away while it waits gives up their place;
        one who goes away while it runs keeps the place taken until it ends.

        Raises:
            TooBusy: the queue is full, or the machine lacks the memory.
        """
        job = _Job(work, modest)
        with self._counting:
            if self._closed or self._is_full(modest):
                raise TooBusy(RETRY_AFTER)
            self._waiting[modest].append(job)
            self._start_next()
        job.future.add_done_callback(lambda _: self._leave(job))
        try:
            return await asyncio.wrap_future(job.future)
        except MemoryError as e:
            raise TooBusy(RETRY_AFTER) from e

    def close(self) -> None:
        """Ends the threads once they are done; those who wait are turned away."""
        with self._counting:
            self._closed = True
            waiting = [*self._waiting[False], *self._waiting[True]]
        for job in waiting:
            job.future.cancel()
        self._threads.shutdown(wait=True)

    def _is_full(self, modest: bool) -> bool:
        inside = [*self._running, *self._waiting[False], *self._waiting[True]]
        if modest and sum(job.modest for job in inside) >= self._most_modest:
            return True
        return len(inside) >= self._most

    def _start_next(self) -> None:
        while len(self._running) < self._at_once:
            job = self._next()
            if job is None:
                return
            if job.future.set_running_or_notify_cancel():
                self._running.append(job)
                self._threads.submit(job.do)

    def _next(self) -> "_Job | None":
        if self._waiting[False]:
            return self._waiting[False].popleft()
        if self._waiting[True] and not any(job.modest for job in self._running):
            return self._waiting[True].popleft()
        return None

    def _leave(self, job: "_Job") -> None:
        with self._counting:
            for place in (self._running, self._waiting[job.modest]):
                if job in place:
                    place.remove(job)
            self._start_next()


class _Job:
    """One piece of work, and who waits for it."""

    def __init__(self, work: Callable[[], Any], modest: bool) -> None:
        self.future: Future[Any] = Future()
        self.modest = modest
        self._work = work

    def do(self) -> None:
        try:
            found = self._work()
        except BaseException as e:  # noqa: BLE001 - it belongs to whoever waits, as in a pool
            self.future.set_exception(e)
            del self  # or error and future hold each other, and with them what the work knew
        else:
            self.future.set_result(found)
