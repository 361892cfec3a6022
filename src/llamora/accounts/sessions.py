"""Sessions: how a vault outlives a request, and how that ends.

A session is a cookie and a row; either alone opens nothing. Reading one never writes: its last
use is kept in memory and written by `flush`, in the background. Every request still looks at the
row, so a session that was ended in another process is refused here at once.

Time-outs go by the wall clock, which rows and processes share, and by the monotonic one from when
this process first saw a session: setting the clock back makes no session last longer here.
"""

import hmac
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from llamora.accounts import history
from llamora.accounts.accounts import Entered, follow_chain
from llamora.accounts.carriers import SEAT, Carrier, Row, carrier
from llamora.accounts.history import Kind
from llamora.accounts.policy import AccountsPolicy
from llamora.kernel import Clock
from llamora.storage import Store, StoreError, Transaction, ledger
from llamora.storage.ledger import Pulse
from llamora.vault import Locked, RuntimeKey, Unreadable, Vault
from llamora.vault.cookie_key import CookieKey

WRITE_EVERY = 60  # seconds between two writes of a session's last use
LONGEST_DEVICE = 60


@dataclass(frozen=True)
class Session:
    """A session that holds at this moment. `id` is its row's; the cookie is not in it."""

    id: bytes
    owner: bytes
    expires: int
    generation: int
    device: str
    created: datetime
    pulse: Pulse
    """The account's counters, as read with the session."""
    vault: Vault | None = field(repr=False, default=None)
    """None when it was not asked for."""


@dataclass(frozen=True)
class SessionInfo:
    """A line in the list of sessions. `last_seen` None and no `device`: its row does not say.
    What was used in another process is up to a minute behind."""

    id: bytes
    owner: bytes
    device: str
    created: datetime
    last_seen: datetime | None
    expires: datetime


@dataclass(frozen=True)
class Left:
    """Seconds until a session ends: unused, and whatever is done with it."""

    idle: float
    absolute: float


class Sessions:
    """The sessions of one journal file in one process. To be used in its event loop.

    Every session that opens a vault has one of its own. A web layer that keeps one open journal
    per account resumes with `open_vault=False` and asks again, with True, only when it has no
    journal of `session.owner`. The vaults it was given are its own to wipe: at the latest when
    `sweep` no longer names their owner, for then the last session here has ended.
    """

    def __init__(
        self, store: Store, clock: Clock, key: RuntimeKey | CookieKey, policy: AccountsPolicy
    ) -> None:
        if (policy.dek_storage == "cookie") != isinstance(key, CookieKey):
            raise ValueError(
                "A CookieKey goes with dek_storage = cookie, a RuntimeKey with session."
            )
        self._store = store
        self._clock = clock
        self._carrier = carrier(key)
        self.idle_ttl = policy.idle_ttl
        self.absolute_ttl = policy.absolute_ttl
        self._idle = policy.idle_ttl.total_seconds()
        self._absolute = int(policy.absolute_ttl.total_seconds())
        self._live: dict[bytes, _Live] = {}
        self._ended: set[bytes] = set()
        """Ids that hold no more, even if their rows are still, or again, there."""
        self._to_delete: dict[bytes, bytes] = {}

    async def begin(self, entered: Entered, device: str) -> str:
        """A new session of whoever has just entered; the cookie's value. `device`: see
        `device_named`.

        Raises:
            Gone, Stale: the account was erased, or its password or keys were replaced meanwhile.
        """
        vault = entered.vault
        now = int(self._now())
        expires = now + self._absolute

        def insert(tx: Transaction) -> _Live:
            pulse = ledger.pulse(tx, vault.owner)
            if pulse is None:
                raise ledger.Gone
            if (pulse.epoch, pulse.generation) != (vault.epoch, entered.generation):
                raise ledger.Stale
            header = {
                "v": 1,
                "created": now,
                "last_seen": now,
                "device": device[:LONGEST_DEVICE],
                "generation": pulse.generation,
            }
            cookie, id = self._carrier.begin(vault, expires, header)
            sealed = self._carrier.seal(cookie, vault, id, expires, header)
            tx.execute(
                "INSERT INTO sessions (id, owner, expires, sealed) VALUES (?, ?, ?, ?)",
                (id, vault.owner, expires, sealed),
            )
            tx.execute(_FORGET_SEATS)
            _seat(tx, vault.owner, id, _seat_of(vault, id, header))
            history.forget_old(tx, vault, self._clock.now())
            history.note(tx, vault, Kind.SIGNED_IN, self._clock.now())
            row = Row(id, vault.owner, expires, sealed, pulse)
            return _Live(cookie, row, header, vault, self._deadlines(expires, now))

        live = await self._store.write(insert)
        self._live[live.row.id] = live
        return live.cookie

    def resume(self, cookie: str, *, open_vault: bool = True) -> Session | None:
        """The session of a cookie, or None when it holds no longer. Never writes.

        One small read. Nothing is decrypted unless this process has not seen the session yet, its
        row has changed, or its vault is wanted and was never opened here or has been wiped. With
        `open_vault=False` the session has its vault only if that is open already.
        """
        id = self._carrier.find(cookie)
        return self._resumed(id, cookie, open_vault) if id is not None else None

    def touch(self, session: Session) -> None:
        """Notes that a session was used just now. In memory."""
        live = self._live.get(session.id)
        if live is not None and self._holds(live):
            live.last_seen = max(live.last_seen, self._now())
            live.idle_from = self._clock.monotonic()

    async def flush(self) -> None:
        """The background step: writes each last use, at most once a minute, and deletes rows that
        have expired. Writes nothing when there is nothing to write; call it every few seconds.
        """
        self.sweep()
        if self._to_delete:
            await self._delete_ended()
        now = self._now()
        over = self._store.row("SELECT 1 FROM sessions WHERE expires <= ? LIMIT 1", (int(now),))
        lives = self._live.values()
        used = [live for live in lives if live.is_due(now) and self._holds(live)]
        if not over and not used:
            return
        after = [(live, live.row.sealed, *self._with_last_use(live)) for live in used]

        def write(tx: Transaction) -> None:
            tx.execute("DELETE FROM sessions WHERE expires <= ?", (int(now),))
            for _, before, row, _, seat in after:
                written = tx.execute(
                    "UPDATE sessions SET sealed = ? WHERE id = ? AND owner = ? AND sealed = ?",
                    (row.sealed, row.id, row.owner, before),
                )
                if written:
                    _seat(tx, row.owner, row.id, seat)
            tx.execute(_FORGET_SEATS)

        await self._store.write(write)
        for live, _, row, header, _ in after:
            # If the row was changed or deleted under us, the next request sees that it differs.
            live.row, live.header = row, header

    def sweep(self) -> set[bytes]:
        """The owners of the sessions that were used in this process and still hold.

        Forgets the vaults of the others, wherever they were ended. Reads only.
        """
        found = [self._as_known(id, live) for id, live in list(self._live.items())]
        return {session.owner for session in found if session}

    def _as_known(self, id: bytes, live: "_Live") -> Session | None:
        """A session by the cookie that was seen last, or by the one that its browser is about to
        be given: a journal must not close while its password or key is replaced."""
        session = self._resumed(id, live.cookie, open_vault=False)
        if session is None and live.kept is not None:
            return self._resumed(id, live.kept.cookie, open_vault=False)
        return session

    async def end(
        self,
        session: "Session | SessionInfo",
        vault: Vault | None = None,
        kind: Kind = Kind.LOCKED,
    ) -> None:
        """Ends a session: here at once, whatever becomes of the file, and in every process with
        its row. While the file cannot be written that is tried again by `flush`. A vault that was
        taken from it is the taker's to wipe. With the account's `vault` its history tells of it.
        """
        self._ended.add(session.id)
        self._to_delete[session.id] = session.owner
        self._live.pop(session.id, None)
        with suppress(StoreError):
            await self._delete_ended((vault, kind) if vault else None)

    async def _delete_ended(self, told: tuple[Vault, Kind] | None = None) -> None:
        ended = dict(self._to_delete)

        def delete(tx: Transaction) -> None:
            for id, owner in ended.items():
                tx.execute("DELETE FROM sessions WHERE id = ? AND owner = ?", (id, owner))
            if told:
                # Ending must succeed, whatever became of the key.
                with suppress(ledger.Stale, ledger.Gone, Locked):
                    history.note(tx, *told, self._clock.now())

        await self._store.write(delete)
        for id in ended:
            self._to_delete.pop(id, None)

    async def end_all(self, vault: Vault, but: Session | None = None) -> None:
        """Ends every session of the vault's account, or every other one."""
        kept = but.id if but else b""

        def delete(tx: Transaction) -> None:
            ended = "DELETE FROM sessions WHERE owner = ? AND id <> ?"
            # Only where there was one: nobody may push the rest of the history out by pressing.
            if tx.execute(ended, (vault.owner, kept)):
                history.note(tx, vault, Kind.OTHERS_ENDED, self._clock.now())

        await self._store.write(delete)
        self.sweep()

    def left(self, session: Session) -> "Left | None":
        """How long a session still holds, as far as this process can tell."""
        live = self._live.get(session.id)
        if live is None or not self._holds(live):
            return None
        wall, now = self._now(), self._clock.monotonic()
        idle = min(live.last_seen - wall, live.idle_from - now) + self._idle
        return Left(idle, min(live.row.expires - wall, live.over_at - now))

    def keep(self, session: Session) -> "Kept":
        """For `Accounts.change_password`: the session that goes on under the new generation."""
        live = self._live.get(session.id)
        cookie = live.cookie if live and self._holds(live) else ""
        kept = Kept(self._carrier, cookie, session)
        if live is not None:
            live.kept = kept
        return kept

    def list(self, vault: Vault) -> "Sequence[SessionInfo]":
        """The sessions of the vault's account that hold, as far as this process can tell, the
        newest first."""
        found = self._store.rows(f"{_SELECT} WHERE s.owner = ?", (vault.owner,))
        seats = dict(
            self._store.rows("SELECT id, sealed FROM seats WHERE owner = ?", (vault.owner,))
        )
        rows = [_row(columns) for columns in found]
        infos = [self._info(vault, row, seats.get(row.id)) for row in rows]
        infos = [info for info in infos if self._may_hold(info)]
        return sorted(infos, key=lambda info: info.created, reverse=True)

    def _resumed(self, id: bytes, cookie: str, open_vault: bool) -> Session | None:
        if id in self._ended:
            return None
        columns = self._store.row(f"{_SELECT} WHERE s.id = ?", (id,))
        if columns is None:
            self._live.pop(id, None)
            return None
        row = _row(columns)
        live = self._live.get(id)
        if live is None or not live.knows(cookie, row) or (open_vault and not live.unlocked):
            live = self._opened(cookie, row, live, open_vault)
            if live is None:
                return None  # a wrong cookie must not end the session it names
        live.row = row
        self._live[id] = live
        if not self._holds(live):
            # Remembered for as long as there is a row: it must not come back with the clock.
            live.vault = None
            return None
        return live.session()

    def _opened(
        self, cookie: str, row: Row, before: "_Live | None", open_vault: bool
    ) -> "_Live | None":
        """What cookie and row hold, with the vault that is open already or, if asked, a new one."""
        try:
            vault, header = self._carrier.open(cookie, row)
            known = before.vault if before else None
            if known is not None and (known.is_locked or known.epoch != vault.epoch):
                known = None
            if open_vault and known is None:
                follow_chain(self._store, vault)
        except Unreadable:
            return None
        live = _Live(cookie, row, header, known, self._deadlines(row.expires, header["last_seen"]))
        live.epoch = vault.epoch
        if before:
            live.remember(before)
        if open_vault and known is None and self._holds(live):
            live.vault = vault
        else:
            vault.wipe()
        return live

    def _deadlines(self, expires: int, last_seen: float) -> tuple[float, float]:
        """By the monotonic clock: when a session is over, and since when it is unused. A row that
        was made before the clock was set back tells of the future; it gains nothing by that."""
        wall, now = self._now(), self._clock.monotonic()
        return now + min(expires - wall, self._absolute), now - max(0.0, wall - last_seen)

    def _holds(self, live: "_Live") -> bool:
        wall, now = self._now(), self._clock.monotonic()
        return (
            wall < live.row.expires
            and wall < live.last_seen + self._idle
            and now < live.over_at
            and now < live.idle_from + self._idle
            and live.row.pulse.generation == live.header["generation"]
            and live.row.pulse.epoch == live.epoch
        )

    def _with_last_use(self, live: "_Live") -> tuple[Row, dict[str, Any], bytes]:
        header = {**live.header, "last_seen": int(live.last_seen)}
        # Not with the live vault, which the web may have wiped or never taken.
        vault, _ = self._carrier.open(live.cookie, live.row)
        try:
            row = live.row
            sealed = self._carrier.seal(live.cookie, vault, row.id, row.expires, header)
            seat = _seat_of(vault, row.id, header)
        finally:
            vault.wipe()
        return row._replace(sealed=sealed), header, seat

    def _info(self, vault: Vault, row: Row, seat: bytes | None) -> SessionInfo:
        live = self._live.get(row.id)
        header = _told(vault, row.id, seat) or (live.header if live else {})
        seen = max(header.get("last_seen", 0), live.last_seen if live else 0)
        return SessionInfo(
            row.id,
            row.owner,
            header.get("device", ""),
            _moment(header.get("created", row.expires - self._absolute)),
            _moment(seen) if seen else None,
            _moment(row.expires),
        )

    def _may_hold(self, info: SessionInfo) -> bool:
        live = self._live.get(info.id)
        if live is not None and not self._holds(live):
            return False
        now = self._clock.now()
        in_use = info.last_seen is None or now < info.last_seen + timedelta(seconds=self._idle)
        return in_use and now < info.expires

    def _now(self) -> float:
        return self._clock.now().timestamp()


class Kept:
    """A session that is spared when its account's password changes.

    `cookie` is what the browser must hold once the change is made; in "session" mode, what it
    holds already.
    """

    def __init__(self, carrier: Carrier, cookie: str, session: Session) -> None:
        self.cookie = cookie
        self._carrier = carrier
        self._session = session

    def renew(self, tx: Transaction, generation: int, vault: Vault | None = None) -> bytes:
        """Seals the row for the new generation, and for the key of `vault` when that is a new one;
        its id, or nothing when the session is over.

        Raises:
            Unreadable: the row was tampered with.
        """
        columns = tx.row(f"{_SELECT} WHERE s.id = ?", (self._session.id,))
        if columns is None or not self.cookie:
            return b""
        row = _row(columns)
        own, header = self._carrier.open(self.cookie, row)
        try:
            header["generation"] = generation
            cookie = self._carrier.renewed(self.cookie, vault or own, row, header)
            sealed = self._carrier.seal(cookie, vault or own, row.id, row.expires, header)
        finally:
            own.wipe()
        tx.execute(
            "UPDATE sessions SET sealed = ? WHERE id = ? AND owner = ?",
            (sealed, row.id, row.owner),
        )
        self.cookie = cookie
        return row.id


class _Live:
    """What this process knows of a session it has seen.

    `last_seen` is by the wall clock; `over_at` and `idle_from` are by the monotonic one.
    """

    def __init__(
        self,
        cookie: str,
        row: Row,
        header: dict[str, Any],
        vault: Vault | None,
        deadlines: tuple[float, float],
    ) -> None:
        self.cookie = cookie
        self.row = row
        self.header = header
        self.vault = vault
        self.kept: Kept | None = None
        """By which its cookie is being renewed, if it is."""
        self.epoch = row.pulse.epoch
        self.last_seen: float = header["last_seen"]
        self.over_at, self.idle_from = deadlines

    @property
    def unlocked(self) -> Vault | None:
        if self.vault is None or self.vault.is_locked or self.vault.epoch != self.epoch:
            return None
        return self.vault

    def knows(self, cookie: str, row: Row) -> bool:
        """Whether nothing has changed but the account's counters."""
        same_cookie = hmac.compare_digest(self.cookie.encode(), cookie.encode())
        return same_cookie and self.row[:4] == row[:4]

    def remember(self, before: "_Live") -> None:
        """Takes over what this process knew of the session while its row was another one."""
        self.over_at = min(self.over_at, before.over_at)
        if self.last_seen > before.last_seen:  # used in another process
            self.idle_from = max(self.idle_from, before.idle_from)
        else:
            self.last_seen, self.idle_from = before.last_seen, before.idle_from

    def is_due(self, now: float) -> bool:
        """Whether its last use is to be written."""
        written = self.header["last_seen"]
        return int(self.last_seen) > written and now - written >= WRITE_EVERY

    def session(self) -> Session:
        row, header = self.row, self.header
        return Session(
            row.id,
            row.owner,
            row.expires,
            header["generation"],
            header["device"],
            _moment(header["created"]),
            row.pulse,
            self.unlocked,
        )


# Sessions end in many places, seats here: what nobody sits on any more goes with the next write.
_FORGET_SEATS = "DELETE FROM seats WHERE id NOT IN (SELECT id FROM sessions)"
_SELECT = (
    "SELECT s.id, s.owner, s.expires, s.sealed, a.epoch, a.generation, a.last_change"
    " FROM sessions s JOIN accounts a ON a.id = s.owner"
)


def _row(columns: tuple[Any, ...]) -> Row:
    id, owner, expires, sealed, *counters = columns
    return Row(id, owner, expires, sealed, Pulse(*counters))


def _seat_of(vault: Vault, id: bytes, header: dict[str, Any]) -> bytes:
    shown = {name: header[name] for name in ("v", "created", "last_seen", "device")}
    return vault.seal(SEAT, id, shown)


def _seat(tx: Transaction, owner: bytes, id: bytes, sealed: bytes) -> None:
    tx.execute(
        "INSERT INTO seats (id, owner, sealed) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed",
        (id, owner, sealed),
    )


def _told(vault: Vault, id: bytes, seat: bytes | None) -> dict[str, Any] | None:
    try:
        return vault.open(SEAT, id, seat).header if seat else None
    except Unreadable:
        return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
