"""Whole visits: with scripts, without them, and with the keyboard alone."""

from contextlib import suppress
from datetime import timedelta

from playwright.sync_api import Page, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.browser import Diarist
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

PASSWORD = "copper lantern drifting moth"
OLD = "The heron stood by the weir all morning, grey on grey water."
NEW = "The heron came back to the weir today."


def test_a_diarist_begins_writes_is_answered_changes_her_mind_and_locks(
    keep_house: KeepHouse, seat: Seat
):
    model = ScriptedModel("It was there *all along*.\n\n", "And then", hold_at=1)
    house = keep_house(model=model)
    eve = seat(house)
    page = eve.page

    eve.register("Eve", PASSWORD)
    expect(page.get_by_text("it is yours alone")).to_be_visible()
    entry = eve.write(f"{NEW}\n\n- one\n- [x] two")
    expect(entry.locator("li")).to_have_count(2)
    expect(eve.composer).to_have_value("")

    eve.lock()
    expect(page.get_by_label("Name")).to_have_value("Eve")
    eve.visit(f"/days/{house.today}")
    expect(page.get_by_text("heron")).to_have_count(0)
    eve.open_door("Eve", "not the password at all")
    expect(page.get_by_role("alert")).to_be_visible()
    eve.open_door("Eve", PASSWORD)
    expect(eve.entry(NEW)).to_be_visible()

    entry.get_by_role("link", name="Edit").click()
    field = entry.get_by_label("Your text")
    expect(field).to_be_focused()
    field.fill("The heron came back, and stayed.")
    entry.get_by_role("button", name="Keep").click()
    expect(eve.entry("and stayed")).to_have_count(1)
    expect(entry.locator("form.compose")).to_have_count(0)

    response = eve.ask(entry)
    expect(response.locator("em")).to_have_text("all along")
    expect(response).to_have_attribute("data-state", "writing")
    response.get_by_role("button", name="Stop").click()
    expect(response).to_have_attribute("data-state", "stopped")
    expect(response).to_contain_text("all along")
    expect(response).to_contain_text("scripted-1b")

    entry.get_by_role("link", name="Erase", exact=True).click()
    expect(entry).to_contain_text("Erase this entry and the responses to it?")
    entry.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_text("Erased.")).to_be_visible()
    expect(eve.responses).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(eve.entry("and stayed")).to_be_visible()
    expect(eve.responses).to_contain_text("all along")

    page.reload()
    expect(eve.responses).to_contain_text("all along")
    eve.lock()


def test_everything_works_without_scripts(keep_house: KeepHouse, seat: Seat):
    house = keep_house()
    eve = seat(house, java_script_enabled=False)
    page = eve.page
    yesterday = _days_ago(house, 1)

    eve.register("Eve", PASSWORD)
    eve.visit(f"/days/{yesterday}")
    _write_plainly(eve, OLD)
    page.get_by_role("link", name="Next day").click()
    _write_plainly(eve, NEW)
    expect(page).to_have_url(f"{house.url}/days/{house.today}#{_anchor(eve, NEW)}")

    entry = eve.entry(NEW)
    entry.get_by_role("link", name="Edit").click()
    field = page.get_by_label("Your text")
    expect(field).to_have_value(NEW)
    field.fill("")
    page.get_by_role("button", name="Keep").first.click()
    expect(page.locator(".left").filter(has_text=".")).to_be_visible()  # it says what is wrong
    page.get_by_label("Your text").fill(f"{NEW} And stayed.")
    page.locator("form[id^=editing]").get_by_role("button", name="Keep").click()
    expect(eve.entry("And stayed.")).to_be_visible()

    eve.entry(NEW).get_by_role("button", name="Respond").click()
    if page.get_by_role("link", name="Show what is there").count():
        page.get_by_role("link", name="Show what is there").click()
    eve.visit(f"/days/{house.today}")
    expect(eve.responses).to_contain_text("your own earlier words")
    expect(eve.responses).to_contain_text(OLD)
    eve.responses.locator(".unsay summary").click()
    eve.responses.get_by_role("button", name="Erase").click()
    expect(eve.responses).to_have_count(0)
    expect(eve.entry(NEW)).to_be_visible()

    eve.entry(NEW).get_by_role("link", name="Edit").click()
    page.get_by_role("link", name="Move…").click()
    page.get_by_label("Day", exact=True).fill(yesterday)
    page.get_by_role("button", name="Move").click()
    eve.arrives_at("Saturday, 21 November")
    expect(eve.entry(NEW)).to_be_visible()

    eve.entry(NEW).get_by_role("link", name="Erase", exact=True).click()
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(eve.entries).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(eve.entry(NEW)).to_be_visible()

    page.get_by_role("link", name="Calendar").click()
    expect(page.locator("a[data-written]")).to_have_count(1)
    page.get_by_role("link", name="Whole year").click()
    expect(page.get_by_role("heading", name="2026")).to_be_visible()

    eve.lock()
    eve.open_door("Eve", PASSWORD)
    expect(eve.composer).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Open your journal")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("")


def test_a_visit_needs_no_pointer(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("Yes."))
    ada = seat(house).sign_in().visit(f"/days/{_days_ago(house, 1)}")
    page, press = ada.page, ada.page.keyboard.press

    press("w")
    expect(ada.composer).to_be_focused()
    ada.page.keyboard.type("first words")
    press("Control+Enter")
    expect(ada.entry("first words")).to_be_visible()
    press("Escape")
    press("w")
    ada.page.keyboard.type("second words, with ? and [ and e")
    press("Control+Enter")
    expect(ada.entry("second words, with ? and [ and e")).to_be_visible()
    press("Escape")
    expect(ada.composer).not_to_be_focused()

    press("j")
    _expect_in(page, "first words")
    press("j")
    _expect_in(page, "second words")
    press("j")
    _expect_in(page, "second words")
    press("ArrowUp")
    _expect_in(page, "first words")
    press("j")
    press("k")
    _expect_in(page, "first words")

    press("e")
    expect(page.locator("form[id^=editing] textarea")).to_be_focused()
    press("End")
    ada.page.keyboard.type(", and more")
    _leave_the_form(page)
    _expect_in(page, "first words")
    press("e")
    expect(page.locator("form[id^=editing] textarea")).to_be_focused()
    press("Control+A")
    page.keyboard.type("first words, changed")
    press("Control+Enter")
    expect(ada.entry("first words, changed").locator(".entry")).to_be_visible()
    _expect_in(page, "first words, changed")

    press("r")
    expect(ada.responses).to_contain_text("Yes.")
    expect(ada.entry("first words").locator(".response")).to_have_count(1)

    press("?")
    help_sheet = page.get_by_role("dialog", name="Keys")
    expect(help_sheet).to_be_visible()
    press("Escape")
    expect(help_sheet).to_be_hidden()

    press("]")
    ada.arrives_at("Sunday, 22 November")
    press("[")
    ada.arrives_at("Saturday, 21 November")
    press("t")
    ada.arrives_at("Sunday, 22 November")

    press("c")
    expect(page.locator(".popover .calendar")).to_be_visible()
    expect(page.locator(".popover [aria-current=date]")).to_be_focused()
    press("ArrowLeft")
    expect(page.locator(".popover a", has_text="21")).to_be_focused()
    press("Enter")
    ada.arrives_at("Saturday, 21 November")
    press("c")
    expect(page.locator(".popover .calendar")).to_be_visible()
    press("Escape")
    expect(page.locator(".popover .calendar")).to_be_hidden()

    page.reload()
    press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_focus_is_never_lost_when_an_entry_is_swapped(ada: Diarist):
    page = ada.page
    ada.write("one")
    entry = ada.write("two")
    for act, focused in (("Edit", "textarea"), ("Erase", "button")):
        entry.get_by_role("link", name=act, exact=True).press("Enter")
        expect(entry.locator(f"{focused}:focus")).to_be_visible()
        page.keyboard.press("Escape")
        expect(entry.locator(".entry")).to_be_focused()
    entry.get_by_role("link", name="Erase", exact=True).press("Enter")
    expect(entry.get_by_role("button", name="Erase")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(ada.entry("two").locator(".entry")).to_be_focused()


def test_the_browser_says_where_a_new_diarist_lives(house: House, seat: Seat):
    house.clock.set(2026, 11, 22, 20, 0)  # tomorrow already, in Tokyo
    eve = seat(house, timezone_id="Asia/Tokyo")
    eve.register("Eve", PASSWORD)
    eve.arrives_at("Monday, 23 November")
    eve.visit("/settings/account")
    expect(eve.page.get_by_label("Days turn by the clock of")).to_have_value("Asia/Tokyo")


def test_the_recovery_code_can_be_saved_and_opens_the_journal(house: House, seat: Seat):
    eve = seat(house, permissions=["clipboard-read", "clipboard-write"])
    page = eve.page
    eve.visit("/register")
    page.get_by_label("Name").fill("Eve")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    expect(page.locator(".strength .quiet")).not_to_be_empty()
    page.get_by_role("button", name="Begin").click()
    eve.arrives_at("Your recovery code")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as text").click()
    code = saved.value.path().read_text().split()[-1]
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == code
    page.locator("#group").fill("wrong")
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("alert")).to_be_visible()

    stranger = seat(house).visit("/login")
    stranger.page.get_by_role("link", name="Use the recovery code").click()
    stranger.page.get_by_label("Name").fill("eve")
    stranger.page.get_by_label("Recovery code").fill(code.lower().replace("-", " "))
    stranger.page.get_by_label("New password").fill("another lantern, another moth")
    stranger.page.get_by_role("button", name="Recover").click()
    stranger.arrives_at("Your recovery code")
    assert code not in stranger.page.content()


def _write_plainly(diarist: Diarist, text: str) -> None:
    diarist.composer.fill(text)
    diarist.page.get_by_role("button", name="Keep").click()
    expect(diarist.entry(text)).to_be_visible()


def _anchor(diarist: Diarist, words: str) -> str:
    return diarist.entry(words).get_attribute("id") or ""


def _leave_the_form(page: Page) -> None:
    """No hand is so quick that the form is still being put there when it presses; this one may be,
    and then presses once more, as anybody would."""
    form = page.locator("form[id^=editing]")
    page.keyboard.press("Escape")
    with suppress(AssertionError):
        expect(form).to_have_count(0, timeout=3_000)
        return
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)


def _expect_in(page: Page, words: str) -> None:
    """The keyboard is in the entry that holds these words."""
    expect(page.locator(".written", has_text=words).locator(".entry")).to_be_focused()


def _days_ago(house: House, days: int) -> str:
    return (house.clock.now() - timedelta(days=days)).date().isoformat()
