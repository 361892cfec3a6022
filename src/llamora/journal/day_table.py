"""The day's table of contents: what a day holds, in reading order, packed (vault-format §8).

It is the manifest, the order, the calendar and the heatmap at once. All tables are opened when
the journal is unlocked and kept in memory, so they are small and read lazily.

    version u8=1 | year u16 | month u8 | day u8 | entries u16 | items u16 | item…
    item: id 16 | kind u8 | revision u32 | traces u8 | trace ids 16 each      (big-endian)
"""

import struct
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from llamora.journal.writing import Kind
from llamora.vault import Place, Purpose, Unreadable

DAY = Place("days", "sealed", Purpose.CONTENT, ("day", "revision"))

MOST_ITEMS = 0xFFFF
ROOT_MODULUS = 1 << 256
_head = struct.Struct(">BHBBHH")
_item = struct.Struct(">16sBIB")
_RETOLD = (Kind.OPENING, Kind.RECAP)


@dataclass(frozen=True)
class Item:
    """One writing of the day: which, what kind, at which revision, with which traces."""

    id: bytes
    kind: Kind
    revision: int
    traces: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class DayTable:
    """A day's row, opened. `revision` is the row's; it doubles as the counter of the root."""

    day: date
    row: bytes
    revision: int
    packed: bytes

    @classmethod
    def of(cls, day: date, row: bytes, revision: int, items: list[Item]) -> "DayTable":
        return cls(day, row, revision, pack(day, items))

    @classmethod
    def read(cls, row: bytes, revision: int, packed: bytes) -> "DayTable":
        """The table in a day row's raw bytes.

        Raises:
            Unreadable: it is no table this version knows.
        """
        try:
            version, year, month, day, _, _ = _head.unpack_from(packed)
            if version != 1:
                raise Unreadable
            return cls(date(year, month, day), row, revision, packed)
        except (struct.error, ValueError) as e:
            raise Unreadable from e

    @property
    def entries(self) -> int:
        """How many entries the day has, without reading the items."""
        return _head.unpack_from(self.packed)[4]

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return tuple(_items(self.packed))

    def traced(self) -> list[tuple[bytes, Kind, tuple[bytes, ...]]]:
        """Id, kind and trace ids of each writing that has traces; nothing is kept of the reading,
        for this is asked of every day at once.

        Raises:
            Unreadable: the table ends before its items do.
        """
        packed, at, found = self.packed, _head.size, list[tuple[bytes, Kind, tuple[bytes, ...]]]()
        try:
            for _ in range(_head.unpack_from(packed)[5]):
                traces = packed[at + 21]
                if traces:
                    listed = packed[at + _item.size : at + _item.size + 16 * traces]
                    ids = tuple(listed[n : n + 16] for n in range(0, len(listed), 16))
                    found.append((packed[at : at + 16], Kind(packed[at + 16]), ids))
                at += _item.size + 16 * traces
        except (IndexError, ValueError) as e:
            raise Unreadable from e
        return found

    def retold(self) -> list[bytes]:
        """The ids of the openings and recaps; nothing is kept of the reading.

        Raises:
            Unreadable: the table ends before its items do.
        """
        packed, at, found = self.packed, _head.size, list[bytes]()
        try:
            for _ in range(_head.unpack_from(packed)[5]):
                if packed[at + 16] in _RETOLD:
                    found.append(packed[at : at + 16])
                at += _item.size + 16 * packed[at + 21]
        except IndexError as e:
            raise Unreadable from e
        return found

    def find(self, id: bytes) -> Item | None:
        return next((item for item in self.items if item.id == id), None)

    def with_responses(self, entry: bytes) -> list[Item]:
        """An entry and the responses that follow it; empty when it is not here."""
        found: list[Item] = []
        for item in self.items:
            if item.id == entry or (found and item.kind is Kind.RESPONSE):
                found.append(item)
            elif found:
                break
        return found

    def changed(self, items: list[Item]) -> "DayTable":
        """The table with other items, one revision on."""
        return replace(self, revision=self.revision + 1, packed=pack(self.day, items))


def pack(day: date, items: list[Item]) -> bytes:
    """The raw bytes of a day's row."""
    entries = sum(item.kind is Kind.ENTRY for item in items)
    out = [_head.pack(1, day.year, day.month, day.day, entries, len(items))]
    for item in items:
        out.append(_item.pack(item.id, item.kind, item.revision, len(item.traces)))
        out.extend(item.traces)
    return b"".join(out)


def _items(packed: bytes) -> list[Item]:
    count = _head.unpack_from(packed)[5]
    at, found = _head.size, list[Item]()
    try:
        for _ in range(count):
            id, kind, revision, traces = _item.unpack_from(packed, at)
            at += _item.size
            ids = tuple(packed[at + 16 * n : at + 16 * n + 16] for n in range(traces))
            at += 16 * traces
            found.append(Item(id, Kind(kind), revision, ids))
    except (struct.error, ValueError) as e:
        raise Unreadable from e
    if at != len(packed):
        raise Unreadable
    return found
