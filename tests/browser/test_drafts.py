"""What is typed is safe: drafts, edits from two places, a double press, the limit, midnight."""

from collections.abc import Callable

from playwright.sync_api import Locator, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.accounts import Registered
from tests.support.browser import Diarist
from tests.support.llamora_server import House, Program

LIMIT = 64_000


def test_a_draft_is_there_again_after_the_server_was_killed(
    account: Registered, program: Callable[..., Program], seat: Seat
):
    """With the real program, its processes killed at once; the browser sends nothing at its end."""
    running = program(account.path.parent.parent)
    ada = seat(running)
    ada.watch.allow("net::ERR_")
    ada.sign_in().visit()
    kept = ada.write("kept before")
    ada.composer.fill("half a thou")
    expect(ada.saved).to_have_text("draft saved")
    kept.get_by_role("link", name="Edit").click()
    kept.locator("textarea").fill("kept before, half chan")
    expect(kept.locator("[data-saved]")).to_have_text("draft saved")

    running.kill()
    ada.composer.press_sequentially("gh")
    expect(ada.saved).to_contain_text("not saved yet")

    running.start()
    ada.composer.press_sequentially("t")
    expect(ada.saved).to_contain_text("The journal is locked")
    expect(ada.composer).to_have_value("half a thought")
    ada.sign_in().visit()
    expect(ada.composer).to_have_value("half a thou")
    expect(ada.saved).to_have_text("draft saved")
    kept.get_by_role("link", name="Edit").click()
    expect(kept.locator("textarea")).to_have_value("kept before, half chan")
    expect(kept).to_contain_text("changes you had not kept yet")
    kept.get_by_role("link", name="Start again from the kept text").click()
    expect(kept.locator("textarea")).to_have_value("kept before")


def test_leaving_the_page_before_the_pause_loses_nothing(ada: Diarist):
    ada.composer.fill("no pause after this")
    ada.page.get_by_role("link", name="Previous day").click()
    ada.arrives_at("Saturday, 21 November")
    expect(ada.composer).to_have_value("")
    ada.page.get_by_role("link", name="Next day").click()
    expect(ada.composer).to_have_value("no pause after this")


def test_two_tabs_take_no_words_from_one_another(house: House, ada: Diarist):
    other = Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    for tab, text in ((ada, "an hour of writing"), (other, "a short one")):
        tab.composer.fill(text)
        expect(tab.saved).to_have_text("draft saved")
    other.composer.press("Control+Enter")
    expect(other.entry("a short one")).to_be_visible()
    expect(other.composer).to_have_value("")
    ada.page.reload()
    expect(ada.composer).to_have_value("an hour of writing")


def test_what_is_too_long_for_an_entry_is_kept_while_it_is_shortened(ada: Diarist):
    ada.composer.fill("word " * 13_000)
    expect(ada.saved).to_have_text("draft saved")
    ada.page.reload()
    expect(ada.composer).to_have_value("word " * 13_000)
    expect(ada.page.locator("#composer-note")).to_contain_text("too long")


def test_who_leaves_with_words_that_could_not_be_kept_is_asked_first(house: House, ada: Diarist):
    ada.composer.press_sequentially("half a thought")
    expect(ada.saved).to_have_text("draft saved")
    house.clock.advance(hours=2)  # the journal locks by itself
    ada.composer.press_sequentially(", and the other half")
    expect(ada.saved).to_contain_text("The journal is locked")
    ada.page.get_by_role("link", name="Previous day").click()
    ada.arrives_at("Open your journal")
    assert ada.watch.asked_to_stay == 1


def test_a_kept_entry_leaves_no_draft(ada: Diarist):
    ada.composer.fill("first")
    expect(ada.saved).to_have_text("draft saved")
    ada.composer.press_sequentially(" and more")
    ada.page.get_by_role("button", name="Keep").click()
    expect(ada.entry("first and more")).to_be_visible()
    expect(ada.composer).to_have_value("")
    ada.page.reload()
    expect(ada.composer).to_have_value("")
    expect(ada.entries).to_have_count(1)


def test_an_edit_that_began_before_another_shows_both_texts(house: House, ada: Diarist):
    entry = ada.write("as it was")
    other = Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    _edit(entry, "as the first tab says")
    _edit(other.entry("as it was"), "as the other tab says")
    other.page.locator("form[id^=editing]").get_by_role("button", name="Keep").click()
    expect(other.entry("as the other tab says").locator(".entry")).to_be_visible()

    entry.get_by_role("button", name="Keep").click()
    expect(entry.get_by_role("alert")).to_contain_text("Nothing is lost")
    expect(entry.locator(".theirs-text")).to_have_text("as the other tab says")
    expect(entry.get_by_label("Your text")).to_have_value("as the first tab says")

    # Who leaves it at that finds both again.
    entry.get_by_role("link", name="Leave it as it stands now").click()
    expect(ada.entry("as the other tab says").locator(".entry")).to_be_visible()
    entry.get_by_role("link", name="unfinished changes").click()
    expect(entry.get_by_label("Your text")).to_have_value("as the first tab says")
    expect(entry).to_contain_text("changes you had not kept yet")
    entry.get_by_role("button", name="Keep", exact=True).click()
    expect(entry.get_by_role("alert")).to_contain_text("Nothing is lost")
    entry.get_by_role("button", name="Keep mine").click()
    expect(ada.entry("as the first tab says").locator(".entry")).to_be_visible()
    other.page.reload()
    expect(other.entry("as the first tab says")).to_be_visible()


def test_keep_pressed_twice_writes_once(ada: Diarist):
    ada.composer.fill("only once")
    ada.page.get_by_role("button", name="Keep").dblclick()
    expect(ada.entry("only once")).to_be_visible()
    ada.composer.fill("by keys, only once")
    for _ in range(3):
        ada.composer.press("Control+Enter", no_wait_after=True)
    expect(ada.entry("by keys, only once")).to_be_visible()
    ada.page.reload()
    expect(ada.entries).to_have_count(2)


def test_in_the_middle_of_a_long_text_the_way_to_keep_it_stays_in_sight(ada: Diarist):
    ada.composer.fill("a line\n" * 400)
    ada.page.evaluate("scrollTo(0, 2000)")
    expect(ada.page.locator("#composer").get_by_role("button", name="Keep")).to_be_in_viewport()


def test_the_limit_is_said_before_it_bites(ada: Diarist):
    note = ada.page.locator("#composer-note")
    ada.composer.fill("a" * (LIMIT - 2_000))
    expect(note).to_be_empty()
    ada.composer.fill("é" * ((LIMIT - 100) // 2))  # bytes are counted, not letters
    expect(note).to_contain_text("100")
    expect(note).to_contain_text("left")
    ada.composer.fill("a" * (LIMIT + 1))
    expect(note).to_contain_text("too long")
    ada.page.get_by_role("button", name="Keep").click()
    expect(ada.entries).to_have_count(0)
    ada.composer.fill("a" * LIMIT)
    expect(note).to_contain_text("0")
    ada.page.get_by_role("button", name="Keep").click()
    expect(ada.entries).to_have_count(1)


def test_midnight_brings_a_quiet_word_and_misfiles_nothing(keep_house: KeepHouse, seat: Seat):
    house = keep_house()
    house.clock.set(2026, 11, 22, 23, 59)
    ada = seat(house, clock="waits").sign_in().visit()
    banner = ada.page.locator(".banner")
    expect(banner).to_be_hidden()
    ada.composer.fill("begun before midnight")
    ada.page.clock.run_for(3_000)
    expect(ada.saved).to_have_text("draft saved")

    house.clock.advance(minutes=2)
    ada.page.clock.run_for(120_000)
    expect(banner).to_be_visible()
    expect(banner).to_contain_text("A new day has begun")
    ada.composer.press_sequentially(", ended after")
    ada.page.clock.run_for(10_000)
    expect(ada.saved).to_have_text("draft saved")
    banner.get_by_role("link").click()
    ada.arrives_at("Monday, 23 November")
    expect(ada.composer).to_have_value("")
    ada.page.get_by_role("link", name="Previous day").click()
    ada.arrives_at("Sunday, 22 November")
    expect(ada.composer).to_have_value("begun before midnight, ended after")
    ada.composer.press("Control+Enter")
    expect(ada.entry("begun before midnight, ended after")).to_be_visible()
    assert ada.page.url == f"{house.url}/days/2026-11-22"


def _edit(entry: Locator, text: str) -> None:
    entry.get_by_role("link", name="Edit").click()
    entry.page.locator("form[id^=editing] textarea").fill(text)


def test_words_typed_just_before_locking_are_there_after_signing_in(ada: Diarist):
    ada.visit()
    ada.composer.fill("the heron, just before I left")
    ada.lock()
    ada.sign_in().visit()
    expect(ada.composer).to_have_value("the heron, just before I left")
