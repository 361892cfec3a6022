"""What may be brought up unasked, and that an echo keeps to it."""

from datetime import date, timedelta

import pytest
from tests.support.journals import write

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.prompt import Prompts
from llamora.companion.resting import Resting
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry
from llamora.storage import Store
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)


async def test_both_ways_of_asking_give_the_same_answer(ada: Journal, traces: Traces) -> None:
    entries = [await write(ada, f"{n}", TODAY - timedelta(days=n % 4)) for n in range(12)]
    for entry in entries[::3]:
        await traces.keep(entry.id, "jonas")
    for entry in entries[::4]:
        await traces.keep(entry.id, "heron")
    jonas = traces.named("jonas")
    assert jonas
    await traces.rest(jonas.id, True)
    await ada.rests.rest_day(TODAY, True)
    await ada.rests.rest_entry(entries[1].id, True)
    resting = Resting(ada, traces)
    now = resting.now()
    answers = [resting.may_resurface(entry.id, entry.day) for entry in entries]
    assert answers == [now.may_resurface(entry.id, entry.day) for entry in entries]
    awake = [n for n, answer in enumerate(answers) if answer]
    assert awake == [2, 5, 7, 10, 11]


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE traces SET sealed = zeroblob(length(sealed))",
        "UPDATE traces SET revision = revision - 1",  # what rests is sealed to its revision
        "DELETE FROM traces",
    ],
)
async def test_a_trace_that_does_not_open_may_rest(
    ada: Journal, store: Store, traces: Traces, harm: str
) -> None:
    """A damaged row woke whatever the trace had let rest."""
    entry, other = await write(ada, "Jonas."), await write(ada, "The heron.")
    jonas = await traces.keep(entry.id, "jonas")
    await traces.rest(jonas.id, True)
    await store.write(lambda tx: tx.execute(harm))
    resting = Resting(ada, Traces(store, ada))
    assert not resting.may_resurface(entry.id, entry.day)
    assert resting.may_resurface(other.id, other.day)
    now = Resting(ada, Traces(store, ada)).now()
    assert not now.may_resurface(entry.id, entry.day)
    assert now.may_resurface(other.id, other.day)


async def quoted(sources: Sources, entry: Entry, key: str, *attached: bytes) -> set[bytes]:
    """The entries that an echo to this one quotes, asked with these traces attached."""
    echo = Companion(sources, None, Prompts(), CompanionLimits())
    response = await echo.respond(entry.id, key, attached)
    generation = echo.generation(response.id)
    assert generation
    await generation.ended.wait()
    await echo.close()
    return {quote.entry for quote in generation.response.quotes}


async def test_an_echo_quotes_nothing_that_rests_whatever_is_attached(
    ada: Journal, traces: Traces, searching: Sources
) -> None:
    old = await write(ada, "The ladder leaned on the boathouse.", TODAY - timedelta(days=2))
    other = await write(ada, "A ladder, and the boathouse.", TODAY - timedelta(days=1))
    entry = await write(ada, "Ruth asked for the ladder from the boathouse.")
    trace = await traces.keep(old.id, "boathouse")
    assert await quoted(searching, entry, "control") == {old.id, other.id}
    assert await quoted(searching, entry, "again", trace.id) <= {old.id}
    await traces.rest(trace.id, True)
    fresh = await write(ada, "Ruth asked for the ladder from the boathouse again.")
    assert await quoted(searching, fresh, "attached", trace.id) <= {other.id}
    await ada.rests.rest_day(other.day, True)
    assert await quoted(searching, fresh, "all") == set()
