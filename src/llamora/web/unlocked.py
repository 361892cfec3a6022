"""Open journals: one per account and process, while at least one of its sessions here lives.

When the last session ends, running answers are sealed, what could be undone is let go, keys are
wiped and all of it is dropped. Nothing runs for a locked journal.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from llamora.accounts import Accounts, Rotation, Session, Sessions, Settings
from llamora.companion.companion import Companion
from llamora.companion.on_this_day import OnThisDay
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.journal.errors import StoreError
from llamora.journal.journal import Journal
from llamora.search.words import forget
from llamora.traces.traces import Traces
from llamora.vault import Locked, Vault

if TYPE_CHECKING:
    from llamora.search.search import Search

IDLE = timedelta(seconds=20)
"""After so long without a request the diarist is taken to wait for nothing."""
RENDERED_BYTES = 16 * 1024 * 1024


class Rendered:
    """HTML of writings by id and revision, the least used dropped beyond 16 MB."""

    def __init__(self, limit: int = RENDERED_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[bytes, int], str] = OrderedDict()

    def get(self, id: bytes, revision: int) -> str | None:
        html = self._kept.get((id, revision))
        if html is not None:
            self._kept.move_to_end((id, revision))
        return html

    def put(self, id: bytes, revision: int, html: str) -> None:
        before = self._kept.pop((id, revision), "")
        self._kept[(id, revision)] = html
        self._size += len(html) - len(before)
        while self._size > self._limit:
            _, dropped = self._kept.popitem(last=False)
            self._size -= len(dropped)


class LateSearch:
    """A journal's search, made when it is first needed: what that imports takes a moment. `made` is
    None before."""

    def __init__(self, make: Callable[[], Search]) -> None:
        self._make = make
        self._making = asyncio.Lock()
        self.made: Search | None = None

    async def __call__(self) -> Search:
        async with self._making:
            if self.made is None:
                self.made = await asyncio.to_thread(self._make)
            return self.made


@dataclass
class OpenJournal:
    """Everything that is in memory for one unlocked account."""

    vault: Vault
    journal: Journal
    traces: Traces
    companion: Companion
    on_this_day: OnThisDay
    settings: Settings
    search: LateSearch
    rotation: Rotation
    rendered: Rendered = field(default_factory=Rendered)
    streams: Counter[bytes] = field(default_factory=lambda: Counter[bytes]())
    """How many streams each session follows, by session id."""
    seen_change: int = -1
    near: dict[bytes, dict[bytes, float]] = field(default_factory=dict[bytes, dict[bytes, float]])
    """How close traces are to the entries whose traces were looked at last."""
    used_at: datetime | None = None
    """When something was asked of it last."""
    removed: tuple[str, ...] = ()
    """The kinds of wraps that went when the key was last replaced here."""
    held: dict[bytes, Any] = field(default_factory=dict[bytes, Any])
    """What was searched for on the page, by a random id: its address may not name it."""


class OpenJournals:
    """The open journals of this process, by account."""

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        open_journal: Callable[[Vault], Journal],
        traces_of: Callable[[Journal], Traces],
        companion_of: Callable[[Sources], Companion],
        search_of: Callable[[Journal, Traces], Search],
        rotation_of: Callable[[Vault], Rotation],
        also_sweep: Callable[[Journal], Awaitable[None]],
        index_bytes: int,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._open_journal = open_journal
        self._traces_of = traces_of
        self._companion_of = companion_of
        self._search_of = search_of
        self._rotation_of = rotation_of
        self._also_sweep = also_sweep
        self._index_bytes = index_bytes
        self._open: dict[bytes, OpenJournal] = {}
        self._opening: dict[bytes, asyncio.Lock] = {}

    async def read(self, vault: Vault) -> Journal:
        """A vault's journal, its days read."""
        return await asyncio.to_thread(self._open_journal, vault)

    def has(self, owner: bytes, epoch: int) -> bool:
        """Whether the account's journal is open with the key of that epoch, or a later one."""
        opened = self._open.get(owner)
        return opened is not None and opened.vault.epoch >= epoch

    async def of(self, session: Session) -> OpenJournal:
        """The session's open journal, opened now if need be, and brought up to date.

        One whose key was replaced in another process is opened anew with the session's.
        """
        opened = self._open.get(session.owner)
        if opened is None or not self.has(session.owner, session.pulse.epoch):
            async with self._opening.setdefault(session.owner, asyncio.Lock()):
                if not self.has(session.owner, session.pulse.epoch):
                    await self.close(session.owner)
                opened = self._open.get(session.owner) or await self._unlock(session)
        opened.used_at = opened.journal.now()
        if opened.seen_change != session.pulse.last_change:
            opened.journal.follow(session.pulse.last_change)
            opened.settings = self._accounts.settings(opened.vault)
            opened.seen_change = session.pulse.last_change
        return opened

    async def sweep(self) -> None:
        """The background step: closes journals without a session; what is past undoing goes."""
        for owner in list(self._open):
            # Asked anew for each: someone may have signed in while another journal was closing.
            if owner not in self._sessions.sweep():
                await self.close(owner)
        for opened in list(self._open.values()):
            opened.rotation.carry_on()
            with suppress(StoreError, Locked):
                await opened.journal.sweep()
                await opened.traces.sweep()
                await self._also_sweep(opened.journal)
                await self._accounts.tell_refused(opened.vault)
                search = await opened.search()
                if not search.has_begun:  # a moment after unlocking: the first page is out
                    search.begin()
                self._carry_on(opened)
        self._keep_to_budget()

    def _carry_on(self, opened: OpenJournal) -> None:
        """Lets the companion work ahead while nobody wants anything."""
        idle = opened.used_at and opened.journal.now() - opened.used_at >= IDLE
        if idle and opened.settings.companion:
            opened.companion.carry_on()

    def _keep_to_budget(self) -> None:
        """Drops the indexes that were used longest ago, while all together take too much."""
        loaded = [s for o in self._open.values() if (s := o.search.made) and s.is_loaded]
        loaded.sort(key=lambda search: search.used_at)
        taken = sum(search.nbytes for search in loaded)
        for search in loaded[:-1]:
            if taken <= self._index_bytes:
                return
            taken -= search.nbytes
            search.unload()

    async def close(self, owner: bytes) -> None:
        """Locks one account's journal in this process."""
        opened = self._open.pop(owner, None)
        if opened is None:
            return
        try:
            await opened.rotation.close()
            await opened.companion.close()
            if opened.search.made:
                await opened.search.made.close()
            with suppress(StoreError, Locked):
                await opened.journal.sweep(everything=True)
        finally:
            opened.vault.wipe()
            forget()  # words that were read to be found, or to be marked

    async def close_all(self) -> None:
        for owner in list(self._open):
            await self.close(owner)

    async def _unlock(self, session: Session) -> OpenJournal:
        vault = session.vault
        if vault is None:
            raise Locked
        journal = await self.read(vault)
        traces = self._traces_of(journal)
        settings = self._accounts.settings(vault)
        search = LateSearch(partial(self._search_of, journal, traces))
        companion = self._companion_of(Sources(journal, traces, search))
        on_this_day = OnThisDay(journal, Resting(journal, traces))
        opened = OpenJournal(
            vault,
            journal,
            traces,
            companion,
            on_this_day,
            settings,
            search,
            self._rotation_of(vault),
        )
        self._open[session.owner] = opened
        return opened
