"""Returning by traces at a real browser: the list, the year, the history, what is done with one."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Locator, expect
from tests.browser.conftest import Seat
from tests.support.browser import Diarist
from tests.support.llamora_server import House
from tests.support.traces import bring_in, entry, many

TODAY = date(2026, 11, 22)
PHONE = {"width": 390, "height": 780}
SCROLLED = "el => el.closest('.traces-scroll').scrollTop"


@pytest.fixture
def ids(house: House, ada: Diarist) -> dict[str, str]:
    """A heron on thirty days, with letters and a piano at times."""
    days = [TODAY - timedelta(days=9 * n) for n in range(30)]
    entries = [entry(day, f"The heron on {day}.", "heron") for day in days]
    entries += [
        entry(TODAY, "A letter about the heron.", "heron", "letters", hour=11),
        entry(TODAY - timedelta(days=800), "The first heron; the first letter.", "heron"),
        entry(TODAY - timedelta(days=1), "It will not fit.", "🎹", "letters"),
    ]
    return house.wait_for(bring_in(house.server, *entries))


@pytest.fixture
def heron(ada: Diarist, ids: dict[str, str]) -> Diarist:
    ada.visit(f"/traces/{ids['heron']}")
    return ada


def links(ada: Diarist) -> Locator:
    return ada.page.locator(".traces-scroll li > a")


def dots(ada: Diarist) -> Locator:
    return ada.page.locator(".days a")


def tip(ada: Diarist) -> Locator:
    return ada.page.locator(".tip")


def field(ada: Diarist) -> Locator:
    return ada.page.get_by_role("searchbox", name="Find a trace")


# The two views


def test_a_key_leads_from_days_to_traces_and_back(ada: Diarist, ids: dict[str, str]):
    ada.page.keyboard.press("v")
    ada.arrives_at("Traces")
    ada.page.keyboard.press("v")
    expect(ada.composer).to_be_visible()


def test_the_bar_leads_there_on_a_phone_too(house: House, seat: Seat, ids: dict[str, str]):
    ada = seat(house, viewport=PHONE, has_touch=True).sign_in().visit()
    views = ada.page.get_by_role("navigation", name="Views")
    views.get_by_role("link", name="Traces").tap()
    ada.arrives_at("Traces")
    links(ada).filter(has_text="heron").tap()
    ada.arrives_at("heron")
    expect(links(ada).first).to_be_hidden()
    ada.page.locator(".trace-back").tap()
    ada.arrives_at("Traces")
    expect(links(ada).first).to_be_visible()
    views.get_by_role("link", name="Days").tap()
    expect(ada.composer).to_be_visible()


# The list


def test_typing_finds_and_enter_opens(ada: Diarist, ids: dict[str, str]):
    ada.visit("/traces").page.keyboard.press("f")
    expect(field(ada)).to_be_focused()
    ada.page.keyboard.type("lett")
    ada.page.keyboard.press("Enter")  # before the answer is there
    ada.arrives_at("letters")
    expect(ada.page.locator("[aria-current=page]")).to_contain_text("letters")
    assert not [url for url in ada.watch.requests if "lett" in url]


def test_the_arrows_walk_from_the_field_into_the_list_and_back(ada: Diarist, ids: dict[str, str]):
    ada.visit("/traces")
    field(ada).focus()
    for expected in (0, 1, 2, 2):
        ada.page.keyboard.press("ArrowDown")
        expect(links(ada).nth(expected)).to_be_focused()
    for expected in (1, 0):
        ada.page.keyboard.press("ArrowUp")
        expect(links(ada).nth(expected)).to_be_focused()
    ada.page.keyboard.press("ArrowUp")
    expect(field(ada)).to_be_focused()


def test_five_thousand_traces_scroll_and_are_found(house: House, ada: Diarist):
    ids = house.wait_for(bring_in(house.server, *many(5_000, TODAY)))
    ada.visit("/traces").page.get_by_role("button", name="A–Z").click()
    ada.page.wait_for_load_state()
    expect(links(ada)).to_have_count(100)
    height: int = links(ada).first.evaluate("el => el.closest('.traces-scroll').scrollHeight")
    row: int = links(ada).first.evaluate("el => el.offsetHeight")
    assert abs(height - 5_000 * row) < 100 * row, "the list is as long as it is"

    for at in (0.5, 0.13, 1.0):
        scroller = ada.page.locator(".traces-scroll")
        scroller.evaluate("(list, at) => { list.scrollTop = at * list.scrollHeight }", at)
        number = min(int(at * 5_000) + 3, 4_999)
        expect(links(ada).filter(has_text=f"trace-{number:04d}")).to_be_in_viewport()

    field(ada).fill("trace-437")
    expect(links(ada)).to_have_count(10)
    expect(links(ada).first).to_have_text(re.compile("trace-4370"))
    field(ada).fill("")
    expect(links(ada)).to_have_count(100)
    expect(links(ada).first).to_be_in_viewport()

    ada.visit(f"/traces/{ids['trace-3210']}")
    expect(ada.page.locator("[aria-current=page]")).to_be_in_viewport()


def test_no_frame_of_a_fling_through_five_thousand_waits_long(house: House, ada: Diarist):
    """A coarse net, not a measurement: what is asked for meanwhile must not hold the page up."""
    house.wait_for(bring_in(house.server, *many(5_000, TODAY)))
    ada.visit("/traces")
    longest: float = links(ada).first.evaluate(
        """async el => {
          const list = el.closest(".traces-scroll")
          let longest = 0
          let before = performance.now()
          for (let y = 0; y < list.scrollHeight; y += 2400) {
            list.scrollTop = y
            await new Promise(requestAnimationFrame)
            longest = Math.max(longest, performance.now() - before)
            before = performance.now()
          }
          return longest
        }"""
    )
    assert longest < 1_000


def test_the_list_keeps_its_place_from_trace_to_trace(house: House, ada: Diarist):
    house.wait_for(bring_in(house.server, *many(300, TODAY)))
    ada.visit("/traces")
    target = links(ada).nth(60)
    target.scroll_into_view_if_needed()
    ada.page.wait_for_timeout(400)
    before: float = target.evaluate(SCROLLED)
    assert before > 500
    target.click()
    expect(ada.page.locator("[aria-current=page]")).to_be_in_viewport()
    ada.page.wait_for_load_state()
    assert abs(links(ada).first.evaluate(SCROLLED) - before) < 2
    ada.page.go_back()
    ada.arrives_at("Traces")


# The year


def test_a_day_is_told_on_hover_and_a_click_leads_there(heron: Diarist):
    page = heron.page
    dots(heron).last.hover()
    expect(tip(heron)).to_contain_text("Sunday, 22 November · 2 entries · today")
    expect(tip(heron)).to_contain_text("heron on 2026-11-22")
    dots(heron).nth(-2).hover()
    expect(tip(heron)).to_contain_text("13 November · 1 entry")
    expect(tip(heron)).to_have_count(1)
    page.mouse.move(5, 5)
    expect(tip(heron)).to_be_hidden()
    dots(heron).nth(-2).click()
    heron.arrives_at("13 November")
    expect(page.locator(".written:target")).to_contain_text("The heron on 2026-11-13.")


def test_the_keys_walk_the_days_and_tell_of_them(heron: Diarist):
    page = heron.page
    assert page.locator(".days a[tabindex='0']").count() == 1
    page.locator(".days a[tabindex='0']").focus()
    expect(tip(heron)).to_contain_text("22 November")
    page.keyboard.press("ArrowLeft")
    expect(tip(heron)).to_contain_text("13 November")
    expect(tip(heron)).to_contain_text("heron on 2026-11-13")
    expect(page.locator(":focus")).to_have_attribute("aria-describedby", "day-tip")
    page.keyboard.press("Home")
    expect(dots(heron).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(tip(heron)).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(dots(heron).nth(1)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    heron.arrives_at("22 November")


def test_a_finger_is_told_first_and_led_there_by_the_tip(
    house: House, seat: Seat, ids: dict[str, str]
):
    ada = seat(house, viewport=PHONE, has_touch=True, is_mobile=True).sign_in()
    ada.visit(f"/traces/{ids['heron']}")
    dot = dots(ada).nth(-2)
    dot.scroll_into_view_if_needed()
    box = dot.bounding_box()
    assert box
    ada.page.touchscreen.tap(box["x"] + 8, box["y"] + 14)  # a little beside it
    expect(tip(ada)).to_contain_text("13 November · 1 entry")
    expect(tip(ada)).to_contain_text("heron on 2026-11-13")
    width: int = ada.page.evaluate("document.documentElement.clientWidth")
    at = tip(ada).bounding_box()
    assert at
    assert at["x"] >= 0
    assert at["x"] + at["width"] <= width
    tip(ada).get_by_role("link", name="Open the day").tap()
    ada.arrives_at("13 November")


def test_the_years_before_are_stepped_to(heron: Diarist):
    heron.page.get_by_role("link", name="The year before").click()
    expect(heron.page.locator("#trace-year h2")).to_have_text("December 2024 – November 2025")
    heron.page.get_by_role("link", name="The year before").click()
    expect(dots(heron)).to_have_count(1)
    dots(heron).first.hover()
    expect(tip(heron)).to_contain_text("the first day")
    expect(heron.page.get_by_role("link", name="The year before")).to_have_count(0)
    heron.page.get_by_role("link", name="The year after").click()
    expect(heron.page.locator("#trace-year h2")).to_have_text("December 2024 – November 2025")


# The history


def test_earlier_days_come_as_one_scrolls(heron: Diarist):
    days = heron.page.locator(".past-day")
    expect(days.first).to_contain_text("22 November")
    for _ in range(12):
        heron.page.mouse.move(800, 600)
        heron.page.mouse.wheel(0, 3_000)
        heron.page.wait_for_timeout(50)
    expect(days.last).to_contain_text("The first heron; the first letter.")
    expect(days).to_have_count(31)
    expect(heron.page.locator(".earlier")).to_have_count(0)


def test_an_entry_is_edited_where_it_stands(heron: Diarist):
    written = heron.entry("A letter about the heron.")
    written.get_by_role("link", name="Edit").click()
    written.locator("textarea").fill("A letter, and a heron.")
    written.locator("textarea").press("Control+Enter")
    expect(heron.page.get_by_text("A letter, and a heron.")).to_be_visible()
    expect(heron.page).to_have_url(re.compile("/traces/[0-9a-f]{32}$"))


def test_company_leads_from_trace_to_trace_and_back_leads_back(heron: Diarist):
    heron.page.locator(".beside").get_by_role("link", name="letters").click()
    heron.arrives_at("letters")
    heron.page.go_back()
    heron.arrives_at("heron")
    heron.page.go_forward()
    heron.arrives_at("letters")
    assert "heron" not in heron.page.title()


def test_the_summary_comes_by_itself_and_stays(heron: Diarist):
    expect(heron.page.locator("#trace-summary blockquote").first).to_be_visible()
    heron.page.reload()
    expect(heron.page.locator("#trace-summary")).not_to_have_attribute("aria-busy", "true")
    expect(heron.page.locator("#trace-summary blockquote").first).to_be_visible()


# What is done with one


def test_a_trace_is_renamed_in_place_and_escape_leaves_it(heron: Diarist):
    page = heron.page
    page.get_by_role("link", name="Rename").click()
    expect(page.locator("#trace-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#trace-name")).to_have_count(0)
    page.get_by_role("link", name="Rename").click()
    page.locator("#trace-name").fill("🎹🎹")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("one emoji")
    page.locator("#trace-name").fill("Grey Heron")
    page.keyboard.press("Enter")
    heron.arrives_at("grey-heron")
    expect(links(heron).filter(has_text="grey-heron")).to_be_visible()


def test_a_name_that_is_taken_leads_to_the_merge(heron: Diarist):
    page = heron.page
    page.get_by_role("link", name="Rename").click()
    page.locator("#trace-name").fill("letter")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Merge the two").click()
    expect(page.locator("#trace-head")).to_contain_text("32 entries will carry the second")
    page.get_by_role("button", name="Merge", exact=True).click()
    heron.arrives_at("letters")
    expect(page.locator("#trace-head")).to_contain_text("33 entries")


def test_what_to_merge_into_is_completed(heron: Diarist):
    page = heron.page
    page.get_by_role("link", name="Merge into another").click()
    page.locator("#trace-into").press_sequentially("keyb")
    expect(page.locator("#trace-offers button")).to_have_text(["🎹"])
    page.locator("#trace-offers button").click()
    page.get_by_role("button", name="Merge", exact=True).click()
    heron.arrives_at("🎹")
    assert not [url for url in heron.watch.requests if "keyb" in url]


def test_a_trace_is_erased_after_a_calm_question(heron: Diarist):
    page = heron.page
    page.get_by_role("link", name="Erase everywhere").click()
    expect(page.locator("#trace-head")).to_contain_text("off 32 entries")
    page.keyboard.press("Escape")
    expect(page.locator("#trace-head form.card")).to_have_count(0)
    page.get_by_role("link", name="Erase everywhere").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    heron.arrives_at("Traces")
    expect(links(heron)).to_have_count(2)


def test_a_trace_rests_with_one_press_and_comes_back_with_another(heron: Diarist):
    rest = heron.page.get_by_role("button", name="Let it rest")
    rest.click()
    expect(heron.page.locator(".resting")).to_be_visible()
    expect(rest).to_have_attribute("aria-pressed", "true")
    rest.click()
    expect(heron.page.locator(".resting")).to_have_count(0)


def test_all_of_it_works_without_scripts(house: House, seat: Seat, ids: dict[str, str]):
    ada = seat(house, java_script_enabled=False).sign_in()
    page = ada.visit("/traces").page
    expect(field(ada)).to_be_hidden()
    page.get_by_role("button", name="A–Z").click()
    links(ada).filter(has_text="heron").click()
    page.get_by_role("button", name="Sum it up").click()
    expect(page.locator("#trace-summary blockquote").first).to_be_visible()
    page.get_by_role("link", name="Earlier").click()
    expect(page.locator(".past-day")).to_have_count(10)
    page.get_by_role("link", name="From the latest on").click()
    page.get_by_role("link", name="The year before").click()
    expect(page.locator("#trace-year h2")).to_have_text("December 2024 – November 2025")
    page.get_by_role("button", name="Let it rest").click()
    expect(page.locator(".resting")).to_be_visible()
    page.get_by_role("link", name="Rename").click()
    page.locator("#trace-name").fill("letters")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("button", name="Merge the two").click()
    page.get_by_role("button", name="Merge", exact=True).click()
    ada.arrives_at("letters")
    page.get_by_role("link", name="Erase everywhere").click()
    page.get_by_role("button", name="Erase", exact=True).click()
    expect(links(ada)).to_have_count(1)
