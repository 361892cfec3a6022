"""However a model's server misbehaves, what asks it ends in a state that has a name, the diary
stands as it was written, and nothing is left running or open."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.support.journals import write
from tests.support.upstream import TOO_LONG, WAYS, WHOLE, Call, Upstream, answers, streams

from llamora.companion import endpoint as module
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.generation import Failed
from llamora.companion.model import Empty
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.companion.turns import InTurn, Turns
from llamora.journal.journal import Journal
from llamora.journal.writing import Response
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)
TEXT = "The heron came back."
ENDED = ("done", "cut", "failed")


async def answered(companion: Companion, entry: bytes) -> tuple[Response, str]:
    """The response when it has ended, and the sentence about it."""
    begun = await companion.respond(entry, "key")
    generation = companion.generation(begun.id)
    assert generation
    await generation.ended.wait()
    return generation.response, generation.sentence


@pytest.mark.parametrize("name", WAYS)
async def test_each_way_ends_what_was_asked_and_harms_no_entry(
    name: str,
    ada: Journal,
    traces: Traces,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way = WAYS[name]
    monkeypatch.setattr(module, "LOADING_SECONDS", 0.05)
    first, between, total = way.patience
    yesterday = await write(ada, TEXT, TODAY - timedelta(days=1))
    entry = await write(ada, TEXT)
    trace = await traces.keep(yesterday.id, "heron")
    async with Upstream(way.script) as server:
        running = asyncio.all_tasks()
        turns = Turns(1)
        endpoint = Endpoint(
            ModelSettings(
                host=server.url,
                first_seconds=first,
                between_seconds=between,
                total_seconds=total,
            )
        )
        model = InTurn(endpoint, turns, b"ada")
        companion = Companion(sources, model, Prompts(), CompanionLimits())

        response, sentence = await answered(companion, entry.id)
        wanted = "done" if not way.error else "cut" if way.said else "failed"
        assert (response.state, response.text) == (wanted, way.said)
        assert sentence.endswith("." if way.error else "")
        kept = ada.thread(entry.id).responses
        assert [r.text for r in kept] == ([way.said] if way.said else [])

        await companion.openings.begin(TODAY)
        generation = companion.openings.generation(TODAY)
        assert generation
        await generation.ended.wait()
        assert generation.response.state in ENDED
        with suppress(Failed):
            assert (await companion.summarise(trace.id)).text

        assert [ada.entry(one.id).text for one in (yesterday, entry)] == [TEXT, TEXT]
        assert turns._free == 1, "every place in the queue is given back"
        await companion.close()
        await endpoint.aclose()
        async with asyncio.timeout(5):
            await server.left()
            while asyncio.all_tasks() - running:  # noqa: ASYNC110
                await asyncio.sleep(0)


async def test_an_overflow_is_tried_once_more_with_less_and_then_told(
    ada: Journal, sources: Sources
) -> None:
    async def narrow(call: Call) -> None:
        script = answers("400 Bad Request", TOO_LONG) if call.number == 1 else streams(WHOLE)
        await script(call)

    entry = await write(ada, "I walked to the quay. " * 200)
    async with Upstream(narrow) as server:
        endpoint = Endpoint(ModelSettings(host=server.url))
        companion = Companion(sources, endpoint, Prompts(), CompanionLimits())
        response, _ = await answered(companion, entry.id)
        await companion.close()
        await endpoint.aclose()
        first, second = (len(str(call.body["messages"])) for call in server.posts)
    assert response.state == "done"
    assert second < first


async def test_silence_is_said_to_be_one(ada: Journal, sources: Sources) -> None:
    entry = await write(ada, TEXT)
    async with Upstream(WAYS["nothing to say"].script) as server:
        endpoint = Endpoint(replace(ModelSettings(), host=server.url))
        companion = Companion(sources, endpoint, Prompts(), CompanionLimits())
        _, sentence = await answered(companion, entry.id)
        await companion.close()
        await endpoint.aclose()
    assert sentence == Empty.sentence
