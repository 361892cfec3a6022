"""What happened to an account: sealed rows of kinds and moments, kept for ninety days.

No row names a device, an address, or anything that was written. One is left in the transaction of
what it tells, so that neither stands without the other. For whoever changes keys, factors or
sessions: `note` is the one call to make.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from llamora.kernel import new_id
from llamora.storage import ledger
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Place, Purpose, Unreadable, Vault

EVENT = Place("events", "sealed", Purpose.CONTENT)

KEPT_FOR = timedelta(days=90)
KEPT = 1000
"""How many are kept at most: every one of them is opened at each sign-in."""


class Kind(StrEnum):
    """What can happen. The values stand in sealed rows and never change."""

    SIGNED_IN = "signed-in"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 - a kind of event
    WRONG_CODE = "wrong-code"
    WRONG_CONFIRMATION = "wrong-confirmation"
    WRONG_FACTOR = "wrong-factor"
    LOCKED = "locked"
    SESSION_ENDED = "session-ended"
    OTHERS_ENDED = "others-ended"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - a kind of event
    CODE_MADE = "code-made"
    CODE_REHEARSED = "code-rehearsed"
    RECOVERED = "recovered"
    KEY_ROTATED = "key-rotated"
    FACTOR_ADDED = "factor-added"
    FACTOR_REMOVED = "factor-removed"
    EXPORTED = "exported"
    IMPORTED = "imported"


@dataclass(frozen=True)
class Event:
    """Something that happened, `times` as often, at `at` for the last time."""

    kind: Kind
    at: datetime
    times: int = 1


@dataclass(frozen=True)
class Page:
    """The newest events, how many more are kept, and how many rows did not open."""

    events: list[Event]
    older: int
    damaged: int


def note(tx: Writes, vault: Vault, kind: Kind, at: datetime, times: int = 1) -> None:
    """Leaves a row about what this transaction does. `vault` has the key that the account has
    within the transaction: after a rotation, the new one.

    Raises:
        Stale, Gone: the account was re-keyed, or erased, elsewhere.
    """
    there = ledger.pulse(tx, vault.owner)
    if there is None:
        raise ledger.Gone
    if there.epoch != vault.epoch:
        raise ledger.Stale
    id = new_id()
    header = {"v": 1, "kind": kind.value, "at": int(at.timestamp()), "times": times}
    tx.execute(
        "INSERT INTO events (id, owner, sealed) VALUES (?, ?, ?)",
        (id, vault.owner, vault.seal(EVENT, id, header)),
    )


def forget_old(tx: Writes, vault: Vault, now: datetime) -> None:
    """Deletes what is older than ninety days, and the oldest beyond `KEPT`. A row that does not
    open stays: whoever damaged it should be seen."""
    found = _opened(tx, vault)[0]
    over = [id for n, (id, event) in enumerate(found) if n >= KEPT or now - event.at > KEPT_FOR]
    for id in over:
        tx.execute("DELETE FROM events WHERE owner = ? AND id = ?", (vault.owner, id))


def newest(source: Rows, vault: Vault, now: datetime, most: int = 100) -> Page:
    """The newest events first; none that is older than ninety days, forgotten or not."""
    found, damaged = _opened(source, vault)
    events = [event for _, event in found if now - event.at <= KEPT_FOR]
    return Page(events[:most], max(0, len(events) - most), damaged)


def _opened(source: Rows, vault: Vault) -> tuple[list[tuple[bytes, Event]], int]:
    """The rows that open, the newest first, and how many do not. A kind that only a later version
    knows is passed over."""
    rows = source.rows("SELECT id, sealed FROM events WHERE owner = ?", (vault.owner,))
    found: list[tuple[bytes, Event]] = []
    damaged = 0
    for id, sealed in rows:
        try:
            header = vault.open(EVENT, id, sealed).header
        except Unreadable:
            damaged += 1
            continue
        if header["kind"] in _KINDS:
            at = datetime.fromtimestamp(header["at"], UTC)
            found.append((id, Event(Kind(header["kind"]), at, header["times"])))
    found.sort(key=lambda row: row[1].at, reverse=True)
    return found, damaged


_KINDS = frozenset(kind.value for kind in Kind)
