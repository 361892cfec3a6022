"""Rows of the right shape with nothing sealed in them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from llamora.kernel import new_id
from llamora.storage import Transaction


def record(text: bytes = b"", padded: int = 256) -> bytes:
    """What a sealed record looks like without a key; `text` stands where ciphertext would."""
    body = text + os.urandom(padded - len(text))
    return b"\x01\x01" + bytes(4) + os.urandom(24) + body + os.urandom(16)


def add_account(tx: Transaction, name: str = "ada") -> bytes:
    owner = new_id()
    tx.execute(
        "INSERT INTO accounts (id, name, epoch, generation, last_change, sealed)"
        " VALUES (?, ?, 0, 0, 0, ?)",
        (owner, name, record()),
    )
    return owner


def add_writing(tx: Transaction, owner: bytes, sealed: bytes | None = None) -> bytes:
    """A writing and the change that tells of it, as the journal writes them."""
    id = new_id()
    tx.execute(
        "INSERT INTO writings (id, owner, day, revision, sealed) VALUES (?, ?, ?, 1, ?)",
        (id, owner, new_id(), sealed or record()),
    )
    row = tx.row(
        "UPDATE accounts SET last_change = last_change + 1 WHERE id = ? RETURNING last_change",
        (owner,),
    )
    assert row is not None
    tx.execute(
        "INSERT INTO changes (owner, seq, sealed) VALUES (?, ?, ?)", (owner, row[0], record())
    )
    return id


def look(path: Path, sql: str) -> list[tuple[object, ...]]:
    """What another program sees in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()
