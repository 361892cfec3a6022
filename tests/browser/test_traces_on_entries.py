"""The traces on an entry at a real browser: picked with the pointer, and with keys alone."""

import json
import re

import pytest
from playwright.sync_api import Locator, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.browser.test_nothing_stays import STORAGE
from tests.support.browser import Diarist
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel


@pytest.fixture
def keeper(ada: Diarist, house: House) -> Diarist:
    """Ada, whose earlier entries carry traces, with one of today before her that carries none."""
    for day, text, *names in (
        ("2026-11-18", "The heron at the reservoir.", "heron", "reservoir"),
        ("2026-11-19", "The heron again, at the reservoir.", "heron", "reservoir"),
        ("2026-11-20", "Walked home the long way.", "walk"),
    ):
        kept = ada.post(f"/days/{day}/entries", text=text)
        entry = kept.headers["location"].partition("#entry-")[2]
        for name in names:
            ada.post(f"/entries/{entry}/traces", name=name)
    ada.write("The heron came back to the reservoir.")
    return ada


def card(ada: Diarist) -> Locator:
    return ada.page.locator(".written").last


def pills(ada: Diarist) -> Locator:
    """The pills of what is kept, on the card or in its picker."""
    return card(ada).locator("[id^=kept-] .pill")


def field(ada: Diarist) -> Locator:
    return card(ada).get_by_role("combobox", name="A trace to keep")


def options(ada: Diarist) -> Locator:
    return card(ada).get_by_role("option")


def suggested(ada: Diarist) -> Locator:
    return card(ada).locator(".suggested .pill:visible")


def open_picker(ada: Diarist) -> None:
    card(ada).get_by_role("link", name="Keep a trace").click()
    expect(field(ada)).to_be_focused()
    expect(card(ada).locator(".suggested .dots")).to_have_count(0)


def carried(ada: Diarist) -> list[str]:
    """What the entry carries, asked anew."""
    ada.visit()
    return pills(ada).all_inner_texts()


# With the pointer


def done(keeper: Diarist) -> None:
    """Closes the picker, and waits for the card without it, which takes its place."""
    link = card(keeper).get_by_role("link", name="Done")
    link.click()
    expect(link).to_have_count(0)


def test_a_suggestion_is_kept_by_a_press_and_offered_no_longer(keeper: Diarist):
    open_picker(keeper)
    expect(pills(keeper)).to_have_count(0)
    first = suggested(keeper).filter(has_text="heron")
    first.click()
    expect(pills(keeper)).to_have_text(["heron"])
    expect(suggested(keeper).filter(has_text="heron")).to_have_count(0)
    expect(field(keeper)).to_be_focused()  # the picker stays open
    assert carried(keeper) == ["heron"]


def test_what_is_typed_is_completed_and_an_option_is_kept_by_a_press(keeper: Diarist):
    open_picker(keeper)
    field(keeper).press_sequentially("res")
    expect(options(keeper)).to_have_text([re.compile("reservoir")])
    options(keeper).first.click()
    expect(pills(keeper)).to_have_text(["reservoir"])
    expect(field(keeper)).to_have_value("")
    expect(options(keeper)).to_have_count(0)


def test_a_press_drops_a_trace_and_undo_keeps_it_again(keeper: Diarist):
    open_picker(keeper)
    field(keeper).fill("heron")
    field(keeper).press("Enter")
    keeper.page.get_by_role("button", name="Drop heron").click()
    expect(pills(keeper)).to_have_count(0)
    expect(suggested(keeper).filter(has_text="heron")).to_have_count(1)  # offered once more
    expect(card(keeper)).to_contain_text("Dropped “heron”.")
    card(keeper).get_by_role("button", name="Undo").click()
    expect(pills(keeper)).to_have_text(["heron"])
    expect(card(keeper).get_by_role("button", name="Undo")).to_have_count(0)
    done(keeper)
    expect(field(keeper)).to_have_count(0)
    expect(pills(keeper)).to_have_text(["heron"])


def test_another_spelling_leads_to_the_trace_there_is(keeper: Diarist):
    open_picker(keeper)
    for answer, kept in (("walk", ["walk"]), ("Keep “walks” as well", ["walk", "walks"])):
        field(keeper).fill("walks")
        field(keeper).press("Enter")
        expect(card(keeper)).to_contain_text("You have a trace for this:")
        expect(field(keeper)).to_have_value("walks")
        card(keeper).locator(".said").get_by_role("button", name=answer, exact=True).click()
        expect(pills(keeper)).to_have_text(kept)
        expect(field(keeper)).to_have_value("")


def test_a_pill_opens_in_short_and_leads_on(keeper: Diarist):
    open_picker(keeper)
    suggested(keeper).filter(has_text="heron").click()
    expect(pills(keeper)).to_have_count(1)
    done(keeper)
    pill = pills(keeper).first
    pill.click()
    short = keeper.page.get_by_role("dialog", name="heron")
    expect(short).to_contain_text("3 entries · last used today")
    expect(short).to_contain_text("The heron again, at the reservoir.")
    expect(pill).to_have_attribute("aria-expanded", "true")
    keeper.page.locator("h1").click()  # elsewhere
    expect(short).to_be_hidden()
    expect(pill).to_have_attribute("aria-expanded", "false")
    pill.click()
    short.get_by_role("link", name="The heron again").click()
    expect(keeper.page).to_have_url(re.compile(r"/days/2026-11-19#entry-[0-9a-f]{32}$"))


def test_a_trace_is_dropped_where_it_is_seen_in_short(keeper: Diarist):
    open_picker(keeper)
    suggested(keeper).filter(has_text="heron").click()
    expect(pills(keeper)).to_have_count(1)
    done(keeper)
    card(keeper).get_by_role("link", name="heron").click()
    keeper.page.get_by_role("button", name="Drop from this entry").click()
    expect(pills(keeper)).to_have_count(0)
    expect(keeper.page.get_by_role("dialog")).to_be_hidden()
    card(keeper).get_by_role("button", name="Undo").click()
    expect(card(keeper).get_by_role("link", name="heron")).to_be_visible()
    assert carried(keeper) == ["heron"]


# With keys alone


def test_keys_open_the_picker_choose_keep_and_close_it(keeper: Diarist):
    keys, page = keeper.page.keyboard, keeper.page
    keys.press("Escape")
    keys.press("k")
    keys.press("l")
    expect(field(keeper)).to_be_focused()
    keys.type("wa")
    expect(options(keeper)).to_have_count(1)
    keys.press("ArrowDown")
    expect(options(keeper).first).to_have_attribute("aria-selected", "true")
    expect(field(keeper)).to_have_attribute("aria-activedescendant", re.compile("option-"))
    keys.press("Enter")
    expect(pills(keeper)).to_have_text(["walk"])
    keys.type("Home again")
    keys.press("Enter")
    expect(pills(keeper)).to_have_text(["walk", "home-again"])
    keys.type(":tad")
    expect(options(keeper).first).to_contain_text(":tada:")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(pills(keeper)).to_have_text(["walk", "home-again", "🎉"])
    keys.type("her")
    expect(options(keeper)).not_to_have_count(0)
    keys.press("Escape")  # closes the list
    expect(options(keeper)).to_have_count(0)
    expect(field(keeper)).to_be_focused()
    keys.press("Escape")  # and then the picker
    expect(field(keeper)).to_have_count(0)
    expect(card(keeper).locator(".entry")).to_be_focused()
    expect(pills(keeper).last.get_by_role("img", name="party popper")).to_be_visible()
    assert page.url.endswith("/days/2026-11-22") or page.url.endswith("/")


def test_keys_reach_suggestions_and_what_is_kept(keeper: Diarist):
    keys = keeper.page.keyboard
    open_picker(keeper)
    expect(suggested(keeper).first).to_be_visible()
    name = suggested(keeper).first.inner_text()
    keys.press("ArrowDown")
    expect(suggested(keeper).first).to_be_focused()
    keys.press("ArrowUp")
    expect(field(keeper)).to_be_focused()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(pills(keeper)).to_have_text([name])
    expect(field(keeper)).to_be_focused()
    keys.press("Backspace")
    expect(keeper.page.get_by_role("button", name=f"Drop {name}")).to_be_focused()
    keys.press("ArrowRight")
    expect(field(keeper)).to_be_focused()
    keys.press("Backspace")
    keys.press("Backspace")
    expect(pills(keeper)).to_have_count(0)
    expect(field(keeper)).to_be_focused()
    keys.press("ArrowDown")  # to Undo, which is beneath
    expect(card(keeper).get_by_role("button", name="Undo")).to_be_focused()
    keys.press("Enter")
    expect(pills(keeper)).to_have_text([name])


def test_letters_typed_on_a_button_are_written_and_press_nothing_else(keeper: Diarist):
    """`r` would ask the companion, `e` open the entry as a form."""
    keys = keeper.page.keyboard
    open_picker(keeper)
    expect(suggested(keeper).first).to_be_visible()
    keys.press("ArrowDown")
    expect(suggested(keeper).first).to_be_focused()
    keys.type("rein")
    expect(field(keeper)).to_be_focused()
    expect(field(keeper)).to_have_value("rein")
    expect(keeper.responses).to_have_count(0)


def test_enter_on_a_pill_opens_it_and_escape_returns_to_it(keeper: Diarist):
    keeper.page.keyboard.press("Escape")
    open_picker(keeper)
    suggested(keeper).filter(has_text="heron").click()
    expect(pills(keeper)).to_have_count(1)
    keeper.page.keyboard.press("Escape")
    pill = pills(keeper).and_(keeper.page.get_by_role("link"))
    expect(pill).to_be_visible()
    pill.focus()
    keeper.page.keyboard.press("Enter")
    short = keeper.page.get_by_role("dialog", name="heron")
    expect(short.get_by_role("link").first).to_be_focused()
    keeper.page.keyboard.press("Escape")
    expect(short).to_be_hidden()
    expect(pill).to_be_focused()


def test_two_names_typed_in_a_row_are_both_kept(keeper: Diarist):
    open_picker(keeper)
    keeper.page.keyboard.type("first\nsecond\nthird\n", delay=0)
    expect(pills(keeper)).to_have_count(3)
    assert carried(keeper) == ["first", "second", "third"]


# What is refused


def test_a_bad_name_is_told_beside_the_field_and_stays_in_it(keeper: Diarist):
    open_picker(keeper)
    for typed, why in (("party 🎉", "words or an emoji"), ("y" * 65, "at most 64 characters")):
        field(keeper).fill(typed)
        field(keeper).press("Enter")
        expect(card(keeper).locator(".said")).to_contain_text(why)
        expect(field(keeper)).to_have_attribute("aria-invalid", "true")
        expect(field(keeper)).to_have_value(typed)
    field(keeper).fill("<img src=x onerror=alert(1)>")
    field(keeper).press("Enter")
    expect(pills(keeper)).to_have_text(["img-src-x-onerror-alert-1"])
    expect(field(keeper)).not_to_have_attribute("aria-invalid", "true")


def test_an_entry_that_is_gone_in_another_tab_says_so(keeper: Diarist):
    open_picker(keeper)
    id = (card(keeper).get_attribute("id") or "").removeprefix("entry-")
    keeper.post(f"/entries/{id}?_method=DELETE")
    field(keeper).fill("heron")
    field(keeper).press("Enter")
    expect(keeper.page.locator("#notice")).to_contain_text("erased")
    expect(field(keeper)).to_have_value("heron")


def test_two_tabs_show_what_stands_after_each_wish(keeper: Diarist, house: House):
    other = Diarist(keeper.page.context.new_page(), house.url, keeper.watch).visit()
    for tab in (keeper, other):
        open_picker(tab)
    for tab, name in ((keeper, "heron"), (other, "rain"), (keeper, "heron")):
        field(tab).fill(name)
        field(tab).press("Enter")
        expect(field(tab)).to_have_value("")
    expect(pills(keeper)).to_have_text(["heron", "rain"])
    keeper.page.get_by_role("button", name="Drop rain").click()
    other.page.get_by_role("button", name="Drop rain").click()
    expect(pills(other)).to_have_text(["heron"])


# After an exchange


def test_after_an_answer_traces_are_offered_on_the_card_and_nothing_moves(
    keep_house: KeepHouse, seat: Seat
):
    answering = ScriptedModel("It came back.", hold_at=0)
    house = keep_house(model=answering)
    ada = seat(house).sign_in().visit()
    earlier = ada.post("/days/2026-11-20/entries", text="The heron at the reservoir.")
    id = earlier.headers["location"].partition("#entry-")[2]
    for name in ("heron", "reservoir"):
        ada.post(f"/entries/{id}/traces", name=name)
    entry = ada.write("The heron came back to the reservoir.")
    house.call(answering.go_on)
    response = ada.ask(entry)
    expect(response).to_have_attribute("data-state", "done")
    heights = """element => [...element.querySelectorAll(".entry, .prose")]
        .map((each) => each.getBoundingClientRect().top)"""
    before = entry.evaluate(heights)
    offered = entry.locator(".offered button:visible")
    expect(offered.first).to_be_visible()
    assert entry.evaluate(heights) == before
    expect(ada.page.locator(":focus")).to_have_attribute("aria-label", "Respond")
    offered.filter(has_text="heron").click()
    expect(entry.locator("[id^=kept-] .pill")).to_have_text(["heron"])
    expect(offered.filter(has_text="heron")).to_have_count(0)
    assert entry.evaluate(heights) == before


def test_nothing_is_offered_while_the_picker_is_open(keep_house: KeepHouse, seat: Seat):
    house = keep_house(model=ScriptedModel("Well."))
    ada = seat(house).sign_in().visit()
    entry = ada.write("The heron came back.")
    ada.ask(entry)
    open_picker(ada)
    expect(entry.locator("article.response")).to_have_attribute("data-state", "done")
    expect(field(ada)).to_be_focused()
    expect(entry.locator(".offered")).to_have_count(0)


# What stays


def test_no_name_is_left_in_the_browser_or_in_an_address(keeper: Diarist):
    open_picker(keeper)
    field(keeper).press_sequentially("velvetkestrel")
    field(keeper).press("Enter")
    expect(pills(keeper)).to_have_text(["velvetkestrel"])
    keeper.page.get_by_role("button", name="Drop velvetkestrel").click()
    card(keeper).get_by_role("button", name="Undo").click()
    expect(pills(keeper)).to_have_text(["velvetkestrel"])
    keeper.page.keyboard.press("Escape")
    card(keeper).get_by_role("link", name="velvetkestrel").click()
    expect(keeper.page.get_by_role("dialog")).to_be_visible()
    held = keeper.page.evaluate(STORAGE)
    assert "velvet" not in json.dumps(held)
    assert held["local"] == held["session"] == {}
    assert not [url for url in keeper.watch.requests if "velvet" in url]
    assert "velvet" not in keeper.page.title() + keeper.page.url


def test_without_scripts_traces_are_kept_dropped_and_suggested(
    house: House, seat: Seat, keeper: Diarist
):
    ada = seat(house, java_script_enabled=False).sign_in().visit()
    card(ada).get_by_role("link", name="Keep a trace").click()
    field(ada).fill("Home again")
    field(ada).press("Enter")
    expect(pills(ada)).to_have_text(["home-again"])
    card(ada).get_by_role("button", name="Suggest some").click()
    suggested(ada).filter(has_text="heron").click()
    expect(pills(ada)).to_have_text(["home-again", "heron"])
    field(ada).fill("walks")
    field(ada).press("Enter")
    card(ada).locator(".said").get_by_role("button", name="walk", exact=True).click()
    expect(pills(ada)).to_have_text(["home-again", "heron", "walk"])
    ada.page.get_by_role("button", name="Drop home-again").click()
    expect(card(ada)).to_contain_text("Dropped “home-again”.")
    card(ada).get_by_role("link", name="Done").click()
    card(ada).get_by_role("link", name="walk", exact=True).click()
    expect(ada.page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}$"))


def test_on_a_phone_the_picker_and_a_pill_in_short_stay_inside_the_window(
    house: House, seat: Seat, keeper: Diarist
):
    ada = seat(house, viewport={"width": 360, "height": 740}, has_touch=True).sign_in().visit()
    open_picker(ada)
    for name in (
        "heron",
        "a-rather-long-name-that-goes-on-and-on-to-the-very-end-of-what-fits"[:64],
    ):
        field(ada).fill(name)
        field(ada).press("Enter")
    expect(pills(ada)).to_have_count(2)
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not ada.page.evaluate(wide)
    card(ada).get_by_role("link", name="Done").tap()
    card(ada).get_by_role("link", name="heron").tap()
    short = ada.page.get_by_role("dialog", name="heron")
    expect(short).to_be_visible()
    box = short.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert not ada.page.evaluate(wide)


@pytest.mark.parametrize("height", [480, 620, 740])
def test_a_pill_in_short_begins_inside_the_window_wherever_the_pill_stands(
    house: House, seat: Seat, keeper: Diarist, height: int
):
    """It began above the window's edge, without its heading, when a pill in the middle of a phone
    opened upwards."""
    for day in ("2026-11-15", "2026-11-16", "2026-11-17"):
        kept = keeper.post(f"/days/{day}/entries", text="The heron stood in the reeds. " * 9)
        entry = kept.headers["location"].partition("#entry-")[2]
        keeper.post(f"/entries/{entry}/traces", name="heron")
    ada = seat(house, viewport={"width": 360, "height": height}, has_touch=True).sign_in()
    ada.visit("/days/2026-11-17")
    pill = ada.page.get_by_role("link", name="heron", exact=True)
    for place in ("start", "center", "end"):
        pill.evaluate("(pill, block) => pill.scrollIntoView({ block })", place)
        pill.evaluate("pill => pill.click()")
        short = ada.page.get_by_role("dialog", name="heron")
        expect(short).to_be_visible()
        box = short.bounding_box()
        assert box is not None
        assert box["y"] >= 0, place
        assert box["y"] + box["height"] <= height, place
        ada.page.keyboard.press("Escape")
        expect(short).to_be_hidden()
