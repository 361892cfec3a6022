"""Nothing readable on the disk (bar 11): canaries through every feature of the web."""

import asyncio
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import canary
from tests.support.accounts import NAME, Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, on_loopback
from tests.support.traces import keep
from tests.support.visitor import LINK, TODAY, Visitor
from werkzeug.formparser import default_stream_factory

from llamora.companion.model import CutShort
from llamora.companion.recap import QUIET
from llamora.journal.journal import Journal
from llamora.storage.backup import backup

DAY = "1873-05-17"
A_YEAR_LATER = "1874-05-17"
USES = """entry, old entry, edited entry, draft, draft of an edit, erased entry, entry too long,
    entry for a bug, entry after the lock, body too large, part of a file, answer, partial answer,
    cut answer, wrong password, new password, name at the door, setting, browser,
    page in a header, wrong group, weak password, query, remembered query, forgotten query,
    wrong operator, half a query, label, other label, new label, label looked for, label too many,
    label to merge into, opening, cut opening, recap,
    other word, query in other words""".replace("\n", "")
TEXTS = {
    use.strip(): f"heronsong-{n:02d}-{use.strip().replace(' ', '-')}"
    for n, use in enumerate(USES.split(","))
}


class Trap:
    """Temporary files, which vanish before one can look into them."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.made.append("a temporary file")
        raise AssertionError("a temporary file was made")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Everything a server can write to: its data, the temporary folder, its logs at DEBUG."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "temporary")
    handler = logging.FileHandler(tmp_path / "debug.log")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s %(args)s"))
    # The visitor's own client speaks there too, and it may say what it likes.
    handler.addFilter(lambda record: not record.name.startswith(("httpx", "httpcore")))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield tmp_path
    root.removeHandler(handler)
    root.setLevel(before)
    handler.close()


async def search_for_everything(ada: Visitor, server: Server) -> None:
    """Finds, completes, remembers and forgets; and the index goes through all its forms."""
    text = TEXTS.__getitem__
    (opened,) = server.rooms.journals._open.values()
    search = await opened.search()
    await search.whole()
    follower = search._follower
    await search._in_thread(lambda: follower.tend(lambda: False, thoroughly=True))
    assert any(layer.segment for layer in follower.shelf.layers)
    found = await ada.htmx("POST", "/search", {"query": text("old entry")})
    assert text("old entry")[:9] in found.text, "the snippet holds it"
    queries = [f"{text('query')} shallow", f"form:{text('wrong operator')} on:1873-05-17", "\0"]
    for query in queries:
        for answer in (ada.search(query), ada.htmx("POST", "/search", {"query": query})):
            assert (await answer).status_code < 500
    await ada.htmx("POST", "/search/completions", {"query": text("half a query")})
    completed = await ada.htmx("POST", "/search/completions", {"query": "shall"})
    assert "shallow" in completed.text
    await ada.remembered(text("remembered query"))
    id = await ada.remembered(text("forgotten query"))
    await ada.send(f"/search/queries/{id}", method="DELETE")


async def look_in_other_words(ada: Visitor, model: ScriptedModel) -> None:
    """Asks for other words, shows them on a page, takes one off, and asks for more."""
    text, pieces, held = TEXTS.__getitem__, model.pieces, model.hold_at
    model.pieces, model.hold_at = (f"shallow, {text('other word')}",), None
    query = {"query": f"{text('query in other words')} trace:x -y"}
    shown = await ada.htmx("POST", "/search/other-words", query)
    assert text("other word") in shown.text
    sent = await ada.send("/search/other-words", query)
    assert text("other word") in (await ada.visit(sent.headers["Location"])).text
    less = {**query, "other": ["shallow", text("other word")], "less": "shallow", "offset": "0"}
    assert text("other word") in (await ada.htmx("POST", "/search", less)).text
    model.pieces = (text("other word"), CutShort())
    await ada.htmx("POST", "/search/other-words", query)
    model.pieces, model.hold_at = pieces, held


async def return_by_traces(ada: Visitor, server: Server, model: ScriptedModel) -> None:
    """Looks for traces, and renames, merges and sums them up, as far as the model goes."""
    text = TEXTS.__getitem__
    entries = [await ada.write(f"{text('old entry')} once more, {n} of 3.", DAY) for n in range(3)]
    kept = [await keep(server, each, text("label"), text("other label")) for each in entries]
    label, other = kept[0]
    path = f"/traces/{label}"
    assert text("label") in (await ada.visit(path)).text
    held, model.hold_at = model.hold_at, None
    assert "Try again" in (await ada.htmx("POST", f"{path}/summary")).text
    model.hold_at = held
    assert text("old entry") in (await ada.htmx("GET", f"/days/{DAY}/recap")).text
    for typed in (text("label looked for"), text("label"), text("label") + "/"):
        await ada.htmx("POST", "/traces/list", {"find": typed})
        await ada.send("/traces/list", {"find": typed})
    both = {"name": f"{text('label too many')} 🎹"}
    assert (await ada.send(path, both, "PUT")).status_code == 422
    taken = {"name": text("other label")}
    assert (await ada.send(path, taken, "PUT")).status_code == 409
    assert (await ada.send(path, {"name": text("new label")}, "PUT")).status_code == 303
    into = {"into": text("label to merge into")}
    await ada.htmx("POST", f"{path}/merge/completions", into)
    assert (await ada.send(f"{path}/merge", into)).status_code == 422
    shown = await ada.send(f"{path}/merge", {"into": text("other label")})
    assert text("new label") in shown.text
    await ada.send(f"{path}/merge", {"chosen": other, "confirmed": "1"})
    await ada.send(f"/traces/{other}/rest", method="PUT")


async def open_the_day(ada: Visitor, server: Server, model: ScriptedModel) -> None:
    """Openings by the model, one that breaks off and one that is let rest, and by Echo; a recap."""
    text, (opened,) = TEXTS.__getitem__, server.rooms.journals._open.values()
    companion, pieces, held = opened.companion, model.pieces, model.hold_at
    model.hold_at = None
    await ada.write(f"{text('old entry')} went over the shallow water. " * 8, DAY)
    for day, said in (
        (TODAY, [text("opening")]),
        (A_YEAR_LATER, [text("cut opening"), CutShort()]),
    ):
        model.pieces = (*said,)
        path = f"/days/{day}/opening"
        await ada.htmx("POST", path)
        assert str(said[0]) in (await ada.htmx("GET", f"{path}/stream")).text
        await ada.htmx("PUT", f"{path}/fold")
        await ada.htmx("DELETE", f"{path}/fold")
    await ada.htmx("DELETE", f"/days/{A_YEAR_LATER}/opening")
    model.pieces = (text("recap"),)
    server.clock.advance(QUIET.total_seconds())
    companion.carry_on()
    making = companion._recaps._making
    assert making
    await asyncio.wait({making})
    assert text("recap") in (await ada.htmx("GET", f"/days/{DAY}/recap")).text
    companion.openings._model = None
    echoed = await ada.htmx("POST", "/days/1875-05-17/opening")
    assert text("old entry") in echoed.text
    companion.openings._model = model
    model.pieces, model.hold_at = pieces, held


async def use_everything(ada: Visitor, model: ScriptedModel, account: Registered) -> list[str]:
    """Each feature once, with words of its own; what else must not be read anywhere."""
    text = TEXTS.__getitem__
    await ada.write(text("old entry") + " in the shallow water", DAY)
    assert text("old entry") in await ada.day(A_YEAR_LATER)
    entry = await ada.write(f"{text('entry')} came back to the shallow water")
    await ada.draft(text("draft"))
    edit = {"text": text("draft of an edit"), "revision": "1"}
    await ada.htmx("PUT", f"/entries/{entry}/draft", edit)
    edit["text"] = text("edited entry")
    assert (await ada.send(f"/entries/{entry}", edit, "PUT")).status_code == 303
    stale = {"text": text("draft"), "revision": "1"}
    assert (await ada.send(f"/entries/{entry}", stale, "PUT")).status_code == 409
    await ada.draft(text("draft"), DAY)
    gone = await ada.write(text("erased entry"))
    await ada.send(f"/entries/{gone}", method="DELETE")
    moved = await ada.write(text("entry"))
    await ada.send(f"/entries/{moved}/day", {"day": DAY, "time": "04:17"}, "PUT")
    long = {"text": text("entry too long") * 5_000, "key": "k"}
    assert (await ada.send(f"/days/{TODAY}/entries", long)).status_code == 422
    large = {"text": text("body too large") * 50_000, "key": "k"}
    assert (await ada.send(f"/days/{TODAY}/entries", large)).status_code == 413
    part = {"text": ("a.txt", (text("part of a file") * 28_000).encode())}
    headers = {**LINK, "Origin": ada.origin}
    path = f"/days/{TODAY}/entries"
    assert (await ada.http.post(path, files=part, headers=headers)).status_code == 422

    await ada.htmx("PUT", f"/entries/{moved}/rest")
    await ada.htmx("PUT", f"/days/{DAY}/rest")

    response = await ada.ask(entry)
    async with ada.follow(response) as stream:
        await stream.until(text("partial answer"))
        await asyncio.sleep(0)
        await ada.htmx("DELETE", f"/responses/{response}/generation")
        await stream.events()
    model.hold_at = None
    await ada.answered(entry)

    for form in (
        {"do": "zone", "zone": "Pacific/Chatham"},
        {"do": "zone", "zone": text("setting")},
    ):
        await ada.send("/settings/account", form)
    await ada.send("/settings/appearance", {"theme": text("setting"), "day_starts_at": "4"})
    await ada.visit(f"/days/{DAY}", User_Agent=text("browser"))
    page = f"http://localhost/?{text('page in a header')}"
    await ada.htmx("GET", f"/days/{DAY}", HX_Current_URL=page)
    await ada.visit(f"/days/{DAY}", Referer=page)

    new = f"{text('new password')} kettle under bridges"
    password = {"do": "password", "password": text("wrong password"), "new_password": new}
    assert (await ada.send("/settings/keys", password)).status_code == 422
    weak = {**password, "password": account.password, "new_password": text("weak password")[:8]}
    assert (await ada.send("/settings/keys", weak)).status_code == 422
    password["password"] = account.password
    assert (await ada.send("/settings/keys", password)).status_code == 200
    await ada.send("/settings/keys", {"do": "code", "password": new})
    await ada.send("/recovery-code", {"ask": "1", "group": text("wrong group")})
    code = await ada.confirm_code()

    cookie = "".join(ada.steal().values())
    await ada.send("/lock")
    await ada.send(f"/days/{TODAY}/entries", {"text": text("entry after the lock"), "key": "k"})
    await ada.sign_in(text("name at the door"), text("wrong password"))
    await ada.sign_in(NAME, text("wrong password"))
    made = await ada.send("/recover", {"name": NAME, "code": code, "password": new + "!"})
    assert made.status_code == 303
    last = await ada.confirm_code()
    groups = [group for whole in (account.code, code, last) for group in (whole, whole[:17])]
    return [DAY, "Chatham", account.password, new, *groups, cookie]


async def test_nothing_that_was_said_can_be_read_anywhere(
    account: Registered,
    folder: Path,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    trap = Trap()
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", trap)
    monkeypatch.setattr(tempfile, "TemporaryFile", trap)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", trap)
    monkeypatch.setenv("QUART_DEBUG", "1")
    model = ScriptedModel(
        TEXTS["partial answer"] + " ", TEXTS["answer"], TEXTS["cut answer"], CutShort(), hold_at=1
    )
    write = Journal.write

    async def broken(self: Journal, day: Any, text: str, **more: Any) -> Any:
        if text == TEXTS["entry for a bug"]:
            raise RuntimeError(text)
        return await write(self, day, text, **more)

    monkeypatch.setattr(Journal, "write", broken)
    async with (
        on_loopback(account.path, clock=clock, model=model) as server,
        Visitor(server, over_socket=True) as ada,
    ):
        await ada.enter()
        bug = {"text": TEXTS["entry for a bug"], "key": "k"}
        assert (await ada.send(f"/days/{TODAY}/entries", bug)).status_code == 500
        await ada.write(TEXTS["old entry"] + " in the shallow water", DAY)
        await search_for_everything(ada, server)
        await look_in_other_words(ada, model)
        await return_by_traces(ada, server, model)
        await open_the_day(ada, server, model)
        more = await use_everything(ada, model, account)
        words = [*TEXTS.values(), *more]
        assert len(set(words)) == len(words)
        said = capfd.readouterr()
        (folder / "stdout").write_text(said.out + said.err)
        assert here(folder) >= {"llamora.sqlite3", "llamora.sqlite3-wal", "llamora.sqlite3-shm"}
        assert here(folder) >= {"debug.log", "stdout"}
        assert canary.sightings(words, folder) == []

        await asyncio.to_thread(backup, account.path, folder / "backups")
        await ada.send("/logout")
        clock.advance(minutes=2)
        await server.sweep()
        assert await server.rooms.accounts._store.truncate()
        assert canary.sightings(words, folder) == []
    assert canary.sightings(words, folder) == []
    assert not trap.made
    assert "RuntimeError at" in (folder / "debug.log").read_text(), "the log was listening"


async def test_a_planted_canary_is_found_in_every_form(
    account: Registered, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The control of the test above."""
    word = TEXTS["entry"]
    logging.getLogger("anything").debug("found %s", word)
    print(word)
    said = capfd.readouterr()
    (folder / "stdout").write_text(said.out)
    for n, raw in enumerate(canary.forms(word).values()):
        (folder / "temporary" / f"file{n}").write_bytes(b"\0" * n + raw + b"\0")
    with account.path.open("ab") as file:
        file.write(word.encode())
    places = {sighting.partition(":")[0] for sighting in canary.sightings([word], folder)}
    assert places >= {"debug.log", "stdout", "llamora.sqlite3"}
    assert len([place for place in places if place.startswith("file")]) == len(canary.forms(word))


async def test_the_trap_for_temporary_files_snaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the trap: what a form parser does with a long part by default."""
    trap = Trap()
    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", trap)
    with default_stream_factory(700_000, None, "a.txt") as file, pytest.raises(AssertionError):
        file.write(b"x" * 600_000)
    assert trap.made


def here(folder: Path) -> set[str]:
    """The names of the files in a folder."""
    return {path.name for path in folder.rglob("*") if path.is_file()}
