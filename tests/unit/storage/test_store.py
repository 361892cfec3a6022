"""The store: pragmas, one writer, all or nothing, nothing left behind."""

import asyncio
import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.faults import InjectedFault, every_nth

from llamora.storage import (
    Conflict,
    Damaged,
    NotAJournal,
    Store,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreFull,
    Transaction,
    Unreachable,
)
from llamora.storage import connection as connection_module
from llamora.storage.migrate import shipped

from .rows import add_account, add_writing, look, record

PROMISED = {
    "page_size": 16384,
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
    "temp_store": 2,  # MEMORY
    "secure_delete": 1,
}


def test_every_connection_has_every_promised_pragma(store: Store) -> None:
    def pragmas(source: Store | Transaction) -> dict[str, object]:
        return {name: source.rows(f"PRAGMA {name}")[0][0] for name in PROMISED}

    assert store.write_now(pragmas) == PROMISED
    assert pragmas(store) == PROMISED
    with ThreadPoolExecutor(1) as other:
        assert other.submit(pragmas, store).result() == PROMISED


def test_a_pragma_that_does_not_take_stops_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = (*connection_module.PRAGMAS, ("foreign_keys", "OFF", 1))
    monkeypatch.setattr(connection_module, "PRAGMAS", wrong)
    with pytest.raises(StoreError, match="foreign_keys"):
        Store.open(path)


def test_a_read_connection_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        store.rows("DELETE FROM accounts")


async def test_a_snapshot_stays_as_it_was_whoever_writes(store: Store) -> None:
    await store.write(lambda tx: add_account(tx, "ada"))
    with store.snapshot() as seen:
        assert seen.rows("SELECT name FROM accounts") == [("ada",)]
        await store.write(lambda tx: add_account(tx, "zoe"))
        assert seen.rows("SELECT name FROM accounts") == [("ada",)]
        assert seen.row("SELECT 1 FROM accounts WHERE name = 'zoe'") is None
        with pytest.raises(StoreError):
            seen.rows("DELETE FROM accounts RETURNING name")
    assert store.row("SELECT 1 FROM accounts WHERE name = 'zoe'") == (1,)
    assert await store.truncate()  # it holds the log no longer


def test_only_the_owner_can_read_the_files(path: Path) -> None:
    before = os.umask(0)
    try:
        store = Store.open(path)
        store.write_now(add_account)
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert files == dict.fromkeys(
        ("llamora.sqlite3", "llamora.sqlite3-wal", "llamora.sqlite3-shm"), 0o600
    )
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()
    path.chmod(0o644)
    Store.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_works_run_one_at_a_time_in_the_order_asked(store: Store) -> None:
    running, order, threads = 0, list[int](), set[int]()

    def work(number: int) -> None:
        nonlocal running
        running += 1
        assert running == 1
        order.append(number)
        threads.add(threading.get_ident())
        running -= 1

    await asyncio.gather(*(store.write(lambda tx, n=n: work(n)) for n in range(200)))
    assert order == list(range(200))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_thousand_cancelled_callers_leave_nothing_open_and_each_work_ran_once(
    store: Store, path: Path
) -> None:
    owner = await store.write(add_account)
    ran: list[int] = []

    def work(tx: Transaction, number: int) -> None:
        ran.append(number)
        add_writing(tx, owner)

    async def write(number: int) -> None:
        await store.write(lambda tx: work(tx, number))

    tasks = [asyncio.create_task(write(number)) for number in range(1000)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    last = await store.write(lambda tx: tx.row("SELECT last_change FROM accounts"))
    assert ran == list(range(1000))
    assert last == (1000,)
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # would be refused if a transaction were open
        assert other.execute("SELECT count(*) FROM writings").fetchone() == (1000,)


async def test_the_error_of_a_cancelled_callers_work_goes_nowhere(store: Store) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))

    callers_are_gone = threading.Event()

    def work(tx: Transaction) -> None:
        assert callers_are_gone.wait(30)
        raise InjectedFault

    async def ask_and_leave() -> None:
        tasks = [asyncio.create_task(store.write(work)) for _ in range(50)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    await ask_and_leave()
    callers_are_gone.set()
    await store.write(lambda tx: None)
    await asyncio.sleep(0)
    gc.collect()  # an error that no one looked at is reported when it is collected
    assert complaints == []


async def test_an_error_in_a_work_undoes_all_of_it(store: Store) -> None:
    def work(tx: Transaction) -> None:
        add_writing(tx, add_account(tx))
        raise InjectedFault

    with pytest.raises(InjectedFault):
        await store.write(work)
    assert store.row("SELECT count(*) FROM accounts") == (0,)
    assert store.row("SELECT count(*) FROM writings") == (0,)
    await store.write(add_account)
    assert store.row("SELECT count(*) FROM accounts") == (1,)


def test_a_work_that_fails_at_any_statement_leaves_the_old_state(tmp_path: Path) -> None:
    def state(store: Store) -> tuple[object, ...]:
        return (
            store.row("SELECT count(*) FROM writings"),
            store.row("SELECT count(*) FROM changes"),
            store.row("SELECT last_change FROM accounts"),
        )

    struck: list[str] = []
    for fault in every_nth():
        store = Store.open(tmp_path / f"{fault.nth}.sqlite3", before_execute=fault)
        owner = store.write_now(add_account)
        with fault.armed():
            store.write_now(lambda tx, owner=owner: add_writing(tx, owner))
        expected = ((0,), (0,), (0,)) if fault.struck else ((1,), (1,), (1,))
        assert state(store) == expected
        store.write_now(lambda tx, owner=owner: add_writing(tx, owner))  # and it goes on working
        assert store.row("SELECT count(*) FROM writings") == (expected[0][0] + 1,)
        store.close()
        if fault.struck:
            struck.append(fault.struck)
    assert [step.split()[0] for step in struck] == ["BEGIN", "INSERT", "UPDATE", "INSERT", "COMMIT"]


def test_two_programs_that_read_and_then_write_lose_no_change(store: Store, path: Path) -> None:
    def count_up(tx: Transaction) -> None:
        row = tx.row("SELECT last_change FROM accounts")
        assert row is not None
        tx.execute("UPDATE accounts SET last_change = ?", (row[0] + 1,))

    store.write_now(add_account)
    other = Store.open(path)
    with ThreadPoolExecutor(2) as programs:
        list(programs.map(lambda n: (store, other)[n % 2].write_now(count_up), range(200)))
    other.close()
    assert store.row("SELECT last_change FROM accounts") == (200,)


def test_reading_sees_only_what_was_committed(store: Store) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def work(tx: Transaction) -> None:
        add_account(tx)
        assert tx.row("SELECT count(*) FROM accounts") == (1,)
        inside.set()
        assert go_on.wait(30)

    with ThreadPoolExecutor(1) as caller:
        writing = caller.submit(store.write_now, work)
        assert inside.wait(30)
        assert store.row("SELECT count(*) FROM accounts") == (0,)
        go_on.set()
        writing.result()
    assert store.row("SELECT count(*) FROM accounts") == (1,)


def test_a_transaction_is_useless_after_its_work(store: Store) -> None:
    kept = store.write_now(lambda tx: tx)
    with pytest.raises(StoreError, match="over"):
        kept.execute("DELETE FROM accounts")
    with pytest.raises(StoreError, match="over"):  # nor may it slip into the next one's
        store.write_now(lambda tx: kept.execute("DELETE FROM accounts"))


def test_a_work_that_swallows_a_full_disk_cannot_leave_half_of_itself(store: Store) -> None:
    owner = store.write_now(add_account)

    def fill(tx: Transaction) -> None:
        for _ in range(1000):
            add_writing(tx, owner, record(padded=12288))

    def work(tx: Transaction) -> None:
        add_writing(tx, owner)
        pages = tx.rows("PRAGMA page_count")[0][0]
        tx.rows(f"PRAGMA max_page_count={pages}")
        with pytest.raises(StoreFull):
            fill(tx)
        add_writing(tx, owner)

    with pytest.raises(StoreError):
        store.write_now(work)
    assert store.row("SELECT count(*) FROM writings") == (0,)
    assert store.row("SELECT last_change FROM accounts") == (0,)


async def test_a_full_disk_is_named_and_the_store_goes_on_when_there_is_room(store: Store) -> None:
    owner = await store.write(add_account)

    def cap(tx: Transaction, pages: int) -> None:
        tx.rows(f"PRAGMA max_page_count={pages}")

    async def fill() -> None:
        for _ in range(1000):
            await store.write(lambda tx: add_writing(tx, owner, record(padded=12288)))

    pages = store.rows("PRAGMA page_count")[0][0]
    await store.write(lambda tx: cap(tx, pages))
    with pytest.raises(StoreFull, match="disk is full"):
        await fill()
    written = store.row("SELECT count(*) FROM writings")
    assert store.row("SELECT last_change FROM accounts") == written
    await store.write(lambda tx: cap(tx, 1_000_000))
    await store.write(lambda tx: add_writing(tx, owner))


def test_a_file_locked_by_another_program_is_busy(path: Path, impatient: None) -> None:
    store = Store.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="in use"):
            store.write_now(add_account)
        other.execute("ROLLBACK")
    store.write_now(add_account)
    store.close()


def test_a_name_that_exists_is_a_conflict(store: Store) -> None:
    store.write_now(add_account)
    with pytest.raises(Conflict):
        store.write_now(add_account)


def test_text_is_refused_in_a_sealed_column(store: Store) -> None:
    owner = store.write_now(add_account)
    with pytest.raises(Conflict):
        store.write_now(
            lambda tx: tx.execute(
                "UPDATE accounts SET sealed = ? WHERE id = ?", ("the heron came back", owner)
            )
        )


def test_a_file_that_is_no_database_is_damaged(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"the heron came back" * 4096)
    with pytest.raises(Damaged):
        Store.open(path)


@pytest.mark.parametrize(("page_size", "reason"), [(4096, "pages"), (16384, "Llamora journal")])
def test_another_programs_database_is_refused_and_left_as_it_was(
    path: Path, page_size: int, reason: str
) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as other:
        other.execute(f"PRAGMA page_size={page_size}")
        other.execute("CREATE TABLE birds (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(NotAJournal, match=reason):
        Store.open(path)
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, where a folder should be")
    with pytest.raises(Unreachable):
        Store.open(tmp_path / "data" / "llamora.sqlite3")


def test_asking_for_a_work_within_a_work_is_refused_rather_than_waited_for(store: Store) -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        store.write_now(lambda tx: store.write_now(add_account))


async def test_a_closed_store_says_so(path: Path) -> None:
    store = Store.open(path)
    store.row("SELECT 1")
    store.close()
    store.close()
    with pytest.raises(StoreClosed):
        await store.write(add_account)
    with pytest.raises(StoreClosed):
        store.row("SELECT 1")
    with ThreadPoolExecutor(1) as other, pytest.raises(StoreClosed):
        other.submit(store.row, "SELECT 1").result()


def test_closing_waits_for_what_was_asked_and_leaves_one_file(path: Path) -> None:
    store = Store.open(path)
    with ThreadPoolExecutor(4) as callers:
        asked = [callers.submit(store.write_now, lambda tx, n=n: add_account(tx, str(n)))
                 for n in range(50)]  # fmt: skip
        list(callers.map(lambda _: store.row("SELECT count(*) FROM accounts"), range(20)))
        for one in asked:
            one.result()
        store.close()
    assert [file.name for file in path.parent.iterdir()] == ["llamora.sqlite3"]
    assert look(path, "SELECT count(*) FROM accounts") == [(50,)]


async def test_what_was_erased_is_gone_from_the_disk_after_tidying(
    store: Store, path: Path
) -> None:
    def on_disk() -> set[str]:
        return {file.name for file in path.parent.iterdir() if b"heron" in file.read_bytes()}

    owner = await store.write(add_account)
    id = await store.write(lambda tx: add_writing(tx, owner, record(b"the heron came back")))
    assert on_disk() == {"llamora.sqlite3-wal"}  # the control: it is there, and is found
    assert await store.tidy()
    assert on_disk() == {"llamora.sqlite3"}
    await store.write(lambda tx: tx.execute("DELETE FROM writings WHERE id = ?", (id,)))
    assert on_disk() == {"llamora.sqlite3"}
    assert await store.tidy()
    assert on_disk() == set()
    assert path.with_name(path.name + "-wal").stat().st_size == 0


def test_closing_tidies_even_when_another_program_keeps_the_file_open(path: Path) -> None:
    store, other = Store.open(path), Store.open(path)
    owner = store.write_now(add_account)
    id = store.write_now(lambda tx: add_writing(tx, owner, record(b"the heron came back")))
    store.write_now(lambda tx: tx.execute("DELETE FROM writings WHERE id = ?", (id,)))
    log = path.with_name(path.name + "-wal")
    assert b"heron" in log.read_bytes()
    store.close()
    assert log.read_bytes() == b""
    other.close()


async def test_tidying_waits_for_no_one_and_tries_again(path: Path, impatient: None) -> None:
    store = Store.open(path)
    await store.write(add_account)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM accounts").fetchall()
        await store.write(lambda tx: add_account(tx, "grace"))
        assert not await store.tidy()
        other.execute("ROLLBACK")
    assert await store.tidy()
    assert path.with_name(path.name + "-wal").stat().st_size == 0
    store.close()


def test_programs_that_open_a_new_file_at_once_all_get_it(path: Path) -> None:
    code = (
        "import sys, pathlib; from llamora.storage import Store; "
        "s = Store.open(pathlib.Path(sys.argv[1])); "
        "print(s.row('SELECT count(*) FROM migrations')[0]); s.close()"
    )
    programs = [
        subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    assert [program.communicate()[0] for program in programs] == [b"%d\n" % len(shipped())] * 6
