"""Sessions at a real browser: the warning before it locks, staying, the list, a rehearsal."""

from dataclasses import replace
from datetime import timedelta

from playwright.sync_api import Locator, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.accounts import PASSWORD, UNTHROTTLED, Registered
from tests.support.browser import Diarist
from tests.support.llamora_server import House

HOUR = 60 * 60
WARNED = HOUR - 120


def pass_time(ada: Diarist, house: House, seconds: int) -> None:
    """For the house and for the page alike."""
    house.clock.advance(seconds=seconds)
    ada.page.clock.run_for(seconds * 1000)


def warning(ada: Diarist) -> Locator:
    return ada.page.locator(".idle")


def test_two_minutes_before_it_locks_the_page_says_so_and_lets_her_stay(house: House, seat: Seat):
    ada = seat(house, clock="waits").sign_in().visit()
    expect(warning(ada)).to_be_hidden()
    pass_time(ada, house, WARNED + 1)
    expect(warning(ada)).to_contain_text("This journal locks in 2 minutes.")
    warning(ada).get_by_role("button", name="Stay").click()
    expect(warning(ada)).to_be_hidden()
    pass_time(ada, house, WARNED - 10)
    ada.visit()
    ada.arrives_at("Sunday, 22 November")


def test_a_page_that_nobody_looks_at_locks_and_shows_the_door(house: House, seat: Seat):
    """No timer of the page keeps its session alive, and nothing of it stays on the screen."""
    ada = seat(house, clock="waits").sign_in().visit()
    ada.watch.allow("401")
    ada.composer.fill("half a thought")
    expect_draft(ada)
    house.clock.advance(seconds=WARNED)
    ada.page.clock.run_for(WARNED * 1000)
    expect(warning(ada)).to_be_visible()
    expect_locked(ada, house)


def expect_locked(ada: Diarist, house: House) -> None:
    """In two minutes, with what was typed kept."""
    for _ in range(9):
        pass_time(ada, house, 15)
        ada.page.wait_for_timeout(50)
    ada.arrives_at("Open your journal")
    ada.sign_in().visit()
    expect(ada.composer).to_have_value("half a thought")


def expect_draft(ada: Diarist) -> None:
    ada.page.clock.run_for(2_500)
    expect(ada.saved).to_have_text("draft saved")


def test_when_it_was_open_for_as_long_as_it_may_nothing_is_offered_but_the_draft_is_kept(
    keep_house: KeepHouse, seat: Seat
):
    house = keep_house(policy=replace(UNTHROTTLED, absolute_ttl=timedelta(seconds=HOUR + 600)))
    ada = seat(house, clock="waits").sign_in().visit()
    ada.watch.allow("401")
    pass_time(ada, house, HOUR - 600)
    ada.visit()  # a use, which puts off the one limit and not the other
    ada.composer.fill("half a thought")
    expect_draft(ada)
    pass_time(ada, house, 1_100)
    expect(warning(ada)).to_contain_text("It has been open for as long as it may.")
    expect(warning(ada).get_by_role("button", name="Stay")).to_be_hidden()
    ada.visit()
    expect(warning(ada)).to_be_visible()
    expect_locked(ada, house)


def test_what_was_not_saved_yet_is_saved_when_the_warning_comes(house: House, seat: Seat):
    ada = seat(house, clock="waits").sign_in().visit()
    ada.watch.allow("net::ERR_")
    ada.page.context.set_offline(True)
    ada.composer.fill("written without a net")
    ada.page.clock.run_for(2_500)
    expect(ada.saved).to_contain_text("not saved yet")
    ada.page.context.set_offline(False)
    ada.page.evaluate("document.dispatchEvent(new CustomEvent('journal:locks'))")
    expect(ada.saved).to_have_text("draft saved")


def test_another_tab_that_is_used_puts_the_warning_off(house: House, seat: Seat):
    ada = seat(house, clock="waits").sign_in().visit()
    house.clock.advance(seconds=WARNED - 600)
    Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    house.clock.advance(seconds=601)
    ada.page.clock.run_for((WARNED + 1) * 1000)
    ada.page.wait_for_timeout(300)
    expect(warning(ada)).to_be_hidden()


def test_she_ends_the_session_she_left_open_elsewhere(house: House, seat: Seat, ada: Diarist):
    elsewhere = seat(house).sign_in().visit()
    ada.visit("/settings/sessions")
    expect(ada.page.locator(".seats li")).to_have_count(2)
    ada.page.get_by_role("button", name="End Chrome on Linux").click()
    expect(ada.page.get_by_role("status").first).to_have_text("That session was ended.")
    expect(ada.page.locator(".seats li")).to_have_count(1)
    elsewhere.visit()
    elsewhere.arrives_at("Open your journal")


def test_without_scripts_the_code_is_rehearsed_and_sessions_end(
    account: Registered, keep_house: KeepHouse, seat: Seat
):
    house = keep_house()
    ada = seat(house, java_script_enabled=False).sign_in()
    other = seat(house).sign_in()
    ada.visit("/settings/keys")
    expect(ada.page.get_by_text("This code was never rehearsed.")).to_be_visible()
    form = ada.page.locator("#rehearsal")
    form.get_by_label("Recovery code").fill(account.code.lower())
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button").click()
    expect(ada.page.get_by_text("The code works.")).to_be_visible()
    expect(ada.page.get_by_text("Last rehearsed:")).to_be_visible()
    expect(warning(ada)).to_be_hidden()
    ada.visit("/settings/sessions").page.get_by_role("button", name="End all others").click()
    other.visit()
    other.arrives_at("Open your journal")
    ada.visit("/settings/history")
    expect(ada.page.get_by_text("All other sessions were ended")).to_be_visible()


def test_the_code_prints_as_a_card_with_whose_it_is_and_nothing_else(house: House, seat: Seat):
    ada = seat(house).sign_in()
    ada.visit("/settings/keys")
    form = ada.page.locator("form", has=ada.page.locator("#code-password"))
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button").click()
    ada.arrives_at("Your recovery code")
    card = ada.page.locator(".card")
    expect(card).to_be_hidden()
    ada.page.emulate_media(media="print")
    expect(card).to_contain_text("ada")
    expect(card).to_contain_text(house.url)
    expect(ada.page.locator("#code")).to_be_visible()
    for gone in (".bar", "#group", ".code-acts"):
        expect(ada.page.locator(gone)).to_be_hidden()
