"""What the companion answers: begun once, kept while it grows, ended, stopped, erased."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, texts, write

from llamora.journal import drafts
from llamora.journal.errors import NotFound
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry, Quote, Response
from llamora.kernel import new_id
from llamora.storage import Store, ledger

TODAY = date(2026, 11, 22)


def to(entry: Entry, journal: Journal, text: str = "") -> Response:
    """A response about to be written."""
    return Response(
        new_id(), entry.day, 1, entry.id, text, journal.now(), model="llama-3.1-8b", state="writing"
    )


async def begun(journal: Journal) -> tuple[Entry, Response]:
    entry = await write(journal, "the heron came back")
    return entry, await journal.begin_response(to(entry, journal))


async def test_a_response_stands_beneath_its_entry(ada: Journal, store: Store) -> None:
    first, second = await write(ada, "first"), await write(ada, "second")
    await answer(ada, first, "one")
    await answer(ada, second, "three")
    await answer(ada, first, "two")
    assert texts(ada) == [("first", "one", "two"), ("second", "three")]
    assert [r.text for r in ada.thread(first.id).responses] == ["one", "two"]
    assert_sound(store, ada.vault)


async def test_everything_a_response_knows_is_kept(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    older = await write(ada, "the heron left", date(2025, 11, 22))
    entry = await write(ada, "the heron came back")
    quote = Quote(older.id, older.day, "the heron left")
    response = replace(to(entry, ada), engine="echo", model="", quotes=(quote, quote))
    await ada.begin_response(response)
    done = replace(response, state="done", beat=ada.now() + timedelta(seconds=3))
    await ada.end_response(done)
    assert Journal.open(store, ada.vault, clock).response(response.id) == done


async def test_beginning_twice_gives_back_what_is_there(ada: Journal, store: Store) -> None:
    entry = await write(ada, "the heron came back")
    response = to(entry, ada)
    same = await asyncio.gather(*(ada.begin_response(response) for _ in range(10)))
    assert set(same) == {response}
    await ada.grow_response(replace(response, text="Which"))
    assert (await ada.begin_response(response)).text == "Which"
    assert texts(ada) == [("the heron came back", "Which")]
    assert_sound(store, ada.vault)


async def test_a_response_to_nothing_does_not_begin(ada: Journal) -> None:
    entry, response = await begun(ada)
    with pytest.raises(NotFound):
        await ada.begin_response(replace(to(entry, ada), entry=response.id))
    await ada.erase(entry.id)
    with pytest.raises(NotFound):
        await ada.begin_response(to(entry, ada))
    assert texts(ada) == []


async def test_it_grows_at_one_revision_and_tells_no_one(ada: Journal, store: Store) -> None:
    """A counter in clear, or a change in the log, would tell a growing answer from an entry."""
    _, response = await begun(ada)
    columns = store.rows("SELECT id, day, revision FROM writings ORDER BY id")
    before = ledger.pulse(store, ada.vault.owner), store.rows("SELECT id, revision FROM days")
    for said in ("Which", "Which heron", "Which heron was it?"):
        assert await ada.grow_response(replace(response, text=said, beat=ada.now()))
        assert ada.response(response.id).text == said
    assert store.rows("SELECT id, day, revision FROM writings ORDER BY id") == columns
    assert before == (
        ledger.pulse(store, ada.vault.owner),
        store.rows("SELECT id, revision FROM days"),
    )
    await ada.end_response(replace(response, text="Which heron was it?", state="done"))
    assert store.rows("SELECT id, day, revision FROM writings ORDER BY id") == columns
    assert_sound(store, ada.vault)


async def test_another_process_sees_it_grow(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    other = Journal.open(store, ada.vault, clock)
    _, response = await begun(ada)
    assert await ada.grow_response(replace(response, text="Which heron"))
    seen = other.response(response.id)
    assert (seen.text, seen.state) == ("Which heron", "writing")


async def test_another_process_can_ask_it_to_stop(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    other = Journal.open(store, ada.vault, clock)
    _, response = await begun(ada)
    assert await ada.grow_response(replace(response, text="Which"))
    await other.ask_to_stop(response.id)
    await other.ask_to_stop(response.id)
    growing = replace(response, text="Which heron")
    assert not await ada.grow_response(growing)
    assert other.response(response.id).text == "Which heron"
    await ada.end_response(replace(growing, state="stopped"))
    other.follow()
    assert other.response(response.id).state == "stopped"
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_asking_what_has_ended_to_stop_leaves_nothing_behind(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "a")
    ended = await answer(ada, entry, "b")
    for id in (ended.id, entry.id, new_id()):
        await ada.ask_to_stop(id)
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_the_last_words_are_kept_and_the_state_with_them(ada: Journal) -> None:
    for state in ("done", "stopped", "cut"):
        _, response = await begun(ada)
        await ada.end_response(replace(response, text=f"it was {state}", state=state))
        kept = ada.response(response.id)
        assert (kept.text, kept.state, kept.revision) == (f"it was {state}", state, 1)


async def test_an_end_that_comes_second_takes_no_words_away(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    """Another process took the writer for dead and ends what it had read of the answer."""
    other = Journal.open(store, ada.vault, clock)
    _, response = await begun(ada)
    await ada.grow_response(replace(response, text="Which"))
    seen = other.response(response.id)
    await ada.end_response(replace(response, text="Which heron?", state="done"))
    await other.end_response(replace(seen, state="cut"))
    assert ada.response(response.id).text == "Which heron?"
    assert ada.response(response.id).state == "done"

    _, response = await begun(ada)
    await other.end_response(replace(response, text="So", state="cut"))
    await ada.end_response(replace(response, text="So it is.", state="done"))
    assert ada.response(response.id).text == "So it is."


async def test_erased_while_it_grows_it_is_wanted_no_more(ada: Journal, store: Store) -> None:
    _, response = await begun(ada)
    await ada.ask_to_stop(response.id)
    await ada.erase_response(response.id)
    growing = replace(response, text="to no one")
    assert not await ada.grow_response(growing)
    await ada.end_response(replace(growing, state="done"))
    await ada.erase_response(response.id)
    with pytest.raises(NotFound):
        ada.response(response.id)
    assert texts(ada) == [("the heron came back",)]
    assert store.row("SELECT count(*) FROM drafts") == (0,)
    assert_sound(store, ada.vault)


async def test_erased_with_its_entry_it_is_wanted_no_more(ada: Journal, store: Store) -> None:
    entry, response = await begun(ada)
    await ada.grow_response(replace(response, text="So"))
    await ada.erase(entry.id)
    assert not await ada.grow_response(replace(response, text="So far"))
    await ada.end_response(replace(response, text="So far", state="stopped"))
    await ada.restore(entry.id)
    assert texts(ada) == [("the heron came back", "So")]
    assert_sound(store, ada.vault)


async def test_it_grows_on_when_its_entry_moves(ada: Journal, store: Store) -> None:
    """The writer of the answer knows nothing of the move; it used to take it for an erasure."""
    entry, response = await begun(ada)
    earlier = date(2026, 11, 20)
    await ada.move(entry.id, earlier, entry.at)
    assert await ada.grow_response(replace(response, text="So far"))
    assert_sound(store, ada.vault)
    await ada.end_response(replace(response, text="So far, so good", state="done"))
    assert texts(ada, earlier) == [("the heron came back", "So far, so good")]
    assert ada.response(response.id).day == earlier
    assert_sound(store, ada.vault)


async def test_it_grows_on_when_its_entry_is_edited(ada: Journal, store: Store) -> None:
    entry, response = await begun(ada)
    await ada.revise(entry.id, 1, "the heron left again")
    assert await ada.grow_response(replace(response, text="So"))
    await ada.end_response(replace(response, text="So.", state="done"))
    assert texts(ada) == [("the heron left again", "So.")]
    assert_sound(store, ada.vault)


async def test_erasing_a_response_leaves_its_entry_alone(ada: Journal, store: Store) -> None:
    entry = await write(ada, "a")
    first, _ = await answer(ada, entry, "b"), await answer(ada, entry, "c")
    await ada.erase_response(entry.id)
    await ada.erase_response(first.id)
    assert texts(ada) == [("a", "c")]
    assert_sound(store, ada.vault)


async def test_an_answer_is_not_shown_beneath_another_entry_when_its_own_was_cut_out(
    ada: Journal, store: Store
) -> None:
    """By whoever can write to the file; `verify` tells of it."""
    first, second = await write(ada, "first"), await write(ada, "second")
    await answer(ada, second, "to the second")
    await store.write(lambda tx: tx.execute("DELETE FROM writings WHERE id = ?", (second.id,)))
    assert texts(ada) == [(first.text,)]


async def test_whatever_a_model_says_can_be_kept(ada: Journal) -> None:
    entry, response = await begun(ada)
    said = "half a pair \ud83d, a nul \0, a line\r\n"
    await ada.grow_response(replace(response, text=said))
    await ada.end_response(replace(response, text=said * 20_000, state="done"))
    assert ada.response(response.id).text == "half a pair ?, a nul , a line\n" * 20_000
    assert ada.draft(drafts.of_stop(response.id)) is None
    assert ada.entry(entry.id).revision == 1


async def test_what_a_crash_left_is_kept(ada: Journal, store: Store, clock: TurnableClock) -> None:
    _, response = await begun(ada)
    await ada.grow_response(replace(response, text="So far", beat=ada.now()))
    store.close()
    again = Store.open(store.path)
    reopened = Journal.open(again, ada.vault, clock)
    left = reopened.response(response.id)
    assert (left.text, left.state, left.beat) == ("So far", "writing", clock.now())
    await reopened.end_response(replace(left, state="cut", beat=None))
    assert texts(reopened) == [("the heron came back", "So far")]
    assert_sound(again, ada.vault)
    again.close()
