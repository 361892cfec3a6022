"""Search in one unlocked journal: find, complete, and keep the index while the journal is open.

What the web and the command line call. Everything slow happens in one of this search's two threads,
that of the index or that of whoever asks, never on the event loop.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from llamora.journal.journal import Journal
from llamora.search.completing import complete
from llamora.search.embedders import Embedders
from llamora.search.find import Finder, Found, Ranking
from llamora.search.follow import Follower, Progress
from llamora.search.query import Query, parse
from llamora.search.recent import Recent
from llamora.search.wordllama import is_common
from llamora.search.words import forget
from llamora.storage import Store, StoreError
from llamora.storage.ledger import Gone, Stale
from llamora.vault import Locked

log = logging.getLogger("llamora.search")

TICK_SECONDS = 0.2
"""How often it is looked whether anything was written, here or in another process."""
NEWEST_SECONDS = 0.3
"""How long a search waits at most for what was written just before it ..."""
FIRST_SECONDS = 3.0
"""... and the first one after unlocking, when the embedder may have to be loaded for that."""
AGAIN_SECONDS = 5.0
"""How long after a failure, such as a full disk, it is tried again."""
TEND_SECONDS = 30.0
"""How often the index is put in order."""
THOROUGH_SECONDS = 300.0
"""How often what was erased or revised is also taken out of the sealed segments."""
BEHIND = "Not everything that was written is read in yet; search again in a moment."
CLOSE_SECONDS = 0.5
"""How long locking waits for the index at most."""
KEPT_RANKINGS = 4
PAGE = 10

T = TypeVar("T")


class Search:
    """Finds in one journal. Made when it is unlocked, closed before its vault is wiped.

    `language` is "auto" or two letters of one that has a stemmer.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        embedders: Embedders,
        recent: Recent,
        language: str = "auto",
    ) -> None:
        self._journal = journal
        self._embedders = embedders
        self.recent = recent
        """The searches that are remembered."""
        self._make = lambda: Follower(store, journal, embedders, language)
        self._follower = self._make()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        # One of its own: in a pool's many threads the allocator would keep memory for each.
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="search-asks")
        self._loaded = asyncio.Event()
        self._wanted = asyncio.Event()
        self._hurry = asyncio.Event()
        self._closed = False
        self._caught_up = False
        self._task: asyncio.Task[None] | None = None
        self._rankings: dict[tuple[Any, ...], Ranking] = {}
        self.used_at = 0.0
        """The loop's time of the last search here."""

    # Finding

    async def find(
        self, typed: str, *, offset: int = 0, limit: int = PAGE, read_dates: bool = True
    ) -> Found:
        """What answers the typed text, best first. Waits until the index is loaded, and a moment
        for what is new; not until it has taken in all of a large import.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        query = parse(typed, self._journal.today(), read_dates=read_dates)
        await self.loaded()
        follower = self._follower  # though it be dropped for the memory it takes meanwhile
        await self._newest()
        found = await self._ask(partial(self._find, follower, query, offset, limit))
        if follower.is_behind() and not self.progress:
            found = replace(found, notes=(*found.notes, BEHIND))
        return found

    async def _newest(self) -> None:
        """Waits a moment while the index is behind the journal, unless it is far behind."""
        with suppress(TimeoutError):
            async with asyncio.timeout(NEWEST_SECONDS if self._caught_up else FIRST_SECONDS):
                while self._follower.is_behind() and not (self._closed or self.progress):
                    self._hurry.set()
                    await asyncio.sleep(NEWEST_SECONDS / 20)

    async def complete(self, typed: str, limit: int = 6) -> list[str]:
        """What the last word of the typed text may become: the diarist's own words, the ones
        written most often first."""
        await self.loaded()
        return await self._ask(partial(complete, self._follower.shelf, typed, limit))

    async def _ask(self, job: Callable[[], T]) -> T:
        try:
            return await asyncio.wrap_future(self._asking.submit(job))
        except (RuntimeError, asyncio.CancelledError):
            if self._closed:  # while it was waiting
                raise Locked from None
            raise

    def _find(self, follower: Follower, query: Query, offset: int, limit: int) -> Found:
        shelf, lexicon = follower.shelf, follower.lexicon
        finder = Finder(self._journal, shelf, lexicon, self._embedders)
        key = (query, id(shelf))
        ranking = self._rankings.get(key)
        if ranking is None:
            ranking = finder.ranking(query)
            kept = [*self._rankings.items(), (key, ranking)][-KEPT_RANKINGS:]
            # A ranking holds its shelf; an old one would hold whole segments that were replaced.
            self._rankings = {k: one for k, one in kept if one.shelf is shelf and one.is_final}
        found = finder.page(query, ranking, offset, limit)
        trouble = follower.trouble
        if trouble and trouble not in found.notes:
            found = replace(found, notes=(*found.notes, trouble))
        return found

    # The index

    @property
    def progress(self) -> Progress | None:
        """How far the index has come, while it is catching up with much."""
        return self._follower.progress

    @property
    def nbytes(self) -> int:
        """What the index takes in memory."""
        lexicon = self._follower.lexicon
        return self._follower.shelf.nbytes + (lexicon.vectors.nbytes if lexicon else 0)

    @property
    def is_loaded(self) -> bool:
        return self._loaded.is_set()

    @property
    def has_begun(self) -> bool:
        """Whether the index is, or was, loaded and followed."""
        return self._task is not None

    def begin(self) -> None:
        """Loads the index and follows the journal from now on, in the background."""
        if self._closed:
            raise Locked
        self.used_at = asyncio.get_running_loop().time()
        self._wanted.set()
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    async def loaded(self) -> None:
        """Waits until there is an index to search in.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        self.begin()
        assert self._task is not None
        if not self._loaded.is_set():
            waiting = asyncio.create_task(self._loaded.wait())
            await asyncio.wait((waiting, self._task), return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
        if not self._loaded.is_set():
            raise Locked

    async def whole(self) -> None:
        """Waits until the index holds everything written so far, embedded as the settings say."""
        await self._in_thread(self._catch_up_wholly)
        self._loaded.set()

    def unload(self) -> None:
        """Lets the index go until the next search; nothing is followed meanwhile."""
        if self._loaded.is_set():
            self._loaded.clear()
            self._wanted.clear()
            self._rankings.clear()
            self._follower = self._make()

    async def close(self) -> None:
        """Ends what runs. A batch is waited for, but not a model that does not answer: what its
        thread would still write, the wiped vault refuses."""
        if self._closed:
            return
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        idle = asyncio.wrap_future(self._thread.submit(lambda: None))
        self._thread.shutdown(wait=False)
        self._asking.shutdown(wait=False, cancel_futures=True)
        await asyncio.wait((idle,), timeout=CLOSE_SECONDS)
        self._rankings.clear()
        self._follower = self._make()
        self._loaded.clear()
        forget()
        is_common.cache_clear()

    async def _follow(self) -> None:
        """The background task: load, catch up, tend, and wait for the next change."""
        loop = asyncio.get_running_loop()
        # Thoroughly soon after unlocking, too: who never stays long erases things as well.
        tend_at, thorough_at = loop.time(), loop.time() + TEND_SECONDS
        while True:
            await self._wanted.wait()
            follower, pause = self._follower, TICK_SECONDS
            try:
                if not self._loaded.is_set():
                    await self._in_thread(follower.load)
                    self._loaded.set()
                    await self._in_thread(follower.learn)
                if follower.is_behind():
                    await self._in_thread(partial(follower.catch_up, lambda: self._closed))
                self._caught_up = True
                if loop.time() >= tend_at:
                    thoroughly = loop.time() >= thorough_at
                    through = await self._in_thread(
                        partial(follower.tend, self._is_disturbed, thoroughly=thoroughly)
                    )
                    tend_at = loop.time() + (TEND_SECONDS if through else 0)
                    thorough_at = loop.time() + THOROUGH_SECONDS if thoroughly else thorough_at
            except (Locked, Gone, Stale):
                return  # locked, erased or re-keyed elsewhere: this vault has nothing to follow
            except StoreError as e:
                log.warning("the index could not follow: %s", type(e).__name__)
                pause = AGAIN_SECONDS
            except Exception as e:  # noqa: BLE001 - one bad turn must not end the following
                log.error("the index could not follow: %s", type(e).__name__)
                pause = AGAIN_SECONDS
            if pause == TICK_SECONDS:
                self._hurry.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurry.wait(), pause)
            else:
                await asyncio.sleep(pause)

    def _catch_up_wholly(self) -> None:
        if not self._loaded.is_set():
            self._follower.load()
        self._follower.catch_up(lambda: self._closed)
        self._follower.tend(lambda: self._closed)

    def _is_disturbed(self) -> bool:
        """Whether something more urgent than tending waits."""
        return self._closed or self._follower.is_behind()

    async def _in_thread(self, job: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, job)
