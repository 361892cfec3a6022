"""Suggestions are a few names, whatever a model says, and nothing is done with them."""

import asyncio
import json
import logging
from typing import Any

import pytest
from tests.support.journals import write
from tests.support.server import ScriptedModel

from llamora.companion import suggest_traces as module
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import CutShort, ModelError, Unreachable
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.companion.suggest_traces import ITEMS_READ, Suggestion, chosen, names_in
from llamora.journal.errors import NotFound
from llamora.traces.names import alike
from llamora.traces.traces import Trace
from llamora.vault import Locked

# What is chosen


def trace(name: str, *, resting: bool = False) -> Trace:
    return Trace(name.encode(), name, resting=resting)


IN_USE = [trace(name) for name in ("garden", "heron", "rain", "river", "work", "🎉", "🌧")]
IN_USE.append(trace("grief", resting=True))


def in_use(name: str) -> Trace | None:
    return next((trace for trace in IN_USE if alike(trace.name) & alike(name)), None)


def picked(near: str, names: str, kept: str = "") -> str:
    """What is chosen; new names with a plus before them."""
    named = {trace.name: trace for trace in IN_USE}
    found = chosen(
        [named[name] for name in near.split()],
        names.split(),
        [named[name] for name in kept.split()],
        in_use,
    )
    assert all(one.is_new or one.trace == named[one.name].id for one in found)
    return " ".join(f"{'+' if one.is_new else ''}{one.name}" for one in found)


@pytest.mark.parametrize(
    ("near", "names", "kept", "expected"),
    [
        ("", "", "", ""),
        ("garden heron rain river work", "", "", "garden heron rain river"),
        ("", "sleep", "", "+sleep"),
        ("", "sleep letter window", "", "+sleep +letter"),  # two new ones at most
        ("garden heron rain river", "sleep", "", "garden heron rain +sleep"),
        ("garden heron rain river", "sleep letter", "", "garden heron +sleep +letter"),
        ("garden", "rivers", "", "garden river"),  # what it names is in use, spelled otherwise
        ("garden heron rain", "river sleep", "", "garden heron river +sleep"),
        ("garden", "garden gardens", "", "garden"),
        ("", "letter letters", "", "+letter"),  # two spellings of one new name
        ("garden heron", "herons sleep", "heron", "garden +sleep"),  # the entry has it
        ("🎉 garden", "🌧 🐦", "", "🎉 garden"),  # one emoji
        ("garden", "🐦 sleep letter", "", "garden +🐦 +sleep"),
        ("🎉 garden", "sleep", "🌧", "🎉 garden +sleep"),
        ("grief garden", "grief", "", "garden"),  # what rests is left to rest
    ],
)
def test_up_to_four_are_chosen_those_in_use_first(near, names, kept, expected):
    assert picked(near, names, kept) == expected


# What a model says


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["garden", "Night train"], ["garden", "night-train"]),
        (["#garden", " :tada: "], ["garden", "🎉"]),
        (["散歩", "ночной поезд", "grand’mère"], ["散歩", "ночной-поезд", "grandmère"]),
        (["You should go for more walks.", "walk"], ["walk"]),
        (["you should go for more walks"], []),
        (["walk, garden", "walk/garden", "a: b", "<b>x</b>", "{{ x }}"], []),
        (["wa\x00lk", "wal\u202ek", "walk\n", "\ud800", "\ue000"], []),
        ([7, 2.5, None, True, ["walk"], {"name": "walk"}, "2024"], []),
        (["", " ", "-", "…", "🎉🎉", "🎉 party"], []),
        (["a" * 41, "a" * 100_000, "ﷺ" * 30], []),
        ([], []),
    ],
)
def test_a_name_comes_through_and_all_else_comes_to_nothing(items, expected):
    assert names_in(json.dumps({"traces": items})) == expected


def test_a_long_list_is_read_at_its_beginning():
    names = [f"word-{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(500)]
    assert names_in(json.dumps({"traces": names})) == names[:ITEMS_READ]


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "walk, garden",
        '{"traces": ["walk"',
        '{"traces": "walk"}',
        '{"traces": {"walk": 1}}',
        '{"tags": ["walk"]}',
        '["walk"]',
        '"walk"',
        "null",
        '{"traces": ["walk"]} and so on',
        "[" * 100_000,
        "9" * 10_000,
    ],
)
def test_a_reply_of_another_form_names_nothing(reply):
    assert names_in(reply) == []


def test_a_reply_in_a_fence_is_read_all_the_same():
    assert names_in('```json\n{"traces": ["walk"]}\n```') == ["walk"]


# In a journal


def suggesting(sources: Sources, *said: str | ModelError, **more: Any) -> Companion:
    model = ScriptedModel(*said, **more) if said else None
    return Companion(sources, model, Prompts(), CompanionLimits())


async def suggested(companion: Companion, entry: bytes) -> list[str]:
    """New names with a plus before them."""
    found = await companion.suggest_traces(entry)
    return [f"{'+' if one.is_new else ''}{one.name}" for one in found]


def naming(*names: str) -> str:
    return json.dumps({"traces": names})


async def test_what_is_near_comes_first_and_then_what_the_model_names(ada, sources, search):
    other = await write(ada, "The garden again.")
    garden = await sources.traces.keep(other.id, "garden")
    entry = await write(ada, "I could not sleep.")
    search.near = [garden.id]
    companion = suggesting(sources, '{"tra', 'ces": ["sleep", "gardens"]}')
    assert await companion.suggest_traces(entry.id) == [
        Suggestion("garden", garden.id),
        Suggestion("sleep"),
    ]


async def test_nothing_of_a_suggestion_is_kept(ada, store, sources, search):
    entry = await write(ada, "I could not sleep.")
    before = ada.seen
    search.labels = ["sleep"]
    assert await suggested(suggesting(sources), entry.id) == ["+sleep"]
    assert ada.seen == before
    assert sources.traces.all() == []
    assert store.row("SELECT count(*) FROM traces") == (0,)


async def test_without_a_model_an_entry_offers_its_own_words_and_a_picture(ada, sources, search):
    entry = await write(ada, "I could not sleep.")
    search.labels, search.emoji = ["night train", "sleep"], "🌙"
    assert await suggested(suggesting(sources), entry.id) == ["+night-train", "+🌙"]
    search.emoji = None
    assert await suggested(suggesting(sources), entry.id) == ["+night-train", "+sleep"]
    search.labels = []
    assert await suggested(suggesting(sources), entry.id) == []


@pytest.mark.parametrize(
    "said", ["Sure! I would call it sleep.", "", Unreachable("10.0.0.1"), CutShort("x")]
)
async def test_a_model_that_names_nothing_leaves_it_to_the_entrys_own_words(
    said, ada, sources, search, caplog
):
    caplog.set_level(logging.DEBUG)
    entry = await write(ada, "The heron could not sleep.")
    search.labels = ["heron"]
    assert await suggested(suggesting(sources, said), entry.id) == ["+heron"]
    assert "heron" not in caplog.text
    assert "sleep" not in caplog.text


async def test_the_model_is_told_the_entry_and_the_names_beside_it_and_asked_for_a_form(
    ada, sources, search
):
    other = await write(ada, "The garden again.")
    garden = await sources.traces.keep(other.id, "garden")
    entry = await write(ada, "I could not sleep.")
    await sources.traces.keep(entry.id, "night")
    search.near = [garden.id]
    model = ScriptedModel(naming("sleep", "night"))
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    assert await suggested(companion, entry.id) == ["garden", "+sleep"]
    told = "\n".join(message.text for message in model.asked[0])
    for words in ("I could not sleep.", "no other word for the same: garden", "repeat them: night"):
        assert words in told
    assert "again" not in told
    assert model.schemas == [module.SCHEMA]


async def test_a_long_entry_is_read_at_both_ends(ada, sources):
    entry = await write(ada, f"First. {'word ' * 12_000} Last.")
    model = ScriptedModel(naming("sleep"), window=1024)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    assert await suggested(companion, entry.id) == ["+sleep"]
    asked = "".join(message.text for message in model.asked[0])
    assert "First." in asked
    assert "Last." in asked
    assert len(asked) < 6_000


async def test_a_slow_model_is_not_waited_for(ada, sources, search, monkeypatch):
    monkeypatch.setattr(module, "MODEL_SECONDS", 0.05)
    entry = await write(ada, "I could not sleep.")
    search.labels = ["sleep"]
    model = ScriptedModel(naming("night"), hold_at=0)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    assert await suggested(companion, entry.id) == ["+sleep"]
    assert model.left == 1, "its connection is closed"


async def test_what_was_kept_while_the_model_was_thinking_is_not_offered(ada, sources):
    entry = await write(ada, "I could not sleep.")
    model = ScriptedModel(naming("sleep", "night"), hold_at=0)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    reader = asyncio.create_task(suggested(companion, entry.id))
    await until_asked(model)
    await sources.traces.keep(entry.id, "sleep")
    model.go_on()
    assert await reader == ["+night"]


async def test_who_leaves_takes_the_question_to_the_model_along(ada, sources):
    entry = await write(ada, "I could not sleep.")
    model = ScriptedModel(naming("night"), hold_at=0)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    before = asyncio.all_tasks()
    reader = asyncio.create_task(companion.suggest_traces(entry.id))
    await until_asked(model)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    assert model.left == 1
    assert asyncio.all_tasks() == before


async def test_an_answer_that_is_asked_for_comes_before_suggestions(ada, sources, search):
    entry = await write(ada, "I could not sleep.")
    search.labels = ["sleep"]
    model = ScriptedModel("It is late.", hold_at=0)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    reader = asyncio.create_task(suggested(companion, entry.id))
    await until_asked(model)
    await companion.respond(entry.id, "key")
    assert await reader == ["+sleep"]
    assert model.left == 1
    await companion.close()


async def test_locking_ends_the_question_to_the_model(ada, sources):
    entry = await write(ada, "I could not sleep.")
    model = ScriptedModel(naming("night"), hold_at=0)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    reader = asyncio.create_task(suggested(companion, entry.id))
    await until_asked(model)
    await companion.close()
    assert model.left == 1
    with pytest.raises(Locked):
        await reader
    with pytest.raises(Locked):
        await companion.suggest_traces(entry.id)
    assert len(model.asked) == 1


async def test_an_entry_that_is_gone_gets_no_suggestions(ada, sources):
    with pytest.raises(NotFound):
        await suggesting(sources).suggest_traces(bytes(16))


async def test_a_real_model_names_traces(ada, sources, llama):
    entry = await write(ada, "The heron came back.")
    model = Endpoint(ModelSettings(host=llama.url, api_key=llama.api_key))
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    found = [one for _ in range(10) for one in await companion.suggest_traces(entry.id)]
    await model.aclose()
    assert found, "it may name none, but not ten times"
    assert {one.name for one in found} <= {"calm", "heron", "letter", "sleep", "window"}


async def until_asked(model: ScriptedModel) -> None:
    while not model.asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
