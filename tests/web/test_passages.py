"""A link to a passage marks it on its day's page, and asks nothing else of the server."""

import re

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, journal_settings, serving
from tests.support.visitor import TODAY, Visitor
from tests.unit.journal.damage import flip

from llamora.storage import Store
from llamora.web.marking import Passage

TEXT = "Fog on the canal.\n\nA **fox** on the far bank.\n\nAn egret, too."
FOUND = "A **fox** on the far bank."
MARK = re.compile(r'<mark class="found">(.*?)</mark>', re.DOTALL)


def passage(id: str, text: str = TEXT, found: str = FOUND) -> str:
    start = text.index(found)
    return str(Passage(bytes.fromhex(id), start, start + len(found)))


async def marked(ada: Visitor, address: str, day: str = TODAY) -> list[str]:
    """What the day's page marks; but for the marks it must be the page without a passage."""
    page = await ada.http.get(f"/days/{day}", params={"passage": address})
    assert page.status_code == 200
    bare = page.text.replace('<mark class="found">', "").replace("</mark>", "")
    assert without_keys(bare) == without_keys(await ada.day(day))
    return MARK.findall(page.text)


def without_keys(page: str) -> str:
    return re.sub(r'name="key" value="\w+"|nonce="[^"]+"', "", page)


async def test_a_passage_is_marked_in_its_entry_alone(ada: Visitor) -> None:
    await ada.write(TEXT)
    entry = await ada.write(TEXT)
    page = await ada.visit(f"/days/{TODAY}?passage={passage(entry)}")
    assert MARK.findall(page.text) == ["A ", "fox", " on the far bank."]
    assert page.text.index(f'id="entry-{entry}"') < page.text.index("<mark")
    assert await marked(ada, passage(entry)) == ["A ", "fox", " on the far bank."]


async def test_no_mark_stays_behind(ada: Visitor) -> None:
    entry = await ada.write(TEXT)
    await marked(ada, passage(entry))
    assert "<mark" not in await ada.day()
    assert "<mark" not in (await ada.htmx("GET", f"/entries/{entry}")).text


async def test_looking_at_a_passage_changes_nothing(ada: Visitor) -> None:
    entry = await ada.write(TEXT)
    store = ada.server.rooms.accounts._store  # pyright: ignore
    before = store.row("SELECT last_change FROM accounts")
    await marked(ada, passage(entry))
    assert store.row("SELECT last_change FROM accounts") == before


async def test_a_passage_of_a_response_is_marked_there(
    account: Registered, clock: TurnableClock
) -> None:
    said = "It came **back**.\n\nAnd it stayed."
    settings = journal_settings(account.path)
    async with (
        serving(settings, clock=clock, model=ScriptedModel(said)) as server,
        Visitor(server) as ada,
    ):
        await ada.enter()
        response = await ada.answered(await ada.write(TEXT))
        assert await marked(ada, passage(response, said, "**back**.\n\nAnd")) == [
            "back",
            ".",
            "And",
        ]


async def test_in_a_response_that_only_quotes_nothing_is_marked(ada: Visitor) -> None:
    await ada.write(TEXT, "2026-11-20")
    response = await ada.answered(await ada.write("a fox again"))
    for stretch in ("0-1", "0-9", "0-0"):
        # Of a question that Echo may ask, words may be marked; of what it quotes, none.
        assert all(words not in TEXT for words in await marked(ada, f"{response}.{stretch}"))


NONSENSE = [
    "{id}.0-0", "{id}.9-3", "{id}.0-999999999", "{id}.60-70", "{id}.0-" + "9" * 4_000,
    "{id}.-1-4", "{id}.a-b", "{id}.1.5-3", "{id}.3", "{id}", "{id}.0-1 OR 1=1", "{no}.0-9",
    "{ID}.0-9", "x", "", ".", "0-9", "%00", "\0", "\n", "<mark>", "🦊", "é" * 900,
]  # fmt: skip


@pytest.mark.parametrize("address", NONSENSE)
async def test_numbers_that_mean_nothing_mark_nothing(ada: Visitor, address: str) -> None:
    entry = await ada.write(TEXT)
    filled = address.replace("{id}", entry).replace("{ID}", entry.upper())
    assert await marked(ada, filled.replace("{no}", "0" * 32)) == []


async def test_bytes_that_are_no_text_mark_nothing(ada: Visitor) -> None:
    await ada.write(TEXT)
    for query in ("passage=%ff%fe", "passage", "passage=&passage=x", "passage[]=1", "&&=%"):
        page = await ada.visit(f"/days/{TODAY}?{query}")
        assert (page.status_code, "<mark" in page.text) == (200, False), query


async def test_on_another_day_and_for_another_revision_the_page_is_a_page(ada: Visitor) -> None:
    entry = await ada.write(TEXT)
    assert await marked(ada, passage(entry), "2026-11-20") == []
    form = {"text": "A fox.", "seen": "1", "revision": "1"}
    assert (await ada.send(f"/entries/{entry}", form, "PUT")).status_code == 303
    assert await marked(ada, passage(entry)) == [], "the text has no such stretch any more"


async def test_a_damaged_entry_is_not_marked(account: Registered, clock: TurnableClock) -> None:
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock) as server, Visitor(server) as ada:
        await ada.enter()
        entry = await ada.write(TEXT)
    store = Store.open(account.path)
    flip(store, "writings", "id = ?", bytes.fromhex(entry))
    store.close()
    async with serving(settings, clock=clock) as server, Visitor(server) as ada:
        await ada.enter()
        assert await marked(ada, passage(entry)) == []


async def test_a_passage_is_shown_to_nobody_else(ada: Visitor, stranger: Visitor) -> None:
    entry = await ada.write(TEXT)
    await stranger.register("eve", "copper lantern drifting moth")
    assert await marked(stranger, passage(entry)) == []
