"""What was looked for stays in no browser profile, on the page and in the panel."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, expect
from tests.browser.conftest import KeepHouse
from tests.support import browser as browsers
from tests.support.browser import Diarist, Watch
from tests.support.canary import sightings

QUERY = "velvetkestrel"


def at_home(keep_house: KeepHouse, chromium: BrowserType, profile: Path) -> Diarist:
    """Ada in a browser whose profile lies in that folder."""
    house = keep_house()
    context = browsers.with_profile(chromium, profile)
    context.clock.set_fixed_time(house.clock.now())
    ada = Diarist(context.pages[0], house.url, Watch(context, house.url))
    ada.visit("/login").open_door("Ada", "violet heron kettle moss")
    ada.arrives_at("Sunday, 22 November")
    ada.write("the heron came back")
    return ada


@pytest.mark.parametrize("remembers", [True, False])
def test_a_search_on_its_page_stays_nowhere(
    keep_house: KeepHouse, chromium: BrowserType, tmp_path: Path, remembers: bool
) -> None:
    ada = at_home(keep_house, chromium, tmp_path / "profile")
    page = ada.page
    if not remembers:
        ada.visit("/settings/account")
        switch = page.get_by_label("Remember what I search for")
        switch.uncheck()
        page.locator("form", has=switch).get_by_role("button").first.click()
        page.wait_for_load_state()
    ada.visit("/search")
    page.locator("main input[type=search]").fill(QUERY)
    page.keyboard.press("Enter")
    expect(page.locator("main .count")).to_be_visible()
    page.get_by_role("button", name="Yours").click()
    expect(page.locator("main .count")).to_be_visible()
    page.reload()  # without being asked whether to send it again
    expect(page.locator("main input[type=search]")).to_have_value(f"{QUERY} by:me")
    ada.visit("/days/2026-11-22")
    page.context.close()
    assert sightings([QUERY], tmp_path / "profile") == []


def test_a_search_in_the_panel_stays_nowhere(
    keep_house: KeepHouse, chromium: BrowserType, tmp_path: Path
) -> None:
    ada = at_home(keep_house, chromium, tmp_path / "profile")
    ada.read_in("heron")
    ada.visit("/days/2026-11-22")
    ada.page.keyboard.press("/")
    ada.page.keyboard.type(f"heron {QUERY}")
    expect(ada.results.first).to_contain_text("heron")
    ada.results.first.click()
    ada.page.wait_for_url("**/days/**passage**")
    ada.visit("/days/2026-11-21")
    ada.page.context.close()
    assert sightings([QUERY], tmp_path / "profile") == []
