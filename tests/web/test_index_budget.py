"""The indexes of open journals keep to their budget, and one that was dropped comes back."""

from tests.support.server import Server
from tests.support.visitor import Visitor


async def test_the_index_that_was_used_longest_ago_is_dropped_first(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    journals = server.rooms.journals
    await ada.write("A heron stood in the reeds.")
    await stranger.register("eve")
    await stranger.write("A kingfisher shot along the bank.")
    for visitor, word, beside in ((ada, "heron", "reeds"), (stranger, "kingfisher", "bank")):
        assert beside in (await visitor.search(word)).text
    first, second = [await opened.search() for opened in journals._open.values()]
    await server.sweep()
    assert first.is_loaded
    assert second.is_loaded

    journals._index_bytes = first.nbytes + second.nbytes - 1
    await server.sweep()
    assert not first.is_loaded
    assert second.is_loaded
    assert "reeds" in (await ada.search("heron")).text
    await server.sweep()
    assert first.is_loaded
    assert not second.is_loaded, "now it is the other one's turn"


async def test_the_index_goes_when_the_journal_is_locked(server: Server, ada: Visitor) -> None:
    await ada.write("A heron stood in the reeds.")
    await ada.search("heron")
    (opened,) = server.rooms.journals._open.values()
    search = await opened.search()
    assert search.nbytes > 0
    await ada.send("/lock")
    await server.sweep()
    assert not server.rooms.journals._open
    assert search.nbytes == 0
