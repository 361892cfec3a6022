"""The pages of keys, sessions and history, and how long a session is left."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, UNTHROTTLED, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, words

from llamora.vault import RecoveryCode

REHEARSE = {"do": "rehearse", "password": PASSWORD}


@pytest.fixture(params=["session", "cookie"])
async def server(
    request: pytest.FixtureRequest, account: Registered, clock: TurnableClock
) -> AsyncIterator[Server]:
    """In both ways of keeping keys between requests."""
    policy = replace(UNTHROTTLED, dek_storage=request.param)
    async with serving(journal_settings(account.path), clock=clock, policy=policy) as server:
        yield server


def ids(html: str) -> list[str]:
    return re.findall(r'action="/settings/sessions/([0-9a-f]{32})\?_method=DELETE"', html)


async def test_each_session_is_listed_and_one_can_be_ended(
    server: Server, ada: Visitor, clock: TurnableClock
) -> None:
    async with Visitor(server) as phone, Visitor(server) as desk:
        clock.advance(minutes=10)
        phone.http.headers["User-Agent"] = "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1"
        await phone.enter()
        await desk.enter()
        page = (await ada.visit("/settings/sessions")).text
        assert "Safari on iPhone" in words(page)
        assert words(page).count("this one") == 1
        assert len(ids(page)) == 2, "not this one's"

        by_phone = re.search(r"/sessions/(\w{32})\?_method=DELETE[^/]*End Safari on iPhone", page)
        assert by_phone
        ended = await ada.send(f"/settings/sessions/{by_phone[1]}", method="DELETE")
        assert ended.headers["Location"] == "/settings/sessions?ended=1"
        assert (await phone.visit(f"/days/{TODAY}")).status_code == 303
        assert (await desk.visit(f"/days/{TODAY}")).status_code == 200
        page = (await ada.visit(ended.headers["Location"])).text
        assert "That session was ended." in words(page)
        assert len(ids(page)) == 1


async def test_all_others_can_be_ended_at_once(server: Server, ada: Visitor) -> None:
    async with Visitor(server) as one, Visitor(server) as two:
        await one.enter()
        await two.enter()
        await ada.send("/settings/sessions", method="DELETE")
        for other in (one, two):
            assert (await other.visit(f"/days/{TODAY}")).status_code == 303
        page = (await ada.visit("/settings/sessions")).text
        assert ids(page) == []
        assert "End all others" not in words(page)


async def test_ending_ones_own_session_leads_to_the_door(server: Server, ada: Visitor) -> None:
    async with Visitor(server) as other:
        await other.enter()
        (mine,) = ids((await other.visit("/settings/sessions")).text)
    ended = await ada.send(f"/settings/sessions/{mine}", method="DELETE")
    assert (ended.status_code, ended.headers["Location"]) == (303, "/login")
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303


async def test_another_accounts_session_is_not_there_to_be_ended(
    server: Server, ada: Visitor
) -> None:
    async with Visitor(server) as eve, Visitor(server) as second:
        await eve.register("Eve", OTHER_PASSWORD)
        await second.enter()
        for id in ids((await ada.visit("/settings/sessions")).text):
            refused = await eve.send(f"/settings/sessions/{id}", method="DELETE")
            missing = await eve.send(f"/settings/sessions/{'0' * 32}", method="DELETE")
            assert refused.status_code == missing.status_code == 404
        await eve.send("/settings/sessions", method="DELETE")
        assert (await second.visit(f"/days/{TODAY}")).status_code == 200
        assert "Eve" not in words((await ada.visit("/settings/sessions")).text)


async def test_a_session_in_another_process_is_listed_by_name_and_can_be_ended(
    server: Server, ada: Visitor, account: Registered, clock: TurnableClock
) -> None:
    policy = server.rooms.accounts._policy
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, policy=policy) as second, Visitor(second) as other:
        other.http.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux) Firefox/140.0"
        await other.enter()
        page = (await ada.visit("/settings/sessions")).text
        assert "Firefox on Linux" in words(page)
        (theirs,) = ids(page)
        await ada.send(f"/settings/sessions/{theirs}", method="DELETE")
        assert (await other.visit(f"/days/{TODAY}")).status_code == 303


async def test_asking_how_long_is_left_keeps_nothing_open(
    ada: Visitor, clock: TurnableClock
) -> None:
    for _ in range(3):
        clock.advance(minutes=19)
        assert (await ada.visit("/session")).status_code == 200
    left = (await ada.visit("/session")).json()
    assert left == {"idle": 180, "absolute": 24 * 3600 - 57 * 60}
    clock.advance(minutes=3)
    gone = await ada.visit("/session")
    assert (gone.status_code, gone.text) == (401, "")
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303


async def test_staying_is_a_use_and_what_a_timer_sends_is_none(
    ada: Visitor, clock: TurnableClock
) -> None:
    clock.advance(minutes=58)
    saved = await ada.htmx(
        "PUT", f"/days/{TODAY}/draft", {"text": "half a thought"}, X_Unattended="1"
    )
    assert saved.status_code == 200
    assert (await ada.visit("/session")).json()["idle"] == 120
    assert (await ada.htmx("POST", "/session")).status_code == 204
    assert (await ada.visit("/session")).json()["idle"] == 3600


async def test_nobody_stays_who_is_not_there(stranger: Visitor) -> None:
    assert (await stranger.send("/session")).status_code == 401
    assert (await stranger.visit("/session")).status_code == 401


async def test_every_page_says_how_long_is_left(ada: Visitor, stranger: Visitor) -> None:
    assert 'data-idle="3600" data-absolute="86400"' in await ada.day()
    assert "idle-lock" not in (await stranger.visit("/login")).text


async def test_a_rehearsal_is_dated_and_leaves_the_code_good(
    account: Registered, ada: Visitor, stranger: Visitor
) -> None:
    assert "This code was never rehearsed." in words((await ada.visit("/settings/keys")).text)
    careless = account.code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    tried = await ada.send("/settings/keys", {**REHEARSE, "code": careless})
    assert tried.status_code == 200
    assert "The code works. It stays the same." in words(tried.text)
    assert "Last rehearsed: 22 November, 09:30 (just now)" in words(tried.text)
    form = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}
    assert (await stranger.send("/recover", form)).status_code == 303


async def test_what_is_wrong_with_a_rehearsal_stands_beside_its_field(
    account: Registered, ada: Visitor
) -> None:
    for wrong, place in (
        ({"password": OTHER_PASSWORD}, "rehearsed-password-error"),
        ({"password": ""}, "rehearsed-password-error"),
        ({"code": ""}, "rehearsed-code-error"),
        ({"code": "XXXX"}, "rehearsed-code-error"),
        ({"code": str(RecoveryCode.new())}, "rehearsed-code-error"),
    ):
        refused = await ada.send("/settings/keys", {**REHEARSE, "code": account.code, **wrong})
        assert refused.status_code == 422
        assert f'id="{place}"' in refused.text
        assert account.code not in refused.text
        assert PASSWORD not in refused.text
    assert "never rehearsed" in words((await ada.visit("/settings/keys")).text)


async def test_the_history_tells_what_was_done_and_what_was_refused(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    for _ in range(2):
        await stranger.sign_in(NAME, "not the password at all")
    await server.sweep()
    form = {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD}
    await ada.send("/settings/keys", form)
    told = words((await ada.visit("/settings/history")).text)
    for sentence in (
        "Signed in 22 November, 09:30 · just now",
        "A wrong password was tried at the door, 2 times",
        "The password was changed",
    ):
        assert sentence in told
    await ada.send("/lock")
    await ada.enter(NAME, OTHER_PASSWORD)
    assert "Locked" in words((await ada.visit("/settings/history")).text)


async def test_the_page_of_keys_leads_to_replacing_the_key(ada: Visitor) -> None:
    assert 'href="/settings/key"' in (await ada.visit("/settings/keys")).text
    form = {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD}
    changed = words((await ada.send("/settings/keys", form)).text)
    assert "Replace the key too" in changed
