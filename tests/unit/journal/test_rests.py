"""What the diarist let rest stays at rest, whatever happens to the process or the entry."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.support.clock import TurnableClock
from tests.support.faults import Hook, every_nth
from tests.support.journals import answer, assert_sound, new_account, write
from tests.support.killed import working
from tests.unit.journal.test_faults import on_disk

from llamora.journal.errors import NotFound, NotYet
from llamora.journal.journal import Journal
from llamora.journal.rests import RestsDamaged
from llamora.storage import Store, StoreFull
from llamora.storage.backup import check
from llamora.vault import Unreadable, Vault

TODAY = date(2026, 11, 22)
EARLIER = date(2024, 2, 29)

Resting = tuple[frozenset[bytes], frozenset[date]]


@pytest.fixture
def other(ada: Journal, store: Store, clock: TurnableClock) -> Iterator[Journal]:
    """Ada's journal in another process."""
    second = Store.open(store.path)
    yield Journal.open(second, ada.vault, clock)
    second.close()


def resting(journal: Journal) -> Resting:
    return journal.rests.entries, journal.rests.days


def again(journal: Journal, clock: TurnableClock) -> Journal:
    """The journal, unlocked anew."""
    return Journal.open(journal.store, journal.vault, clock)


async def test_an_entry_and_a_day_rest_until_they_are_brought_back(
    ada: Journal, clock: TurnableClock
) -> None:
    entry = await write(ada, "the heron", EARLIER)
    assert resting(ada) == (frozenset(), frozenset())
    await ada.rests.rest_entry(entry.id, True)
    await ada.rests.rest_day(EARLIER, True)
    assert resting(ada) == resting(again(ada, clock)) == ({entry.id}, {EARLIER})
    await ada.rests.rest_entry(entry.id, False)
    await ada.rests.rest_day(EARLIER, False)
    assert resting(ada) == resting(again(ada, clock)) == (frozenset(), frozenset())


async def test_the_same_again_changes_nothing(ada: Journal, store: Store) -> None:
    entry = await write(ada, "the heron")
    await ada.rests.rest_entry(entry.id, False)
    await ada.rests.rest_entry(entry.id, True)
    await ada.rests.rest_day(TODAY, True)
    rows = on_disk(store.path)
    await ada.rests.rest_entry(entry.id, True)
    await ada.rests.rest_day(TODAY, True)
    await ada.rests.rest_day(EARLIER, False)
    assert on_disk(store.path) == rows


async def test_only_an_entry_that_is_there_and_a_day_that_has_come_can_rest(ada: Journal) -> None:
    entry = await write(ada, "the heron")
    response = await answer(ada, entry, "which heron?")
    for id in (bytes(16), response.id):
        with pytest.raises(NotFound):
            await ada.rests.rest_entry(id, True)
    for day in (TODAY + timedelta(days=1), date(999, 12, 31)):
        with pytest.raises(NotYet):
            await ada.rests.rest_day(day, True)
    assert resting(ada) == (frozenset(), frozenset())


async def test_an_entry_rests_through_revising_moving_erasing_and_undoing(
    ada: Journal, clock: TurnableClock
) -> None:
    entry, other = await write(ada, "the heron"), await write(ada, "the ladder")
    await ada.rests.rest_entry(entry.id, True)
    await ada.revise(entry.id, 1, "the heron, again")
    await ada.move(entry.id, EARLIER, None)
    await ada.erase(entry.id)
    await ada.rests.rest_entry(other.id, True)  # a change while it is away
    await ada.restore(entry.id)
    assert resting(again(ada, clock))[0] == resting(ada)[0] == {entry.id, other.id}


async def test_an_entry_that_is_gone_is_let_go_with_the_next_change(
    ada: Journal, clock: TurnableClock
) -> None:
    entry = await write(ada, "the heron")
    await ada.rests.rest_entry(entry.id, True)
    await ada.erase(entry.id)
    clock.advance(minutes=2)
    await ada.sweep()
    await ada.rests.rest_day(EARLIER, True)
    assert resting(ada) == resting(again(ada, clock)) == (frozenset(), {EARLIER})


async def test_what_one_process_lets_rest_rests_in_the_other(ada: Journal, other: Journal) -> None:
    entry = await write(ada, "the heron")
    await ada.rests.rest_entry(entry.id, True)
    other.follow()
    assert resting(other) == ({entry.id}, frozenset())
    await other.rests.rest_day(TODAY, True)
    ada.follow()
    assert resting(ada) == resting(other) == ({entry.id}, {TODAY})


async def test_both_at_once_end_with_the_same(ada: Journal, other: Journal) -> None:
    days = [TODAY - timedelta(days=n) for n in range(12)]

    async def live(journal: Journal, seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(40):
            await journal.rests.rest_day(chance.choice(days), chance.random() < 0.6)
            if chance.random() < 0.3:
                await write(journal, f"{seed}", chance.choice(days))

    await asyncio.gather(live(ada, 1), live(ada, 2), live(other, 3))
    ada.follow()
    other.follow()
    assert resting(ada) == resting(other)
    assert resting(ada)[1]


async def test_one_that_fell_far_behind_reads_it_anew(ada: Journal, other: Journal) -> None:
    await ada.rests.rest_day(EARLIER, True)
    for n in range(510):
        await ada.rests.rest_day(TODAY - timedelta(days=n % 2), n % 4 < 2)
    other.follow()
    assert resting(other) == resting(ada)


async def test_while_its_row_does_not_open_nothing_is_known_and_nothing_overwritten(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    entry = await write(ada, "the heron")
    await ada.rests.rest_entry(entry.id, True)
    store.write_now(lambda tx: tx.execute("UPDATE drafts SET revision = revision + 1"))
    rows = on_disk(store.path)
    reopened = again(ada, clock)
    assert not reopened.rests.known
    with pytest.raises(RestsDamaged):
        await reopened.rests.rest_day(TODAY, True)
    assert on_disk(store.path) == rows
    store.write_now(lambda tx: tx.execute("UPDATE drafts SET revision = revision - 1"))
    assert resting(again(ada, clock)) == ({entry.id}, frozenset())


OPERATIONS: dict[str, Callable[[Journal, bytes], Awaitable[None]]] = {
    "rest an entry": lambda journal, id: journal.rests.rest_entry(id, True),
    "rest a day": lambda journal, _: journal.rests.rest_day(TODAY, True),
    "bring a day back": lambda journal, _: journal.rests.rest_day(EARLIER, False),
}


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_when_any_statement_fails_nothing_is_half_done(
    data_dir: Path, clock: TurnableClock, operation: str
) -> None:
    hook = Hook()
    store = Store.open(data_dir / "llamora.sqlite3", before_execute=hook)
    ada = Journal.open(store, new_account(store), clock)
    entry = await write(ada, "the heron")
    await ada.rests.rest_day(EARLIER, True)
    rows, before = on_disk(store.path), resting(ada)
    strikes = 0
    for hook.fault in every_nth(StoreFull):
        with hook.fault.armed():
            await OPERATIONS[operation](ada, entry.id)
        if hook.fault.struck:
            strikes += 1
            assert on_disk(store.path) == rows
            assert resting(ada) == before
    assert strikes > 3
    assert resting(ada) == resting(again(ada, clock)) != before
    assert_sound(store, ada.vault)
    store.close()


async def test_the_file_does_not_tell_that_anything_rests(ada: Journal, store: Store) -> None:
    """The row stands where a draft might, of the same size, and its note is like any other."""
    entry = await write(ada, "the heron")
    await ada.rests.rest_entry(entry.id, True)
    await ada.rests.rest_day(EARLIER, True)
    ((place, sealed),) = store.rows("SELECT place, sealed FROM drafts")
    assert place == ada.vault.place_hash("rests")
    raw = store.path.read_bytes() + store.path.with_name(store.path.name + "-wal").read_bytes()
    for word in (b"rests", b"rested", entry.id.hex().encode(), EARLIER.isoformat().encode()):
        assert word not in raw
    assert entry.id not in sealed
    assert ada.vault.place_hash("rests") in raw  # the control: the same look finds what is there


@pytest.mark.parametrize("kills", [6, pytest.param(200, marks=pytest.mark.slow)])
def test_killing_the_process_wakes_nothing_that_was_acknowledged(
    data_dir: Path, clock: TurnableClock, kills: int
) -> None:
    path = data_dir / "llamora.sqlite3"
    store = Store.open(path)
    vault = new_account(store)
    store.close()
    chance = random.Random(15)
    rests: dict[str, bool] = {}
    for _ in range(kills):
        lines = _some_of_its_life(path, vault, chance.randrange(1, 60))
        unsure: set[str] = set()
        for what, entry, day in lines:
            if what == "begun":
                unsure = {entry, day}
            else:
                unsure -= {entry or day}
                rests[entry or day] = what == "rests"
        store = Store.open(path)
        try:
            journal = Journal.open(store, vault, clock)
            assert_sound(store, vault)
        except Unreadable:  # pragma: no cover - it would be the failure that is looked for
            pytest.fail("a kill left a row that does not open")
        held = {id.hex() for id in journal.rests.entries}
        held |= {day.isoformat() for day in journal.rests.days}
        store.close()
        for name in unsure:
            rests[name] = name in held
        assert held == {name for name, so in rests.items() if so}
        assert check(path).sound
    assert len(rests) > kills


def _some_of_its_life(path: Path, vault: Vault, lines: int) -> list[tuple[str, str, str]]:
    """What a child did until it was killed after so many lines."""
    with working("tests.unit.journal.resting_child", path, vault) as child:
        said = [child.said.readline() for _ in range(lines)]
        said += child.killed()
    return [tuple(json.loads(line)) for line in said]
