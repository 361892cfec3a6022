"""“What did it read?”: every piece with its date and a link, its words as they stand there now."""

import re
from collections.abc import AsyncGenerator

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.journals import answer
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.traces import the_open
from tests.support.visitor import TODAY, Visitor, words


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel("It stood", " there.")


@pytest.fixture
async def server(
    account: Registered, clock: TurnableClock, model: ScriptedModel
) -> AsyncGenerator[Server]:
    async with serving(journal_settings(account.path), clock=clock, model=model) as server:
        yield server


@pytest.fixture
async def far(ada: Visitor) -> str:
    return await ada.write("A heron in the <snow> & reeds.", "2024-01-05")


async def reading(ada: Visitor, response: str) -> str:
    piece = await ada.htmx("GET", f"/responses/{response}/reading")
    assert piece.status_code == 200
    return piece.text


async def test_each_piece_is_there_with_its_date_and_a_link(
    ada: Visitor, server: Server, far: str
) -> None:
    trace = await ada.keep(far, "heron")
    morning = await ada.write("The morning was grey.")
    entry = await ada.write("The heron came back to the reeds.")
    form = {"key": "one", "trace": trace}
    asked = await ada.htmx("POST", f"/entries/{entry}/responses", form=form)
    (id,) = set(re.findall(r'id="response-(\w+)"', asked.text))
    async with ada.follow(id) as stream:
        done = (await stream.events())[-1]
    assert f'hx-get="/responses/{id}/reading"' in done.html
    piece = await reading(ada, id)
    said = words(piece)
    assert "Under a trace that was attached: heron · Friday, 5 January 2024" in said
    assert f'href="/days/2024-01-05#entry-{far}"' in piece
    assert "A heron in the &lt;snow&gt; &amp; reeds." in piece
    assert "Earlier that day · Sunday, 22 November The morning was grey." in said
    assert f"#entry-{morning}" in piece
    assert "The entry · Sunday, 22 November The heron came back to the reeds." in said
    for told in (
        "Model scripted-1b",
        "Prompt respond.txt.j2 · ",
        "temperature 0.5",
        "Tokens read 70",
    ):
        assert told in said
    page = await ada.visit(f"/responses/{id}/reading")
    assert "A heron in the" in words(page.text)
    assert f'href="/days/{TODAY}#response-{id}"' in page.text


async def test_what_search_found_is_shown_as_the_stretch_that_was_read(
    ada: Visitor, server: Server, far: str
) -> None:
    await (await the_open(server).search()).whole()
    entry = await ada.write("The heron came back to the reeds.")
    id = await ada.answered(entry)
    said = words(await reading(ada, id))
    assert "From another time, and near · Friday, 5 January 2024 A heron in the <snow>" in said


async def test_what_was_erased_or_changed_since_is_said_to_be_and_not_shown(
    ada: Visitor, server: Server, clock: TurnableClock
) -> None:
    gone = await ada.write("The lighthouse letter.")
    other = await ada.write("The lantern.")
    id = await ada.answered(await ada.write("The heron."))
    await ada.send(f"/entries/{gone}", method="DELETE")
    form = {"text": "Another lamp.", "revision": "1"}
    await ada.htmx("PUT", f"/entries/{other}", form)
    clock.advance(minutes=2)
    await server.sweep()
    said = words(await reading(ada, id))
    assert "Erased since." in said
    assert "Changed since, or moved" in said
    for word in ("lighthouse", "lantern", "Another lamp"):
        assert word not in said
    # Nor does it stand anywhere in the response's own record.
    kept = the_open(server).journal.response(bytes.fromhex(id))
    assert "lighthouse" not in repr(kept)
    assert "lantern" not in repr(kept)


async def test_an_answer_that_drew_on_what_is_kept_back_since_is_told_to_no_model(
    ada: Visitor, model: ScriptedModel
) -> None:
    secret = await ada.write("The lighthouse letter.")
    first = await ada.write("The heron.")
    await ada.answered(first)
    await ada.answered(await ada.write("And then."))
    assert "It stood there." in model.asked[-1][-1].text
    await ada.htmx("PUT", f"/entries/{secret}/kept-back")
    await ada.answered(await ada.write("And then some."))
    told = model.asked[-1][-1].text
    assert "The heron." in told
    assert "It stood there." not in told


async def test_of_an_echo_it_is_said_that_no_model_read_anything(
    ada: Visitor, server: Server, far: str
) -> None:
    entry = await ada.write("The heron.")
    journal = the_open(server).journal
    response = await answer(journal, journal.entry(bytes.fromhex(entry)), "So.", engine="echo")
    assert "/reading" not in await ada.day()
    said = words(await reading(ada, response.id.hex()))
    assert said == "It is not known that a model read anything for this."
    for other in (far, "0" * 32):
        assert (await ada.htmx("GET", f"/responses/{other}/reading")).status_code == 404
