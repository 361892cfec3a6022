"""Nothing in a row can be changed or moved without being noticed (vault-format §4).

Bars 3 and 4 of the threat model: every bit of every kind of record, every pair of places, every
visible column. Each test has a control in which a lesser format lets the change through.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import project
import pytest
from make_vectors import some

from llamora.vault import Place, Purpose, Unreadable, Vault, record, sodium
from llamora.vault.cookie_key import COOKIE
from llamora.vault.keys import WRAP
from llamora.vault.pae import le64
from llamora.vault.session_keys import SESSION
from llamora.vault.vault import CHAIN

RECORDS_OF_EACH_KIND = 20
KEYED = {place.table: place for place in (WRAP, SESSION, CHAIN, COOKIE)}
"""Records that hold a key, under a key of their own."""

OWNER = some("owner", 16)
Row = dict[str, Any]
Reader = Callable[[bytes], object]


def accepted(reader: Reader, sealed: Iterator[bytes]) -> tuple[int, int]:
    """How many of these a reader accepts, of how many."""
    opened = tried = 0
    for changed in sealed:
        tried += 1
        try:
            reader(changed)
        except Unreadable:
            continue
        opened += 1
    return opened, tried


def flips(sealed: bytes) -> Iterator[bytes]:
    """The record once with each of its bits turned."""
    changed = bytearray(sealed)
    for bit in range(len(sealed) * 8):
        changed[bit >> 3] ^= 1 << (bit & 7)
        yield bytes(changed)
        changed[bit >> 3] ^= 1 << (bit & 7)


def a_record(table: str, n: int) -> tuple[bytes, Reader]:
    """The n-th small record of a kind and the reader of its row."""
    vault = Vault.new(OWNER)
    id = some(f"{table} {n}", 16)
    if table in KEYED:
        place = KEYED[table]
        key = project.pointer(some(f"key {n}", 32))
        row = project.a_row(place, some)
        out = sodium.ffi.new("unsigned char[32]")
        sealed = vault.seal_dek(key, place, id, {"v": 1, "n": n}, **row)
        return sealed, lambda s: record.open_key(key, place, OWNER, id, s, row, out)
    place = project.PLACES[table]
    row = project.a_row(place, some)
    sealed = vault.seal(place, id, {"v": 1, "n": n}, some("raw", n), **row)
    return sealed, lambda s: vault.open(place, id, s, **row)


@pytest.mark.parametrize("table", sorted(project.PLACES | KEYED))
def test_no_bit_of_a_record_can_be_turned(table: str):
    for n in range(RECORDS_OF_EACH_KIND):
        sealed, reader = a_record(table, n)
        reader(sealed)
        assert accepted(reader, flips(sealed)) == (0, len(sealed) * 8)


def test_a_reader_that_took_the_head_for_granted_would_be_caught():
    """The control: the 48 bits before the nonce would turn unnoticed."""
    sealed, reader = a_record("writings", 1)
    head = sealed[:6]
    assert accepted(lambda s: reader(head + s[6:]), flips(sealed)) == (48, len(sealed) * 8)


@dataclass(frozen=True)
class Spot:
    """Where a record can stand: one column of one row of one owner."""

    place: Place
    owner: bytes
    id: bytes

    @property
    def row(self) -> Row:
        return project.a_row(self.place, lambda label, size: some(label.split(".")[1], size))


def spots() -> list[Spot]:
    """Rows that differ in as little as can be: ids and visible columns are shared by all tables."""
    columns = [
        Place(place.table, column, place.purpose, place.visible)
        for place in project.PLACES.values()
        for column in ("sealed", "other")
    ]
    owners = (OWNER, some("other owner", 16))
    ids = [some(f"row {n}", 16) for n in range(3)]
    return [Spot(place, owner, id) for place in columns for owner in owners for id in ids]


def keyring() -> dict[bytes, dict[int, Vault]]:
    """For each owner and epoch a vault that seals in that epoch; the newest reads both."""
    rings: dict[bytes, dict[int, Vault]] = {}
    for owner in {spot.owner for spot in spots()}:
        deks = {n: some(f"dek {n} {owner.hex()}", 32) for n in (1, 2)}
        rings[owner] = {1: project.vault(owner, {1: deks[1]}), 2: project.vault(owner, deks)}
    return rings


def swaps() -> tuple[int, int]:
    """How many records open somewhere they were not sealed, of how many tries."""
    rings, found = keyring(), (0, 0)
    sealed = {
        (spot, epoch): rings[spot.owner][epoch].seal(spot.place, spot.id, {"v": 1}, **spot.row)
        for spot in spots()
        for epoch in (1, 2)
    }
    for there in spots():
        vault, row = rings[there.owner][2], there.row

        def reader(s: bytes, vault: Vault = vault, there: Spot = there, row: Row = row) -> object:
            return vault.open(there.place, there.id, s, **row)

        strangers = (s for (here, _), s in sealed.items() if here != there)
        opened, tried = accepted(reader, strangers)
        renamed = (
            s[:2] + other.to_bytes(4, "big") + s[6:]
            for (here, epoch), s in sealed.items()
            for other in (0, 1, 2, 3, 1 << 31)
            if here == there and other != epoch
        )
        more = accepted(reader, renamed)
        found = found[0] + opened + more[0], found[1] + tried + more[1]
    return found


def test_no_record_opens_in_another_row_column_table_owner_or_epoch():
    opened, tried = swaps()
    assert opened == 0
    assert tried >= 10_000


def test_records_that_were_bound_to_nothing_would_open_elsewhere(monkeypatch: pytest.MonkeyPatch):
    """The control: without their binding, records of one purpose change places freely."""
    monkeypatch.setattr(record, "binding", lambda place, owner, id, head, visible: head)
    opened, tried = swaps()
    assert opened > tried / 100


def edits(given: Any) -> Iterator[Any]:
    """A visible value, changed in every way an attacker with SQL could."""
    if isinstance(given, bytes):
        yield from flips(given)
        yield from (
            given[:-1],
            given[1:],
            given + b"\0",
            b"\0" + given,
            b"",
            given.hex(),
            given * 2,
        )
    elif isinstance(given, str):
        yield from (given.upper(), given + " ", given[:-1], "", "\0" + given, given.encode(), 1)
    else:
        yield from (given ^ 1 << bit for bit in range(63))
        yield from (le64(given), str(given), bytes(8), -given - 1, 1 << 64, float(given) + 0.5)
    yield from (None, 0.0, [], ())


@pytest.mark.parametrize("table", sorted(project.PLACES))
def test_no_visible_column_can_be_edited(table: str):
    place, vault, id = project.PLACES[table], Vault.new(OWNER), some("id", 16)
    row = project.a_row(place, some)
    sealed = vault.seal(place, id, {"v": 1}, **row)
    assert vault.open(place, id, sealed, **row).header == {"v": 1}
    tried = 0
    for column, given in row.items():
        for edited in edits(given):
            tried += 1
            with pytest.raises(Unreadable):
                vault.open(place, id, sealed, **(row | {column: edited}))
    for other in (id[:-1], id + b"\0", b"", id.hex(), None, 7):
        with pytest.raises(Unreadable):
            vault.open(place, other, sealed, **row)  # pyright: ignore[reportArgumentType]
    assert tried >= 10 * len(row)


def test_a_column_that_is_not_bound_could_be_edited():
    """The control: a place that forgets a column lets it be anything."""
    forgetful, vault, id = (
        Place("days", "sealed", Purpose.CONTENT, ("day",)),
        Vault.new(OWNER),
        bytes(16),
    )
    row = {"day": bytes(16), "revision": 1}
    bound = {name: row[name] for name in forgetful.visible}
    sealed = vault.seal(forgetful, id, {"v": 1}, **bound)
    row["revision"] = 2
    assert vault.open(forgetful, id, sealed, **bound)
