"""How a vault survives between two requests (§7).

A session row holds the DEK sealed under a key made from the cookie's secret *and* a runtime
key that lives in memory only. Cookie alone, database alone, disk alone open nothing.
"""

import secrets
from collections.abc import Mapping
from typing import Any

from llamora.vault import sodium
from llamora.vault.errors import Unreadable
from llamora.vault.keypage import KeyPage
from llamora.vault.purposes import Purpose
from llamora.vault.record import Place
from llamora.vault.vault import Vault

Buffer = Any  # a cffi buffer, writable by os.write

SECRET_BYTES = 32
SESSION = Place("sessions", "sealed", Purpose.CHAIN, ("expires",))
"""Sealed by the session's own key, not by the CHAIN subkey; the place is what binds it."""
HALF_OPEN = Place("cookie", "half-open", Purpose.CHAIN, ("expires",))
"""Between the password and the second factor: no row, and never a session's."""
_PERSON = b"session".ljust(16, b"\0")
_CHALLENGE = b"challenge".ljust(16, b"\0")
_ZEROS = bytes(sodium.SALT_BYTES)


def new_secret() -> bytes:
    """What the cookie holds: 256 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def session_id(secret: bytes) -> bytes:
    """The row a secret finds: a hash, so that a stolen database names no cookie."""
    return sodium.plain_hash(b"session id" + secret, 16)


class RuntimeKey:
    """The key that dies with the server. Workers get it from their parent as 32 bytes."""

    def __init__(self, key: bytearray | None = None) -> None:
        self._page = KeyPage()
        self._key = self._page.slot()
        if key is None:
            sodium.random_into(self._key, sodium.KEY_BYTES)
        elif len(key) == sodium.KEY_BYTES:
            sodium.ffi.memmove(self._key, key, sodium.KEY_BYTES)
            sodium.wipe(sodium.ffi.from_buffer(key), sodium.KEY_BYTES)
        else:
            raise ValueError("A runtime key has 32 bytes.")

    def hand_down(self) -> Buffer:
        """The key where it lies, to be written into the pipe to a worker."""
        return sodium.ffi.buffer(self._key, sodium.KEY_BYTES)

    def seal(
        self,
        secret: bytes,
        vault: Vault,
        id: bytes,
        expires: int,
        header: Mapping[str, Any],
        place: Place = SESSION,
    ) -> bytes:
        """A session's sealed column: the vault's DEK and what the session remembers."""
        page = KeyPage()
        try:
            key = self._session_key(secret, vault.owner, page)
            return vault.seal_dek(key, place, id, header, expires=expires)
        finally:
            page.wipe()

    def open(
        self,
        secret: bytes,
        owner: bytes,
        id: bytes,
        expires: int,
        sealed: bytes,
        place: Place = SESSION,
    ) -> tuple[Vault, dict[str, Any]]:
        """The vault of a session and what it remembers.

        Raises:
            Unreadable: the secret, the row or the runtime key is not the one.
        """
        page = KeyPage()
        try:
            key = self._session_key(secret, owner, page)
            return Vault.from_sealed_dek(key, place, owner, id, sealed, expires=expires)
        finally:
            page.wipe()

    def challenge(self, secret: bytes, about: bytes) -> bytes:
        """32 bytes for an authenticator to sign, which nobody without the runtime key can make."""
        if len(secret) != SECRET_BYTES:
            raise Unreadable
        page = KeyPage()
        try:
            made = page.slot()
            sodium.derive(self._key, secret + about, _ZEROS, _CHALLENGE, made)
            return bytes(sodium.ffi.buffer(made, sodium.KEY_BYTES))
        finally:
            page.wipe()

    def _session_key(self, secret: bytes, owner: bytes, page: KeyPage) -> sodium.Pointer:
        if len(secret) != SECRET_BYTES or len(owner) != sodium.SALT_BYTES:
            raise Unreadable
        key = page.slot()
        sodium.derive(self._key, secret, owner, _PERSON, key)
        return key
