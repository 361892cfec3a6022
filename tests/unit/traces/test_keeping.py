"""Keep, drop, rename, merge, erase: what the diarist sees, and what the file holds after it."""

import asyncio
from datetime import date
from random import Random

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, write

from llamora.journal.errors import NotFound
from llamora.journal.journal import Journal
from llamora.kernel import new_id
from llamora.storage import Store
from llamora.traces.names import BadName
from llamora.traces.traces import MOST_TRACES, NameTaken, TooManyTraces, Traces


def names(traces: Traces) -> list[str]:
    return [trace.name for trace in traces.all()]


def on(traces: Traces, entry: bytes) -> list[str]:
    return [trace.name for trace in traces.on(entry)]


async def test_a_kept_trace_stands_on_its_entry(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "The heron came back.")
    trace = await traces.keep(entry.id, " Heron ")
    await traces.keep(entry.id, "🌫")
    assert trace.name == "heron"
    assert on(traces, entry.id) == ["heron", "🌫️"]
    assert [t.name for t in traces.on_day(entry.day)[entry.id]] == ["heron", "🌫️"]
    assert traces.named("heron") == trace == traces.get(trace.id)
    assert traces.count(trace.id) == 1
    assert ada.entry(entry.id).revision == 1  # the entry itself did not change


async def test_keeping_twice_keeps_once(ada: Journal, store: Store, traces: Traces) -> None:
    entry = await write(ada, "Rain.")
    kept = await asyncio.gather(*(traces.keep(entry.id, "rain") for _ in range(10)))
    assert len({trace.id for trace in kept}) == 1
    assert on(traces, entry.id) == ["rain"]
    assert store.row("SELECT count(*) FROM traces") == (1,)


async def test_a_trace_on_what_is_not_there_is_refused(
    ada: Journal, store: Store, traces: Traces
) -> None:
    entry = await write(ada, "Gone soon.")
    await ada.erase(entry.id)
    for id in (entry.id, new_id()):
        with pytest.raises(NotFound):
            await traces.keep(id, "gone")
        with pytest.raises(NotFound):
            await traces.drop(id, new_id())
    assert store.row("SELECT count(*) FROM traces") == (0,)  # not even its name is left


async def test_a_bad_name_writes_nothing(ada: Journal, store: Store, traces: Traces) -> None:
    entry = await write(ada, "Rain.")
    before = ada.seen
    for bad in ("", "x" * 65, "\u202e", "🎉🎉"):
        with pytest.raises(BadName):
            await traces.keep(entry.id, bad)
    assert ada.seen == before


async def test_an_entry_carries_a_number_of_traces(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Much.")
    for n in range(MOST_TRACES):
        await traces.keep(entry.id, f"trace {n}")
    with pytest.raises(TooManyTraces):
        await traces.keep(entry.id, "one more")
    await traces.keep(entry.id, "trace 3")  # which it has
    assert len(on(traces, entry.id)) == MOST_TRACES
    assert traces.named("one-more") is None


async def test_a_dropped_trace_leaves_its_entry_and_can_be_kept_again(
    ada: Journal, traces: Traces
) -> None:
    entry = await write(ada, "Rain.")
    trace = await traces.keep(entry.id, "rain")
    await traces.drop(entry.id, trace.id)
    await traces.drop(entry.id, trace.id)
    assert on(traces, entry.id) == [] == traces.all()
    with pytest.raises(NotFound):
        traces.get(trace.id)
    assert (await traces.keep(entry.id, "rain")).id == trace.id
    assert names(traces) == ["rain"]


async def test_what_nobody_carries_goes_from_the_file_after_a_while(
    ada: Journal, store: Store, clock: TurnableClock, traces: Traces
) -> None:
    entry, other = await write(ada, "Rain."), await write(ada, "Sun.")
    trace = await traces.keep(entry.id, "rain")
    await traces.keep(other.id, "sun")
    await traces.drop(entry.id, trace.id)
    traces.all()
    await traces.sweep()
    assert store.row("SELECT count(*) FROM traces") == (2,)  # it can still be brought back
    clock.advance(61)
    await traces.sweep()
    assert store.row("SELECT count(*) FROM traces") == (1,)
    assert names(traces) == ["sun"]


async def test_the_traces_of_an_erased_entry_come_back_with_it(
    ada: Journal, clock: TurnableClock, traces: Traces
) -> None:
    entry = await write(ada, "Rain.")
    await traces.keep(entry.id, "rain")
    traces.all()
    await ada.erase(entry.id)
    assert names(traces) == []
    clock.advance(59)
    await traces.sweep()
    await ada.restore(entry.id)
    assert on(traces, entry.id) == ["rain"]


async def test_traces_move_with_their_entry_and_its_responses(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Rain.", date(2026, 1, 5))
    await answer(ada, entry, "It rained.")
    trace = await traces.keep(entry.id, "rain")
    await ada.move(entry.id, date(2026, 1, 3), None)
    assert list(traces.uses(trace.id)) == [date(2026, 1, 3)]
    assert on(traces, entry.id) == ["rain"]


async def test_a_renamed_trace_is_called_so_everywhere(ada: Journal, traces: Traces) -> None:
    entries = [await write(ada, text) for text in ("One.", "Two.")]
    kept = [await traces.keep(entry.id, "resevoir") for entry in entries]
    trace = kept[0]
    renamed = await traces.rename(trace.id, "Reservoir")
    assert (renamed.id, renamed.name) == (trace.id, "reservoir")
    assert [on(traces, entry.id) for entry in entries] == [["reservoir"], ["reservoir"]]
    assert traces.named("resevoir") is None
    assert traces.named("reservoir") == renamed
    assert await traces.rename(trace.id, "reservoir") == renamed


async def test_a_name_that_another_has_is_told(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "One.")
    one, other = await traces.keep(entry.id, "one"), await traces.keep(entry.id, "other")
    with pytest.raises(NameTaken) as refused:
        await traces.rename(one.id, "Other")
    assert refused.value.trace == other
    await traces.drop(entry.id, other.id)
    assert (await traces.rename(one.id, "other")).id == one.id  # nobody carries the other now
    assert names(traces) == ["other"]


async def test_a_name_taken_over_from_one_that_rests_rests(ada: Journal, traces: Traces) -> None:
    """An entry that is brought back would have woken with it."""
    entry, second = await write(ada, "Rain."), await write(ada, "Storm.")
    rain, storm = await traces.keep(entry.id, "rain"), await traces.keep(second.id, "storm")
    await traces.rest(storm.id, True)
    await traces.drop(second.id, storm.id)
    assert (await traces.rename(rain.id, "storm")).resting


async def test_merging_moves_every_entry_once(ada: Journal, store: Store, traces: Traces) -> None:
    both, first, second = [await write(ada, text) for text in ("Both.", "First.", "Second.")]
    walk = await traces.keep(both.id, "walk")
    walks = await traces.keep(both.id, "walks")
    await traces.keep(first.id, "walk")
    await traces.keep(second.id, "walks")
    preview = traces.preview_merge(walks.id, walk.id)
    assert (preview.moving, preview.both) == (2, 1)
    assert await traces.merge(walks.id, walk.id) == walk
    assert [on(traces, e.id) for e in (both, first, second)] == [["walk"]] * 3
    assert names(traces) == ["walk"]
    assert store.row("SELECT count(*) FROM traces") == (1,)
    for id, into in ((walk.id, walk.id), (walks.id, walk.id), (walk.id, walks.id)):
        with pytest.raises(NotFound):
            await traces.merge(id, into)
    assert_sound(store, ada.vault)


@pytest.mark.parametrize("resting", ["jonas", "ruth"])
async def test_what_rests_rests_after_a_merge(ada: Journal, traces: Traces, resting: str) -> None:
    """Merged into one that does not rest, it was brought up again."""
    made = {
        name: await traces.keep((await write(ada, name)).id, name) for name in ("jonas", "ruth")
    }
    await traces.rest(made[resting].id, True)
    assert traces.preview_merge(made["jonas"].id, made["ruth"].id).rests
    assert (await traces.merge(made["jonas"].id, made["ruth"].id)).resting
    assert [(trace.name, trace.resting) for trace in traces.all()] == [("ruth", True)]


async def test_what_was_erased_comes_back_as_merged_since(ada: Journal, traces: Traces) -> None:
    kept, erased = await write(ada, "Kept."), await write(ada, "Erased.")
    walk = await traces.keep(kept.id, "walk")
    walks = await traces.keep(erased.id, "walks")
    rain = await traces.keep(erased.id, "rain")
    await ada.erase(erased.id)
    await traces.merge(walks.id, walk.id)
    await traces.erase(rain.id)
    await ada.restore(erased.id)
    assert on(traces, erased.id) == ["walk"]


async def test_an_erased_trace_is_gone_everywhere(
    ada: Journal, store: Store, traces: Traces
) -> None:
    entries = [await write(ada, text, date(2026, 1, n)) for n, text in enumerate("abc", 1)]
    kept = [await traces.keep(entry.id, "rain") for entry in entries]
    trace = kept[0]
    for entry in entries:
        await traces.keep(entry.id, "other")
    await traces.erase(trace.id)
    await traces.erase(trace.id)
    assert [on(traces, entry.id) for entry in entries] == [["other"]] * 3
    assert names(traces) == ["other"]
    assert store.row("SELECT count(*) FROM traces") == (1,)
    assert_sound(store, ada.vault)


async def test_a_resting_trace_keeps_its_entries(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Him again.")
    trace = await traces.keep(entry.id, "jonas")
    assert (await traces.rest(trace.id, True)).resting
    assert traces.get(trace.id).resting
    assert on(traces, entry.id) == ["jonas"]
    assert not (await traces.rest(trace.id, False)).resting
    with pytest.raises(NotFound):
        await traces.rest(new_id(), True)


async def test_a_near_spelling_is_found(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Out.")
    walk = await traces.keep(entry.id, "walk")
    assert traces.spelled_otherwise("walking") == walk
    assert traces.spelled_otherwise("walk") is None
    assert traces.spelled_otherwise("wall") is None
    await traces.rename(walk.id, "stroll")
    assert traces.spelled_otherwise("walking") is None


async def test_another_process_is_followed(
    ada: Journal, store: Store, clock: TurnableClock, traces: Traces
) -> None:
    entry = await write(ada, "Rain.")
    other = Journal.open(store, ada.vault, clock)
    theirs = Traces(store, other)
    assert theirs.all() == []
    trace = await traces.keep(entry.id, "rain")
    other.follow()
    assert on(theirs, entry.id) == ["rain"]
    await traces.rename(trace.id, "storm")
    other.follow()
    assert names(theirs) == ["storm"]
    await traces.erase(trace.id)
    other.follow()
    assert names(theirs) == [] == on(theirs, entry.id)


async def test_a_name_that_another_process_took_up_meanwhile_is_told(
    ada: Journal, store: Store, clock: TurnableClock, traces: Traces
) -> None:
    """The two were merged, and nobody had been asked."""
    entry, second = await write(ada, "Rain."), await write(ada, "Storm.")
    rain, storm = await traces.keep(entry.id, "rain"), await traces.keep(second.id, "storm")
    await traces.drop(second.id, storm.id)
    theirs = Traces(store, Journal.open(store, ada.vault, clock))
    await theirs.keep(second.id, "storm")
    with pytest.raises(NameTaken):
        await traces.rename(rain.id, "storm")
    ada.follow()
    assert (on(traces, entry.id), on(traces, second.id)) == (["rain"], ["storm"])


async def test_keep_and_drop_racing_in_two_tabs_leave_a_sound_journal(
    ada: Journal, store: Store, clock: TurnableClock, traces: Traces
) -> None:
    entries = [await write(ada, f"Entry {n}.") for n in range(4)]
    other = Traces(store, Journal.open(store, ada.vault, clock))
    made = {name: await traces.keep(entries[0].id, name) for name in ("rain", "sun", "fog")}
    chance = Random(7)

    async def press() -> None:
        tab, entry = chance.choice((traces, other)), chance.choice(entries)
        name = chance.choice([*made])
        if chance.random() < 0.5:
            await tab.keep(entry.id, name)
        else:
            await tab.drop(entry.id, made[name].id)

    await asyncio.gather(*(press() for _ in range(300)))
    ada.follow()
    fresh = Traces(store, Journal.open(store, ada.vault, clock))
    assert [traces.on(e.id) for e in entries] == [fresh.on(e.id) for e in entries]
    assert {t.name: traces.count(t.id) for t in traces.all()} == {
        t.name: fresh.count(t.id) for t in fresh.all()
    }
    assert store.row("SELECT count(*) FROM traces") == (3,)
    assert_sound(store, ada.vault)


async def test_spellings_follow_what_is_renamed_and_made(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Out.")
    walk = await traces.keep(entry.id, "walk")
    assert traces.spelled_otherwise("walks") == walk
    stroll = await traces.rename(walk.id, "stroll")
    assert traces.spelled_otherwise("walks") is None
    assert traces.spelled_otherwise("strolling") == stroll
    rain = await traces.keep(entry.id, "rain")
    assert traces.spelled_otherwise("rains") == rain
    await traces.erase(rain.id)
    assert traces.spelled_otherwise("rains") is None
