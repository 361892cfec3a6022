"""Every page and every state of a page, each reached as a person reaches it.

`GATES` and `ROOMS` map a name to the steps that lead there, for a stranger and for Ada, so that
tests and pictures can see them all. `furnish` fills Ada's journal with invented, pleasant days.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator, expect
from pyotp.totp import TOTP
from tests.support.accounts import NAME, PASSWORD
from tests.support.browser import Diarist, authenticator
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel
from tests.support.traces import keep, the_open

from llamora.companion.model import Message, Token

EVENING = (2026, 11, 22, 21, 45)
DAYS = {
    0: [
        (
            "07:42",
            "Woke before the alarm. Fog on the canal, and a **fox** on the far bank, rust on grey,"
            " so still that I took it for a mooring post until it yawned.\n\n"
            "Coffee on the step. Nobody needed anything from me for twenty whole minutes.",
        ),
        (
            "13:05",
            "For Saturday's soup:\n\n- [x] leeks\n- [x] the good bread\n- [ ] thyme, if Ines's"
            " pot has any left\n\n> One should always have a soup in prospect.",
        ),
        (
            "21:30",
            "Ines rang. She has taken the room with the north light after all, and laughed when I"
            " asked whether the piano would fit through the door. *It will not,* she said, *so I"
            " shall learn the concertina.*",
        ),
    ],
    1: [("18:20", "Rain until four. Mended the gate, badly, and was absurdly pleased with it.")],
    3: [("08:10", "The fox was on the far bank this morning, in the rain, looking put upon.")],
    9: [("22:05", "First fire of the year. The cat has forgiven me everything.")],
    24: [("12:00", "Walked the towpath as far as the second lock and back, talking to nobody.")],
    365: [("21:10", "First frost, and the whole canal quiet, as if under glass.")],
    400: [("09:00", "Bought the notebook that this journal replaced.")],
    730: [("08:30", "Moved the desk to the window at last.")],
}
TRACES = {
    "Woke before the alarm": ("fox", "canal", "mornings"),
    "For Saturday": ("ines",),
    "Ines rang": ("ines", "the-room-with-the-north-light", "🎹"),
    "The fox was on the far bank": ("fox", "rain", "mornings"),
    "Rain until four": ("rain", "gate"),
    "First fire": ("cat",),
    "Walked the towpath": ("canal", "fox"),
}
ANSWER = (
    "The fox and the twenty minutes seem to belong together: both of you keeping still because"
    " nothing asked otherwise.\n\nCoffee, the step, nobody needing anything: it sounds less like"
    " solitude than like *a room you have found*."
)
OPENING = (
    "Yesterday ended with rain and the mended gate, and you were absurdly pleased with it. The fox"
    " was last seen on the far bank on Thursday."
)
OTHER_WORDS = (
    '{"words": ["fox", "heron", "otter", "towpath", "far bank", "fog", "mooring post", "rust",'
    ' "yawned", "lock", "fur", "paw prints"]}'
)
MARKDOWN = (
    "# A heading\n\n## A smaller one\n\n1. one\n2. two\n   - deeper\n\n| when | what |\n|---|--:|\n"
    "| morning | 1 |\n| evening | 22 |\n\n```\nlong code "
    + "without any place to break " * 6
    + "\n```\n\nhttps://example.org/"
    + "a" * 200
    + "\n\n"
    + "donaudampfschiff" * 12
)

Steps = Callable[[Diarist], object]


class Gemma(ScriptedModel):
    """Says what it is asked for: other words for a search, or an answer."""

    async def stream(self, messages: Sequence[Message], **more: Any) -> AsyncGenerator[Token, None]:
        if messages[-1].text.endswith("Which other words may the page hold?"):
            yield Token(OTHER_WORDS)
            yield Token("", "stop")
            return
        async for token in super().stream(messages, **more):
            yield token


def companion() -> ScriptedModel:
    return Gemma(ANSWER, name="gemma-3-4b", opening=OPENING)


def furnish(ada: Diarist, house: House) -> None:
    """Writes `DAYS` at their times, asks about the first entry of today, and leaves it evening."""
    house.clock.set(*EVENING)
    for ago, entries in sorted(DAYS.items(), reverse=True):
        day = (house.clock.now() - timedelta(days=ago)).date()
        for at, text in entries:
            hour, minute = map(int, at.split(":"))
            house.clock.set(day.year, day.month, day.day, hour, minute)
            ada.sign_in().post(f"/days/{day}/entries", text=text)  # hours pass, sessions end
        house.clock.set(*EVENING)
    ada.page.context.clock.set_fixed_time(house.clock.now())
    ada.sign_in().visit()
    answered = ada.ask(ada.page.locator(".written").first)
    expect(answered).to_have_attribute("data-state", "done")
    _label(house)
    ada.read_in("concertina")


def _label(house: House) -> None:
    """Keeps `TRACES` on the entries that begin so."""
    opened = the_open(house.server)
    for _day, threads in house.call(lambda: list(opened.journal.every_day())):
        for entry in (thread.entry for thread in threads):
            names = next((t for begin, t in TRACES.items() if entry.text.startswith(begin)), ())
            house.wait_for(keep(house.server, entry.id.hex(), *names))


def _registered(stranger: Diarist) -> None:
    stranger.visit("/register")
    stranger.page.get_by_label("Name").fill("Eve")
    stranger.page.get_by_label("Password", exact=True).fill("copper lantern drifting moth")
    expect(stranger.page.locator(".strength .quiet")).not_to_be_empty()
    stranger.page.get_by_role("button", name="Begin").click()
    stranger.arrives_at("Your recovery code")


def _ill_registered(stranger: Diarist) -> None:
    stranger.visit("/register")
    stranger.page.get_by_label("Name").fill(NAME)
    stranger.page.get_by_label("Password", exact=True).fill("password1234")
    stranger.page.get_by_role("button", name="Begin").click()
    expect(stranger.page.locator(".error").first).to_be_visible()


def _wrong(stranger: Diarist) -> None:
    stranger.visit("/login")
    stranger.open_door(NAME, "not the password at all")
    expect(stranger.page.get_by_role("alert")).to_be_visible()


def _ill_recovered(stranger: Diarist) -> None:
    stranger.visit("/recover")
    stranger.page.get_by_label("Name").fill(NAME)
    stranger.page.get_by_label("Recovery code").fill("XXXXX")
    stranger.page.get_by_label("New password").fill("copper lantern drifting moth")
    stranger.page.get_by_role("button", name="Recover").click()
    expect(stranger.page.locator(".error").first).to_be_visible()


def _sent_locked(stranger: Diarist) -> None:
    stranger.visit("/login")
    stranger.page.evaluate(
        """() => {
          const form = document.createElement("form")
          form.method = "post"
          form.action = "/days/2026-11-22/entries"
          form.append(Object.assign(document.createElement("input"), {name: "text", value: "Hm."}))
          document.body.append(form)
          form.submit()
        }"""
    )
    stranger.arrives_at("The journal is locked")


GATES: dict[str, Steps] = {
    "login": lambda s: s.visit("/login"),
    "login, refused": _wrong,
    "login, passkey": lambda s: s.visit("/login/passkey"),
    "register": lambda s: s.visit("/register"),
    "register, refused": _ill_registered,
    "recover": lambda s: s.visit("/recover"),
    "recover, refused": _ill_recovered,
    "words sent to a locked journal": _sent_locked,
    "nothing here": lambda s: s.visit("/nowhere"),
    "recovery code": _registered,
    # Eve, whose journal is empty, goes on from here.
    "no traces": lambda s: s.visit("/traces"),
    "first visit": lambda s: s.visit("/days/2026-11-22"),
    "first visit, another day": lambda s: s.visit("/days/2026-11-20"),
}


def _entry(ada: Diarist) -> Locator:
    return ada.visit("/days/2026-11-22").page.locator(".written").first


def _edit(ada: Diarist) -> None:
    entry = _entry(ada)
    entry.get_by_role("link", name="Edit").click()
    expect(entry.locator("textarea")).to_be_focused()


def _move(ada: Diarist) -> None:
    _edit(ada)
    ada.page.get_by_role("link", name="Move…").click()
    expect(ada.page.get_by_label("Day", exact=True)).to_be_visible()


def _erasing(ada: Diarist) -> None:
    entry = _entry(ada)
    entry.get_by_role("link", name="Erase", exact=True).click()
    expect(entry).to_contain_text("Erase this entry")


def _erased(ada: Diarist) -> None:
    ada.visit("/days/2026-11-21").write("not for long")
    entry = ada.entry("not for long")
    entry.get_by_role("link", name="Erase", exact=True).click()
    entry.get_by_role("button", name="Erase", exact=True).click()
    expect(ada.page.get_by_role("button", name="Undo")).to_be_visible()


def _conflict(ada: Diarist) -> None:
    ada.visit("/days/2026-11-19")
    entry = ada.page.locator(".written").first
    id = (entry.get_attribute("id") or "").removeprefix("entry-")
    entry.get_by_role("link", name="Edit").click()
    entry.locator("textarea").fill("The fox was there, and put upon.")
    revision = entry.locator("[name=revision]").get_attribute("value") or ""
    other = f"The fox was there this morning, in rain number {revision}."
    ada.post(f"/entries/{id}?_method=PUT", text=other, revision=revision)
    entry.get_by_role("button", name="Keep").click()
    expect(entry.get_by_role("alert")).to_be_visible()


def _too_long(ada: Diarist) -> None:
    ada.visit("/days/2026-11-20").composer.fill("né à midi " * 6_000)
    expect(ada.page.locator("#composer-note")).to_contain_text("too long")


def _many_years(ada: Diarist) -> None:
    for year in range(2019, 2026):
        text = f"In {year} the fox went by on the far bank, and I asked nothing of anyone."
        ada.post(f"/days/{year}-11-19/entries", text=text, key=f"{year}")
    ada.visit("/days/2026-11-19").page.get_by_text("more years").click()
    expect(ada.page.get_by_role("link", name="2019")).to_be_visible()


def _let_rest(ada: Diarist) -> None:
    _many_years(ada)
    glimpse = ada.page.get_by_role("listitem").filter(has_text="In 2024")
    glimpse.get_by_role("button").click()
    expect(ada.page.get_by_role("button", name="Undo")).to_be_focused()


def _day_that_rests(ada: Diarist) -> None:
    ada.visit("/days/2026-10-29")
    if ada.page.get_by_role("button", name="Let this day rest").count():
        entry = ada.page.locator(".written").first
        entry.get_by_role("link", name="Erase", exact=True).click()
        ada.page.get_by_role("button", name="Let it rest instead").click()
        expect(ada.page.get_by_role("button", name="bring it back", exact=True)).to_be_visible()
        ada.page.get_by_role("button", name="Let this day rest").click()
    expect(ada.page.get_by_role("button", name="Bring it back", exact=True)).to_be_visible()


def _picking(ada: Diarist, typed: str = "") -> Locator:
    """The picker of an entry, its suggestions there, and this typed."""
    entry = _entry(ada)
    entry.get_by_role("link", name="Keep a trace").click()
    field = entry.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(entry.locator(".suggested .dots")).to_have_count(0)
    field.press_sequentially(typed)
    return entry


def _completing(ada: Diarist, typed: str) -> None:
    entry = _picking(ada, typed)
    expect(entry.get_by_role("option").first).to_be_visible()
    ada.page.keyboard.press("ArrowDown")


def _spelled_otherwise(ada: Diarist) -> None:
    entry = _picking(ada, "gates")
    ada.page.keyboard.press("Enter")
    expect(entry.locator(".said")).to_contain_text("You have a trace")


def _ill_named(ada: Diarist) -> None:
    entry = _picking(ada, "fog 🌫️")
    ada.page.keyboard.press("Enter")
    expect(entry.locator(".error")).to_be_visible()


def _popover(ada: Diarist) -> None:
    _entry(ada).get_by_role("link", name="canal").click()
    expect(ada.page.get_by_role("dialog", name="canal")).to_be_visible()


def _calendar(ada: Diarist) -> None:
    ada.visit("/days/2026-11-22").page.get_by_role("link", name="Calendar").click()
    expect(ada.page.locator(".popover .month")).to_be_visible()


def _year(ada: Diarist) -> None:
    _calendar(ada)
    ada.page.get_by_role("link", name="Whole year").click()
    expect(ada.page.locator(".popover .year")).to_be_visible()


def _help(ada: Diarist) -> None:
    ada.visit("/days/2026-11-22").page.keyboard.press("?")
    expect(ada.page.get_by_role("dialog", name="Keys")).to_be_visible()


def _refused_erasing(ada: Diarist) -> None:
    page = ada.visit("/settings/data").page
    page.get_by_label("type the account’s name").fill("adam")
    page.get_by_label("Password").fill("x")
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_role("alert")).to_be_visible()


def _markdown(ada: Diarist) -> None:
    ada.visit("/days/2026-10-01")
    if not ada.entries.count():
        ada.write(MARKDOWN)


def _wrong_password(ada: Diarist) -> None:
    ada.visit("/settings/keys")
    ada.page.get_by_label("Current password").fill("not the password at all")
    ada.page.get_by_label("New password").fill("copper lantern drifting moth")
    ada.page.get_by_role("button", name="Change the password").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()


def _factors(ada: Diarist) -> None:
    """With an app and a passkey; its authenticator is not there in the flesh."""
    page = ada.visit("/settings/factors").page
    if page.get_by_role("button", name="Set up an app").count():
        _confirmed(ada)
        ada.visit("/settings/factors")
    if not page.get_by_role("heading", name="My laptop").count():
        _passkey(ada)
        authenticator(ada, prf=True)
        page.get_by_label("Name").fill("My laptop")
        page.get_by_role("button", name="Make it").click()
        expect(page.get_by_role("heading", name="My laptop")).to_be_visible()
    ada.visit("/settings/factors")
    expect(page.get_by_role("heading", name="My laptop")).to_be_visible()


def _app(ada: Diarist) -> None:
    page = ada.visit("/settings/factors").page
    if page.locator("#app-password").is_hidden():
        page.get_by_text("Move to another app").click()
    page.locator("#app-password").fill(PASSWORD)
    page.locator("form", has=page.locator("#app-password")).get_by_role("button").click()
    ada.arrives_at("Set up an app")


def _app_refused(ada: Diarist) -> None:
    _app(ada)
    ada.page.get_by_label("The code it shows now").fill("12345")
    ada.page.get_by_role("button", name="Ask for codes").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()


def _confirmed(ada: Diarist) -> None:
    _app(ada)
    secret = (ada.page.locator("#code").text_content() or "").replace(" ", "")
    now = ada.page.evaluate("Date.now() / 1000")
    ada.page.get_by_label("The code it shows now").fill(TOTP(secret).at(now))
    ada.page.get_by_role("button", name="Ask for codes").click()
    ada.arrives_at("Your backup codes")


def _passkey(ada: Diarist) -> None:
    page = ada.visit("/settings/factors").page
    page.locator("#passkey-password").fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    ada.arrives_at("Make a passkey")


def _no_factors(ada: Diarist) -> None:
    ada.visit("/settings/factors")


def _wrong_removal(ada: Diarist) -> None:
    _factors(ada)
    ada.page.get_by_text("Ask for no codes any more").click()
    ada.page.locator("#removal-password").fill("not the password at all")
    ada.page.locator("details[open]").get_by_role("button").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()


def _second_step(ada: Diarist) -> None:
    _factors(ada)
    ada.post("/login", name=NAME, password=PASSWORD)
    ada.visit("/login/factor").arrives_at("One more step")


def _second_step_refused(ada: Diarist) -> None:
    _second_step(ada)
    ada.page.get_by_label("The code your app shows").fill("12345")
    ada.page.get_by_role("button", name="Open").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()


def _panel(ada: Diarist, typed: str = "") -> None:
    ada.visit("/days/2026-11-22")
    ada.search(typed)


def _panel_empty(ada: Diarist) -> None:
    ada.post("/search/queries", query="ines and the piano")
    ada.post("/search/queries", query="the fox in november")
    _panel(ada)
    expect(ada.offers.first).to_be_visible()


def _panel_found(ada: Diarist) -> None:
    _panel(ada, "the fox on the far bank")
    expect(ada.results.first).to_be_visible()
    ada.page.keyboard.press("ArrowDown")
    expect(ada.page.locator('[aria-selected="true"]')).to_have_count(1)


def _panel_completing(ada: Diarist) -> None:
    _panel(ada, "the towp")
    expect(ada.offers.first).to_have_text("the towpath")
    expect(ada.page.locator(".found")).to_be_visible()
    ada.page.keyboard.press("ArrowDown")


def _results(ada: Diarist, query: str) -> None:
    ada.visit("/search").page.get_by_role("searchbox").fill(query)
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator(".found")).to_be_visible()


def _in_other_words(ada: Diarist) -> None:
    ada.page.get_by_role("button", name="Look in other words").click()
    expect(ada.page.locator(".said-otherwise")).to_be_visible()


def _panel_in_other_words(ada: Diarist) -> None:
    _panel(ada, "the animal by the canal")
    _in_other_words(ada)


def _results_in_other_words(ada: Diarist) -> None:
    _results(ada, "the animal by the canal")
    _in_other_words(ada)


def _ill_narrowed(ada: Diarist) -> None:
    _results(ada, "fox")
    ada.page.get_by_label("From").fill("2026-11-22")
    ada.page.get_by_label("to", exact=True).fill("2026-11-01")
    ada.page.get_by_role("button", name="Narrow").click()
    expect(ada.page.get_by_role("alert")).to_be_visible()


def _trace(ada: Diarist, name: str = "fox") -> None:
    ada.visit("/traces").page.get_by_role("link", name=name).first.click()
    ada.arrives_at(name)
    expect(ada.page.locator("[aria-busy]")).to_have_count(0)


def _told(ada: Diarist) -> None:
    _trace(ada)
    dot = ada.page.locator(".days a").last  # what rests is told by no tip
    dot.scroll_into_view_if_needed()
    dot.hover()
    expect(ada.page.locator(".tip .recap")).not_to_be_empty()


def _renaming(ada: Diarist, to: str = "") -> None:
    _trace(ada)
    ada.page.get_by_role("link", name="Rename").click()
    expect(ada.page.locator("#trace-name")).to_be_focused()
    if to:
        ada.page.locator("#trace-name").fill(to)
        ada.page.keyboard.press("Enter")
        expect(ada.page.get_by_role("alert")).to_be_visible()


def _merging(ada: Diarist, into: str = "") -> None:
    _trace(ada)
    ada.page.get_by_role("link", name="Merge into another").click()
    expect(ada.page.locator("#trace-into")).to_be_focused()
    if into:
        ada.page.locator("#trace-into").fill(into)
        ada.page.keyboard.press("Enter")
        expect(ada.page.locator("#trace-head")).to_contain_text("cannot be undone")


def _erasing_trace(ada: Diarist) -> None:
    _trace(ada)
    ada.page.get_by_role("link", name="Erase everywhere").click()
    expect(ada.page.locator("#trace-head")).to_contain_text("What you wrote stays")


def _resting(ada: Diarist) -> None:
    _trace(ada, "rain")
    if not ada.page.locator(".resting").count():
        ada.page.get_by_role("button", name="Let it rest").click()
    expect(ada.page.locator(".resting")).to_be_visible()


def _finding(ada: Diarist, typed: str) -> None:
    ada.visit("/traces").page.get_by_role("searchbox", name="Find a trace").fill(typed)
    expect(ada.page.locator("#traces")).not_to_contain_text("gate")


ROOMS: dict[str, Steps] = {
    "day": lambda a: a.visit("/days/2026-11-22"),
    "edit": _edit,
    "move": _move,
    "erase": _erasing,
    "erased": _erased,
    "conflict": _conflict,
    "picker": _picking,
    "picker, completing": lambda a: _completing(a, "ga"),
    "picker, emoji": lambda a: _completing(a, ":fo"),
    "picker, another spelling": _spelled_otherwise,
    "picker, refused": _ill_named,
    "trace in short": _popover,
    "too long": _too_long,
    "markdown": _markdown,
    "many years": _many_years,
    "let rest": _let_rest,
    "day that rests": _day_that_rests,
    "past day without entries": lambda a: a.visit("/days/2026-11-18"),
    "future day": lambda a: a.visit("/days/2027-01-01"),
    "calendar": _calendar,
    "calendar year": _year,
    "calendar page": lambda a: a.visit("/calendar/2026-11"),
    "calendar year page": lambda a: a.visit("/calendar/2026"),
    "keys": _help,
    "search panel": _panel_empty,
    "search panel, found": _panel_found,
    "search panel, completing": _panel_completing,
    "search panel, in other words": _panel_in_other_words,
    "search": lambda a: a.visit("/search"),
    "search, found": lambda a: _results(a, "a walk by the water"),
    "search, narrowed": lambda a: _results(a, "the fox in november 2026"),
    "search, in other words": _results_in_other_words,
    "search, nothing": lambda a: _results(a, "zeppelin in:2019 by:me"),
    "search, refused": _ill_narrowed,
    "traces": lambda a: a.visit("/traces"),
    "traces, found": lambda a: _finding(a, "in"),
    "traces, nothing": lambda a: _finding(a, "zeppelin"),
    "trace": _trace,
    "trace, a day told": _told,
    "trace, rename": _renaming,
    "trace, rename refused": lambda a: _renaming(a, "two 🎹 things"),
    "trace, rename to another": lambda a: _renaming(a, "Mornings"),
    "trace, merge": _merging,
    "trace, merging": lambda a: _merging(a, "cat"),
    "trace, erase": _erasing_trace,
    "trace, resting": _resting,
    "account": lambda a: a.visit("/settings/account"),
    "password and recovery": lambda a: a.visit("/settings/keys"),
    "password and recovery, refused": _wrong_password,
    "sessions": lambda a: a.visit("/settings/sessions"),
    "history": lambda a: a.visit("/settings/history"),
    "connections": lambda a: a.visit("/settings/silence"),
    "factors, none": _no_factors,
    "factors, app": _app,
    "factors, app refused": _app_refused,
    "factors, backup codes": _confirmed,
    "factors, passkey": _passkey,
    "factors": _factors,
    "factors, refused": _wrong_removal,
    "second step": _second_step,
    "second step, refused": _second_step_refused,
    "companion": lambda a: a.visit("/settings/companion"),
    "key": lambda a: a.visit("/settings/key"),
    "appearance": lambda a: a.visit("/settings/appearance?saved=1"),
    "data": lambda a: a.visit("/settings/data"),
    "data, refused": _refused_erasing,
    "nothing here": lambda a: a.visit("/entries/" + "0" * 32),
}
