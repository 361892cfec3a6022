"""The account's row, which every change to a journal passes through, and the change log.

A change takes the next numbers of `accounts.last_change`, re-seals the row with its settings,
counts and root, and leaves sealed notes for those who follow: all in the caller's transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from llamora.storage.errors import StoreError
from llamora.vault import Place, Purpose, Vault

ACCOUNT = Place(
    "accounts", "sealed", Purpose.CONTENT, ("name", "epoch", "generation", "last_change")
)
CHANGE = Place("changes", "sealed", Purpose.CONTENT, ("seq",))
ERASED = 0
"""The epoch of an account whose keys were destroyed: it is gone, and its rows are to be deleted.
Those of keys begin at 1."""
KEPT_NOTES = 2000
"""How far back a process may lag before it has to read everything anew."""

T = TypeVar("T")


class Stale(StoreError):
    """The account's keys were changed elsewhere; this vault may not write any more."""

    def __init__(self) -> None:
        super().__init__("This journal was locked elsewhere. Please sign in again.")


class Gone(StoreError):
    """There is no such account any more."""

    def __init__(self) -> None:
        super().__init__("This account does not exist any more.")


class Rows(Protocol):
    """Whoever can answer a query: a store, or a transaction of it."""

    def row(self, sql: str, params: Sequence[Any] = (), /) -> tuple[Any, ...] | None: ...

    def rows(self, sql: str, params: Sequence[Any] = (), /) -> list[tuple[Any, ...]]: ...


class Writes(Rows, Protocol):
    """A transaction."""

    def execute(self, sql: str, params: Sequence[Any] = (), /) -> int: ...


@dataclass(frozen=True)
class AccountRow:
    """A row of `accounts`, opened. `header` holds settings, the number of days and the root."""

    id: bytes
    name: str
    epoch: int
    generation: int
    last_change: int
    header: dict[str, Any]

    def sealed(self, vault: Vault) -> bytes:
        """The row's sealed column."""
        return vault.seal(
            ACCOUNT,
            self.id,
            self.header,
            name=self.name,
            epoch=self.epoch,
            generation=self.generation,
            last_change=self.last_change,
        )


@dataclass(frozen=True)
class Pulse:
    """What a request compares with its process's copy before it answers."""

    epoch: int
    generation: int
    last_change: int


def pulse(source: Rows, owner: bytes) -> Pulse | None:
    """The account's clear counters; None when the account is gone."""
    found = source.row("SELECT epoch, generation, last_change FROM accounts WHERE id = ?", (owner,))
    return Pulse(*found) if found and found[0] != ERASED else None


def guarded(vault: Vault, work: Callable[[Writes], T]) -> Callable[[Writes], T]:
    """The work, done only if the vault still has the account's present key.

    Raises, when it is done:
        Stale, Gone: the account was re-keyed, or erased, elsewhere.
    """

    def done(tx: Writes) -> T:
        there = pulse(tx, vault.owner)
        if there is None:
            raise Gone
        if there.epoch != vault.epoch:
            raise Stale
        return work(tx)

    return done


def read(source: Rows, vault: Vault) -> AccountRow:
    """The account's row.

    Raises:
        Gone: there is none.
        Unreadable: it was tampered with.
    """
    found = source.row(
        "SELECT name, epoch, generation, last_change, sealed FROM accounts WHERE id = ?",
        (vault.owner,),
    )
    if found is None or found[1] == ERASED:
        raise Gone
    name, epoch, generation, last_change, sealed = found
    opened = vault.open(
        ACCOUNT,
        vault.owner,
        sealed,
        name=name,
        epoch=epoch,
        generation=generation,
        last_change=last_change,
    )
    return AccountRow(vault.owner, name, epoch, generation, last_change, opened.header)


def change(
    tx: Writes,
    vault: Vault,
    edit: Callable[[dict[str, Any]], None] = lambda header: None,
    notes: Sequence[Mapping[str, Any]] = (),
    *,
    new_generation: bool = False,
) -> int:
    """Edits the account's sealed header and leaves `notes`; the number of the last change.

    With `new_generation`, sessions begun before this change are refused from now on.

    Raises:
        Stale: the account's epoch is not the vault's.
        Gone: there is no such account any more.
    """
    before = _writable(tx, vault)
    after = replace(
        before,
        generation=before.generation + int(new_generation),
        last_change=before.last_change + max(1, len(notes)),
    )
    edit(after.header)
    changed = tx.execute(
        "UPDATE accounts SET generation = ?, last_change = ?, sealed = ?"
        " WHERE id = ? AND epoch = ? AND last_change = ?",
        (
            after.generation,
            after.last_change,
            after.sealed(vault),
            vault.owner,
            vault.epoch,
            before.last_change,
        ),
    )
    if changed != 1:
        raise Stale
    for seq, note in enumerate(notes, before.last_change + 1):
        tx.execute(
            "INSERT INTO changes (owner, seq, sealed) VALUES (?, ?, ?)",
            (vault.owner, seq, vault.seal(CHANGE, vault.owner, {"v": 1, **note}, seq=seq)),
        )
    if notes:
        _forget(tx, vault.owner, after.last_change)
    return after.last_change


def turn(tx: Writes, vault: Vault, edit: Callable[[dict[str, Any]], None]) -> int:
    """Puts the account in the vault's epoch, one on from where it is, with its header edited; the
    new generation. From then on no vault of the epoch before may write.

    Raises:
        Stale: the account is in another epoch than the one before the vault's.
        Gone: there is no such account any more.
    """
    before = read(tx, vault)
    if before.epoch != vault.epoch - 1:
        raise Stale
    after = replace(
        before,
        epoch=vault.epoch,
        generation=before.generation + 1,
        last_change=before.last_change + 1,
    )
    edit(after.header)
    tx.execute(
        "UPDATE accounts SET epoch = ?, generation = ?, last_change = ?, sealed = ?"
        " WHERE id = ? AND epoch = ?",
        (
            after.epoch,
            after.generation,
            after.last_change,
            after.sealed(vault),
            vault.owner,
            before.epoch,
        ),
    )
    return after.generation


def amend(tx: Writes, vault: Vault, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edits the account's sealed header without that being a change: nothing that anyone follows
    is otherwise than it was.

    Raises:
        Stale, Gone: the account was re-keyed, or erased, elsewhere.
    """
    row = _writable(tx, vault)
    edit(row.header)
    tx.execute(
        "UPDATE accounts SET sealed = ? WHERE id = ? AND epoch = ?",
        (row.sealed(vault), vault.owner, vault.epoch),
    )


def notes_since(source: Rows, vault: Vault, seen: int) -> list[dict[str, Any]] | None:
    """The notes after change `seen`, oldest first; None when some of them may be gone already."""
    rows = source.rows(
        "SELECT seq, sealed FROM changes WHERE owner = ? AND seq >= ? ORDER BY seq",
        (vault.owner, seen),
    )
    if not rows or rows[0][0] > seen + 1:
        oldest = source.row("SELECT min(seq) FROM changes WHERE owner = ?", (vault.owner,))
        if oldest is None or oldest[0] is None or oldest[0] > seen + 1:
            return None
    return [
        vault.open(CHANGE, vault.owner, sealed, seq=seq).header
        for seq, sealed in rows
        if seq > seen
    ]


def _writable(tx: Writes, vault: Vault) -> AccountRow:
    """The account's row, for a vault that has its present key. Asked in that order: with another
    key the row would not open, and nothing is wrong with it."""
    return guarded(vault, lambda tx: read(tx, vault))(tx)


def _forget(tx: Writes, owner: bytes, last_change: int) -> None:
    """Drops notes that every durable follower has passed, or that are older than we keep."""
    slowest = tx.row("SELECT min(seq) FROM cursors WHERE owner = ?", (owner,))
    passed = slowest[0] if slowest and slowest[0] is not None else last_change
    tx.execute(
        "DELETE FROM changes WHERE owner = ? AND seq <= ?",
        (owner, min(passed, last_change - KEPT_NOTES)),
    )
