"""Search as a person uses it: with keys alone, with a pointer, on a phone, without scripts."""

import re

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import KeepHouse, Seat
from tests.support.browser import Diarist
from tests.support.llama import Llama
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

from llamora.companion.model import Unreachable

HERON = "The heron came back to the shallow water, and stood where it always stands."
BEANS = "Pulled up the last of the beans and swept the whole greenhouse."


@pytest.fixture
def keeper(ada: Diarist) -> Diarist:
    """Ada, with a few days to find something in."""
    written = {
        "2019-05-17": "Planted beans, and hoped.",
        "2020-06-01": "Beans again, in rows this time.",
        "2022-07-09": "More beans than anybody can eat.",
        "2026-11-20": HERON,
        "2026-11-21": BEANS,
    }
    for day, text in written.items():
        ada.post(f"/days/{day}/entries", text=text)
    ada.read_in("heron")
    ada.read_in("greenhouse")
    return ada.visit("/days/2026-11-22")


def selected(ada: Diarist) -> str:
    return ada.page.locator('[aria-selected="true"]').inner_text()


def test_with_keys_alone_from_the_page_to_the_passage(keeper: Diarist):
    page = keeper.page
    page.keyboard.press("/")
    expect(keeper.search_field).to_be_focused()
    page.keyboard.type("where the heron stood")
    expect(keeper.results.first).to_contain_text("shallow water")
    expect(keeper.search_field).to_have_attribute("aria-expanded", "true")
    for _ in range(10):
        page.keyboard.press("ArrowDown")
        if "heron came back" in selected(keeper):
            break
    active = keeper.search_field.get_attribute("aria-activedescendant")
    expect(page.locator(f"#{active}")).to_contain_text("2 days ago")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/days/2026-11-20\?passage=[0-9a-f]{32}\.\d+-\d+#entry-"))
    expect(keeper.entry("heron")).to_be_in_viewport()

    # It was remembered as it was opened, and is offered again.
    page.keyboard.press("Control+k")
    expect(keeper.offers).to_have_text(["where the heron stood"])


def test_a_recent_search_is_run_again_and_can_be_forgotten(keeper: Diarist):
    keeper.post("/search/queries", query="beans and rows")
    keeper.post("/search/queries", query="heron")
    keeper.search()
    expect(keeper.offers).to_have_count(2)
    keeper.offers.filter(has_text="beans").click()
    expect(keeper.search_field).to_have_value("beans and rows")
    expect(keeper.results.first).to_contain_text("rows")

    keeper.search_field.fill("")
    expect(keeper.results).to_have_count(0)
    keeper.offers.filter(has_text="beans").locator(".forget").click()
    expect(keeper.offers).to_have_text(["heron"])
    keeper.page.keyboard.press("ArrowDown")
    keeper.page.keyboard.press("Shift+Delete")
    expect(keeper.offers).to_have_count(0)
    keeper.visit("/search")
    expect(keeper.page.get_by_text("Recent searches")).to_have_count(0)


def test_a_word_is_completed_by_tab_and_typing_goes_on(keeper: Diarist):
    field = keeper.search("the greenh")
    expect(keeper.offers.first).to_have_text("the greenhouse")
    field.press("ArrowDown")
    field.press("Tab")
    expect(field).to_have_value("the greenhouse ")
    expect(field).to_be_focused()
    expect(keeper.results.first).to_contain_text("swept")


def test_escape_and_a_press_elsewhere_close_the_panel(keeper: Diarist):
    panel = keeper.page.locator(".search-panel")
    field = keeper.search("heron")
    expect(panel).to_be_visible()
    field.press("Escape")
    expect(panel).to_be_hidden()
    expect(field).to_have_value("heron")
    field.press("ArrowDown")
    expect(panel).to_be_visible()
    keeper.page.get_by_role("heading", level=1).click()
    expect(panel).to_be_hidden()
    field.focus()
    expect(panel).to_be_visible()
    field.press("Shift+Tab")
    expect(panel).to_be_hidden()


def test_enter_with_nothing_chosen_leads_to_the_page_and_back_finds_it_again(keeper: Diarist):
    page = keeper.page
    keeper.search("beans").press("Enter")
    expect(page.locator(".count")).to_contain_text("results")
    expect(page).to_have_url(re.compile(r"/search/queries/[0-9a-f]{32}$"))
    keeper.results.filter(has_text="hoped").click()
    expect(page).to_have_url(re.compile(r"/days/2019-05-17"))
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("beans")
    page.reload()
    expect(keeper.results.filter(has_text="hoped")).to_be_visible()


def test_a_date_in_words_is_taken_away_in_the_panel(keeper: Diarist):
    keeper.search("beans in may 2019")
    expect(keeper.results).to_have_count(1)
    keeper.page.get_by_role("button", name="Search without “May 2019”").click()
    expect(keeper.search_field).to_have_value("beans")
    expect(keeper.results.filter(has_text="in rows")).to_be_visible()


def test_years_are_chosen_by_drawing_over_them_and_with_keys(keeper: Diarist):
    page = keeper.page
    keeper.search("beans").press("Enter")
    bars = page.locator(".years li")
    expect(bars).to_have_count(8)
    first, last = bars.nth(0).bounding_box(), bars.nth(3).bounding_box()
    assert first
    assert last
    page.mouse.move(first["x"] + 9, first["y"] + 30)
    page.mouse.down()
    page.mouse.move(last["x"] + 9, last["y"] + 30, steps=4)
    expect(page.locator(".years li[data-chosen]")).to_have_count(4)
    page.mouse.up()
    expect(page.get_by_role("searchbox")).to_have_value("beans after:2018 before:2023")

    keeper.visit("/days/2026-11-22").search("beans").press("Enter")
    page.get_by_role("button", name="2019").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".years li[data-chosen]")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(page.get_by_role("searchbox")).to_have_value("beans after:2018 before:2021")

    keeper.visit("/days/2026-11-22").search("beans").press("Enter")
    page.get_by_role("button", name="2020").click()
    expect(page.get_by_role("searchbox")).to_have_value("beans on:2020")


def test_more_come_as_one_scrolls(keeper: Diarist):
    for n in range(1, 29):
        keeper.post(f"/days/2024-02-{n:02d}/entries", text=f"Turnips, row {n}.")
    keeper.read_in('"row 28"')
    keeper.search("turnips")
    expect(keeper.results).to_have_count(20)
    keeper.results.nth(19).scroll_into_view_if_needed()
    expect(keeper.results).to_have_count(28)
    keeper.page.keyboard.press("ArrowUp")
    expect(keeper.results.last).to_have_attribute("aria-selected", "true")
    assert len({one.get_attribute("id") for one in keeper.results.all()}) == 28


def test_no_query_is_kept_by_the_browser_or_stands_in_an_address(keeper: Diarist):
    page = keeper.page
    keeper.search("where the heron stood")
    expect(keeper.results.first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_be_visible()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert not [url for url in keeper.watch.requests if "heron" in url]
    assert "heron" not in page.title()


def test_without_scripts_everything_is_there(house: House, seat: Seat, keeper: Diarist):
    ada = seat(house, java_script_enabled=False).sign_in().visit("/days/2026-11-22")
    page = ada.page
    page.get_by_role("combobox", name="Search the journal").fill("beans")
    page.keyboard.press("Enter")
    expect(ada.results.filter(has_text="in rows")).to_be_visible()
    page.get_by_role("button", name="2020").click()
    expect(ada.results).to_have_count(1)
    page.get_by_role("button", name="Search without “2020”").click()
    expect(page.get_by_role("searchbox")).to_have_value("beans")
    page.get_by_role("button", name="Yours").click()
    expect(page.get_by_role("searchbox")).to_have_value("beans by:me")
    ada.results.filter(has_text="hoped").click()
    expect(page).to_have_url(re.compile(r"/days/2019-05-17"))
    ada.visit("/search")
    page.get_by_role("button", name="Forget “beans by:me”").click()
    expect(page.get_by_role("button", name="beans by:me")).to_have_count(0)
    page.get_by_role("button", name="Forget all").click()
    expect(page.get_by_text("Recent searches")).to_have_count(0)


def test_on_a_phone_the_field_covers_the_bar_and_leaves_again(
    house: House, seat: Seat, keeper: Diarist
):
    phone = seat(house, viewport={"width": 390, "height": 780}, has_touch=True).sign_in()
    phone.visit("/days/2026-11-22")
    expect(phone.search_field).to_be_hidden()
    phone.search("heron")
    expect(phone.results.first).to_be_visible()
    phone.page.get_by_role("button", name="Close the search").click()
    expect(phone.search_field).to_be_hidden()
    phone.search()
    phone.results.first.tap()
    expect(phone.page).to_have_url(re.compile(r"/days/2026-11-20"))


# In other words


@pytest.fixture
def model() -> ScriptedModel:
    """Holds back what it says until it is let go on."""
    return ScriptedModel('{"words": ["greenhouse", ', '"heron"]}', hold_at=0)


@pytest.fixture
def asker(keep_house: KeepHouse, seat: Seat, model: ScriptedModel) -> Diarist:
    """Ada, with a few days and that model."""
    ada = seat(keep_house(model=model)).sign_in()
    for day, text in (("2026-11-20", HERON), ("2026-11-21", BEANS), ("2026-11-19", "Rain.")):
        ada.post(f"/days/{day}/entries", text=text)
    ada.read_in("heron")
    ada.read_in("greenhouse")
    return ada.visit("/days/2026-11-22")


def test_other_words_are_looked_for_by_a_press_and_taken_off_one_by_one(
    asker: Diarist, model: ScriptedModel
):
    page, said = asker.page, asker.page.locator(".said-otherwise")
    asker.search("glasshouse")
    button = page.get_by_role("button", name="Look in other words")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".other-words .dots")).to_be_visible()
    model.go_on()
    expect(asker.results.locator("mark")).to_have_text(["greenhouse", "heron"])
    expect(said).to_be_focused()
    expect(said).to_contain_text("heron")

    # Arrow keys go on from there, and Enter opens.
    page.keyboard.press("ArrowDown")
    expect(asker.search_field).to_be_focused()
    assert "greenhouse" in selected(asker)
    said.get_by_role("button", name="Search without “heron”").click()
    expect(said).not_to_contain_text("heron")
    expect(asker.results.locator("mark")).to_have_text(["greenhouse"])
    said.get_by_role("button", name="Search without “greenhouse”").click()
    expect(said).to_have_count(0)
    expect(button).to_be_visible()
    assert len(model.asked) == 1


@pytest.mark.parametrize("how", ["typing on", "closing the panel"])
def test_typing_on_and_closing_the_panel_end_the_question(
    asker: Diarist, model: ScriptedModel, how: str
):
    asker.search("glasshouse")
    asker.page.get_by_role("button", name="Look in other words").click()
    expect(asker.page.locator(".other-words .dots")).to_be_visible()
    if how == "typing on":
        asker.search_field.fill("rain")
        expect(asker.results).to_have_count(1)
    else:
        asker.page.keyboard.press("Escape")
    for _ in range(100):
        if model.left:
            break
        asker.page.wait_for_timeout(50)
    assert model.left == 1
    model.go_on()
    expect(asker.page.locator(".said-otherwise")).to_have_count(0)


def test_without_scripts_other_words_are_found_all_the_same(
    keep_house: KeepHouse, seat: Seat, model: ScriptedModel
):
    model.go_on()
    ada = seat(keep_house(model=model), java_script_enabled=False).sign_in()
    ada.post("/days/2026-11-21/entries", text=BEANS)
    ada.visit("/search")
    ada.page.get_by_role("searchbox").fill("glasshouse")
    ada.page.keyboard.press("Enter")
    ada.page.get_by_role("button", name="Look in other words").click()
    expect(ada.results).to_contain_text("greenhouse")
    expect(ada.page).to_have_url(re.compile(r"/search/queries/[0-9a-f]{32}$"))
    ada.page.get_by_role("button", name="Search without “heron”").click()
    expect(ada.page.locator(".said-otherwise")).not_to_contain_text("heron")
    expect(ada.results).to_contain_text("greenhouse")


def test_a_model_that_is_away_leaves_the_results_and_says_so(keep_house: KeepHouse, seat: Seat):
    ada = seat(keep_house(model=ScriptedModel(Unreachable("x")))).sign_in()
    ada.post("/days/2026-11-21/entries", text=BEANS)
    ada.read_in("greenhouse")
    ada.visit("/days/2026-11-22").search("beans")
    button = ada.page.get_by_role("button", name="Look in other words")
    button.click()
    expect(ada.page.locator(".other-words")).to_contain_text(Unreachable.sentence)
    expect(ada.results).to_have_count(1)
    expect(button).to_be_focused()


def test_the_real_llama_is_asked_for_other_words(keep_house: KeepHouse, seat: Seat, llama: Llama):
    house = keep_house(LLM__UPSTREAM__HOST=llama.url, LLM__CHAT__API_KEY=llama.api_key)
    ada = seat(house).sign_in()
    for day, text in (("2026-11-20", "The window stood open."), ("2026-11-21", "A letter. Sleep.")):
        ada.post(f"/days/{day}/entries", text=text)
    ada.read_in("window")
    ada.visit("/days/2026-11-22").search("zeppelin")
    ada.page.get_by_role("button", name="Look in other words").click()
    said = ada.page.locator(".said-otherwise")
    expect(said.or_(ada.page.locator(".other-words .note"))).to_contain_text(
        re.compile("calm|heron|letter|sleep|window|knew no other words")
    )
