"""After a whole session the browser holds nothing that was written, and Back shows nothing."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, Page, expect
from playwright.sync_api import Error as PlaywrightError
from tests.browser.conftest import KeepHouse, Seat
from tests.support import browser as browsers
from tests.support.browser import Diarist, Watch
from tests.support.canary import sightings
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

CANARIES = {
    "entry": "marmaladeheron",
    "draft": "velvetkestrel",
    "edit": "quincelapwing",
    "undone": "saffronplover",
    "answer": "gingerbittern",
    "refused": "copperdunlin",
    "trace": "amberwhimbrel",
}
PLANTED = "plantedcormorant"
SENT = "posteddotterel"

STORAGE = """async () => ({
  local: {...localStorage},
  session: {...sessionStorage},
  databases: await indexedDB.databases(),
  caches: await caches.keys(),
  history: [history.state, ...navigation.entries().map((entry) => entry.getState())],
  name: window.name,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
})"""


def test_a_browser_profile_holds_nothing_of_a_whole_session(
    keep_house: KeepHouse, chromium: BrowserType, tmp_path: Path
):
    house = keep_house(model=ScriptedModel(CANARIES["answer"], " was there."))
    profile = tmp_path / "profile"
    context = browsers.with_profile(chromium, profile)
    context.clock.set_fixed_time(house.clock.now())
    watch = Watch(context, house.url)
    ada = Diarist(context.pages[0], house.url, watch)

    _live_a_session(ada, house)
    held = ada.page.evaluate(STORAGE)
    assert held["local"] == held["session"] == {}
    assert held["databases"] == held["caches"] == []
    assert held["workers"] == 0
    assert held["name"] == ""
    assert not any(word in json.dumps(held["history"]) for word in CANARIES.values())
    assert all(state is None or list(state) == ["y"] for state in held["history"])
    watch.check()
    context.close()
    assert sightings(CANARIES.values(), profile) == []

    # The control: the same profile is found to keep what a page stores, and, as browsers do for
    # whoever presses Back, what a form sent when a page and not a redirect was the answer.
    context = browsers.with_profile(chromium, profile)
    page = context.pages[0]
    page.goto(house.url + "/login")
    page.evaluate("word => localStorage.setItem('word', word)", PLANTED)
    assert page.evaluate(STORAGE)["local"] == {"word": PLANTED}
    page.evaluate(
        """text => {
          const form = document.createElement("form")
          Object.assign(form, {method: "post", action: "/days/2026-11-22/entries"})
          form.append(Object.assign(document.createElement("input"), {name: "text", value: text}))
          document.body.append(form)
          form.submit()
        }""",
        SENT,
    )
    expect(page.get_by_label("Your words, to copy")).to_have_value(SENT)
    context.close()
    assert sightings([PLANTED], profile)
    assert sightings([SENT], profile)


def _live_a_session(ada: Diarist, house: House) -> None:
    page = ada.page
    ada.visit("/login").open_door("Ada", "violet heron kettle moss")
    ada.arrives_at("Sunday, 22 November")
    entry = ada.write(CANARIES["entry"])
    expect(ada.ask(entry)).to_contain_text(CANARIES["answer"])
    entry.get_by_role("link", name="Keep a trace").click()
    entry.get_by_role("combobox").press_sequentially(CANARIES["trace"])
    entry.get_by_role("combobox").press("Enter")
    expect(entry.locator(".line .pill")).to_have_text([CANARIES["trace"]])
    entry.get_by_role("link", name="Done").click()
    entry.get_by_role("link", name=CANARIES["trace"]).click()
    expect(page.get_by_role("dialog", name=CANARIES["trace"])).to_be_visible()
    page.keyboard.press("Escape")
    entry.get_by_role("link", name="Edit").click()
    entry.locator("textarea").fill(CANARIES["edit"])
    expect(entry.locator("[data-saved]")).to_have_text("draft saved")
    entry.get_by_role("button", name="Keep").click()
    expect(ada.entry(CANARIES["edit"]).locator(".entry")).to_be_visible()
    gone = ada.write(CANARIES["undone"])
    gone.get_by_role("link", name="Erase", exact=True).click()
    gone.get_by_role("button", name="Erase", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    ada.composer.fill(CANARIES["draft"])
    expect(ada.saved).to_have_text("draft saved")
    page.get_by_role("link", name="Calendar").click()
    page.get_by_role("link", name="Whole year").click()
    page.keyboard.press("Escape")
    page.reload()
    page.get_by_role("link", name="Previous day").click()
    ada.arrives_at("Saturday, 21 November")
    page.go_back()
    ada.arrives_at("Sunday, 22 November")
    expect(ada.composer).to_have_value(CANARIES["draft"])
    house.clock.advance(hours=2)  # it locks by itself; what is sent then stays in the form
    ada.composer.fill(CANARIES["refused"])
    page.get_by_role("button", name="Keep").click()
    expect(page.locator("#notice")).to_contain_text("The journal is locked")
    expect(ada.composer).to_have_value(CANARIES["refused"])
    ada.visit("/login").open_door("Ada", "violet heron kettle moss")
    ada.arrives_at("Sunday, 22 November")
    ada.lock()


def _by_lock(ada: Diarist, house: House) -> None:
    ada.page.get_by_role("button", name="Lock the journal").click()


def _by_signing_out(ada: Diarist, house: House) -> None:
    ada.page.get_by_role("button", name="Sign out").click()


def _by_time(ada: Diarist, house: House) -> None:
    house.clock.advance(hours=2)
    ada.visit("/login")


@pytest.mark.parametrize("leave", [_by_lock, _by_signing_out, _by_time])
def test_back_shows_nothing_once_the_journal_is_locked(
    house: House, seat: Seat, leave: Callable[[Diarist, House], None]
):
    ada = seat(house).sign_in()
    shown = _tell_what_is_shown_again(ada.page)
    ada.post(f"/days/{house.today}/entries", text=CANARIES["entry"])
    ada.visit()
    expect(ada.entry(CANARIES["entry"])).to_be_visible()
    ada.visit("/settings/account")
    leave(ada, house)
    ada.arrives_at("Open your journal")

    for _ in range(2):
        _go_back(ada)
    assert CANARIES["entry"] not in ada.page.content()
    assert CANARIES["entry"] not in "".join(shown)


def test_a_page_that_the_browser_remembers_is_blank_until_it_is_asked_for_anew(
    house: House, seat: Seat
):
    """The control: the browser does bring pages back whole, and ours shows nothing of it."""
    ada = seat(house).sign_in()
    shown = _tell_what_is_shown_again(ada.page)
    ada.post(f"/days/{house.today}/entries", text=CANARIES["entry"])
    ada.visit()
    ada.visit("/settings/account")
    house.clock.advance(hours=2)
    _go_back(ada)
    assert shown == [""]


def _go_back(ada: Diarist) -> None:
    with suppress(PlaywrightError):  # the page that came back asks anew before Back is done
        ada.page.go_back(wait_until="commit")
    ada.arrives_at("Open your journal")


def _tell_what_is_shown_again(page: Page) -> list[str]:
    """What can be read on each page at the moment the browser brings it back from memory."""
    shown: list[str] = []
    page.expose_function("tell_shown", lambda text: shown.append(text))
    page.add_init_script(
        """addEventListener("pageshow", (event) => {
          if (event.persisted)
            tell_shown(document.body.checkVisibility() ? document.body.innerText : "")
        })"""
    )
    return shown
