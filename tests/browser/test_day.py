"""The day page in the hand: places kept, entries pointed at, motion and theme as wished."""

from playwright.sync_api import Page, expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.browser import PATIENCE, Diarist
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

from llamora.settings import CHECKOUT
from llamora.web.marking import Passage

LONG = "\n\n".join(f"Line {n} of a long walk." for n in range(30))
IN_VIEW = """e => {
  const box = e.getBoundingClientRect()
  return box.top < innerHeight && box.bottom > document.querySelector(".bar").offsetHeight
}"""
BRIGHTNESS = """() => {
  const [canvas] = [new OffscreenCanvas(1, 1)]
  const brush = canvas.getContext("2d")
  brush.fillStyle = getComputedStyle(document.body).backgroundColor
  brush.fillRect(0, 0, 1, 1)
  return brush.getImageData(0, 0, 1, 1).data[0]
}"""


def test_a_link_to_an_entry_leads_there_and_marks_it(house: House, ada: Diarist):
    for n in range(6):
        ada.post(f"/days/{house.today}/entries", text=f"{LONG}\n\nnumber {n}", key=f"k{n}")
    ada.visit()
    entry = ada.entry("number 4")
    link = entry.locator(".when").get_attribute("href") or ""
    ada.visit("/settings/account").visit(link)
    expect(entry).to_have_id(link.rpartition("#")[2])
    expect(ada.page.locator(".written:target")).to_have_count(1)
    assert entry.locator(".entry").evaluate(IN_VIEW)
    marked = entry.locator(".entry").evaluate("e => getComputedStyle(e).borderColor")
    plain = ada.entry("number 3").locator(".entry").evaluate("e => getComputedStyle(e).borderColor")
    assert marked != plain


def test_a_link_to_a_passage_leads_to_its_words(house: House, seat: Seat):
    ada = seat(house, clock="its own").sign_in()  # a clock of ours hides how a page was reached
    text = f"{LONG}\n\nA *fox* on the far bank.\n\n{LONG}"
    for n in range(3):
        ada.post(f"/days/{house.today}/entries", text=text, key=f"k{n}")
    ada.visit()
    id = (ada.page.locator(".written").nth(1).get_attribute("id") or "").removeprefix("entry-")
    start = text.index("A *fox*")
    passage = Passage(bytes.fromhex(id), start, start + len("A *fox* on the far bank."))
    link = f"/days/{house.today}?passage={passage}#entry-{id}"
    ada.visit("/settings/account").visit(link).page.wait_for_load_state()
    found = ada.page.locator("mark.found")
    expect(found).to_have_text(["A ", "fox", " on the far bank."])
    expect(ada.page.locator(".written:target mark")).to_have_count(3)
    ada.page.evaluate("document.fonts.ready.then(() => null)")
    middle = found.first.evaluate("e => e.getBoundingClientRect().top / innerHeight")
    assert 0.4 < middle < 0.6
    ada.page.evaluate("scrollTo(0, 100)")
    ada.page.reload()
    expect(found).to_have_count(3)
    assert ada.page.evaluate("scrollY") == 100, "the browser's own affair"
    colour = "e => getComputedStyle(e).backgroundColor"
    assert found.first.evaluate(colour) != "rgba(0, 0, 0, 0)"
    ada.page.emulate_media(media="print")
    assert found.first.evaluate(colour) == "rgba(0, 0, 0, 0)"


def test_the_place_in_a_day_is_kept_while_the_tab_lives(house: House, seat: Seat):
    ada = seat(house, clock="its own").sign_in()  # a clock of ours hides how a page was reached
    for n in range(4):
        ada.post(f"/days/{house.today}/entries", text=LONG, key=f"k{n}")
    ada.visit()
    ada.page.evaluate("scrollTo(0, 900)")
    kept = "navigation.currentEntry.getState()?.y === 900"
    for _ in range(PATIENCE // 50):
        if ada.page.evaluate(kept):
            break
        ada.page.wait_for_timeout(50)
    assert ada.page.evaluate(kept)
    ada.page.keyboard.press("[")  # a click of Playwright's may scroll by itself
    ada.arrives_at("Saturday, 21 November")
    ada.page.keyboard.press("]")
    ada.arrives_at("Sunday, 22 November")
    assert ada.page.evaluate("scrollY") == 900

    tab = Diarist(ada.page.context.new_page(), house.url, ada.watch).visit()
    assert tab.page.evaluate("scrollY") == 0


def test_motion_stops_for_who_wishes_it(keep_house: KeepHouse, seat: Seat):
    model = ScriptedModel("never", hold_at=0)
    ada = seat(keep_house(model=model)).sign_in().visit()
    response = ada.ask(ada.write("a word"))
    expect(response.locator(".dots")).to_be_visible()
    moving = "() => document.getAnimations().map((a) => a.animationName ?? a.transitionProperty)"
    assert ada.page.evaluate(moving) == []
    ada.page.emulate_media(reduced_motion="no-preference")
    assert set(ada.page.evaluate(moving)) >= {"breathe"}


def test_the_theme_is_the_systems_or_the_diarists(ada: Diarist):
    ada.visit("/settings/appearance")
    for theme, light, dark in (
        ("As the system", True, False),
        ("Light", True, True),
        ("Dark", False, False),
    ):
        ada.page.get_by_label(theme).check()
        ada.page.get_by_role("button", name="Save").click()
        expect(ada.page.get_by_role("status").filter(has_text="Saved.")).to_be_visible()
        assert (_is_light(ada.page, "light"), _is_light(ada.page, "dark")) == (light, dark)


def test_the_clock_has_twelve_or_twenty_four_hours(house: House, ada: Diarist):
    house.clock.set(2026, 11, 22, 19, 42)
    ada.sign_in().visit().write("in the evening")
    expect(ada.page.locator(".when")).to_have_text("19:42")
    ada.visit("/settings/appearance").page.get_by_label("7:42 pm").check()
    ada.page.get_by_role("button", name="Save").click()
    ada.visit()
    expect(ada.page.locator(".when")).to_have_text("7:42 pm")


def test_the_calendar_leads_to_written_days_and_needs_no_visit(house: House, ada: Diarist):
    ada.post("/days/2026-09-30/entries", text="the last of September")
    ada.visit()
    link = ada.page.locator("calendar-pop > a")
    calendar = ada.page.locator(".popover .calendar")
    link.click()
    expect(link).to_have_attribute("aria-expanded", "true")
    ada.page.get_by_role("link", name="Previous month").click()
    expect(calendar.get_by_role("heading")).to_have_text("October 2026")
    ada.page.get_by_role("link", name="Previous month").click()
    expect(calendar.get_by_role("heading")).to_have_text("September 2026")
    expect(calendar.locator("[data-written]")).to_have_count(1)
    link.click()
    expect(calendar).to_be_hidden()
    link.click()
    expect(calendar.get_by_role("heading")).to_have_text("November 2026")
    ada.page.get_by_role("link", name="Whole year").click()
    calendar.get_by_role("link", name="September").click()
    calendar.locator("[data-written]").click()
    ada.arrives_at("Wednesday, 30 September")
    assert len([url for url in ada.watch.requests if url.endswith("/calendar/2026-11")]) == 2


def test_two_quick_presses_in_the_calendar_are_two_steps(ada: Diarist):
    ada.page.locator("calendar-pop > a").click()
    calendar = ada.page.locator(".popover .calendar")
    back = calendar.get_by_role("link", name="Previous month")
    back.evaluate("link => { link.click(); link.click() }")
    expect(calendar.get_by_role("heading")).to_have_text("September 2026")
    expect(calendar.get_by_role("link", name="Previous month")).to_be_focused()


def test_the_calendar_marks_the_day_that_is_open(ada: Diarist):
    ada.visit("/days/1666-09-02").page.locator("calendar-pop > a").click()
    here = ada.page.locator(".popover .calendar [data-here]")
    expect(here).to_have_text("2")
    expect(here).to_be_focused()


def test_an_entry_moved_to_another_day_says_where_it_went(ada: Diarist):
    entry = ada.write("it was yesterday")
    entry.get_by_role("link", name="Edit").click()
    ada.page.get_by_role("link", name="Move…").click()
    ada.page.get_by_label("Day", exact=True).fill("2026-11-21")
    ada.page.get_by_role("button", name="Move").click()
    expect(ada.page.get_by_text("Moved to")).to_be_visible()
    ada.page.get_by_role("link", name="Saturday, 21 November").click()
    ada.arrives_at("Saturday, 21 November")
    expect(ada.entry("it was yesterday")).to_be_visible()


def test_what_was_erased_can_come_back_for_a_minute_only(house: House, seat: Seat):
    ada = seat(house, clock="waits").sign_in().visit()
    entry = ada.write("gone in a minute")
    entry.get_by_role("link", name="Erase", exact=True).click()
    entry.get_by_role("button", name="Erase", exact=True).click()
    expect(ada.page.get_by_role("button", name="Undo")).to_be_visible()
    ada.page.clock.run_for(61_000)
    expect(ada.page.get_by_role("button", name="Undo")).to_have_count(0)


def test_a_day_asks_for_little(house: House, ada: Diarist):
    """Built, that is; the sources are served file by file."""
    for n in range(15):
        ada.post(f"/days/{house.today}/entries", text=f"# {n}\n\n*a* **b** `c`", key=f"k{n}")
    before = len(ada.watch.requests)
    ada.visit(f"/days/{house.today}").page.wait_for_load_state("networkidle")
    asked = ada.watch.requests[before:]
    pages = [url for url in asked if "/static/" not in url]
    assert pages == [f"{house.url}/days/{house.today}"]
    if _is_built(house):
        assert len(asked) < 15


def _is_light(page: Page, system: str) -> bool:
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    return page.evaluate(BRIGHTNESS) > 128


def _is_built(house: House) -> bool:
    return (CHECKOUT / "frontend/dist/manifest.json").is_file()
