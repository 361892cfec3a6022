"""What a cookie and its row hold between them, so that a vault can come back from the two."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from llamora.kernel import ID_BYTES, new_id
from llamora.storage.ledger import Pulse
from llamora.vault import (
    Place,
    Purpose,
    RuntimeKey,
    Unreadable,
    Vault,
    new_secret,
    session_id,
)
from llamora.vault.cookie_key import CookieKey

COOKIE_ROW = Place("sessions", "sealed", Purpose.CONTENT, ("expires",))
"""A session's row in "cookie" mode: no key in it, so the account's own vault can read it."""
SEAT = Place("seats", "sealed", Purpose.CONTENT)
"""What the list of sessions shows of one, for every process that has the account's key."""
_LONGEST_COOKIE = 4096


class Row(NamedTuple):
    """A row of `sessions`, with the counters of its account."""

    id: bytes
    owner: bytes
    expires: int
    sealed: bytes
    pulse: Pulse


class Carrier(Protocol):
    """One way to divide a session between cookie and row."""

    def begin(self, vault: Vault, expires: int, header: Mapping[str, Any]) -> tuple[str, bytes]:
        """A new cookie, and the id of the row it finds."""
        ...

    def find(self, cookie: str) -> bytes | None:
        """The id of the row that a cookie speaks of; None when it is no cookie of ours."""
        ...

    def seal(
        self, cookie: str, vault: Vault, id: bytes, expires: int, header: Mapping[str, Any]
    ) -> bytes:
        """The row's sealed column."""
        ...

    def open(self, cookie: str, row: Row) -> tuple[Vault, dict[str, Any]]:
        """The vault, and what the row remembers.

        Raises:
            Unreadable: cookie and row do not belong together, or here.
        """
        ...

    def renewed(self, cookie: str, vault: Vault, row: Row, header: Mapping[str, Any]) -> str:
        """The cookie for a row that was sealed anew with another generation."""
        ...


class RuntimeCarrier:
    """The cookie holds a secret; the row holds the vault's key under that and the runtime key."""

    def __init__(self, runtime: RuntimeKey) -> None:
        self._runtime = runtime

    def begin(self, vault: Vault, expires: int, header: Mapping[str, Any]) -> tuple[str, bytes]:
        secret = new_secret()
        return encoded(secret), session_id(secret)

    def find(self, cookie: str) -> bytes | None:
        secret = decoded(cookie)
        return session_id(secret) if secret else None

    def seal(
        self, cookie: str, vault: Vault, id: bytes, expires: int, header: Mapping[str, Any]
    ) -> bytes:
        return self._runtime.seal(decoded(cookie), vault, id, expires, header)

    def open(self, cookie: str, row: Row) -> tuple[Vault, dict[str, Any]]:
        return self._runtime.open(decoded(cookie), row.owner, row.id, row.expires, row.sealed)

    def renewed(self, cookie: str, vault: Vault, row: Row, header: Mapping[str, Any]) -> str:
        return cookie


class CookieCarrier:
    """The cookie holds account, session, and the vault's key sealed; the row holds the rest.

    The value is owner(16) ‖ id(16) ‖ record. The row can revoke it, but opens nothing.
    """

    def __init__(self, key: CookieKey) -> None:
        self._key = key

    def begin(self, vault: Vault, expires: int, header: Mapping[str, Any]) -> tuple[str, bytes]:
        id = new_id()
        return self._cookie(vault, id, expires, header), id

    def find(self, cookie: str) -> bytes | None:
        raw = decoded(cookie)
        return raw[ID_BYTES : 2 * ID_BYTES] if len(raw) > 2 * ID_BYTES else None

    def seal(
        self, cookie: str, vault: Vault, id: bytes, expires: int, header: Mapping[str, Any]
    ) -> bytes:
        return vault.seal(COOKIE_ROW, id, header, expires=expires)

    def open(self, cookie: str, row: Row) -> tuple[Vault, dict[str, Any]]:
        raw = decoded(cookie)
        if raw[: 2 * ID_BYTES] != row.owner + row.id:
            raise Unreadable
        vault, carried = self._key.open(row.owner, row.id, row.expires, raw[2 * ID_BYTES :])
        try:
            header = vault.open(COOKIE_ROW, row.id, row.sealed, expires=row.expires).header
            # The cookie of before a password change, with a row that was kept.
            if carried["generation"] != header["generation"]:
                raise Unreadable
        except Unreadable:
            vault.wipe()
            raise
        return vault, header

    def renewed(self, cookie: str, vault: Vault, row: Row, header: Mapping[str, Any]) -> str:
        return self._cookie(vault, row.id, row.expires, header)

    def _cookie(self, vault: Vault, id: bytes, expires: int, header: Mapping[str, Any]) -> str:
        carried = {"v": 1, "issued": header["created"], "generation": header["generation"]}
        return encoded(vault.owner + id + self._key.seal(vault, id, expires, carried))


def carrier(key: RuntimeKey | CookieKey) -> Carrier:
    """The way that goes with a key: `RuntimeKey` for "session" mode, `CookieKey` for "cookie"."""
    return CookieCarrier(key) if isinstance(key, CookieKey) else RuntimeCarrier(key)


def encoded(value: bytes) -> str:
    """Bytes as a cookie's value: base64url without padding."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(cookie: str) -> bytes:
    """The bytes of a cookie; none when it is not written as ours are."""
    if len(cookie) > _LONGEST_COOKIE:
        return b""
    try:
        raw = cookie.encode("ascii")
        return base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return b""
