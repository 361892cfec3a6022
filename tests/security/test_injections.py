"""Entries that give the model orders, and a model that obeys: nothing comes of it but words."""

import re
from collections.abc import AsyncGenerator
from datetime import date
from html.parser import HTMLParser

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.injections import EVIL, Injection, ObedientModel, corpus
from tests.support.server import Server, journal_settings, serving
from tests.support.traces import the_open
from tests.support.visitor import TODAY, Visitor

from llamora.companion.budget import Kind, Piece
from llamora.companion.prompt import Prompts
from llamora.journal.markdown import ALLOWED
from llamora.traces.names import canonical
from llamora.web.trace_views import SUMMED_FROM

BY_US = {"rel", "tabindex"}  # added once all is clean
VOID = {"br", "hr", "input", "link", "meta", "wbr", "img"}


class Page(HTMLParser):
    """What stands inside the words of entries and responses, and what stands outside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inside: list[tuple[str, dict[str, str]]] = []
        self.outside: list[tuple[str, dict[str, str]]] = []
        self._open: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        within = any(self._open)
        (self.inside if within else self.outside).append((tag, at))
        if tag not in VOID:
            self._open.append("prose" in at.get("class", "").split())

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self._open:
            self._open.pop()

    def assert_only_words(self) -> None:
        for tag, at in self.inside:
            assert tag in ALLOWED, tag
            assert set(at) <= {*ALLOWED["*"], *ALLOWED[tag], *BY_US}, at
            assert re.match("https?:|mailto:", at.get("href", "https:")), at
            assert "entry" not in at.get("class", "").split()
        for tag, at in self.outside:
            assert tag not in ("iframe", "object", "embed", "base", "style", "img"), tag
            assert not any(name.startswith("on") or name == "style" for name in at), at
            assert not any(EVIL in value for value in at.values()), at

    def assert_leads_nowhere(self) -> None:
        assert not any(tag == "a" or "href" in at for tag, at in self.inside)


@pytest.fixture
async def server(account: Registered, clock: TurnableClock) -> AsyncGenerator[Server]:
    async with serving(
        journal_settings(account.path), clock=clock, model=ObedientModel()
    ) as server:
        yield server


def test_there_are_more_than_a_hundred_and_no_two_alike() -> None:
    assert len({one.text for one in corpus()}) == len(corpus()) > 100


@pytest.mark.parametrize("day", range(9))
async def test_whatever_an_obedient_model_says_is_the_words_of_an_answer(
    ada: Visitor, server: Server, day: int
) -> None:
    own = the_open(server)
    some = corpus()[15 * day : 15 * (day + 1)]
    before = scripts(await ada.day())
    for one in some:
        entry = await ada.write(one.text)
        id = await ada.ask(entry)
        async with ada.follow(id) as stream:
            events = await stream.events()
        assert events[-1].kind == "done"
        for event in events[:-1]:
            Page(f'<div class="prose">{event.html}</div>').assert_only_words()
            Page(f'<div class="prose">{event.html}</div>').assert_leads_nowhere()
        Page(events[-1].html).assert_only_words()
        Page(events[-1].html).assert_leads_nowhere()
        said = own.journal.response(bytes.fromhex(id))
        assert (said.text.strip(), said.state) == (one.obeyed.strip(), "done")
    page = await ada.day()
    Page(page).assert_only_words()
    assert scripts(page) == before
    # The diary holds what was written and what was answered, and nothing else.
    threads = own.journal.read(date.fromisoformat(TODAY))
    assert [thread.entry.text.strip() for thread in threads] == [one.text.strip() for one in some]
    assert all(len(thread.responses) == 1 for thread in threads)
    assert page.count('<article class="entry"') == len(some)
    assert not own.traces.are_there


def scripts(html: str) -> list[dict[str, str]]:
    """The scripts that a page loads."""
    return [at for tag, at in Page(html).outside if tag == "script"]


async def test_suggestions_are_names_and_none_is_kept(ada: Visitor, server: Server) -> None:
    offered: set[str] = set()
    for one in corpus()[:15]:
        entry = await ada.write(one.text)
        piece = await ada.htmx("POST", f"/entries/{entry}/traces/suggestions")
        assert piece.status_code == 200
        Page(piece.text).assert_only_words()
        offered |= set(re.findall(r'name="name" value="([^"]*)"', piece.text))
    assert any(name.startswith("owned-") for name in offered)  # the control: it was obeyed
    for name in offered:
        assert canonical(name) == name
        assert not set(name) & set("<>&\"'=/\\\n")
    assert not the_open(server).traces.are_there


async def test_a_summary_by_an_obedient_model_is_words_too(ada: Visitor, server: Server) -> None:
    said = ""
    for one in corpus()[::8]:
        traces = [
            await ada.keep(await ada.write(text), "heron")
            for text in (*["The heron."] * (SUMMED_FROM - 1), one.text)
        ]
        trace = traces[-1]
        piece = await ada.htmx("POST", f"/traces/{trace}/summary")
        assert piece.status_code == 200
        Page(piece.text).assert_only_words()
        Page(piece.text).assert_leads_nowhere()
        said += piece.text
        await ada.send(f"/traces/{trace}", method="DELETE")
    assert f"sign in again (https://{EVIL}/login" in said  # the control: it was obeyed


@pytest.mark.parametrize("kind", [Kind.TODAY, Kind.OWN, Kind.TRACE, Kind.RELATED, Kind.ENTRY])
def test_no_entry_speaks_from_outside_its_fence(kind: Kind) -> None:
    """Nor is what stands inside it anything but the entry, to the letter."""
    for one in corpus():
        told(one, kind)


def told(one: Injection, kind: Kind) -> None:
    piece = Piece(kind, one.text, date(2026, 11, 2))
    pieces = [piece] if kind is Kind.ENTRY else [piece, Piece(Kind.ENTRY, "The heron.")]
    user = Prompts().respond(pieces)[-1].text
    fence = next(line for line in user.splitlines() if set(line) == {"~"})
    outside, inside = user.split(f"{fence}\n")[::2], user.split(f"{fence}\n")[1::2]
    assert inside[0] == f"{one.text}\n"
    assert one.obeyed not in "".join(outside)
    assert len(inside) == len(pieces)
