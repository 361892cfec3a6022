"""The opening of a day on its page: it comes by itself once, and goes when it is let rest."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.traces import the_open
from tests.support.visitor import STREAM, TODAY, Visitor, words

from llamora.companion.model import Unreachable
from llamora.web.unlocked import IDLE

YESTERDAY = "2026-11-21"
PATH = f"/days/{TODAY}/opening"
SAID = "The beans are in. The letter is still unsent."
ASKS = f'hx-post="{PATH}" hx-trigger="load"'


@asynccontextmanager
async def house(
    account: Registered, model: ScriptedModel | None = None, **variables: Any
) -> AsyncGenerator[tuple[Server, Visitor]]:
    """A server with this model; Ada, signed in, who wrote yesterday."""
    settings = journal_settings(account.path, **variables)
    async with serving(settings, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        await ada.write("The **beans** are in. Tea.", YESTERDAY)
        yield server, ada


async def streamed(ada: Visitor, day: str = TODAY) -> str:
    """All that the stream of an opening sends."""
    answer = await ada.http.get(f"/days/{day}/opening/stream", headers=STREAM)
    assert answer.status_code == 200
    return answer.text


def section(page: str) -> str:
    """The opening's place on a page."""
    found = re.search(r'<section class="opening".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


async def test_the_page_of_today_asks_for_its_opening_once(account: Registered) -> None:
    model = ScriptedModel("The beans are in. ", "The letter is still unsent.")
    async with house(account, model) as (_, ada):
        assert ASKS in section(await ada.day())
        assert model.asked == [], "looking at a page asks nobody anything"
        begun = await ada.htmx("POST", PATH)
        assert begun.status_code == 200
        assert f'<reply-stream src="{PATH}/stream"' in begun.text
        assert SAID in words(await streamed(ada)).replace("\\n", " ")
        page = await ada.day()
        assert SAID in words(section(page))
        assert "Companion · scripted-1b" in words(section(page))
        assert ASKS not in page
        assert page.index('id="opening"') < page.index('id="entries"')
        await ada.htmx("POST", PATH)
        assert len(model.asked) == 1


async def test_two_tabs_make_one_opening(account: Registered) -> None:
    model = ScriptedModel(SAID, hold_at=0)
    async with house(account, model) as (_, ada):
        await asyncio.gather(*(ada.htmx("POST", PATH) for _ in range(6)))
        model.go_on()
        await streamed(ada)
        assert len(model.asked) == 1
        assert (await ada.day()).count(SAID) == 1


async def test_two_servers_make_one_opening(account: Registered) -> None:
    model = ScriptedModel(SAID, hold_at=0)
    other = ScriptedModel("Something else.")
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        settings = journal_settings(account.path)
        async with serving(settings, model=other) as second, Visitor(second) as there:
            await there.enter()
            assert "<reply-stream" in section((await there.htmx("POST", PATH)).text)
            model.go_on()
            await streamed(ada)
            await streamed(there)
            assert SAID in words(section(await there.day()))
    assert other.asked == []


async def test_stopped_it_keeps_what_was_said(account: Registered) -> None:
    model = ScriptedModel("The beans ", "are in.", " Never said.", hold_at=2)
    async with house(account, model) as (server, ada):
        begun = await ada.htmx("POST", PATH)
        assert f'hx-delete="{PATH}/generation"' in begun.text
        async with asyncio.timeout(10):
            while "are in." not in section(await ada.day()):  # noqa: ASYNC110 - nor the page
                await asyncio.sleep(0.02)
        stopped = section((await ada.htmx("DELETE", f"{PATH}/generation")).text)
        assert "The beans are in." in words(stopped)
        assert "You stopped it here." in words(stopped)
        assert "Never said" not in stopped
        assert model.left == 1, "the model was let go"
        opening = the_open(server).journal.opening(date(2026, 11, 22))
        assert opening
        assert (opening.text, opening.state) == ("The beans are in.", "stopped")
        assert "You stopped it here." in words(section(await ada.day()))
        again = await ada.send(f"{PATH}/generation", method="DELETE")
        assert again.status_code == 303, "stopping what has ended is harmless"


async def test_stopped_before_a_word_it_is_not_kept_and_not_asked_for_over_again(
    account: Registered,
) -> None:
    model = ScriptedModel("never said", hold_at=0)
    async with house(account, model) as (server, ada):
        await ada.htmx("POST", PATH)
        stopped = await ada.htmx("DELETE", f"{PATH}/generation")
        assert words(section(stopped.text)) == "Try again"
        assert the_open(server).journal.opening(date(2026, 11, 22)) is None
        assert ASKS not in await ada.day()


async def test_it_is_stopped_from_another_server(account: Registered) -> None:
    model = ScriptedModel("The beans ", "are in.", hold_at=1)
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        async with asyncio.timeout(10):
            while not model.asked:  # noqa: ASYNC110 - the model has no event for it
                await asyncio.sleep(0)
        settings = journal_settings(account.path)
        async with serving(settings, model=ScriptedModel("no")) as second, Visitor(second) as there:
            await there.enter()
            await there.htmx("DELETE", f"{PATH}/generation")
            shown = section(await there.day())
        assert "reply-stream" not in shown
        assert model.left == 1


async def test_without_scripts_a_button_asks_and_leads_back(account: Registered) -> None:
    async with house(account) as (_, ada):
        shown = section(await ada.day())
        assert f'<noscript><form method="post" action="{PATH}">' in shown
        sent = await ada.send(PATH)
        assert (sent.status_code, sent.headers["Location"]) == (303, f"/days/{TODAY}#opening")
        looked = await ada.visit(PATH)
        assert looked.headers["Location"] == f"/days/{TODAY}#opening"


async def test_echo_quotes_the_last_day_and_links_it_at_once(account: Registered) -> None:
    async with house(account) as (_, ada):
        shown = section((await ada.htmx("POST", PATH)).text)
        assert "<reply-stream" not in shown
        assert "The beans are in." in words(shown), "the signs of Markdown are left out"
        assert re.search(rf'href="/days/{YESTERDAY}#entry-[0-9a-f]{{32}}">Saturday, 21', shown)
        assert "Echo · your own earlier words" in words(shown)
        assert words(section(await ada.day())) == words(shown)


async def test_on_the_first_day_ever_echo_is_silent(ada: Visitor) -> None:
    page = await ada.day()
    assert 'id="opening"' in page
    assert words(section(page)) == ""
    assert ASKS not in page
    assert words(section((await ada.htmx("POST", PATH)).text)) == ""


async def test_a_failing_model_shows_only_that_one_may_try_again(account: Registered) -> None:
    model = ScriptedModel(Unreachable("secret detail"))
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        assert "Try again" in words(await streamed(ada))
        page = await ada.day()
        assert words(section(page)) == "Try again"
        assert ASKS not in page, "it is not asked over and over"
        assert (await ada.day()).count("reply-stream") == 0
        model.pieces = (SAID,)
        await ada.htmx("POST", PATH)
        await streamed(ada)
        assert SAID in words(section(await ada.day()))


async def test_a_past_day_is_opened_only_when_asked(account: Registered) -> None:
    model = ScriptedModel(SAID)
    async with house(account, model) as (_, ada):
        await ada.write("What came before.", "2026-11-20")
        page = await ada.day(YESTERDAY)
        assert words(section(page)) == ""
        assert "hx-trigger" not in section(page)
        assert "Open this day with what came before" in words(page)
        sent = await ada.send(f"/days/{YESTERDAY}/opening")
        assert sent.status_code == 303
        await streamed(ada, YESTERDAY)
        assert SAID in words(section(await ada.day(YESTERDAY)))
        assert "What came before." in model.asked[0][1].text
        assert "beans" not in model.asked[0][1].text


async def test_a_day_to_come_is_not_opened(account: Registered) -> None:
    async with house(account, ScriptedModel(SAID)) as (_, ada):
        assert 'id="opening"' not in await ada.day("2026-11-23")
        assert (await ada.send("/days/2026-11-23/opening")).status_code == 409


async def test_let_rest_it_is_gone_and_comes_back_only_when_asked(account: Registered) -> None:
    model = ScriptedModel(SAID)
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        await streamed(ada)
        gone = await ada.htmx("DELETE", PATH)
        assert words(section(gone.text)) == "The opening rests."
        page = await ada.day()
        assert SAID not in page
        assert ASKS not in page
        await ada.htmx("POST", PATH)
        assert len(model.asked) == 1
        asked = re.search(r'name="anew" value="([0-9a-f]{32})"', page)
        assert asked
        await ada.send(PATH, {"anew": asked[1]})
        await streamed(ada)
        assert SAID in await ada.day()


async def test_it_is_made_anew_only_when_what_it_drew_on_changed(account: Registered) -> None:
    async with house(account, ScriptedModel(SAID)) as (_, ada):
        await ada.htmx("POST", PATH)
        await streamed(ada)
        assert "Make it anew" not in await ada.day()
        (entry,) = set(re.findall(r'id="entry-([0-9a-f]{32})"', await ada.day(YESTERDAY)))
        form = {"text": "The peas are in.", "revision": "1"}
        await ada.send(f"/entries/{entry}", form, "PUT")
        page = await ada.day()
        assert "Make it anew" in page
        assert SAID in page
        await ada.send(f"/entries/{entry}", method="DELETE")
        page = await ada.day()
        assert SAID not in page, "what was erased is not told of"


async def test_folded_it_stays_folded_on_every_day_and_asks_for_nothing(
    account: Registered,
) -> None:
    model = ScriptedModel(SAID)
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        await streamed(ada)
        folded = await ada.htmx("PUT", f"{PATH}/fold")
        assert words(section(folded.text)) == "Show the opening"
        assert words(section(await ada.day())) == "Show the opening"
        await ada.send("/lock")
        await ada.enter()
        assert SAID not in await ada.day()
        assert ASKS not in await ada.day()
        sent = await ada.send(f"{PATH}/fold", method="DELETE")
        assert sent.headers["Location"] == f"/days/{TODAY}#opening"
        assert SAID in await ada.day()


async def test_with_the_companion_off_no_page_mentions_it(account: Registered) -> None:
    model = ScriptedModel(SAID)
    async with house(account, model) as (_, ada):
        await ada.htmx("POST", PATH)
        await streamed(ada)
        await ada.send("/settings/companion", {})
        page = await ada.day()
        assert 'id="opening"' not in page
        assert SAID not in page
        for method in ("POST", "GET", "DELETE"):
            assert (await ada.htmx(method, PATH)).status_code == 404
        assert (await ada.htmx("GET", f"{PATH}/stream")).status_code == 404


async def test_it_is_found_by_no_search_and_takes_nothing_from_the_day(
    account: Registered,
) -> None:
    async with house(account, ScriptedModel("An extraordinary opening.")) as (server, ada):
        await ada.htmx("POST", PATH)
        await streamed(ada)
        await server.sweep()
        assert "Nothing found" in words((await ada.search("extraordinary")).text)
        entry = await ada.write("The peas.")
        await ada.send(f"/entries/{entry}", method="DELETE")
        assert "extraordinary" in await ada.day()


async def test_a_stranger_gets_401_from_the_stream(stranger: Visitor) -> None:
    answer = await stranger.http.get(f"{PATH}/stream", headers=STREAM)
    assert answer.status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_begins_nothing(account: Registered, method: str) -> None:
    model = ScriptedModel(SAID)
    async with house(account, model) as (_, ada):
        await ada.htmx(method, PATH)
        await ada.htmx(method, f"{PATH}/stream")
        await ada.day()
    assert model.asked == []


async def test_while_she_does_nothing_the_model_tells_of_past_days(
    account: Registered, clock: TurnableClock
) -> None:
    model = ScriptedModel("You brought in the beans.")
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        await ada.write("The last of the beans came in, before the rain. " * 6, YESTERDAY)
        own = words((await ada.htmx("GET", f"/days/{YESTERDAY}/recap")).text)
        assert "beans came in" in own
        await server.sweep()
        assert model.asked == [], "she has just been here"
        clock.advance(IDLE.total_seconds())
        await server.sweep()
        (opened,) = server.rooms.journals._open.values()
        making = opened.companion._recaps._making
        assert making
        await asyncio.wait({making})
        told = await ada.htmx("GET", f"/days/{YESTERDAY}/recap")
        assert words(told.text) == "You brought in the beans. — Companion"
        await ada.send("/settings/companion", {})
        told = await ada.htmx("GET", f"/days/{YESTERDAY}/recap")
        assert words(told.text) == own
        await ada.write("The peas came in, too, and the ladder went to Ruth. " * 6, "2026-11-20")
        clock.advance(IDLE.total_seconds())
        await server.sweep()
        assert len(model.asked) == 1, "the companion is off"


# What it read


async def test_an_opening_says_what_the_model_read_for_it(account: Registered) -> None:
    async with house(account, ScriptedModel(SAID)) as (_, ada):
        await ada.htmx("POST", PATH)
        assert "/opening/reading" in await streamed(ada)
        assert f'hx-get="{PATH}/reading"' in section(await ada.day())
        piece, page = await ada.htmx("GET", f"{PATH}/reading"), await ada.visit(f"{PATH}/reading")
        for shown in (piece.text, page.text):
            assert "From a day before" in words(shown)
            assert "The **beans** are in. Tea." in words(shown)
            assert "Model scripted-1b Prompt opening" in words(shown)


async def test_where_nothing_was_read_there_is_nothing_to_show(account: Registered) -> None:
    async with house(account) as (_, ada):
        await ada.htmx("POST", PATH)
        assert "/opening/reading" not in section(await ada.day())
        for what in ("opening", "recap"):
            assert (await ada.visit(f"/days/{TODAY}/{what}/reading")).status_code == 404


async def test_switched_off_the_companion_falls_silent(account: Registered) -> None:
    """What it is saying ends where it is, an opening and an answer alike."""
    model = ScriptedModel("The beans ", "are in.", hold_at=1)
    async with house(account, model, LIMITS__GENERATIONS_PER_ACCOUNT=2) as (server, ada):
        await ada.htmx("POST", PATH)
        while len(model.asked) < 1:  # noqa: ASYNC110 - the model has no event for it
            await asyncio.sleep(0)
        assert (await ada.send("/settings/companion", {})).status_code == 303
        opening = the_open(server).journal.opening(date(2026, 11, 22))
        assert opening is None or opening.state == "stopped"
        assert model.left == 1
