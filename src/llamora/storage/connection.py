"""One connection to the SQLite file: its pragmas, its errors by name, its place for faults.

The only module that imports `sqlite3`. Connections autocommit; `transaction.py` begins and ends
transactions in so many words.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Literal

from llamora.storage.errors import (
    Conflict,
    Damaged,
    NotAJournal,
    StoreBusy,
    StoreError,
    StoreFull,
    Unreachable,
)

Value = bytes | str | int | None
Params = Sequence[Value]
Row = tuple[Any, ...]
BeforeExecute = Callable[[str], None]
"""Called with each statement before it runs; what it raises stops the statement (for tests)."""

OLDEST_SQLITE = (3, 37, 0)  # the first with both STRICT tables and RETURNING
BUSY_TIMEOUT_MS = 5_000

# With SQLite's own 4 KiB, sealed rows would spill to overflow pages and treble the file.
PAGE_SIZE = 16_384
PRAGMAS: tuple[tuple[str, str, object], ...] = (
    ("busy_timeout", str(BUSY_TIMEOUT_MS), BUSY_TIMEOUT_MS),
    # An acknowledged write must survive power loss, not only a crash.
    ("synchronous", "FULL", 2),
    ("foreign_keys", "ON", 1),
    # A hostile file must not run functions of its choosing from its schema.
    ("trusted_schema", "OFF", 0),
    # Sorting and statement journals stay in memory: nothing else may touch the disk.
    ("temp_store", "MEMORY", 2),
    # What is deleted is overwritten with zeros.
    ("secure_delete", "ON", 1),
)

_BY_CODE: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_BUSY: StoreBusy,
    sqlite3.SQLITE_LOCKED: StoreBusy,
    sqlite3.SQLITE_CORRUPT: Damaged,
    sqlite3.SQLITE_NOTADB: Damaged,
    sqlite3.SQLITE_CANTOPEN: Unreachable,
    sqlite3.SQLITE_READONLY: Unreachable,
    sqlite3.SQLITE_PERM: Unreachable,
    sqlite3.SQLITE_IOERR: Unreachable,
    sqlite3.SQLITE_CONSTRAINT: Conflict,
}


def connect(
    path: Path,
    *,
    journal: Literal["wal", "delete"] | None,
    query_only: bool = False,
    before_execute: BeforeExecute | None = None,
) -> "Connection":
    """A connection to an existing file, every pragma set and read back.

    `journal` None leaves the journal mode as the file has it. The connection may be closed from
    another thread than the one that uses it, so its owner must see that these do not meet.

    Raises:
        Unreachable, Damaged, StoreBusy: as their names say.
        NotAJournal: the file has pages of another size than ours.
        StoreError: SQLite is too old or a pragma did not take.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 or later is needed.")
    try:
        raw = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",  # never makes a file: that is `make_file`'s
            uri=True,
            isolation_level=None,
            timeout=BUSY_TIMEOUT_MS / 1000,
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise _named(error) from error
    connection = Connection(raw, before_execute)
    try:
        connection.rows(f"PRAGMA page_size={PAGE_SIZE}")
        for name, value, expected in PRAGMAS:
            connection.set_pragma(name, value, expected)
        if journal:
            connection.set_pragma("journal_mode", journal, journal)
        if query_only:
            connection.set_pragma("query_only", "ON", 1)
        # Until the file has been read, SQLite repeats the size it was told.
        connection.rows("SELECT count(*) FROM sqlite_schema")
        if connection.rows("PRAGMA page_size") != [(PAGE_SIZE,)]:
            raise NotAJournal("The file's pages have not the size that Llamora's have.")
    except BaseException:
        connection.close()
        raise
    return connection


class Connection:
    """A thin skin over `sqlite3.Connection`. Every method may raise a `StoreError` by name;
    mistakes in the SQL itself stay `sqlite3` errors, for they are bugs."""

    def __init__(self, raw: sqlite3.Connection, before_execute: BeforeExecute | None) -> None:
        self._raw = raw
        self._before = before_execute

    def execute(self, sql: str, params: Params = ()) -> int:
        """Runs one statement; the number of rows it changed."""
        self._announce(sql)
        try:
            with closing(self._raw.execute(sql, params)) as cursor:
                return max(cursor.rowcount, 0)
        except sqlite3.Error as error:
            raise _named(error) from error

    def many(self, sql: str, rows: Iterable[Params]) -> int:
        """Runs one statement for each of the rows; the number of rows changed in all."""
        self._announce(sql)
        try:
            with closing(self._raw.executemany(sql, rows)) as cursor:
                return max(cursor.rowcount, 0)
        except sqlite3.Error as error:
            raise _named(error) from error

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of one statement.

        Always read to the end: a cursor left open would hold its snapshot and so the WAL.
        """
        self._announce(sql)
        try:
            with closing(self._raw.execute(sql, params)) as cursor:
                return cursor.fetchall()
        except sqlite3.Error as error:
            raise _named(error) from error

    def set_pragma(self, name: str, value: str, expected: object) -> None:
        """Sets a pragma and believes only what it reads back."""
        self.rows(f"PRAGMA {name}={value}")
        found = self.rows(f"PRAGMA {name}")
        if found != [(expected,)]:
            raise StoreError(f"SQLite answers {name} {found}, where {expected} was asked for.")

    def unsound(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the file and its foreign keys; empty when it is sound."""
        found = [row[0] for row in self.rows("PRAGMA integrity_check") if row[0] != "ok"]
        orphans = {(row[0], row[2]) for row in self.rows("PRAGMA foreign_key_check")}
        found += [f"{table} has a row whose {parent} row is gone" for table, parent in orphans]
        return tuple(found)

    def copy_into(self, target: "Connection") -> None:
        """Copies the whole database as it is at one moment; others may write meanwhile."""
        self._announce("-- copy the pages")
        try:
            self._raw.backup(target._raw)
        except sqlite3.Error as error:
            raise _named(error) from error

    def _announce(self, step: str) -> None:
        if self._before:
            self._before(step)

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    def rollback(self) -> None:
        """Undoes the open transaction, if SQLite has not done so by itself."""
        try:
            self._raw.rollback()
        except sqlite3.Error as error:
            raise _named(error) from error

    def close(self) -> None:
        self._raw.close()


def make_folder(folder: Path) -> None:
    """Makes a folder, 0700. One that exists is left as it is: it may be the person's own."""
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise named_os(error) from error


def make_file(path: Path) -> None:
    """Makes an empty file, 0600, in a folder 0700; one that exists is narrowed to 0600.

    An existing file is not opened here: closing it would drop the locks that other connections
    of this process hold on it. SQLite gives the -wal and -shm files the same permissions.
    """
    make_folder(path.parent)
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise named_os(error) from error


def named_os(error: OSError) -> StoreError:
    """The store's own error for one of the file system's."""
    return StoreFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else Unreachable()


def _named(error: sqlite3.Error) -> Exception:
    """The store's own error for one of SQLite's, or the same when it is a mistake in the code."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code
    kind = _BY_CODE.get(code)
    return kind() if kind else error
