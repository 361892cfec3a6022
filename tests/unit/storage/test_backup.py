"""Backups that restore, restores that harm nothing, a check that finds what can be found."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.disk import FRAME, filling, full_after
from tests.support.faults import every_nth

from llamora.storage import (
    AlreadyThere,
    Damaged,
    NotAJournal,
    SchemaTooNew,
    Store,
    StoreBusy,
    StoreFull,
    Unreachable,
)
from llamora.storage.backup import backup, check, restore
from llamora.storage.migrate import shipped

from .rows import add_account, add_writing, look, record

PAGE = 16384


def a_journal(path: Path, writings: int = 5) -> bytes:
    store = Store.open(path)
    owner = store.write_now(add_account)
    for _ in range(writings):
        store.write_now(lambda tx: add_writing(tx, owner))
    store.close()
    return owner


def test_a_backup_is_one_private_file_that_opens_alone(store: Store, tmp_path: Path) -> None:
    owner = store.write_now(add_account)
    store.write_now(lambda tx: add_writing(tx, owner))
    copy = backup(store, tmp_path / "kept" / "here")
    assert list(copy.parent.iterdir()) == [copy]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.parent.stat().st_mode & 0o777 == 0o700
    assert copy.read_bytes()[18:20] == b"\1\1"  # the file itself asks for no write-ahead log
    copy.chmod(0o400)
    with closing(sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)) as alone:
        assert alone.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert alone.execute("SELECT count(*) FROM writings").fetchone() == (1,)
    assert list(copy.parent.iterdir()) == [copy]


def test_two_backups_in_the_same_second_are_two_files(path: Path, tmp_path: Path) -> None:
    a_journal(path)
    made = {backup(path, tmp_path / "kept") for _ in range(5)}
    assert made == set((tmp_path / "kept").iterdir())
    assert len(made) == 5


def test_a_missing_file_cannot_be_backed_up_or_checked(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotAJournal):
        backup(path, tmp_path / "kept")
    with pytest.raises(Unreachable):
        check(path)
    assert not path.exists()


@pytest.mark.parametrize("times", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_backups_made_under_writing_restore(store: Store, tmp_path: Path, times: int) -> None:
    owner = store.write_now(add_account)
    stop, written = threading.Event(), threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            store.write_now(lambda tx: [add_writing(tx, owner) for _ in range(3)])
            written.set()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        counts: list[int] = []
        for number in range(times):
            written.clear()
            assert written.wait(30)
            acknowledged = store.rows("SELECT last_change FROM accounts")[0][0]
            copy = backup(store, tmp_path / "kept")
            restored = tmp_path / str(number) / "llamora.sqlite3"
            restore(copy, restored)
            report = check(restored)
            assert report.sound
            assert report.rows["writings"] == report.rows["changes"] >= acknowledged
            assert report.rows["writings"] % 3 == 0
            again = Store.open(restored)
            assert again.row("SELECT last_change FROM accounts") == (report.rows["writings"],)
            again.write_now(lambda tx: add_writing(tx, owner))
            again.close()
            counts.append(report.rows["writings"])
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(set(counts))


def test_a_backup_that_fails_at_any_step_leaves_no_file(tmp_path: Path) -> None:
    steps: list[str] = []
    for fault in every_nth(StoreFull):
        store = Store.open(tmp_path / str(fault.nth) / "a.sqlite3", before_execute=fault)
        store.write_now(add_account)
        folder = tmp_path / f"kept{fault.nth}"
        with fault.armed():
            backup(store, folder)
        assert len(list(folder.iterdir()) if folder.exists() else []) == (not fault.struck)
        assert store.row("SELECT count(*) FROM accounts") == (1,)
        store.close()
        steps = fault.seen
    assert {"-- copy the pages", "-- name the copy", "PRAGMA integrity_check"} <= set(steps)


def test_when_the_disk_fills_at_any_write_no_file_is_left(path: Path, tmp_path: Path) -> None:
    store = Store.open(path)
    store.write_now(add_account)
    turns = 0
    for room in filling(FRAME * 4):
        folder = tmp_path / f"kept{room}"
        with full_after(room) as disk:
            backup(store, folder)
        assert len(list(folder.iterdir()) if folder.exists() else []) == (not disk.was_full)
        assert store.row("SELECT count(*) FROM accounts") == (1,)
        if not disk.was_full:
            break
        turns += 1
    assert turns > 5, "the disk was never full"
    store.close()


def test_restoring_never_overwrites_unless_told_to(path: Path, tmp_path: Path) -> None:
    a_journal(path, writings=2)
    copy = backup(path, tmp_path / "kept")
    a_journal(tmp_path / "other.sqlite3", writings=7)
    with pytest.raises(AlreadyThere):
        restore(copy, tmp_path / "other.sqlite3")
    assert check(tmp_path / "other.sqlite3").rows["writings"] == 7
    restore(copy, tmp_path / "other.sqlite3", replace=True)
    assert check(tmp_path / "other.sqlite3").rows["writings"] == 2
    assert (tmp_path / "other.sqlite3").stat().st_mode & 0o777 == 0o600


def test_the_log_of_the_old_file_is_not_played_into_the_restored_one(
    path: Path, tmp_path: Path
) -> None:
    a_journal(path, writings=2)
    copy = backup(path, tmp_path / "kept")
    crashed = tmp_path / "crashed" / "llamora.sqlite3"
    store = Store.open(path)
    owner = store.rows("SELECT id FROM accounts")[0][0]
    store.write_now(lambda tx: add_writing(tx, owner))
    crashed.parent.mkdir()
    for file in path.parent.iterdir():  # as a crash would leave them
        (crashed.parent / file.name).write_bytes(file.read_bytes())
    store.close()
    assert crashed.with_name(crashed.name + "-wal").stat().st_size
    left = {file: file.read_bytes() for file in crashed.parent.iterdir()}
    # Even when the old file is ruined, or gone, so that its log cannot be folded in.
    for ruin in (None, b"ruined", b""):
        for file, content in left.items():
            file.write_bytes(content)
        if ruin:
            crashed.write_bytes(left[crashed][:100] + ruin * PAGE)
        elif ruin is not None:
            crashed.unlink()
        restore(copy, crashed, replace=True)
        assert list(crashed.parent.iterdir()) == [crashed]
        assert check(crashed).sound
        assert check(crashed).rows["writings"] == 2


def test_a_journal_in_use_is_not_replaced(path: Path, tmp_path: Path, impatient: None) -> None:
    owner = a_journal(path, writings=2)
    copy = backup(path, tmp_path / "kept")
    store = Store.open(path)
    store.write_now(lambda tx: add_writing(tx, owner))
    with pytest.raises(StoreBusy, match="stop Llamora"):
        restore(copy, path, replace=True)
    store.write_now(lambda tx: add_writing(tx, owner))
    assert store.row("SELECT count(*) FROM writings") == (4,)
    store.close()
    assert list(path.parent.iterdir()) == [path]


def _ruin(copy: Path) -> None:
    content = bytearray(copy.read_bytes())
    content[PAGE] ^= 0xFF  # the kind of the second page
    copy.write_bytes(content)


def _truncate(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[: -2 * PAGE])


def _of_the_future(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("INSERT INTO migrations VALUES (99, 'wonders', '')")


def _of_another_program(copy: Path) -> None:
    copy.unlink()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute(f"PRAGMA page_size={PAGE}")
        connection.execute("CREATE TABLE birds (name TEXT)")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (_ruin, Damaged),
        (_truncate, Damaged),
        (_of_the_future, SchemaTooNew),
        (_of_another_program, NotAJournal),
    ],
)
def test_a_backup_that_will_not_do_changes_nothing(
    path: Path, tmp_path: Path, spoil: Callable[[Path], None], error: type[Exception]
) -> None:
    a_journal(path)
    copy = backup(path, tmp_path / "kept")
    spoil(copy)
    before = path.read_bytes()
    with pytest.raises(error):
        restore(copy, path, replace=True)
    assert path.read_bytes() == before
    with pytest.raises(error):
        restore(copy, tmp_path / "new" / "llamora.sqlite3")
    assert not (tmp_path / "new" / "llamora.sqlite3").exists()


def test_check_counts_and_finds_nothing_wrong_in_a_sound_file(store: Store, path: Path) -> None:
    owner = store.write_now(add_account)
    for padded in (128, 256, 384, 512, 768, 1024, 65536, 98304):
        store.write_now(lambda tx, p=padded: add_writing(tx, owner, record(padded=p)))
    report = check(path)
    assert report.sound
    assert report.schema == len(shipped())
    assert {name: n for name, n in report.rows.items() if n} == {
        "accounts": 1, "writings": 8, "changes": 8, "migrations": len(shipped()),
    }  # fmt: skip


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        b"\x01\x01 too short",
        b"\x02" + record()[1:],
        b"\x01\x00" + record()[2:],
        record()[:-1],
        record() + b"\0",
        record(padded=640),
    ],
)
def test_check_names_a_row_that_is_no_sealed_record(
    store: Store, path: Path, sealed: bytes
) -> None:
    owner = store.write_now(add_account)
    store.write_now(lambda tx: add_writing(tx, owner))
    id = store.write_now(lambda tx: add_writing(tx, owner))
    store.write_now(
        lambda tx: tx.execute("UPDATE writings SET sealed = ? WHERE id = ?", (sealed, id))
    )
    assert check(path).problems == (f"writings {id.hex()} is not a sealed record",)


def test_check_finds_a_row_without_its_owner(path: Path) -> None:
    a_journal(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM accounts")
    assert any("accounts" in problem for problem in check(path).problems)


def test_check_finds_a_flipped_byte_in_the_head_of_every_page(path: Path, tmp_path: Path) -> None:
    a_journal(path, writings=200)
    sound = path.read_bytes()
    spoilt = tmp_path / "spoilt.sqlite3"
    pages = len(sound) // PAGE
    assert pages > 15
    for page in range(pages):
        content = bytearray(sound)
        content[page * PAGE + (100 if page == 0 else 0)] ^= 0x55  # after the file's own head
        spoilt.write_bytes(content)
        report = check(spoilt)
        assert not report.sound, f"page {page + 1}"
    assert check(path).sound
    assert look(path, "PRAGMA integrity_check") == [("ok",)]
