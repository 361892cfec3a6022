"""Replacing the key in the page: nothing is lost, nobody else stays, and it says how far it is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.support.accounts import OTHER_PASSWORD, PASSWORD, UNTHROTTLED, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, code_in, fields, words

from llamora.accounts import rotation
from llamora.vault import RuntimeKey
from llamora.web import recovery

KEY = "/settings/key"


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "GRACE_SECONDS", 0)


async def finished(server: Server) -> None:
    """Waits until no row of the epoch before is left."""
    store = server.rooms.journals._accounts._store  # pyright: ignore[reportPrivateUsage]
    for _ in range(2_000):
        if not store.rows("SELECT 1 FROM chain"):
            return
        await asyncio.sleep(0.01)
    raise AssertionError("The rotation did not come to an end.")


async def replaced(ada: Visitor, server: Server) -> str:
    """The new recovery code, once everything is sealed anew."""
    answer = await ada.send(KEY, {"password": PASSWORD})
    assert (answer.status_code, answer.headers["location"]) == (303, "/recovery-code")
    code = code_in((await ada.visit("/recovery-code")).text)
    await finished(server)
    return code


async def test_everything_written_is_read_and_found_afterwards(
    ada: Visitor, server: Server
) -> None:
    for n in range(5):
        await ada.write(f"the heron came back {n}", f"2026-11-{10 + n}")
    entry = await ada.write("the heron stayed")
    await ada.keep(entry, "pond")
    await ada.draft("half a thought")
    await ada.remembered("heron")
    await replaced(ada, server)
    assert "the heron came back 3" in words(await ada.day("2026-11-13"))
    assert "the heron stayed" in words(await ada.day())
    assert "half a thought" in await ada.day()
    assert "the heron came back 2" in words((await ada.search("heron")).text)
    assert "pond" in words((await ada.visit("/traces")).text)
    assert (await ada.write("and so on")).strip()


async def test_the_new_code_opens_the_journal_and_the_old_one_does_not(
    ada: Visitor, server: Server, account: Registered
) -> None:
    await ada.write("the heron")
    code = await replaced(ada, server)
    async with Visitor(server) as other:
        form = {"name": account.name, "password": OTHER_PASSWORD}
        assert (await other.send("/recover", {**form, "code": account.code})).status_code == 422
        assert (await other.send("/recover", {**form, "code": code})).status_code == 303
        assert "the heron" in words(await other.day())


async def test_whoever_pressed_twice_or_went_away_still_finds_the_new_code(ada: Visitor) -> None:
    await asyncio.gather(*(ada.send(KEY, {"password": PASSWORD}) for _ in range(2)))
    for path in (KEY, "/settings/keys"):
        assert 'href="/recovery-code"' in (await ada.visit(path)).text
    await ada.confirm_code()
    assert 'href="/recovery-code"' not in (await ada.visit(KEY)).text


async def test_the_password_opens_it_as_before(ada: Visitor, server: Server) -> None:
    await ada.write("the heron")
    await replaced(ada, server)
    await ada.send("/logout", {})
    await ada.enter()
    assert "the heron" in words(await ada.day())


async def test_a_wrong_password_changes_nothing(ada: Visitor, server: Server) -> None:
    answer = await ada.send(KEY, {"password": OTHER_PASSWORD})
    assert answer.status_code == 422
    assert "not your present password" in words(answer.text)
    assert "being replaced" not in words((await ada.visit(KEY)).text)


async def test_while_it_is_under_way_the_page_says_how_far_it_is_and_takes_no_other(
    ada: Visitor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        await ada.write("the heron", f"2026-11-{10 + n}")
    monkeypatch.setattr(rotation.Rotation, "carry_on", lambda self: None)
    await ada.send(KEY, {"password": PASSWORD})
    page = await ada.visit(KEY)
    assert "0 of 3 days" in words(page.text)
    assert 'hx-get="/settings/key/progress"' in page.text
    piece = await ada.htmx("GET", f"{KEY}/progress")
    assert piece.text.lstrip().startswith("<section")
    assert (await ada.visit(f"{KEY}/progress")).headers["location"] == KEY
    again = await ada.send(KEY, {"password": PASSWORD})
    assert again.status_code == 422
    assert "being replaced already" in words(again.text)
    await ada.write("one more", "2026-11-10")  # brings its day up
    assert "1 of 3 days" in words((await ada.visit(KEY)).text)
    monkeypatch.undo()
    await server.sweep()
    await finished(server)
    assert "hx-get" not in (await ada.htmx("GET", f"{KEY}/progress")).text


async def test_what_was_begun_goes_on_at_the_next_sign_in(
    account: Registered, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = journal_settings(account.path)
    with monkeypatch.context() as held:
        held.setattr(rotation.Rotation, "carry_on", lambda self: None)
        async with serving(settings, clock=clock) as server, Visitor(server) as ada:
            await ada.enter()
            await ada.write("the heron")
            await ada.send(KEY, {"password": PASSWORD})
    async with serving(settings, clock=clock) as server, Visitor(server) as ada:
        await ada.enter()
        assert "the heron" in words(await ada.day())
        await server.sweep()
        await finished(server)
        assert "the heron" in words(await ada.day())


@pytest.mark.parametrize("mode", ["session", "cookie"])
async def test_every_other_session_ends_and_this_one_goes_on(
    account: Registered, clock: TurnableClock, mode: str
) -> None:
    settings = journal_settings(account.path)
    policy = replace(UNTHROTTLED, dek_storage=mode)
    async with serving(settings, clock=clock, policy=policy) as server, Visitor(server) as ada:
        await ada.enter()
        await ada.write("the heron")
        before = ada.steal()
        async with Visitor(server) as other, Visitor(server) as thief:
            await other.enter()
            await replaced(ada, server)
            assert (await other.visit(f"/days/{TODAY}")).status_code == 303
            assert "the heron" in words(await ada.day())
            kept = (await thief.take(before).visit(f"/days/{TODAY}")).status_code == 200
            assert kept == (mode == "session")  # where the cookie is another, the old one is dead


@pytest.mark.parametrize("mode", ["session", "cookie"])
async def test_the_journal_stays_open_until_the_new_code_waits(
    account: Registered, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """What runs each second comes between the new key and the answer that brings its cookie."""
    settings = journal_settings(account.path, CRYPTO__DEK_STORAGE=mode)
    policy = replace(UNTHROTTLED, dek_storage=mode)
    async with serving(settings, clock=clock, policy=policy) as server, Visitor(server) as ada:
        await ada.enter()
        keep = recovery.keep

        async def late(*given: Any) -> None:
            await server.sweep()
            await keep(*given)

        monkeypatch.setattr(recovery, "keep", late)
        await replaced(ada, server)
        assert (await ada.visit(f"/days/{TODAY}")).status_code == 200


async def test_a_code_that_was_lost_on_its_way_is_told_of(
    ada: Visitor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the process ends between the new key and the showing of its code."""
    assert "have not said that you have" not in words(await ada.day())
    keep = recovery.keep

    async def lost(*given: Any) -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr(recovery, "keep", lost)
    assert (await ada.send(KEY, {"password": PASSWORD})).status_code == 500
    monkeypatch.setattr(recovery, "keep", keep)
    async with Visitor(server) as again:
        await again.enter()
        for page in (f"/days/{TODAY}", "/settings/keys", KEY):
            told = words((await again.visit(page)).text)
            assert "You have not said that you have your recovery code." in told, page
        made = await again.send("/settings/keys", {"do": "code", "password": PASSWORD})
        assert made.status_code == 303
        await again.confirm_code()
        assert "have not said that you have" not in words(await again.day())


async def test_a_code_that_was_shown_and_left_is_told_of_when_it_is_shown_no_more(
    ada: Visitor, clock: TurnableClock
) -> None:
    await ada.send("/settings/keys", {"do": "code", "password": PASSWORD})
    assert "waits to be written down" in words((await ada.visit("/settings/keys")).text)
    clock.advance(hours=1, minutes=1)
    await ada.enter()
    assert "have not said that you have" in words((await ada.visit("/settings/keys")).text)


@pytest.fixture
async def workers(
    account: Registered, clock: TurnableClock
) -> AsyncIterator[tuple[Server, Server]]:
    settings, key = journal_settings(account.path), RuntimeKey()
    async with (
        serving(settings, clock=clock, runtime=key) as one,
        serving(settings, clock=clock, runtime=key) as other,
    ):
        yield one, other


async def test_another_process_that_had_the_journal_open_opens_it_anew(
    workers: tuple[Server, Server],
) -> None:
    async with Visitor(workers[0]) as here, Visitor(workers[1]) as there:
        await here.enter()
        there.take(here.steal())
        await there.write("the heron")
        await replaced(here, workers[0])
        there.take(here.steal())
        assert "the heron" in words(await there.day())
        await there.write("came back")
        assert "came back" in words(await here.day())
        assert "came back" in words((await there.search("back")).text)


async def test_a_stale_process_cannot_write(workers: tuple[Server, Server]) -> None:
    from llamora.journal.errors import Stale

    async with Visitor(workers[0]) as here, Visitor(workers[1]) as there:
        await here.enter()
        await there.enter()
        await there.write("the heron")
        (opened,) = workers[1].rooms.journals._open.values()  # pyright: ignore[reportPrivateUsage]
        await replaced(here, workers[0])
        with pytest.raises(Stale):
            await opened.journal.write(opened.journal.today(), "too late", key="k")
        await workers[1].sweep()
        assert opened.vault.is_locked


async def test_a_form_sent_again_after_the_key_was_replaced_writes_nothing_twice(
    ada: Visitor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"text": "the heron", "key": fields(await ada.day())["key"]}
    await ada.send(f"/days/{TODAY}/entries", form)
    monkeypatch.setattr(rotation.Rotation, "carry_on", lambda self: None)
    await ada.send(KEY, {"password": PASSWORD})
    await ada.send(f"/days/{TODAY}/entries", form)
    assert (await ada.day()).count(">the heron</p>") == 1
