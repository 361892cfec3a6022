"""The door: signing in and out, locking, and what a stranger is told."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, POLICY, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, fields, words

from llamora.accounts import Settings

SENTENCE = "That name and password do not go together."


async def test_the_right_password_opens_todays_page(stranger: Visitor) -> None:
    opened = await stranger.sign_in()
    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    today = await stranger.visit("/")
    assert (today.status_code, today.headers["Location"]) == (303, f"/days/{TODAY}")
    assert (await stranger.visit(f"/days/{TODAY}")).status_code == 200


WRONG = [
    (NAME, OTHER_PASSWORD),
    ("Nobody", PASSWORD),
    (NAME, ""),
    ("", ""),
    ("a b!", "\0"),
    (NAME, "é" * 600),
]


async def test_a_wrong_name_or_password_gives_one_sentence_and_no_cookie(
    stranger: Visitor,
) -> None:
    for name, password in WRONG:
        refused = await stranger.sign_in(name, password)

        assert refused.status_code == 401
        assert SENTENCE in words(refused.text)
        assert fields(refused.text)["name"] == name
        assert fields(refused.text)["password"] == ""
        assert not stranger.steal()


async def test_the_name_may_be_written_in_any_case(stranger: Visitor) -> None:
    await stranger.enter(NAME.upper(), PASSWORD)


async def test_signing_in_leads_to_the_page_that_was_asked_for(stranger: Visitor) -> None:
    wanted = await stranger.visit("/days/2026-03-04")
    assert (wanted.status_code, wanted.headers["Location"]) == (
        303,
        "/login?next=%2Fdays%2F2026-03-04",
    )
    door = await stranger.visit(wanted.headers["Location"])
    next = fields(door.text)["next"]
    # A slip at the keyboard does not lose the way.
    again = await stranger.sign_in(NAME, "not it at all", next=next)
    opened = await stranger.sign_in(next=fields(again.text)["next"])
    assert opened.headers["Location"] == "/days/2026-03-04"


async def test_the_door_leads_on_who_is_signed_in_already(ada: Visitor) -> None:
    door = await ada.visit("/login")
    assert (door.status_code, door.headers["Location"]) == (303, "/")


async def test_signing_out_ends_the_session_and_clears_the_browser(ada: Visitor) -> None:
    left = await ada.send("/logout")

    assert (left.status_code, left.headers["Location"]) == (303, "/login")
    assert left.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert not ada.steal()
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303
    assert fields((await ada.visit("/login")).text)["name"] == ""


async def test_locking_ends_the_session_and_remembers_only_whose_door_it_is(
    server: Server, ada: Visitor
) -> None:
    left = await ada.send("/lock")
    assert (left.status_code, left.headers["Location"]) == (303, "/login")
    assert "Clear-Site-Data" not in left.headers

    door = await ada.visit("/login")
    assert fields(door.text)["name"] == NAME
    assert "locked" in words(door.text)
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303
    await ada.enter()


async def test_locking_wipes_the_keys_and_drops_the_journal_from_memory(
    server: Server, ada: Visitor
) -> None:
    await ada.day()
    (opened,) = server.rooms.journals._open.values()

    await ada.send("/lock")

    assert opened.vault.is_locked
    assert not server.rooms.journals._open


async def test_another_browsers_session_goes_on_when_one_is_locked(
    server: Server, ada: Visitor
) -> None:
    async with Visitor(server) as other:
        await other.enter()
        await ada.send("/lock")
        assert (await other.visit(f"/days/{TODAY}")).status_code == 200


async def test_locking_when_nobody_is_signed_in_leads_to_the_door(stranger: Visitor) -> None:
    for path in ("/lock", "/logout"):
        answer = await stranger.send(path)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


async def test_a_strangers_visit_is_led_to_the_door(stranger: Visitor) -> None:
    id = "0" * 32
    for path, door in (
        ("/", "/login"),
        ("/calendar/2026-11", "/login?next=%2Fcalendar%2F2026-11"),
        ("/settings/account", "/login?next=%2Fsettings%2Faccount"),
        (f"/entries/{id}/edit", f"/login?next=%2Fentries%2F{id}%2Fedit"),
    ):
        led = await stranger.visit(path)
        assert (led.status_code, led.headers["Location"]) == (303, door)


async def test_a_strangers_fragment_sends_the_whole_page_to_the_door(stranger: Visitor) -> None:
    asked = await stranger.htmx(
        "GET",
        f"/entries/{'0' * 32}/edit",
        HX_Current_URL="http://localhost:5000/days/2026-03-04?x=1#entry",
    )
    assert asked.status_code == 401
    assert asked.headers["HX-Redirect"] == "/login?next=%2Fdays%2F2026-03-04"
    assert "Location" not in asked.headers


async def test_words_sent_after_the_lock_come_back_to_be_copied(ada: Visitor) -> None:
    await ada.send("/lock")
    form = {"text": "\nthe heron </textarea><b>came</b> back\n"}

    refused = await ada.send(f"/days/{TODAY}/entries", form)
    assert refused.status_code == 401
    assert fields(refused.text)["kept"] == form["text"]
    assert "<b>" not in refused.text

    notice = await ada.htmx("POST", f"/days/{TODAY}/entries", form)
    assert notice.status_code == 401
    assert "Copy your words" in words(notice.text)
    assert "HX-Redirect" not in notice.headers  # it would take the page, and the words, away


async def test_too_many_guesses_are_told_to_wait_and_the_code_still_opens(
    account: Registered, clock: TurnableClock
) -> None:
    async with (
        serving(journal_settings(account.path), clock=clock, policy=POLICY) as server,
        Visitor(server) as visitor,
    ):
        limit = POLICY.sign_in.account
        burst = limit.attempts
        answers = [(await visitor.sign_in(NAME, f"guess number {n}")) for n in range(burst + 1)]
        assert [a.status_code for a in answers] == [401] * burst + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert "Too many attempts" in words(answers[-1].text)
        assert (await visitor.sign_in()).status_code == 429, "even the right one waits"

        clock.advance(limit.window + 1)
        assert (await visitor.sign_in()).status_code == 303
        for n in range(burst + 1):
            await visitor.sign_in(NAME, f"guess number {n}")
        form = {"name": NAME, "code": account.code, "password": OTHER_PASSWORD}
        assert (await visitor.send("/recover", form)).status_code == 303


async def test_more_sign_ins_at_once_than_memory_allows_are_asked_to_come_back(
    account: Registered,
) -> None:
    policy = replace(POLICY, derivations_at_once=1, derivations_waiting=0)
    async with (
        serving(journal_settings(account.path), policy=policy) as server,
        Visitor(server) as visitor,
    ):
        answers = await asyncio.gather(*(visitor.sign_in() for _ in range(6)))
        busy = [answer for answer in answers if answer.status_code == 503]
        assert busy
        assert {answer.status_code for answer in answers} == {303, 503}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in busy)
        assert (await visitor.sign_in()).status_code == 303


async def test_an_account_made_without_a_browser_learns_its_zone_at_the_first_sign_in(
    stranger: Visitor, server: Server
) -> None:
    accounts = server.rooms.accounts
    opened = await accounts.register("Cleo", OTHER_PASSWORD, Settings())
    assert not accounts.settings(opened.vault).zone_known

    await stranger.sign_in("Cleo", OTHER_PASSWORD, zone="Pacific/Auckland")
    assert accounts.settings(opened.vault).zone == "Pacific/Auckland"

    await stranger.send("/lock", {})
    await stranger.sign_in("Cleo", OTHER_PASSWORD, zone="Europe/Rome")
    assert accounts.settings(opened.vault).zone == "Pacific/Auckland", "a journey changes nothing"


async def test_a_sign_in_that_fails_half_way_leaves_no_session(
    stranger: Visitor, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(session: object) -> None:
        raise RuntimeError("the journal could not be read")

    with monkeypatch.context() as broken:
        broken.setattr(server.rooms.journals, "of", fails)
        assert (await stranger.sign_in()).status_code == 500

    assert server.rooms.sessions.sweep() == set()
    assert (await stranger.sign_in()).status_code == 303
