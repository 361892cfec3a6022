"""One flipped bit in one row, done behind the journal's back."""

from typing import Any

from llamora.journal.journal import Journal
from llamora.storage import Store


def flip(store: Store, table: str, where: str = "1 = 1", *params: Any) -> bytes:
    """Flips a bit in the middle of that row's sealed column; what the column holds then."""
    found = store.row(f"SELECT sealed FROM {table} WHERE {where}", params)
    assert found
    sealed = bytearray(found[0])
    sealed[len(sealed) // 2] ^= 1
    changed = store.write_now(
        lambda tx: tx.execute(
            f"UPDATE {table} SET sealed = ? WHERE sealed = ?", (bytes(sealed), found[0])
        )
    )
    assert changed == 1
    return bytes(sealed)


def flip_writing(store: Store, id: bytes) -> bytes:
    return flip(store, "writings", "id = ?", id)


def flip_day(store: Store, journal: Journal, day: Any) -> bytes:
    return flip(store, "days", "day = ?", journal.vault.day_hash(day))
