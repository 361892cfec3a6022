"""Search in one unlocked journal: find, complete, and keep the index while the journal is open.

What the web and the command line call. Everything slow happens in one of this search's two threads,
that of the index or that of whoever asks, never on the event loop.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from llamora.journal.journal import Journal
from llamora.journal.writing import Entry
from llamora.search.central import Sentence, central
from llamora.search.completing import complete
from llamora.search.embedders import Embedders
from llamora.search.find import Finder, Found, Ranking
from llamora.search.fitting import near
from llamora.search.follow import Follower, Progress
from llamora.search.index import Shelf
from llamora.search.labels import labels, telling
from llamora.search.nearby import Choose, Near, Stretch, Wanted, nearby, stretches
from llamora.search.other_words import usable
from llamora.search.part import F32
from llamora.search.pictures import picture
from llamora.search.query import Query, parse
from llamora.search.recent import Recent
from llamora.search.traced import NOTHING, Traced
from llamora.search.wordllama import is_common
from llamora.search.words import forget
from llamora.storage import Store, StoreError
from llamora.storage.ledger import Gone, Stale
from llamora.traces.traces import Traces
from llamora.vault import Locked, Unreadable

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
ASKED_CHARACTERS = 8_000
"""So much of an entry says what it is about."""

T = TypeVar("T")


class Search:
    """Finds in one journal. Made when it is unlocked, closed before its vault is wiped.

    `language` is "auto" or two letters of one that has a stemmer. Without `traces` none is found by
    a trace.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        embedders: Embedders,
        recent: Recent,
        language: str = "auto",
        traces: Traces | None = None,
    ) -> None:
        self._journal = journal
        self._traces = traces
        self._traced: tuple[int, Traced] = (-1, NOTHING)
        # Suggestions, completion and attaching ask for the same, one right after the other.
        self._fitting: tuple[tuple[bytes, Traced], list[tuple[bytes, float]]]
        self._fitting = (b"", NOTHING), []
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
        self,
        typed: str,
        *,
        offset: int = 0,
        limit: int = PAGE,
        read_dates: bool = True,
        others: Sequence[str] = (),
    ) -> Found:
        """What answers the typed text, best first; `others` are words that the page may hold
        instead of those typed. Waits until the index is loaded, and a moment for what is new; not
        until it has taken in all of a large import.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        query = parse(typed, self._journal.today(), read_dates=read_dates)
        query = replace(query, others=usable(others, query.words))
        await self.loaded()
        follower = self._follower  # though it be dropped for the memory it takes meanwhile
        await self._newest()
        asked = partial(self._find, follower, self._traced_now(), query, offset, limit)
        found = await self._ask(asked)
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

    async def language(self) -> str:
        """The two letters of the language that most of the journal is in; "" while it is empty.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        return next(iter(self._follower.shelf.languages), "")

    async def complete(self, typed: str, limit: int = 6) -> list[str]:
        """What the last word of the typed text may become: the diarist's own words, the ones
        written most often first."""
        await self.loaded()
        shelf = self._follower.shelf
        return await self._ask(partial(complete, shelf, typed, limit, self._traced_now()))

    # What texts are about

    async def phrases(self, text: str, limit: int) -> list[str]:
        """The words, names and two-word phrases of a text that would label it best, in small
        letters, the best first; none for a text that says nothing.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        follower = self._follower
        return await self._ask(
            lambda: labels(text, follower.shelf, self._built_in(text), limit, self._text)
        )

    async def emoji_for(self, text: str) -> str | None:
        """The emoji that pictures best what an English text is about; None when none does.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        shelf = self._follower.shelf
        return await self._ask(lambda: picture(telling(text, shelf, self._built_in(text))))

    async def central(self, texts: Sequence[str], limit: int) -> list[Sentence]:
        """The sentences that say most of what these texts say, word for word, in the order in
        which they stand.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        shelf, embedder = self._follower.shelf, self._embedders.built_in
        return await self._ask(partial(central, texts, shelf, embedder, limit))

    async def near_traces(self, entry: bytes, limit: int) -> list[tuple[bytes, float]]:
        """The traces that fit an entry best, the closest first, and how close each is: about 1 for
        one that its words or its likes nearly always carry. Not those it carries, nor resting ones;
        none when the entry is gone.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        await self._newest()
        shelf, traced = self._follower.shelf, self._traced_now()
        return await self._ask(partial(self._near_traces, shelf, traced, entry, limit))

    def _near_traces(
        self, shelf: Shelf, traced: Traced, entry: bytes, limit: int
    ) -> list[tuple[bytes, float]]:
        known_of, known = self._fitting
        if known_of == (entry, traced):
            return known[:limit]
        text = self._text(entry)
        if not text or not shelf.writings:
            return []
        (number,) = shelf.numbers([entry]).tolist()
        is_here = number >= 0
        made = self._embedders.built_in
        vectors = shelf.vectors_of(number) if is_here else {made.name: made.query(text)}
        own = traced.of.get(entry, ())
        found = near(shelf, traced, text, vectors, number if is_here else None, own)
        if is_here:
            self._fitting = (entry, traced), found
        return found[:limit]

    async def nearby(
        self, entry: Entry, wanted: Wanted, choose: Choose, *, newest: bool = True
    ) -> list[Stretch]:
        """A few sentences of each chosen entry of another day that is near to this one, by meaning
        and by words, in the order chosen. Both functions are called in another thread. For whoever
        is in a hurry, without a wait for what was written since the index was once complete.

        Raises:
            Locked: the journal was locked meanwhile.
        """
        await self.loaded()
        if newest or not self._caught_up:
            await self._newest()
        shelf = self._follower.shelf
        return await self._ask(partial(self._nearby, shelf, entry, wanted, choose))

    def _nearby(self, shelf: Shelf, entry: Entry, wanted: Wanted, choose: Choose) -> list[Stretch]:
        embedder = self._embedders.built_in
        (number,) = shelf.numbers([entry.id]).tolist()
        vectors = shelf.vectors_of(number) if number >= 0 else {}
        like = vectors.get(embedder.name)
        if like is None:
            like = embedder.query(entry.text[:ASKED_CHARACTERS])
            vectors = vectors or {embedder.name: like}
        found, weights = nearby(shelf, entry, vectors, wanted)
        read: list[tuple[Near, Entry]] = []
        for one in choose(found):
            with suppress(Unreadable):
                writing = self._journal.find(one.entry)
                if isinstance(writing, Entry) and writing.day == one.day:
                    read.append((one, writing))
        return stretches(read, weights, shelf.languages, embedder, like)

    def _built_in(self, text: str) -> F32:
        return self._embedders.built_in.query(text)

    def _text(self, id: bytes) -> str | None:
        try:
            writing = self._journal.find(id)
        except Unreadable:
            return None
        return writing.text if writing else None

    async def _ask(self, job: Callable[[], T]) -> T:
        try:
            return await asyncio.wrap_future(self._asking.submit(job))
        except (RuntimeError, asyncio.CancelledError):
            if self._closed:  # while it was waiting
                raise Locked from None
            raise

    def _traced_now(self) -> Traced:
        """The journal's traces, asked anew when anything was changed. On the event loop only."""
        seen, traced = self._traced
        if self._traces is not None and seen != self._journal.seen:
            traced = Traced.by(self._traces)
            self._traced = self._journal.seen, traced
        return traced

    def _find(
        self, follower: Follower, traced: Traced, query: Query, offset: int, limit: int
    ) -> Found:
        shelf, lexicon = follower.shelf, follower.lexicon
        finder = Finder(self._journal, shelf, lexicon, self._embedders, traced=traced)
        key = (query, id(shelf), traced)
        ranking = self._rankings.get(key)
        if ranking is None:
            ranking = finder.ranking(query)
            kept = [*self._rankings.items(), (key, ranking)][-KEPT_RANKINGS:]
            # A ranking holds its shelf; an old one would hold whole segments that were replaced.
            self._rankings = {
                k: one for k, one in kept if one.shelf is shelf and k[2] is traced and one.is_final
            }
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
            try:
                await asyncio.wait((waiting, self._task), return_when=asyncio.FIRST_COMPLETED)
            finally:  # whoever asked may not wait so long
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
        # What is being asked still reads words, and these would stay in the caches cleared below.
        answered = asyncio.ensure_future(
            asyncio.to_thread(self._asking.shutdown, cancel_futures=True)
        )
        await asyncio.wait((idle, answered), timeout=CLOSE_SECONDS)
        self._rankings.clear()
        self._traced = (-1, NOTHING)
        self._fitting = (b"", NOTHING), []
        self._traces = None
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
                # Not `wait_for`: on Python 3.11 it loses a cancellation that comes with the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._hurry.wait()
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
