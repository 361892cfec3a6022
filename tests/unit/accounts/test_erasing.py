"""Erasing an account: its keys first, its rows, and what the file holds of them."""

import asyncio
import random
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    UNTHROTTLED,
    House,
    Registered,
    house,
)
from tests.support.disk import FRAME, full_after
from tests.support.faults import Fault, every_nth
from tests.support.turning import Rooms
from tests.support.turning import fill as fill_rooms

from llamora.accounts import (
    Backup,
    Entered,
    NoSuchAccount,
    OtherName,
    Progress,
    Settings,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)
from llamora.kernel import new_id
from llamora.storage import StoreFull, Transaction, ledger
from llamora.storage.backup import backup, check
from llamora.storage.migrate import shipped
from llamora.vault import Place, Purpose, Vault

ROOT = Path(__file__).parents[3]
WRITING = Place("writings", "sealed", Purpose.CONTENT, ("day", "revision"))
TABLES = (
    "wraps", "chain", "sessions", "writings", "days", "drafts", "changes", "cursors", "passages",
    "segments", "queries", "traces", "events", "seats",
)  # fmt: skip


def bytes_on_disk(path: Path) -> bytes:
    """The file, its log and whatever else lies beside it."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


async def fill(home: House, vault: Vault, rows: int = 140) -> list[bytes]:
    """Writings of many sizes, revised and deleted here and there as a diary is; every record that
    was ever sealed for one."""
    random.seed(5)
    kept: list[tuple[bytes, bytes]] = []
    sealed: list[bytes] = []

    def put(tx: Transaction, id: bytes, day: bytes, revision: int) -> None:
        text = random.randbytes(random.choice((40, 900, 5_000, 40_000)))
        record = vault.seal(WRITING, id, {"v": 1}, text, day=day, revision=revision)
        sealed.append(record)
        tx.execute("DELETE FROM writings WHERE id = ?", (id,))
        tx.execute(
            "INSERT INTO writings (id, owner, day, revision, sealed) VALUES (?, ?, ?, ?, ?)",
            (id, vault.owner, day, revision, record),
        )

    for number in range(rows):
        kept.append((new_id(), new_id()))
        await home.store.write(lambda tx: put(tx, *kept[-1], 1))
        if number % 3 == 0:
            await home.store.write(lambda tx: put(tx, *random.choice(kept), 2))
        if number % 7 == 0:
            gone = kept.pop(random.randrange(len(kept)))[0]
            await home.store.write(partial(_delete, id=gone))
    return sealed


def _delete(tx: Transaction, id: bytes) -> None:
    tx.execute("DELETE FROM writings WHERE id = ?", (id,))


def found_in(records: list[bytes], disk: bytes) -> int:
    """How many stretches of eight bytes of these records lie anywhere on the disk: a record may be
    spread over many pages, or be left in part."""
    whole = [record[30:][: (len(record) - 30) // 8 * 8] for record in records]
    wanted = np.unique(np.frombuffer(b"".join(whole), "<u8"))
    found = 0
    for shift in range(8):
        lies = np.frombuffer(disk[shift : shift + (len(disk) - shift) // 8 * 8], "<u8")
        found += int(np.isin(lies, wanted).sum())
    return found


def rows_of(home: House, owner: bytes) -> dict[str, list[tuple[object, ...]]]:
    return {t: home.store.rows(f"SELECT * FROM {t} WHERE owner = ?", (owner,)) for t in TABLES}


async def test_an_erased_account_leaves_nothing_on_the_disk(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    cookie = await home.sessions.begin(Entered(vault, 1), "Firefox on Linux")
    await home.store.write(lambda tx: ledger.change(tx, vault, notes=[{"kind": "written"}]))
    zoes = await fill(home, zoe.vault, 40)
    written = await fill(home, vault)
    tables = ("accounts", "wraps", "sessions", "changes")
    sealed = [s for t in tables for (s,) in home.store.rows(f"SELECT sealed FROM {t}")]
    hers = [record for record in sealed if record not in _sealed_of(home, zoe.vault)]
    there = bytes_on_disk(ada.path)
    assert len(hers) == 5
    assert all(record in there for record in hers), "the search finds what is there"
    assert found_in(written, there) > 50_000
    others = rows_of(home, zoe.vault.owner)

    await home.accounts.erase(vault, "ADA", ada.password)
    assert home.accounts.names() == ["zoe"]
    left = bytes_on_disk(ada.path)
    assert found_in(hers + written, left) == 0
    assert vault.owner not in left
    assert not any(
        vault.owner in row for rows in rows_of(home, vault.owner).values() for row in rows
    )
    assert home.sessions.resume(cookie) is None
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password)
    with pytest.raises(ledger.Gone):
        home.accounts.settings(vault)
    assert rows_of(home, zoe.vault.owner) == others, "nobody else has lost anything"
    assert found_in(zoes, left) > 1_000
    assert check(ada.path).sound


def _sealed_of(home: House, vault: Vault) -> list[bytes]:
    accounts = home.store.rows("SELECT sealed FROM accounts WHERE id = ?", (vault.owner,))
    wraps = home.store.rows("SELECT sealed FROM wraps WHERE owner = ?", (vault.owner,))
    return [sealed for (sealed,) in (*accounts, *wraps)]


def test_every_table_with_an_owner_is_looked_into():
    made = " ".join(migration.sql for migration in shipped())
    owned = [part.split("(")[0].strip() for part in made.split("CREATE TABLE ")[1:]
             if "owner BLOB" in part.split("CREATE TABLE")[0]]  # fmt: skip
    assert set(owned) == set(TABLES)


async def test_erasing_asks_for_the_password_and_the_name(
    home: House, ada: Registered, derivations
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    with pytest.raises(WrongPassword):
        await home.accounts.erase(vault, ada.name, OTHER_PASSWORD)
    before = derivations.count
    for name in ("", "zoe", "ada ada", "\0", "a" * 5_000):
        with pytest.raises(OtherName):
            await home.accounts.erase(vault, name, ada.password)
    assert derivations.count == before, "a slip in the name is no guess at the password"
    assert home.accounts.names() == ["ada"]
    await home.accounts.sign_in(ada.name, ada.password)


async def test_the_keys_are_off_the_disk_before_a_row_is_touched(ada: Registered, tmp_path: Path):
    """Cut off right before the rows would go: what is left cannot be opened, and goes later."""
    fault = _BeforeTheRows()
    with house(ada.path, UNTHROTTLED, before_execute=fault) as home:
        vault = await home.accounts.sign_in(ada.name, ada.password)
        cookie = await home.sessions.begin(Entered(vault, 1), "")
        await fill(home, vault, 20)
        keys = [s for (s,) in home.store.rows("SELECT sealed FROM wraps")]
        keys += [s for (s,) in home.store.rows("SELECT sealed FROM sessions")]
        assert len(keys) == 3
        assert found_in(keys, bytes_on_disk(ada.path)) > 0
        with fault.armed():
            await home.accounts.erase(vault, ada.name, ada.password)
        left = bytes_on_disk(ada.path)
        assert found_in(keys, left) == 0
        assert home.store.rows("SELECT count(*) FROM writings") != [(0,)]
        await _is_gone(home, ada, vault, cookie)
        assert home.accounts.is_being_erased(ada.name)

        await home.accounts.sweep()
        assert not home.accounts.is_being_erased(ada.name)
        assert home.store.rows("SELECT * FROM accounts") == []
        await home.accounts.register(ada.name, ada.password, Settings())


class _BeforeTheRows(Fault):
    def __init__(self) -> None:
        super().__init__(0, StoreFull)

    def __call__(self, statement: str) -> None:
        if self._armed and statement.startswith("DELETE FROM accounts"):
            raise self.error


async def _is_gone(home: House, ada: Registered, vault: Vault, cookie: str) -> None:
    """To everyone who asks, the account is one that never was."""
    assert home.accounts.names() == []
    assert home.sessions.resume(cookie) is None
    with pytest.raises(WrongCredentials) as refused:
        await home.accounts.sign_in(ada.name, ada.password)
    with pytest.raises(WrongCredentials) as unknown:
        await home.accounts.sign_in("nobody", ada.password)
    assert str(refused.value) == str(unknown.value)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    for asked in (home.accounts.settings, home.accounts.name):
        with pytest.raises(ledger.Gone):
            asked(vault)
    with pytest.raises(ledger.Gone):
        await home.accounts.save_settings(vault, Settings())
    with pytest.raises(ledger.Gone):
        await home.store.write(ledger.guarded(vault, lambda tx: None))
    with pytest.raises(ledger.Gone):
        await home.sessions.begin(Entered(vault, 1), "")


async def test_a_full_disk_after_the_keys_are_gone_is_no_failure(ada: Registered, tmp_path: Path):
    """Nobody is told that the account is still there when nobody can open it."""
    for fault in every_nth(StoreFull):
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        told = False
        with house(path, UNTHROTTLED, before_execute=fault) as home:
            vault = await home.accounts.sign_in(ada.name, ada.password)
            with fault.armed():
                await home.accounts.erase(vault, ada.name, ada.password)
                told = True
            assert home.accounts.names() == ([] if told else ["ada"]), fault.struck
            await home.accounts.sweep()
            assert home.store.rows("SELECT count(*) FROM accounts") == [(int(not told),)]
        shutil.rmtree(path.parent)


async def test_whatever_kills_an_erasure_a_repeat_ends_it(ada: Registered, tmp_path: Path):
    """Killed before each of its statements in turn."""
    seen: list[str] = []
    for nth in range(1, 100):
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir()
        shutil.copy(ada.path, path)
        done = await asyncio.to_thread(_erased_in_a_child, path, nth)
        with house(path, UNTHROTTLED) as home:
            seen.append(await _state(home, ada))
            if not _is_empty(home):
                await home.accounts.remove(ada.name)
            assert _is_empty(home)
        assert check(path).sound
        shutil.rmtree(path.parent)
        if done:
            break
    assert seen == sorted(seen, key=["whole", "keyless", "gone"].index), "and never back again"
    assert set(seen) == {"whole", "keyless", "gone"}


def _erased_in_a_child(path: Path, nth: int) -> bool:
    """Whether the child came to its end; else it was killed before its Nth statement."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.unit.accounts.erasing_child", path, str(nth)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert child.returncode == (0 if child.stdout else -signal.SIGKILL)
    return child.stdout == b"done\n"


async def _state(home: House, ada: Registered) -> str:
    if home.accounts.names():
        await home.accounts.sign_in(ada.name, ada.password)
        return "whole"
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password)
    return "gone" if _is_empty(home) else "keyless"


def _is_empty(home: House) -> bool:
    return home.store.rows("SELECT * FROM accounts") == []


async def test_who_holds_the_file_removes_an_account_without_its_password(
    home: House, ada: Registered
):
    await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    for name in ("nobody", "", "\0"):
        with pytest.raises(NoSuchAccount):
            await home.accounts.remove(name)
    await home.accounts.remove("ADA")
    assert home.accounts.names() == ["zoe"]
    await home.accounts.sign_in("zoe", OTHER_PASSWORD)


def test_copies_beside_the_file_are_known_by_their_names(home: House, ada: Registered):
    assert home.accounts.backups() == []
    made = backup(home.store, ada.path.parent)
    upgrade = "llamora-before-upgrade-to-schema-4-20260102T030405Z.sqlite3"
    for name in (
        upgrade,
        "llamora-20251301T000000Z.sqlite3",
        "llamora-notes.sqlite3",
        "other-20260102T030405Z.sqlite3",
        ".llamora-20260102T030405Z.sqlite3-x~",
    ):
        (ada.path.parent / name).touch()
    newest, older = home.accounts.backups()
    assert newest.name == made.name
    assert older == Backup(upgrade, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


async def test_an_account_goes_with_both_its_keys_while_one_replaces_the_other(
    home: House, ada: Registered
):
    """The link from the new key to the old one goes first, like the wraps; and whoever was
    sealing anew stops."""
    rooms = Rooms.of(home, await home.accounts.sign_in(ada.name, ada.password))
    await fill_rooms(rooms)
    old = [s for (s,) in home.store.rows("SELECT sealed FROM writings")]
    await home.accounts.rotate(rooms.vault, ada.password)
    assert home.store.rows("SELECT count(*) FROM chain") == [(1,)]
    sealing = asyncio.create_task(rooms.rotation.finish())
    await home.accounts.erase(rooms.vault, ada.name, ada.password)
    [outcome] = await asyncio.gather(sealing, return_exceptions=True)
    assert isinstance(outcome, ledger.Gone | Progress), "it was through already, or has stopped"
    assert not any(rows_of(home, rooms.vault.owner).values())
    left = bytes_on_disk(ada.path)
    assert rooms.vault.owner not in left
    assert found_in(old, left) == 0


@pytest.mark.parametrize("act", ["erase", "remove"])
async def test_what_cannot_leave_the_disk_yet_is_being_erased_and_its_rows_stay(
    ada: Registered, act: str
):
    """So that what is said of it is true, and the next sweep ends it."""
    with house(ada.path, UNTHROTTLED) as home:
        vault = await home.accounts.sign_in(ada.name, ada.password)
        await home.store.truncate()
        with full_after(16 * FRAME):  # room for the keys' transaction, and not for emptying the log
            if act == "erase":
                await home.accounts.erase(vault, ada.name, ada.password)
            else:
                await home.accounts.remove(ada.name)
        assert home.accounts.is_being_erased(ada.name)
        assert home.accounts.names() == []
        with pytest.raises(WrongCredentials):
            await home.accounts.sign_in(ada.name, ada.password)
        await home.accounts.sweep()
        assert not home.accounts.is_being_erased(ada.name)
        assert home.store.rows("SELECT 1 FROM accounts") == []
