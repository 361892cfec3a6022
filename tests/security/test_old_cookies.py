"""Old cookies (bar 27): whatever ends a session, its cookie opens nothing after it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, UNTHROTTLED, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor


@pytest.fixture(params=["session", "cookie"])
async def server(
    request: pytest.FixtureRequest, account: Registered, clock: TurnableClock
) -> AsyncIterator[Server]:
    """In both ways of keeping keys between requests."""
    policy = replace(UNTHROTTLED, dek_storage=request.param)
    async with serving(journal_settings(account.path), clock=clock, policy=policy) as server:
        yield server


Ending = Callable[[Server, Visitor, TurnableClock, Registered], Awaitable[None]]


async def sign_out(server: Server, ada: Visitor, clock: TurnableClock, account: Registered) -> None:
    await ada.send("/logout")


async def lock(server: Server, ada: Visitor, clock: TurnableClock, account: Registered) -> None:
    await ada.send("/lock")


async def sign_in_again(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    await ada.enter()


async def leave_it_idle(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    clock.advance(minutes=60, seconds=1)


async def use_it_for_a_day(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    for _ in range(24 * 60 // 50):
        clock.advance(minutes=50)
        assert (await ada.visit("/settings/account")).status_code == 200
    clock.advance(minutes=50)


async def change_the_password(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        changed = await other.send(
            "/settings/keys",
            {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD},
        )
        assert changed.status_code == 200


async def end_it_from_the_list(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        page = (await other.visit("/settings/sessions")).text
        listed = re.findall(r"/settings/sessions/([0-9a-f]{32})", page)
        assert listed
        for id in listed:
            assert (
                await other.send(f"/settings/sessions/{id}", method="DELETE")
            ).status_code == 303


async def end_all_others(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        assert (await other.send("/settings/sessions", method="DELETE")).status_code == 303


async def recover(server: Server, ada: Visitor, clock: TurnableClock, account: Registered) -> None:
    async with Visitor(server) as other:
        form = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}
        assert (await other.send("/recover", form)).status_code == 303


async def replace_the_key(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        assert (await other.send("/settings/key", {"password": PASSWORD})).status_code == 303


@pytest.mark.parametrize(
    "ending",
    [
        sign_out,
        lock,
        sign_in_again,
        leave_it_idle,
        use_it_for_a_day,
        change_the_password,
        end_it_from_the_list,
        end_all_others,
        recover,
        replace_the_key,
    ],
)
async def test_a_cookie_kept_from_before_opens_nothing(
    server: Server, ada: Visitor, clock: TurnableClock, account: Registered, ending: Ending
) -> None:
    entry = await ada.write("the heron")
    kept = ada.steal()
    async with Visitor(server) as thief:
        thief.take(kept)
        assert "the heron" in await thief.day(), "the control: until then it does"

        await ending(server, ada, clock, account)

        for _ in range(2):
            thief.take(kept)
            for path in (f"/days/{TODAY}", f"/entries/{entry}/edit", "/settings/account"):
                answer = await thief.visit(path)
                assert answer.status_code == 303
                assert answer.headers["Location"].startswith("/login")
            assert (await thief.draft("theirs")).status_code == 401
            assert (await thief.send(f"/entries/{entry}", method="DELETE")).status_code == 401
            assert (
                await thief.send(
                    "/settings/keys",
                    {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD},
                )
            ).status_code == 401
            await server.sweep()


async def test_using_it_keeps_it_and_looking_on_does_not(
    server: Server, ada: Visitor, clock: TurnableClock
) -> None:
    for _ in range(4):
        clock.advance(minutes=59)
        assert (await ada.visit("/settings/account")).status_code == 200
    clock.advance(minutes=31)
    await server.sweep()
    await server.rooms.sessions.flush()
    clock.advance(minutes=31)
    assert (await ada.visit("/settings/account")).status_code == 303


async def test_a_restart_locks_in_session_mode_alone(
    server: Server, account: Registered, clock: TurnableClock, ada: Visitor
) -> None:
    policy = server.rooms.accounts._policy
    async with (
        serving(journal_settings(account.path), clock=clock, policy=policy) as fresh,
        Visitor(fresh) as again,
    ):
        again.take(ada.steal())
        opens = 200 if policy.dek_storage == "cookie" else 303
        assert (await again.visit(f"/days/{TODAY}")).status_code == opens


@pytest.mark.parametrize("what", ["password", "key"])
async def test_the_cookie_of_before_ones_own_change_of_password_or_key(
    server: Server, ada: Visitor, what: str
) -> None:
    """Where the cookie holds the key, the change gives a new one and the old one is void."""
    kept = ada.steal()
    if what == "password":
        form = {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert (await ada.send("/settings/keys", form)).status_code == 200
    else:
        assert (await ada.send("/settings/key", {"password": PASSWORD})).status_code == 303
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 200
    renewed = ada.steal() != kept
    assert renewed is (server.rooms.accounts._policy.dek_storage == "cookie")
    if renewed:
        async with Visitor(server) as thief:
            thief.take(kept)
            assert (await thief.visit(f"/days/{TODAY}")).status_code == 303
        assert (await ada.visit(f"/days/{TODAY}")).status_code == 200


async def test_cookies_that_were_never_given_open_nothing(server: Server, ada: Visitor) -> None:
    ((name, value),) = ada.steal().items()
    async with Visitor(server) as thief:
        for made_up in (
            "",
            "x",
            value[:-1],
            value + "A",
            value[::-1],
            value.lower(),
            "A" * len(value),
            "A" * 10_000,
            "%00",
            '"' + "\\000" * 32 + '"',
        ):
            thief.take({name: made_up})
            assert (await thief.visit(f"/days/{TODAY}")).status_code == 303, made_up
        for other in (f"{name}x", name.upper(), f"__Host-{name}", "session", "llamora"):
            thief.take({other: value})
            assert (await thief.visit(f"/days/{TODAY}")).status_code == 303, other
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 200


@pytest.mark.parametrize("mode", ["session", "cookie"])
async def test_a_short_absolute_end_is_kept_to_the_second(
    account: Registered, clock: TurnableClock, mode: Literal["session", "cookie"]
) -> None:
    policy = replace(UNTHROTTLED, absolute_ttl=timedelta(minutes=10), dek_storage=mode)
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, policy=policy) as server, Visitor(server) as ada:
        await ada.enter()
        clock.advance(minutes=9, seconds=59)
        assert (await ada.visit(f"/days/{TODAY}")).status_code == 200
        clock.advance(seconds=1)
        assert (await ada.visit(f"/days/{TODAY}")).status_code == 303
