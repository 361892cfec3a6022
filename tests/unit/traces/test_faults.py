"""Whichever statement fails, traces are as they were or as they should be; never in between."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from tests.support.clock import TurnableClock
from tests.support.faults import Hook, every_nth
from tests.support.journals import assert_sound, new_account, write

from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Entry, Source
from llamora.storage import Store, StoreFull
from llamora.traces.traces import Trace, Traces
from llamora.traces.verify import verify


@dataclass(frozen=True)
class Before:
    """Two entries on two days: one carries both traces, the other one of them."""

    journal: Journal
    traces: Traces
    both: Entry
    one: Entry
    walk: Trace
    rain: Trace

    def look(self) -> dict[str, list[str]]:
        return {
            entry.text: [trace.name for trace in self.traces.on(entry.id)]
            for entry in (self.both, self.one)
        }


NEW = NewEntry(date(1990, 1, 1), "old", None, "", Source("x", "1"), traces=("rain", "storm"))
OPERATIONS: dict[str, Callable[[Before], Awaitable[object]]] = {
    "keep a new one": lambda it: it.traces.keep(it.one.id, "storm"),
    "keep one that is there": lambda it: it.traces.keep(it.one.id, "rain"),
    "drop": lambda it: it.traces.drop(it.both.id, it.walk.id),
    "rename": lambda it: it.traces.rename(it.walk.id, "stroll"),
    "merge": lambda it: it.traces.merge(it.walk.id, it.rain.id),
    "erase": lambda it: it.traces.erase(it.walk.id),
    "rest": lambda it: it.traces.rest(it.walk.id, True),
    "import": lambda it: it.journal.write_many([NEW], it.traces.adopt),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_when_any_statement_fails_nothing_is_half_done(
    data_dir: Path, clock: TurnableClock, operation: str
) -> None:
    hook = Hook()
    store = Store.open(data_dir / "llamora.sqlite3", before_execute=hook)
    ada = Journal.open(store, new_account(store), clock)
    traces = Traces(store, ada)
    both, one = await write(ada, "both"), await write(ada, "one", date(2026, 1, 3))
    walk, rain = await traces.keep(both.id, "walk"), await traces.keep(both.id, "rain")
    await traces.keep(one.id, "walk")
    it = Before(ada, traces, both, one, walk, rain)
    old, seen = it.look(), ada.seen

    strikes = 0
    for hook.fault in every_nth(StoreFull):
        with hook.fault.armed():
            await OPERATIONS[operation](it)
        if hook.fault.struck:
            strikes += 1
            assert ada.seen == seen
            assert it.look() == old
            assert verify(store, ada.vault).sound
            assert {t.name for t in Traces(store, ada).all()} == {"walk", "rain"}
    assert strikes > 3
    assert ada.seen > seen
    assert verify(store, ada.vault).sound
    assert_sound(store, ada.vault)
    fresh = Traces(store, Journal.open(store, ada.vault, clock))
    assert fresh.all() == traces.all()
    assert [fresh.on(e.id) for e in (both, one)] == [traces.on(e.id) for e in (both, one)]
    # What was done is done once.
    done = ada.seen
    if operation != "merge":
        await OPERATIONS[operation](it)
    assert ada.seen == done
    store.close()
