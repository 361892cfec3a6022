"""What holds on each page, in each state: read by anyone, on any screen, in either theme."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize
from tests.browser.conftest import KeepHouse, Seat
from tests.browser.pages import GATES, ROOMS, companion, furnish
from tests.support.browser import Diarist

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
NARROWEST: ViewportSize = {"width": 360, "height": 740}
WIDE: ViewportSize = {"width": 1280, "height": 800}


def test_every_page_can_be_read_by_anyone_in_either_theme_and_on_any_screen(
    keep_house: KeepHouse, seat: Seat
):
    house = keep_house(model=companion())
    ada = seat(house).sign_in()
    furnish(ada, house)
    wrong: list[str] = []
    for who, pages in ((seat(house), GATES), (ada, ROOMS)):
        for name, steps in pages.items():
            steps(who)
            wrong += [f"{name}: {each}" for each in _problems(who.page)]
            who.page.set_viewport_size(NARROWEST)
            wrong += [f"{name}: {each}" for each in _too_wide(who.page)]
            who.page.set_viewport_size(WIDE)
    assert not wrong, "\n".join(wrong)


def test_axe_finds_what_is_wrong(ada: Diarist):
    """The control: a page with a fault in either theme is told from one without."""
    assert _problems(ada.page) == []
    ada.page.evaluate("document.querySelector('label[for=write]').remove()")
    ada.page.evaluate("document.querySelector('#write').removeAttribute('placeholder')")
    ada.page.evaluate("document.querySelector('h1').style.color = 'light-dark(#bbb, #ccc)'")
    found = {problem.split(" ")[1] for problem in _problems(ada.page)}
    assert found >= {"label", "color-contrast"}


def test_a_page_that_is_too_wide_is_told_from_one_that_is_not(ada: Diarist):
    """The control."""
    ada.page.set_viewport_size(NARROWEST)
    assert _too_wide(ada.page) == []
    ada.page.evaluate("document.querySelector('h1').style.width = '400px'")
    assert _too_wide(ada.page) != []


def _problems(page: Page) -> list[str]:
    """What axe-core finds, and, of what a theme can change, what it finds in the other."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    page.emulate_media(color_scheme="light")
    found = _axe(page, "light", {})
    page.emulate_media(color_scheme="dark")
    found += _axe(page, "dark", {"runOnly": ["color-contrast", "link-in-text-block"]})
    page.emulate_media(color_scheme="light")
    return found


def _axe(page: Page, theme: str, options: dict[str, Any]) -> list[str]:
    found = page.evaluate(
        "options => axe.run(document, {resultTypes: ['violations'], ...options})", options
    )
    return [
        f"{theme} {violation['id']} at {node['target']}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def _too_wide(page: Page) -> list[str]:
    """The page, when it can be pushed sideways, and the elements that stick out."""
    return page.evaluate(
        """() => {
          const root = document.documentElement
          if (root.scrollWidth <= root.clientWidth) return []
          const out = [...document.querySelectorAll("body *")]
            .filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1)
            .map((e) => e.outerHTML.slice(0, 80))
          return [`${root.scrollWidth} px`, ...out.slice(0, 3)]
        }"""
    )
