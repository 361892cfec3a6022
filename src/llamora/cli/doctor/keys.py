"""Looks at what the file shows of keys without any, and, with a password, at the rehearsal."""

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from llamora.cli.doctor.finding import Finding, note, ok, wrong
from llamora.cli.say import counted
from llamora.settings import Crypto
from llamora.storage.connection import Row, connect
from llamora.storage.ledger import ERASED
from llamora.vault import KdfPolicy
from llamora.vault.keys import MEMORY_MIB, PASSES, RECOVERY_POLICY

PASSWORD, RECOVERY = "password", "recovery"
FLOOR = RECOVERY_POLICY
OLD_REHEARSAL = timedelta(days=180)
REHEARSED, UNTAKEN = "rehearsed", "untaken"
"""Where the account's sealed row keeps when its code was last tried, and that nobody has it yet."""


def policy(path: Path, crypto: Crypto) -> list[Finding]:
    """What a guess at a password costs, and what else the wraps show."""
    about = "key policy"
    with closing(connect(path, journal=None, query_only=True)) as connection:
        wraps = connection.rows(
            "SELECT a.name, w.kind, w.m, w.t FROM accounts a LEFT JOIN wraps w ON w.owner = a.id"
            " WHERE a.epoch <> ?",
            (ERASED,),
        )
        turning = connection.rows("SELECT count(DISTINCT owner) FROM chain")[0][0]
    asked = KdfPolicy(crypto.kdf_memory_mib, crypto.kdf_passes)
    found = [each for row in wraps if (each := _of_wrap(about, row, asked))]
    kinds: dict[str, set[str | None]] = {}
    for name, kind, _, _ in wraps:
        kinds.setdefault(name, set()).add(kind)
    found += _lacking(about, kinds)
    if turning:
        found.append(
            note(
                about, f"{counted(turning, 'key')} being replaced; it goes on at the next sign-in."
            )
        )
    return found or [
        ok(about, f"A guess costs {asked.memory_mib} MiB and {asked.passes} passes of Argon2id.")
    ]


def recovery(header: dict[str, Any], now: datetime) -> list[Finding]:
    """When the account's recovery code was last tried, as its opened row tells."""
    about, kept = "recovery code", header.get(REHEARSED)
    if header.get(UNTAKEN):
        return [note(about, "Nobody has said that they have it; make one in Settings, Password.")]
    advice = "try it under Settings, Password: nothing is changed by that."
    try:
        when = datetime.fromisoformat(kept) if isinstance(kept, str) else None
        when = datetime.fromtimestamp(kept, UTC) if isinstance(kept, int | float) else when
    except (ValueError, OverflowError, OSError):
        when = None
    if when is None:
        return [note(about, f"It was never rehearsed; {advice}")]
    age = now - (when if when.tzinfo else when.replace(tzinfo=UTC))
    if age > OLD_REHEARSAL:
        return [note(about, f"It was last rehearsed {age.days} days ago; {advice}")]
    return [ok(about, f"It was last rehearsed {counted(max(age.days, 0), 'day')} ago.")]


def _of_wrap(about: str, row: Row, asked: KdfPolicy) -> Finding | None:
    name, kind, m, t = row
    if kind not in (PASSWORD, RECOVERY):
        return None
    what = f"The {'recovery code' if kind == RECOVERY else kind} of {name}"
    if m not in MEMORY_MIB or t not in PASSES:
        return wrong(about, f"{what} has parameters no version writes; restore a backup.")
    if m < FLOOR.memory_mib or t < FLOOR.passes:
        return wrong(about, f"{what} is cheaper to guess than any may be; {_renew(kind)}.")
    if kind == PASSWORD and (m < asked.memory_mib or t < asked.passes):
        return note(about, f"{what} is cheaper to guess than the settings ask; {_renew(kind)}.")
    return None


def _renew(kind: str) -> str:
    return "signing in makes it costlier" if kind == PASSWORD else "make a new code"


def _lacking(about: str, kinds: dict[str, set[str | None]]) -> Iterable[Finding]:
    for name, held in kinds.items():
        if PASSWORD not in held:
            yield wrong(about, f"{name} has no password in the file; recover, or restore a backup.")
        if RECOVERY not in held:
            yield note(about, f"{name} has no recovery code; make one under Settings, Password.")
