"""The store: one thread that writes whole transactions, and small reads wherever they are asked.

Rooms write through `Store.write` and read through `row` and `rows`. SQL keeps to what SQLite and
PostgreSQL share: `?` for values, `ON CONFLICT`, `RETURNING`, no PRAGMA, no rowid.
"""

import asyncio
import threading
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from llamora.storage import migrate
from llamora.storage.connection import BeforeExecute, Connection, Params, Row, connect
from llamora.storage.errors import StoreClosed, StoreError
from llamora.storage.transaction import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], T]


class Store:
    """An open journal file. Made by `Store.open`; may be used from any thread until `close`."""

    def __init__(self, path: Path, before_execute: BeforeExecute | None) -> None:
        self.path = path
        self.before_execute = before_execute
        self._closed = False
        self._gate = threading.Lock()  # so that nothing slips in behind `close`
        self._here = threading.local()
        self._readers: weakref.WeakSet[_Reader] = weakref.WeakSet()
        # A file left by a crash has a log with anything in it, so the first tidy must not skip.
        self._untidy = True
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        try:
            self._connection = self._in_writer(self._connect).result()
        except BaseException:
            self._writer.shutdown()
            raise

    @classmethod
    def open(cls, path: Path, *, before_execute: BeforeExecute | None = None) -> "Store":
        """Opens the file, making it and its folder if need be and bringing its schema up to date.

        `before_execute` is called with every statement before it runs, in whichever thread runs
        it, and may raise: tests fail the Nth step with it.

        Raises:
            SchemaTooNew, MigrationEdited, NotAJournal, Damaged, Unreachable, StoreBusy, StoreFull:
                as their names say; the file is then as it was.
        """
        migrate.up(path, before_execute=before_execute)
        return cls(path, before_execute)

    async def write(self, work: Work[T]) -> T:
        """Runs `work` as one transaction in the writer thread and returns what it returns.

        Acknowledged means on the disk. An exception undoes all of it and is raised here. A
        cancelled caller does not stop it: once begun to await, the work runs and commits, so a
        work must bear being asked for again.
        """
        return await _shielded(self._in_writer(lambda: self._transact(work)))

    def write_now(self, work: Work[T]) -> T:
        """`write`, blocking: for threads without an event loop, never for the loop's own."""
        return self._in_writer(lambda: self._transact(work)).result()

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """The first row of a small read, or None. Sees what has been committed."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows of a small read, in this thread, on its own connection that cannot write."""
        return self._reader().rows(sql, params)

    @contextmanager
    def snapshot(self) -> Generator["Snapshot"]:
        """The file as it is at one moment, whoever writes meanwhile. For this thread, and not for
        long: the write-ahead log grows until the block ends."""
        connection = connect(
            self.path, journal="wal", query_only=True, before_execute=self.before_execute
        )
        try:
            connection.execute("BEGIN")
            yield Snapshot(connection)
            connection.rollback()
        finally:
            connection.close()

    async def tidy(self) -> bool:
        """`truncate` when something was written here since the last time; for a minute's clock."""
        return await self.truncate() if self._untidy else True

    async def truncate(self) -> bool:
        """Empties the write-ahead log, so that deleted content is on the disk no longer.

        False when a reader elsewhere still needs the log, or the disk is full or fails; then the
        next `tidy` tries again. It raises neither: what was written before is written.
        """
        return await _shielded(self._in_writer(self._truncate))

    async def compact(self) -> None:
        """Makes the file anew of what is in it, and empties the log. Others may read meanwhile.

        SQLite clears what is deleted, but not what it leaves behind on a page when it moves a
        record to another: after much was deleted, scraps of it may be left. This takes memory for
        the whole file, and holds up who writes, ten milliseconds for each megabyte.

        Raises:
            StoreFull, StoreBusy: as their names say; the file is as it was.
        """
        await _shielded(self._in_writer(self._compact))
        await self.truncate()

    def close(self) -> None:
        """Finishes what was asked for, tidies, and closes every connection. May be repeated."""
        with self._gate:
            if self._closed:
                return
            self._closed = True
            farewell = self._writer.submit(self._farewell)
        farewell.result()
        self._writer.shutdown()
        for reader in list(self._readers):
            reader.close()

    def _in_writer(self, job: Callable[[], T]) -> Future[T]:
        if getattr(self._here, "writes", False):
            raise RuntimeError("A work cannot ask for another work: it would wait for itself.")
        with self._gate:
            if self._closed:
                raise StoreClosed
            return self._writer.submit(job)

    def _connect(self) -> Connection:
        self._here.writes = True
        return connect(self.path, journal="wal", before_execute=self.before_execute)

    def _transact(self, work: Work[T]) -> T:
        self._untidy = True
        with Transaction.on(self._connection) as transaction:
            return work(transaction)

    def _truncate(self) -> bool:
        self._untidy = True
        with suppress(StoreError):
            ((busy, _, _),) = self._connection.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            self._untidy = bool(busy)
        return not self._untidy

    def _compact(self) -> None:
        self._untidy = True
        self._connection.execute("VACUUM")

    def _farewell(self) -> None:
        # Another process may keep the log alive after us: leave nothing deleted in it. But a
        # disk that is full or failing must not keep anyone from closing.
        if self._untidy:
            self._truncate()
        self._connection.close()

    def _reader(self) -> "_Reader":
        reader: _Reader | None = getattr(self._here, "reader", None)
        if reader is None:
            with self._gate:
                if self._closed:
                    raise StoreClosed
                reader = self._here.reader = _Reader(self.path, self.before_execute)
                self._readers.add(reader)
        return reader


async def _shielded(job: Future[T]) -> T:
    """The job's outcome, for a caller who may be cancelled while the job may not."""
    wrapped = asyncio.wrap_future(job)
    # A cancelled caller no longer looks; without this the event loop would report the job's
    # error as never retrieved.
    wrapped.add_done_callback(lambda done: done.cancelled() or done.exception())
    return await asyncio.shield(wrapped)


class Snapshot:
    """Answers queries as a store does, always from the same state of the file."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def row(self, sql: str, params: Params = ()) -> Row | None:
        found = self.rows(sql, params)
        return found[0] if found else None

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        return self._connection.rows(sql, params)


class _Reader:
    """A thread's own read connection: closed with the store, or when the thread is gone."""

    def __init__(self, path: Path, before_execute: BeforeExecute | None) -> None:
        self._reading = threading.Lock()  # so that `close` never meets a read under way
        self._connection = connect(
            path, journal="wal", query_only=True, before_execute=before_execute
        )
        self._close = weakref.finalize(self, self._connection.close)

    def rows(self, sql: str, params: Params) -> list[Row]:
        with self._reading:
            if not self._close.alive:
                raise StoreClosed
            return self._connection.rows(sql, params)

    def close(self) -> None:
        with self._reading:
            self._close()
