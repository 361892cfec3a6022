"""A diarist at a real browser, and somebody who watches what the browser does.

`Diarist` says in the diary's words what a person does with keys and pointer. `Watch` notes what
no page may do: an error, a word from the Content-Security-Policy, a request to anywhere else, a
dialog.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    BrowserType,
    Dialog,
    Locator,
    Page,
    expect,
    sync_playwright,
)
from tests.support.accounts import NAME, PASSWORD

EXECUTABLE = os.environ.get("CHROMIUM") or "/usr/bin/chromium"
# The last one: whatever a page tries, no name but ours is even looked up.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost",
]
PATIENCE = 20_000
"""Milliseconds that a busy machine may take; nothing here is measured."""

_STATUS_LINE = re.compile(
    r"Failed to load resource: the server responded with a status of [45]\d\d"
)


@contextmanager
def chromium() -> Iterator[BrowserType]:
    """Chromium, to be launched as `launched` or `profile` says."""
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield playwright.chromium


def launched(chromium: BrowserType) -> Browser:
    """A browser as people have it: Playwright would switch its back-forward cache off."""
    return chromium.launch(
        executable_path=EXECUTABLE,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
    )


def with_profile(chromium: BrowserType, folder: Path, **options: Any) -> BrowserContext:
    """A browser that keeps its profile in `folder`, as people's browsers do."""
    context = chromium.launch_persistent_context(
        folder,
        executable_path=EXECUTABLE,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
        **MANNERS | options,
    )
    context.set_default_timeout(PATIENCE)
    return context


MANNERS: dict[str, Any] = {
    "locale": "en-GB",
    "timezone_id": "UTC",
    "service_workers": "block",
    "viewport": {"width": 1280, "height": 800},
    "reduced_motion": "reduce",
}


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A fresh browser profile."""
    context = browser.new_context(**MANNERS | options)
    context.set_default_timeout(PATIENCE)
    return context


class Watch:
    """What the pages of a context did that they may not; `allow` is for tests about failures."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.wrongs: list[str] = []
        self.requests: list[str] = []
        self.asked_to_stay = 0
        self._origin = origin
        self._allowed: list[str] = []
        context.on("weberror", lambda e: self.wrongs.append(f"error: {e.error}"))
        context.on("console", lambda m: self._heard(m.type, m.text))
        context.on("request", lambda r: self._asked(r.url))
        context.on("dialog", self._dialog)

    def allow(self, words: str) -> None:
        """The browser may say this on its console, as it does when a server is away."""
        self._allowed.append(words)

    def check(self) -> None:
        wrongs = [w for w in self.wrongs if not any(a in w for a in self._allowed)]
        assert not wrongs, wrongs

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not _STATUS_LINE.match(text):
            self.wrongs.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        self.requests.append(url)
        if not url.startswith((f"{self._origin}/", "data:", f"blob:{self._origin}/")):
            self.wrongs.append(f"left for {url}")

    def _dialog(self, dialog: Dialog) -> None:
        if dialog.type == "beforeunload":  # the browser's own question, asked for unsaved words
            self.asked_to_stay += 1
            dialog.accept()
            return
        self.wrongs.append(f"dialog: {dialog.message}")
        dialog.dismiss()


class Diarist:
    """Somebody with a page open. `url` is where the journal is served."""

    def __init__(self, page: Page, url: str, watch: Watch) -> None:
        self.page = page
        self.url = url
        self.watch = watch

    # Coming and going

    def visit(self, path: str = "/") -> "Diarist":
        self.page.goto(self.url + path)
        return self

    def post(self, path: str, **form: str) -> APIResponse:
        """Sends a form past the page, as another tab of the same browser might."""
        answer = self.page.context.request.post(
            self.url + path, form=dict(form), headers={"Origin": self.url}, max_redirects=0
        )
        assert answer.status == 303, (answer.status, answer.text())
        return answer

    def sign_in(self, name: str = NAME, password: str = PASSWORD) -> "Diarist":
        """Through the door, without a page: the tests of the door itself use `open_door`."""
        self.post("/login", name=name, password=password)
        return self

    def arrives_at(self, heading: str) -> None:
        """Waits until the page with this heading is there, its scripts too."""
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        self.page.wait_for_load_state()

    def open_door(self, name: str, password: str) -> None:
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Open", exact=True).click()

    def register(self, name: str, password: str) -> str:
        """Begins a journal, types the asked group back, and returns the recovery code."""
        self.visit("/register")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Begin").click()
        code = self.page.locator("#code").inner_text().replace("\n", "")
        ask = int(self.page.locator("input[name=ask]").get_attribute("value") or "")
        self.page.locator("#group").fill(code.split("-")[ask - 1])
        self.page.get_by_role("button", name="I have kept it").click()
        expect(self.composer).to_be_visible()
        self.page.wait_for_load_state()
        return code

    def lock(self) -> None:
        self.page.get_by_role("button", name="Lock the journal").click()
        self.arrives_at("Open your journal")

    # The day

    @property
    def composer(self) -> Locator:
        return self.page.locator("#write")

    @property
    def entries(self) -> Locator:
        return self.page.locator("article.entry")

    @property
    def responses(self) -> Locator:
        return self.page.locator("article.response")

    @property
    def saved(self) -> Locator:
        """The mark beside what is being written on the day."""
        return self.page.locator("#composer [data-saved]")

    def entry(self, words: str) -> Locator:
        """The entry that holds these words, with its responses."""
        return self.page.locator(".written").filter(has_text=words)

    def write(self, text: str) -> Locator:
        """Writes on the open day, and returns the entry."""
        before = self.entries.count()
        self.composer.fill(text)
        self.composer.press("Control+Enter")
        expect(self.entries).to_have_count(before + 1)
        return self.page.locator(f"#{self.page.locator('.written').last.get_attribute('id')}")

    def ask(self, entry: Locator) -> Locator:
        """Asks for a response to an entry, and returns it, however far it is."""
        entry.get_by_role("button", name="Respond").click()
        response = entry.locator("article.response").last
        expect(response).to_be_visible()
        return response

    # Search

    @property
    def search_field(self) -> Locator:
        return self.page.get_by_role("combobox", name="Search the journal")

    @property
    def offers(self) -> Locator:
        return self.page.locator(".offer")

    @property
    def results(self) -> Locator:
        return self.page.locator("a.result")

    def search(self, typed: str = "") -> Locator:
        """Opens search in the bar, on a phone by its icon, and types; the field."""
        link = self.page.get_by_role("link", name="Search", exact=True)
        if link.is_visible():
            link.click()
        else:
            self.search_field.click()
        expect(self.search_field).to_be_focused()
        if typed:
            self.search_field.press_sequentially(typed)
        return self.search_field

    def read_in(self, query: str) -> None:
        """Waits until a search finds something: the index follows what is written."""
        for _ in range(200):
            found = self.page.context.request.post(
                f"{self.url}/search",
                form={"query": query},
                headers={"Origin": self.url, "HX-Request-Type": "partial"},
            )
            if "<li>" in found.text():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"nothing is found for {query!r}")


def authenticator(of: Diarist, *, prf: bool) -> tuple[Any, str]:
    """Gives a browser an authenticator; the line to it, and its id."""
    line = of.page.context.new_cdp_session(of.page)
    line.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        "hasPrf": prf,
    }
    return line, line.send("WebAuthn.addVirtualAuthenticator", {"options": options})[
        "authenticatorId"
    ]
