"""What a model is told beside the entry: related passages, the entry's own traces, the day so far;
and what is left out first."""

import asyncio
import time
from datetime import date, timedelta

import pytest
from tests.support.journals import answer, write
from tests.support.scripted_search import ScriptedSearch
from tests.support.server import ScriptedModel

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.context import MOST_RELATED, SEARCH_SECONDS
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry
from llamora.search.nearby import Stretch
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)


def stretch(entry: Entry, start: int = 0, end: int | None = None) -> Stretch:
    end = len(entry.text) if end is None else end
    text = entry.text[start:end]
    return Stretch(entry.id, entry.revision, entry.day, start, end, text)


async def told(sources: Sources, entry: Entry, *attached: bytes, window: int = 8192) -> str:
    """What a model is told when it is asked about an entry."""
    model = ScriptedModel("So.", window=window)
    companion = Companion(sources, model, Prompts(), CompanionLimits(reply_tokens=100))
    response = await companion.respond(entry.id, "key", attached)
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    return model.asked[0][-1].text


async def some(ada: Journal, count: int) -> list[Entry]:
    return [await write(ada, f"Passage {n}.", TODAY - timedelta(days=9 + n)) for n in range(count)]


async def test_related_passages_are_told_with_their_dates_the_nearest_last(
    ada: Journal, sources: Sources, search: ScriptedSearch
) -> None:
    others = await some(ada, MOST_RELATED + 2)
    search.stretches = [stretch(one) for one in others]
    said = await told(sources, await write(ada, "The heron."))
    at = [said.find(one.text) for one in others]
    assert at[:MOST_RELATED] == sorted(at[:MOST_RELATED], reverse=True)
    assert at[MOST_RELATED:] == [-1, -1]
    label = (
        "From another time, and perhaps related, Friday, 13 November 2026, written by the diarist"
    )
    assert label in said


async def test_what_rests_or_is_kept_back_or_is_told_already_is_not_related(
    ada: Journal, traces: Traces, sources: Sources, search: ScriptedSearch
) -> None:
    resting, kept, traced, free = await some(ada, 4)
    await ada.rests.rest_entry(resting.id, True)
    await ada.rests.keep_back(kept.id, True)
    trace = await traces.keep(traced.id, "heron")
    search.stretches = [stretch(one) for one in (resting, kept, traced, free)]
    said = await told(sources, await write(ada, "The heron."), trace.id)
    assert resting.text not in said
    assert kept.text not in said
    assert said.count(traced.text) == 1
    assert free.text in said


async def test_a_search_that_takes_long_is_not_waited_for(
    ada: Journal, sources: Sources, search: ScriptedSearch
) -> None:
    (other,) = await some(ada, 1)
    search.stretches, search.seconds = [stretch(other)], 30
    began = time.monotonic()
    said = await told(sources, await write(ada, "The heron."))
    assert other.text not in said
    assert SEARCH_SECONDS <= time.monotonic() - began < SEARCH_SECONDS + 2


async def test_the_entrys_own_traces_bring_a_little_and_attached_ones_more(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    older, newer = (await some(ada, 2))[::-1]
    for one in (older, newer):
        await traces.keep(one.id, "heron")
    entry = await write(ada, "The heron.")
    heron = await traces.keep(entry.id, "heron")
    said = await told(sources, entry)
    assert "From under the trace “heron”, which the entry carries, " in said
    assert newer.text in said
    assert older.text not in said
    more = await told(sources, await write(ada, "And again."), heron.id)
    assert older.text in more
    await traces.rest(heron.id, True)
    third = await write(ada, "Third.")
    await traces.keep(third.id, "heron")
    assert newer.text not in await told(sources, third)


async def test_what_is_left_out_goes_in_this_order(
    ada: Journal, traces: Traces, sources: Sources, search: ScriptedSearch
) -> None:
    """Related, own traces, attached ones, the day from its morning on; what was answered to this
    very entry is the last to go."""
    far, near, own, attached = await some(ada, 4)
    morning, noon = await write(ada, "The morning."), await write(ada, "The noon.")
    entry = await write(ada, "The heron.")
    before = await answer(ada, entry, "What did it do?")
    await traces.keep(own.id, "own")
    await traces.keep(entry.id, "own")
    trace = await traces.keep(attached.id, "attached")
    search.stretches = [stretch(near), stretch(far)]
    wanted = [far, near, own, attached, morning, noon, before]
    gone: list[str] = []
    for window in range(1_400, 200, -10):
        model = ScriptedModel("So.", window=window)
        companion = Companion(sources, model, Prompts(), CompanionLimits(reply_tokens=100))
        pieces = await companion._pieces(entry, [trace.id])
        prompt, _ = companion._fitted(model, pieces, window, 1.0)
        await companion.close()
        said = prompt.messages[-1].text
        assert entry.text in said
        assert prompt.made_of.pieces[-1].kind == "entry"
        gone += [one.text for one in wanted if one.text not in said and one.text not in gone]
    assert gone == [one.text for one in wanted]


@pytest.mark.parametrize(
    "text",
    [
        "The heron stood in the shallows. " * 1_900,
        "静かな水辺に鷺が立っていた。" * 1_500,
        "האנפה עמדה במים הרדודים. " * 1_350,
        "~~~\n" * 16_000,
    ],
)
async def test_the_longest_entry_fits_into_512_tokens_in_any_script(
    ada: Journal, sources: Sources, search: ScriptedSearch, text: str
) -> None:
    (other,) = await some(ada, 1)
    search.stretches = [stretch(other)]
    entry = await write(ada, text[:64_000])
    began = time.perf_counter()
    said = await told(sources, entry, window=512)
    assert time.perf_counter() - began < 5
    assert "[…]" in said
    assert text[:3] in said
    assert len(said.encode()) < 512 * 8


async def test_an_empty_day_and_an_empty_journal_have_no_context(
    ada: Journal, sources: Sources
) -> None:
    said = await told(sources, await write(ada, "First words."))
    assert said.startswith("The entry to answer, written by the diarist on Sunday")


async def test_who_leaves_while_search_is_waited_for_leaves_nothing_behind(
    ada: Journal, sources: Sources, search: ScriptedSearch
) -> None:
    search.seconds = 30
    entry = await write(ada, "The heron.")
    model = ScriptedModel("So.")
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    await companion.respond(entry.id, "key")
    await asyncio.sleep(0.05)
    async with asyncio.timeout(1):
        await companion.close()
    assert not model.asked
    assert not ada.thread(entry.id).responses
