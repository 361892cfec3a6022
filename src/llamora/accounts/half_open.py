"""Between the password and the second factor: a journal that is half open.

What the password opened must wait somewhere until the code is typed. It waits in the browser, in a
cookie of a few minutes, sealed under a secret in that cookie *and* the runtime key, which lives in
the server's memory only. Of the two other ways, keeping the vault in this process would fail where
another worker gets the next request, and would hold the keys of whoever never comes back; sending
the password again with the code would put it into a page. So nothing is held here, there is nothing
to fill or to sweep, every worker can go on, and a restart forgets it. It opens no page: no route
looks at this cookie but the one that asks for the second factor.
"""

from typing import NamedTuple

from llamora.accounts.accounts import Entered, follow_chain
from llamora.accounts.carriers import decoded, encoded
from llamora.kernel import ID_BYTES, Clock
from llamora.storage import Store, ledger
from llamora.vault import RuntimeKey, Unreadable, new_secret, session_id
from llamora.vault.session_keys import HALF_OPEN, SECRET_BYTES

LASTS = 300
"""Seconds in which the second factor must follow the password."""


class _Parts(NamedTuple):
    owner: bytes
    secret: bytes
    expires: int
    sealed: bytes


class HalfOpen:
    """Seals and opens such cookies; `owner ‖ secret ‖ expires ‖ record` in base64url."""

    def __init__(self, store: Store, clock: Clock, runtime: RuntimeKey) -> None:
        self._store = store
        self._clock = clock
        self._runtime = runtime

    def seal(self, entered: Entered) -> str:
        """The cookie's value. The vault is wiped: nothing stays open here."""
        vault, secret, expires = entered.vault, new_secret(), self._now() + LASTS
        try:
            header = {"v": 1, "generation": entered.generation}
            sealed = self._runtime.seal(
                secret, vault, session_id(secret), expires, header, HALF_OPEN
            )
            return encoded(vault.owner + secret + expires.to_bytes(8, "big") + sealed)
        finally:
            vault.wipe()

    def open(self, cookie: str) -> Entered | None:
        """What waits behind a cookie; None when it is none of ours, too old, or of before the
        password or the key was replaced. The vault is the caller's to wipe."""
        found = _parts(decoded(cookie))
        if not 0 < found.expires - self._now() <= LASTS:
            return None
        try:
            vault, header = self._runtime.open(
                found.secret,
                found.owner,
                session_id(found.secret),
                found.expires,
                found.sealed,
                HALF_OPEN,
            )
        except Unreadable:
            return None
        try:
            now = ledger.pulse(self._store, vault.owner)
            if now is None or (now.epoch, now.generation) != (vault.epoch, header["generation"]):
                vault.wipe()
                return None
            follow_chain(self._store, vault)
        except BaseException:
            vault.wipe()
            raise
        return Entered(vault, header["generation"])

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _parts(raw: bytes) -> _Parts:
    """Of a cookie that is cut short too: a part that is too short opens nothing."""
    head = ID_BYTES + SECRET_BYTES + 8
    expires = int.from_bytes(raw[head - 8 : head], "big")
    return _Parts(raw[:ID_BYTES], raw[ID_BYTES : head - 8], expires, raw[head:])
