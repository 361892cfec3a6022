"""Two accounts in one process (bar 23): the same day, words and names, at the same moment."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import closing

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.traces import the_open
from tests.support.visitor import TODAY, Visitor

from llamora.companion.model import MaySend, Message, Schema, Token, always

LAST_YEAR = "2025-11-22"
ROUNDS = 4
MARKS = {"ada": "marigold", "bea": "bellflower"}


class Told(ScriptedModel):
    """A model that gives back a word of what it was asked, so that an answer shows whose it is."""

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Schema | None = None,
        may_send: MaySend = always,
    ) -> AsyncGenerator[Token, None]:
        self.asked.append(messages)
        for piece in ("It is about ", *marks_in(messages)):
            await asyncio.sleep(0)  # so that two answers are written in turns
            yield Token(piece)
        yield Token("", "stop")


def marks_in(messages: Sequence[Message]) -> list[str]:
    said = " ".join(message.text for message in messages)
    return [mark for mark in MARKS.values() if mark in said]


@pytest.fixture
def model() -> Told:
    return Told()


@pytest.fixture
async def server(account: Registered, clock: TurnableClock, model: Told) -> AsyncIterator[Server]:
    async with serving(journal_settings(account.path), clock=clock, model=model) as server:
        yield server


async def live(visitor: Visitor, mark: str) -> dict[str, list[str]]:
    """Writes, keeps traces and asks; the ids of it. Both say the same but for one word."""
    entries: list[str] = []
    responses: list[str] = []
    traces: list[str] = []
    await visitor.write(f"A year ago the heron stood in the water, {mark}.", LAST_YEAR)
    for n in range(ROUNDS):
        entry = await visitor.write(f"The heron came back to the shallow water, {mark} {n}.")
        traces.append(await visitor.keep(entry, "heron"))
        await visitor.keep(entry, f"only-{mark}")
        responses.append(await visitor.answered(entry))
        await visitor.draft(f"half a thought about the heron, {mark}")
        await visitor.remembered("heron")
        entries.append(entry)
    return {"entries": entries, "responses": responses, "traces": traces}


async def everything(visitor: Visitor, ids: dict[str, list[str]]) -> list[str]:
    """Whatever a page shows that is made of the journal."""
    entry, trace = ids["entries"][-1], ids["traces"][-1]
    visits = [
        f"/days/{TODAY}", f"/days/{LAST_YEAR}", "/calendar/2026-11", "/calendar/2026", "/traces",
        f"/traces/{trace}", f"/traces/{trace}/edit", f"/traces/{trace}/merge", "/search",
        f"/responses/{ids['responses'][-1]}", f"/responses/{ids['responses'][-1]}/reading",
        "/settings/account", "/settings/data",
    ]  # fmt: skip
    pages = [(await visitor.visit(path)).text for path in visits]
    pages.append((await visitor.search("heron in the shallow water")).text)
    for method, path, form in (
        ("POST", "/search/completions", {"query": "her"}),
        ("POST", "/search", {"query": "trace:heron water"}),
        ("POST", "/traces/list", {"find": "on"}),
        ("POST", f"/entries/{entry}/traces/suggestions", {}),
        ("POST", f"/entries/{entry}/traces/completion", {"name": "on"}),
        ("POST", f"/traces/{trace}/merge/completions", {"into": "on"}),
        ("GET", f"/traces/{trace}/popover", None),
        ("GET", f"/traces/{trace}/entries", None),
        ("GET", f"/entries/{entry}/asking", None),
        ("POST", f"/traces/{trace}/summary", {}),
        ("POST", f"/days/{TODAY}/opening", {}),
        ("GET", f"/days/{TODAY}/opening", None),
        ("GET", f"/days/{LAST_YEAR}/recap", None),
    ):
        answer = await visitor.htmx(method, path, form)
        assert answer.status_code < 400, (method, path, answer.status_code)
        pages.append(answer.text)
    return pages


async def test_two_who_write_the_same_at_once_stay_apart(
    server: Server, ada: Visitor, bea: Visitor, model: Told
) -> None:
    hers, theirs = await asyncio.gather(live(ada, MARKS["ada"]), live(bea, MARKS["bea"]))
    for opened in server.rooms.journals._open.values():
        await (await opened.search()).whole()
    pages = await asyncio.gather(everything(ada, hers), everything(bea, theirs))
    for own, other, seen in (
        (MARKS["ada"], MARKS["bea"], pages[0]),
        (MARKS["bea"], MARKS["ada"], pages[1]),
    ):
        assert not [page for page in seen if other in page]
        assert sum(own in page for page in seen) > 12, "and each finds what is theirs"

    assert len(model.asked) >= 2 * ROUNDS
    assert all(len(marks_in(messages)) == 1 for messages in model.asked), "none has words of both"
    assert not {*hers["traces"]} & {*theirs["traces"]}, "the same name is two traces"


async def test_a_stream_is_followed_by_its_owner_alone(
    server: Server, ada: Visitor, bea: Visitor
) -> None:
    entry = await ada.write("The heron came back, marigold.")
    response = await ada.ask(entry)
    async with bea.follow(response) as listening, ada.follow(response) as own:
        assert listening.status == 404
        assert "marigold" in "".join(event.html for event in await own.events())


async def test_locking_one_leaves_the_other_open_and_forgets_only_its_own(
    server: Server, ada: Visitor, bea: Visitor
) -> None:
    await asyncio.gather(live(ada, MARKS["ada"]), live(bea, MARKS["bea"]))
    await ada.send("/lock")
    await server.sweep()
    opened = the_open(server)
    assert opened.vault.owner in server.rooms.journals._open
    assert len(server.rooms.journals._open) == 1
    assert MARKS["bea"] in await bea.day()
    assert MARKS["bea"] in (await bea.search("heron")).text
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 303


async def test_the_rows_of_two_share_no_hash(
    account: Registered, ada: Visitor, bea: Visitor
) -> None:
    """The same day and the same name of a trace are two different hashes in the file."""
    await asyncio.gather(live(ada, MARKS["ada"]), live(bea, MARKS["bea"]))
    with closing(sqlite3.connect(account.path)) as file:
        for table, column in (("days", "day"), ("traces", "name"), ("queries", "query"),
                              ("drafts", "place"), ("writings", "day")):  # fmt: skip
            rows = file.execute(f"SELECT DISTINCT owner, {column} FROM {table}").fetchall()
            assert len({owner for owner, _ in rows}) == 2, table
            assert len({hash for _, hash in rows}) == len(rows), table
