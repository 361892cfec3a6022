"""Search while a journal is open: loaded when it is needed, never behind for long, gone at lock."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.support.clock import TurnableClock
from tests.support.embedding import WordsEmbedder
from tests.support.journals import write

from llamora.journal.journal import Journal
from llamora.search.embedder import Vectors
from llamora.search.embedders import Embedders
from llamora.search.follow import Follower
from llamora.search.part import F32
from llamora.search.recent import Recent
from llamora.search.search import BEHIND, Search
from llamora.search.wordllama import WordLlama, is_common
from llamora.search.words import bare, fold, term_of, terms_of
from llamora.storage import Store
from llamora.vault import Locked

WORDS_KEPT = (fold, bare, term_of, terms_of, is_common)
"""What remembers words that were read lately."""


@pytest.fixture
async def search(ada: Journal, store: Store, clock: TurnableClock) -> AsyncIterator[Search]:
    search = Search(store, ada, Embedders(), Recent(store, ada.vault, clock.now))
    yield search
    await search.close()


async def test_nothing_is_read_before_it_is_needed(search: Search, ada: Journal) -> None:
    await write(ada, "A heron stood in the reeds.")
    assert not search.is_loaded
    assert (await search.find("heron")).total == 1
    assert search.is_loaded
    assert search.nbytes > 0


async def test_what_was_just_written_is_found_at_once(search: Search, ada: Journal) -> None:
    await search.find("heron")
    for n in range(3):
        entry = await write(ada, f"A heron stood in the reeds, {n}.")
        assert entry.id in {result.writing for result in (await search.find("heron")).results}
        await ada.erase(entry.id)
        assert (await search.find('"heron"')).total == 0


async def test_the_same_search_goes_on_where_it_was(search: Search, ada: Journal) -> None:
    for n in range(25):
        await write(ada, f"A heron stood in the reeds, {n}.")
    await search.whole()
    pages = [await search.find('"heron"', offset=offset, limit=10) for offset in (0, 10, 20, 30)]
    assert [len(page.results) for page in pages] == [10, 10, 5, 0]
    assert {page.total for page in pages} == {25}
    assert len({result.writing for page in pages for result in page.results}) == 25


async def test_what_is_not_read_in_yet_is_said(
    search: Search, ada: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(ada, "A heron stood in the reeds.")
    assert (await search.find("heron")).notes == ()
    monkeypatch.setattr(Follower, "catch_up", lambda *_: False)
    await write(ada, "Another heron.")
    page = await search.find("heron")
    assert (page.total, page.notes) == (1, (BEHIND,))


async def test_words_are_completed(search: Search, ada: Journal) -> None:
    await write(ada, "A heron stood in the reeds.")
    await search.whole()
    assert await search.complete("the her") == ["the heron"]
    assert (await search.find("the her")).results  # and taken for what it will become


async def test_an_index_that_was_dropped_is_loaded_again(search: Search, ada: Journal) -> None:
    await write(ada, "A heron stood in the reeds.")
    await search.find("heron")
    search.unload()
    assert not search.is_loaded
    assert search.nbytes == 0
    assert (await search.find("heron")).total == 1


async def test_a_closed_search_finds_nothing_and_keeps_nothing(
    search: Search, ada: Journal
) -> None:
    await write(ada, "A heron stood in the reeds.")
    await search.find("heron")
    await search.close()
    assert search.nbytes == 0
    assert not any(kept.cache_info().currsize for kept in WORDS_KEPT)
    with pytest.raises(Locked):
        await search.find("heron")
    for _ in range(200):  # its thread ends by itself
        if not [one for one in threading.enumerate() if one.name.startswith("search")]:
            return
        await asyncio.sleep(0.05)
    pytest.fail("The thread of a closed search lives on.")


async def test_what_is_being_asked_when_it_is_closed_leaves_no_words(
    search: Search, ada: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, query = threading.Event(), WordLlama.query

    def slow(embedder: WordLlama, text: str) -> F32:
        asked.set()
        time.sleep(0.2)
        return query(embedder, text)

    await search.find("heron")
    monkeypatch.setattr(WordLlama, "query", slow)
    asking = asyncio.create_task(search.phrases("A heron stood in the reeds.", 3))
    await asyncio.to_thread(asked.wait, 20)
    await search.close()
    await asyncio.gather(asking, return_exceptions=True)
    await asyncio.sleep(0.3)
    assert not any(kept.cache_info().currsize for kept in WORDS_KEPT)


async def test_closing_does_not_wait_for_a_model_that_hangs(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    answered, asked = threading.Event(), threading.Event()

    class Hanging(WordsEmbedder):
        def passages(self, texts: Sequence[str]) -> Vectors:
            asked.set()
            answered.wait(20)
            return super().passages(texts)

    search = Search(store, ada, Embedders(Hanging()), Recent(store, ada.vault, clock.now))
    await write(ada, "A heron stood in the reeds.")
    search.begin()
    await asyncio.to_thread(asked.wait, 20)
    began = time.monotonic()
    await search.close()
    assert time.monotonic() - began < 10
    ada.vault.wipe()
    answered.set()  # and what it answers now is sealed under no key
    await asyncio.sleep(0.1)
    assert store.rows("SELECT id FROM passages") == []


async def test_an_erased_account_is_followed_no_more(search: Search, ada: Journal, store: Store):
    await write(ada, "A heron stood in the reeds.")
    await search.find("heron")
    store.write_now(lambda tx: tx.execute("DELETE FROM accounts"))
    await asyncio.sleep(0.5)
    await search.close()


async def test_a_text_is_offered_labels_an_emoji_and_its_own_sentences(
    search: Search, ada: Journal
) -> None:
    for n in range(3):
        await write(ada, f"Two herons stood by the weir, {n}.")
    await search.whole()
    text = "Another heron came to the weir. Then home."
    assert "heron" in await search.phrases(text, 3)
    assert await search.emoji_for(text) == "🐦"
    assert await search.emoji_for("Nothing to be said.") is None
    assert [one.text for one in await search.central([text], 1)] == [
        "Another heron came to the weir."
    ]


async def test_locking_just_as_the_index_is_hurried_ends(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    """It hung: the cancellation came with the event and was lost."""
    search = Search(store, ada, Embedders(), Recent(store, ada.vault, clock.now))
    await search.find("heron")
    await asyncio.sleep(0.01)
    search._hurry.set()
    closing = asyncio.create_task(search.close())
    done, _ = await asyncio.wait({closing}, timeout=5)
    assert done
