"""The schema and how it moves: numbered, append-only `migrations/NNNN_name.sql`.

The files are written in the SQL that SQLite and PostgreSQL share; what differs is added here, so
that a second backend needs another `in_sqlite`, not other files. The rules for a file:
  * a statement ends with `;` at the end of a line; comments stand on lines of their own;
  * types are BLOB, TEXT and INTEGER (BYTEA, TEXT and BIGINT to PostgreSQL);
  * no PRAGMA, no BEGIN or COMMIT, no WITHOUT ROWID or STRICT: every table gets these two;
  * once released, not one byte of it changes: its checksum is kept in each file it made.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from llamora.storage.connection import BeforeExecute, Connection, connect, make_file
from llamora.storage.copying import copy_whole, free_name
from llamora.storage.errors import Damaged, MigrationEdited, NotAJournal, SchemaTooNew
from llamora.storage.transaction import Transaction

BACKUPS_KEPT = 3

# No moment of applying is kept: no timestamp stands in clear.
_BOOKKEEPING = """CREATE TABLE IF NOT EXISTS migrations (
    number INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL
);"""
_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema. `number` counts from 1 without gaps."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04d}_{self.name}"


@dataclass(frozen=True, slots=True)
class Status:
    """Where a file stands: its schema (0: none yet), the newest known, what is still to come."""

    schema: int
    newest: int
    pending: tuple[Migration, ...]


@cache
def shipped() -> tuple[Migration, ...]:
    """The migrations of this version, in order."""
    found: list[Migration] = []
    for file in (files("llamora.storage") / "migrations").iterdir():
        if match := _FILE_NAME.fullmatch(file.name):
            # As text, so that a checkout with other line ends has the same checksums.
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return tuple(sorted(found, key=lambda migration: migration.number))


def status(path: Path, *, migrations: Sequence[Migration] | None = None) -> Status:
    """Where the file stands, changing nothing; a missing or empty file stands at 0.

    Raises:
        SchemaTooNew, MigrationEdited, NotAJournal, Damaged, Unreachable: as their names say.
    """
    known = shipped() if migrations is None else tuple(migrations)
    if not path.exists():
        return Status(0, _newest(known), known)
    with closing(connect(path, journal=None, query_only=True)) as connection:
        return _status(connection, known)


def up(
    path: Path,
    *,
    migrations: Sequence[Migration] | None = None,
    before_execute: BeforeExecute | None = None,
) -> tuple[Migration, ...]:
    """Applies what is pending, each in one transaction, and returns what was applied.

    A file that holds a schema already is first copied to a file beside it, named
    `<name>-before-upgrade-to-schema-<n>-<UTC time>`; the last three of these are kept. Several
    processes may do this at once: each migration is applied by one of them.

    Raises:
        as `status`; also StoreBusy and StoreFull. The migration that failed has left no mark.
    """
    known = shipped() if migrations is None else tuple(migrations)
    make_file(path)
    found = status(path, migrations=known)  # refuses before anything is changed
    if not found.pending:
        return ()
    if found.schema:
        _keep_a_copy(path, found.newest, before_execute)
    with closing(connect(path, journal="wal", before_execute=before_execute)) as connection:
        # Rebuilding a table drops it, and with it, through ON DELETE CASCADE, its children.
        # `_apply` checks the keys itself before it commits.
        connection.set_pragma("foreign_keys", "OFF", 0)
        return tuple(step for step in found.pending if _apply(connection, step))


def schema_of(connection: Connection) -> int:
    """The number of the last migration applied, 0 when there is none.

    Raises:
        NotAJournal: the file holds tables, but not ours.
    """
    return max(_applied(connection), default=0)


def in_sqlite(statement: str) -> str:
    """A statement of the shared SQL as SQLite shall have it.

    WITHOUT ROWID hides the order in which rows came; STRICT refuses text in a sealed column.
    """
    if re.match(r"CREATE\s+TABLE\b", statement, re.IGNORECASE):
        return statement.removesuffix(";") + " STRICT, WITHOUT ROWID;"
    return statement


def statements(sql: str) -> Iterator[str]:
    """The statements of a migration one by one, without the comments between them.

    One by one, because `executescript` commits before it begins.
    """
    lines: list[str] = []
    for line in sql.splitlines():
        if not line.strip() or line.lstrip().startswith("--"):
            continue
        lines.append(line.rstrip())
        if lines[-1].endswith(";"):
            yield "\n".join(lines)
            lines.clear()
    if lines:
        raise ValueError(f"A migration ends within a statement: {lines[0]!r}")


def _status(connection: Connection, known: tuple[Migration, ...]) -> Status:
    applied, newest = _applied(connection), _newest(known)
    schema = max(applied, default=0)
    if schema > newest:
        raise SchemaTooNew
    for migration in known[:schema]:
        if applied.get(migration.number) != migration.checksum:
            raise MigrationEdited(
                f"Migration {migration} is not the one that made this journal; reinstall Llamora."
            )
    return Status(schema, newest, known[schema:])


def _newest(known: tuple[Migration, ...]) -> int:
    assert [step.number for step in known] == list(range(1, len(known) + 1)), "a gap in migrations"
    return len(known)


def _applied(connection: Connection) -> dict[int, str]:
    """Number to checksum."""
    tables = {row[0] for row in connection.rows("SELECT name FROM sqlite_schema")}
    if "migrations" in tables:
        return dict(connection.rows("SELECT number, checksum FROM migrations"))
    if tables:
        raise NotAJournal
    return {}


def _keep_a_copy(path: Path, newest: int, before_execute: BeforeExecute | None) -> None:
    stem = f"{path.stem}-before-upgrade-to-schema-"
    copy_whole(
        path, free_name(path.parent, f"{stem}{newest}", path.suffix), before_execute=before_execute
    )
    kept = [file for file in path.parent.iterdir() if file.name.startswith(stem)]
    kept.sort(key=lambda file: file.stat().st_mtime_ns)
    for old in kept[:-BACKUPS_KEPT]:
        old.unlink(missing_ok=True)


def _apply(connection: Connection, migration: Migration) -> bool:
    """False when another process was faster."""
    with Transaction.on(connection) as tx:
        if migration.number in _applied(connection):
            return False
        for statement in (_BOOKKEEPING, *statements(migration.sql)):
            tx.execute(in_sqlite(statement))
        tx.execute(
            "INSERT INTO migrations (number, name, checksum) VALUES (?, ?, ?)",
            (migration.number, migration.name, migration.checksum),
        )
        if connection.unsound():
            raise Damaged
    return True
