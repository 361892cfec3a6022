"""Beginning a journal, through the front door."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.support.accounts import NAME, OTHER_PASSWORD, POLICY, UNTHROTTLED, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import Visitor, code_in, fields, words

BEA = {"name": "Bea", "password": OTHER_PASSWORD, "zone": "Europe/London"}


async def test_a_new_journal_opens_and_greets_a_first_visit(stranger: Visitor) -> None:
    await stranger.register("Bea", OTHER_PASSWORD)

    page = await stranger.day()

    assert "yours alone" in words(page)
    assert fields(page)["text"] == ""


async def test_the_recovery_code_is_shown_until_a_group_of_it_was_typed_back(
    stranger: Visitor,
) -> None:
    began = await stranger.send("/register", BEA)
    assert (began.status_code, began.headers["Location"]) == (303, "/recovery-code")
    code = code_in((await stranger.visit("/recovery-code")).text)
    assert len(code) == 29

    await stranger.visit("/")  # wandering off does not lose it
    shown = await stranger.visit("/recovery-code")
    assert code_in(shown.text) == code

    ask = fields(shown.text)["ask"]
    wrong = await stranger.send("/recovery-code", {"ask": ask, "group": "00000"})
    assert wrong.status_code == 422
    assert code_in(wrong.text) == code
    assert fields(wrong.text)["ask"] == ask
    assert "That is not the group" in words(wrong.text)

    group = code.split("-")[int(ask) - 1]
    typed = group.lower().replace("0", "o").replace("1", "l")
    kept = await stranger.send("/recovery-code", {"ask": ask, "group": f" {typed} "})
    assert (kept.status_code, kept.headers["Location"]) == (303, "/")

    again = await stranger.visit("/recovery-code")
    assert (again.status_code, again.headers["Location"]) == (303, "/")


async def test_a_waiting_code_is_shown_first_and_only_to_the_session_that_made_it(
    stranger: Visitor, server: Server
) -> None:
    await stranger.send("/register", BEA)
    home = await stranger.visit("/")
    assert home.headers["Location"] == "/recovery-code"

    async with Visitor(server) as elsewhere:
        await elsewhere.sign_in("Bea", OTHER_PASSWORD)
        assert (await elsewhere.visit("/recovery-code")).headers["Location"] == "/"
        assert "/days/" in (await elsewhere.visit("/")).headers["Location"]

    assert code_in((await stranger.visit("/recovery-code")).text)
    await stranger.send("/lock", {})
    await stranger.sign_in("Bea", OTHER_PASSWORD)
    assert (await stranger.visit("/recovery-code")).headers["Location"] == "/"


async def test_a_day_reminds_of_a_code_that_waits(stranger: Visitor) -> None:
    await stranger.send("/register", BEA)
    assert "shown and not confirmed yet" in words(await stranger.day())
    await stranger.confirm_code()
    assert "not confirmed" not in words(await stranger.day())


async def test_where_nobody_has_a_journal_yet_the_first_page_begins_one(
    tmp_path: Path,
) -> None:
    empty = journal_settings(tmp_path / "empty.sqlite3")
    async with serving(empty) as server, Visitor(server) as first:
        assert (await first.visit("/")).headers["Location"] == "/register"
        await first.register("Ada", OTHER_PASSWORD)
        await first.send("/lock")
        assert (await first.visit("/")).headers["Location"] == "/login"


async def test_a_recovery_code_nobody_confirmed_is_gone_after_an_hour(
    stranger: Visitor, clock: TurnableClock
) -> None:
    await stranger.send("/register", BEA)
    for _ in range(2):
        clock.advance(minutes=31)
        assert (await stranger.visit("/settings/account")).status_code == 200

    assert (await stranger.visit("/recovery-code")).status_code == 303


async def test_the_code_page_shows_nothing_to_strangers(stranger: Visitor) -> None:
    for answer in (await stranger.visit("/recovery-code"), await stranger.send("/recovery-code")):
        assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


async def test_a_weak_password_is_refused_beside_its_field_and_never_sent_back(
    stranger: Visitor,
) -> None:
    refused = await stranger.send("/register", {**BEA, "password": "password1234"})

    assert refused.status_code == 422
    assert fields(refused.text)["name"] == "Bea"
    assert fields(refused.text)["password"] == ""
    assert "password1234" not in refused.text
    assert "asy to guess" in words(refused.text)
    assert not stranger.steal()


async def test_a_name_that_is_taken_is_refused_however_it_is_written(stranger: Visitor) -> None:
    for name in (NAME, NAME.upper(), f" {NAME.lower()} "):
        refused = await stranger.send("/register", {**BEA, "name": name})
        assert refused.status_code == 422
        assert "This name is taken" in words(refused.text)


async def test_the_meter_answers_with_its_piece_of_the_page(stranger: Visitor) -> None:
    for password, score in (("password", "0"), (OTHER_PASSWORD, "4")):
        piece = await stranger.htmx("POST", "/register/strength", {"password": password})
        assert piece.status_code == 200
        assert f'data-score="{score}"' in piece.text
        assert "<html" not in piece.text
        assert password not in piece.text


async def test_nobody_can_register_where_registration_is_closed(account: Registered) -> None:
    policy = replace(POLICY, registration_open=False)
    async with (
        serving(journal_settings(account.path), policy=policy) as server,
        Visitor(server) as stranger,
    ):
        for answer in (await stranger.visit("/register"), await stranger.send("/register", BEA)):
            assert answer.status_code == 403
            assert "New accounts are switched off" in words(answer.text)
        assert "/register" not in (await stranger.visit("/login")).text
        assert (await stranger.sign_in("Bea", OTHER_PASSWORD)).status_code == 401


async def test_where_it_takes_an_invitation_the_page_asks_for_it(account: Registered) -> None:
    policy = replace(UNTHROTTLED, invitation_only=True)
    async with (
        serving(journal_settings(account.path), policy=policy) as server,
        Visitor(server) as stranger,
    ):
        page = (await stranger.visit("/register")).text
        assert 'name="invitation"' in page
        assert "llamora-server account invite" in words(page)
        assert "/register" in (await stranger.visit("/login")).text
        refused = await stranger.send("/register", {**BEA, "invitation": "a guess"})
        assert refused.status_code == 422
        assert "This invitation does not hold" in words(refused.text)
        assert fields(refused.text)["invitation"] == "a guess"

        code = await server.rooms.accounts.invite(timedelta(days=7))
        weak = await stranger.send("/register", {**BEA, "password": "x", "invitation": code})
        assert fields(weak.text)["invitation"] == code, "it need not be typed again"
        await stranger.register(**BEA, invitation=code)
        assert server.rooms.accounts.names() == ["ada", "bea"]


async def test_without_invitations_the_page_asks_for_none(stranger: Visitor) -> None:
    assert 'name="invitation"' not in (await stranger.visit("/register")).text


async def test_the_first_account_needs_the_token_from_the_terminal_and_no_other_does(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data" / "llamora.sqlite3"
    settings = journal_settings(path, CRYPTO__KDF_MEMORY_MIB=64)
    async with (
        serving(settings, policy=None, first_token="the-printed-token") as server,
        Visitor(server) as first,
        Visitor(server) as second,
    ):
        assert 'name="token"' in (await first.visit("/register")).text
        for token in ("", "a-guess", "the-printed-tokem"):
            refused = await first.send("/register", {**BEA, "token": token})
            assert refused.status_code == 422
            assert "the token" in words(refused.text)
        began = await first.send("/register", {**BEA, "token": " the-printed-token "})
        assert began.status_code == 303

        assert 'name="token"' not in (await second.visit("/register")).text
        await second.register("Cyd", OTHER_PASSWORD)


async def test_the_browsers_zone_becomes_the_diarists_and_an_odd_one_is_passed_over(
    server: Server,
) -> None:
    for name, zone, kept in (
        ("Bea", "Asia/Tokyo", "Asia/Tokyo"),
        ("Cyd", "Mars/Olympus", "UTC"),
        ("Dov", "../../etc/passwd", "UTC"),
        ("Eva", "", "UTC"),
    ):
        async with Visitor(server) as visitor:
            await visitor.register(name, OTHER_PASSWORD, zone=zone)
            assert f"<option selected>{kept}<" in (await visitor.visit("/settings/account")).text


async def test_a_name_in_any_script_opens_locks_and_is_remembered(stranger: Visitor) -> None:
    for name in ("Ægir", "Ольга", "李白"):
        await stranger.register(name, OTHER_PASSWORD)
        await stranger.send("/lock")
        door = await stranger.visit("/login")
        assert fields(door.text)["name"] == name
        await stranger.enter(name, OTHER_PASSWORD)
        await stranger.send("/logout")
