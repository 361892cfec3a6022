"""One change to a journal: writings, their days' tables, the root and the note, in one transaction.

Everything here runs in the writer thread, inside `Store.write`.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from llamora.journal import drafts
from llamora.journal import writing as writings
from llamora.journal.day_table import DAY, MOST_ITEMS, ROOT_MODULUS, DayTable, Item
from llamora.journal.errors import DayFull, JournalError
from llamora.journal.resealing import bring_up
from llamora.journal.writing import Kind, Writing
from llamora.kernel import new_id
from llamora.storage import ledger
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Unreadable, Vault


class DayDamaged(JournalError):
    """The day's own row does not open, so nothing on that day may be changed."""

    def __init__(self) -> None:
        super().__init__(
            "This day cannot be opened, so nothing on it was changed. "
            "“llamora-server verify” says more; a backup can bring it back."
        )


@dataclass(frozen=True)
class Outcome:
    """What a committed change left: its numbers in the log and the tables it touched."""

    first_change: int
    last_change: int
    tables: dict[date, DayTable | None]


class Edition:
    """Collects the changes of one transaction; `close` writes what they share."""

    def __init__(self, tx: Writes, vault: Vault) -> None:
        self._tx = tx
        self._vault = vault
        self._before: dict[date, DayTable | None] = {}
        self._items: dict[date, list[Item]] = {}
        self._after: dict[date, DayTable | None] = {}
        self._notes: list[dict[str, Any]] = []
        self._traced: set[date] = set()

    def items(self, day: date) -> list[Item]:
        """The day's table as this transaction sees it; change the list in place. A day that is
        still in the epoch before is brought up, so this comes before anything is written to it.

        Raises:
            DayDamaged: its row does not open. A new row in its place would take from view, and
                from `verify`, whatever the old one lists.
        """
        if day not in self._items:
            try:
                bring_up(self._tx, self._vault, day)
                table = load_table(self._tx, self._vault, day)
            except Unreadable as e:
                raise DayDamaged from e
            self._before[day] = table
            self._items[day] = list(table.items) if table else []
        return self._items[day]

    def insert(
        self, writing: Writing, traces: tuple[bytes, ...] = (), at: int | None = None
    ) -> None:
        """Adds a writing to its day, at that place in reading order or at the end."""
        items = self.items(writing.day)
        self._put(writing, writings.seal(self._vault, writing))
        item = Item(writing.id, writing.kind, writing.revision, traces)
        items.insert(len(items) if at is None else at, item)
        self._note("written", writing)

    def insert_sealed(self, writing: Writing, item: Item, sealed: bytes, at: int) -> None:
        """Puts a row back exactly as it was, at that place or the nearest that exists."""
        items = self.items(writing.day)
        self._put(writing, sealed)
        items.insert(min(at, len(items)), item)
        self._note("written", writing)

    def update(self, writing: Writing) -> None:
        """Re-seals a writing that stays on its day."""
        items = self.items(writing.day)
        self._tx.execute(
            "UPDATE writings SET revision = ?, sealed = ? WHERE id = ? AND owner = ?",
            (
                writing.revision,
                writings.seal(self._vault, writing),
                writing.id,
                self._vault.owner,
            ),
        )
        for n, item in enumerate(items):
            if item.id == writing.id:
                items[n] = replace(item, revision=writing.revision)
        self._note("revised", writing)

    def remove(self, writing: Writing) -> None:
        """Takes a writing off its day and out of the file."""
        items = self.items(writing.day)
        self._tx.execute(
            "DELETE FROM writings WHERE id = ? AND owner = ?", (writing.id, self._vault.owner)
        )
        items[:] = [item for item in items if item.id != writing.id]
        self._note("erased", writing)

    def retrace(self, day: date, id: bytes, traces: tuple[bytes, ...]) -> None:
        """Gives a writing of that day these traces in place of those it had. The writing itself
        stays as it is, so whoever follows what was written has nothing to read anew."""
        items = self.items(day)
        n = next(n for n, item in enumerate(items) if item.id == id)
        items[n] = replace(items[n], traces=traces)
        if day not in self._traced:
            self._traced.add(day)
            self.note({"what": "traced", "day": day.isoformat()})

    def replace_trace(self, old: bytes, new: bytes | None) -> None:
        """Puts a trace in the place of another, or nothing, wherever that one is: on every day
        whose row opens, and on what was erased and can still be brought back."""
        for table in load_tables(self._tx, self._vault)[0]:
            for id, _, traces in table.traced():
                if old in traces:
                    self.retrace(table.day, id, _replaced(traces, old, new))
        drafts.retrace_erased(self._tx, self._vault, lambda ids: _replaced(ids, old, new))

    @property
    def is_begun(self) -> bool:
        """Whether anything was changed."""
        return bool(self._notes)

    def note(self, note: dict[str, Any]) -> None:
        """Leaves a note in the log of changes that is about no writing."""
        self._notes.append(note)

    def close(self) -> Outcome:
        """Writes the touched days, the account's root and the notes.

        Raises:
            Stale: the account's keys were changed elsewhere.
            DayFull: a day holds no more.
        """
        self._after = {day: self._write_table(day, items) for day, items in self._items.items()}
        last = ledger.change(self._tx, self._vault, self._edit_root, self._notes)
        return Outcome(last - max(1, len(self._notes)) + 1, last, self._after)

    def _put(self, writing: Writing, sealed: bytes) -> None:
        self._tx.execute(
            "INSERT INTO writings (id, owner, day, revision, sealed) VALUES (?, ?, ?, ?, ?)",
            (
                writing.id,
                self._vault.owner,
                self._vault.day_hash(writing.day),
                writing.revision,
                sealed,
            ),
        )

    def _note(self, what: str, writing: Writing) -> None:
        self._notes.append({"what": what, "id": writing.id.hex(), "day": writing.day.isoformat()})

    def _write_table(self, day: date, items: list[Item]) -> DayTable | None:
        before = self._before[day]
        if before and not items:
            self._tx.execute(
                "DELETE FROM days WHERE id = ? AND owner = ?", (before.row, self._vault.owner)
            )
            return None
        if not items:
            return None
        if len(items) > MOST_ITEMS:
            raise DayFull
        after = before.changed(items) if before else DayTable.of(day, new_id(), 1, items)
        hashed = self._vault.day_hash(day)
        sealed = self._vault.seal(
            DAY, after.row, {"v": 1}, after.packed, day=hashed, revision=after.revision
        )
        self._tx.execute(
            "INSERT INTO days (id, owner, day, revision, sealed) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (owner, day) DO UPDATE"
            " SET revision = excluded.revision, sealed = excluded.sealed",
            (after.row, self._vault.owner, hashed, after.revision, sealed),
        )
        return after

    def _edit_root(self, header: dict[str, Any]) -> None:
        root = int(header["root"], 16)
        for day, before in self._before.items():
            after = self._after[day]
            root -= self._term(before)
            root += self._term(after)
            header["days"] += int(after is not None) - int(before is not None)
        header["root"] = f"{root % ROOT_MODULUS:064x}"

    def _term(self, table: DayTable | None) -> int:
        return self._vault.root_term(table.row, table.revision) if table else 0


def _replaced(ids: tuple[bytes, ...], old: bytes, new: bytes | None) -> tuple[bytes, ...]:
    """These ids with `new`, or none, where `old` was; none twice."""
    put = (new if id == old else id for id in ids)
    return tuple(dict.fromkeys(id for id in put if id is not None))


def after_responses(items: list[Item], at: int) -> int:
    """The first place from `at` on that does not come between an entry and its responses."""
    while at < len(items) and items[at].kind is Kind.RESPONSE:
        at += 1
    return min(at, len(items))


def load_table(source: Rows, vault: Vault, day: date) -> DayTable | None:
    """The day's row as the database has it now.

    Raises:
        Unreadable: it does not open.
    """
    found = source.row(
        "SELECT id, day, revision, sealed FROM days WHERE owner = ? AND day IN (?, ?)",
        (vault.owner, *vault.day_hashes(day)),
    )
    return _open(vault, *found) if found else None


def load_tables(source: Rows, vault: Vault) -> tuple[list[DayTable], set[bytes]]:
    """Every day's row that opens, and the hashes of the days whose rows do not."""
    tables: list[DayTable] = []
    damaged: set[bytes] = set()
    for id, day, revision, sealed in source.rows(
        "SELECT id, day, revision, sealed FROM days WHERE owner = ?", (vault.owner,)
    ):
        try:
            tables.append(_open(vault, id, day, revision, sealed))
        except Unreadable:
            damaged.add(day)
    return tables, damaged


def _open(vault: Vault, id: bytes, hashed: bytes, revision: int, sealed: bytes) -> DayTable:
    opened = vault.open(DAY, id, sealed, day=hashed, revision=revision)
    return DayTable.read(id, revision, opened.raw)
