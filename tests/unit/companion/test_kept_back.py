"""What is kept from the model: told to none, whatever for; and Echo may quote it still."""

from datetime import date, timedelta

import pytest
from tests.support.journals import answer, write
from tests.support.scripted_search import ScriptedSearch
from tests.support.server import ScriptedModel

from llamora.companion.companion import Companion, CompanionLimits, KeptBack
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry
from llamora.storage import Store
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)
SECRET = "The lighthouse letter."


def companion_of(sources: Sources, model: ScriptedModel | None) -> Companion:
    return Companion(sources, model, Prompts(), CompanionLimits())


async def answered(companion: Companion, entry: Entry, *attached: bytes) -> None:
    response = await companion.respond(entry.id, "key", attached)
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()


def told(model: ScriptedModel) -> str:
    return "\n".join(message.text for messages in model.asked for message in messages)


@pytest.mark.parametrize("kept", [True, False])  # the second is the control
async def test_no_model_is_told_of_an_entry_that_is_kept_back(
    ada: Journal, traces: Traces, sources: Sources, kept: bool
) -> None:
    earlier = await write(ada, SECRET, TODAY - timedelta(days=9))
    other = await write(ada, "Rain on the harbour.", TODAY - timedelta(days=8))
    today = await write(ada, SECRET + " Again.")
    await answer(ada, today, "What did the lighthouse say?")
    entry = await write(ada, "I sat on the stairs.")
    for one in (earlier, other):
        await traces.keep(one.id, "sea")
    (sea,) = traces.all()
    model = ScriptedModel("It rained.")
    companion = companion_of(sources, model)
    await companion.summarise(sea.id)
    for one in (earlier, today):
        await ada.rests.keep_back(one.id, kept)
    await answered(companion, entry, sea.id)
    await companion.summarise(sea.id)
    await companion.suggest_traces(today.id)
    await companion.close()
    since = "\n".join(message.text for messages in model.asked[1:] for message in messages)
    assert ("lighthouse" in since.lower()) is not kept
    assert "Rain on the harbour." in since


@pytest.mark.parametrize("kept", [True, False])  # the second is the control
@pytest.mark.parametrize("summed_up", [True, False])
async def test_nor_of_an_answer_that_rests_on_it_however_many_answers_lie_between(
    ada: Journal, traces: Traces, sources: Sources, kept: bool, summed_up: bool
) -> None:
    earlier = await write(ada, SECRET, TODAY - timedelta(days=9))
    sea = await traces.keep(earlier.id, "sea")
    model = ScriptedModel("Once there was a beacon.")
    companion = companion_of(sources, model)
    if summed_up:
        await companion.summarise(sea.id)
    await answered(companion, await write(ada, "Stairs."), sea.id)
    model.pieces = ("That beacon, again.",)
    await answered(companion, await write(ada, "More stairs."))
    await ada.rests.keep_back(earlier.id, kept)
    await answered(companion, await write(ada, "The last of the stairs."))
    await companion.close()
    since = "\n".join(message.text for message in model.asked[-1])
    assert ("beacon" in since) is not kept
    assert "More stairs." in since


@pytest.mark.parametrize("kept", [True, False])
async def test_a_trace_that_stands_only_on_what_is_kept_back_is_not_named_to_a_model(
    ada: Journal, traces: Traces, sources: Sources, search: ScriptedSearch, kept: bool
) -> None:
    earlier = await write(ada, SECRET, TODAY - timedelta(days=9))
    beacon = await traces.keep(earlier.id, "beacon")
    search.near = [beacon.id]
    await ada.rests.keep_back(earlier.id, kept)
    model = ScriptedModel("{}")
    companion = companion_of(sources, model)
    found = await companion.suggest_traces((await write(ada, "Stairs.")).id)
    await companion.close()
    assert ("beacon" in told(model)) is not kept
    assert [one.name for one in found] == ["beacon"], "the diarist is offered it all the same"


async def test_asked_about_it_the_companion_says_why_not(ada: Journal, sources: Sources) -> None:
    entry = await write(ada, SECRET)
    await ada.rests.keep_back(entry.id, True)
    model = ScriptedModel("So.")
    companion = companion_of(sources, model)
    with pytest.raises(KeptBack, match="keep this entry from the model"):
        await companion.respond(entry.id, "key")
    assert not ada.thread(entry.id).responses
    await ada.rests.keep_back(entry.id, False)
    await answered(companion, entry)
    assert SECRET in told(model)
    await companion.close()


async def test_echo_may_be_asked_about_it_and_quote_it(ada: Journal, searching: Sources) -> None:
    old = await write(ada, "The lighthouse keeper wrote a letter.", TODAY - timedelta(days=2))
    entry = await write(ada, "A letter from the lighthouse.")
    for one in (old, entry):
        await ada.rests.keep_back(one.id, True)
    companion = companion_of(searching, None)
    await answered(companion, entry)
    await companion.close()
    (response,) = ada.thread(entry.id).responses
    assert [quote.entry for quote in response.quotes] == [old.id]


async def test_a_trace_whose_entries_are_all_kept_back_is_told_in_their_own_words(
    ada: Journal, traces: Traces, sources: Sources
) -> None:
    entry = await write(ada, SECRET, TODAY - timedelta(days=2))
    trace = await traces.keep(entry.id, "sea")
    await ada.rests.keep_back(entry.id, True)
    model = ScriptedModel("So.")
    companion = companion_of(sources, model)
    summary = await companion.summarise(trace.id)
    await companion.close()
    assert [quote.text for quote in summary.quotes] == [SECRET]
    assert not model.asked


async def test_while_nobody_knows_what_is_kept_back_no_model_is_told_anything(
    ada: Journal, store: Store, sources: Sources
) -> None:
    entry = await write(ada, SECRET)
    await ada.rests.keep_back(entry.id, True)
    await ada.rests.keep_back(entry.id, False)
    store.write_now(lambda tx: tx.execute("UPDATE drafts SET revision = revision + 1"))
    ada.rests.read()
    model = ScriptedModel("So.")
    companion = companion_of(sources, model)
    with pytest.raises(KeptBack, match="cannot be opened"):
        await companion.respond(entry.id, "key")
    await companion.suggest_traces(entry.id)
    await companion.close()
    assert not model.asked
