"""A journal that was changed behind its back (bar 18): `verify` with the password finds it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.accounts import NAME, PASSWORD, POLICY, Registered, house
from tests.support.server import Server
from tests.support.visitor import Visitor

from llamora.journal.journal import Journal
from llamora.journal.verify import verify as verify_journal
from llamora.search.verify import verify as verify_index
from llamora.storage.backup import backup, check, restore
from llamora.traces.verify import verify as verify_traces

KEYED = {"accounts": "id", "writings": "id", "days": "id", "drafts": "id", "changes": "seq",
         "traces": "id", "passages": "id", "segments": "id"}  # fmt: skip
"""The tables whose records the account's key opens and `verify` looks into."""


@pytest.fixture
async def written(account: Registered, server: Server, ada: Visitor) -> Path:
    """The file of a journal with some of everything in it."""
    for n in range(4):
        entry = await ada.write(f"The heron came back to the shallow water, for the {n}. time.")
        await ada.keep(entry, f"heron-{n}")
        await ada.answered(entry)
    await ada.write("Rain until four.", "2026-11-20")
    await ada.draft("half a thought")
    (opened,) = server.rooms.journals._open.values()
    search = await opened.search()
    await search.whole()
    follower = search._follower
    await search._in_thread(lambda: follower.tend(lambda: False, thoroughly=True))
    return account.path


async def problems(path: Path) -> list[str]:
    """What `verify --user ada --read-data` says; nothing when all is well."""

    def ignore(done: int, total: int) -> None: ...

    with house(path, POLICY) as home:
        vault = await home.accounts.sign_in(NAME, PASSWORD)
        try:
            with home.store.snapshot() as seen:
                found = [
                    *verify_journal(seen, vault, progress=ignore).problems,
                    *verify_traces(seen, vault).problems,
                ]
            journal = Journal.open(home.store, vault, home.clock)
            found += verify_index(home.store, journal, progress=ignore).problems
        finally:
            vault.wipe()
    return [str(problem) for problem in found]


def records(path: Path) -> Iterator[tuple[str, tuple[bytes, object], bytes]]:
    with closing(sqlite3.connect(path)) as file:
        for table, key in KEYED.items():
            owner = "id" if table == "accounts" else "owner"
            rows = file.execute(f"SELECT {owner}, {key}, sealed FROM {table}").fetchall()
            assert rows, f"nothing in {table}"
            yield from ((table, (who, id), sealed) for who, id, sealed in rows)


@pytest.mark.parametrize("every", [1500, pytest.param(97, marks=pytest.mark.slow)])
async def test_a_flipped_byte_of_any_record_is_found(
    written: Path, tmp_path: Path, every: int
) -> None:
    """One byte of the head, one of the tag, and one of each stretch between, of each record."""
    copy = backup(written, tmp_path / "backups")
    path = tmp_path / "restored" / "llamora.sqlite3"
    restore(copy, path)
    assert await problems(path) == [], "a restored backup is sound"
    tried = 0
    for table, (owner, id), sealed in list(records(copy)):
        for at in {2, *range(30, len(sealed), every), len(sealed) - 1}:
            flipped = bytearray(sealed)
            flipped[at] ^= 1
            shutil.copy(copy, path)
            with closing(sqlite3.connect(path)) as file, file:
                own, key = ("id" if table == "accounts" else "owner"), KEYED[table]
                where = f"UPDATE {table} SET sealed = ? WHERE {own} = ? AND {key} = ?"
                assert file.execute(where, (bytes(flipped), owner, id)).rowcount == 1
            assert check(path).sound, "the file itself shows nothing"
            assert await _is_noticed(path), (table, at)
            tried += 1
    assert tried > 100


async def _is_noticed(path: Path) -> bool:
    try:
        return bool(await problems(path))
    except Exception as e:  # noqa: BLE001 - an account's own row does not let anybody in
        return type(e).__name__ in ("Unreadable", "WrongCredentials")
