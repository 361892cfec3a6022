"""The opening of a day, in the hand: it comes by itself, moves nothing, folds, and rests."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.browser.test_every_page import _problems
from tests.support.browser import Diarist
from tests.support.llama import Llama
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

from llamora.companion.model import Unreachable

BEFORE = "The last of the beans came in, and the ladder is still at Ruth's."
SAID = "The beans are in. The ladder is still at Ruth's."


def opening(ada: Diarist) -> Locator:
    return ada.page.locator("#opening")


def seated(house: House, seat: Seat, **options: object) -> Diarist:
    """Ada, who wrote yesterday, and has not seen today's page."""
    ada = seat(house, **options).sign_in()
    yesterday = date.fromisoformat(house.today) - timedelta(1)
    ada.post(f"/days/{yesterday}/entries", text=BEFORE, key="k")
    return ada


def test_it_streams_in_and_moves_nothing_that_is_read(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("The beans are in. ", "The ladder is still at *Ruth's*.", hold_at=0)
    house = keep_house(model=model, opens=True)
    ada = seated(house, seat).visit()
    expect(opening(ada).locator(".dots")).to_be_visible()
    composer = ada.page.locator("#write")
    expect(opening(ada).locator("reply-stream")).to_be_attached()
    place = composer.bounding_box()
    composer.fill("I am typing")
    house.call(lambda: model.go_on(1))
    expect(opening(ada)).to_contain_text("The beans are in.")
    assert composer.bounding_box() == place
    other = Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    house.call(model.go_on)
    for each in (ada, other):
        expect(opening(each)).to_have_attribute("data-state", "said")
        expect(opening(each).locator(".prose")).to_have_text(SAID)
        expect(opening(each).locator("em")).to_have_text("Ruth's")
    assert composer.bounding_box() == place
    expect(composer).to_have_value("I am typing")
    expect(composer).to_be_focused()
    assert len(model.asked) == 1
    assert _problems(ada.page) == []


def test_it_is_stopped_where_it_is(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("The beans are in. ", "Never said.", hold_at=1)
    ada = seated(keep_house(model=model, opens=True), seat).visit()
    expect(opening(ada)).to_contain_text("The beans are in.")
    opening(ada).get_by_role("button", name="Stop").click()
    expect(opening(ada)).to_have_attribute("data-state", "said")
    expect(opening(ada)).to_contain_text("You stopped it here.")
    expect(opening(ada).get_by_role("button", name="Stop")).to_have_count(0)
    ada.visit()
    expect(opening(ada).locator(".prose")).to_have_text("The beans are in.")
    assert len(model.asked) == 1
    assert _problems(ada.page) == []


def test_the_real_llama_opens_a_day(keep_house: KeepHouse, seat: Seat, llama: Llama):
    house = keep_house(LLM__UPSTREAM__HOST=llama.url, LLM__CHAT__API_KEY=llama.api_key)
    ada = seated(house, seat).visit()
    expect(opening(ada)).to_have_attribute("data-state", "said")
    expect(opening(ada)).to_contain_text("tiny")
    said = opening(ada).locator(".prose").inner_text()
    assert said.strip()
    ada.page.reload()
    expect(opening(ada).locator(".prose")).to_have_text(said, use_inner_text=True)


def test_echo_quotes_the_day_before_and_leads_there(house: House, seat: Seat):
    ada = seated(house, seat).visit()
    expect(opening(ada).locator("q")).to_have_text(BEFORE)
    assert _problems(ada.page) == []
    opening(ada).get_by_role("link").click()
    expect(ada.page.locator(".written:target")).to_contain_text(BEFORE)


def test_it_folds_stays_folded_and_unfolds_by_keyboard(house: House, seat: Seat):
    ada = seated(house, seat).visit()
    expect(opening(ada).locator("q")).to_be_visible()
    opening(ada).get_by_role("button", name="Fold").press("Enter")
    show = opening(ada).get_by_role("button", name="Show the opening")
    expect(show).to_be_focused()
    ada.visit()
    expect(opening(ada).locator("q")).to_have_count(0)
    show.press("Enter")
    expect(opening(ada).locator("q")).to_be_visible()
    expect(opening(ada).get_by_role("button", name="Fold")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False])
def test_let_rest_it_goes_and_can_be_asked_for_again(house: House, seat: Seat, scripts: bool):
    ada = seated(house, seat, java_script_enabled=scripts).visit()
    if not scripts:
        opening(ada).get_by_role("button", name="Open this day").click()
    expect(opening(ada).locator("q")).to_be_visible()
    opening(ada).hover()
    opening(ada).get_by_role("button", name="Let it rest").click()
    expect(opening(ada)).to_be_hidden()
    ada.visit()
    expect(opening(ada)).to_be_hidden()
    ada.page.get_by_role("button", name="Open this day").click()
    expect(opening(ada).locator("q")).to_be_visible()


def test_let_rest_by_keyboard_the_keyboard_stays_where_it_was(house: House, seat: Seat):
    ada = seated(house, seat).visit()
    rest = opening(ada).get_by_role("button", name="Let it rest")
    rest.focus()
    ada.page.keyboard.press("Shift+Tab")
    before = ada.page.evaluate("document.activeElement.outerHTML")
    rest.press("Enter")
    expect(opening(ada).get_by_text("The opening rests.")).to_be_focused()
    expect(opening(ada)).to_be_hidden()  # for the eye
    ada.page.keyboard.press("Tab")
    after = ada.page.locator(":focus")
    assert after.evaluate("element => element !== document.body")
    assert after.evaluate("element => element.outerHTML") != before
    at = after.evaluate(
        "e => document.getElementById('opening').compareDocumentPosition(e) & 4 /* following */"
    )
    assert at, "it goes on after the opening, not from the top of the page"


def test_who_leaves_while_it_is_said_finds_it_whole(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("The beans are in. ", "The ladder is still at Ruth's.", hold_at=1)
    house = keep_house(model=model, opens=True)
    ada = seated(house, seat).visit()
    expect(opening(ada)).to_contain_text("The beans are in.")
    ada.page.goto("about:blank")
    ada.visit()
    expect(opening(ada)).to_contain_text("The beans are in.")
    house.call(model.go_on)
    expect(opening(ada).locator("reply-stream")).to_have_count(0)
    expect(opening(ada)).to_contain_text(SAID)
    ada.visit()
    expect(opening(ada)).to_contain_text(SAID)
    assert len(model.asked) == 1


def test_a_model_that_fails_is_no_matter(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel(Unreachable())
    house = keep_house(model=model, opens=True)
    ada = seated(house, seat).visit()
    again = opening(ada).get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(opening(ada)).to_have_text("Try again")
    model.pieces = (SAID,)
    again.click()
    expect(opening(ada)).to_contain_text(SAID)


def test_under_a_finger_its_ways_are_always_there(house: House, seat: Seat):
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    ada = seated(house, seat, **phone).visit()
    fold = opening(ada).get_by_role("button", name="Fold")
    expect(fold).to_have_css("opacity", "1")


def test_the_calendar_tells_what_a_day_held(house: House, seat: Seat):
    ada = seated(house, seat).visit()
    ada.page.get_by_role("link", name="Calendar").click()
    tip = ada.page.locator(".tip")
    written = ada.page.locator(".calendar [data-written]").first
    written.hover()
    expect(tip).to_contain_text("Saturday, 21 November")
    expect(tip.locator(".recap")).to_contain_text("The last of the beans came in")
    expect(tip.get_by_role("link")).to_be_hidden()
    assert _problems(ada.page) == []
    ada.page.locator(".calendar h2").hover()
    expect(tip).to_be_hidden()
    ada.page.keyboard.press("ArrowLeft")  # from today, on which the calendar opened
    expect(written).to_be_focused()
    expect(tip).to_be_visible()
    ada.page.keyboard.press("ArrowLeft")
    expect(tip).to_be_hidden()
    written.click()
    ada.arrives_at("Saturday, 21 November")


def test_under_a_finger_a_day_is_told_of_first_and_opened_then(house: House, seat: Seat):
    phone = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
    ada = seated(house, seat, **phone).visit("/calendar/2026-11")
    written = ada.page.locator(".calendar [data-written]").first
    written.tap()
    tip = ada.page.locator(".tip")
    expect(tip.locator(".recap")).to_contain_text("The last of the beans came in")
    expect(tip.get_by_role("link", name="Open the day")).to_be_visible()
    written.tap()
    ada.arrives_at("Saturday, 21 November")
