"""What waits for its turn is looked at once more when that comes: much can happen meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta

import pytest
from tests.support.journals import write
from tests.support.scripted_search import ScriptedSearch
from tests.support.server import ScriptedModel
from tests.unit.companion.test_context import stretch

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.generation import Failed
from llamora.companion.model import Looping, Overflow
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.companion.turns import InTurn, Turns
from llamora.journal.journal import Journal
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(days=1)
LONG_AGO = TODAY - timedelta(days=90)
SECRET = "The lighthouse letter."
DIARIST = b"a" * 16


class Busy:
    """A model whose only place is taken, until `go_on`."""

    def __init__(self, sources: Sources, model: ScriptedModel) -> None:
        self.turns = Turns(1)
        self.model = model
        in_turn = InTurn(model, self.turns, DIARIST)
        self.companion = Companion(sources, in_turn, Prompts(), CompanionLimits())

    async def __aenter__(self) -> "Busy":
        async for _ in self.turns.take(b"somebody else"):
            raise AssertionError
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.companion.close()
        assert self.turns._free == 1, "every place is given back"

    async def waits(self) -> None:
        while not self.turns._queues:  # noqa: ASYNC110 - a queue has no event for its length
            await asyncio.sleep(0.001)

    def go_on(self) -> None:
        self.turns.give_back()

    @property
    def told(self) -> str:
        return "\n".join(m.text for messages in self.model.asked for m in messages)


@pytest.fixture
async def busy(sources: Sources) -> AsyncIterator[Busy]:
    async with Busy(sources, ScriptedModel("I hear you.")) as busy:
        yield busy


Change = Callable[[Journal, Traces, bytes], Awaitable[object]]


async def keep_back(journal: Journal, _: Traces, id: bytes) -> None:
    await journal.rests.keep_back(id, True)


async def let_rest(journal: Journal, _: Traces, id: bytes) -> None:
    await journal.rests.rest_entry(id, True)


async def let_its_day_rest(journal: Journal, _: Traces, id: bytes) -> None:
    await journal.rests.rest_day(journal.entry(id).day, True)


async def let_its_trace_rest(_: Journal, traces: Traces, id: bytes) -> None:
    trace = await traces.keep(id, "sea")
    await traces.rest(trace.id, True)


async def erase(journal: Journal, _: Traces, id: bytes) -> None:
    await journal.erase(id)


async def nothing(*_: object) -> None:
    pass


CHANGES = [keep_back, let_rest, let_its_day_rest, let_its_trace_rest, erase]


@pytest.mark.parametrize("change", [*CHANGES, nothing])
async def test_what_may_not_be_told_any_more_when_the_turn_comes_is_left_out(
    ada: Journal, traces: Traces, search: ScriptedSearch, busy: Busy, change: Change
) -> None:
    old, other = await write(ada, SECRET, LONG_AGO), await write(ada, "Rain.", YESTERDAY)
    entry = await write(ada, "I sat on the stairs.")
    search.stretches = [stretch(old), stretch(other)]
    response = await busy.companion.respond(entry.id, "key")
    await busy.waits()
    await change(ada, traces, old.id)
    busy.go_on()
    generation = busy.companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    assert generation.response.state == "done"
    assert (SECRET in busy.told) is (change is nothing)
    assert "Rain." in busy.told
    reading = generation.response.reading
    assert reading
    assert (old.id in {piece.writing for piece in reading.pieces}) is (change is nothing)


@pytest.mark.parametrize("change", [keep_back, erase])
async def test_an_entry_that_may_not_be_told_any_more_is_not_answered(
    ada: Journal, traces: Traces, busy: Busy, change: Change
) -> None:
    entry = await write(ada, SECRET)
    response = await busy.companion.respond(entry.id, "key")
    await busy.waits()
    generation = busy.companion.generation(response.id)
    assert generation
    await change(ada, traces, entry.id)
    busy.go_on()
    await generation.ended.wait()
    assert generation.response.state == "failed"
    assert generation.sentence.endswith(".")
    assert not busy.model.asked


async def test_an_entry_that_is_edited_while_it_waits_is_answered_as_it_is_then(
    ada: Journal, busy: Busy
) -> None:
    entry = await write(ada, SECRET)
    response = await busy.companion.respond(entry.id, "key")
    await busy.waits()
    await ada.revise(entry.id, entry.revision, "The heron came back.")
    busy.go_on()
    generation = busy.companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    assert SECRET not in busy.told
    assert "The heron came back." in busy.told


@pytest.mark.parametrize("change", [*CHANGES, nothing])
async def test_a_day_is_not_opened_with_what_may_not_be_told_any_more(
    ada: Journal, traces: Traces, busy: Busy, change: Change
) -> None:
    old = await write(ada, SECRET, YESTERDAY)
    await write(ada, "Rain.", YESTERDAY)
    await busy.companion.openings.begin(TODAY)
    generation = busy.companion.openings.generation(TODAY)
    assert generation
    await busy.waits()
    shown = aiter(generation.follow(0))
    assert (await anext(shown)).ahead == 1, "how many come before it is told"
    await change(ada, traces, old.id)
    busy.go_on()
    await generation.ended.wait()
    assert (SECRET in busy.told) is (change is nothing)
    assert generation.response.state == ("done" if change is nothing else "failed")


@pytest.mark.parametrize("change", [keep_back, erase, nothing])
async def test_a_trace_is_not_summed_up_from_what_may_not_be_told_any_more(
    ada: Journal, traces: Traces, busy: Busy, change: Change
) -> None:
    entries = [await write(ada, text, YESTERDAY) for text in (SECRET, "Rain.")]
    for entry in entries:
        await traces.keep(entry.id, "harbour")
    (trace,) = traces.all()
    summing = asyncio.create_task(busy.companion.summarise(trace.id))
    await busy.waits()
    await change(ada, traces, entries[0].id)
    busy.go_on()
    if change is nothing:
        await summing
    else:
        with pytest.raises(Failed, match="not sent"):
            await summing
    assert (SECRET in busy.told) is (change is nothing)


LOOP = "and then again " * 100


async def test_an_answer_that_goes_round_in_circles_is_cut_where_it_began_to(
    ada: Journal, sources: Sources
) -> None:
    model = ScriptedModel("It came back. ", *(LOOP[at : at + 6] for at in range(0, len(LOOP), 6)))
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    entry = await write(ada, "The heron.")
    response = await companion.respond(entry.id, "key")
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    assert generation.sentence == Looping.sentence
    (kept,) = ada.thread(entry.id).responses
    assert (kept.text, kept.state) == ("It came back. and then again", "cut")
    assert model.left == 1, "the model is not kept at work for nobody"


async def test_an_opening_and_a_summary_are_cut_there_too(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    entry = await write(ada, "The heron.", YESTERDAY)
    trace = await traces.keep(entry.id, "heron")
    companion = Companion(sources, ScriptedModel("So. ", LOOP), Prompts(), CompanionLimits())
    summary = await companion.summarise(trace.id)
    await companion.openings.begin(TODAY)
    generation = companion.openings.generation(TODAY)
    assert generation
    await generation.ended.wait()
    await companion.close()
    assert summary.text == generation.response.text == "So. and then again"


async def test_what_was_said_is_not_said_again_after_an_overflow(
    ada: Journal, sources: Sources
) -> None:
    model = ScriptedModel("It came back.", Overflow(1_000, 2_000))
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    entry = await write(ada, "The heron.")
    response = await companion.respond(entry.id, "key")
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    assert len(model.asked) == 1
    assert (generation.response.text, generation.response.state) == ("It came back.", "cut")
