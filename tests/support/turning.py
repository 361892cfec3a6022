"""A journal with something in every table, and what of it can be read, in whatever epoch it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.support.accounts import House
from tests.support.journals import answer, write

from llamora.accounts import Rotation
from llamora.accounts.carriers import COOKIE_ROW, SEAT
from llamora.accounts.history import EVENT
from llamora.app import reseals
from llamora.journal import drafts
from llamora.journal.journal import Journal
from llamora.kernel import new_id
from llamora.search.recent import Recent
from llamora.search.resealing import PASSAGES, SEGMENT
from llamora.storage import Store
from llamora.storage.ledger import ACCOUNT
from llamora.storage.resealing import Reseal
from llamora.traces.traces import Traces
from llamora.vault import Vault

FIRST = date(2026, 9, 1)


@dataclass(frozen=True)
class Rooms:
    """The rooms over one unlocked vault."""

    store: Store
    vault: Vault
    journal: Journal
    traces: Traces
    recent: Recent

    @classmethod
    def of(cls, home: House, vault: Vault) -> "Rooms":
        journal = Journal.open(home.store, vault, home.clock)
        recent = Recent(home.store, vault, journal.now)
        return cls(home.store, vault, journal, Traces(home.store, journal), recent)

    @property
    def rotation(self) -> Rotation:
        return Rotation(self.store, self.vault, reseals())


async def fill(rooms: Rooms, days: int = 6) -> None:
    """Entries, an answer, traces, a draft, an erased entry, a search, passages and a segment."""
    journal, vault = rooms.journal, rooms.vault
    for n in range(days):
        entry = await write(journal, f"the heron, day {n}", FIRST + timedelta(days=n))
        await rooms.traces.keep(entry.id, f"trace-{n % 2}")
        if n % 3 == 0:
            await answer(journal, entry, f"It came back, {n}.")
        _put(
            rooms,
            PASSAGES.table,
            entry.id,
            vault.seal(PASSAGES, entry.id, {"v": 1}, b"p", revision=1),
        )
    gone = await write(journal, "let go", FIRST)
    await journal.erase(gone.id)
    await journal.keep_draft(drafts.of_day(FIRST), "half a thought")
    await rooms.recent.remember("heron")
    id = new_id()
    _put(rooms, SEGMENT.table, id, vault.seal(SEGMENT, id, {"v": 1}, b"s" * 9_000, revision=1))


def _put(rooms: Rooms, table: str, id: bytes, sealed: bytes) -> None:
    rooms.store.write_now(
        lambda tx: tx.execute(
            f"INSERT INTO {table} (id, owner, revision, sealed) VALUES (?, ?, 1, ?)",
            (id, rooms.vault.owner, sealed),
        )
    )


def rows(store: Store, vault: Vault, reseal: Reseal) -> Iterable[tuple[Any, dict[str, Any], bytes]]:
    """Each row of a table: its key, its visible columns and its record."""
    place = reseal.place
    columns = ", ".join((reseal.key, *place.visible, "sealed"))
    found = store.rows(f"SELECT {columns} FROM {place.table} WHERE owner = ?", (vault.owner,))
    for key, *visible, sealed in found:
        yield key, dict(zip(place.visible, visible, strict=True)), sealed


def held(store: Store, vault: Vault) -> dict[tuple[str, Any], tuple[Any, ...]]:
    """What every row holds, but for what differs between epochs: hashes, digests and what was
    erased, which is a record within a record; and but for what tells of the rotation itself."""
    found: dict[tuple[str, Any], tuple[Any, ...]] = {}
    for reseal in reseals():
        if reseal.at_once or reseal.place in (EVENT, SEAT):
            continue
        for key, visible, sealed in rows(store, vault, reseal):
            id = key if isinstance(key, bytes) else vault.owner
            opened = vault.open(reseal.place, id, sealed, **visible)
            header = {n: v for n, v in opened.header.items() if n not in ("digest", "rows")}
            clear = {n: v for n, v in visible.items() if n not in reseal.hashed}
            found[reseal.place.table, key] = (str(header), opened.raw, str(clear))
    return found


def epochs(store: Store, vault: Vault) -> set[int]:
    """The epochs of all records of the account."""
    sealed = [
        record
        for reseal in reseals()
        if reseal.place not in (ACCOUNT, COOKIE_ROW)
        for record in _records(store, vault, reseal.place.table)
    ]
    sealed += [r for (r,) in store.rows("SELECT sealed FROM accounts WHERE id = ?", (vault.owner,))]
    return {int.from_bytes(record[2:6], "big") for record in sealed}


def _records(store: Store, vault: Vault, table: str) -> list[bytes]:
    found = store.rows(f"SELECT sealed FROM {table} WHERE owner = ?", (vault.owner,))
    return [record for (record,) in found]


async def cut_after(rotation: Rotation, transactions: int) -> bool:
    """Lets a rotation go on for so many transactions and no longer; whether it came to its end."""
    left = transactions

    def heard(progress: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            rotation.stop()

    return await rotation.finish(heard) is not None
