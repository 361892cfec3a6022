"""An answer being written: what readers see, and what it survives."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import date
from typing import Any

import pytest
from tests.support.journals import write
from tests.support.server import ScriptedModel

from llamora.companion import generation as module
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.generation import Generation
from llamora.companion.model import Token
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal.errors import NotFound
from llamora.journal.growing import Growing
from llamora.journal.journal import Journal
from llamora.journal.markdown import render
from llamora.journal.writing import Response
from llamora.vault import Locked

TODAY = date(2026, 11, 22)
SECRET = "the heron is a secret"
THOUGHT = "She seems sad.\n\nI must not say so.\n\nAnd yet"


@pytest.fixture
async def uncaught() -> list[dict[str, Any]]:
    """What asyncio would have printed of tasks that nobody looked after."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


def companion(sources: Sources, model: Any) -> Companion:
    return Companion(sources, model, Prompts(), CompanionLimits())


async def begun(companion: Companion, journal: Journal) -> Generation:
    entry = await write(journal, "the heron came back")
    response = await companion.respond(entry.id, "key")
    found = companion.generation(response.id)
    assert found
    return found


class Breaking(ScriptedModel):
    """A model that says its pieces and then fails in a way that nobody thought of."""

    async def stream(
        self, messages: Any, *, max_tokens: int, schema: Any = None, may_send: Any = None
    ) -> AsyncGenerator[Any, None]:
        async for token in super().stream(messages, max_tokens=max_tokens):
            if token.finish:
                raise KeyError(SECRET)
            yield token


class ThinkingAloud(ScriptedModel):
    """A model whose thoughts are found out to be such only when they end."""

    async def stream(
        self, messages: Any, *, max_tokens: int, schema: Any = None, may_send: Any = None
    ) -> AsyncGenerator[Any, None]:
        yield Token(THOUGHT)
        yield Token("", anew=True)
        async for token in super().stream(messages, max_tokens=max_tokens):
            yield token


def responses(journal: Journal) -> list[Response]:
    return [response for thread in journal.read(TODAY) for response in thread.responses]


async def test_what_turns_out_to_be_a_thought_is_taken_back(ada, sources):
    """From every reader's page, whenever they came, and from what is kept."""
    generation = await begun(companion(sources, ThinkingAloud("Hello. ", "It is late.")), ada)
    page = ""
    async for shown in generation.follow(0):
        page = "" if shown.anew else page + shown.html
    assert "sad" not in page
    await generation.ended.wait()
    assert [r.text for r in responses(ada)] == ["Hello. It is late."]
    again = [shown async for shown in generation.follow(3)]  # who had seen three stretches of it
    assert again[0].anew


@pytest.mark.parametrize(("said", "state"), [(("It came. ",), "cut"), ((), "failed")])
async def test_an_error_that_nobody_thought_of_ends_the_answer_calmly(
    said, state, ada, sources, caplog, uncaught
):
    answering = companion(sources, Breaking(*said))
    generation = await begun(answering, ada)
    await generation.ended.wait()
    await answering.close()
    assert generation.response.state == state
    assert generation.sentence.endswith(".")
    assert [r.text for r in responses(ada)] == ["".join(said)] * len(said)
    assert "KeyError at test_generation.py:" in caplog.text
    assert SECRET not in caplog.text
    assert not uncaught


def failing(*_: Any, **__: Any) -> Any:
    raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    ("where", "name"), [(Growing, "tail"), (Journal, "grow_response"), (Journal, "end_response")]
)
async def test_what_fails_beside_the_answer_neither_ends_it_nor_goes_unheard(
    where, name, ada, sources, caplog, uncaught, monkeypatch
):
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(module, "SEAL_BYTES", 1)
    monkeypatch.setattr(where, name, failing)
    model = ScriptedModel("It came. ", "And it stayed.", hold_at=1)
    answering = companion(sources, model)
    generation = await begun(answering, ada)
    for _ in range(1_000):
        if caplog.text or name == "end_response":
            break
        await asyncio.sleep(0.005)
    model.go_on()
    await generation.ended.wait()
    await answering.close()
    assert generation.response.state == "done"
    assert generation.text == "It came. And it stayed."
    assert "RuntimeError at test_generation.py:" in caplog.text
    assert SECRET not in caplog.text
    assert not uncaught
    (kept,) = responses(ada)
    assert kept.state == ("writing" if name == "end_response" else "done")


async def test_the_loop_is_never_where_a_growing_answer_is_rendered(ada, sources, monkeypatch):
    loops = []
    tail = Growing.tail

    def noted(growing: Growing) -> str:
        try:
            loops.append(asyncio.get_running_loop())
        except RuntimeError:
            loops.append(None)
        return tail(growing)

    monkeypatch.setattr(Growing, "tail", noted)
    answering = companion(sources, ScriptedModel("one\n\n", "two"))
    generation = await begun(answering, ada)
    async for _ in generation.follow(0):
        pass
    await answering.close()
    assert set(loops) <= {None}


async def test_what_is_rendered_so_far_is_what_readers_were_sent(ada, sources):
    model = ScriptedModel(*(f"line {n}\n\n" for n in range(6)), hold_at=0)
    answering = companion(sources, model)
    generation = await begun(answering, ada)
    page, tail = "", ""
    async for shown in generation.follow(0):
        if shown.number is None:
            tail = shown.html
        else:
            page, tail = page + shown.html, ""
        if shown.number is None:
            assert page + tail == generation.html
            text = generation.text
            assert generation.html == render(text[: len(text)])
            model.go_on(1)
            if text.count("line") == 6:
                break
        elif not page:
            model.go_on(1)
    await answering.close()


@pytest.fixture
def held_begin(monkeypatch) -> tuple[asyncio.Event, asyncio.Event]:
    """Holds what begins an answer between its row and its writer: (it is there, go on)."""
    there, go_on = asyncio.Event(), asyncio.Event()
    begin: Callable[..., Any] = Journal.begin_response

    async def held(journal: Journal, *begun: Any) -> Response:
        kept = await begin(journal, *begun)
        there.set()
        await go_on.wait()
        return kept

    monkeypatch.setattr(Journal, "begin_response", held)
    return there, go_on


async def test_locking_while_an_answer_is_begun_leaves_nothing_half_begun(ada, sources, held_begin):
    there, go_on = held_begin
    answering = companion(sources, ScriptedModel("one"))
    entry = await write(ada, "the heron came back")
    asking = asyncio.create_task(answering.respond(entry.id, "key"))
    await there.wait()
    closing = asyncio.create_task(answering.close())
    await asyncio.sleep(0)
    go_on.set()
    await closing
    with pytest.raises(Locked):
        await asking
    assert responses(ada) == []
    with pytest.raises(Locked):
        await answering.respond(entry.id, "another")


async def test_who_leaves_while_an_answer_is_begun_finds_it_written(
    ada, sources, held_begin, uncaught
):
    there, go_on = held_begin
    answering = companion(sources, ScriptedModel("one"))
    entry = await write(ada, "the heron came back")
    asking = asyncio.create_task(answering.respond(entry.id, "key"))
    await there.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    go_on.set()
    again = await answering.respond(entry.id, "key")
    generation = answering.generation(again.id)
    assert generation
    await generation.ended.wait()
    await answering.close()
    assert [(r.text, r.state) for r in responses(ada)] == [("one", "done")]
    assert not uncaught


async def test_asking_about_what_is_gone_is_said_to_who_asks(ada, sources):
    answering = companion(sources, ScriptedModel("one"))
    with pytest.raises(NotFound):
        await answering.respond(bytes(16), "key")
    await answering.close()
