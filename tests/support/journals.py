"""Accounts and journals for tests, made without the half second a password takes."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any

from llamora.journal.day_table import DAY, DayTable, Item
from llamora.journal.journal import Journal
from llamora.journal.writing import WRITING, Entry, Kind, Response, unseal
from llamora.kernel import new_id
from llamora.storage import Store, ledger
from llamora.vault import Vault

_keys = count()


def new_account(store: Store, name: str = "ada", **settings: Any) -> Vault:
    """An account with these settings and no wraps: only this vault opens it."""
    vault = Vault.new(new_id())
    header: dict[str, Any] = {"v": 1, "settings": {"zone": "UTC", **settings}, "wraps": {}}
    header |= {"days": 0, "root": "0" * 64}
    row = ledger.AccountRow(vault.owner, name, vault.epoch, 1, 0, header)
    store.write_now(
        lambda tx: tx.execute(
            "INSERT INTO accounts (id, name, epoch, generation, last_change, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (row.id, name, row.epoch, row.generation, row.last_change, row.sealed(vault)),
        )
    )
    return vault


async def change_settings(store: Store, vault: Vault, **settings: Any) -> None:
    """What the settings page does."""
    await store.write(
        lambda tx: ledger.change(tx, vault, lambda header: header["settings"].update(settings))
    )


async def write(journal: Journal, text: str, day: date | None = None) -> Entry:
    """An entry sent by a form of its own, today when no day is said."""
    return await journal.write(day or journal.today(), text, key=f"form-{next(_keys)}")


async def answer(journal: Journal, entry: Entry, text: str, **more: Any) -> Response:
    """A response, begun and ended."""
    response = Response(new_id(), entry.day, 1, entry.id, "", journal.now(), state="writing")
    await journal.begin_response(response)
    done = Response(
        response.id, entry.day, 1, entry.id, text, response.at, **{"state": "done", **more}
    )
    await journal.end_response(done)
    return journal.response(response.id)


def texts(journal: Journal, day: date | None = None) -> list[tuple[str, ...]]:
    """Each entry of the day and what was answered to it, in reading order."""
    return [
        (thread.entry.text, *(response.text for response in thread.responses))
        for thread in journal.read(day or journal.today())
    ]


@dataclass(frozen=True)
class Held:
    """A writing as its row holds it."""

    day: date
    kind: Kind
    revision: int
    text: str
    at: datetime | None


def assert_sound(store: Store, vault: Vault) -> dict[bytes, Held]:
    """Compares every row of a journal with every other, and returns the writings.

    By hand, with nothing of `Journal` or `verify`: each day's row lists exactly the writings that
    stand under its hash, at their revisions; answers follow the entry they belong to; digests are
    right; and the account's days and root are those of the rows.
    """
    held: dict[bytes, Held] = {}
    by_hash: dict[bytes, set[bytes]] = {}
    answers: dict[bytes, bytes] = {}
    for id, hashed, revision, sealed in store.rows(
        "SELECT id, day, revision, sealed FROM writings WHERE owner = ?", (vault.owner,)
    ):
        writing = unseal(vault, id, hashed, revision, sealed)
        opened = vault.open(WRITING, id, sealed, day=hashed, revision=revision)
        digest = bytes.fromhex(opened.header["digest"])
        assert vault.digest_matches(digest, opened.epoch, id, writing.kind.word, opened.raw)
        assert hashed == vault.day_hash(writing.day)
        held[id] = Held(writing.day, writing.kind, revision, writing.text, writing.at)
        by_hash.setdefault(hashed, set()).add(id)
        if isinstance(writing, Response):
            answers[id] = writing.entry

    root, days = 0, 0
    for id, hashed, revision, sealed in store.rows(
        "SELECT id, day, revision, sealed FROM days WHERE owner = ?", (vault.owner,)
    ):
        opened = vault.open(DAY, id, sealed, day=hashed, revision=revision)
        table = DayTable.read(id, revision, opened.raw)
        assert hashed == vault.day_hash(table.day)
        ids = [item.id for item in table.items]
        assert len(ids) == len(set(ids)) > 0
        assert set(ids) == by_hash.pop(hashed, set())
        assert table.entries == sum(item.kind is Kind.ENTRY for item in table.items)
        _assert_items(table.items, held, answers)
        days += 1
        root += vault.root_term(id, revision)
    assert not by_hash, "writings on a day without a row"

    account = ledger.read(store, vault)
    assert account.header["days"] == days
    assert account.header["root"] == f"{root % (1 << 256):064x}"
    return held


def _assert_items(
    items: tuple[Item, ...], held: dict[bytes, Held], answers: dict[bytes, bytes]
) -> None:
    entry = b""
    for item in items:
        assert (item.kind, item.revision) == (held[item.id].kind, held[item.id].revision)
        if item.kind is Kind.ENTRY:
            entry = item.id
        else:
            assert answers[item.id] == entry, "an answer beneath another entry"
