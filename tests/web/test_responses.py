"""Being answered: ask, follow, leave and come back, stop, erase, ask again."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.support.accounts import OTHER_PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import LINK, TODAY, Event, Visitor, fields, words

from llamora.companion.model import CutShort, Unreachable
from llamora.web import responses

WHOLE = "It came back. And it stayed."
STOPPED = "It came back. And it You stopped it here."


@pytest.fixture
def model() -> ScriptedModel:
    """Says two paragraphs; the second when it is let."""
    return ScriptedModel("It came ", "**back**.\n\nAnd it\n", "stayed.", hold_at=2)


@pytest.fixture
async def server(
    account: Registered, clock: TurnableClock, model: ScriptedModel
) -> AsyncGenerator[Server]:
    async with serving(journal_settings(account.path), clock=clock, model=model) as server:
        yield server


@pytest.fixture
async def entry(ada: Visitor) -> str:
    return await ada.write("the heron came back")


@asynccontextmanager
async def house(
    account: Registered, model: ScriptedModel, **variables: Any
) -> AsyncGenerator[tuple[Server, Visitor, str]]:
    """A server with this model; Ada, signed in, and an entry of hers."""
    settings = journal_settings(account.path, **variables)
    async with serving(settings, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        yield server, ada, await ada.write("the heron came back")


def said(events: list[Event]) -> str:
    """What a reader's page shows: settled blocks, then the last tail or the whole."""
    if events and events[-1].kind == "done":
        return words(events[-1].html)
    blocks = [event.html for event in events if event.kind == "block"]
    tails = [event.html for event in events if event.kind == "tail"]
    return words("".join([*blocks, *tails[-1:]]))


async def test_an_answer_comes_as_it_is_said_and_then_stands_on_the_page(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        assert stream.status == 200
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        seen = await stream.until("back")
        assert "<strong>back</strong>" in seen[-1].html
        model.go_on()
        rest = await stream.events()
    assert [event.kind for event in rest].count("done") == 1
    assert rest[-1].kind == "done"
    assert f'id="response-{response}"' in rest[-1].html
    assert WHOLE in said(rest)

    page = await ada.day()
    assert rest[-1].html.strip() in page, "the same as on the page"
    assert "scripted-1b" in page
    assert page.index(f'id="entry-{entry}"') < page.index(f'id="response-{response}"')


async def test_the_model_is_told_the_entry(ada: Visitor, entry: str, model: ScriptedModel) -> None:
    model.go_on()
    await ada.answered(entry)
    (messages,) = model.asked
    assert "the heron came back" in messages[-1].text


async def test_a_script_gets_a_place_to_follow_the_answer_in(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    asked = await ada.htmx("POST", f"/entries/{entry}/responses", {"key": "k"})
    assert asked.status_code == 201
    assert "<html" not in asked.text
    assert re.search(r'<reply-stream src="/responses/[0-9a-f]{32}/stream"', asked.text)
    model.go_on()


async def test_without_scripts_a_page_shows_what_is_there_so_far(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until("back")
        so_far = await ada.visit(f"/responses/{response}")
        assert so_far.status_code == 200
        assert "It came back." in words(so_far.text)
        model.go_on()
        await stream.events()
    whole = await ada.visit(f"/responses/{response}")
    assert (whole.status_code, whole.headers["Location"]) == (
        303,
        f"/days/{TODAY}#response-{response}",
    )


async def test_who_leaves_and_comes_back_goes_on_where_they_left(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        while True:
            event = await stream.event()
            assert event
            if event.id is not None:
                break
    assert model.left == 0, "the answer does not belong to its reader"
    async with ada.follow(response, after=event.id) as stream:
        model.go_on()
        rest = await stream.events()
    assert not [other for other in rest if other.id is not None and other.id <= event.id]
    assert WHOLE in said(rest)


async def test_a_finished_answer_is_replayed_as_done_at_once(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    model.go_on()
    response = await ada.answered(entry)
    for after in (0, 1, 10**8):
        async with ada.follow(response, after=after) as stream:
            events = await stream.events()
        assert events[-1].kind == "done"
        assert WHOLE in said(events)


async def test_a_senseless_last_event_id_is_taken_for_the_beginning(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    model.go_on()
    response = await ada.answered(entry)
    for odd in ("-1", "one", "1e9", "９", "9" * 500, "\xff"):
        answer = await ada.http.get(
            f"/responses/{response}/stream",
            headers={b"Last-Event-ID": odd.encode(), b"Sec-Fetch-Site": b"same-origin"},
        )
        assert answer.status_code == 200
        assert "event: done" in answer.text


async def test_several_readers_see_the_same_answer(
    server: Server, ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)

    async def read(visitor: Visitor) -> str:
        async with visitor.follow(response) as stream:
            return said(await stream.events())

    async with Visitor(server) as other:
        await other.enter()
        readers = [asyncio.create_task(read(who)) for who in (ada, ada, other, other)]
        async with ada.follow(response) as stream:
            await stream.until("back")
        model.go_on()
        seen = await asyncio.gather(*readers)
    assert len(set(seen)) == 1
    assert WHOLE in seen[0]
    assert len(model.asked) == 1


async def test_stopping_keeps_what_was_said(ada: Visitor, entry: str, model: ScriptedModel) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until("back")
        stopped = await ada.htmx("DELETE", f"/responses/{response}/generation")
        assert stopped.status_code == 200
        assert STOPPED in words(stopped.text)
        assert (await stream.events())[-1].kind == "done"
    assert model.left == 1, "the model was let go"
    assert "You stopped it here." in words(await ada.day())
    again = await ada.send(f"/responses/{response}/generation", method="DELETE")
    assert again.status_code == 303, "stopping what has ended is harmless"


async def test_what_was_stopped_before_a_word_is_not_kept(account: Registered) -> None:
    async with house(account, ScriptedModel("never said", hold_at=0)) as (_, ada, entry):
        response = await ada.ask(entry)
        stopped = await ada.htmx("DELETE", f"/responses/{response}/generation")
        assert "You stopped it before a word was said." in words(stopped.text)
        assert response not in await ada.day()


async def test_a_failure_gives_a_sentence_and_try_again_and_stores_nothing(
    account: Registered,
) -> None:
    async with house(account, ScriptedModel(Unreachable("secret detail"))) as (_, ada, entry):
        response = await ada.ask(entry)
        async with ada.follow(response) as stream:
            events = await stream.events()
        assert events[-1].kind == "done"
        assert "The model cannot be reached just now." in said(events)
        assert "Try again" in said(events)
        assert "secret detail" not in events[-1].html

        page = await ada.visit(f"/responses/{response}")
        assert page.status_code == 200
        assert "The model cannot be reached just now." in words(page.text)
        assert response not in await ada.day()
        await ada.write("writing is never in the way of it")


async def test_a_failure_after_some_words_keeps_them(account: Registered) -> None:
    async with house(account, ScriptedModel("It came ", CutShort())) as (_, ada, entry):
        response = await ada.ask(entry)
        async with ada.follow(response) as stream:
            shown = said(await stream.events())
        assert "It came" in shown
        assert "The model broke off before it was done." in shown
        assert "It came" in words(await ada.day())


async def test_an_answer_can_be_erased_and_asked_for_again(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    model.go_on()
    first = await ada.answered(entry)
    erased = await ada.send(f"/responses/{first}", method="DELETE")
    assert (erased.status_code, erased.headers["Location"]) == (
        303,
        f"/days/{TODAY}#entry-{entry}",
    )
    assert first not in await ada.day()
    for missing in (f"/responses/{first}", f"/responses/{first}/stream"):
        assert (await ada.visit(missing)).status_code == 404
    second = await ada.answered(entry)
    assert second != first
    assert second in await ada.day()


async def test_an_answer_can_be_erased_while_it_is_said(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until("back")
        assert (await ada.htmx("DELETE", f"/responses/{response}")).status_code == 200
        assert (await stream.events())[-1].kind == "done"
    assert model.left == 1
    assert response not in await ada.day()


async def test_erasing_an_entry_stops_and_takes_its_answers_and_undo_brings_them_back(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until("back")
        await ada.send(f"/entries/{entry}", method="DELETE")
        assert (await stream.events())[-1].kind == "done"
    assert response not in await ada.day()
    await ada.send(f"/entries/{entry}/restoration")
    assert STOPPED in words(await ada.day())


async def test_pressing_twice_asks_once(ada: Visitor, entry: str, model: ScriptedModel) -> None:
    first = await ada.ask(entry, key="one form")
    second = await ada.ask(entry, key="one form")
    others = await asyncio.gather(*(ada.ask(entry, key="another form") for _ in range(4)))
    model.go_on()
    for response in {first, *others}:
        async with ada.follow(response) as stream:
            await stream.events()
    assert first == second
    assert len(set(others)) == 1
    assert len(model.asked) == 2


async def test_the_same_key_for_another_entry_is_another_question(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    other = await ada.write("another thing")
    model.go_on()
    assert await ada.ask(entry, key="k") != await ada.ask(other, key="k")


async def test_two_answers_at_once_are_enough(
    ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    asked = await asyncio.gather(
        *(ada.send(f"/entries/{entry}/responses", {"key": f"k{n}"}) for n in range(6))
    )
    statuses = sorted(answer.status_code for answer in asked)
    assert statuses == [303, 303, 429, 429, 429, 429]
    refused = next(answer for answer in asked if answer.status_code == 429)
    assert "still answering you" in words(refused.text)
    begun = [a.headers["Location"].rpartition("/")[2] for a in asked if a.status_code == 303]
    model.go_on()
    for response in begun:
        async with ada.follow(response) as stream:
            await stream.events()
    await ada.ask(entry)


async def test_a_session_follows_four_streams_and_no_more(
    server: Server, ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    path = f"/responses/{response}/stream"

    async with (
        ada.follow(response) as one,
        ada.follow(response),
        ada.follow(response),
        ada.follow(response),
    ):
        await one.until("back")
        refused = await ada.http.get(path, headers={"Accept": "text/event-stream"})
        assert refused.status_code == 429
        async with Visitor(server) as other:
            await other.enter()
            async with other.follow(response) as stream:
                assert stream.status == 200, "each session has its own four"
    for _ in range(6):  # places are given back, whether the stream was read or only glanced at
        async with ada.follow(response) as stream:
            assert stream.status == 200
    model.go_on()
    for _ in range(6):
        assert (await ada.http.head(path, headers=LINK)).status_code == 200
    async with ada.follow(response) as stream:
        assert (await stream.events())[-1].kind == "done"
    (opened,) = server.rooms.journals._open.values()
    assert not +opened.streams


async def test_a_stranger_gets_401_from_a_stream_and_is_never_led_elsewhere(
    ada: Visitor, stranger: Visitor, entry: str, model: ScriptedModel
) -> None:
    model.go_on()
    response = await ada.answered(entry)
    for id in (response, "0" * 32):
        for accept in ("text/event-stream", "*/*", ""):
            answer = await stranger.http.get(
                f"/responses/{id}/stream",
                headers={"Accept": accept, "Sec-Fetch-Site": "same-origin"},
            )
            assert answer.status_code == 401
            assert "Location" not in answer.headers
            assert not answer.content


async def test_locking_ends_the_stream_keeps_the_words_and_wipes_the_keys(
    server: Server, ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    (opened,) = server.rooms.journals._open.values()
    async with ada.follow(response) as stream:
        await stream.until("back")
        await ada.send("/lock")
        assert (await stream.events())[-1].kind == "done"
    assert model.left == 1, "nothing runs for a locked journal"
    assert opened.vault.is_locked
    await ada.enter()
    assert STOPPED in words(await ada.day())


async def test_a_stream_ends_when_its_session_does(
    server: Server,
    ada: Visitor,
    entry: str,
    model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another session keeps the journal open, so only the look at the cookie can end it."""
    monkeypatch.setattr("llamora.web.responses.RECHECK_SECONDS", 0.05)
    response = await ada.ask(entry)
    async with Visitor(server) as other:
        await other.enter()
        async with ada.follow(response) as stream:
            await stream.until("back")
            await ada.send("/lock")
            rest = await stream.events()
        assert rest[-1].kind == "done"
        assert "The journal is locked." in said(rest)
        assert "stayed" not in said(rest)
        async with other.follow(response) as stream:
            model.go_on()
            assert "And it stayed." in said(await stream.events())


def test_the_cookie_is_looked_at_as_often_as_the_documents_say() -> None:
    assert responses.RECHECK_SECONDS == 15


async def test_a_stream_ends_with_done_though_its_row_was_damaged(
    server: Server, ada: Visitor, entry: str, model: ScriptedModel
) -> None:
    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until("back")
        store = server.rooms.accounts._store
        store.write_now(
            lambda tx: tx.execute(
                "UPDATE writings SET revision = revision + 1 WHERE id = ?",
                (bytes.fromhex(response),),
            )
        )
        model.go_on()
        rest = await stream.events()
    assert rest[-1].kind == "done"
    assert "cannot be read any more" in said(rest)


async def test_a_model_that_says_markup_is_shown_as_text(account: Registered) -> None:
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)>[a](javascript:alert(3))"
    async with house(account, ScriptedModel(bad[:20], bad[20:])) as (_, ada, entry):
        response = await ada.ask(entry)
        async with ada.follow(response) as stream:
            html = "".join(event.html for event in await stream.events())
        for place in (html, await ada.day()):
            assert "<script>alert" not in place
            assert "<img" not in place
            assert 'href="javascript' not in place


async def test_an_answer_without_end_is_ended(account: Registered) -> None:
    endless = ScriptedModel(*("".join(f"word{n} " for n in range(k, k + 70)) for k in range(9)))
    async with house(account, endless, LIMITS__RESPONSE_BYTES=1_000) as (_, ada, entry):
        response = await ada.ask(entry)
        async with ada.follow(response) as stream:
            shown = said(await stream.events())
        assert "grew longer than an answer may be" in shown
        assert shown.count("word") < 500


async def test_without_a_model_echo_answers_in_the_diarists_own_words(
    account: Registered,
) -> None:
    async with serving(journal_settings(account.path)) as server, Visitor(server) as ada:
        await ada.enter()
        old = await ada.write("A heron stood in the shallow water.", "2026-11-02")
        entry = await ada.write("The heron came back to the shallow water.")
        await ada.answered(entry)
        page = await ada.day()
        assert "your own earlier words" in words(page)
        assert "A heron stood in the shallow water." in words(page)
        assert f"/days/2026-11-02#entry-{old}" in page

        alone = await ada.write("Zugzwang.")
        response = await ada.ask(alone)
        async with ada.follow(response) as stream:
            assert "nothing to echo" in said(await stream.events())


async def test_asking_about_nothing_is_404(ada: Visitor, stranger: Visitor) -> None:
    for path in (f"/entries/{'0' * 32}/responses", "/entries/1/responses"):
        assert (await ada.send(path, {"key": "k"})).status_code == 404
    await stranger.register("Bea", OTHER_PASSWORD)
    assert fields(await stranger.day())["text"] == ""


async def test_who_waits_for_another_hears_so_and_too_many_are_told_when_to_come_back(
    ada: Visitor, model: ScriptedModel
) -> None:
    entries = [await ada.write(text) for text in ("first", "second", "third")]
    await ada.ask(entries[0])
    while not model.asked:  # noqa: ASYNC110 - else the second may be through first
        await asyncio.sleep(0.01)
    second = await ada.ask(entries[1])
    async with ada.follow(second) as stream:
        waiting = await stream.until("One answer comes before this one.")
        assert [each.kind for each in waiting if "comes before" in each.html] == ["ahead"]
    refused = await ada.htmx("POST", f"/entries/{entries[2]}/responses", form={"key": "3"})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "10"
    model.go_on()
