"""Looks through a journal for what was damaged, taken away, put in or put back.

Sealing already refuses a record that was altered or moved. What it cannot tell is a row that is
missing, or an older one in place of a newer: for that every day's row lists its writings, and the
account's row holds the number of days and a sum over them (docs/spec/vault-format.md §8). An older
copy of the whole file looks sound, because it is.
"""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from llamora.journal import writing as writings
from llamora.journal.day_table import DAY, ROOT_MODULUS, DayTable
from llamora.journal.drafts import DRAFT
from llamora.journal.writing import WRITING, Entry, Kind, Response
from llamora.storage import ledger
from llamora.storage.ledger import CHANGE, Gone, Rows, Stale
from llamora.vault import Opened, Unreadable, Vault

ATTEMPTS = 5


@dataclass
class Report:
    """What one account's journal holds and what is wrong with it.

    Each problem is a sentence with ids and dates, never words of the diarist.
    """

    days: int = 0
    entries: int = 0
    responses: int = 0
    drafts: int = 0
    notes: int = 0
    problems: list[str] = field(default_factory=list[str])

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(source: Rows, vault: Vault, *, progress: Callable[[int, int], None]) -> Report:
    """Opens every record of the vault's account and compares what they say of each other.

    May be used while others write: a finding made while something changed is looked at again. A
    key that is being rotated changes more than that tells of: `source` is a snapshot then.

    Raises:
        Gone: there is no such account.
        Stale: its key was replaced since the vault was opened.
    """
    report = Report()
    for _ in range(ATTEMPTS):
        before = ledger.pulse(source, vault.owner)
        if before is None:
            raise Gone
        if before.epoch != vault.epoch:
            raise Stale
        report = _Look(source, vault).through(progress)
        if report.sound or ledger.pulse(source, vault.owner) == before:
            break
    return report


class _Look:
    """One pass over an account's rows."""

    def __init__(self, source: Rows, vault: Vault) -> None:
        self._source = source
        self._vault = vault
        self._report = Report()
        self._tables: dict[bytes, DayTable] = {}
        self._root_found = 0
        self._listed: Counter[bytes] = Counter()

    def through(self, progress: Callable[[int, int], None]) -> Report:
        self._day_rows()
        self._root()
        for done, (hashed, table) in enumerate(self._tables.items(), 1):
            self._day(hashed, table)
            progress(done, len(self._tables))
        self._strays()
        self._drafts()
        self._notes()
        return self._report

    def _day_rows(self) -> None:
        """Opens every day's table of contents."""
        for id, hashed, revision, sealed in self._owned("id, day, revision, sealed", "days"):
            self._report.days += 1
            with self._told(f"The row {id.hex()} of a day"):
                opened = self._vault.open(DAY, id, sealed, day=hashed, revision=revision)
                table = DayTable.read(id, revision, opened.raw)
                self._listed.update(item.id for item in table.items)
                self._tables[hashed] = table
                self._root_found += self._vault.root_term(id, revision, opened.epoch)
                if self._vault.day_hash(table.day, opened.epoch) != hashed:
                    self._problem(f"The row of {table.day} is filed under another day.")

    def _root(self) -> None:
        """The account's own row, and whether its sum over the days comes out."""
        with self._told("The account's own row"):
            header = ledger.read(self._source, self._vault).header
            days, root = int(header["days"]), int(header["root"], 16)
            rows = self._owned("id, kind, epoch", "wraps")
            found = {id.hex(): kind for id, kind, epoch in rows if epoch == self._vault.epoch}
            if len(found) != len(rows) or found != header.get("wraps", {}):
                self._problem(
                    "The password, the recovery code or a passkey is not the one that the "
                    "account's row names: one was altered, taken away, or put back after it was "
                    "replaced."
                )
            if days != self._report.days:
                self._problem(f"There are rows of {self._report.days} days instead of {days}.")
            if self._root_found % ROOT_MODULUS != root:
                self._problem(
                    "The rows of the days do not add up to what the account's row says: one was "
                    "taken away, put in, damaged, or put back as it was earlier."
                )

    def _day(self, hashed: bytes, table: DayTable) -> None:
        """One day's writings, against the day's table of contents."""
        rows = {
            id: (revision, sealed)
            for id, revision, sealed in self._owned("id, revision, sealed", "writings", hashed)
        }
        entries: set[bytes] = set()
        for item in table.items:
            what = f"The {item.kind.word} {item.id.hex()} of {table.day}"
            if self._listed[item.id] > 1:
                self._problem(f"{what} is listed more than once.")
            if item.id not in rows:
                self._problem(f"{what} is missing.")
                continue
            revision, sealed = rows.pop(item.id)
            if revision != item.revision:
                self._problem(f"{what} is at revision {revision} instead of {item.revision}.")
            with self._told(what):
                kind = self._writing(table.day, item.id, hashed, revision, sealed, what, entries)
                if kind is not item.kind:
                    self._problem(f"{what} is of another kind.")
        if sum(item.kind is Kind.ENTRY for item in table.items) != table.entries:
            self._problem(f"The row of {table.day} counts its entries wrongly.")
        for id in rows:
            self._problem(f"The writing {id.hex()} stands on {table.day} without being listed.")

    def _writing(
        self,
        day: date,
        id: bytes,
        hashed: bytes,
        revision: int,
        sealed: bytes,
        what: str,
        entries: set[bytes],
    ) -> Kind:
        """Opens one writing. `entries` are those of its day read so far. Raises `Unreadable`."""
        opened = self._vault.open(WRITING, id, sealed, day=hashed, revision=revision)
        writing = writings.unseal(self._vault, id, hashed, revision, sealed)
        if writing.day != day:
            self._problem(f"{what} says that it is of {writing.day}.")
        if not self._digest_matches(id, opened):
            self._problem(f"{what} does not match its digest.")
        if isinstance(writing, Response):
            self._report.responses += 1
            if writing.entry not in entries:
                self._problem(f"{what} answers an entry that does not stand before it.")
        elif isinstance(writing, Entry):
            self._report.entries += 1
            entries.add(id)
        return writing.kind

    def _digest_matches(self, id: bytes, opened: Opened) -> bool:
        digest = bytes.fromhex(opened.header["digest"])
        kind = opened.header["kind"]
        return self._vault.digest_matches(digest, opened.epoch, id, kind, opened.raw)

    def _strays(self) -> None:
        """Writings of days that have no row, or none that opens."""
        for id, hashed, revision, sealed in self._of_no_day():
            when = "a day that has no row"
            with self._told(f"The writing {id.hex()} of {when}"):
                writing = writings.unseal(self._vault, id, hashed, revision, sealed)
                self._problem(
                    f"The {writing.kind.word} {id.hex()} of {writing.day} has no day that lists it."
                )

    def _of_no_day(self) -> Generator[tuple[bytes, bytes, int, bytes]]:
        known = self._tables
        for (hashed,) in self._source.rows(
            "SELECT DISTINCT day FROM writings WHERE owner = ?", (self._vault.owner,)
        ):
            if hashed not in known:
                for id, revision, sealed in self._owned("id, revision, sealed", "writings", hashed):
                    yield id, hashed, revision, sealed

    def _drafts(self) -> None:
        """What is not finished, and what can still be brought back."""
        for id, place, revision, sealed in self._owned("id, place, revision, sealed", "drafts"):
            self._report.drafts += 1
            with self._told(f"The draft {id.hex()}"):
                opened = self._vault.open(DRAFT, id, sealed, place=place, revision=revision)
                if place not in self._vault.place_hashes(str(opened.header["place"])):
                    self._problem(f"The draft {id.hex()} is filed under another place.")

    def _notes(self) -> None:
        """The notes that other rooms and processes follow."""
        pulse = ledger.pulse(self._source, self._vault.owner)
        for seq, sealed in self._owned("seq, sealed", "changes"):
            self._report.notes += 1
            with self._told(f"The note of change {seq}"):
                self._vault.open(CHANGE, self._vault.owner, sealed, seq=seq)
            if pulse is not None and seq > pulse.last_change:
                self._problem(f"The note of change {seq} is newer than the account's last change.")

    def _owned(self, columns: str, table: str, day: bytes | None = None) -> list[tuple[Any, ...]]:
        where, params = ("owner = ?", [self._vault.owner])
        if day is not None:
            where, params = f"{where} AND day = ?", [*params, day]
        return self._source.rows(f"SELECT {columns} FROM {table} WHERE {where}", params)  # noqa: S608

    def _problem(self, sentence: str) -> None:
        self._report.problems.append(sentence)

    @contextmanager
    def _told(self, what: str) -> Generator[None]:
        """Goes on after a record that does not open, or holds what none of ours would."""
        try:
            yield
        except (Unreadable, LookupError, TypeError, ValueError):
            self._problem(f"{what} cannot be opened.")
