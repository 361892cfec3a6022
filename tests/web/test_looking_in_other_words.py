"""Looking in other words, over HTTP: offered where a model is, and asked of it by a press."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from html import unescape

import pytest
from tests.support.accounts import Registered
from tests.support.server import ScriptedModel, journal_settings, serving
from tests.support.visitor import Form, Visitor, fields, words
from tests.web.test_search import ask, found, read_in, typed

from llamora.companion.model import ModelError, Unreachable
from llamora.companion.other_words import NOTHING

PATH = "/search/other-words"
BUTTON = "Look in other words"
TWO = '{"words": ["plumber", "boiler"]}'


@asynccontextmanager
async def _ada(account: Registered, model: ScriptedModel | None) -> AsyncIterator[Visitor]:
    async with (
        serving(journal_settings(account.path), model=model) as server,
        Visitor(server) as ada,
    ):
        await ada.enter()
        await ada.write("The plumber came about the boiler.", "2019-05-17")
        await ada.write("The plumber again, and the piano tuner.", "2021-03-09")
        await ada.write("A letter from the north, and no more than that.", "2020-01-01")
        await read_in(ada, 3)
        yield ada


With = Callable[..., AbstractAsyncContextManager[Visitor]]


@pytest.fixture
def ada_with(account: Registered) -> With:
    """Ada, with a few days and that model."""
    return lambda model: _ada(account, model)


async def pressed(ada: Visitor, query: str, **more: str) -> str:
    """The page that a press leads to, without scripts."""
    sent = await ada.send(PATH, {"query": query, **more})
    assert sent.status_code == 303
    assert re.fullmatch(r"/search/queries/[0-9a-f]{32}", sent.headers["Location"])
    return (await ada.visit(sent.headers["Location"])).text


def others(html: str) -> list[str]:
    """The words beside the query, as the page shows them."""
    return [unescape(one) for one in re.findall(r'name="less" value="([^"]*)"', html)]


async def test_it_is_offered_under_a_search_and_the_model_is_asked_by_a_press_only(
    ada_with: With,
) -> None:
    model = ScriptedModel(TWO)
    async with ada_with(model) as ada:
        before = await ask(ada, "zzzz repairman")
        assert BUTTON in words(before)
        assert "Nothing found." in words(before)
        assert model.asked == []
        after = await pressed(ada, "zzzz repairman")
        assert len(model.asked) == 1
        assert others(after) == ["plumber", "boiler"]
        assert found(after)[:2] == ["2019-05-17", "2021-03-09"]
        assert "<mark>plumber</mark>" in after
        assert BUTTON not in words(after)
        assert typed(after) == "zzzz repairman"


async def test_the_model_is_told_the_free_words_and_nothing_that_was_written(
    ada_with: With,
) -> None:
    model = ScriptedModel(TWO)
    async with ada_with(model) as ada:
        html = await pressed(ada, "repairman in may 2019 -gas by:me")
        assert found(html) == ["2019-05-17"], "what narrows goes on narrowing"
    (asked,) = model.asked
    told = " ".join(message.text for message in asked)
    assert "~~~\nrepairman\n~~~" in told
    assert not any(word in told for word in ("2019", "gas", "by:me", "plumber", "letter"))


@pytest.mark.parametrize(
    "query", ["on:2019", "-rain", '"the plumber"', "trace:house by:me", "last summer", "...", " "]
)
async def test_where_there_are_no_free_words_it_is_not_offered(ada_with: With, query: str) -> None:
    model = ScriptedModel(TWO)
    async with ada_with(model) as ada:
        assert BUTTON not in words(await ask(ada, query))
        assert (await ada.send(PATH, {"query": query})).status_code == 400
    assert model.asked == []


async def test_without_a_model_it_is_not_offered(ada_with: With) -> None:
    async with ada_with(None) as ada:
        for query in ("repairman", "plumber"):
            assert BUTTON not in words(await ask(ada, query))
        assert (await ada.send(PATH, {"query": "repairman"})).status_code == 404


async def test_where_the_companion_is_off_it_is_not_offered(ada_with: With) -> None:
    model = ScriptedModel(TWO)
    async with ada_with(model) as ada:
        await ada.send("/settings/companion", {})
        assert BUTTON not in words(await ask(ada, "repairman"))
        assert (await ada.send(PATH, {"query": "repairman"})).status_code == 404
    assert model.asked == []


# Pieces


async def test_a_script_gets_the_results_anew(ada_with: With) -> None:
    async with ada_with(ScriptedModel(TWO)) as ada:
        piece = await ada.htmx("POST", PATH, {"query": "repairman"})
        assert piece.status_code == 200
        assert '<hx-partial hx-target="#found" hx-swap="outerHTML">' in piece.text
        assert others(piece.text) == ["plumber", "boiler"]
        assert "<html" not in piece.text


async def test_a_word_is_taken_off_without_asking_again(ada_with: With) -> None:
    model = ScriptedModel(TWO)
    async with ada_with(model) as ada:
        await pressed(ada, "repairman")
        form: Form = {"query": "repairman", "other": ["plumber", "boiler"], "less": "plumber"}
        less = await ada.htmx("POST", "/search", form)
        assert others(less.text) == ["boiler"]
        sent = await ada.send("/search", form)
        assert others((await ada.visit(sent.headers["Location"])).text) == ["boiler"]
        none = await ada.htmx("POST", "/search", {**form, "other": "plumber"})
        assert others(none.text) == []
        assert BUTTON in words(none.text)
        assert len(model.asked) == 1


async def test_more_results_and_narrowing_keep_the_words(ada_with: With) -> None:
    async with ada_with(ScriptedModel(TWO)) as ada:
        for n in range(10):
            await ada.write(f"The plumber, call number {n}.", f"2022-01-{n + 1:02d}")
            await ada.write(f"Nothing but rain, day {n}.", f"2022-03-{n + 1:02d}")
        await read_in(ada, 23)
        html = await pressed(ada, "repairman")
        form: Form = {"query": "repairman", "other": ["plumber", "boiler"]}
        assert fields(html)["other"] in form["other"]
        more = await ada.htmx("POST", "/search", {**form, "offset": "10"})
        assert found(more.text)
        assert not set(found(more.text)) & set(found(html)[:10])
        rest = await ada.htmx("POST", "/search", {**form, "offset": "5"})
        assert found(rest.text)[:5] == found(html)[5:10]
        assert html.count('name="other" value="boiler"') > 3, "each form of the page sends them"
        sent = await ada.send("/search", {**form, "year": "2019"})
        narrowed = (await ada.visit(sent.headers["Location"])).text
        assert found(narrowed) == ["2019-05-17"]
        assert others(narrowed) == ["plumber", "boiler"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (Unreachable("10.0.0.1"), Unreachable.sentence),
        ("I could not say, since I was not there at the time.", NOTHING),
    ],
)
async def test_a_model_that_has_none_is_a_sentence_and_the_results_stay(
    ada_with: With, said: str | ModelError, sentence: str
) -> None:
    async with ada_with(ScriptedModel(said)) as ada:
        piece = await ada.htmx("POST", PATH, {"query": "plumber"})
        assert piece.status_code == 200
        assert sentence in words(piece.text)
        assert 'id="found"' not in piece.text, "the results are left as they are"
        page = await pressed(ada, "plumber")
        assert sentence in words(page)
        assert BUTTON in words(page)
        assert len(found(page)) == 2


async def test_two_presses_at_once_ask_once(ada_with: With) -> None:
    model = ScriptedModel(TWO, hold_at=0)
    async with ada_with(model) as ada:
        both = [
            asyncio.create_task(ada.htmx("POST", PATH, {"query": "repairman"})) for _ in range(2)
        ]
        await until_asked(model)
        await asyncio.sleep(0.1)
        model.go_on()
        for answer in await asyncio.gather(*both):
            assert others(answer.text) == ["plumber", "boiler"]
    assert len(model.asked) == 1


async def test_who_switches_the_companion_off_meanwhile_ends_the_question(
    ada_with: With,
) -> None:
    model = ScriptedModel(TWO, hold_at=0)
    async with ada_with(model) as ada:
        waiting = asyncio.create_task(ada.htmx("POST", PATH, {"query": "repairman"}))
        await until_asked(model)
        await ada.send("/settings/companion", {})
        assert others((await waiting).text) == []
        assert model.left == 1


async def test_the_words_are_in_no_address_and_no_log(
    ada_with: With, account: Registered, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with ada_with(ScriptedModel('["zeppelinese", "boilerish"]')) as ada:
        caplog.clear()
        html = await pressed(ada, "repairmanish")
        assert others(html) == ["zeppelinese", "boilerish"]
        assert not re.search(r'(?:href|action|hx-\w+)="[^"]*(?:zeppelin|boilerish)', html)
        remembered = await ada.visit("/search")
        assert "zeppelinese" not in remembered.text
        assert "repairmanish" not in remembered.text, "a press remembers nothing"
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpcore")]
    assert not any(word in " ".join(ours) for word in ("zeppelinese", "boilerish", "repairmanish"))
    for file in account.path.parent.rglob("*"):
        assert not file.is_file() or b"zeppelinese" not in file.read_bytes()


async def test_whatever_is_sent_along_as_words_is_only_words(ada_with: With) -> None:
    async with ada_with(ScriptedModel(TWO)) as ada:
        hostile = ["<script>x</script>", "before:1000", "-plumber", "\0", "x" * 5_000, "\u202e"]
        sent: Form = {"query": "repairman", "other": [*hostile, *(f"w{n}" for n in range(500))]}
        piece = await ada.htmx("POST", "/search", sent)
        assert piece.status_code == 200
        assert "<script>" not in piece.text
        assert found(piece.text)[:2] == ["2019-05-17", "2021-03-09"]
        assert len(others(piece.text)) <= 12


async def until_asked(model: ScriptedModel) -> None:
    for _ in range(500):
        if model.asked:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the model was not asked")
