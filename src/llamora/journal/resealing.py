"""How the journal's rows come into another epoch: day by day, each day in one transaction.

A day's row, what stands on it and the hash that all of it is found by change together, and with
them the day's share of the account's root. Whoever writes to a day that waits still brings it up
first, so no day is ever half in one epoch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from llamora.journal import drafts
from llamora.journal.day_table import DAY, ROOT_MODULUS, DayTable
from llamora.journal.drafts import DRAFT
from llamora.journal.writing import WRITING, opened_anew
from llamora.storage import ledger
from llamora.storage.ledger import CHANGE, Writes
from llamora.storage.resealing import Batch, Fresh, Key, Reseal, is_of
from llamora.vault import Opened, Unreadable, Vault

DAY_RECORDS = 200
"""A transaction takes in days until it has sealed so many records."""


class _Moved(NamedTuple):
    """A day that came into the present epoch: the writings on it, those of them that do not open,
    and by how much the root is another."""

    writings: list[bytes]
    left: int
    root: int


@dataclass(frozen=True)
class DayReseal(Reseal):
    """Whole days: rows of `days` with all that stands on them."""

    def batch(self, tx: Writes, vault: Vault, keys: Sequence[Key]) -> Batch:
        batch, root = Batch(), 0
        for key in keys:
            if batch.done >= DAY_RECORDS:
                break
            batch.taken += 1
            row = self._row(tx, vault, key)
            if row is None or is_of(vault.epoch, row[-1]):
                continue
            try:
                moved = _move(tx, vault, bytes(key), *row)
            except Unreadable:
                batch.left += 1
                continue
            root += moved.root
            batch.done += 1 + len(moved.writings)
            batch.left += moved.left
            batch.writings += moved.writings
        if root:
            ledger.amend(tx, vault, partial(_add_to_root, by=root))
        return batch


@dataclass(frozen=True)
class StrayReseal(Reseal):
    """Writings that no day's row brings along, because theirs is gone or does not open. Such a row
    goes with them to the new hash as it is, so that the day stays shut."""

    def _reseal(self, tx: Writes, vault: Vault, key: Key, row: tuple[Any, ...]) -> None:
        id, (hashed, revision, sealed) = bytes(key), row
        opened = vault.open(WRITING, id, sealed, day=hashed, revision=revision)
        now = vault.day_hash(date.fromisoformat(opened.header["date"]))
        _put(tx, vault, id, now, opened_anew(vault, id, opened, now, revision))
        if not _has_day(tx, vault, now):
            tx.execute(
                "UPDATE days SET day = ? WHERE owner = ? AND day = ?", (now, vault.owner, hashed)
            )


def bring_up(tx: Writes, vault: Vault, day: date) -> None:
    """Brings a day into the vault's epoch, unless it is there already or there is none.

    Raises:
        Unreadable: the day's row does not open. It stays as it is.
    """
    if vault.older is None:
        return
    hashed = vault.day_hash(day, vault.older)
    row = tx.row(
        "SELECT id, revision, sealed FROM days WHERE owner = ? AND day = ?", (vault.owner, hashed)
    )
    if row is None:
        return
    id, revision, sealed = row
    moved = _move(tx, vault, id, hashed, revision, sealed)
    ledger.amend(tx, vault, partial(_add_to_root, by=moved.root))


def _move(
    tx: Writes, vault: Vault, id: bytes, hashed: bytes, revision: int, sealed: bytes
) -> _Moved:
    """Raises `Unreadable`: the day's row does not open, and nothing was changed."""
    opened = vault.open(DAY, id, sealed, day=hashed, revision=revision)
    table = DayTable.read(id, revision, opened.raw)
    now = vault.day_hash(table.day)
    if _has_day(tx, vault, now):
        raise Unreadable  # only a stranger's hand puts a row there; neither is dropped
    anew = vault.seal(DAY, id, opened.header, opened.raw, day=now, revision=revision)
    tx.execute(
        "UPDATE days SET day = ?, sealed = ? WHERE id = ? AND owner = ?",
        (now, anew, id, vault.owner),
    )
    writings, left = _move_writings(tx, vault, hashed, now)
    root = vault.root_term(id, revision) - vault.root_term(id, revision, opened.epoch)
    return _Moved(writings, left, root)


def _move_writings(tx: Writes, vault: Vault, hashed: bytes, now: bytes) -> tuple[list[bytes], int]:
    """The writings that were sealed anew, and how many do not open. Those keep their record and go
    along with the day, which says what is missing."""
    done, left = list[bytes](), 0
    for id, revision, sealed in tx.rows(
        "SELECT id, revision, sealed FROM writings WHERE owner = ? AND day = ?",
        (vault.owner, hashed),
    ):
        try:
            opened = vault.open(WRITING, id, sealed, day=hashed, revision=revision)
            _put(tx, vault, id, now, opened_anew(vault, id, opened, now, revision))
            done.append(id)
        except Unreadable:
            _put(tx, vault, id, now, sealed)
            left += 1
    return done, left


def _put(tx: Writes, vault: Vault, id: bytes, day: bytes, sealed: bytes) -> None:
    tx.execute(
        "UPDATE writings SET day = ?, sealed = ? WHERE id = ? AND owner = ?",
        (day, sealed, id, vault.owner),
    )


def _has_day(tx: Writes, vault: Vault, hashed: bytes) -> bool:
    found = tx.row("SELECT 1 FROM days WHERE owner = ? AND day = ?", (vault.owner, hashed))
    return found is not None


def _add_to_root(header: dict[str, Any], by: int) -> None:
    header["root"] = f"{(int(header['root'], 16) + by) % ROOT_MODULUS:064x}"


def _draft(vault: Vault, id: bytes, opened: Opened) -> Fresh:
    place = str(opened.header["place"])
    return Fresh(drafts.anew(vault, opened.header), {"place": vault.place_hash(place)})


RESEALS: tuple[Reseal, ...] = (
    DayReseal(DAY, hashed=("day",)),
    StrayReseal(WRITING, hashed=("day",)),
    Reseal(DRAFT, hashed=("place",), anew=_draft),
    Reseal(CHANGE, key="seq"),
)
"""The journal's tables. The days stand first: with them goes nearly all."""
