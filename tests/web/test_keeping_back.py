"""Keeping an entry from the model, on the page."""

from collections.abc import AsyncGenerator

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, words

WHY = "You keep this entry from the model, so the model is not asked about it."
MARK = "kept from the model let it be read"


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel("It stood there.")


@pytest.fixture
async def server(
    account: Registered, clock: TurnableClock, model: ScriptedModel
) -> AsyncGenerator[Server]:
    async with serving(journal_settings(account.path), clock=clock, model=model) as server:
        yield server


@pytest.fixture
async def heron(ada: Visitor) -> str:
    return await ada.write("The heron came back.")


async def test_it_is_offered_where_the_entry_could_rest_and_where_traces_are_attached(
    ada: Visitor, heron: str
) -> None:
    await ada.keep(heron, "heron")
    for path in (f"/entries/{heron}/erasure", f"/entries/{heron}/asking"):
        for piece in (await ada.htmx("GET", path), await ada.visit(path)):
            assert "Keep it from the model" in words(piece.text)
            assert f'id="keep-back-{heron}"' in piece.text
    await ada.htmx("PUT", f"/entries/{heron}/kept-back")
    for path in (f"/entries/{heron}/erasure", f"/entries/{heron}/asking"):
        assert "Keep it from the model" not in (await ada.htmx("GET", path)).text


async def test_where_there_is_no_model_it_is_not_offered_but_can_be_taken_back(
    account: Registered,
) -> None:
    async with serving(journal_settings(account.path)) as server, Visitor(server) as ada:
        await ada.enter()
        heron = await ada.write("The heron came back.")
        await ada.keep(heron, "heron")
        for path in (f"/entries/{heron}/erasure", f"/entries/{heron}/asking"):
            for piece in (await ada.htmx("GET", path), await ada.visit(path)):
                assert "Leave it" in words(piece.text)
                assert "from the model" not in piece.text
                assert "keep-back" not in piece.text
        await ada.htmx("PUT", f"/entries/{heron}/kept-back")  # as when there was one
        assert MARK in words(await ada.day())


async def test_the_entry_shows_it_and_lets_it_be_taken_back(ada: Visitor, heron: str) -> None:
    assert MARK not in words(await ada.day())
    kept = await ada.htmx("PUT", f"/entries/{heron}/kept-back")
    assert MARK in words(kept.text)
    assert MARK in words(await ada.day())
    back = await ada.htmx("DELETE", f"/entries/{heron}/kept-back")
    assert MARK not in words(back.text)
    for method in ("PUT", "DELETE"):
        sent = await ada.send(f"/entries/{heron}/kept-back", method=method)
        assert sent.headers["Location"] == f"/days/{TODAY}#entry-{heron}"
    assert (await ada.htmx("PUT", f"/entries/{'0' * 32}/kept-back")).status_code == 404


async def test_asked_about_it_one_sentence_says_why_not(
    ada: Visitor, heron: str, model: ScriptedModel
) -> None:
    await ada.htmx("PUT", f"/entries/{heron}/kept-back")
    asked = await ada.htmx("POST", f"/entries/{heron}/responses", {"key": "one"})
    assert (asked.status_code, words(asked.text)) == (409, WHY)
    page = await ada.send(f"/entries/{heron}/responses", {"key": "two"})
    assert page.status_code == 409
    assert WHY in words(page.text)
    assert 'id="response-' not in await ada.day()
    assert not model.asked


async def test_with_the_companion_off_no_page_speaks_of_a_model(ada: Visitor, heron: str) -> None:
    await ada.htmx("PUT", f"/entries/{heron}/kept-back")
    await ada.send("/settings/companion", form={})
    assert "model" not in words(await ada.day())
    assert "model" not in words((await ada.htmx("GET", f"/entries/{heron}/erasure")).text)
