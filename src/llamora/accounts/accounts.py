"""Accounts: made, opened, re-keyed to a new password or code, and erased.

A password is right when its wrap opens; nothing else of it is stored. Whatever replaces a wrap
happens in one transaction, and the log of the database is emptied after it, so that the old wrap
is on the disk no longer; on one that is full, as soon as it has room. The owner of a returned vault
wipes it.
"""

import asyncio
import hmac
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from llamora.accounts import erasing, factors, history, names, passwords, wraps
from llamora.accounts.erasing import Backup
from llamora.accounts.errors import (
    AccountsError,
    MistypedCode,
    NameTaken,
    NoSuchAccount,
    OtherName,
    RegistrationClosed,
    TooBusy,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPassword,
    WrongToken,
)
from llamora.accounts.history import Kind
from llamora.accounts.invitations import Invitations
from llamora.accounts.passwords import Strength
from llamora.accounts.policy import AccountsPolicy
from llamora.accounts.refused import Refused
from llamora.accounts.settings import Settings
from llamora.accounts.throttle import Throttle
from llamora.accounts.turning import KeptSession, Turned, turn
from llamora.accounts.workplace import Workplace
from llamora.accounts.wraps import PASSWORD, RECOVERY
from llamora.kernel import Clock, new_id
from llamora.storage import Store, StoreError, Transaction, ledger
from llamora.vault import RecoveryCode, Unreadable, Vault, Wrap
from llamora.vault.keys import WRAP

ESTIMATES_WAITING = 16


@dataclass(frozen=True)
class Entered:
    """An unlocked vault, and the account's generation when its secret was right.

    A session begins with both (`Sessions.begin`), so that a password which was replaced since
    begins none.
    """

    vault: Vault
    generation: int


@dataclass(frozen=True)
class Opened(Entered):
    """What recovering and registering give: with it, the recovery code to show once."""

    code: RecoveryCode


class Accounts:
    """The accounts of one journal file. To be used in one event loop."""

    def __init__(self, store: Store, clock: Clock, policy: AccountsPolicy) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._refused = Refused(clock)
        self._kdf = Workplace("kdf", policy.derivations_at_once, policy.derivations_waiting)
        # In Python, so it slows every request of the process while it runs: never two at once.
        self._estimating = Workplace("zxcvbn", 1, ESTIMATES_WAITING)
        # Recovery has counters of its own, so that no stranger's guesses at the password can
        # deny it; confirming and rehearsing too, so that a thief of a cookie cannot lock its owner
        # out.
        self._sign_in = Throttle(policy.sign_in, clock)
        self._recovery = Throttle(policy.recovery, clock)
        self._confirming = Throttle(policy.confirming, clock)
        self._rehearsing = Throttle(policy.rehearsing, clock)
        self._registering = Throttle(policy.registering, clock)
        self._inviting = Throttle(policy.inviting, clock)
        self._measuring = Throttle(policy.measuring, clock)
        self._invitations = Invitations(store, clock)
        self._decoys = {PASSWORD: _decoy(PASSWORD, policy), RECOVERY: _decoy(RECOVERY, policy)}

    def names(self) -> list[str]:
        """The names of all accounts, folded, in order."""
        found = self._store.rows(
            "SELECT name FROM accounts WHERE epoch <> ? ORDER BY name", (ledger.ERASED,)
        )
        return [name for (name,) in found]

    @property
    def needs_token(self) -> bool:
        """Whether registering asks for the first account's token now."""
        return self._policy.first_token is not None and not self.names()

    @property
    def needs_invitation(self) -> bool:
        """Whether registering asks for an invitation now. The first account's token is one."""
        return self._policy.invitation_only and not self.needs_token

    async def invite(self, good_for: timedelta) -> str:
        """A one-time code with which somebody may register."""
        return await self._invitations.new(good_for)

    async def measure(self, password: str, name: str = "", network: str | None = None) -> Strength:
        """How `password` would do for an account called `name`, while it is being typed.

        Raises:
            Throttled, TooBusy: not now; the meter can stay as it is.
        """
        self._measuring.reserve(None, network)
        estimate = partial(passwords.strength, password, _folded_or_none(name))
        return await self._estimating.run(estimate, modest=True)

    async def register(
        self,
        name: str,
        password: str,
        settings: Settings,
        token: str | None = None,
        network: str | None = None,
        invitation: str = "",
    ) -> Opened:
        """A new account with its vault open, and its recovery code.

        Without a display name in `settings`, the name as it was typed becomes it. The refused
        attempts count too, for each may ask whether a name is taken. An invitation is used up with
        the account that it makes, and not before.

        Raises:
            RegistrationClosed, WrongInvitation, WrongToken, BadName, NameTaken, WeakPassword,
            Throttled, TooBusy.
        """
        if not self._policy.registration_open:
            raise RegistrationClosed
        invited = self.needs_invitation
        if invited:
            self._check_invitation(invitation, network)
        place = self._registering.reserve(None, network)
        if self.needs_token and not _same(token or "", self._policy.first_token or ""):
            raise WrongToken
        folded = names.folded(name)
        try:
            secret = await self._estimating.run(partial(passwords.accepted, password, folded))
        except TooBusy:
            place.unused()  # not so below, where "busy" already says that the name is free
            raise
        if self._store.row("SELECT 1 FROM accounts WHERE name = ?", (folded,)):
            raise NameTaken
        if not settings.display_name:
            settings = replace(settings, display_name=names.shown(name))
        vault = Vault.new(new_id())
        try:
            code = RecoveryCode.new()
            made = await self._kdf.run(lambda: self._wraps(vault, secret, code), modest=True)
            header = {"v": 1, "settings": settings.to_keep({}), "days": 0, "root": "0" * 64}
            wraps.name(header, made)
            row = ledger.AccountRow(vault.owner, folded, vault.epoch, 1, 0, header)
            sealed = row.sealed(vault)

            def insert(tx: Transaction) -> None:
                if invited:
                    self._invitations.use(tx, invitation)
                _insert_account(tx, row, sealed)
                wraps.begin(tx, made)

            await self._store.write(insert)
        except BaseException:
            vault.wipe()
            raise
        return Opened(vault, row.generation, code)

    async def sign_in(self, name: str, password: str, network: str | None = None) -> Vault:
        """`enter`, for those who need no session."""
        return (await self.enter(name, password, network)).vault

    async def enter(self, name: str, password: str, network: str | None = None) -> Entered:
        """The vault of an account. One derivation, whether or not there is such an account.

        `network` is what `network_of` makes of the client's address; None at the machine itself.
        After the policy's cost was raised, an account that has not signed in since still has the
        old cost, and its answer comes sooner than a stranger's name would: until then, time tells
        that it exists.

        Raises:
            WrongCredentials: with the same sentence for every cause.
            Throttled, TooBusy: not now.
        """
        key = _folded_or_none(name)
        secret = passwords.tried(password)
        wrap, generation, vault = await self._guess(self._sign_in, key, network, PASSWORD, secret)
        try:
            follow_chain(self._store, vault)
            if not self._policy.kdf.is_met_by(wrap):
                await self._upgrade(vault, wrap, secret)
            # Half a second has passed, or a whole one: the password that was right when the wrap
            # was read may have been replaced since.
            now = ledger.pulse(self._store, vault.owner)
            if now is None or (now.epoch, now.generation) != (vault.epoch, generation):
                raise WrongCredentials
        except BaseException:
            vault.wipe()
            raise
        return Entered(vault, generation)

    async def check_password(self, vault: Vault, password: str, network: str | None = None) -> None:
        """Asks someone who is signed in for their password once more.

        Raises:
            WrongPassword, Throttled, TooBusy.
        """
        await self._confirm(vault, password, network)

    async def change_password(
        self,
        vault: Vault,
        old: str,
        new: str,
        keep: KeptSession | None = None,
        network: str | None = None,
    ) -> None:
        """Replaces the password and ends every session but `keep` (see `Sessions.keep`).

        Raises:
            WrongPassword, WeakPassword, Throttled, TooBusy.
            Stale: the password was replaced elsewhere meanwhile.
        """
        before = await self._confirm(vault, old, network)
        secret = await self._estimating.run(lambda: self._accepted(vault, new))
        after = await self._kdf.run(
            lambda: vault.wrap(new_id(), PASSWORD, secret, self._policy.kdf)
        )

        def replace_it(tx: Transaction) -> None:
            wraps.must_stand(tx, before)
            wraps.put(tx, vault, [after], new_generation=True)
            _end_sessions(tx, vault, keep)
            self._note(tx, vault, Kind.PASSWORD_CHANGED)

        await self._store.write(replace_it)
        await self._store.truncate()

    async def recover(
        self, name: str, code: str, new_password: str, network: str | None = None
    ) -> Opened:
        """Opens an account with its recovery code, which is used up: a new one comes back.

        The new password replaces the old one, every session ends, and second factors and passkeys
        are forgotten (see `factors.forget_all`).

        Raises:
            MistypedCode: no code is written like that; not counted as an attempt.
            WrongCode: it is not the one, or was used; with the same sentence for every cause.
            WeakPassword: the code is good still.
            Throttled, TooBusy.
        """
        typed = _typed_code(code)
        key = _folded_or_none(name)
        used, _, vault = await self._guess(self._recovery, key, network, RECOVERY, typed.secret)
        try:
            # Only now: nobody without the code has the estimator run.
            secret = await self._estimating.run(partial(passwords.accepted, new_password, key))
            follow_chain(self._store, vault)
            fresh = RecoveryCode.new()
            made = await self._kdf.run(lambda: self._wraps(vault, secret, fresh))

            def replace_them(tx: Transaction) -> int:
                wraps.must_stand(tx, used)
                factors.forget_all(tx, vault)
                wraps.put(tx, vault, made, without=wraps.PASSKEY, new_generation=True)
                generation = _end_sessions(tx, vault, None)
                self._note(tx, vault, Kind.RECOVERED)
                return generation

            try:
                generation = await self._store.write(replace_them)
            except ledger.Stale:
                raise WrongCode from None  # someone else redeemed it a moment ago
            await self._store.truncate()
        except BaseException:
            vault.wipe()
            raise
        return Opened(vault, generation, fresh)

    async def new_code(
        self, vault: Vault, password: str, network: str | None = None
    ) -> RecoveryCode:
        """Replaces the recovery code. Sessions go on.

        Raises:
            WrongPassword, Throttled, TooBusy.
            Stale: the password was replaced elsewhere meanwhile.
        """
        confirmed = await self._confirm(vault, password, network)
        code = RecoveryCode.new()
        after = await self._kdf.run(
            lambda: vault.wrap(new_id(), RECOVERY, code.secret, self._policy.recovery_kdf)
        )

        def replace_it(tx: Transaction) -> None:
            wraps.must_stand(tx, confirmed)
            wraps.put(tx, vault, [after])
            self._note(tx, vault, Kind.CODE_MADE)

        await self._store.write(replace_it)
        await self._store.truncate()
        return code

    async def rehearse(
        self, vault: Vault, password: str, code: str, network: str | None = None
    ) -> None:
        """Sees whether the recovery code still opens the account. It stays good; nothing changes
        but the date of the last rehearsal.

        Raises:
            MistypedCode: no code is written like that; not counted as an attempt.
            WrongPassword, WrongCode, Throttled, TooBusy.
            Stale: the password or the code was replaced elsewhere meanwhile.
        """
        typed = _typed_code(code)
        confirmed = await self._confirm(vault, password, network)
        name = self._name(vault)
        try:
            tried, _, opened = await self._guess(
                self._rehearsing, name, network, RECOVERY, typed.secret
            )
        except WrongCode:
            raise WrongCode("That is not the code of this journal.", "code") from None
        opened.wipe()

        def date_it(tx: Transaction) -> None:
            wraps.must_stand(tx, confirmed)
            wraps.must_stand(tx, tried)
            wraps.take_code(tx, vault, tried.id.hex(), rehearsed=self._clock.now())
            self._note(tx, vault, Kind.CODE_REHEARSED)

        await self._store.write(date_it)

    def rehearsed(self, vault: Vault) -> datetime | None:
        """When the present recovery code was last rehearsed; None for never.

        Raises:
            Gone, Unreadable: as of `settings`.
        """
        at = ledger.read(self._store, vault).header.get("rehearsed")
        return datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None

    def code_id(self, vault: Vault) -> str:
        """Which recovery code counts: the id of its wrap in hex, "" for none.

        Raises:
            Gone, Unreadable: as of `settings`.
        """
        return wraps.code_of(ledger.read(self._store, vault).header)

    async def take_code(self, vault: Vault, id: str) -> None:
        """Notes that the owner has that recovery code, if it is the one that counts.

        Raises:
            Stale, Gone: the account's keys were replaced, or it was erased.
        """
        await self._store.write(lambda tx: wraps.take_code(tx, vault, id))

    def is_code_taken(self, vault: Vault) -> bool:
        """Whether the owner has said that they have the code; not so when a crash, or whoever left
        the page, came before that.

        Raises:
            Gone, Unreadable: as of `settings`.
        """
        return wraps.is_code_taken(ledger.read(self._store, vault).header)

    def name(self, vault: Vault) -> str:
        """The name that opens the account at the door.

        Raises:
            Gone: the account was erased.
        """
        return self._name(vault)

    def happened(self, vault: Vault, most: int = 100) -> history.Page:
        """What happened to the account, the newest first."""
        return history.newest(self._store, vault, self._clock.now(), most)

    async def note(self, vault: Vault, kind: Kind) -> None:
        """Leaves a row about what changes no other one, such as an export.

        Raises:
            Stale, Gone.
        """
        await self._store.write(lambda tx: self._note(tx, vault, kind))

    async def tell_refused(self, vault: Vault) -> None:
        """The background step while a journal is open: what this process refused at the account
        goes into its history. Writes nothing when there is nothing to tell.

        Raises:
            Stale, Gone, Locked.
        """
        if not self._refused:
            return
        name = self._name(vault)
        events = self._refused.take(name)
        if not events:
            return

        def tell(tx: Transaction) -> None:
            for event in events:
                history.note(tx, vault, event.kind, event.at, event.times)

        try:
            await self._store.write(tell)
        except BaseException:
            self._refused.give_back(name, events)
            raise

    async def rotate(
        self,
        vault: Vault,
        password: str,
        keep: KeptSession | None = None,
        network: str | None = None,
    ) -> Turned:
        """Replaces the key itself, with a new recovery code, and ends every session but `keep`.

        The vault goes on with the new key at once. What is sealed with the old one is for a
        `Rotation` to seal anew, from now on.

        Raises:
            WrongPassword, AlreadyTurning, Throttled, TooBusy.
            Stale: the password or the key was replaced elsewhere meanwhile.
        """
        confirmed = await self._confirm(vault, password, network)
        later, code = vault.next(), RecoveryCode.new()
        secret = passwords.tried(password)
        try:
            made = await self._kdf.run(lambda: self._wraps(later, secret, code))

            def note_it(tx: Transaction) -> None:
                self._note(tx, later, Kind.KEY_ROTATED)

            # In a task of its own: whoever leaves now must not leave vault and file apart.
            turned = asyncio.create_task(
                turn(self._store, vault, later, confirmed, made, keep, note_it)
            )
            turned.add_done_callback(lambda _: later.wipe())
        except BaseException:
            later.wipe()
            raise
        return Turned(code, await asyncio.shield(turned))

    async def erase(
        self, vault: Vault, name: str, password: str, network: str | None = None
    ) -> None:
        """Erases the account and everything in it from the file, for good: its keys first.

        `name` is its name, typed once more. What cannot be deleted at once, `sweep` deletes: see
        `is_being_erased`.

        Raises:
            OtherName: nothing was counted as an attempt.
            WrongPassword, Throttled, TooBusy.
            Stale: the password was replaced elsewhere meanwhile.
        """
        if _folded_or_none(name) != self._name(vault):
            raise OtherName
        confirmed = await self._confirm(vault, password, network)

        def destroy(tx: Transaction) -> None:
            wraps.must_stand(tx, confirmed)
            erasing.destroy_keys(tx, vault.owner)

        await self._store.write(destroy)
        await self._finish_erasing()

    async def remove(self, name: str) -> None:
        """Erases an account without its password, which is for whoever holds the file: they could
        delete it as well. One whose keys are destroyed already is erased to its end.

        Raises:
            NoSuchAccount: there is none of that name.
        """
        folded = _folded_or_none(name)
        if folded in await self._finish_erasing():
            return
        found = self._store.row("SELECT id FROM accounts WHERE name = ?", (folded,))
        if found is None:
            raise NoSuchAccount
        await self._store.write(lambda tx: erasing.destroy_keys(tx, found[0]))
        await self._finish_erasing()

    def is_being_erased(self, name: str) -> bool:
        """Whether the account's keys are destroyed and its rows are not gone yet, as on a full
        disk: it opens with nothing, though the keys may still lie in the file. `sweep` and `remove`
        end what was begun."""
        found = self._store.row(
            "SELECT 1 FROM accounts WHERE name = ? AND epoch = ?",
            (_folded_or_none(name), ledger.ERASED),
        )
        return found is not None

    def backups(self) -> list[Backup]:
        """The copies of the file that lie beside it, the newest first."""
        return erasing.backups(self._store)

    async def sweep(self) -> None:
        """The background step: ends erasures that were cut off, drops invitations that are over."""
        await self._finish_erasing()
        await self._invitations.sweep()

    async def _finish_erasing(self) -> list[str]:
        """What was erased; nothing on a full disk, say, for then `is_being_erased`."""
        with suppress(StoreError):
            return await erasing.finish(self._store)
        return []

    def asks_for_more(self, vault: Vault) -> bool:
        """Whether signing in with the password asks for a second factor too. Whoever begins a
        session asks this; the command line, which has the file anyway, begins none."""
        return factors.read(self._store, vault)[0].asked

    async def wrapped(self, vault: Vault, id: bytes, kind: str, secret: bytes) -> Wrap:
        """A wrap for a random secret, not yet in the file.

        Raises:
            TooBusy.
        """
        return await self._kdf.run(lambda: vault.wrap(id, kind, secret, self._policy.recovery_kdf))

    async def opened_by(self, id: bytes, owner: bytes, kind: str, secret: bytes) -> Entered:
        """The vault that a secret opens by the wrap of that id. Counts no attempt.

        Raises:
            WrongCredentials: there is no such wrap, it does not count, or the secret is not it.
            TooBusy: not now.
        """
        found = wraps.by_id(self._store, id, owner, kind)
        if found is None:
            raise WrongCredentials
        wrap, generation = found
        try:
            vault = await self._kdf.run(partial(Vault.from_wrap, wrap, secret))
        except Unreadable:
            raise WrongCredentials from None
        if not self._counts(wrap, vault):
            vault.wipe()
            raise WrongCredentials
        try:
            follow_chain(self._store, vault)
        except BaseException:
            vault.wipe()
            raise
        return Entered(vault, generation)

    def settings(self, vault: Vault) -> Settings:
        """The diarist's settings.

        Raises:
            Gone: the account was erased.
            Unreadable: its row was tampered with.
        """
        return Settings.kept(_kept_settings(ledger.read(self._store, vault).header))

    async def save_settings(self, vault: Vault, settings: Settings) -> None:
        """Replaces the settings; values that a later version left in the row stay.

        Raises:
            Stale, Gone: the account's keys were replaced, or it was erased.
        """

        def put(header: dict[str, Any]) -> None:
            header["settings"] = settings.to_keep(_kept_settings(header))

        await self._store.write(lambda tx: ledger.change(tx, vault, put))

    def close(self) -> None:
        """Ends the threads. Derivations under way are waited for."""
        self._kdf.close()
        self._estimating.close()

    def _note(self, tx: Transaction, vault: Vault, kind: Kind) -> None:
        history.note(tx, vault, kind, self._clock.now())

    async def _guess(
        self, throttle: Throttle, key: str, network: str | None, kind: str, secret: bytes
    ) -> "_Guessed":
        """The vault that a secret opens, by which wrap, and the generation read with that.

        The same statements and the same derivation for a name that does not exist.
        """
        place = throttle.reserve(key, network)
        refused = self._kind_of_refusal(throttle)
        before: bytes | None = None
        while True:
            wrap, generation = wraps.by_name(self._store, key, kind) or (self._decoys[kind], 0)
            if wrap.id == before:
                self._refused.count(key, refused)
                # Whoever writes to the file has put it back: it was replaced, and opens no more.
                raise WrongCode if kind == RECOVERY else WrongCredentials
            try:
                vault = await self._kdf.run(partial(Vault.from_wrap, wrap, secret))
            except Unreadable:
                self._refused.count(key, refused)
                raise (WrongCode if kind == RECOVERY else WrongCredentials) from None
            except TooBusy:
                place.unused()
                raise
            if self._counts(wrap, vault):
                place.succeeded()
                return _Guessed(wrap, generation, vault)
            vault.wipe()
            before = wrap.id  # unless another sign-in made it costlier meanwhile: then it is new

    def _check_invitation(self, code: str, network: str | None) -> None:
        """Counted apart, so that who has none keeps out nobody who has."""
        place = self._inviting.reserve(None, network)
        self._invitations.check(code)
        place.unused()

    def _kind_of_refusal(self, throttle: Throttle) -> Kind:
        if throttle is self._sign_in:
            return Kind.WRONG_PASSWORD
        return Kind.WRONG_CONFIRMATION if throttle is self._confirming else Kind.WRONG_CODE

    def _counts(self, wrap: Wrap, vault: Vault) -> bool:
        """Whether the account's row names this wrap, by which the vault was opened."""
        try:
            return wraps.counts(self._store, vault, wrap)
        except BaseException:
            vault.wipe()
            raise

    async def _confirm(self, vault: Vault, password: str, network: str | None) -> Wrap:
        """The wrap of this account that the password opens.

        Raises:
            WrongPassword, Throttled, TooBusy.
        """
        name = self._name(vault)
        secret = passwords.tried(password)
        try:
            wrap, _, opened = await self._guess(self._confirming, name, network, PASSWORD, secret)
        except WrongCredentials:
            raise WrongPassword from None
        owner = opened.owner
        opened.wipe()
        if owner != vault.owner or wrap.epoch != vault.epoch:
            raise ledger.Stale
        return wrap

    async def _upgrade(self, vault: Vault, wrap: Wrap, secret: bytes) -> None:
        """Makes a wrap as costly as the policy asks, unless it was replaced meanwhile: by another
        sign-in that did the same, or with the password, which the caller finds out."""
        try:
            after = await self._kdf.run(
                lambda: vault.wrap(new_id(), wrap.kind, secret, self._policy.kdf)
            )

            def replace_it(tx: Transaction) -> None:
                wraps.must_stand(tx, wrap)
                wraps.put(tx, vault, [after])

            await self._store.write(replace_it)
            await self._store.truncate()
        except (TooBusy, StoreError):
            return  # the next sign-in tries again

    def _accepted(self, vault: Vault, password: str) -> bytes:
        try:
            return passwords.accepted(password, self._name(vault))
        except WeakPassword as e:
            raise WeakPassword(e.sentence, "new_password") from None

    def _wraps(self, vault: Vault, secret: bytes, code: RecoveryCode) -> list[Wrap]:
        return [
            vault.wrap(new_id(), PASSWORD, secret, self._policy.kdf),
            vault.wrap(new_id(), RECOVERY, code.secret, self._policy.recovery_kdf),
        ]

    def _name(self, vault: Vault) -> str:
        found = self._store.row(
            "SELECT name FROM accounts WHERE id = ? AND epoch <> ?", (vault.owner, ledger.ERASED)
        )
        if found is None:
            raise ledger.Gone
        return found[0]


class _Guessed(NamedTuple):
    wrap: Wrap
    generation: int
    vault: Vault


def follow_chain(store: Store, vault: Vault) -> None:
    """Lets a vault read the records of the epoch before, while a rotation is under way."""
    link = store.row(
        "SELECT sealed FROM chain WHERE owner = ? AND epoch = ?", (vault.owner, vault.epoch)
    )
    if link is not None:
        vault.follow_chain(link[0])


def _decoy(kind: str, policy: AccountsPolicy) -> Wrap:
    """A wrap of nobody, which costs a guesser exactly what a real one costs."""
    kdf = policy.kdf if kind == PASSWORD else policy.recovery_kdf
    nobody = Vault.new(new_id())
    bare = Wrap(new_id(), nobody.owner, kind, 1, new_id(), kdf.memory_mib, kdf.passes, b"")
    # Under a key that no password makes, and gone in a moment.
    sealed = nobody.seal(WRAP, bare.id, {"v": 1}, bytes(32), **bare.visible())
    nobody.wipe()
    return replace(bare, sealed=sealed)


def _insert_account(tx: Transaction, row: ledger.AccountRow, sealed: bytes) -> None:
    made = tx.execute(
        "INSERT INTO accounts (id, name, epoch, generation, last_change, sealed)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
        (row.id, row.name, row.epoch, row.generation, row.last_change, sealed),
    )
    if made != 1:
        raise NameTaken


def _end_sessions(tx: Transaction, vault: Vault, keep: KeptSession | None) -> int:
    """Ends every session of the account but one; the generation that it is in now."""
    generation = ledger.read(tx, vault).generation
    kept = keep.renew(tx, generation) if keep else b""
    tx.execute("DELETE FROM sessions WHERE owner = ? AND id <> ?", (vault.owner, kept))
    return generation


def _kept_settings(header: dict[str, Any]) -> dict[str, Any]:
    kept = header.get("settings")
    return kept if isinstance(kept, dict) else {}


def _typed_code(code: str) -> RecoveryCode:
    try:
        return RecoveryCode.read(code)
    except ValueError as e:
        raise MistypedCode(str(e)) from None


def _folded_or_none(name: str) -> str:
    """The folded name; for what is no name, the empty one, which no account has."""
    try:
        return names.folded(name)
    except AccountsError:
        return ""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
