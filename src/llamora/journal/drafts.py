"""Drafts and other things that are not kept yet: sealed rows found by a keyed hash of a place.

Places: `day:<date>` a new entry, `entry:<id>` an edit, `erased:<id>` what can still be brought
back, `stop:<id>` a wish that a response end, `summary:<id>` what a trace has gathered, `rests` what
is to rest, or to be kept from the model.

Two tabs may write at one place. Each form that is shown has a key of its own and remembers which
draft it began from; what another form wrote since is kept beside its own words, never beneath
them, and whoever comes back finds all of it.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from llamora.journal import writing
from llamora.kernel import new_id
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Place, Purpose, Unreadable, Vault

DRAFT = Place("drafts", "sealed", Purpose.DRAFT, ("place", "revision"))

RESTS = "rests"

T = TypeVar("T")


class Hand(NamedTuple):
    """The form that writes: its key, and the mark of the draft that stood in it when it began."""

    key: str = ""
    seen: str = ""


class Draft(NamedTuple):
    """A draft as whoever comes back finds it."""

    text: str
    header: dict[str, Any]
    mark: str
    """Says which draft this is, and at which revision; no two are alike."""


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


def erased_at(place: str) -> bytes:
    """The entry that lies at that place."""
    return bytes.fromhex(place.partition(":")[2])


def of_stop(id: bytes) -> str:
    return f"stop:{id.hex()}"


def of_summary(trace: bytes) -> str:
    return f"summary:{trace.hex()}"


def put(
    tx: Writes, vault: Vault, place: str, text: str, more: Mapping[str, Any] | None = None
) -> None:
    """Keeps a draft in place of whatever was there."""
    hashed = vault.place_hash(place)
    found = tx.row(
        "SELECT id, revision FROM drafts WHERE owner = ? AND place IN (?, ?)",
        (vault.owner, *vault.place_hashes(place)),
    )
    id, revision = (found[0], found[1] + 1) if found else (new_id(), 1)
    header = {"v": 1, "place": place, **(more or {})}
    sealed = vault.seal(DRAFT, id, header, text.encode(), place=hashed, revision=revision)
    tx.execute(
        "INSERT INTO drafts (id, owner, place, revision, sealed) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET place = excluded.place,"
        " revision = excluded.revision, sealed = excluded.sealed",
        (id, vault.owner, hashed, revision, sealed),
    )


def get(source: Rows, vault: Vault, place: str) -> Draft | None:
    """What was being written at that place, by all hands; None when nothing was.

    Raises:
        Unreadable: it does not open.
    """
    if (found := _sheets(source, vault, place)) is None:
        return None
    sheets, header, mark = found
    return Draft("\n\n".join(sheet.text for sheet in sheets), header, mark)


def lay(
    tx: Writes,
    vault: Vault,
    place: str,
    text: str,
    hand: Hand,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Keeps what this hand writes there, and beside it what other hands wrote that it has not seen.

    With a blank text its own words are let go. A draft that does not open is replaced.
    """
    try:
        found = _sheets(tx, vault, place)
    except Unreadable:
        found = None
    others: list[_Sheet] = []
    if found and hand.seen != found[2]:  # else all of it stood in the form, and is in its text
        others = [s for s in found[0] if s.key != hand.key and not text.startswith(s.text)]
    if text.strip():
        others.append(_Sheet(hand.key, text))
    if not others:
        drop(tx, vault, place)
        return
    *beside, (key, last) = others
    if key != hand.key and found:
        more = {name: value for name, value in found[1].items() if name not in ("key", "others")}
    header = {**(more or {}), **({"key": key} if key else {})}
    if beside:
        header["others"] = [list(sheet) for sheet in beside]
    put(tx, vault, place, last, header)


class _Sheet(NamedTuple):
    """What one form wrote."""

    key: str
    text: str


def _sheets(
    source: Rows, vault: Vault, place: str
) -> tuple[list[_Sheet], dict[str, Any], str] | None:
    """What each form wrote at that place, the latest last, with the header and the mark."""
    found = source.row(
        "SELECT id, place, revision, sealed FROM drafts WHERE owner = ? AND place IN (?, ?)",
        (vault.owner, *vault.place_hashes(place)),
    )
    if found is None:
        return None
    id, hashed, revision, sealed = found
    opened = vault.open(DRAFT, id, sealed, place=hashed, revision=revision)
    key = opened.header.get("key", "")
    sheets = [_Sheet(*other) for other in opened.header.get("others", ())]
    return [*sheets, _Sheet(key, opened.raw.decode())], opened.header, f"{id.hex()}:{revision}"


def which(source: Rows, vault: Vault, places: Mapping[T, str]) -> set[T]:
    """Of some places, those with a draft."""
    rows = source.rows("SELECT place FROM drafts WHERE owner = ?", (vault.owner,))
    there = {place for (place,) in rows}
    if not there:
        return set()
    return {each for each, at in places.items() if there.intersection(vault.place_hashes(at))}


def has(source: Rows, vault: Vault, place: str) -> bool:
    found = source.row(
        "SELECT 1 FROM drafts WHERE owner = ? AND place IN (?, ?)",
        (vault.owner, *vault.place_hashes(place)),
    )
    return found is not None


def drop(tx: Writes, vault: Vault, place: str) -> None:
    tx.execute(
        "DELETE FROM drafts WHERE owner = ? AND place IN (?, ?)",
        (vault.owner, *vault.place_hashes(place)),
    )


def retrace_erased(
    tx: Writes, vault: Vault, edit: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
) -> None:
    """Edits the traces of whatever was erased and can still be brought back."""
    for place, text, header in every(tx, vault):
        if not place.startswith("erased:"):
            continue
        rows: list[dict[str, Any]] = header["rows"]
        edited = [row | {"traces": _edited(row["traces"], edit)} for row in rows]
        if edited != rows:
            put(tx, vault, place, text, anew(vault, header | {"rows": edited}))


def anew(vault: Vault, header: dict[str, Any]) -> dict[str, Any]:
    """A draft's header for the vault's epoch: what was erased is a record within the record."""
    if not str(header["place"]).startswith("erased:"):
        return header
    day = date.fromisoformat(header["date"])
    return header | {"rows": [_parcel_anew(vault, day, row) for row in header["rows"]]}


def _parcel_anew(vault: Vault, day: date, row: dict[str, Any]) -> dict[str, Any]:
    sealed = base64.b64decode(row["sealed"])
    try:
        sealed = writing.anew(vault, bytes.fromhex(row["id"]), day, row["revision"], sealed)
    except Unreadable:
        return row  # nobody can bring it back, in whatever epoch
    return row | {"sealed": base64.b64encode(sealed).decode()}


def _edited(
    listed: Sequence[str], edit: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]
) -> list[str]:
    return [id.hex() for id in edit(tuple(bytes.fromhex(id) for id in listed))]


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
