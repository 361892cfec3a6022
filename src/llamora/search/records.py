"""How the index lies on the disk: sealed passages, one row a writing, and sealed segments.

Passages are the truth and segments a cache made of them and of the writings
(docs/spec/vault-format.md §8). Passages hold no text and no words: where each stands, and 8-bit
numbers for its sense. Segments have 32-bit hashes of words, and list the words of the diarist's own
entries, for completion.
"""

import struct
from collections.abc import Collection, Sequence
from math import isfinite

import numpy as np

from llamora.search.part import Embedded, Part
from llamora.search.resealing import PASSAGES, SEGMENT
from llamora.search.wordllama import Basis
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Opened, Unreadable, Vault

FOLLOWER = "search"
BASIS_BYTES = 2**18
"""More than a sealed basis has."""

_head = struct.Struct("<IHf")
"""A passage: start, size, scale."""


def seal_passages(vault: Vault, id: bytes, revision: int, one: Embedded) -> bytes:
    """The sealed column of a writing's row in `passages`."""
    count, dimensions = one.vectors.shape
    header = {
        "v": 1,
        "make": one.make,
        "language": one.language,
        "passages": count,
        "dimensions": dimensions,
    }
    empty = _padded(count) - count
    heads = [
        _head.pack(start, size, float(scale))
        for (start, size), scale in zip(one.spans, one.scales, strict=True)
    ]
    raw = b"".join(
        (*heads, bytes(_head.size * empty), one.vectors.tobytes(), bytes(dimensions * empty))
    )
    return vault.seal(PASSAGES, id, header, raw, revision=revision)


def open_passages(vault: Vault, id: bytes, revision: int, sealed: bytes) -> Embedded:
    """Raises Unreadable."""
    opened = vault.open(PASSAGES, id, sealed, revision=revision)
    try:
        return _embedded(opened)
    except (KeyError, TypeError, ValueError, OverflowError, struct.error) as e:
        raise Unreadable from e


def _embedded(opened: Opened) -> Embedded:
    header, raw = opened.header, memoryview(opened.raw)
    count, dimensions = int(header["passages"]), int(header["dimensions"])
    if header["v"] != 1 or not 1 <= count <= len(raw) or dimensions < 0:
        raise ValueError("These are no passages that this version knows.")
    rows = _padded(count)
    if len(raw) != rows * (_head.size + dimensions):
        raise ValueError("The passages of a writing do not fill their record.")
    heads = [_head.unpack_from(raw, n * _head.size) for n in range(count)]
    if not all(size and isfinite(scale) for _, size, scale in heads):
        raise ValueError("A passage has numbers that mean nothing.")
    vectors = np.frombuffer(raw, np.int8, count * dimensions, rows * _head.size)
    return Embedded(
        language=str(header["language"]),
        make=str(header["make"]),
        spans=[(start, size) for start, size, _ in heads],
        vectors=vectors.reshape(count, dimensions),
        scales=np.array([scale for _, _, scale in heads], np.float32),
    )


def _padded(count: int) -> int:
    """How many passages a record has room for: a power of two, so that its class does not tell
    how long the writing is to the sentence."""
    return 1 << max(0, count - 1).bit_length()


def seal_part(vault: Vault, id: bytes, part: Part) -> bytes:
    """The sealed column of a segment's row, revision 1."""
    header, raw = part.pack()
    return vault.seal(SEGMENT, id, header, raw, revision=1)


def seal_basis(vault: Vault, id: bytes, basis: Basis) -> bytes:
    """The sealed column of a row of `segments` that holds what the built-in vectors rest on."""
    header = {"v": 1, "kind": "basis", "version": basis.version, "passages": basis.passages}
    return vault.seal(SEGMENT, id, header, basis.pack(), revision=1)


def open_segment(vault: Vault, id: bytes, revision: int, sealed: bytes) -> Part | Basis:
    """Raises Unreadable."""
    opened = vault.open(SEGMENT, id, sealed, revision=revision)
    if opened.header.get("kind") != "basis":
        return Part.read(opened.header, opened.raw)
    try:
        header = opened.header
        if header["v"] != 1:
            raise Unreadable
        return Basis.read(int(header["version"]), int(header["passages"]), opened.raw)
    except (KeyError, TypeError, ValueError, OverflowError) as e:
        raise Unreadable from e


def segments(source: Rows, vault: Vault) -> list[bytes]:
    """The ids of all segments."""
    rows = source.rows("SELECT id FROM segments WHERE owner = ?", (vault.owner,))
    return [id for (id,) in rows]


def read_segment(source: Rows, vault: Vault, id: bytes) -> Part | Basis | None:
    """One segment, for all of them sealed would take as much memory again; None when it was folded
    into another meanwhile.

    Raises:
        Unreadable
    """
    row = source.row(
        "SELECT revision, sealed FROM segments WHERE id = ? AND owner = ?", (id, vault.owner)
    )
    return open_segment(vault, id, *row) if row else None


def put_passages(tx: Writes, vault: Vault, id: bytes, revision: int, one: Embedded) -> None:
    tx.execute(
        "INSERT INTO passages (id, owner, revision, sealed) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (owner, id) DO UPDATE"
        " SET revision = excluded.revision, sealed = excluded.sealed",
        (id, vault.owner, revision, seal_passages(vault, id, revision, one)),
    )


def drop_passages(tx: Writes, vault: Vault, id: bytes) -> None:
    tx.execute("DELETE FROM passages WHERE id = ? AND owner = ?", (id, vault.owner))


def revisions(source: Rows, vault: Vault) -> dict[bytes, int]:
    """Every writing that has passages, and which revision they are of."""
    return dict(source.rows("SELECT id, revision FROM passages WHERE owner = ?", (vault.owner,)))


def cursor(source: Rows, vault: Vault) -> int | None:
    """The last change that search has taken in; None when it never did."""
    found = source.row(
        "SELECT seq FROM cursors WHERE owner = ? AND follower = ?", (vault.owner, FOLLOWER)
    )
    return found[0] if found else None


def move_cursor(tx: Writes, vault: Vault, seq: int) -> None:
    """Notes up to `seq` are no longer needed here. A cursor never goes back."""
    tx.execute(
        "INSERT INTO cursors (owner, follower, seq) VALUES (?, ?, ?)"
        " ON CONFLICT (owner, follower) DO UPDATE SET seq = max(seq, excluded.seq)",
        (vault.owner, FOLLOWER, seq),
    )


def put_segment(tx: Writes, vault: Vault, id: bytes, sealed: bytes) -> None:
    tx.execute(
        "INSERT INTO segments (id, owner, revision, sealed) VALUES (?, ?, 1, ?)",
        (id, vault.owner, sealed),
    )


def has_segments(tx: Writes, vault: Vault, ids: Sequence[bytes]) -> bool:
    """Whether every one of these is still there."""
    return all(
        tx.row("SELECT 1 FROM segments WHERE id = ? AND owner = ?", (id, vault.owner)) for id in ids
    )


def drop_segments(tx: Writes, vault: Vault, ids: Sequence[bytes]) -> None:
    for id in ids:
        tx.execute("DELETE FROM segments WHERE id = ? AND owner = ?", (id, vault.owner))


def drop_bases(tx: Writes, vault: Vault, kept: Collection[int]) -> None:
    """Drops what no vectors rest on any more: every basis but those of these versions."""
    for id, revision, sealed in tx.rows(
        "SELECT id, revision, sealed FROM segments WHERE owner = ?", (vault.owner,)
    ):
        # A basis is a small record, segments are large: only what may be one is opened.
        if len(sealed) >= BASIS_BYTES:
            continue
        try:
            found = open_segment(vault, id, revision, sealed)
        except Unreadable:
            continue  # whoever loads the index finds it, and takes it away
        if isinstance(found, Basis) and found.version not in kept:
            drop_segments(tx, vault, [id])
