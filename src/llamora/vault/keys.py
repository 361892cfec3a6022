"""Passwords and codes to key-encrypting keys, and the wraps that hold a DEK (§2)."""

import secrets
import unicodedata
from dataclasses import dataclass

from llamora.vault import sodium
from llamora.vault.errors import Unreadable
from llamora.vault.purposes import Purpose
from llamora.vault.record import Place

MAX_PASSWORD_BYTES = 1024
MEMORY_MIB = range(8, 1025)
PASSES = range(1, 17)
WRAP = Place("wraps", "sealed", Purpose.CHAIN, ("kind", "epoch", "salt", "m", "t"))
"""Sealed by a KEK, not by the CHAIN subkey; the place is what binds it."""


@dataclass(frozen=True)
class KdfPolicy:
    """What a new wrap costs: memory in MiB and passes over it.

    Raises:
        ValueError: outside the range that any wrap can have (§2).
    """

    memory_mib: int = 128
    passes: int = 3

    def __post_init__(self) -> None:
        if self.memory_mib not in MEMORY_MIB or self.passes not in PASSES:
            raise ValueError("Argon2id takes 8 to 1024 MiB and 1 to 16 passes here.")

    def is_met_by(self, wrap: "Wrap") -> bool:
        return wrap.m >= self.memory_mib and wrap.t >= self.passes


RECOVERY_POLICY = KdfPolicy(64, 3)
"""A recovery code has 120 bits of its own, so the floor is plenty."""


@dataclass(frozen=True)
class Wrap:
    """A row of `wraps`: the DEK of an epoch under a key that one secret makes."""

    id: bytes
    owner: bytes
    kind: str
    epoch: int
    salt: bytes
    m: int
    t: int
    sealed: bytes

    def visible(self) -> dict[str, bytes | str | int]:
        return {"kind": self.kind, "epoch": self.epoch, "salt": self.salt, "m": self.m, "t": self.t}


def normalise_password(password: str) -> bytes:
    """The bytes Argon2id sees: NFKC, so that every keyboard types the same password.

    Raises:
        ValueError: longer than 1,024 bytes, or not text.
    """
    try:
        raw = unicodedata.normalize("NFKC", password).encode()
    except UnicodeEncodeError as e:
        raise ValueError("A password is made of characters.") from e
    if len(raw) > MAX_PASSWORD_BYTES:
        raise ValueError("A password is at most 1,024 bytes long.")
    return raw


def stretch(secret: bytes, salt: bytes, memory_mib: int, passes: int, out: sodium.Pointer) -> None:
    """A key-encrypting key at `out`. The range is checked before any memory is taken.

    Raises:
        Unreadable: parameters no wrap of ours has.
    """
    # Types too: these come from a row that whoever wrote to the file may have filled.
    if type(memory_mib) is not int or type(passes) is not int or type(salt) is not bytes:
        raise Unreadable
    if memory_mib not in MEMORY_MIB or passes not in PASSES or len(salt) != sodium.SALT_BYTES:
        raise Unreadable
    sodium.argon2id(secret, salt, memory_mib, passes, out)


def new_salt() -> bytes:
    return secrets.token_bytes(sodium.SALT_BYTES)
