"""One damaged row: the pages say so, and everything else goes on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Serves, Visitor, words
from tests.unit.journal.damage import flip

from llamora.storage import Store

EARLIER = "2026-11-20"
LINE = "Part of this journal cannot be opened."


def store_of(server: Serves) -> Store:
    assert isinstance(server, Server)
    return server.rooms.accounts._store


@asynccontextmanager
async def ada_on(account: Registered, clock: TurnableClock) -> AsyncGenerator[Visitor]:
    """Ada at a server that has just begun."""
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock) as server, Visitor(server) as visitor:
        yield await visitor.enter()


def damage(account: Registered, table: str, id: bytes) -> None:
    store = Store.open(account.path)
    flip(store, table, "id = ?", id)
    store.close()


def day_row(server: Serves) -> bytes:
    found = store_of(server).row("SELECT id FROM days")
    assert found
    return found[0]


async def test_a_sound_journal_says_nothing_of_damage(ada: Visitor) -> None:
    await ada.write("here")
    assert LINE not in words(await ada.day())


async def test_a_journal_with_a_damaged_day_opens_and_says_so_on_its_days(
    account: Registered, clock: TurnableClock
) -> None:
    async with ada_on(account, clock) as ada:
        await ada.write("the heron", EARLIER)
        row = day_row(ada.server)
        await ada.write("the ducks")
    damage(account, "days", row)
    async with ada_on(account, clock) as ada:
        today = words(await ada.day())
        assert LINE in today
        assert "“llamora-server verify” says more; a backup can bring it back." in today
        assert "the ducks" in today
        earlier = await ada.day(EARLIER)
        assert "This day cannot be opened, so nothing can be added to it." in words(earlier)
        assert "Nothing was written on this day." not in words(earlier)
        assert 'id="composer"' not in earlier
        assert LINE in words(await ada.day("2026-11-19"))
        await ada.write("and the geese")
        assert "and the geese" in words(await ada.day())
        for path in ("/calendar/2026-11", "/calendar/2026"):
            assert (await ada.visit(path)).status_code == 200


async def test_what_is_sent_to_a_damaged_day_is_refused_with_the_words_given_back(
    account: Registered, clock: TurnableClock
) -> None:
    async with ada_on(account, clock) as ada:
        await ada.write("the heron", EARLIER)
        row = day_row(ada.server)
        await ada.draft("half a thought", EARLIER)
    damage(account, "days", row)
    async with ada_on(account, clock) as ada:
        assert "half a thought" in await ada.day(EARLIER)
        form = {"text": "half a thought more", "key": "k"}
        refused = await ada.send(f"/days/{EARLIER}/entries", form)
        assert refused.status_code == 422
        assert "This day cannot be opened, so nothing on it was changed." in words(refused.text)
        assert "half a thought more" in refused.text
        partial = await ada.htmx("POST", f"/days/{EARLIER}/entries", form)
        assert (partial.status_code, "This day cannot be opened" in partial.text) == (422, True)


async def test_a_journal_whose_only_day_is_damaged_is_not_greeted_as_new(
    account: Registered, clock: TurnableClock
) -> None:
    async with ada_on(account, clock) as ada:
        assert 'class="welcome"' in await ada.day()
        await ada.write("the heron", EARLIER)
        row = day_row(ada.server)
    damage(account, "days", row)
    async with ada_on(account, clock) as ada:
        page = await ada.day()
        assert LINE in words(page)
        assert 'class="welcome"' not in page


async def test_a_damaged_entry_has_its_place_on_a_day_that_goes_on(
    server: Server, ada: Visitor
) -> None:
    first, lost, last = [await ada.write(text) for text in ("the heron", "the owl", "the ducks")]
    flip(store_of(server), "writings", "id = ?", bytes.fromhex(lost))
    page = await ada.day()
    read = words(page)
    assert "This entry cannot be opened: its record is damaged." in read
    assert read.index("the heron") < read.index("This entry cannot") < read.index("the ducks")
    assert LINE in read
    assert f'id="entry-{lost}"' in page
    assert f"/entries/{lost}" not in page, "nothing to press"
    assert f"/entries/{first}/edit" in page
    edited = await ada.send(f"/entries/{last}", {"text": "two ducks", "revision": "1"}, "PUT")
    assert edited.status_code == 303
    await ada.write("and the geese")
    assert "two ducks" in words(await ada.day())


@pytest.mark.parametrize("path", ["", "/edit", "/erasure", "/day"])
async def test_the_pages_of_a_damaged_entry_say_that_it_does_not_open(
    server: Server, ada: Visitor, path: str
) -> None:
    lost = await ada.write("the owl")
    flip(store_of(server), "writings", "id = ?", bytes.fromhex(lost))
    answer = await ada.visit(f"/entries/{lost}{path}")
    assert answer.status_code == 500
    assert "llamora-server verify" in answer.text


async def test_a_damaged_response_leaves_its_entry_as_it_was_and_in_its_place(
    server: Server, ada: Visitor
) -> None:
    await ada.write("the heron stood in the shallow water", EARLIER)
    entry = await ada.write("the heron came back to the shallow water")
    response = await ada.answered(entry)
    flip(store_of(server), "writings", "id = ?", bytes.fromhex(response))
    page = await ada.day()
    assert "This response cannot be opened: its record is damaged." in words(page)
    assert f"/responses/{response}" not in page
    assert (await ada.visit(f"/entries/{entry}/edit")).status_code == 200
    refused = await ada.send(f"/entries/{entry}", method="DELETE")
    assert refused.status_code == 422
    assert "A response to this entry cannot be opened" in words(refused.text)
    assert "came back" in words(await ada.day())


async def test_echo_goes_on_past_a_damaged_entry(server: Server, ada: Visitor) -> None:
    lost = await ada.write("the heron stood in the shallow water", "2026-11-19")
    await ada.write("the heron stood by the shallow water", EARLIER)
    entry = await ada.write("the heron came back to the shallow water")
    flip(store_of(server), "writings", "id = ?", bytes.fromhex(lost))
    await ada.answered(entry)
    assert "the heron stood by the shallow water" in words(await ada.day())


async def test_a_damaged_draft_keeps_nobody_from_the_day(server: Server, ada: Visitor) -> None:
    await ada.draft("half a thought")
    entry = await ada.write("the heron", EARLIER)
    draft = {"text": "the her", "revision": "1"}
    assert (await ada.htmx("PUT", f"/entries/{entry}/draft", draft)).status_code == 200
    for (id,) in store_of(server).rows("SELECT id FROM drafts"):
        flip(store_of(server), "drafts", "id = ?", id)
    assert "half a thought" not in await ada.day()
    assert (await ada.visit(f"/entries/{entry}/edit")).status_code == 200
    assert (await ada.draft("half again")).status_code == 200
    assert "half again" in await ada.day(TODAY)
