"""A transaction: all of it or none of it, and nothing by accident outside of one."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from llamora.storage.connection import Connection, Params, Row
from llamora.storage.errors import StoreError


class Transaction:
    """What a work function gets from `Store.write`. Useless once that function has returned."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection

    def execute(self, sql: str, params: Params = ()) -> int:
        """Runs one statement; the number of rows it changed."""
        return self._live().execute(sql, params)

    def many(self, sql: str, seq: Iterable[Params]) -> int:
        """Runs one statement for each of the rows; the number of rows changed in all."""
        return self._live().many(sql, seq)

    def row(self, sql: str, params: Params = ()) -> Row | None:
        """The first row, or None; also for `RETURNING`."""
        found = self.rows(sql, params)
        return found[0] if found else None

    def rows(self, sql: str, params: Params = ()) -> list[Row]:
        """All rows; also for `RETURNING`. Sees what this transaction has written."""
        return self._live().rows(sql, params)

    def _live(self) -> Connection:
        # After a full disk, say, SQLite rolls back by itself. Work that swallowed that error
        # would go on in autocommit and leave half of itself behind.
        if self._connection is None or not self._connection.in_transaction:
            raise StoreError("This transaction is over.")
        return self._connection

    def _end(self) -> None:
        self._connection = None

    @staticmethod
    @contextmanager
    def on(connection: Connection) -> Generator["Transaction"]:
        """Begins at once as a writer, commits at the end of the block, rolls back on any error."""
        connection.execute("BEGIN IMMEDIATE")
        transaction = Transaction(connection)
        try:
            yield transaction
            transaction._live().execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        finally:
            transaction._end()
