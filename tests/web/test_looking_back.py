"""The companion of an open journal has that journal's traces and its search."""

import asyncio
from datetime import date

import pytest
from tests.support.accounts import Registered
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import Visitor

from llamora.vault import Locked
from llamora.web.unlocked import OpenJournal

TODAY = date(2026, 11, 22)
HERON = "The heron came back to the river."


def opened_in(server: Server) -> OpenJournal:
    (opened,) = server.rooms.journals._open.values()
    return opened


async def test_suggestions_a_summary_and_a_recap_are_of_the_journal_that_is_open(
    account: Registered,
) -> None:
    async with serving(journal_settings(account.path)) as server, Visitor(server) as ada:
        await ada.enter()
        entry = bytes.fromhex(await ada.write(HERON))
        opened = opened_in(server)
        river = await opened.traces.keep(entry, "river")
        suggested = await opened.companion.suggest_traces(entry)
        assert suggested
        assert all(one.is_new for one in suggested)
        (quote,) = (await opened.companion.summarise(river.id)).quotes
        assert quote.text == HERON
        assert await opened.companion.recap(TODAY) == HERON


async def test_locking_ends_what_a_model_is_still_asked_for(account: Registered) -> None:
    model = ScriptedModel("never said", hold_at=0)
    settings = journal_settings(account.path, LLM__UPSTREAM__PARALLEL=2)
    async with serving(settings, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        entry = bytes.fromhex(await ada.write(HERON))
        opened = opened_in(server)
        river = await opened.traces.keep(entry, "river")
        asked = [
            asyncio.create_task(opened.companion.summarise(river.id)),
            asyncio.create_task(opened.companion.suggest_traces(entry)),
        ]
        while len(model.asked) < len(asked):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await server.rooms.journals.close(opened.vault.owner)
        assert model.left == 2
        for each in asked:
            with pytest.raises(Locked):
                await each
