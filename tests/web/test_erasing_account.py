"""Erasing the account from its page."""

import asyncio
from datetime import timedelta

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, words

from llamora.accounts import erasing
from llamora.storage import Store, StoreFull
from llamora.storage.backup import backup

SURE = {"name": NAME, "password": PASSWORD}


async def test_the_page_says_what_goes_and_that_backups_survive(
    account: Registered, ada: Visitor
) -> None:
    page = words((await ada.visit("/settings/data")).text)
    for goes in ("entries", "answers", "traces", "drafts", "settings", "recovery code"):
        assert goes in page
    assert "Backups survive." in page
    assert "None lies beside the journal’s file." in page

    made = await asyncio.to_thread(backup, account.path, account.path.parent)
    page = (await ada.visit("/settings/data")).text
    assert made.name in page
    assert "None lies" not in page
    assert str(made.parent) not in page, "where the journal lies is nobody's business"


async def test_the_account_goes_with_its_name_and_password_and_the_browser_forgets(
    account: Registered, server: Server, ada: Visitor, stranger: Visitor
) -> None:
    await ada.write("the heron came back")
    stolen = ada.steal()
    gone = await ada.send("/settings/data", {**SURE, "name": NAME.upper()})
    assert (gone.status_code, gone.headers["Location"]) == (303, "/login?erased=1")
    assert gone.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert not ada.steal()
    assert "was erased" in words((await ada.visit("/login?erased=1")).text)
    assert server.rooms.accounts.names() == []

    async with Visitor(server) as thief:
        thief.take(stolen)
        assert (await thief.visit(f"/days/{TODAY}")).status_code == 303
    await stranger.register(NAME, OTHER_PASSWORD)
    assert "heron" not in await stranger.day()


async def test_signing_in_afterwards_is_that_of_a_name_nobody_had(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    await ada.send("/settings/data", SURE)
    erased = await stranger.sign_in(NAME, PASSWORD)
    unknown = await stranger.sign_in("Abe", PASSWORD)
    assert erased.status_code == unknown.status_code == 401
    assert erased.text.replace(NAME, "Abe") == unknown.text
    assert (await stranger.send("/login", {"name": "Bo", "password": ""})).status_code == 401


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "That is not the name of this account."),
        ({"name": "Bea", "password": PASSWORD}, "That is not the name of this account."),
        ({"name": NAME, "password": OTHER_PASSWORD}, "That is not your present password."),
        ({"name": NAME, "password": ""}, "That is not your present password."),
        ({"name": NAME, "password": "x\0" * 5_000}, "That is not your present password."),
    ],
)
async def test_a_slip_erases_nothing(ada: Visitor, form: dict[str, str], sentence: str) -> None:
    await ada.write("the heron came back")
    refused = await ada.send("/settings/data", form)
    assert refused.status_code == 422
    assert sentence in words(refused.text)
    assert PASSWORD not in refused.text
    assert "Clear-Site-Data" not in refused.headers
    assert "the heron came back" in await ada.day()


async def test_a_thief_of_a_session_has_few_guesses(account: Registered) -> None:
    settings = journal_settings(account.path, CRYPTO__KDF_MEMORY_MIB=64)
    async with serving(settings, policy=None) as server, Visitor(server) as thief:
        await thief.enter()
        answers = [
            (await thief.send("/settings/data", {**SURE, "password": f"guess {n}"})).status_code
            for n in range(12)
        ]
        assert answers == [422] * 10 + [429] * 2
        assert server.rooms.accounts.names() == ["ada"]


async def test_every_other_browser_and_process_is_out_at_once(account: Registered) -> None:
    settings = journal_settings(account.path)
    async with (
        serving(settings) as here,
        serving(settings) as there,
        Visitor(here) as ada,
        Visitor(here) as phone,
        Visitor(there) as laptop,
        Visitor(there) as bea,
    ):
        for visitor in (ada, phone, laptop):
            await visitor.enter()
        await bea.register("Bea", OTHER_PASSWORD)
        entry = await laptop.write("the heron came back")
        await bea.write("the ducks stayed")
        assert (await ada.send("/settings/data", SURE)).status_code == 303
        for visitor in (phone, laptop):
            assert (await visitor.visit(f"/days/{TODAY}")).status_code == 303
            assert (await visitor.send(f"/days/{TODAY}/entries", {"text": "x"})).status_code == 401
            assert (await visitor.visit(f"/entries/{entry}")).status_code == 303
        for server in (here, there):
            await server.sweep()
        assert not here.rooms.journals._open
        assert len(there.rooms.journals._open) == 1, "Bea's is open still"
        assert "the ducks stayed" in await bea.day()
        await bea.write("and so did the geese")


async def test_an_answer_that_is_being_written_ends_with_the_account(
    account: Registered, clock: TurnableClock
) -> None:
    model = ScriptedModel("The heron ", "is a patient ", "bird.", hold_at=1)
    settings = journal_settings(account.path)
    async with (
        serving(settings, clock=clock, model=model) as server,
        Visitor(server) as ada,
    ):
        await ada.enter()
        response = await ada.ask(await ada.write("the heron came back"))
        async with ada.follow(response) as stream:
            assert await stream.until("heron")
            gone = await asyncio.wait_for(ada.send("/settings/data", SURE), 10)
            assert gone.status_code == 303
            assert (await asyncio.wait_for(stream.events(), 20))[-1].kind == "done"
        assert model.left == 1
        assert not server.rooms.journals._open
        clock.advance(timedelta(hours=1).total_seconds())
        await server.sweep()


async def test_what_was_cut_off_is_ended_in_the_background(
    account: Registered, server: Server, ada: Visitor
) -> None:
    await ada.write("the heron came back")
    store = server.rooms.accounts._store
    await store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = 0"))
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303
    await server.rooms.accounts.sweep()
    assert store.rows("SELECT * FROM writings") == []
    assert store.rows("SELECT * FROM accounts") == []


async def test_what_could_not_be_deleted_yet_is_not_said_to_be_gone(
    server: Server, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(store: Store) -> list[str]:
        raise StoreFull

    with monkeypatch.context() as broken:
        broken.setattr(erasing, "finish", full)
        gone = await ada.send("/settings/data", SURE)
    assert gone.headers["Location"] == "/login?erased=2"
    said = words((await ada.visit("/login?erased=2")).text)
    assert "may still lie in the file" in said
    assert "with everything in it" not in said
