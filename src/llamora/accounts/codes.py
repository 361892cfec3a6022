"""One-time codes as a second factor: enrolling an app, backup codes, and answering with either.

A code gates signing in and protects nothing that is in the file: whoever has the file needs the
password only, so the command line, which has it, asks for no code.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from llamora.accounts import factors, history, one_time
from llamora.accounts.accounts import Accounts
from llamora.accounts.errors import FactorGone, WrongAnswer
from llamora.accounts.factors import App, Backup, Factors, Waiting
from llamora.accounts.history import Kind
from llamora.accounts.policy import AccountsPolicy
from llamora.accounts.throttle import Throttle
from llamora.kernel import Clock
from llamora.storage import Store, Transaction
from llamora.vault import Vault

WAITS = 900
"""Seconds in which a secret that was shown can be confirmed."""


@dataclass(frozen=True)
class Enrolled:
    """An app that codes are asked of, and how many backup codes are left."""

    made: datetime
    used_at: datetime | None
    backup_left: int


class Codes:
    """The codes of one journal file's accounts. To be used in one event loop."""

    def __init__(
        self, store: Store, clock: Clock, policy: AccountsPolicy, accounts: Accounts
    ) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        # Of its own: the password was right by then, and guesses at it must not count here, nor
        # these there.
        self._answering = Throttle(policy.second_factor, clock)
        # And of its own again, so that whoever has a session only cannot lock the door by it.
        self._enrolling = Throttle(policy.second_factor, clock)

    def enrolled(self, vault: Vault) -> Enrolled | None:
        """The app that codes are asked of; None when there is none."""
        kept, _ = factors.read(self._store, vault)
        if kept.app is None:
            return None
        left = len(kept.backup.hashes) if kept.backup else 0
        used = kept.app.used_at
        return Enrolled(_moment(kept.app.made), None if used is None else _moment(used), left)

    async def begin(
        self, vault: Vault, session: bytes, password: str, network: str | None = None
    ) -> None:
        """Makes a secret that waits for this session to confirm it. An app enrolled before counts
        until then.

        Raises:
            WrongPassword, Throttled, TooBusy, Stale, Gone.
        """
        await self._accounts.check_password(vault, password, network)
        waiting = Waiting(one_time.new_secret(), self._now(), session.hex())

        def put(before: Factors) -> Factors:
            return replace(before, waiting=waiting)

        await self._store.write(lambda tx: factors.change(tx, vault, put))

    def waiting(self, vault: Vault, session: bytes) -> str | None:
        """The secret that waits for this session."""
        return self._waiting(factors.read(self._store, vault)[0], session)

    async def confirm(self, vault: Vault, session: bytes, typed: str) -> list[str]:
        """Lets the waiting secret count, for its app has shown a right code; ten backup codes, to
        be shown once.

        Raises:
            MistypedAnswer, WrongAnswer: nothing is changed, and the secret waits on.
            FactorGone: no secret waits for this session.
            Throttled, Stale, Gone.
        """
        code, now = one_time.read(typed), self._now()
        place = self._enrolling.reserve(vault.owner, None)
        backup = one_time.new_backup_codes()

        def put(before: Factors) -> Factors:
            secret = self._waiting(before, session)
            if secret is None:
                raise FactorGone
            step = one_time.step_of(secret, code, now, ())
            if step is None:
                raise WrongAnswer
            app = App(secret, now).used(step, now)
            return replace(before, app=app, waiting=None, backup=_kept(backup))

        def write(tx: Transaction) -> None:
            factors.change(tx, vault, put)
            history.note(tx, vault, Kind.FACTOR_ADDED, self._clock.now())

        await self._store.write(write)
        place.succeeded()
        return [one_time.shown(each) for each in backup]

    async def new_backup_codes(
        self, vault: Vault, password: str, network: str | None = None
    ) -> list[str]:
        """Ten others, in place of those before.

        Raises:
            FactorGone: no codes are asked for any more.
            WrongPassword, Throttled, TooBusy, Stale, Gone.
        """
        await self._accounts.check_password(vault, password, network)
        backup = one_time.new_backup_codes()

        def put(before: Factors) -> Factors:
            if before.app is None:
                raise FactorGone
            return replace(before, backup=_kept(backup))

        await self._store.write(lambda tx: factors.change(tx, vault, put))
        return [one_time.shown(each) for each in backup]

    async def remove(self, vault: Vault, password: str, network: str | None = None) -> None:
        """Asks for no codes any more; the backup codes go with them.

        Raises:
            WrongPassword, Throttled, TooBusy, Stale, Gone.
        """
        await self._accounts.check_password(vault, password, network)

        def put(before: Factors) -> Factors:
            return replace(before, app=None, waiting=None, backup=None)

        def write(tx: Transaction) -> None:
            factors.change(tx, vault, put)
            history.note(tx, vault, Kind.FACTOR_REMOVED, self._clock.now())

        await self._store.write(write)

    async def answer(self, vault: Vault, typed: str, network: str | None = None) -> None:
        """Takes an app's code or a backup code, which is used up by that, in every process.

        Raises:
            MistypedAnswer: nobody's code is written like that; not counted as an attempt.
            WrongAnswer, Throttled, Stale, Gone.
        """
        code, now = one_time.read(typed), self._now()
        place = self._answering.reserve(vault.owner, network)

        def take(before: Factors) -> Factors:
            after = _with_app_code(before, code, now) or _with_backup_code(before, code)
            if after is None:
                raise WrongAnswer
            return after

        try:
            await self._store.write(lambda tx: factors.change(tx, vault, take))
        except WrongAnswer:
            await self._accounts.note(vault, Kind.WRONG_FACTOR)
            raise
        place.succeeded()

    def _waiting(self, kept: Factors, session: bytes) -> str | None:
        found = kept.waiting
        if found is None or found.session != session.hex():
            return None
        return found.secret if 0 <= self._now() - found.at < WAITS else None

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _with_app_code(before: Factors, code: str, now: int) -> Factors | None:
    if before.app is None:
        return None
    step = one_time.step_of(before.app.secret, code, now, before.app.steps)
    return None if step is None else replace(before, app=before.app.used(step, now))


def _with_backup_code(before: Factors, code: str) -> Factors | None:
    if before.backup is None:
        return None
    kept = before.backup
    place = one_time.place_of(code, bytes.fromhex(kept.key), kept.hashes)
    if place is None:
        return None
    left = kept.hashes[:place] + kept.hashes[place + 1 :]
    return replace(before, backup=replace(kept, hashes=left))


def _kept(codes: list[str]) -> Backup:
    key = secrets.token_bytes(32)
    return Backup(key.hex(), tuple(one_time.hashed(code, key) for code in codes))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
