"""libsodium, called through pointers so that key bytes never become Python objects.

PyNaCl's own wrappers take keys as `bytes`, which the interpreter copies and never wipes. Its
compiled binding takes pointers too; that module is private, so what we need of it is checked
at import. The only file of the project that calls an AEAD or a key derivation.
"""

import hmac
from importlib import import_module
from typing import Any

from llamora.vault.errors import Unreadable

KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
SALT_BYTES = 16

_binding = import_module("nacl._sodium")  # by name: it has no types of its own
ffi: Any = _binding.ffi
lib: Any = _binding.lib

_NEEDED = (
    "crypto_aead_xchacha20poly1305_ietf_encrypt",
    "crypto_aead_xchacha20poly1305_ietf_decrypt",
    "crypto_generichash_blake2b_salt_personal",
    "crypto_pwhash",
    "crypto_pwhash_alg_argon2id13",
    "randombytes",
    "sodium_memzero",
    "sodium_init",
)
_missing: list[str] = [name for name in _NEEDED if not hasattr(lib, name)]
if _missing:
    raise ImportError(f"This PyNaCl lacks {', '.join(_missing)}; install PyNaCl 1.6 or newer.")
if lib.sodium_init() < 0:
    raise ImportError("libsodium could not be started.")

Pointer = Any  # a cffi `unsigned char *` into a key page

_ARGON2ID: int = lib.crypto_pwhash_alg_argon2id13()
_ZEROS = bytes(SALT_BYTES)  # no salt, no personalisation: plain BLAKE2b


def random_into(out: Pointer, size: int) -> None:
    """Fills `size` bytes at `out` with randomness."""
    lib.randombytes(out, size)


def wipe(out: Pointer, size: int) -> None:
    """Zeroes memory in a way no compiler removes."""
    lib.sodium_memzero(out, size)


def copy_key(to: Pointer, origin: Pointer) -> None:
    """Copies 32 bytes from page to page."""
    ffi.memmove(to, origin, KEY_BYTES)


def encrypt(key: Pointer, nonce: bytes, plaintext: bytes | bytearray, aad: bytes) -> bytes:
    """XChaCha20-Poly1305: ciphertext and tag.

    Raises:
        ValueError: the nonce is not 24 bytes. libsodium takes a bare pointer and would read on.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("A nonce has 24 bytes.")
    out = bytearray(len(plaintext) + TAG_BYTES)
    size = len(plaintext)
    source = ffi.from_buffer(plaintext)
    lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        ffi.from_buffer(out), ffi.NULL, source, size, aad, len(aad), ffi.NULL, nonce, key
    )
    return bytes(out)


def decrypt(key: Pointer, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytearray:
    """The plaintext of `encrypt`, in memory that the caller may wipe.

    Raises:
        Unreadable: key, nonce, ciphertext or associated data is not the one it was made with.
    """
    if len(ciphertext) < TAG_BYTES or len(nonce) != NONCE_BYTES:
        raise Unreadable
    out = bytearray(len(ciphertext) - TAG_BYTES)
    target = ffi.from_buffer(out) if out else ffi.NULL
    failed = lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
        target, ffi.NULL, ffi.NULL, ciphertext, len(ciphertext), aad, len(aad), nonce, key
    )
    if failed:
        raise Unreadable
    return out


def derive(key: Pointer, data: bytes, salt: bytes, person: bytes, out: Pointer) -> None:
    """BLAKE2b-256 of `data`, keyed, salted and personalised, written to 32 bytes at `out`.

    Raises:
        ValueError: salt or personalisation is not 16 bytes.
    """
    if len(salt) != SALT_BYTES or len(person) != SALT_BYTES:
        raise ValueError("A salt and a personalisation have 16 bytes each.")
    lib.crypto_generichash_blake2b_salt_personal(
        out, KEY_BYTES, data, len(data), key, KEY_BYTES, salt, person
    )


def keyed_hash(key: Pointer, data: bytes, size: int) -> bytes:
    """BLAKE2b of `data` under a 32-byte key; `size` bytes, 16 to 64."""
    return _blake2b(data, size, key, KEY_BYTES)


def plain_hash(data: bytes, size: int) -> bytes:
    """BLAKE2b of `data` without a key; `size` bytes, 16 to 64."""
    return _blake2b(data, size, ffi.NULL, 0)


def _blake2b(data: bytes, size: int, key: Pointer, key_bytes: int) -> bytes:
    out = bytearray(size)
    lib.crypto_generichash_blake2b_salt_personal(
        ffi.from_buffer(out), size, data, len(data), key, key_bytes, _ZEROS, _ZEROS
    )
    return bytes(out)


def hmac_sha256(key: Pointer, data: bytes) -> bytes:
    """HMAC-SHA256; OpenSSL reads the key in place, from the page."""
    return hmac.digest(ffi.buffer(key, KEY_BYTES), data, "sha256")  # pyright: ignore[reportArgumentType]


def argon2id(secret: bytes, salt: bytes, memory_mib: int, passes: int, out: Pointer) -> None:
    """Argon2id, one lane, 32 bytes at `out`. Releases the interpreter lock while it works.

    Raises:
        MemoryError: the memory could not be had.
    """
    failed = lib.crypto_pwhash(
        out, KEY_BYTES, secret, len(secret), salt, passes, memory_mib * 1024 * 1024, _ARGON2ID
    )
    if failed:
        raise MemoryError(f"Argon2id needs {memory_mib} MiB of memory for a moment.")
