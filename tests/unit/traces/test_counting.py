"""What traces tell: how many, since when, how lately, and in what company."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.journals import answer, write

from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Kind, Source
from llamora.traces.index import TraceIndex
from llamora.traces.traces import Traces

DAYS = st.dates(date(2020, 1, 1), date(2020, 1, 6))
LABELS = st.lists(st.sampled_from([bytes([n]) * 16 for n in range(4)]), unique=True).map(tuple)
LINKS = st.lists(st.tuples(st.binary(min_size=16, max_size=16), LABELS), max_size=4)


async def fill(ada: Journal, traces: Traces, *labels: str, days_ago: int = 0) -> None:
    """An entry with these traces."""
    day = ada.today() - timedelta(days=days_ago)
    entry = await write(ada, " ".join(labels), day)
    for label in labels:
        await traces.keep(entry.id, label)


async def test_days_and_entries_of_a_trace(ada: Journal, traces: Traces) -> None:
    for ago in (400, 3, 3, 0):
        await fill(ada, traces, "heron", days_ago=ago)
    trace = traces.named("heron")
    assert trace
    assert traces.count(trace.id) == 4
    today = ada.today()
    days = [today, today - timedelta(3), today - timedelta(400)]
    assert list(traces.uses(trace.id)) == days
    assert [len(entries) for entries in traces.uses(trace.id).values()] == [1, 2, 1]
    assert (traces.since(trace.id), traces.last_used(trace.id)) == (days[2], days[0])


async def test_a_late_use_weighs_more_than_two_old_ones(
    ada: Journal, clock: TurnableClock, traces: Traces
) -> None:
    for labels, ago in ((("old",), 200), (("old",), 190), (("new",), 1)):
        await fill(ada, traces, *labels, days_ago=ago)
    old, new = traces.named("old"), traces.named("new")
    assert old
    assert new
    assert traces.frecency(new.id) > traces.frecency(old.id) > 0
    before = traces.frecency(new.id)
    clock.advance(days=60)
    assert traces.frecency(new.id) == pytest.approx(before / 2)
    assert traces.frecency(b"nobody" * 2 + b"here") == 0


async def test_company_is_told_by_lift_not_by_count(ada: Journal, traces: Traces) -> None:
    for _ in range(12):
        await fill(ada, traces, "day", "reservoir")
    for _ in range(6):
        await fill(ada, traces, "reservoir", "heron", "day")
    for _ in range(60):
        await fill(ada, traces, "day")
    await fill(ada, traces, "reservoir", "once")
    reservoir = traces.named("reservoir")
    assert reservoir
    beside = [(trace.name, entries) for trace, entries in traces.beside(reservoir.id)]
    # By count the trace that stands everywhere would come first.
    assert beside == [("heron", 6), ("day", 18), ("once", 1)]
    assert [t.name for t, _ in traces.beside(reservoir.id, 1)] == ["heron"]


async def test_a_response_counts_for_nothing(ada: Journal, traces: Traces) -> None:
    entry = await write(ada, "Rain.")
    await answer(ada, entry, "It rained.")
    trace = await traces.keep(entry.id, "rain")
    assert traces.count(trace.id) == 1


async def test_an_import_is_counted_from_its_first_day(ada: Journal, traces: Traces) -> None:
    assert traces.all() == []
    news = [
        NewEntry(
            date(1990, 1, 1) + timedelta(n), f"{n}", None, "", Source("x", str(n)), (), ("rain",)
        )
        for n in range(1500)
    ]
    await ada.write_many(news, traces.adopt)
    (trace,) = traces.all()
    assert traces.count(trace.id) == 1500
    assert traces.since(trace.id) == date(1990, 1, 1)


@given(st.lists(st.tuples(DAYS, LINKS), max_size=12))
def test_an_index_that_follows_says_what_one_made_anew_says(
    puts: list[tuple[date, list[tuple[bytes, tuple[bytes, ...]]]]],
) -> None:
    followed = TraceIndex()
    last: dict[date, list[tuple[bytes, Kind, tuple[bytes, ...]]]] = {}
    used = set[bytes]()
    for day, links in puts:
        fresh = {id: labels for id, labels in links if id not in used and labels}
        used |= fresh.keys()
        last[day] = [(id, Kind.ENTRY, labels) for id, labels in fresh.items()]
        followed.put(day, last[day])
    anew = TraceIndex()
    for day, links in last.items():
        anew.put(day, links)
    assert set(followed.traces()) == set(anew.traces())
    counted = Counter(
        label for links in last.values() for _, _, labels in links for label in labels
    )
    for trace in anew.traces():
        assert followed.count(trace) == anew.count(trace) == counted[trace]
        assert dict(followed.uses(trace)) == dict(anew.uses(trace))
        assert followed.beside(trace) == anew.beside(trace)
