"""Two processes on one file: each follows what the other did.

Both run in this one process, with a store, an index of days and open journals of their own; only
the file and the runtime key are shared, as between two workers.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.accounts import OTHER_PASSWORD, PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, fields, words

from llamora.vault import RuntimeKey

LONG = "".join(f"word{n} " for n in range(400))  # more than is said between two seals


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel("It came back. ", LONG, "And it stayed.", hold_at=2)


@pytest.fixture
async def workers(
    account: Registered, clock: TurnableClock, model: ScriptedModel
) -> AsyncIterator[tuple[Server, Server]]:
    settings, key = journal_settings(account.path), RuntimeKey()
    async with (
        serving(settings, clock=clock, runtime=key, model=model) as one,
        serving(settings, clock=clock, runtime=key, model=model) as other,
    ):
        yield one, other


@pytest.fixture
async def here(workers: tuple[Server, Server]) -> AsyncIterator[Visitor]:
    """Ada's browser, answered by the first worker."""
    async with Visitor(workers[0]) as visitor:
        yield await visitor.enter()


@pytest.fixture
async def there(workers: tuple[Server, Server], here: Visitor) -> AsyncIterator[Visitor]:
    """The same browser, answered by the second."""
    async with Visitor(workers[1]) as visitor:
        yield visitor.take(here.steal())


async def test_a_session_of_one_opens_the_other(here: Visitor, there: Visitor) -> None:
    assert "yours alone" in words(await there.day())


async def test_each_sees_what_the_other_wrote_at_once(here: Visitor, there: Visitor) -> None:
    for n in range(4):
        writer, reader = (here, there) if n % 2 else (there, here)
        entry = await writer.write(f"number {n}", f"2026-11-{n + 10}")
        assert f"number {n}" in words(await reader.day(f"2026-11-{n + 10}"))
        assert (
            f'href="/days/2026-11-{n + 10}" data-written'
            in (await reader.visit("/calendar/2026-11")).text
        )
        await reader.send(f"/entries/{entry}", {"text": f"edited {n}", "revision": "1"}, "PUT")
        assert f"edited {n}" in words(await writer.day(f"2026-11-{n + 10}"))


async def test_a_stale_edit_is_noticed_across_the_two(here: Visitor, there: Visitor) -> None:
    entry = await here.write("the heron")
    await there.send(f"/entries/{entry}", {"text": "first", "revision": "1"}, "PUT")
    stale = await here.send(f"/entries/{entry}", {"text": "second", "revision": "1"}, "PUT")
    assert stale.status_code == 409


async def test_what_one_erases_the_other_can_bring_back(here: Visitor, there: Visitor) -> None:
    entry = await here.write("the heron")
    await here.send(f"/entries/{entry}", method="DELETE")
    assert (await there.visit(f"/entries/{entry}")).status_code == 404
    assert (await there.send(f"/entries/{entry}/restoration")).status_code == 303
    assert "the heron" in words(await here.day())


async def test_settings_saved_in_one_hold_in_the_other(here: Visitor, there: Visitor) -> None:
    await there.day()
    await here.send("/settings/appearance", {"theme": "dark", "day_starts_at": "0"})
    assert 'data-theme="dark"' in await there.day()


async def test_drafts_are_shared(here: Visitor, there: Visitor) -> None:
    await here.draft("half a thought")
    assert fields(await there.day())["text"] == "half a thought"


async def test_racing_forms_with_one_key_write_once(here: Visitor, there: Visitor) -> None:
    form = {"text": "the heron", "key": "one form"}
    answers = await asyncio.gather(
        *(who.send(f"/days/{TODAY}/entries", form) for who in (here, there) * 3)
    )
    assert len({answer.headers["Location"] for answer in answers}) == 1


async def test_a_lock_in_one_is_refused_by_the_other_at_once_and_wipes_it_too(
    workers: tuple[Server, Server], here: Visitor, there: Visitor
) -> None:
    await there.day()
    (opened,) = workers[1].rooms.journals._open.values()

    await here.send("/lock")

    assert (await there.visit(f"/days/{TODAY}")).status_code == 303
    assert (await there.draft("too late")).status_code == 401
    await workers[1].sweep()
    assert opened.vault.is_locked
    assert not workers[1].rooms.journals._open


async def test_a_changed_password_ends_sessions_in_the_other(
    workers: tuple[Server, Server], here: Visitor, there: Visitor
) -> None:
    async with Visitor(workers[1]) as second:
        await second.enter()
        await here.send(
            "/settings/keys",
            {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD},
        )
        assert (await second.visit(f"/days/{TODAY}")).status_code == 303
        assert (await there.visit(f"/days/{TODAY}")).status_code == 200, "the one that changed it"


async def test_another_runtime_key_opens_nothing(account: Registered, here: Visitor) -> None:
    async with serving(journal_settings(account.path)) as foreign, Visitor(foreign) as thief:
        thief.take(here.steal())
        assert (await thief.visit(f"/days/{TODAY}")).status_code == 303


async def test_an_answer_said_in_one_can_be_followed_in_the_other(
    here: Visitor, there: Visitor, model: ScriptedModel
) -> None:
    response = await here.ask(await here.write("the heron"))
    async with there.follow(response) as stream:
        assert stream.status == 200
        seen = await stream.until("It came back.")
        assert "stayed" not in seen[-1].html
        model.go_on()
        rest = await stream.events()
    assert rest[-1].kind == "done"
    assert "And it stayed." in words(rest[-1].html)
    assert len(model.asked) == 1


async def test_a_reader_who_comes_early_waits_for_the_first_words(
    here: Visitor, there: Visitor, model: ScriptedModel
) -> None:
    model.hold_at = 0
    response = await here.ask(await here.write("the heron"))
    async with there.follow(response) as stream:
        model.go_on()
        assert "And it stayed." in words((await stream.events())[-1].html)


async def test_an_answer_said_in_one_can_be_stopped_in_the_other(
    here: Visitor, there: Visitor, model: ScriptedModel
) -> None:
    response = await here.ask(await here.write("the heron"))
    async with there.follow(response) as stream:
        await stream.until("It came back.")
        stopped = await there.htmx("DELETE", f"/responses/{response}/generation")
        assert stopped.status_code == 200
        ended = (await stream.events())[-1]
    assert ended.kind == "done"
    assert "You stopped it here." in words(ended.html)
    assert "It came back." in words(ended.html)
    assert model.left == 1


async def test_an_answer_can_be_erased_in_the_other(
    here: Visitor, there: Visitor, model: ScriptedModel
) -> None:
    response = await here.ask(await here.write("the heron"))
    async with there.follow(response) as stream:
        await stream.until("It came back.")
        assert (await there.htmx("DELETE", f"/responses/{response}")).status_code == 200
        assert (await stream.events())[-1].kind == "done"
    model.go_on()
    async with here.follow(response) as stream:
        if stream.status == 200:
            await stream.events()
    for who in (here, there):
        assert response not in await who.day()


async def test_what_a_dead_worker_left_is_kept_and_said_to_have_broken_off(
    account: Registered, clock: TurnableClock, model: ScriptedModel
) -> None:
    settings, key = journal_settings(account.path), RuntimeKey()
    async with serving(settings, clock=clock, runtime=key) as survivor, Visitor(survivor) as reader:
        async with (
            serving(settings, clock=clock, runtime=key, model=model) as dying,
            Visitor(dying) as ada,
        ):
            await ada.enter()
            reader.take(ada.steal())
            response = await ada.ask(await ada.write("the heron"))
            async with reader.follow(response) as stream:
                await stream.until("It came back.")
            (opened,) = dying.rooms.journals._open.values()
            (generation,) = opened.companion._generations.values()
            # What kill -9 does, as far as the file can tell: nothing more is sealed.
            generation._seal_last = _nothing  # pyright: ignore[reportAttributeAccessIssue]
            generation._keep = _nothing  # pyright: ignore[reportAttributeAccessIssue]
        assert "It broke off here." not in words(await reader.day()), "it may still live"
        clock.advance(seconds=16)
        page = words(await reader.day())
        assert "It came back." in page
        assert "It broke off here." in page
        async with reader.follow(response) as stream:
            assert (await stream.events())[-1].kind == "done"


async def _nothing(*_: object) -> None:
    pass
