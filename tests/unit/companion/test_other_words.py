"""Other words for a search are a few, whatever a model says, and it is told the query alone."""

import asyncio
import logging
from typing import Any

import pytest
from tests.support.journals import write
from tests.support.server import ScriptedModel
from tests.support.upstream import Upstream, chunk, streams

from llamora.companion import other_words as module
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.generation import Failed
from llamora.companion.model import Busy, CutShort, ModelError, TooSlow, Unreachable
from llamora.companion.other_words import NO_MODEL, NOTHING, items_in
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.search.other_words import MOST, usable
from llamora.vault import Locked

# What a model says

FROST = ("frost", "ice", "bitterly cold")


@pytest.mark.parametrize(
    "reply",
    [
        '{"words": ["frost", "ice", "bitterly cold"]}',
        '["frost", "ice", "bitterly cold"]',
        '```json\n{"words": ["frost", "ice", "bitterly cold"]}\n```',
        '{"words": ["frost", "ice", "bitterly cold", "col',  # it was cut short
        '{"words": "frost, ice, bitterly cold"}',
        '{"words": [{"word": "frost"}, {"word": "ice"}, {"word": "bitterly cold"}]}',
        'Sure! Here is the list:\n["frost", "ice", "bitterly cold"]\nShall I go on?',
        "frost, ice, bitterly cold",
        "frost; ice; bitterly cold.",
        "frost\nice\nbitterly cold\n",
        "1. Frost\n2. ice\n3) bitterly cold",
        "- frost\n- ice\n* bitterly cold",
        "**frost**\n“ice”\n'bitterly cold'",
        "Other words: frost, ice, bitterly cold",
        "Here are some words you could try:\n\n1. frost\n2. ice\n3. bitterly cold\n\nGood luck!",
        "frost – what lies on the grass\nice (on the pond)\nbitterly cold: the weather",
        "The page may hold one of these.\nfrost\nice\nbitterly cold\nI hope that this helps.",
        "frost\nfrost\nice\nFrost\nbitterly cold\n" * 9,
    ],
)
def test_words_come_through_in_whatever_form_they_are_listed(reply: str) -> None:
    found = usable(items_in(reply), "a hard winter", "en")
    assert tuple(word.lower() for word in found) == FROST


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "   \n\n",
        "null",
        "{}",
        "[]",
        '{"words": []}',
        '{"words": [7, null]}',
        "[" * 100_000,
        "{" * 100_000,
        "9" * 10_000,
        "I am sorry, but I cannot help anybody with that.",
        "What a beautiful thing to look for!",
        "A hard winter.",
    ],
)
def test_a_reply_that_lists_nothing_comes_to_nothing(reply: str) -> None:
    assert usable(items_in(reply), "a hard winter", "en") == ()


def test_a_long_reply_is_read_at_its_beginning() -> None:
    reply = "\n".join(f"word{n}" for n in range(100_000))
    assert usable(items_in(reply), "winter") == tuple(f"word{n}" for n in range(MOST))


# In a journal


def asking(sources: Sources, *said: str | ModelError, **more: Any) -> Companion:
    model = ScriptedModel(*said, **more) if said else None
    return Companion(sources, model, Prompts(), CompanionLimits())


def model_of(companion: Companion) -> ScriptedModel:
    assert isinstance(companion.model, ScriptedModel)
    return companion.model


async def test_the_model_is_told_what_was_typed_and_nothing_of_the_journal(ada, searching):
    entry = await write(ada, "Ice on the pond this morning, and a heron standing on it for hours.")
    await searching.traces.keep(entry.id, "pond")
    await (await searching.search()).whole()
    companion = asking(searching, '{"words": ["frost", ', '"ice", "a hard winter"]}')
    assert await companion.other_words("a hard winter") == ("frost", "ice")
    (asked,) = model_of(companion).asked
    told = "\n".join(message.text for message in asked)
    assert "\n~~~\na hard winter\n~~~" in f"\n{told}"
    assert "In English, which the diary is written in" in told
    assert not any(word in told for word in ("heron", "pond", "morning", "ada"))
    assert model_of(companion).schemas == [module.SCHEMA]


async def test_in_a_journal_without_a_language_words_are_asked_for_in_that_of_the_query(searching):
    companion = asking(searching, "Frost")
    await companion.other_words("Winter")
    assert "In the language of what they typed" in model_of(companion).asked[0][0].text


async def test_nothing_of_it_is_kept_or_logged(ada, store, searching, caplog):
    caplog.set_level(logging.DEBUG)
    before = ada.seen
    companion = asking(searching, "frost, ice")
    assert await companion.other_words("hardwinter") == ("frost", "ice")
    for failed in (asking(searching, Unreachable("10.0.0.1")), asking(searching, "no-no!")):
        with pytest.raises(Failed):
            await failed.other_words("hardwinter")
    assert ada.seen == before
    assert not any(word in caplog.text for word in ("frost", "ice,", "hardwinter", "no-no"))


async def test_without_a_model_there_is_nobody_to_ask(searching):
    with pytest.raises(Failed, match=NO_MODEL):
        await asking(searching).other_words("winter")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Unreachable("10.0.0.1"), Unreachable.sentence),
        (CutShort("x"), CutShort.sentence),
        ("I could not say, since I was not there at the time.", NOTHING),
        ("", NOTHING),
    ],
)
async def test_each_failure_is_one_sentence(said, sentence, searching):
    with pytest.raises(Failed) as failed:
        await asking(searching, said).other_words("winter")
    assert failed.value.sentence == sentence


async def test_a_slow_model_is_not_waited_for(searching, monkeypatch):
    await (await searching.search()).loaded()
    monkeypatch.setattr(module, "MODEL_SECONDS", 0.05)
    companion = asking(searching, "frost", hold_at=0)
    with pytest.raises(Failed, match=TooSlow.sentence):
        await companion.other_words("winter")
    assert model_of(companion).left == 1, "its connection is closed"


async def test_who_asks_twice_at_once_asks_the_model_once(searching):
    companion = asking(searching, "frost", hold_at=0)
    both = [asyncio.create_task(companion.other_words("winter")) for _ in range(2)]
    await until_asked(model_of(companion))
    both[0].cancel()
    await asyncio.sleep(0)
    model_of(companion).go_on()
    assert await both[1] == ("frost",)
    assert both[0].cancelled()
    assert len(model_of(companion).asked) == 1


async def test_another_question_has_the_one_before_give_way(searching):
    companion = asking(searching, "frost", hold_at=0)
    first = asyncio.create_task(companion.other_words("winter"))
    await until_asked(model_of(companion))
    others = [asyncio.create_task(companion.other_words(f"winter {n}")) for n in range(20)]
    for one in (first, *others[:-1]):
        with pytest.raises(Failed, match=Busy.sentence):
            await one
    model_of(companion).go_on()
    assert await others[-1] == ("frost",)
    assert len(model_of(companion).asked) == 2, "the first and the last"


async def test_who_asks_again_after_it_gave_way_asks_anew(searching):
    companion = asking(searching, "frost", hold_at=0)
    first = asyncio.create_task(companion.other_words("winter"))
    await until_asked(model_of(companion))
    await companion.fall_silent()
    again = asyncio.create_task(companion.other_words("winter"))
    with pytest.raises(Failed, match=Busy.sentence):
        await first
    model_of(companion).go_on()
    assert await again == ("frost",)


async def test_the_last_who_leaves_takes_the_question_along(searching):
    companion = asking(searching, "frost", hold_at=0)
    await (await searching.search()).loaded()
    before = asyncio.all_tasks()
    both = [asyncio.create_task(companion.other_words("winter")) for _ in range(2)]
    await until_asked(model_of(companion))
    for one in both:
        one.cancel()
    await asyncio.gather(*both, return_exceptions=True)
    assert model_of(companion).left == 1
    assert asyncio.all_tasks() == before


async def test_an_answer_that_is_asked_for_comes_first(ada, searching):
    entry = await write(ada, "I could not sleep.")
    companion = asking(searching, "It is late.", hold_at=0)
    reader = asyncio.create_task(companion.other_words("winter"))
    await until_asked(model_of(companion))
    await companion.respond(entry.id, "key")
    with pytest.raises(Failed, match=Busy.sentence):
        await reader
    assert model_of(companion).left == 1
    await companion.close()


async def test_who_wants_no_companion_any_more_ends_the_question(searching):
    companion = asking(searching, "frost", hold_at=0)
    reader = asyncio.create_task(companion.other_words("winter"))
    await until_asked(model_of(companion))
    await companion.fall_silent()
    with pytest.raises(Failed):
        await reader
    assert model_of(companion).left == 1


async def test_locking_ends_the_question(searching):
    companion = asking(searching, "frost", hold_at=0)
    reader = asyncio.create_task(companion.other_words("winter"))
    await until_asked(model_of(companion))
    await companion.close()
    for refused in (reader, companion.other_words("winter")):
        with pytest.raises(Locked):
            await refused
    assert len(model_of(companion).asked) == model_of(companion).left == 1


async def test_a_long_query_is_cut_to_a_small_window(searching):
    companion = asking(searching, "frost", window=512)
    await companion.other_words(f"first {'long ' * 90} last")
    _, user = model_of(companion).asked[0]
    assert "first" in user.text
    assert "last" in user.text
    assert len(user.text) < 400


async def test_thoughts_and_a_loop_of_a_real_endpoint_are_left_out(searching):
    thinking = [chunk("<think>They want fire, coal, smoke.</think>"), chunk("frost, ice, ")]
    looping = [chunk("snow, snow, ") for _ in range(400)]
    async with Upstream(streams(*thinking, *looping)) as server:
        model = Endpoint(ModelSettings(host=server.url))
        companion = Companion(searching, model, Prompts(), CompanionLimits())
        assert await companion.other_words("winter") == ("frost", "ice", "snow")


async def test_the_real_llama_is_held_to_the_form(searching, llama):
    """It says what it likes, an empty list among others; whatever it says is in the form."""
    settings = ModelSettings(host=llama.url, api_key=llama.api_key)
    companion = Companion(searching, Endpoint(settings), Prompts(), CompanionLimits())
    said: set[str] = set()
    for _ in range(20):
        try:
            found = await companion.other_words("a hard winter")
        except Failed as e:
            said.add(e.sentence)
        else:
            assert set(found) <= {"calm", "heron", "letter", "sleep", "window"}
            break
    else:
        raise AssertionError("It never had a word.")
    assert said <= {NOTHING}


async def until_asked(model: ScriptedModel) -> None:
    for _ in range(500):
        if model.asked:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the model was not asked")
