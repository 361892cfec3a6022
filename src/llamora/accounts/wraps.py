"""The wraps of an account: their rows, and which of them count.

A row alone opens nothing: the account's own sealed row names the wraps that count, so one that was
replaced and is put back by whoever writes to the file is refused. Whatever replaces, adds or drops
a wrap does both here, in the caller's transaction, and leaves no row that does not count.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from llamora.storage import ledger
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Unreadable, Vault, Wrap

PASSWORD = "password"  # noqa: S105 - the kind of a wrap
RECOVERY = "recovery"
PASSKEY = "passkey"
_SINGLE = (PASSWORD, RECOVERY)
"""Of these an account has one each; passkeys stand beside each other."""
_COLUMNS = "id, owner, kind, epoch, salt, m, t, sealed"
_FOUND = (
    "SELECT w.id, w.owner, w.kind, w.epoch, w.salt, w.m, w.t, w.sealed, a.generation"
    " FROM accounts a JOIN wraps w ON w.owner = a.id AND w.epoch = a.epoch"
)
Found = tuple[Wrap, int]
"""A wrap of the account's present epoch, and the account's generation."""


def by_name(source: Rows, name: str, kind: str) -> Found | None:
    """That of an account's folded name."""
    return _found(source.row(f"{_FOUND} WHERE a.name = ? AND w.kind = ?", (name, kind)))


def by_id(source: Rows, id: bytes, owner: bytes, kind: str) -> Found | None:
    return _found(
        source.row(f"{_FOUND} WHERE w.id = ? AND a.id = ? AND w.kind = ?", (id, owner, kind))
    )


def counting(header: dict[str, Any]) -> dict[str, str]:
    """The wraps that an account's header names: their ids in hex, with their kinds."""
    return dict(header.get("wraps", {}))


def counts(source: Rows, vault: Vault, wrap: Wrap) -> bool:
    """Whether the account's row names this wrap, by which the vault was opened; not so when the
    account has got another key since the wrap was read.

    Raises:
        Gone, Unreadable: as of `ledger.read`.
    """
    try:
        return wrap.id.hex() in counting(ledger.read(source, vault).header)
    except Unreadable:
        there = ledger.pulse(source, vault.owner)
        if there is not None and there.epoch == vault.epoch:
            raise
        return False


def must_stand(source: Rows, wrap: Wrap) -> None:
    """Sees that the wrap is still one of the account's, in the account's present epoch.

    Raises:
        Stale: it is not.
    """
    found = by_id(source, wrap.id, wrap.owner, wrap.kind)
    if found is None or found[0] != wrap:
        raise ledger.Stale


def begin(tx: Writes, wraps: Sequence[Wrap]) -> None:
    """Writes the rows of a new account, whose header names them already (`name`)."""
    for wrap in wraps:
        tx.execute(
            f"INSERT INTO wraps ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            (wrap.id, wrap.owner, wrap.kind, wrap.epoch, wrap.salt, wrap.m, wrap.t, wrap.sealed),
        )


def put(
    tx: Writes,
    vault: Vault,
    wraps: Sequence[Wrap],
    *,
    without: str = "",
    new_generation: bool = False,
) -> None:
    """Makes these wraps count, a password or a code in place of the one before. Those of the kind,
    or the id in hex, that `without` names count no more. With `new_generation`, sessions begun
    before are refused from now on.

    Raises:
        Stale, Gone: the account was re-keyed, or erased, elsewhere.
    """

    after: dict[str, str] = {}

    def edit(header: dict[str, Any]) -> None:
        kept = counting(header)
        header["wraps"] = {id: kind for id, kind in kept.items() if without not in (id, kind)}
        name(header, wraps)
        after.update(counting(header))

    ledger.change(tx, vault, edit, new_generation=new_generation)
    _only(tx, vault.owner, after, wraps)


def put_only(tx: Writes, vault: Vault, wraps: Sequence[Wrap]) -> int:
    """Puts the account in the epoch of the vault, in which no wraps count but these; the new
    generation.

    Raises:
        Stale, Gone: as of `ledger.turn`.
    """

    def edit(header: dict[str, Any]) -> None:
        header["wraps"] = {}
        name(header, wraps)

    generation = ledger.turn(tx, vault, edit)
    _only(tx, vault.owner, {}, wraps)
    return generation


def name(header: dict[str, Any], wraps: Sequence[Wrap]) -> None:
    """Names these in an account's header. What is known of a recovery code goes with it."""
    singles = {wrap.kind for wrap in wraps} & set(_SINGLE)
    kept = {id: kind for id, kind in counting(header).items() if kind not in singles}
    header["wraps"] = kept | {wrap.id.hex(): wrap.kind for wrap in wraps}
    if RECOVERY in singles:
        header.pop("rehearsed", None)
        header["untaken"] = True


def take_code(tx: Writes, vault: Vault, id: str, rehearsed: datetime | None = None) -> None:
    """Notes that the owner has the recovery code whose wrap has that id in hex, and perhaps when
    they rehearsed it. Nothing is noted when another counts by now.

    Raises:
        Stale, Gone: the account was re-keyed, or erased, elsewhere.
    """

    def edit(header: dict[str, Any]) -> None:
        if code_of(header) != id:
            return
        header.pop("untaken", None)
        if rehearsed is not None:
            header["rehearsed"] = int(rehearsed.timestamp())

    ledger.amend(tx, vault, edit)


def code_of(header: dict[str, Any]) -> str:
    """The id, in hex, of the wrap of the recovery code that counts; "" for none."""
    return next((id for id, kind in counting(header).items() if kind == RECOVERY), "")


def is_code_taken(header: dict[str, Any]) -> bool:
    """Whether the owner said, or showed, that they have the code that counts."""
    return not header.get("untaken", False)


def _only(tx: Writes, owner: bytes, counting: dict[str, str], new: Sequence[Wrap]) -> None:
    """Writes the new rows, and deletes all others but those that count."""
    for (id,) in tx.rows("SELECT id FROM wraps WHERE owner = ?", (owner,)):
        if id.hex() not in counting or any(wrap.id == id for wrap in new):
            tx.execute("DELETE FROM wraps WHERE id = ? AND owner = ?", (id, owner))
    begin(tx, new)


def _found(row: tuple[Any, ...] | None) -> Found | None:
    return (Wrap(*row[:-1]), row[-1]) if row else None
