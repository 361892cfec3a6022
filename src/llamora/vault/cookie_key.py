"""A vault carried by the browser: the DEK sealed in the cookie itself (§7, "cookie" mode).

The key comes from the installation's COOKIES.secret, so sessions outlive a restart; whoever has
that secret and a cookie has the keys. The server still decides, by a row, whether it holds.
"""

from collections.abc import Mapping
from typing import Any

from llamora.vault import sodium
from llamora.vault.errors import Unreadable
from llamora.vault.keypage import KeyPage
from llamora.vault.purposes import Purpose
from llamora.vault.record import Place
from llamora.vault.vault import Vault

FEWEST_BYTES = 32
COOKIE = Place("cookie", "value", Purpose.CHAIN, ("expires",))
"""No column but the cookie's own value, and sealed by its own key, not by the CHAIN subkey."""
_SECRET = b"cookie secret".ljust(16, b"\0")
_PERSON = b"cookie".ljust(16, b"\0")
_ZEROS = bytes(sodium.SALT_BYTES)


class CookieKey:
    """The key that seals cookies, made from a secret of at least 32 bytes.

    Raises:
        ValueError: the secret is shorter.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < FEWEST_BYTES:
            raise ValueError("The cookies' secret has at least 32 bytes.")
        self._page = KeyPage()
        zeros = self._page.slot()
        self._key = self._page.slot()
        sodium.derive(zeros, secret, _ZEROS, _SECRET, self._key)

    def seal(self, vault: Vault, id: bytes, expires: int, header: Mapping[str, Any]) -> bytes:
        """The vault's DEK and `header`, for the cookie of the session `id`."""
        page = KeyPage()
        try:
            key = self._cookie_key(vault.owner, id, page)
            return vault.seal_dek(key, COOKIE, id, header, expires=expires)
        finally:
            page.wipe()

    def open(
        self, owner: bytes, id: bytes, expires: int, sealed: bytes
    ) -> tuple[Vault, dict[str, Any]]:
        """The vault a cookie holds and its header.

        Raises:
            Unreadable: it is not a cookie of this installation, account, session and end.
        """
        page = KeyPage()
        try:
            key = self._cookie_key(owner, id, page)
            return Vault.from_sealed_dek(key, COOKIE, owner, id, sealed, expires=expires)
        finally:
            page.wipe()

    def _cookie_key(self, owner: bytes, id: bytes, page: KeyPage) -> sodium.Pointer:
        if len(owner) != sodium.SALT_BYTES:
            raise Unreadable
        key = page.slot()
        sodium.derive(self._key, id, owner, _PERSON, key)
        return key
