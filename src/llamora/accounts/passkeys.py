"""Passkeys: enrolled with a name, used to sign in, alone or after the password.

Where the authenticator has a PRF, its output is the secret of a wrap of its own, so that the
passkey alone opens the journal; it asks for a finger or a PIN itself, so no second factor is asked
for besides. Where it has none, the passkey can only follow the password, and is asked for from then
on.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from llamora.accounts import ceremonies, factors, history, wraps
from llamora.accounts.accounts import Accounts, Entered
from llamora.accounts.ceremonies import Site
from llamora.accounts.challenges import Challenge, Challenges
from llamora.accounts.errors import (
    BadPasskeyName,
    FactorGone,
    PasskeyRefused,
    TooBusy,
    WrongCredentials,
)
from llamora.accounts.factors import Factors, Passkey
from llamora.accounts.history import Kind
from llamora.accounts.policy import AccountsPolicy
from llamora.accounts.throttle import Throttle
from llamora.accounts.wraps import PASSKEY
from llamora.kernel import ID_BYTES, Clock
from llamora.storage import Store, Transaction
from llamora.vault import RuntimeKey, Vault

LONGEST_NAME = 60
MOST = 20
PRF_BYTES = 32
_DOOR = b"door"
_ALONE = (
    "This passkey cannot open the journal by itself. Open it with your password, and then use the"
    " passkey if it is asked for."
)
_TURNED = "The key was replaced in this very moment. Please make the passkey once more."


@dataclass(frozen=True)
class PasskeyInfo:
    """A line in the list of passkeys; `opens` says whether it opens the journal alone, `asked`
    whether it is wanted after the password."""

    id: bytes
    name: str
    host: str
    made: datetime
    used_at: datetime | None
    opens: bool
    asked: bool


class Passkeys:
    """The passkeys of one journal file's accounts. To be used in one event loop."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        policy: AccountsPolicy,
        accounts: Accounts,
        runtime: RuntimeKey,
    ) -> None:
        self._store = store
        self._clock = clock
        self._accounts = accounts
        self._challenges = Challenges(clock, runtime)
        self._entering = Throttle(policy.sign_in, clock)
        self._answering = Throttle(policy.second_factor, clock)

    def list(self, vault: Vault) -> Sequence[PasskeyInfo]:
        """The account's passkeys, the oldest first."""
        kept, counting = factors.read(self._store, vault)
        return [_info(each, counting) for each in kept.passkeys]

    def find(self, vault: Vault, id: bytes) -> PasskeyInfo:
        """Raises `FactorGone` when the account has none of that id."""
        found = next((each for each in self.list(vault) if each.id == id), None)
        if found is None:
            raise FactorGone
        return found

    async def begin(
        self,
        vault: Vault,
        session: bytes,
        shown_as: str,
        password: str,
        site: Site,
        network: str | None = None,
    ) -> tuple[Challenge, dict[str, Any]]:
        """What the browser is told so that a passkey is made, once the password was right: the
        challenge is for this session, so an answer to it needs no password again.

        Raises:
            WrongPassword, Throttled, TooBusy, Gone.
        """
        await self._accounts.check_password(vault, password, network)
        kept, counting = factors.read(self._store, vault)
        # One that has lost its wrap may be made anew on the same authenticator.
        useful = [e for e in kept.passkeys if e.host == site.host and (e.asked or e.id in counting)]
        challenge = self._challenges.new(_enrolling(vault, session))
        options = ceremonies.making(site, challenge.value, vault.owner, shown_as, useful)
        return challenge, options

    async def enrol(
        self,
        vault: Vault,
        session: bytes,
        cookie: str,
        name: str,
        answer: str,
        prf: bytes,
        site: Site,
    ) -> PasskeyInfo:
        """Keeps the passkey that the browser has made; `prf` is what its PRF says, if it has one.

        Raises:
            BadPasskeyName, PasskeyRefused, TooBusy, Stale, Gone.
        """
        name = _named(name)
        challenge = self._challenges.of(cookie, _enrolling(vault, session))
        if challenge is None:
            raise PasskeyRefused
        made = ceremonies.made(answer, challenge.value, site)
        id = ceremonies.id_of(made.credential)
        opens = len(prf) == PRF_BYTES
        wrap = await self._accounts.wrapped(vault, id, PASSKEY, prf) if opens else None
        new = Passkey(
            id.hex(),
            made.credential.hex(),
            made.public_key.hex(),
            made.count,
            name,
            site.host,
            self._now(),
            asked=not opens,
            transports=made.transports,
        )

        def put(before: Factors) -> Factors:
            if len(before.passkeys) >= MOST or before.passkey(new.id):
                raise PasskeyRefused("There are as many passkeys as there can be, or it is there.")
            return _spending(before, challenge).with_passkey(new)

        def write(tx: Transaction) -> None:
            if wrap is not None and wrap.epoch != vault.epoch:
                raise PasskeyRefused(_TURNED)
            factors.change(tx, vault, put)
            wraps.put(tx, vault, [wrap] if wrap else [])
            history.note(tx, vault, Kind.FACTOR_ADDED, self._clock.now())

        await self._store.write(write)
        return self.find(vault, id)

    async def rename(
        self, vault: Vault, id: bytes, name: str, password: str, network: str | None = None
    ) -> None:
        """Raises `BadPasskeyName`, `FactorGone`, `WrongPassword`, `Throttled`, `TooBusy`."""
        name = _named(name)
        await self._accounts.check_password(vault, password, network)

        def put(before: Factors) -> Factors:
            return before.with_passkey(replace(_known(before, id), name=name))

        await self._store.write(lambda tx: factors.change(tx, vault, put))

    async def remove(
        self, vault: Vault, id: bytes, password: str, network: str | None = None
    ) -> None:
        """Forgets a passkey, and takes its wrap out of the file.

        Raises:
            FactorGone, WrongPassword, Throttled, TooBusy, Stale, Gone.
        """
        await self._accounts.check_password(vault, password, network)

        def put(before: Factors) -> Factors:
            _known(before, id)
            return before.without_passkey(id.hex())

        def write(tx: Transaction) -> None:
            factors.change(tx, vault, put)
            wraps.put(tx, vault, [], without=id.hex())
            history.note(tx, vault, Kind.FACTOR_REMOVED, self._clock.now())

        await self._store.write(write)
        await self._store.truncate()

    def door(self, site: Site) -> tuple[Challenge, dict[str, Any]]:
        """What a browser is told that has no session: any passkey that it has for this place."""
        challenge = self._challenges.new(_DOOR)
        return challenge, ceremonies.asking(site, challenge.value)

    async def enter(
        self, cookie: str, answer: str, prf: bytes, site: Site, network: str | None = None
    ) -> Entered:
        """The vault that a passkey opens alone.

        A wrap is found by a hash of the credential's id, which nobody can guess, so none is derived
        for a credential that is not here.

        Raises:
            PasskeyRefused: with one sentence, but for a passkey that has no PRF.
            Throttled, TooBusy, Stale, Gone.
        """
        credential, owner = ceremonies.claimed(answer)
        challenge = self._challenges.of(cookie, _DOOR)
        if challenge is None or len(owner) != ID_BYTES:
            raise PasskeyRefused
        if len(prf) != PRF_BYTES:
            raise PasskeyRefused(_ALONE)
        place = self._entering.reserve(owner, network)
        id = ceremonies.id_of(credential)
        try:
            entered = await self._accounts.opened_by(id, owner, PASSKEY, prf)
        except WrongCredentials:
            raise PasskeyRefused from None
        except TooBusy:
            place.unused()
            raise
        try:
            await self._use(entered.vault, id, challenge, answer, site)
        except BaseException:
            entered.vault.wipe()
            raise
        place.succeeded()
        return entered

    def asking(self, vault: Vault, site: Site) -> tuple[Challenge, dict[str, Any]] | None:
        """What the browser is told after the password; None when no passkey was made for here."""
        kept, _ = factors.read(self._store, vault)
        here = [each for each in kept.passkeys if each.host == site.host]
        if not here:
            return None
        challenge = self._challenges.new(_after(vault))
        return challenge, ceremonies.asking(site, challenge.value, here)

    async def answer(
        self, vault: Vault, cookie: str, answer: str, site: Site, network: str | None = None
    ) -> None:
        """Takes a passkey as the second factor.

        Raises:
            PasskeyRefused, Throttled, Stale, Gone.
        """
        credential, _ = ceremonies.claimed(answer)
        challenge = self._challenges.of(cookie, _after(vault))
        if challenge is None:
            raise PasskeyRefused
        place = self._answering.reserve(vault.owner, network)
        try:
            await self._use(vault, ceremonies.id_of(credential), challenge, answer, site)
        except PasskeyRefused:
            await self._accounts.note(vault, Kind.WRONG_FACTOR)
            raise
        place.succeeded()

    async def _use(
        self, vault: Vault, id: bytes, challenge: Challenge, answer: str, site: Site
    ) -> None:
        """Checks the answer against what the row knows, and notes the use, in one transaction: so
        no challenge is answered twice, in whatever process."""
        now = self._now()

        def put(before: Factors) -> Factors:
            passkey = before.passkey(id.hex())
            if passkey is None:
                raise PasskeyRefused
            count = ceremonies.used(answer, challenge.value, site, passkey)
            after = replace(passkey, count=count, used_at=now)
            return _spending(before, challenge).with_passkey(after)

        await self._store.write(lambda tx: factors.change(tx, vault, put))

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _enrolling(vault: Vault, session: bytes) -> bytes:
    return b"enrol" + vault.owner + session


def _after(vault: Vault) -> bytes:
    return b"after" + vault.owner


def _spending(before: Factors, challenge: Challenge) -> Factors:
    value = challenge.value.hex()
    if any(spent == value for spent, _ in before.spent):
        raise PasskeyRefused
    return replace(before, spent=(*before.spent, (value, challenge.ends)))


def _known(kept: Factors, id: bytes) -> Passkey:
    found = kept.passkey(id.hex())
    if found is None:
        raise FactorGone
    return found


def _named(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise BadPasskeyName
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise BadPasskeyName
    return name


def _info(kept: Passkey, counting: frozenset[str]) -> PasskeyInfo:
    used = kept.used_at
    return PasskeyInfo(
        bytes.fromhex(kept.id),
        kept.name,
        kept.host,
        datetime.fromtimestamp(kept.made, UTC),
        None if used is None else datetime.fromtimestamp(used, UTC),
        kept.id in counting,
        kept.asked,
    )
