"""The searches of one unlocked journal that are offered again: sealed rows, found by a keyed hash.

What was looked for says as much about a diarist as what was written, so it is kept alike: nothing
of it is in clear, neither when nor how often. A row that does not open is left out and, when its
search comes again, replaced.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from llamora.journal.writing import moment, normalise, stamp
from llamora.kernel import new_id
from llamora.storage import Store, ledger
from llamora.storage.ledger import Rows, Writes
from llamora.storage.resealing import Fresh, Reseal
from llamora.vault import Opened, Place, Purpose, Unreadable, Vault

QUERY = Place("queries", "sealed", Purpose.QUERY, ("query",))

KEPT = 200
"""How many searches are remembered."""

HALF_LIFE = timedelta(days=14)
"""After this long a use counts half."""

T = TypeVar("T")


@dataclass(frozen=True)
class Remembered:
    """A search that was made: as it was spelled the last time, how much its uses weighed then,
    and when that was."""

    id: bytes
    text: str
    uses: float
    at: datetime

    def frecency(self, now: datetime) -> float:
        """How often and how lately it was used: the sum, over its uses, of
        2^(−age of the use / HALF_LIFE).

        As every use fades at the same pace, the sum at the last use is all that needs keeping:
        now it is `uses` · 2^(−(now − at) / HALF_LIFE). A clock that was turned back adds nothing.
        """
        return self.uses * 2 ** -(max(now - self.at, timedelta()) / HALF_LIFE)


class Recent:
    """The searches that one unlocked journal remembers. `now` is aware, in UTC."""

    def __init__(self, store: Store, vault: Vault, now: Callable[[], datetime]) -> None:
        self._store = store
        self._vault = vault
        self._now = now

    def all(self) -> list[Remembered]:
        """Those that open, the most frecent first."""
        return self._in_order(self._store)

    async def remember(self, text: str) -> None:
        """Counts one more use of a search. The spelling is that of the latest; nothing repeats.

        Raises:
            Stale, Gone: the account was re-keyed, or erased, elsewhere.
        """
        text = normalise(text).strip()
        if not text:
            return

        def work(tx: Writes) -> None:
            hashed = self._vault.query_hash(_alike(text))
            id, uses = self._before(tx, self._vault.query_hashes(_alike(text)))
            header = {"v": 1, "uses": uses + 1, "at": stamp(self._now())}
            sealed = self._vault.seal(QUERY, id, header, text.encode(), query=hashed)
            tx.execute(
                "INSERT INTO queries (id, owner, query, sealed) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET query = excluded.query, sealed = excluded.sealed",
                (id, self._vault.owner, hashed, sealed),
            )
            self._forget_least(tx, id)

        await self._transact(work)

    async def forget(self, id: bytes) -> None:
        """Lets a search go, if it is there.

        Raises:
            Stale, Gone: the account was re-keyed, or erased, elsewhere.
        """
        await self._transact(lambda tx: self._drop(tx, id))

    async def forget_all(self) -> None:
        """Lets all of them go, those that do not open too.

        Raises:
            Stale, Gone: the account was re-keyed, or erased, elsewhere.
        """
        await self._transact(
            lambda tx: tx.execute("DELETE FROM queries WHERE owner = ?", (self._vault.owner,))
        )

    def _before(self, tx: Writes, hashes: tuple[bytes, bytes]) -> tuple[bytes, float]:
        """The row of a search, a new one if there is none, and what its uses weigh now."""
        found = tx.row(
            "SELECT id, query, sealed FROM queries WHERE owner = ? AND query IN (?, ?)",
            (self._vault.owner, *hashes),
        )
        if found is None:
            return new_id(), 0
        before = self._open(*found)
        return found[0], before.frecency(self._now()) if before else 0

    def _forget_least(self, tx: Writes, latest: bytes) -> None:
        """Keeps the `latest`, and of the others the most frecent; what does not open goes first."""
        owned = [
            id for (id,) in tx.rows("SELECT id FROM queries WHERE owner = ?", (self._vault.owner,))
        ]
        if len(owned) <= KEPT:
            return
        best = [latest, *(each.id for each in self._in_order(tx) if each.id != latest)]
        for id in {*owned} - {*best[:KEPT]}:
            self._drop(tx, id)

    def _in_order(self, source: Rows) -> list[Remembered]:
        rows = source.rows(
            "SELECT id, query, sealed FROM queries WHERE owner = ?", (self._vault.owner,)
        )
        now = self._now()
        opened = [one for row in rows if (one := self._open(*row))]
        return sorted(opened, key=lambda one: (-one.frecency(now), -one.at.timestamp(), one.text))

    def _open(self, id: bytes, hashed: bytes, sealed: bytes) -> Remembered | None:
        try:
            opened = self._vault.open(QUERY, id, sealed, query=hashed)
            uses, at = float(opened.header["uses"]), moment(str(opened.header["at"]))
            return Remembered(id, opened.raw.decode(), uses, at.astimezone(UTC))
        except (Unreadable, LookupError, TypeError, ValueError):
            return None

    def _drop(self, tx: Writes, id: bytes) -> None:
        tx.execute("DELETE FROM queries WHERE id = ? AND owner = ?", (id, self._vault.owner))

    async def _transact(self, work: Callable[[Writes], T]) -> T:
        return await self._store.write(ledger.guarded(self._vault, work))


def _anew(vault: Vault, id: bytes, opened: Opened) -> Fresh:
    return Fresh(opened.header, {"query": vault.query_hash(_alike(opened.raw.decode()))})


RESEAL = Reseal(QUERY, hashed=("query",), anew=_anew)
"""How these rows come into another epoch."""


def _alike(text: str) -> str:
    """What two spellings of one search have in common."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
