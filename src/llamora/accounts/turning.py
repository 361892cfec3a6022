"""The one transaction with which a new key begins; what follows it is in `rotation`.

Before it the account is in one epoch, after it in the next: the old key sealed under the new one,
the wraps of what is at hand made anew and all others gone, every session ended but one.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from llamora.accounts import wraps as wraps_of
from llamora.accounts.carriers import COOKIE_ROW, SEAT
from llamora.accounts.errors import AlreadyTurning
from llamora.accounts.history import EVENT
from llamora.storage import Store, Transaction
from llamora.storage.ledger import ACCOUNT, Rows
from llamora.storage.resealing import Reseal
from llamora.vault import Locked, RecoveryCode, Vault, Wrap
from llamora.vault.keys import WRAP
from llamora.vault.vault import CHAIN

RESEALS = (
    *(Reseal(place, at_once=True) for place in (ACCOUNT, WRAP, CHAIN, COOKIE_ROW)),
    Reseal(EVENT),
    Reseal(SEAT),
)
"""This room's tables. Of the first the transaction here leaves no row in the epoch before."""


@dataclass(frozen=True)
class Turned:
    """What a new key brings: the recovery code to show once, and the kinds of wraps that are gone,
    because what opens them was not at hand."""

    code: RecoveryCode
    gone: tuple[str, ...]


class KeptSession(Protocol):
    """The session that outlives a change of its account's password or key."""

    def renew(self, tx: Transaction, generation: int, vault: Vault | None = None) -> bytes:
        """Seals the session's row for the new generation, and the vault's key; its id."""
        ...


def is_turning(source: Rows, owner: bytes) -> bool:
    """Whether an account's rotation is under way."""
    return source.row("SELECT 1 FROM chain WHERE owner = ?", (owner,)) is not None


async def turn(
    store: Store,
    vault: Vault,
    later: Vault,
    confirmed: Wrap,
    wraps: Sequence[Wrap],
    keep: KeptSession | None,
    note: Callable[[Transaction], None],
) -> tuple[str, ...]:
    """Puts the vault, and its account, in the epoch of `later`; the kinds of wraps that are gone.
    `confirmed` is the wrap of the password that was right a moment ago; `note` tells of it once the
    account is in that epoch.

    Whoever holds the vault goes on with it.

    Raises:
        AlreadyTurning: a rotation is under way.
        Stale, Gone: the account's keys were replaced elsewhere, or it was erased.
    """
    has_turned = False

    def work(tx: Transaction) -> tuple[str, ...]:
        nonlocal has_turned
        if is_turning(tx, vault.owner):
            raise AlreadyTurning
        found = tx.rows("SELECT DISTINCT kind FROM wraps WHERE owner = ?", (vault.owner,))
        wraps_of.must_stand(tx, confirmed)
        tx.execute(
            "INSERT INTO chain (owner, epoch, sealed) VALUES (?, ?, ?)",
            (vault.owner, later.epoch, later.link()),
        )
        generation = wraps_of.put_only(tx, later, wraps)
        kept = keep.renew(tx, generation, later) if keep else b""
        tx.execute("DELETE FROM sessions WHERE owner = ? AND id <> ?", (vault.owner, kept))
        note(tx)
        # Here, in the writer's thread: the next work that asks for the epoch finds this one.
        vault.turn_to(later)
        has_turned = True
        return tuple(sorted({kind for (kind,) in found} - {wrap.kind for wrap in wraps}))

    try:
        gone = await store.write(work)
    except BaseException:
        if has_turned:  # and not another rotation, which was first
            with suppress(Locked):
                vault.turn_back(later.epoch - 1)  # it came to nothing
        raise
    await store.truncate()
    return gone
