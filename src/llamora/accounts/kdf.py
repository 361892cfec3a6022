"""Where password derivations run: few at once, a short queue, and no more.

Each takes half a second and 128 MiB, so their number is what bounds the server's memory.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from llamora.accounts.errors import TooBusy

T = TypeVar("T")
RETRY_AFTER = 5  # seconds; a full queue takes about four


class Kdf:
    """Runs derivations in threads of its own, `at_once`, with at most `waiting` in the queue."""

    def __init__(self, at_once: int = 2, waiting: int = 8) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="kdf")
        self._most = at_once + waiting
        self._inside = 0
        self._counting = threading.Lock()

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns. A caller who goes away while it waits gives up their place;
        one who goes away while it runs keeps the place taken until it ends.

        Raises:
            TooBusy: the queue is full, or the machine lacks the memory.
        """
        with self._counting:
            if self._inside >= self._most:
                raise TooBusy(RETRY_AFTER)
            self._inside += 1
        job = self._threads.submit(work)
        job.add_done_callback(lambda done: self._leave())
        try:
            return await asyncio.wrap_future(job)
        except MemoryError as e:
            raise TooBusy(RETRY_AFTER) from e

    def close(self) -> None:
        """Ends the threads once they are done; those who wait are turned away."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        with self._counting:
            self._inside -= 1
