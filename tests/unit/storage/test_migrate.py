"""The schema: exactly what may be visible, and moved without ever being half moved."""

import re
from pathlib import Path

import pytest
from tests.support.disk import FRAME, filling, full_after
from tests.support.faults import every_nth

from llamora.storage import MigrationEdited, SchemaTooNew, Store
from llamora.storage.backup import check
from llamora.storage.migrate import (
    BACKUPS_KEPT,
    Migration,
    in_sqlite,
    shipped,
    statements,
    status,
    up,
)

from .rows import add_account, look

VISIBLE = {
    "accounts": ["id", "name", "epoch", "generation", "last_change", "sealed"],
    "wraps": ["id", "owner", "kind", "epoch", "salt", "m", "t", "sealed"],
    "chain": ["owner", "epoch", "sealed"],
    "sessions": ["id", "owner", "expires", "sealed"],
    "writings": ["id", "owner", "day", "revision", "sealed"],
    "days": ["id", "owner", "day", "revision", "sealed"],
    "drafts": ["id", "owner", "place", "revision", "sealed"],
    "changes": ["owner", "seq", "sealed"],
    "cursors": ["owner", "follower", "seq"],
    "passages": ["id", "owner", "revision", "sealed"],
    "segments": ["id", "owner", "revision", "sealed"],
    "queries": ["id", "owner", "query", "sealed"],
    "traces": ["id", "owner", "name", "revision", "sealed"],
    "events": ["id", "owner", "sealed"],
    "seats": ["id", "owner", "sealed"],
}
BOOKKEEPING = {"migrations": ["number", "name", "checksum"], "invitations": ["id", "expires"]}
"""Tables of no account."""

BIRDS = Migration(
    len(shipped()) + 1,
    "birds",
    """
-- Rebuilds the accounts, the parent of everything; with a semicolon; in the comment;
CREATE TABLE birds (id BLOB NOT NULL PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE accounts_new (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    sealed BLOB NOT NULL
);
INSERT INTO accounts_new SELECT id, name, epoch, generation, last_change, sealed FROM accounts;
DROP TABLE accounts;
ALTER TABLE accounts_new RENAME TO accounts;
""",
)
LATER = (*shipped(), BIRDS)


def dump(path: Path) -> list[tuple[object, ...]]:
    schema = look(path, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    rows = look(path, "SELECT hex(id), name FROM accounts")
    return schema + rows + look(path, "SELECT hex(owner), follower FROM cursors")


def a_file_of_today(path: Path) -> list[tuple[object, ...]]:
    store = Store.open(path)
    owner = store.write_now(add_account)
    store.write_now(
        lambda tx: tx.execute(
            "INSERT INTO cursors (owner, follower, seq) VALUES (?, 'search', 0)", (owner,)
        )
    )
    store.close()
    return dump(path)


def test_the_visible_columns_are_exactly_those_of_the_format(store: Store) -> None:
    tables = store.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
    found = {
        name: store.rows('SELECT name, "notnull" FROM pragma_table_info(?)', (name,))
        for name, _ in tables
    }
    columns = {name: [column for column, _ in rows] for name, rows in found.items()}
    assert columns == VISIBLE | BOOKKEEPING
    assert all(notnull for rows in found.values() for _, notnull in rows)
    assert all(sql.endswith("STRICT, WITHOUT ROWID") for _, sql in tables)


def test_erasing_an_account_erases_all_that_is_its_own(store: Store) -> None:
    for table in VISIBLE.keys() - {"accounts"}:
        (key,) = store.rows('SELECT "table", "from", on_delete FROM pragma_foreign_key_list(?)',
                            (table,))  # fmt: skip
        assert key == ("accounts", "owner", "CASCADE")


def test_the_shipped_migrations_are_shared_sql() -> None:
    for migration in shipped():
        sql = "\n".join(statements(migration.sql))
        assert not re.search(r"PRAGMA|ROWID|STRICT|BEGIN|COMMIT|REPLACE|AUTOINCREMENT", sql, re.I)
        types = re.findall(r"^\s+[a-z_]+ ([A-Z]+) NOT NULL", sql, re.M)
        assert types
        assert set(types) <= {"BLOB", "TEXT", "INTEGER"}
    assert in_sqlite("CREATE INDEX a ON b (c);") == "CREATE INDEX a ON b (c);"


def test_a_migration_must_end_with_a_whole_statement() -> None:
    with pytest.raises(ValueError, match="within a statement"):
        list(statements("CREATE TABLE a (b TEXT);\nCREATE TABLE c ("))


def test_status_tells_where_a_file_stands_and_makes_nothing(path: Path) -> None:
    assert (status(path).schema, status(path).pending) == (0, shipped())
    assert not path.parent.exists()
    assert up(path) == shipped()
    assert (status(path).schema, status(path).pending) == (len(shipped()), ())
    assert up(path) == ()
    assert status(path, migrations=LATER).pending == (BIRDS,)


def test_a_migration_keeps_a_copy_of_the_old_file_and_every_row(path: Path) -> None:
    before = a_file_of_today(path)
    assert up(path, migrations=LATER) == (BIRDS,)
    after = dump(path)
    assert [row for row in after if row[0] == "birds"]
    assert after[-2:] == before[-2:]  # the rebuilt parent took no child with it
    (copy,) = path.parent.glob(f"*-before-upgrade-to-schema-{BIRDS.number}-*.sqlite3")
    assert dump(copy) == before
    assert copy.stat().st_mode & 0o777 == 0o600
    assert check(copy).sound


def test_a_new_file_needs_no_copy(path: Path) -> None:
    up(path, migrations=LATER)
    assert not list(path.parent.glob("*before*"))


def test_the_last_three_copies_are_kept(path: Path) -> None:
    a_file_of_today(path)
    known, numbers = list(shipped()), range(BIRDS.number, BIRDS.number + 5)
    for number in numbers:
        sql = f"CREATE TABLE t{number} (a TEXT NOT NULL PRIMARY KEY);\n"
        known.append(Migration(number, f"step{number}", sql))
        up(path, migrations=known)
    copies = [re.search(r"schema-(\d+)-", file.name) for file in path.parent.glob("*before*")]
    assert sorted(int(found[1]) for found in copies if found) == list(numbers)[-BACKUPS_KEPT:]


def test_a_migration_that_fails_at_any_statement_leaves_the_old_schema(tmp_path: Path) -> None:
    steps = 0
    for fault in every_nth():
        path = tmp_path / str(fault.nth) / "llamora.sqlite3"
        before = a_file_of_today(path)
        with fault.armed():
            up(path, migrations=LATER, before_execute=fault)
        assert (dump(path) == before) == bool(fault.struck)
        assert check(path).sound
        leftovers = [file for file in path.parent.iterdir() if file.name.startswith(".")]
        assert leftovers == []
        if fault.struck:  # and the next start goes through
            steps += 1
            assert up(path, migrations=LATER) == (BIRDS,)
    assert steps > len(list(statements(BIRDS.sql))) + 10


def test_when_the_disk_fills_at_any_write_a_migration_leaves_the_old_schema(
    tmp_path: Path,
) -> None:
    turns = 0
    for room in filling(FRAME * 4):
        path = tmp_path / str(room) / "llamora.sqlite3"
        before = a_file_of_today(path)
        with full_after(room) as disk:
            up(path, migrations=LATER)
        assert (dump(path) == before) == disk.was_full
        assert check(path).sound
        assert [file for file in path.parent.iterdir() if file.name.startswith(".")] == []
        if not disk.was_full:
            break
        turns += 1
        assert up(path, migrations=LATER) == (BIRDS,)
    assert turns > 5, "the disk was never full"


def test_a_new_file_that_fails_at_any_statement_has_only_whole_migrations(
    tmp_path: Path,
) -> None:
    for fault in every_nth():
        path = tmp_path / str(fault.nth) / "llamora.sqlite3"
        with fault.armed():
            Store.open(path, before_execute=fault).close()
        if fault.struck:
            # Those that came before the fault stand, each of them whole.
            assert status(path).schema in range(len(shipped()) + 1)
            assert bool(look(path, "SELECT 1 FROM sqlite_schema")) == bool(status(path).schema)
            Store.open(path).close()
        assert check(path).sound


def test_a_migration_that_would_leave_orphans_is_undone(path: Path) -> None:
    before = a_file_of_today(path)
    orphans = Migration(len(shipped()) + 1, "orphans", "DELETE FROM accounts;\n")
    with pytest.raises(Exception, match="damaged"):
        up(path, migrations=(*shipped(), orphans))
    assert dump(path) == before


def test_a_newer_schema_is_refused_and_left_as_it_was(path: Path) -> None:
    a_file_of_today(path)
    up(path, migrations=LATER)
    before = path.read_bytes()
    for opening in (Store.open, status, up):
        with pytest.raises(SchemaTooNew, match="newer Llamora"):
            opening(path)
    assert path.read_bytes() == before


def test_an_edited_migration_is_refused(path: Path) -> None:
    a_file_of_today(path)
    edited = Migration(1, "journal", shipped()[0].sql + "-- a small change\n")
    with pytest.raises(MigrationEdited, match="0001_journal"):
        up(path, migrations=(edited, *shipped()[1:], BIRDS))
