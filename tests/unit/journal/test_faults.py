"""Whichever statement fails, the journal is as it was or as it should be; never in between."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from tests.support.clock import TurnableClock
from tests.support.disk import FRAME, filling, full_after
from tests.support.faults import Fault, Hook, every_nth
from tests.support.journals import answer, assert_sound, new_account, texts, write

from llamora.journal import drafts
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Entry, Response, Source
from llamora.kernel import new_id
from llamora.storage import Store, StoreFull

TODAY = date(2026, 11, 22)
EARLIER = date(2026, 11, 20)
OPEN = Response(new_id(), TODAY, 1, b"", "", TurnableClock().now(), state="writing")


@dataclass(frozen=True)
class Before:
    """The journal an operation meets: two answered entries today and one erased."""

    journal: Journal
    first: Entry
    erased: Entry

    @property
    def growing(self) -> Response:
        return replace(OPEN, entry=self.first.id)


OPERATIONS: dict[str, Callable[[Before], Awaitable[object]]] = {
    "write": lambda it: it.journal.write(TODAY, "new", key="k"),
    "write on a new day": lambda it: it.journal.write(EARLIER, "new", key="k"),
    "revise": lambda it: it.journal.revise(it.first.id, 1, "revised"),
    "erase": lambda it: it.journal.erase(it.first.id),
    "restore": lambda it: it.journal.restore(it.erased.id),
    "move": lambda it: it.journal.move(it.first.id, EARLIER, None),
    "import": lambda it: it.journal.write_many(
        [NewEntry(date(1990, 1, n + 1), "old", None, "", Source("x", str(n))) for n in range(3)]
    ),
    "begin a response": lambda it: it.journal.begin_response(
        replace(it.growing, id=it.first.id[::-1])
    ),
    "grow a response": lambda it: it.journal.grow_response(replace(it.growing, text="So")),
    "end a response": lambda it: it.journal.end_response(
        replace(it.growing, text="So it is.", state="done")
    ),
    "erase a response": lambda it: it.journal.erase_response(OPEN.id),
    "ask to stop": lambda it: it.journal.ask_to_stop(OPEN.id),
    "keep a draft": lambda it: it.journal.keep_draft(drafts.of_day(TODAY), "half a line"),
    "sweep": lambda it: it.journal.sweep(everything=True),
}


async def before(ada: Journal) -> Before:
    it = Before(ada, await write(ada, "first"), await write(ada, "second"))
    await answer(ada, it.first, "to the first")
    await ada.begin_response(it.growing)
    await answer(ada, it.erased, "to the second")
    await ada.erase(it.erased.id)
    await ada.keep_draft(drafts.of_day(TODAY), "half")
    return it


def on_disk(path: Path) -> list[tuple[object, ...]]:
    """Every row of every table, as another program sees them."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        return [
            (table, *row)
            for (table,) in tables.fetchall()
            for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
        ]


def in_memory(journal: Journal) -> dict[date, object]:
    return {day: (journal.days.table(day), threads) for day, threads in journal.every_day()}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_when_any_statement_fails_nothing_is_half_done(
    data_dir: Path, clock: TurnableClock, operation: str
) -> None:
    hook = Hook()
    store = Store.open(data_dir / "llamora.sqlite3", before_execute=hook)
    ada = Journal.open(store, new_account(store), clock)
    it = await before(ada)
    old_rows, old = on_disk(store.path), in_memory(ada)

    strikes = 0
    for hook.fault in every_nth(StoreFull):
        with hook.fault.armed():
            await OPERATIONS[operation](it)
        if hook.fault.struck:
            strikes += 1
            assert on_disk(store.path) == old_rows
            assert in_memory(ada) == old
    assert strikes > 3
    assert on_disk(store.path) != old_rows
    assert_sound(store, ada.vault)
    assert in_memory(Journal.open(store, ada.vault, clock)) == in_memory(ada)
    # What was done is done once: asking again, as a form sent twice does, adds nothing.
    if operation in ("write", "write on a new day", "revise", "restore", "move", "import"):
        rows = on_disk(store.path)
        await OPERATIONS[operation](it)
        assert on_disk(store.path) == rows
    store.close()


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_when_the_disk_fills_at_any_write_nothing_is_half_done(
    data_dir: Path, clock: TurnableClock, operation: str
) -> None:
    store = Store.open(data_dir / "llamora.sqlite3")
    ada = Journal.open(store, new_account(store), clock)
    it = await before(ada)
    old_rows, old = on_disk(store.path), in_memory(ada)
    room = 0
    for room in filling():
        await store.truncate()
        with full_after(room) as disk:
            await OPERATIONS[operation](it)
        if not disk.was_full:
            break
        assert on_disk(store.path) == old_rows
        assert in_memory(ada) == old
    assert room > 3 * FRAME, "the disk was never full"
    assert on_disk(store.path) != old_rows
    assert_sound(store, ada.vault)
    assert in_memory(Journal.open(store, ada.vault, clock)) == in_memory(ada)
    store.close()


async def test_the_control_a_failure_between_two_transactions_is_seen(
    data_dir: Path, clock: TurnableClock
) -> None:
    """Two writes that should have been one: the same look at the file tells them apart."""
    hook = Hook()
    store = Store.open(data_dir / "llamora.sqlite3", before_execute=hook)
    ada = Journal.open(store, new_account(store), clock)
    old = on_disk(store.path)
    mixed = False
    for nth in range(1, 60):
        hook.fault = Fault(nth, StoreFull)
        with hook.fault.armed():
            await ada.write(TODAY, f"one {nth}", key="k")
            await ada.write(TODAY, f"other {nth}", key="k")
        halves = {text for (text,) in texts(ada)} & {f"one {nth}", f"other {nth}"}
        mixed = mixed or len(halves) == 1
        if not hook.fault.struck:
            break
    assert mixed
    assert on_disk(store.path) != old
    store.close()
