"""Ada's journal behind a real server, and Ada at a real browser.

Playwright's own loop stays in this thread for as long as it runs, and no other asynchronous test
could; so it lives as long as this folder's tests follow each other, and the server in a thread.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType
from tests.support import browser as browsers
from tests.support.accounts import Registered, registered
from tests.support.browser import Diarist, Watch
from tests.support.llama import llama as llama
from tests.support.llamora_server import House, Program, in_a_thread
from tests.support.server import ScriptedModel

KeepHouse = Callable[..., House]
Seat = Callable[..., Diarist]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("browser")


@pytest.fixture(scope="package")
def chromium() -> Iterator[BrowserType]:
    with browsers.chromium() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    browser = browsers.launched(chromium)
    yield browser
    browser.close()


@pytest.fixture
def account(tmp_path: Path) -> Registered:
    """A file in which Ada has registered."""
    return registered(tmp_path)


@pytest.fixture
def keep_house(account: Registered) -> Iterator[KeepHouse]:
    """Serves Ada's journal: `keep_house(model=…, APP__…=…)`. With `opens` a scripted model is asked
    for openings as for all else; without, it has an opening for every day."""
    with ExitStack() as houses:

        def keep(**more: Any) -> House:
            if isinstance(model := more.get("model"), ScriptedModel) and not more.pop("opens", 0):
                model.opening = model.opening or "The page is open."
            return houses.enter_context(in_a_thread(account.path, **more))

        yield keep


@pytest.fixture
def house(keep_house: KeepHouse) -> House:
    """A house without a model: Echo answers."""
    return keep_house()


@pytest.fixture
def seat(browser: Browser) -> Iterator[Seat]:
    """A browser of her own for whoever comes: `seat(house, java_script_enabled=False)`.

    The browser's clock stands still where the house's does while timers run on; `clock="waits"`
    holds the timers too, for `page.clock.run_for`, and `clock="its own"` leaves it alone. What its
    pages may not do fails the test.
    """
    watches: list[Watch] = []
    with ExitStack() as contexts:

        def sit(at: House | Program, *, clock: str = "stands", **options: Any) -> Diarist:
            context = browsers.new_context(browser, **options)
            if isinstance(at, House) and clock == "stands":
                context.clock.set_fixed_time(at.clock.now())
            elif isinstance(at, House) and clock == "waits":
                context.clock.install(time=at.clock.now())
            contexts.callback(context.close)
            watches.append(Watch(context, at.url))
            return Diarist(context.new_page(), at.url, watches[-1])

        yield sit
    for watch in watches:
        watch.check()


@pytest.fixture
def ada(house: House, seat: Seat) -> Diarist:
    """Ada, signed in, on today's page."""
    return seat(house).sign_in().visit()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """The real program with an empty data folder of its own, or Ada's: `program(LLM__…=…)`."""
    running: list[Program] = []

    def start(folder: Path = tmp_path, **settings: Any) -> Program:
        with socket.create_server(("127.0.0.1", 0)) as door:
            port: int = door.getsockname()[1]
        running.append(Program(folder, port, **settings))
        running[-1].start()
        return running[-1]

    yield start
    for each in running:
        each.end()
