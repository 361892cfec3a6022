"""Traces in search: they find, narrow, complete and are suggested, whatever they are called now."""

from collections.abc import AsyncIterator

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, write

from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.search.find import Result
from llamora.search.recent import Recent
from llamora.search.search import Search
from llamora.storage import Store
from llamora.traces.traces import Traces


@pytest.fixture
def traces(store: Store, ada: Journal) -> Traces:
    return Traces(store, ada)


@pytest.fixture
async def search(
    ada: Journal, store: Store, clock: TurnableClock, traces: Traces
) -> AsyncIterator[Search]:
    recent = Recent(store, ada.vault, clock.now)
    search = Search(store, ada, Embedders(), recent, traces=traces)
    yield search
    await search.close()


async def results(search: Search, typed: str) -> list[Result]:
    return list((await search.find(typed)).results)


async def found(search: Search, typed: str) -> set[bytes]:
    return {result.writing for result in await results(search, typed)}


async def fill(journal: Journal, times: int = 20) -> None:
    """Entries about nothing that is asked for."""
    for n in range(times):
        await write(journal, f"Worked at the office until evening, then supper and bed, {n}.")


async def test_an_entry_is_found_by_its_trace_alone(
    search: Search, ada: Journal, traces: Traces
) -> None:
    await fill(ada)
    entry = await write(ada, "We walked round the water twice before it got dark.")
    await traces.keep(entry.id, "reservoir")
    assert (await results(search, "reservoir"))[0].writing == entry.id


async def test_it_is_found_though_the_word_stands_in_many_others(
    search: Search, ada: Journal, traces: Traces
) -> None:
    await fill(ada)
    for n in range(15):
        said = await write(ada, f"The reservoir, the reservoir! Its reservoir is full, {n}.")
        await traces.keep(said.id, "reservoir")
    entry = await write(ada, "We walked round the water twice before it got dark.")
    await traces.keep(entry.id, "reservoir")
    page = await search.find("reservoir", limit=100)
    assert page.results[0].writing != entry.id
    assert entry.id in {result.writing for result in page.results}


async def test_a_rename_is_found_at_once_and_a_dropped_trace_no_more(
    search: Search, ada: Journal, traces: Traces
) -> None:
    await fill(ada)
    entry = await write(ada, "We walked round the water twice before it got dark.")
    trace = await traces.keep(entry.id, "reservoir")
    assert entry.id in await found(search, "reservoir")
    await traces.rename(trace.id, "fishpond")
    assert await found(search, "trace:fishpond") == {entry.id}
    assert (await results(search, "fishpond"))[0].writing == entry.id
    await traces.drop(entry.id, trace.id)
    assert (await search.find("trace:fishpond")).total == 0


async def test_a_name_of_two_words_is_found_by_each_and_as_a_phrase(
    search: Search, ada: Journal, traces: Traces
) -> None:
    await fill(ada)
    entry = await write(ada, "We talked about the last chapter.")
    await traces.keep(entry.id, "Book Club")
    for typed in ("clubs", '"book club"', 'trace:"book club"', "trace:book-club", "bookc clu"):
        assert entry.id in await found(search, typed), typed
    assert entry.id not in await found(search, "chapter -club")
    assert entry.id not in await found(search, '"chapter book"')


async def test_an_emoji_is_a_name_like_any_other(
    search: Search, ada: Journal, traces: Traces
) -> None:
    await fill(ada)
    entry = await write(ada, "We talked about the last chapter.")
    await traces.keep(entry.id, "🎉")
    assert await found(search, "trace:🎉") == {entry.id}
    assert (await results(search, "🎉"))[0].writing == entry.id


async def test_a_trace_narrows_with_words_and_with_another(
    search: Search, ada: Journal, traces: Traces
) -> None:
    both = await write(ada, "The heron stood by the water.")
    one = await write(ada, "The heron flew over the roof.")
    for entry, name in ((both, "walk"), (both, "luna"), (one, "walk")):
        await traces.keep(entry.id, name)
    assert await found(search, "trace:walk") == {both.id, one.id}
    assert await found(search, "trace:walk trace:luna") == {both.id}
    assert await found(search, "heron trace:luna") == {both.id}


async def test_a_response_that_carries_a_trace_is_found_by_it(
    search: Search, ada: Journal, traces: Traces
) -> None:
    """A response is handed its traces when it is begun; the day lists them with it."""
    entry = await write(ada, "The heron stood by the water.")
    response = await answer(ada, entry, "You were there in spring.")
    trace = await traces.keep(entry.id, "walk")
    linked = {**traces.links(), response.id: (trace.id,)}
    traces.links = lambda: linked  # type: ignore[method-assign]
    assert await found(search, "trace:walk") == {entry.id, response.id}
    assert await found(search, "trace:walk by:companion") == {response.id}


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("trace:walks", "There is no trace called “walks”; did you mean “walk”?"),
        ("trace:resevoir", "There is no trace called “resevoir”; did you mean “reservoir”?"),
        ("trace:zebra heron", "There is no trace called “zebra”."),
        ("trace:...-", "There is no trace called “...-”."),
    ],
)
async def test_a_trace_that_there_is_not_is_told(
    search: Search, ada: Journal, traces: Traces, typed: str, told: str
) -> None:
    entry = await write(ada, "The heron stood by the water.")
    await traces.keep(entry.id, "walk")
    await traces.keep(entry.id, "reservoir")
    page = await search.find(typed)
    assert page.notes == (told,)
    assert page.results == ()


async def test_results_name_the_traces_of_their_entry(
    search: Search, ada: Journal, traces: Traces
) -> None:
    entry = await write(ada, "The heron stood by the water.")
    await answer(ada, entry, "Was it the same heron?")
    for name in ("walk", "luna"):
        await traces.keep(entry.id, name)
    assert [one.traces for one in await results(search, "heron")] == [("walk", "luna")] * 2


async def test_names_are_completed_behind_trace_and_as_words(
    search: Search, ada: Journal, traces: Traces
) -> None:
    entries = [await write(ada, f"The heron rested by the water, {n}.") for n in range(2)]
    for entry in entries:
        await traces.keep(entry.id, "reservoir")
    for name in ("book-club", "Élan", "🎉"):
        await traces.keep(entries[0].id, name)
    await search.whole()
    assert (await search.complete("trace:"))[0] == "trace:reservoir"
    assert set(await search.complete("trace:")) == {
        *("trace:reservoir", "trace:book-club", "trace:élan", "trace:🎉")
    }
    assert await search.complete("heron trace:Clu") == ["heron trace:book-club"]
    assert await search.complete("trace:ela") == ["trace:élan"]
    assert await search.complete("trace:reservoir") == []
    assert await search.complete("the res") == ["the reservoir", "the rested"]
    assert await search.complete("boo") == ["book club"]


async def test_the_traces_that_fit_are_those_of_entries_like_it(
    search: Search, ada: Journal, traces: Traces
) -> None:
    about = {
        "garden": "Planted tomatoes in the garden and weeded the beds, {}.",
        "chess": "Lost a game of chess to Tom with the white pieces, {}.",
        "sleep": "Lay awake until three and could not sleep, {}.",
    }
    kept = {}
    for n in range(4):
        for name, text in about.items():
            entry = await write(ada, text.format(n))
            kept[name] = await traces.keep(entry.id, name)
    entry = await write(ada, "Tom brought tomatoes; the beds are full of weeds.")
    (first, closeness), *others = await search.near_traces(entry.id, 3)
    assert first == kept["garden"].id
    assert all(0 < less <= closeness for _, less in others)
    assert len(await search.near_traces(entry.id, 1)) == 1
    await traces.keep(entry.id, "garden")
    assert kept["garden"].id not in dict(await search.near_traces(entry.id, 3))


async def test_what_fits_is_told_as_the_entry_now_reads(
    search: Search, ada: Journal, traces: Traces
) -> None:
    about = {
        "sleep": "Lay awake and could not sleep, {}.",
        "chess": "Lost a game of chess to Tom, {}.",
    }
    for n in range(3):
        for name, text in about.items():
            await traces.keep((await write(ada, text.format(n))).id, name)
    entry = await write(ada, "Again no sleep, and chess with Tom.")
    both = await search.near_traces(entry.id, 2)
    assert len(both) == 2
    assert await search.near_traces(entry.id, 1) == both[:1]
    revised = await ada.revise(entry.id, entry.revision, "Again no sleep.")
    ((only, _),) = await search.near_traces(revised.id, 2)
    assert only == next(trace.id for trace in traces.all() if trace.name == "sleep")


async def test_what_rests_is_not_suggested(search: Search, ada: Journal, traces: Traces) -> None:
    entries = [await write(ada, f"Lay awake and could not sleep, {n}.") for n in range(3)]
    trace, *_ = [await traces.keep(entry.id, "sleep") for entry in entries]
    entry = await write(ada, "Again no sleep.")
    assert [id for id, _ in await search.near_traces(entry.id, 3)] == [trace.id]
    await traces.rest(trace.id, True)
    assert await search.near_traces(entry.id, 3) == []


async def test_without_traces_or_without_the_entry_none_fit(
    search: Search, ada: Journal, traces: Traces
) -> None:
    assert await search.near_traces(bytes(16), 3) == []
    entry = await write(ada, "The heron stood by the water.")
    assert await search.near_traces(entry.id, 3) == []
    other = await write(ada, "Quarterly figures, and a strategy.")
    await traces.keep(entry.id, "heron")
    assert await search.near_traces(other.id, 0) == []


async def test_a_closed_search_knows_no_traces(
    search: Search, ada: Journal, traces: Traces
) -> None:
    entry = await write(ada, "The heron stood by the water.")
    await traces.keep(entry.id, "walk")
    await search.find("trace:walk")
    await search.close()
    assert search._traced_now().names == {}  # pyright: ignore[reportPrivateUsage]


async def test_what_stands_on_everything_is_not_offered_for_that(
    search: Search, ada: Journal, traces: Traces
) -> None:
    """Or the first trace that is kept would be offered everywhere, and spread each time."""
    for n in range(40):
        text = f"Worked at the office until evening, then supper and bed, {n}."
        await traces.keep((await write(ada, text)).id, "garret")
    entry = await write(ada, "Worked at the office until late, then bed.")
    assert await search.near_traces(entry.id, 4) == []
    named = await write(ada, "Worked in the garret until late, then bed.")
    assert [id for id, _ in await search.near_traces(named.id, 4)] == [traces.all()[0].id]
