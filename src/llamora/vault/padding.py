"""Padding to size classes, so that a record's length tells little (§5)."""

from llamora.vault.errors import Unreadable

SMALLEST = 128
END = 0x80
LARGEST = 48 * 1024 * 1024  # the last class whose record stays within 64 MiB


def _classes() -> tuple[int, ...]:
    sizes = [SMALLEST]
    step = 256
    while step <= LARGEST:
        sizes += [size for size in (step, step + step // 2) if size <= LARGEST]
        step *= 2
    return tuple(sizes)


CLASSES = _classes()
"""128, then 256·{1, 1.5}·2^k up to 48 MiB."""

_ALLOWED = frozenset(CLASSES)


def padded_size(length: int, *, small: bool = False) -> int:
    """The class for `length` bytes of plaintext and the one byte that ends it.

    Raises:
        ValueError: there is no class that large.
    """
    if small and length < SMALLEST:
        return SMALLEST
    if length >= LARGEST:
        raise ValueError("A record holds less than 48 MiB.")
    step = max(256, (1 << length.bit_length()) // 2)
    return next(size for size in (step, step + step // 2, step * 2) if length < size)


def is_class(size: int) -> bool:
    """Whether a padded plaintext can have this size."""
    return size in _ALLOWED


def pad(plaintext: bytes, *, small: bool = False) -> bytes:
    """The plaintext, 0x80, and zeros up to its class."""
    size = padded_size(len(plaintext), small=small)
    return plaintext + bytes((END,)) + bytes(size - len(plaintext) - 1)


def unpad(padded: bytearray) -> bytearray:
    """What `pad` was given.

    Raises:
        Unreadable: the last byte that is not zero is not 0x80.
    """
    stripped = padded.rstrip(b"\0")
    if not stripped or stripped.pop() != END:
        raise Unreadable
    return stripped
