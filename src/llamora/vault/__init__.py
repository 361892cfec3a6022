"""The vault: keys, sealing and recovery codes. Pure: no files, no network, no event loop.

The format is docs/spec/vault-format.md; section numbers in this room's comments are its.
Every failure to open anything is `Unreadable`, with no reason an attacker could use.
"""

from llamora.vault.errors import Locked, Unreadable
from llamora.vault.keys import MAX_PASSWORD_BYTES, KdfPolicy, Wrap, normalise_password
from llamora.vault.purposes import Purpose
from llamora.vault.record import Opened, Place
from llamora.vault.recovery import RecoveryCode
from llamora.vault.session_keys import RuntimeKey, new_secret, session_id
from llamora.vault.vault import Vault

__all__ = [
    "MAX_PASSWORD_BYTES",
    "KdfPolicy",
    "Locked",
    "Opened",
    "Place",
    "Purpose",
    "RecoveryCode",
    "RuntimeKey",
    "Unreadable",
    "Vault",
    "Wrap",
    "new_secret",
    "normalise_password",
    "session_id",
]
