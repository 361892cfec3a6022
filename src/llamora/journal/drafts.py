"""Drafts and other things that are not kept yet: sealed rows found by a keyed hash of a place.

Places: `day:<date>` a new entry, `entry:<id>` an edit, `erased:<id>` what can still be brought
back, `stop:<id>` a wish that a response end.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from llamora.kernel import new_id
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Place, Purpose, Unreadable, Vault

DRAFT = Place("drafts", "sealed", Purpose.DRAFT, ("place", "revision"))


def of_day(day: date) -> str:
    return f"day:{day.isoformat()}"


def of_entry(id: bytes) -> str:
    return f"entry:{id.hex()}"


def entry_of(place: str) -> bytes | None:
    """The entry whose edit has its draft at that place; None when it is another kind of place."""
    what, _, id = place.partition(":")
    return bytes.fromhex(id) if what == "entry" else None


def of_erased(id: bytes) -> str:
    return f"erased:{id.hex()}"


def of_stop(id: bytes) -> str:
    return f"stop:{id.hex()}"


def put(
    tx: Writes, vault: Vault, place: str, text: str, more: Mapping[str, Any] | None = None
) -> None:
    """Keeps a draft in place of whatever was there."""
    hashed = vault.place_hash(place)
    found = tx.row(
        "SELECT id, revision FROM drafts WHERE owner = ? AND place = ?", (vault.owner, hashed)
    )
    id, revision = (found[0], found[1] + 1) if found else (new_id(), 1)
    header = {"v": 1, "place": place, **(more or {})}
    sealed = vault.seal(DRAFT, id, header, text.encode(), place=hashed, revision=revision)
    tx.execute(
        "INSERT INTO drafts (id, owner, place, revision, sealed) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (owner, place) DO UPDATE"
        " SET revision = excluded.revision, sealed = excluded.sealed",
        (id, vault.owner, hashed, revision, sealed),
    )


def get(source: Rows, vault: Vault, place: str) -> tuple[str, dict[str, Any]] | None:
    """A draft's text and header; None when there is none."""
    hashed = vault.place_hash(place)
    found = source.row(
        "SELECT id, revision, sealed FROM drafts WHERE owner = ? AND place = ?",
        (vault.owner, hashed),
    )
    if found is None:
        return None
    id, revision, sealed = found
    opened = vault.open(DRAFT, id, sealed, place=hashed, revision=revision)
    return opened.raw.decode(), opened.header


def has(source: Rows, vault: Vault, place: str) -> bool:
    hashed = vault.place_hash(place)
    return (
        source.row("SELECT 1 FROM drafts WHERE owner = ? AND place = ?", (vault.owner, hashed))
        is not None
    )


def drop(tx: Writes, vault: Vault, place: str) -> None:
    tx.execute(
        "DELETE FROM drafts WHERE owner = ? AND place = ?", (vault.owner, vault.place_hash(place))
    )


def every(source: Rows, vault: Vault) -> list[tuple[str, str, dict[str, Any]]]:
    """Place, text and header of each draft that opens."""
    found: list[tuple[str, str, dict[str, Any]]] = []
    for id, place, revision, sealed in source.rows(
        "SELECT id, place, revision, sealed FROM drafts WHERE owner = ?", (vault.owner,)
    ):
        try:
            opened = vault.open(DRAFT, id, sealed, place=place, revision=revision)
        except Unreadable:
            continue  # `verify` tells; a sweep must not stop at it
        found.append((str(opened.header["place"]), opened.raw.decode(), opened.header))
    return found
