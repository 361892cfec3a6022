"""Traces attached to an answer: what the model reads of them, and what stays beside the answer."""

from datetime import date
from typing import Any

from tests.support.journals import answer, write
from tests.support.server import ScriptedModel

from llamora.companion.companion import MOST_ATTACHED, Companion, CompanionLimits
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal import summaries
from llamora.journal.journal import Journal
from llamora.journal.summaries import Summary
from llamora.kernel import new_id
from llamora.traces.traces import Trace, Traces


async def asked(sources: Sources, model: Any, entry: bytes, *attached: Trace) -> bytes:
    """The id of the answer to an entry, when it has ended."""
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    response = await companion.respond(entry, "key", [trace.id for trace in attached])
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    return response.id


async def filled(ada: Journal, traces: Traces, *days: str) -> Trace:
    """A trace on an entry of each of these days, which says which day it is of."""
    kept = [
        await traces.keep((await write(ada, f"The heron of {day}.", date.fromisoformat(day))).id,
                          "heron")
        for day in days
    ]  # fmt: skip
    return kept[0]


async def test_a_model_reads_the_first_and_the_newest_entries_of_an_attached_trace(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    days = ["2019-03-01", "2020-03-01", "2021-03-01", "2025-03-01", "2026-03-01", "2026-03-02"]
    heron = await filled(ada, traces, *days)
    await write(ada, "Nothing of herons.", date(2024, 1, 1))
    entry = await write(ada, "It stood there again.")
    model = ScriptedModel("So it did.")
    id = await asked(sources, model, entry.id, heron)
    (prompt,) = model.asked
    told = prompt[-1].text
    assert [day for day in days if f"The heron of {day}." in told] == [days[0], *days[3:]]
    assert told.index("2019-03-01") < told.index("2025-03-01") < told.index("2026-03-02")
    assert "From under the trace “heron”, which the diarist attached, Friday, 1 March 2019" in told
    assert "Nothing of herons." not in told
    assert traces.on_day(entry.day)[id] == [heron]
    assert traces.count(heron.id) == len(days)  # an answer is no entry


async def test_what_was_summed_up_of_it_is_read_too_and_called_the_companions(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    heron = await filled(ada, traces, "2020-03-01")
    read = ((next(iter(traces.uses(heron.id).values()))[0], 1),)
    summary = Summary(read, 1, ada.now(), model="tiny", text="You wait for it.")
    await ada.transact(lambda tx: summaries.put(tx, ada.vault, heron.id, summary))
    entry = await write(ada, "It stood there again.")
    model = ScriptedModel("So it did.")
    await asked(sources, model, entry.id, heron)
    told = model.asked[0][-1].text
    at = told.index("You wait for it.")
    assert "which the diarist attached, your own answer" in told[:at]
    # An earlier wording is told in no other words either.
    await ada.revise(read[0][0], 1, "A day without it.")
    entry, model = await write(ada, "And there."), ScriptedModel("So it was.")
    await asked(sources, model, entry.id, heron)
    assert "You wait for it." not in model.asked[0][-1].text


async def test_an_entry_of_the_same_day_is_told_once(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    before = await write(ada, "The heron of this morning.")
    heron = await traces.keep(before.id, "heron")
    entry = await write(ada, "It stood there again.")
    await traces.keep(entry.id, "heron")
    model = ScriptedModel("So it did.")
    await asked(sources, model, entry.id, heron)
    assert model.asked[0][-1].text.count("The heron of this morning.") == 1


async def test_what_is_not_there_or_too_much_is_not_attached(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    other = await write(ada, "Other.", date(2020, 1, 1))
    many = [await traces.keep(other.id, f"trace {n}") for n in range(MOST_ATTACHED + 3)]
    gone = Trace(new_id(), "gone")
    entry = await write(ada, "Many.")
    id = await asked(sources, ScriptedModel("So many."), entry.id, gone, *many, many[0])
    assert traces.on_day(entry.day)[id] == many[:MOST_ATTACHED]


async def test_echo_quotes_from_what_carries_the_attached_trace(
    ada: Journal, traces: Traces, searching: Sources
) -> None:
    first = await write(ada, "The ferry was late again, and cold.", date(2020, 1, 1))
    await write(ada, "The ferry, the ferry, the ferry was late.", date(2020, 1, 2))
    winter = await traces.keep(first.id, "winter")
    entry = await write(ada, "A late ferry.")
    id = await asked(searching, None, entry.id, winter)
    assert [quote.entry for quote in ada.response(id).quotes] == [first.id]
    # Where nothing under it is near, the rest of the journal is not kept back.
    bare = await write(ada, "Quite another thing.", date(2020, 1, 3))
    other = await traces.keep(bare.id, "other")
    entry = await write(ada, "A late ferry, once more.")
    id = await asked(searching, None, entry.id, other)
    assert ada.response(id).quotes


async def test_an_answer_keeps_its_traces_when_its_entry_moves(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    heron = await filled(ada, traces, "2020-03-01")
    entry = await write(ada, "It stood there again.")
    id = await asked(sources, ScriptedModel("So it did."), entry.id, heron)
    await answer(ada, entry, "And again.")
    await ada.move(entry.id, date(2026, 1, 3), None)
    assert traces.on_day(date(2026, 1, 3)) == {id: [heron]}
