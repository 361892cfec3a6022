"""What stands near an entry on other days: chosen by meaning and by words, and quoted verbatim."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.indexes import shelf_of
from tests.support.journals import answer, write

from llamora.journal.journal import Journal
from llamora.journal.writing import Entry
from llamora.search.embedders import Embedders
from llamora.search.nearby import LOOKED_AT, STRETCH_CHARACTERS, Near, nearby, stretches
from llamora.search.recent import Recent
from llamora.search.search import Search
from llamora.storage import Store

TODAY = date(2026, 11, 22)
LONG = (
    "In the morning I sorted the post. The stove would not draw and I swept it. "
    "Then I mended the sail of the little boat, which the storm had torn, and tarred its keel. "
    "The boat lies by the pier now. Nothing came of the evening. I read a while. "
    "There was a moth at the lamp, and I let it be; it was late when I slept."
)


@pytest.fixture
async def search(ada: Journal, store: Store, clock: TurnableClock) -> AsyncIterator[Search]:
    search = Search(store, ada, Embedders(), Recent(store, ada.vault, clock.now))
    yield search
    await search.close()


def anything(_: bytes, __: date) -> bool:
    return True


def three(found: Sequence[Near]) -> Sequence[Near]:
    return found[:3]


async def test_what_shares_words_or_meaning_is_found_and_read_verbatim(
    search: Search, ada: Journal
) -> None:
    sail = await write(ada, LONG, TODAY - timedelta(days=40))
    await write(ada, "The accounts are done, at last.", TODAY - timedelta(days=30))
    await search.whole()
    entry = await write(ada, "Sailed the boat again; the mended sail holds.")
    found = await search.nearby(entry, anything, three)
    assert [one.entry for one in found] == [sail.id]
    assert found[0].text == LONG[found[0].start : found[0].end] == found[0].text.strip()
    assert len(found[0].text) <= STRETCH_CHARACTERS
    assert "mended the sail of the little boat" in found[0].text
    like = await write(ada, "A ship left the port under canvas.")
    assert [one.entry for one in await search.nearby(like, anything, three)] == [sail.id]


async def test_neither_its_own_day_nor_an_answer_nor_what_is_not_wanted_is_near(
    search: Search, ada: Journal
) -> None:
    await write(ada, "The boat and its sail.")
    old = await write(ada, "The boat, and the sail.", TODAY - timedelta(days=4))
    other = await write(ada, "A sail for the boat.", TODAY - timedelta(days=3))
    await answer(ada, old, "The boat has a sail?")
    entry = await write(ada, "Boat and sail.")
    await search.whole()
    found = await search.nearby(entry, lambda id, _: id != other.id, three)
    assert [one.entry for one in found] == [old.id]


async def test_what_was_erased_or_moved_to_its_day_since_is_not_read(
    search: Search, ada: Journal
) -> None:
    gone = await write(ada, "The boat, and the sail.", TODAY - timedelta(days=4))
    moved = await write(ada, "A boat with a sail.", TODAY - timedelta(days=3))
    await search.whole()
    entry = await write(ada, "Boat and sail.")

    def meanwhile(found: Sequence[Near]) -> Sequence[Near]:
        assert {one.entry for one in found} == {gone.id, moved.id}
        ada._store.write_now(lambda tx: tx.execute("DELETE FROM writings WHERE id = ?", (gone.id,)))
        return [one for one in found if one.entry == gone.id]

    assert not await search.nearby(entry, anything, meanwhile)


@pytest.mark.parametrize(
    "text", ["Ok.", "…", "xyzzy plugh", "今日は静かな雨の一日でした。", "🌧", "שלום"]
)
async def test_to_what_says_nothing_that_is_there_nothing_is_near(
    search: Search, ada: Journal, text: str
) -> None:
    for n, line in enumerate(LONG.split(". ")):
        await write(ada, line, TODAY - timedelta(days=2 + n))
    await search.whole()
    entry = await write(ada, text)
    assert not await search.nearby(entry, anything, three)


@pytest.mark.parametrize(
    ("earlier", "text"),
    [
        ("静かな雨の一日でした。庭を歩いた。", "今日も静かな雨、庭は濡れていた。"),
        ("הספינה יצאה מהנמל עם שחר, והים היה שקט.", "הספינה חזרה אל הנמל."),
    ],
)
async def test_other_scripts_are_near_to_each_other(
    search: Search, ada: Journal, earlier: str, text: str
) -> None:
    old = await write(ada, earlier, TODAY - timedelta(days=9))
    await write(ada, "The accounts are done, at last.", TODAY - timedelta(days=30))
    await search.whole()
    entry = await write(ada, text)
    assert old.id in {one.entry for one in await search.nearby(entry, anything, three)}


async def test_a_very_long_entry_is_asked_about_like_any(search: Search, ada: Journal) -> None:
    old = await write(ada, LONG, TODAY - timedelta(days=9))
    long = ("The sail of the boat is torn. " * 3_000)[:64_000]
    entry = await write(ada, long)
    await write(ada, long, TODAY - timedelta(days=1))
    await search.whole()
    found = await search.nearby(entry, anything, three)
    assert all(len(one.text) <= 2 * STRETCH_CHARACTERS for one in found)
    assert old.id not in {one.entry for one in found[:1]}


def test_what_is_near_comes_in_order_and_is_not_endless() -> None:
    chance = Random(3)
    stock = "boat sail pier storm keel mast oar tide".split()  # noqa: SIM905
    shelf = shelf_of(*(" ".join(chance.sample(stock, 4)) + "." for _ in range(200)))
    entry = Entry(bytes(16), TODAY - timedelta(days=1), 1, "The boat, the sail and the tide.")
    found, _ = nearby(shelf, entry, {}, anything)
    assert 0 < len(found) <= LOOKED_AT
    assert [one.closeness for one in found] == sorted((n.closeness for n in found), reverse=True)


PASSAGES = st.tuples(st.text(max_size=900), st.integers(0, 950), st.integers(0, 950))


@given(st.lists(PASSAGES, max_size=4))
def test_a_stretch_is_always_a_part_of_the_text(passages: list[tuple[str, int, int]]) -> None:
    read = [
        (Near(bytes([n] * 16), TODAY, start, end, 1.0), Entry(bytes([n] * 16), TODAY, 1, text))
        for n, (text, start, end) in enumerate(passages)
    ]
    embedder = Embedders().built_in
    said = stretches(read, {}, ("",), embedder, embedder.query("The boat."))
    for one in said:
        near, found = next((near, found) for near, found in read if found.id == one.entry)
        assert one.text
        assert one.text == found.text[one.start : one.end]
        assert near.start <= one.start < one.end <= near.end
    assert [one.entry for one in said] == sorted(one.entry for one in said)


def test_each_passage_has_a_stretch_of_its_own() -> None:
    """What is near in one says nothing of the other, though both are asked of at once."""
    texts = ["The boat left. " + "Nobody came. " * 30, "Nobody came. " * 30 + "The boat left."]
    read = [
        (Near(bytes([n] * 16), TODAY, 0, len(text), 1.0), Entry(bytes([n] * 16), TODAY, 1, text))
        for n, text in enumerate(texts)
    ]
    embedder = Embedders().built_in
    first, last = stretches(read, {}, ("",), embedder, embedder.query("The boat left."))
    assert first.text.startswith("The boat left.")
    assert last.text.endswith("The boat left.")
