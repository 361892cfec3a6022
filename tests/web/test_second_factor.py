"""Codes after the password: what the door asks, and what lies open between the two steps."""

import re
from typing import cast

import httpx
import pytest
from pyotp.totp import TOTP
from tests.support.accounts import OTHER_PASSWORD, PASSWORD, POLICY, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, fields, words

from llamora.accounts.half_open import LASTS
from llamora.vault import RuntimeKey

STEP = 31  # seconds, so that the next code is another one


async def enrol(ada: Visitor) -> tuple[str, list[str]]:
    """Sets an app up; its secret, and the backup codes."""
    begun = await ada.send("/settings/factors/app", {"password": PASSWORD})
    assert (begun.status_code, begun.headers["Location"]) == (303, "/settings/factors/app")
    secret = secret_in((await ada.visit("/settings/factors/app")).text)
    form = {"code": code_of(secret, ada)}
    done = await ada.send("/settings/factors/app/confirmation", form)
    assert done.status_code == 200, words(done.text)
    clock_of(ada).advance(STEP)
    return secret, re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", words(done.text))


def secret_in(html: str) -> str:
    found = re.search(r'id="code"[^>]*>([A-Z2-7 ]+)<', html)
    assert found
    return found[1].replace(" ", "")


def code_of(secret: str, visitor: Visitor, steps: int = 0) -> str:
    return TOTP(secret).at(clock_of(visitor).now(), counter_offset=steps)


def clock_of(visitor: Visitor) -> TurnableClock:
    return cast(Server, visitor.server).clock


async def half_way(visitor: Visitor, **more: str) -> httpx.Response:
    """The right password, and no more."""
    asked = await visitor.sign_in(**more)
    assert asked.status_code == 303
    assert asked.headers["Location"].startswith("/login/factor")
    return asked


async def test_an_app_is_set_up_and_then_asked_for(ada: Visitor, stranger: Visitor) -> None:
    secret, backup = await enrol(ada)
    assert len(backup) == 10
    page = words((await ada.visit("/settings/factors")).text)
    assert "10 left" in page
    assert "Last used today" in page

    await half_way(stranger)
    asked = await stranger.visit("/login/factor")
    assert "The code your app shows" in words(asked.text)
    assert set(fields(asked.text)) == {"zone", "code"}, "no password, no name"
    opened = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    assert (await stranger.visit(f"/days/{TODAY}")).status_code == 200
    assert list(stranger.steal()) == ["llamora_5000"]


async def test_between_the_steps_nothing_private_can_be_reached(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    entry = await ada.write("the heron came back")
    await enrol(ada)
    await ada.send("/lock")
    before = await door(stranger, entry)
    await half_way(stranger)
    assert await door(stranger, entry) == before
    (cookie,) = stranger.steal().values()
    # Nor as the session's cookie.
    stranger.take({"llamora_5000": cookie})
    assert await door(stranger, entry) == before
    assert not server.rooms.journals._open
    assert not server.rooms.sessions.sweep()


async def door(visitor: Visitor, entry: str) -> list[tuple[int, str]]:
    """What a few private addresses answer."""
    paths = (f"/days/{TODAY}", f"/entries/{entry}", "/traces", "/settings/factors", "/search", "/")
    answers = [await visitor.visit(path) for path in paths]
    answers += [await visitor.send(f"/days/{TODAY}/entries", {"text": "x", "key": "k"})]
    answers += [await visitor.send("/settings/factors/app", {"password": PASSWORD})]
    return [(each.status_code, each.headers.get("Location", "")) for each in answers]


async def test_a_wrong_code_is_told_and_the_right_one_still_opens(
    ada: Visitor, stranger: Visitor
) -> None:
    secret, _ = await enrol(ada)
    await half_way(stranger)
    for typed, status in (("000000", 401), ("nonsense", 422), ("", 422), ("1" * 10_000, 422)):
        if typed == code_of(secret, stranger):
            continue
        refused = await stranger.send("/login/factor", {"code": typed})
        assert refused.status_code == status
        assert fields(refused.text)["code"] == ""
        assert "llamora_5000" not in stranger.steal()
    opened = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert opened.status_code == 303


async def test_a_code_that_was_used_opens_nothing_more(ada: Visitor, server: Server) -> None:
    secret, backup = await enrol(ada)
    for code in (code_of(secret, ada), backup[3]):
        async with Visitor(server) as first, Visitor(server) as second:
            await half_way(first)
            await half_way(second)
            assert (await first.send("/login/factor", {"code": code})).status_code == 303
            assert (await second.send("/login/factor", {"code": code})).status_code == 401


async def test_the_way_that_was_asked_for_is_kept_over_both_steps(
    ada: Visitor, stranger: Visitor
) -> None:
    secret, _ = await enrol(ada)
    asked = await half_way(stranger, next="/days/2026-03-04")
    page = await stranger.visit(asked.headers["Location"])
    form = {"code": "000000", "next": fields(page.text)["next"]}
    again = await stranger.send("/login/factor", form)
    form = {"code": code_of(secret, stranger), "next": fields(again.text)["next"]}
    opened = await stranger.send("/login/factor", form)
    assert opened.headers["Location"] == "/days/2026-03-04"
    await stranger.send("/lock")
    await half_way(stranger)
    form = {"code": code_of(secret, stranger, 1), "next": "https://evil.example/"}
    assert (await stranger.send("/login/factor", form)).headers["Location"] == "/"


async def test_the_second_step_waits_for_five_minutes(
    ada: Visitor, stranger: Visitor, clock: TurnableClock
) -> None:
    secret, _ = await enrol(ada)
    await half_way(stranger)
    clock.advance(LASTS)
    late = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert late.status_code == 401
    assert "too long" in words(late.text)
    led = await stranger.visit("/login/factor")
    assert (led.status_code, led.headers["Location"]) == (303, "/login")


async def test_a_cookie_that_was_made_up_or_changed_waits_for_nothing(
    ada: Visitor, stranger: Visitor
) -> None:
    secret, _ = await enrol(ada)
    await half_way(stranger)
    ((name, good),) = stranger.steal().items()
    longer = good[:66] + ("A" if good[66] != "A" else "B") + good[67:]
    for value in ("", "x", good[:-2], good + "AA", longer, "A" * len(good), "A" * 10_000, "é"):
        stranger.take({name: value} if value.isascii() else {})
        answer = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
        assert answer.status_code == 401
    stranger.take({name: good})
    answer = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert answer.status_code == 303


async def test_a_restart_forgets_it_and_another_worker_does_not(
    account: Registered, clock: TurnableClock
) -> None:
    settings, key = journal_settings(account.path), bytes(range(32))
    async with serving(settings, clock=clock, runtime=RuntimeKey(bytearray(key))) as server:
        async with Visitor(server) as ada:
            secret, _ = await enrol(await ada.enter())
        async with Visitor(server) as visitor:
            await half_way(visitor)
            cookies = visitor.steal()
    for runtime, status in ((RuntimeKey(), 401), (RuntimeKey(bytearray(key)), 303)):
        async with (
            serving(settings, clock=clock, runtime=runtime) as server,
            Visitor(server) as visitor,
        ):
            visitor.take(cookies)
            form = {"code": code_of(secret, visitor)}
            assert (await visitor.send("/login/factor", form)).status_code == status


async def test_with_keys_in_cookies_the_second_step_is_the_same(
    account: Registered, clock: TurnableClock
) -> None:
    settings = journal_settings(account.path, CRYPTO__DEK_STORAGE="cookie")
    async with serving(settings, clock=clock, policy=None) as server, Visitor(server) as visitor:
        secret, _ = await enrol(await visitor.enter())
        await visitor.send("/lock")
        await half_way(visitor)
        assert (await visitor.visit(f"/days/{TODAY}")).status_code == 303
        form = {"code": code_of(secret, visitor)}
        assert (await visitor.send("/login/factor", form)).status_code == 303
        assert (await visitor.visit(f"/days/{TODAY}")).status_code == 200


async def test_a_password_that_changed_between_the_steps_opens_nothing(
    ada: Visitor, stranger: Visitor
) -> None:
    secret, _ = await enrol(ada)
    await half_way(stranger)
    form = {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert (await ada.send("/settings/keys", form)).status_code == 200
    late = await stranger.send("/login/factor", {"code": code_of(secret, stranger)})
    assert late.status_code == 401
    assert "llamora_5000" not in stranger.steal()


async def test_guesses_are_told_to_wait_and_the_recovery_code_still_opens(
    account: Registered, clock: TurnableClock
) -> None:
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, policy=POLICY) as server, Visitor(server) as ada:
        secret, _ = await enrol(await ada.enter())
        async with Visitor(server) as visitor:
            await half_way(visitor)
            wrong = {"code": code_of(secret, visitor, 9)}
            seen = [(await visitor.send("/login/factor", wrong)).status_code for _ in range(6)]
            assert seen == [401] * 5 + [429]
            form = {"name": "Ada", "code": account.code, "password": OTHER_PASSWORD}
            assert (await visitor.send("/recover", form)).status_code == 303
            await visitor.confirm_code()
            assert "Set up an app" in words((await visitor.visit("/settings/factors")).text)
            await visitor.send("/lock")
            assert (await visitor.sign_in("Ada", OTHER_PASSWORD)).headers["Location"] == "/"


CHANGES = [
    ("/settings/factors/app", "POST"),
    ("/settings/factors/app", "DELETE"),
    ("/settings/factors/backup-codes", "POST"),
]


@pytest.mark.parametrize(("path", "method"), CHANGES)
async def test_every_change_asks_for_the_password(ada: Visitor, path: str, method: str) -> None:
    secret, _ = await enrol(ada)
    before = (await ada.visit("/settings/factors")).text
    for password in ("", OTHER_PASSWORD, "\0", "é" * 600):
        refused = await ada.send(path, {"password": password}, method)
        assert refused.status_code == 422
        assert "not your present password" in words(refused.text)
    assert (await ada.visit("/settings/factors")).text == before
    await ada.send("/lock")
    await half_way(ada)
    assert (await ada.send("/login/factor", {"code": code_of(secret, ada)})).status_code == 303


async def test_it_is_removed_with_the_password(ada: Visitor, stranger: Visitor) -> None:
    await enrol(ada)
    removed = await ada.send("/settings/factors/app", {"password": PASSWORD}, "DELETE")
    assert removed.status_code == 303
    assert "not asked for any more" in words((await ada.visit(removed.headers["Location"])).text)
    await stranger.enter()


async def test_a_secret_and_backup_codes_are_shown_once(ada: Visitor, server: Server) -> None:
    await ada.send("/settings/factors/app", {"password": PASSWORD})
    async with Visitor(server) as other:
        await other.enter()
        led = await other.visit("/settings/factors/app")
        assert (led.status_code, led.headers["Location"]) == (303, "/settings/factors")
    secret = secret_in((await ada.visit("/settings/factors/app")).text)
    wrong = await ada.send("/settings/factors/app/confirmation", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret_in(wrong.text) == secret
    form = {"code": code_of(secret, ada)}
    shown = await ada.send("/settings/factors/app/confirmation", form)
    (first, *_) = re.findall(r"\b[0-9A-Z]{5}-[0-9A-Z]{5}\b", words(shown.text))
    for path in ("/settings/factors/app", "/settings/factors"):
        page = await ada.visit(path)
        assert first not in page.text
        assert secret not in page.text.replace(" ", "")
    again = await ada.send("/settings/factors/app/confirmation", form)
    assert again.status_code == 303

    anew = await ada.send("/settings/factors/backup-codes", {"password": PASSWORD})
    assert anew.status_code == 200
    assert first not in anew.text


async def test_the_page_says_what_a_second_factor_does_not_do(ada: Visitor) -> None:
    page = words((await ada.visit("/settings/factors")).text)
    assert "It does not protect the file" in page
    assert "recovery code opens the journal without a second factor" in page
    assert "switched off" in words((await ada.visit("/recover")).text)


async def test_another_account_is_asked_for_its_own(ada: Visitor, server: Server) -> None:
    secret, _ = await enrol(ada)
    async with Visitor(server) as bea:
        await bea.register("Bea", OTHER_PASSWORD)
        assert "Set up an app" in words((await bea.visit("/settings/factors")).text)
        await bea.send("/lock")
        await half_way(bea)  # Ada's door, from Bea's browser
        half = bea.steal()
        await bea.enter("Bea", OTHER_PASSWORD)
        bea.take({**half, **bea.steal()})
        form = {"code": code_of(secret, bea)}
        assert (await bea.send("/login/factor", form)).status_code == 303
        assert "Last used today" in words((await bea.visit("/settings/factors")).text)


async def test_a_session_that_was_open_before_is_not_touched_half_way(ada: Visitor) -> None:
    await enrol(ada)
    cookies = ada.steal()
    await half_way(ada)
    assert cookies.items() <= ada.steal().items()
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 200
    clock_of(ada).advance(hours=2)
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303


async def test_who_is_half_way_when_it_is_removed_begins_again(
    ada: Visitor, stranger: Visitor
) -> None:
    await enrol(ada)
    await half_way(stranger)
    await ada.send("/settings/factors/app", {"password": PASSWORD}, "DELETE")
    led = await stranger.visit("/login/factor")
    assert (led.status_code, led.headers["Location"]) == (303, "/login")
    await stranger.enter()
