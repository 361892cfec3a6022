"""The sealed record: one function to seal, one to open, for everything (§4).

0      1      2..5            6..29      30..
ver=1  alg=1  epoch u32 BE    nonce(24)  XChaCha20-Poly1305(pad(plaintext)) ‖ tag(16)
"""

import json
import secrets
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from llamora.vault import sodium
from llamora.vault.errors import Unreadable
from llamora.vault.padding import CLASSES, END, is_class, pad, padded_size, unpad
from llamora.vault.pae import le64, pae
from llamora.vault.purposes import SMALL, Purpose

VERSION = 1
ALGORITHM = 1
ID_BYTES = 16
HEAD_BYTES = 6
OVERHEAD = HEAD_BYTES + sodium.NONCE_BYTES + sodium.TAG_BYTES
SHORTEST = OVERHEAD + CLASSES[0]
LONGEST = OVERHEAD + CLASSES[-1]

Visible = bytes | str | int

_head = struct.Struct(">BBI")
_length = struct.Struct(">I")


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


# Made once: `json.dumps` and `json.loads` with options build a new one at each call.
_encoder = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
_decoder = json.JSONDecoder(parse_constant=_no_number)


@dataclass(frozen=True)
class Place:
    """A sealed column: where a record stands, which key seals it, what it is bound to.

    `visible` names every clear column of the row besides `id` and `owner`, in schema order.
    """

    table: str
    column: str
    purpose: Purpose
    visible: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """What a record held: a small JSON object and raw bytes, and the epoch of its key."""

    header: dict[str, Any]
    raw: bytes
    epoch: int


def binding(
    place: Place, owner: bytes, id: bytes, head: bytes, visible: Mapping[str, Visible]
) -> bytes:
    """The associated data that ties a record to its row (§4).

    Raises:
        ValueError: id or owner is not 16 bytes, or a value is of a type no column of ours has.
    """
    if not len(owner) == len(id) == ID_BYTES:
        raise ValueError("An id and an owner have 16 bytes each.")
    columns = [_column(visible[name]) for name in place.visible]
    return pae(b"record", head, place.table.encode(), place.column.encode(), owner, id, *columns)


def _column(value: object) -> bytes:
    # The type is bound as well: SQLite stores a blob in an INTEGER column if told to.
    match value:
        case int():
            return b"i" + le64(value)
        case str():
            return b"t" + value.encode()
        case bytes():
            return b"b" + value
        case _:
            raise ValueError("A visible column is a whole number, a text or a blob.")


def _check_names(place: Place, visible: Mapping[str, Visible]) -> None:
    if set(visible) != set(place.visible):
        raise ValueError(f"{place.table}.{place.column} is bound to {place.visible}.")


def seal(
    key: sodium.Pointer,
    epoch: int,
    place: Place,
    owner: bytes,
    id: bytes,
    header: Mapping[str, Any],
    raw: bytes,
    visible: Mapping[str, Visible],
) -> bytes:
    """A sealed record of `header` and `raw`, readable only at this place of this row.

    Raises:
        ValueError: too long, not JSON, or not what the place is bound to.
    """
    padded = pad(_with_length(header) + raw, small=place.purpose in SMALL)
    return _sealed(key, epoch, place, owner, id, padded, visible)


def seal_key(
    key: sodium.Pointer,
    epoch: int,
    place: Place,
    owner: bytes,
    id: bytes,
    header: Mapping[str, Any],
    dek: sodium.Pointer,
    visible: Mapping[str, Visible],
) -> bytes:
    """`seal` for a record whose raw bytes are a key, which is copied nowhere else."""
    front = _with_length(header)
    end = len(front) + sodium.KEY_BYTES
    padded = bytearray(padded_size(end))
    try:
        padded[: len(front)] = front
        sodium.ffi.memmove(sodium.ffi.from_buffer(padded) + len(front), dek, sodium.KEY_BYTES)
        padded[end] = END
        return _sealed(key, epoch, place, owner, id, padded, visible)
    finally:
        _wipe(padded)


def epoch_of(sealed: bytes) -> int:
    """The epoch a record names in clear.

    Raises:
        Unreadable: the version, the algorithm or the length is none of ours.
    """
    if type(sealed) is not bytes or not is_class(len(sealed) - OVERHEAD):
        raise Unreadable
    version, algorithm, epoch = _head.unpack_from(sealed)
    if version != VERSION or algorithm != ALGORITHM:
        raise Unreadable
    return epoch


def open_record(
    key: sodium.Pointer,
    place: Place,
    owner: bytes,
    id: bytes,
    sealed: bytes,
    visible: Mapping[str, Visible],
) -> Opened:
    """What `seal` was given.

    Raises:
        Unreadable: anything at all is not as it was when sealed.
        ValueError: the caller named other columns than the place has.
    """
    epoch, padded = _unsealed(key, place, owner, id, sealed, visible)
    plaintext = unpad(padded)
    header, end = _header(plaintext)
    return Opened(header, bytes(plaintext[end:]), epoch)


def open_key(
    key: sodium.Pointer,
    place: Place,
    owner: bytes,
    id: bytes,
    sealed: bytes,
    visible: Mapping[str, Visible],
    out: sodium.Pointer,
) -> tuple[dict[str, Any], int]:
    """The header and epoch of a `seal_key` record; its key is written to 32 bytes at `out`.

    Raises:
        Unreadable: as `open_record`, or the raw bytes are no key.
    """
    epoch, padded = _unsealed(key, place, owner, id, sealed, visible)
    plaintext = bytearray()
    try:
        plaintext = unpad(padded)
        header, end = _header(plaintext)
        if len(plaintext) - end != sodium.KEY_BYTES:
            raise Unreadable
        sodium.ffi.memmove(out, sodium.ffi.from_buffer(plaintext) + end, sodium.KEY_BYTES)
        return header, epoch
    finally:
        _wipe(padded)
        _wipe(plaintext)


def _with_length(header: Mapping[str, Any]) -> bytes:
    text = _encoder.encode(header).encode()
    return _length.pack(len(text)) + text


def _sealed(
    key: sodium.Pointer,
    epoch: int,
    place: Place,
    owner: bytes,
    id: bytes,
    padded: bytes | bytearray,
    visible: Mapping[str, Visible],
) -> bytes:
    _check_names(place, visible)
    head = _head.pack(VERSION, ALGORITHM, epoch)
    nonce = secrets.token_bytes(sodium.NONCE_BYTES)
    aad = binding(place, owner, id, head, visible)
    return head + nonce + sodium.encrypt(key, nonce, padded, aad)


def _unsealed(
    key: sodium.Pointer,
    place: Place,
    owner: bytes,
    id: bytes,
    sealed: bytes,
    visible: Mapping[str, Visible],
) -> tuple[int, bytearray]:
    _check_names(place, visible)
    epoch = epoch_of(sealed)
    try:
        aad = binding(place, owner, id, sealed[:HEAD_BYTES], visible)
    except (TypeError, ValueError):  # what stands in the row is not for us to trust
        raise Unreadable from None
    body = HEAD_BYTES + sodium.NONCE_BYTES
    return epoch, sodium.decrypt(key, sealed[HEAD_BYTES:body], sealed[body:], aad)


def _header(plaintext: bytearray) -> tuple[dict[str, Any], int]:
    """The JSON object at the front and where it ends."""
    if len(plaintext) < _length.size:
        raise Unreadable
    (length,) = _length.unpack_from(plaintext)
    end = _length.size + length
    if end > len(plaintext):
        raise Unreadable
    try:
        header = _decoder.decode(plaintext[_length.size : end].decode())
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(header, dict):
        raise Unreadable
    return cast(dict[str, Any], header), end


def _wipe(memory: bytearray) -> None:
    if memory:
        sodium.wipe(sodium.ffi.from_buffer(memory), len(memory))
