"""Rows of the epoch before, sealed anew in the present one (docs/spec/vault-format.md §6).

Each room says of each of its tables, by a `Reseal`, which columns are sealed or hashed and how a
row comes into another epoch; whoever rotates a key walks the list. What a row says of itself, its
record's epoch, is all there is to know of how far a rotation has come: so it may be cut off
anywhere, and nothing that is done is done again.

A row is read and replaced in one transaction of the only writer. What was changed meanwhile has
been changed before it or is changed after it, and is never overwritten.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llamora.storage.ledger import Rows, Writes
from llamora.vault import Opened, Place, Unreadable, Vault

BATCH_BYTES = 4 * 2**20
"""What one transaction seals at most, but for a single row that is longer: others wait for it."""

Key = bytes | int
"""What names a row among its owner's: its id, or its number."""

_epoch = struct.Struct(">I")


@dataclass(frozen=True)
class Fresh:
    """What of a row is otherwise in another epoch: its header and its hashed columns."""

    header: Mapping[str, Any]
    hashes: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def _same(vault: Vault, id: bytes, opened: Opened) -> Fresh:
    return Fresh(opened.header)


@dataclass
class Batch:
    """What came of some rows: how many were looked at, sealed anew, and left because they do not
    open; and which writings were sealed anew with their days."""

    taken: int = 0
    done: int = 0
    left: int = 0
    writings: list[bytes] = field(default_factory=list[bytes])


@dataclass(frozen=True)
class Reseal:
    """A table with a sealed column, and how a row of it comes into the present epoch.

    `hashed` names the columns that hold a keyed hash. `anew` makes of an opened row what is
    otherwise in the vault's epoch. With `at_once` no row is ever left for later: the transaction
    that begins the rotation replaces or deletes them all. `of_writings` are rows with the id of a
    writing, which go with it.
    """

    place: Place
    hashed: tuple[str, ...] = ()
    anew: Callable[[Vault, bytes, Opened], Fresh] = _same
    key: str = "id"
    at_once: bool = False
    of_writings: bool = False

    def waiting(self, source: Rows, vault: Vault) -> list[Key]:
        """The rows of the vault's account that are not of its epoch."""
        if self.at_once:
            return []
        rows = source.rows(
            f"SELECT {self.key} FROM {self.place.table}"  # noqa: S608 - names of our own
            " WHERE owner = ? AND substr(sealed, 3, 4) <> ?",
            (vault.owner, _epoch.pack(vault.epoch)),
        )
        return [key for (key,) in rows]

    def batch(self, tx: Writes, vault: Vault, keys: Sequence[Key]) -> Batch:
        """Seals the first of these rows anew, as many as a transaction should."""
        batch, size = Batch(), 0
        for key in keys:
            if size >= BATCH_BYTES:
                break
            batch.taken += 1
            row = self._row(tx, vault, key)
            if row is None or is_of(vault.epoch, row[-1]):
                continue  # erased, or written anew, since it was listed
            size += len(row[-1])
            try:
                self._reseal(tx, vault, key, row)
                batch.done += 1
            except (Unreadable, LookupError, TypeError, ValueError):
                batch.left += 1
        return batch

    def _row(self, tx: Writes, vault: Vault, key: Key) -> tuple[Any, ...] | None:
        columns = ", ".join((*self.place.visible, "sealed"))
        return tx.row(
            f"SELECT {columns} FROM {self.place.table} WHERE owner = ? AND {self.key} = ?",  # noqa: S608
            (vault.owner, key),
        )

    def _reseal(self, tx: Writes, vault: Vault, key: Key, row: tuple[Any, ...]) -> None:
        """Raises `Unreadable`, or what a row raises that holds what none of ours would."""
        visible = dict(zip(self.place.visible, row[:-1], strict=True))
        id = key if isinstance(key, bytes) else vault.owner
        opened = vault.open(self.place, id, row[-1], **visible)
        fresh = self.anew(vault, id, opened)
        for column, hashed in fresh.hashes.items():
            if self._is_taken(tx, vault, column, hashed):
                raise Unreadable  # only a stranger's hand puts a row there; neither is dropped
        visible |= fresh.hashes
        sealed = vault.seal(self.place, id, fresh.header, opened.raw, **visible)
        columns = ", ".join(f"{column} = ?" for column in (*fresh.hashes, "sealed"))
        tx.execute(
            f"UPDATE {self.place.table} SET {columns} WHERE owner = ? AND {self.key} = ?",  # noqa: S608
            (*fresh.hashes.values(), sealed, vault.owner, key),
        )

    def _is_taken(self, tx: Writes, vault: Vault, column: str, hashed: bytes) -> bool:
        there = tx.row(
            f"SELECT 1 FROM {self.place.table} WHERE owner = ? AND {column} = ?",  # noqa: S608
            (vault.owner, hashed),
        )
        return there is not None


def is_of(epoch: int, sealed: bytes) -> bool:
    """Whether a record names that epoch as its own; `waiting` asks the same of the file."""
    return sealed[2:6] == _epoch.pack(epoch)
