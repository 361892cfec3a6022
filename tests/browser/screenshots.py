"""Pictures of every page, to be looked at: `python -m tests.browser.screenshots OUT`.

Each page of `pages` at two widths, in light and dark, into OUT; and the two of the README into
`docs/images`. The journal in them is invented.
"""

import re
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from tests.browser.pages import GATES, ROOMS, Steps, companion, furnish
from tests.support import browser as browsers
from tests.support.accounts import registered
from tests.support.browser import Diarist, Watch
from tests.support.llamora_server import House, in_a_thread

IMAGES = Path(__file__).parents[2] / "docs/images"
WIDTHS = (1280, 390)
THEMES = ("light", "dark")
TALLEST = 8_000
"""Pixels of page that are still shown whole."""


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with browsers.chromium() as chromium:
        browser = browsers.launched(chromium)
        for width in WIDTHS:
            with tempfile.TemporaryDirectory() as folder:
                account = registered(Path(folder))
                with in_a_thread(account.path, model=companion()) as house:
                    _all_pages(browser, house, width, out)
        browser.close()


def _all_pages(browser: Browser, house: House, width: int, out: Path) -> None:
    ada, stranger = _seat(browser, house, width), _seat(browser, house, width)
    ada.sign_in()
    furnish(ada, house)
    if width == WIDTHS[0]:
        _for_the_readme(ada)
    for who, kind, pages in ((stranger, "gate", GATES), (ada, "room", ROOMS)):
        for name, steps in pages.items():
            _take(who, steps, out, f"{kind} {name} {width}")


def _seat(browser: Browser, house: House, width: int) -> Diarist:
    height = 860 if width > 600 else 780
    context = browsers.new_context(browser, viewport={"width": width, "height": height})
    context.clock.set_fixed_time(house.clock.now())
    return Diarist(context.new_page(), house.url, Watch(context, house.url))


def _take(who: Diarist, steps: Steps, out: Path, name: str) -> None:
    steps(who)
    stem = re.sub(r"\W+", "-", name)
    for theme in THEMES:
        who.page.emulate_media(color_scheme=theme)
        # A popover stands in the window, so the window is the picture where there is one; and of
        # a page without end nobody wants to see it all.
        height: int = who.page.evaluate("document.documentElement.scrollHeight")
        whole = not who.page.locator(":popover-open").count() and height < TALLEST
        who.page.screenshot(path=out / f"{stem}-{theme}.png", full_page=whole)
    who.page.emulate_media(color_scheme="light")
    print(stem)


def _for_the_readme(ada: Diarist) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    ada.visit("/days/2026-11-22").page.evaluate("document.fonts.ready.then(() => null)")
    for theme, name in zip(THEMES, ("day.png", "day-dark.png"), strict=True):
        ada.page.emulate_media(color_scheme=theme)
        ada.page.screenshot(path=IMAGES / name)
    ada.page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
