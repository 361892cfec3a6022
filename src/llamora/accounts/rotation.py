"""A key that is being rotated: every row sealed anew, while the journal is read and written.

How far it has come stands in the rows themselves, so it goes on wherever it was cut off, at the
next sign-in, in whichever process; two that do so at once take turns and find each other's work
done. A row that does not open is counted and left, for `verify` to tell of.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from llamora.accounts.turning import is_turning
from llamora.storage import Store, StoreError, ledger
from llamora.storage.ledger import Writes
from llamora.storage.resealing import Batch, Key, Reseal
from llamora.vault import Locked, Vault

log = logging.getLogger("llamora.accounts")

BATCH = 200
"""Rows of a table that one transaction takes in."""
GRACE_SECONDS = 5.0
"""How long the old key is kept when no row needs it any more: someone may have read a row just
before it was sealed anew, and open it a moment later."""
AGAIN_SECONDS = 5.0
"""How long after a failure, such as a full disk, it is tried again."""


@dataclass(frozen=True)
class Progress:
    """How far a rotation has come: days that are through, of how many; and, in this process, the
    records sealed anew and those left because they do not open."""

    done: int
    days: int
    records: int = 0
    left: int = 0


def _unheard(progress: Progress) -> None: ...


class Rotation:
    """One account's rotation, as far as this process takes it. `reseals` are those of all rooms,
    the days first."""

    def __init__(self, store: Store, vault: Vault, reseals: Sequence[Reseal]) -> None:
        self._store = store
        self._vault = vault
        self._reseals = reseals
        self._task: asyncio.Task[None] | None = None
        self._stopped = asyncio.Event()

    @property
    def is_under_way(self) -> bool:
        """Whether there are rows of the epoch before. A small read."""
        return is_turning(self._store, self._vault.owner)

    def progress(self) -> Progress | None:
        """How far it has come, in whatever process; None when none is under way."""
        if not self.is_under_way:
            return None
        days = self._reseals[0]
        found = self._store.row(
            f"SELECT count(*) FROM {days.place.table} WHERE owner = ?",  # noqa: S608
            (self._vault.owner,),
        )
        total = found[0] if found else 0
        return Progress(total - len(days.waiting(self._store, self._vault)), total)

    async def finish(self, heard: Callable[[Progress], None] = _unheard) -> Progress | None:
        """Seals anew whatever is left, and lets the old key go; what was done, or None when it was
        stopped before it was through. `heard` is told after each transaction.

        Raises:
            StoreError, Stale, Gone, Locked: it can go on another time.
        """
        total = self.progress()
        if total is None:
            return Progress(0, 0)
        records, left, done = 0, 0, total.done
        for reseal in self._reseals:
            keys = reseal.waiting(self._store, self._vault)
            while keys:
                if self._stopped.is_set():
                    return None
                batch = await self._store.write(
                    ledger.guarded(self._vault, self._work(reseal, keys))
                )
                keys = keys[batch.taken :]
                records, left = records + batch.done, left + batch.left
                if reseal is self._reseals[0]:
                    done += batch.taken
                heard(Progress(done, total.days, records, left))
        left = await self._store.write(ledger.guarded(self._vault, self._end))
        await self._store.truncate()
        return Progress(total.days, total.days, records, left)

    # In the background of an open journal

    def carry_on(self) -> None:
        """Goes on by itself while there is something to do. Costs nothing when there is not."""
        if self._vault.older is not None and self._task is None:
            self._task = asyncio.create_task(self._carry_on())

    def stop(self) -> None:
        """Lets it end after the transaction under way; another `Rotation` can go on."""
        self._stopped.set()

    async def close(self) -> None:
        """Stops, and waits for that. Before the vault is wiped."""
        self.stop()
        if self._task:
            await self._task

    async def _carry_on(self) -> None:
        wait = GRACE_SECONDS
        try:
            await self.finish()
        except Locked:
            return
        except Exception as e:  # noqa: BLE001 - whatever it was, locking must not fail of it
            log.warning("A rotation was interrupted: %s", type(e).__name__)
            wait = AGAIN_SECONDS
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), wait)
        with suppress(StoreError, Locked):
            if self._is_through():
                self._vault.forget_older()
        self._task = None

    def _is_through(self) -> bool:
        """Not so before the file is in the vault's epoch: the vault is there a moment earlier."""
        there = ledger.pulse(self._store, self._vault.owner)
        return there is not None and there.epoch == self._vault.epoch and not self.is_under_way

    def _work(self, reseal: Reseal, keys: Sequence[Key]) -> Callable[[Writes], Batch]:
        def work(tx: Writes) -> Batch:
            batch = reseal.batch(tx, self._vault, keys[:BATCH])
            for other in self._reseals if batch.writings else ():
                if other.of_writings:
                    beside = other.batch(tx, self._vault, batch.writings)
                    batch.done, batch.left = batch.done + beside.done, batch.left + beside.left
            return batch

        return work

    def _end(self, tx: Writes) -> int:
        """Lets the old key go, in one transaction with a last look at every table; how many rows
        do not open."""
        left = 0
        for reseal in self._reseals:
            keys = reseal.waiting(tx, self._vault)
            while keys:
                batch = reseal.batch(tx, self._vault, keys)
                keys, left = keys[batch.taken :], left + batch.left
        tx.execute("DELETE FROM chain WHERE owner = ?", (self._vault.owner,))
        if left:  # what each process knows of such rows goes by their hashes, which are others now
            ledger.change(tx, self._vault, notes=[{"what": "turned"}])
        return left
