"""Traces attached to an answer: offered, visible before anything is sent, and recorded after."""

import re
from collections.abc import AsyncGenerator

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import Visitor, words


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


def boxes(html: str) -> dict[str, bool]:
    """The ids that are offered, and whether they are chosen."""
    found = re.findall(r'<input type="checkbox" name="trace" value="(\w+)"( checked)?', html)
    return {id: bool(chosen) for id, chosen in found}


async def test_an_entrys_own_traces_are_offered_and_chosen(ada: Visitor, heron: str) -> None:
    own = await ada.keep(heron, "heron")
    other = await ada.keep(await ada.write("The rain."), "rain")
    asking = await ada.htmx("GET", f"/entries/{heron}/asking")
    assert boxes(asking.text) == {own: True, other: False}
    page = await ada.visit(f"/entries/{heron}/asking")
    assert boxes(page.text) == {own: True, other: False}
    assert "Answer with these in view:" in words(page.text)


async def test_while_few_fit_those_used_most_are_offered_besides(ada: Visitor, heron: str) -> None:
    names = [f"{letter}-tide" for letter in "abcdef"]
    kept = [await ada.keep(await ada.write("Water."), name) for name in names]
    for _ in range(2):
        await ada.keep(await ada.write("Again."), "f-tide")
    asking = await ada.htmx("GET", f"/entries/{heron}/asking")
    offered = list(boxes(asking.text))
    assert len(offered) == len(set(offered)) == 4
    assert kept[5] in offered


async def test_an_entry_of_many_traces_leaves_room_for_others(ada: Visitor, heron: str) -> None:
    own = [await ada.keep(heron, f"of its own {n}") for n in range(10)]
    other = await ada.write("The heron again.")
    fitting = await ada.keep(other, "heron")
    asking = boxes((await ada.htmx("GET", f"/entries/{heron}/asking")).text)
    assert [id for id, chosen in asking.items() if chosen] == own[:8]
    assert fitting in asking


async def test_without_traces_there_is_nothing_to_attach(ada: Visitor, heron: str) -> None:
    page = await ada.visit("/")
    assert "/asking" not in (await ada.visit(page.headers["Location"])).text
    asking = await ada.htmx("GET", f"/entries/{heron}/asking")
    assert "There are no traces to attach yet." in words(asking.text)


async def test_what_was_attached_is_read_and_stays_beside_the_answer(
    ada: Visitor, heron: str, model: ScriptedModel
) -> None:
    before = await ada.write("A heron in the snow.", day="2024-01-05")
    trace = await ada.keep(before, "heron")
    form = {"key": "one", "trace": trace, "foot": "1"}
    asked = await ada.htmx("POST", f"/entries/{heron}/responses", form=form)
    assert asked.status_code == 201
    assert f'hx-target="#foot-{heron}"' in asked.text
    assert f'href="/traces/{trace}"' in asked.text
    id = re.findall(r'id="response-(\w+)"', asked.text)[0]
    async with ada.follow(id) as stream:
        await stream.events()
    assert "A heron in the snow." in model.asked[0][-1].text
    day = await ada.visit("/days/2026-11-22")
    assert "with heron" in words(day.text)
    await ada.send(f"/traces/{trace}", method="DELETE")
    assert "with heron" not in words((await ada.visit("/days/2026-11-22")).text)


@pytest.mark.parametrize("trace", ["", "x", "<script>", "ab" * 16, "../" * 20])
async def test_what_is_no_trace_is_not_attached(ada: Visitor, heron: str, trace: str) -> None:
    asked = await ada.htmx(
        "POST", f"/entries/{heron}/responses", form={"key": "one", "trace": trace}
    )
    assert asked.status_code == 201
    assert 'class="with"' not in asked.text


async def test_the_companion_that_is_off_offers_nothing(ada: Visitor, heron: str) -> None:
    await ada.keep(heron, "heron")
    await ada.send("/settings/companion", form={})
    assert (await ada.htmx("GET", f"/entries/{heron}/asking")).status_code == 404
    assert "/asking" not in (await ada.visit("/days/2026-11-22")).text
