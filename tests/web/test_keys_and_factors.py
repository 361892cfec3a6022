"""Where replacing the key meets second factors: each leaves the other whole."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.support.accounts import PASSWORD, POLICY, Registered
from tests.support.authenticator import Key
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import Visitor, words
from tests.web.test_passkeys import FACTORS, enter, make, options_in, prf_of
from tests.web.test_rotating import KEY, finished, replaced
from tests.web.test_second_factor import code_of, enrol, half_way

from llamora.accounts import rotation
from llamora.journal.errors import Stale
from llamora.vault import RuntimeKey, Vault


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "GRACE_SECONDS", 0)


async def test_a_key_that_was_replaced_between_the_steps_sends_back_to_the_first(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    secret, _ = await enrol(ada)
    await half_way(stranger)
    cookie = stranger.steal()
    await replaced(ada, server)
    assert (await stranger.visit("/login/factor")).status_code == 303
    stranger.take(cookie)
    late = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert late.status_code == 401
    assert "That took too long" in words(late.text)
    await stranger.send("/lock")
    await half_way(stranger)
    opened = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert opened.status_code == 303, "the codes outlive the key"


async def test_whoever_has_a_session_alone_cannot_use_up_the_attempts_at_the_door(
    account: Registered, clock: TurnableClock
) -> None:
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, policy=POLICY) as server, Visitor(server) as ada:
        secret, _ = await enrol(await ada.enter())
        for _ in range(10):
            await ada.send(f"{FACTORS}/app/confirmation", {"code": "000000"})
        async with Visitor(server) as owner:
            await half_way(owner)
            opened = await owner.send("/login/factor", {"code": code_of(secret, owner)})
            assert opened.status_code == 303


async def test_a_code_is_taken_once_by_all_workers(
    account: Registered, clock: TurnableClock
) -> None:
    settings, key = journal_settings(account.path), RuntimeKey()
    async with (
        serving(settings, clock=clock, runtime=key) as one,
        serving(settings, clock=clock, runtime=key) as other,
        Visitor(one) as here,
        Visitor(other) as there,
    ):
        secret, _ = await enrol(await here.enter())
        await here.send("/lock")
        await half_way(here)
        await half_way(there)
        form = {"code": code_of(secret, here)}
        answers = await asyncio.gather(*(v.send("/login/factor", form) for v in (here, there)))
        assert sorted(answer.status_code for answer in answers) == [303, 401]


async def test_a_passkey_made_while_the_key_is_replaced_leaves_no_wrap_of_the_old_one(
    server: Server, account: Registered, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, started, gate = Key(), threading.Event(), threading.Event()
    begun = await ada.send(f"{FACTORS}/passkeys/challenge", {"password": PASSWORD})
    options = options_in(begun.text)
    form = {"label": "My key", "passkey": key.made(options)} | prf_of(key, options, True)
    _hold_passkeys(monkeypatch, started, gate)
    enrolling = asyncio.create_task(ada.send(f"{FACTORS}/passkeys", form))
    await asyncio.to_thread(started.wait, 10)
    assert (await ada.send(KEY, {"password": PASSWORD})).status_code == 303
    gate.set()
    assert (await enrolling).status_code == 422
    await finished(server)
    with sqlite3.connect(account.path) as db:
        assert {epoch for (epoch,) in db.execute("SELECT epoch FROM wraps")} == {2}
    assert "My key" not in words((await ada.visit(FACTORS)).text)


async def test_a_process_with_the_key_of_before_is_told_so_and_not_of_damage(
    account: Registered, clock: TurnableClock
) -> None:
    settings, key = journal_settings(account.path), RuntimeKey()
    async with (
        serving(settings, clock=clock, runtime=key) as one,
        serving(settings, clock=clock, runtime=key) as other,
        Visitor(one) as here,
        Visitor(other) as there,
    ):
        await here.enter()
        await there.enter()
        (stale,) = other.rooms.journals._open.values()
        await replaced(here, one)
        rooms, vault = other.rooms, stale.vault
        with pytest.raises(Stale):
            await rooms.accounts.save_settings(vault, stale.settings)
        with pytest.raises(Stale):
            await rooms.codes.begin(vault, bytes(16), PASSWORD)
        with pytest.raises(Stale):
            await rooms.accounts.new_code(vault, PASSWORD)


async def test_a_passkey_that_was_refused_after_the_password_is_told_of(
    ada: Visitor, stranger: Visitor
) -> None:
    key = Key()
    await make(ada, key, prf=False)
    await half_way(stranger)
    refused = await enter(stranger, Key(), prf=False, path="/login/factor")
    assert refused.status_code == 401
    told = words((await ada.visit("/settings/history")).text)
    assert "After the right password, a wrong second factor" in told


def _hold_passkeys(
    monkeypatch: pytest.MonkeyPatch, started: threading.Event, gate: threading.Event
) -> None:
    real: Callable[..., Any] = Vault.wrap

    def wrap(self: Vault, id: bytes, kind: str, *rest: Any) -> Any:
        made = real(self, id, kind, *rest)
        if kind == "passkey":
            started.set()
            assert gate.wait(20)
        return made

    monkeypatch.setattr(Vault, "wrap", wrap)
