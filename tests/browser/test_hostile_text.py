"""Hostile text, wherever text can come in: nothing of it runs, nothing of it leaves."""

from contextlib import suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from playwright.sync_api import Error as PlaywrightError
from tests.browser.conftest import KeepHouse, Seat
from tests.browser.payloads import attribute_breakers, corpus
from tests.support import browser as browsers
from tests.support.browser import Diarist, Watch
from tests.support.llamora_server import House
from tests.support.server import ScriptedModel

from llamora.journal.writing import normalise

# `pwned` is there to be called, and tells the watch.
TRAP = """
window.pwned = (n) => console.error("pwned", n)
for (const name of ["alert", "confirm", "prompt", "print"]) window[name] = window.pwned
"""
# Whatever waits for a hand: pointed at, focused, pressed; links are looked at below instead.
TOUCH = """() => {
  for (const e of document.querySelectorAll("main *, header *")) {
    for (const kind of ["pointerover", "mouseover", "mouseenter", "focus", "focusin"])
      e.dispatchEvent(new Event(kind, {bubbles: true}))
  }
}"""
# What the page may be made of where text was put into it.
STRANGE = """() => [...document.querySelectorAll(".prose *, .theirs-text *, .entry *, .response *")]
  .flatMap((e) => [
    ...(/^(script|style|iframe|object|embed|img|video|audio|base|meta|input|math|link)$/i
      .test(e.tagName) && !e.matches(".entry form input, .response form input, .compose input")
        ? [e.outerHTML] : []),
    ...[...e.attributes].filter((a) => /^on|^style$|^srcdoc$|^src$|^ping$/i.test(a.name)
      && e.tagName !== "REPLY-STREAM").map((a) => e.outerHTML),
    ...(e.tagName === "A" && !/^(https?:|mailto:)/i.test(e.href) ? [e.outerHTML] : []),
  ]).map((html) => html.slice(0, 200))"""

DAY = "/days/2026-11-22"


@pytest.fixture
def texts() -> list[str]:
    """The corpus, some payloads to an entry, each in a block of its own."""
    return ["\n\n".join(some) for some in _batches()]


def test_entries_drafts_and_edits_stay_text(house: House, seat: Seat, texts: list[str]):
    ada = _trapped(seat(house)).sign_in()
    page = ada.page
    for n, text in enumerate(texts):
        ada.post(f"{DAY}/entries", text=text, key=f"form-{n}")
    ada.visit(DAY)
    expect(ada.entries).to_have_count(len(texts))
    _assert_nothing(ada)

    everything = "\n\n".join(corpus())
    ada.composer.fill(everything)
    expect(ada.saved).to_have_text("draft saved")
    page.reload()
    assert ada.composer.input_value() == normalise(everything)
    _assert_nothing(ada)

    # Every entry as a form, one of them as a conflict of two texts.
    for entry in page.locator(".written").all():
        entry.get_by_role("link", name="Edit").click()
    expect(page.locator("form[id^=editing]")).to_have_count(len(texts))
    first = page.locator(".written").first
    id = (first.get_attribute("id") or "").removeprefix("entry-")
    ada.post(f"/entries/{id}?_method=PUT", text=everything, revision="1")
    first.locator("textarea").fill(texts[1])
    first.get_by_role("button", name="Keep").click()
    expect(first.get_by_role("alert")).to_be_visible()
    assert normalise(everything) in (first.locator(".theirs-text").text_content() or "")
    _assert_nothing(ada)


def test_responses_stay_text_while_they_grow_and_when_they_are_done(
    keep_house: KeepHouse, seat: Seat
):
    payloads = corpus()
    halves = [half for p in payloads for half in (p[: len(p) // 2], p[len(p) // 2 :] + "\n\n")]
    model = ScriptedModel(
        *halves, "```\n", *payloads, hold_at=0, name='"><img src=x onerror=pwned(0)>'
    )
    house = keep_house(model=model)
    ada = _trapped(seat(house)).sign_in().visit(DAY)
    response = ada.ask(ada.write("What do you say?"))
    # Steps of an odd number, so that what is shown ends in the middle of one as often as not.
    for _ in range(0, len(halves) + len(payloads), 37):
        house.call(lambda: model.go_on(37))
        ada.page.wait_for_timeout(60)
    house.call(model.go_on)
    expect(response).to_have_attribute("data-state", "done")
    expect(response).to_contain_text(f"pwned({len(payloads) - 1})")
    _assert_nothing(ada)
    ada.page.reload()
    _assert_nothing(ada)


def test_echoed_words_stay_text(house: House, seat: Seat):
    ada = _trapped(seat(house)).sign_in()
    for n, payload in enumerate(corpus()[::40]):
        rare = chr(ord("a") + n) * 5  # a word of their own, or too many would be alike
        ada.post(f"/days/2026-10-{n + 1:02d}/entries", text=f"{rare} {payload}")
        ada.post(f"{DAY}/entries", text=rare, key=f"ask-{n}")
    ada.visit(DAY)
    for entry in ada.page.locator(".written").all():
        expect(ada.ask(entry)).to_have_attribute("data-state", "done")
    _assert_nothing(ada)


def test_names_addresses_and_error_pages_stay_text(house: House, seat: Seat):
    stranger = _trapped(seat(house))
    page = stranger.page
    breakers = attribute_breakers()
    for payload in (" ".join(breakers[n::6]) for n in range(6)):
        stranger.visit("/login")
        page.locator("form").evaluate(
            """(form, text) => {
              for (const name of ["name", "password", "next"]) {
                const field = form.elements[name] ?? form.appendChild(
                  Object.assign(document.createElement("textarea"), {name}))
                field.removeAttribute("maxlength")
                field.value = text
              }
              form.submit()
            }""",
            payload,
        )
        expect(page.get_by_role("alert")).to_be_visible()
        _assert_nothing(stranger)
    for path in ("/register", "/recover", f"{DAY}/entries", f"{DAY}/draft?_method=PUT"):
        stranger.visit("/login")
        page.evaluate(
            """([path, text]) => {
              const form = document.createElement("form")
              Object.assign(form, {method: "post", action: path})
              for (const name of ["name", "password", "code", "text", "token", "zone"]) {
                const field = document.createElement("textarea")
                Object.assign(field, {name, value: text})
                form.append(field)
              }
              document.body.append(form)
              form.submit()
            }""",
            [path, "\n\n".join(corpus())],
        )
        expect(page.locator(".error, [data-sentence]").first).to_be_visible()
        _assert_nothing(stranger)
    for path in ("/<script>pwned(1)</script>", '/"><img src=x onerror=pwned(2)>', "/%00<svg>"):
        stranger.visit(path)
        stranger.visit(f"/login?next={path}")
        _assert_nothing(stranger)


def test_the_watch_sees_what_hostile_text_does_where_it_may(browser: Browser):
    """The control: on a page without defences the same corpus runs and calls home."""
    context: BrowserContext = browsers.new_context(browser)
    watch = Watch(context, "http://localhost:1")
    context.add_init_script(TRAP)
    ran: set[str] = set()
    for some in _batches():
        page = context.new_page()
        page.set_content("\n".join(f"<div>{each}</div>" for each in some), wait_until="commit")
        with suppress(PlaywrightError):  # some of them lead elsewhere meanwhile
            page.evaluate(TOUCH.replace("main *, header *", "*"))
        page.wait_for_timeout(50)
        ran |= set(watch.wrongs)
        page.close()
    context.close()
    assert sum(wrong.startswith("error: pwned") for wrong in ran) > 40
    assert sum("evil.example" in wrong for wrong in ran) > 10
    with pytest.raises(AssertionError):
        watch.check()


def _batches() -> list[list[str]]:
    payloads = corpus()
    return [payloads[at : at + 20] for at in range(0, len(payloads), 20)]


def _trapped(diarist: Diarist) -> Diarist:
    diarist.page.context.add_init_script(TRAP)
    return diarist


def _assert_nothing(diarist: Diarist) -> None:
    """Nothing runs, nothing left, and nothing on the page could."""
    diarist.page.evaluate(TOUCH)
    diarist.page.wait_for_load_state()
    assert diarist.page.evaluate(STRANGE) == []
    diarist.watch.check()
