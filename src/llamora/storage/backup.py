"""Backup, restore and check. All three block: from a server, call them in a thread.

A backup holds what the file holds, sealed as it is there: it needs no key and gives none.
"""

import os
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from llamora.storage import migrate
from llamora.storage.connection import Connection, Row, connect, make_folder, named_os
from llamora.storage.copying import copy_whole, free_name, sidecars
from llamora.storage.errors import (
    AlreadyThere,
    Damaged,
    NotAJournal,
    SchemaTooNew,
    StoreBusy,
)
from llamora.storage.store import Store
from llamora.vault.padding import CLASSES
from llamora.vault.record import ALGORITHM, OVERHEAD, VERSION

MISSHAPEN_NAMED = 20  # of each table; a ruined file must not make a report without end


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found. `schema` is the last migration applied, 0 when it could not be read;
    `rows` counts the rows of each table; `problems` are sentences, empty when all is well."""

    path: Path
    schema: int = 0
    rows: Mapping[str, int] = field(default_factory=dict[str, int])
    integrity: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        return self.integrity + self.misshapen

    @property
    def sound(self) -> bool:
        return not self.problems


def backup(source: Store | Path, folder: Path) -> Path:
    """Writes the journal, which may be in use, to a new file in `folder` and returns its path.

    The file is named with the UTC time, 0600, sound, and opens alone.

    Raises:
        Damaged, StoreFull, StoreBusy, Unreachable: as their names say; there is no file then.
    """
    path = source.path if isinstance(source, Store) else source
    before_execute = source.before_execute if isinstance(source, Store) else None
    if not migrate.status(path).schema:
        raise NotAJournal
    make_folder(folder)
    target = free_name(folder, path.stem, path.suffix)
    copy_whole(path, target, before_execute=before_execute)
    return target


def restore(backup_file: Path, to: Path, *, replace: bool = False) -> None:
    """Puts a backup in the place `to`. Llamora must not be running there.

    An older backup is brought up to date when it is next opened.

    Raises:
        Damaged, NotAJournal, SchemaTooNew: the backup will not do; `to` is as it was.
        AlreadyThere: there is a database in that place and `replace` was not said.
        StoreBusy: the database in that place is open in some program.
        StoreFull, Unreachable: as their names say; `to` is as it was.
    """
    report = check(backup_file)
    if not report.sound:
        raise Damaged("The backup is damaged; nothing was restored.")
    if report.schema > migrate.shipped()[-1].number:
        raise SchemaTooNew
    if os.path.lexists(to) and not replace:
        raise AlreadyThere
    copy_whole(backup_file, to, before_naming=lambda: _make_way(to))


def lying_beside(path: Path) -> list[tuple[Path, datetime]]:
    """The copies of a database in its own folder, known by their names, each with when it was
    made: those of `backup` and those of migrations.

    Raises:
        StoreFull, Unreachable: the folder cannot be read.
    """
    form = re.compile(
        re.escape(path.stem) + r"-(.+-)?(\d{8}T\d{6}Z)(-\d+)?" + re.escape(path.suffix)
    )
    try:
        found = [(file, form.fullmatch(file.name)) for file in path.parent.iterdir()]
    except OSError as error:
        raise named_os(error) from error
    made = [(file, _moment(named[2])) for file, named in found if named]
    return [(file, moment) for file, moment in made if moment]


def check(path: Path) -> Report:
    """Looks through a database or a backup without any key and without changing it.

    It finds what is wrong with the structure: pages, indexes, foreign keys, and the clear head
    and the length of every sealed record. A byte flipped inside a record's ciphertext is found
    only by opening the record, which needs the password.

    Raises:
        NotAJournal: a sound database, but not ours.
        Unreachable, StoreBusy: as their names say.
    """
    try:
        with closing(connect(path, journal=None, query_only=True)) as connection:
            connection.execute("BEGIN")  # one snapshot, so that the counts belong together
            return _look(path, connection)
    except Damaged as error:
        return Report(path, integrity=(str(error),))


def _moment(text: str) -> datetime | None:
    """The moment in a copy's name, None for digits that are no moment."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def _make_way(path: Path) -> None:
    """Folds its log into the old database, if there is one, and leaves no log beside it.

    Beside the restored file, the log of another would be played into it. A crash right after
    this leaves the old database whole. Leaving WAL mode takes the file for oneself, so this also
    tells whether it is in use.
    """
    if path.exists():
        try:
            connect(path, journal="delete").close()
        except StoreBusy:
            raise StoreBusy("The journal there is open; stop Llamora before restoring.") from None
        except Damaged:
            pass  # perhaps the reason for restoring; what its log holds cannot be saved
    for stale in sidecars(path):
        stale.unlink(missing_ok=True)


def _look(path: Path, connection: Connection) -> Report:
    integrity = connection.unsound()
    schema = migrate.schema_of(connection)
    if not schema:
        raise NotAJournal
    rows: dict[str, int] = {}
    misshapen: list[str] = []
    for (table,) in connection.rows(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ):
        ((rows[table],),) = connection.rows(f"SELECT count(*) FROM {_quoted(table)}")  # noqa: S608
        misshapen += _misshapen(connection, table)
    return Report(path, schema, rows, integrity, tuple(misshapen))


def _misshapen(connection: Connection, table: str) -> list[str]:
    """The rows whose sealed column has not the head or the length of a record (format §4, §5)."""
    columns = connection.rows("SELECT name, pk FROM pragma_table_info(?)", (table,))
    if "sealed" not in {name for name, _ in columns}:
        return []
    key = ", ".join(_quoted(name) for name, pk in columns if pk)
    lengths = ", ".join(str(OVERHEAD + size) for size in CLASSES)
    found = connection.rows(
        f"SELECT {key} FROM {_quoted(table)} "  # noqa: S608 - names from the schema, quoted
        f"WHERE substr(sealed, 1, 2) <> ? OR length(sealed) NOT IN ({lengths}) LIMIT ?",
        (bytes((VERSION, ALGORITHM)), MISSHAPEN_NAMED),
    )
    return [f"{table} {_shown(row)} is not a sealed record" for row in found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(key: Row) -> str:
    return " ".join(part.hex() if isinstance(part, bytes) else str(part) for part in key)
