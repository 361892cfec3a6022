"""Mistakes of a client and of the world: each has a status, a page and a sentence."""

import logging
from collections.abc import AsyncIterator

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import LINK, TODAY, Visitor, fields, words

from llamora.journal.journal import Journal
from llamora.storage import StoreBusy, StoreError, StoreFull

WRITE = f"/days/{TODAY}/entries"
SECRET = "heronsecret"


class Disk:
    """A disk that can be made to fail at the next commit."""

    def __init__(self) -> None:
        self.error: StoreError | None = None

    def __call__(self, statement: str) -> None:
        if self.error and statement.startswith(("INSERT", "UPDATE", "DELETE", "COMMIT")):
            raise self.error


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
async def server(account: Registered, clock: TurnableClock, disk: Disk) -> AsyncIterator[Server]:
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, before_execute=disk) as server:
        yield server


async def test_a_method_a_page_does_not_take_is_405_and_says_which_it_takes(ada: Visitor) -> None:
    for path, method in (("/", "DELETE"), ("/login", "PUT"), (WRITE, "DELETE")):
        refused = await ada.send(path, method=method)
        assert refused.status_code == 405
        assert refused.headers["Allow"]
        assert "cannot be done here" in words(refused.text)
    assert (await ada.visit(WRITE)).status_code == 405
    assert (await ada.htmx("PATCH", f"/days/{TODAY}")).status_code == 405


@pytest.mark.parametrize("name", ["none.css", "a" * 256, "a/" * 3_000, "%00", "..%2f..%2fetc"])
async def test_a_file_that_is_not_or_cannot_be_there_is_404(ada: Visitor, name: str) -> None:
    missing = await ada.visit(f"/static/{name}")
    assert missing.status_code == 404
    assert "There is nothing here" in words(missing.text)


async def test_an_invented_method_is_refused(ada: Visitor) -> None:
    for method in ("TRACE", "CONNECT", "PROPFIND"):
        answer = await ada.http.request(method, f"/days/{TODAY}", headers=LINK)
        assert answer.status_code in (403, 405), method


async def test_only_put_and_delete_can_stand_in_for_post(ada: Visitor) -> None:
    for method in ("GET", "PATCH", "get", "put", "", "CONNECT", "DELETE&_method=PUT"):
        answer = await ada.send("/settings/companion", {}, method)
        assert answer.status_code == (405 if method.startswith("DELETE") else 303), method


async def test_more_than_a_page_takes_is_413_and_nothing_is_kept(ada: Visitor) -> None:
    for body in (b"text=" + b"a" * 1_048_576, b"text=" + b"%41" * 400_000):
        refused = await ada.http.post(
            WRITE,
            content=body,
            headers={
                **LINK,
                "Origin": ada.origin,
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        assert refused.status_code == 413
        assert "too much at once" in words(refused.text)
    assert "aaaa" not in await ada.day()


ODD_BODIES = [
    ("multipart/form-data", b"abc"),
    ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n" * 5_000),
    ("application/json", b'{"text": "x"}'),
    ("application/x-www-form-urlencoded", b"text=\xff\xfe"),
    ("application/x-www-form-urlencoded", b"&".join(b"a%d" % n for n in range(5_000))),
    ("text/plain", b"text=1"),
    ("\xff", b"text=1"),
    ("", b"\0" * 100),
]


async def test_a_body_that_is_no_form_is_a_clients_mistake(ada: Visitor) -> None:
    for kind, body in ODD_BODIES:
        headers = {**LINK, "Origin": ada.origin, "Content-Type": kind.encode("latin-1")}
        for path in (WRITE, "/login", "/register", "/recover", "/settings/account"):
            answer = await ada.http.post(path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (kind, path)


async def test_on_a_full_disk_nothing_is_kept_and_the_words_come_back(
    ada: Visitor, disk: Disk
) -> None:
    entry = await ada.write("kept before")
    disk.error = StoreFull()
    text = "\nthe heron </textarea>"
    edit = {"text": text, "revision": "1"}

    for refused in (
        await ada.send(WRITE, {"text": text, "key": "k"}),
        await ada.send(f"/entries/{entry}", edit, "PUT"),
    ):
        assert refused.status_code == 507
        assert "The disk is full" in words(refused.text)
        assert fields(refused.text)["kept"] == text
    for refused in (
        await ada.htmx("POST", WRITE, {"text": text, "key": "k"}),
        await ada.htmx("PUT", f"/entries/{entry}", edit),
        await ada.draft(text),
    ):
        assert refused.status_code == 507
        assert "<html" not in refused.text
        assert "Nothing could be kept." in words(refused.text)
    assert (await ada.send(f"/entries/{entry}", method="DELETE")).status_code == 507
    assert "kept before" in words(await ada.day()), "reading goes on"

    disk.error = None
    assert (await ada.send(WRITE, {"text": text, "key": "k"})).status_code == 303


async def test_on_a_full_disk_nobody_is_half_registered_or_half_signed_in(
    stranger: Visitor, disk: Disk
) -> None:
    form = {"name": "Bea", "password": OTHER_PASSWORD}
    disk.error = StoreFull()
    for path, more in (("/register", form), ("/login", {"name": NAME, "password": PASSWORD})):
        refused = await stranger.send(path, more)
        assert refused.status_code == 507
        assert more["password"] not in refused.text
        assert not stranger.steal()
    disk.error = None
    assert (await stranger.send("/login", form)).status_code == 401
    await stranger.register(**form)


async def test_a_busy_file_asks_for_patience_and_gives_the_words_back(
    ada: Visitor, disk: Disk
) -> None:
    disk.error = StoreBusy()
    refused = await ada.send(WRITE, {"text": "the heron", "key": "k"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
    assert fields(refused.text)["kept"] == "the heron"


@pytest.mark.parametrize("door", ["/lock", "/logout"])
@pytest.mark.parametrize("error", [StoreBusy(), StoreFull()])
async def test_nobody_is_kept_from_locking(
    server: Server, ada: Visitor, disk: Disk, door: str, error: StoreError
) -> None:
    """While the file cannot be written, the session ends here; its row goes when that is over."""
    await ada.day()
    (opened,) = server.rooms.journals._open.values()
    cookies, store = ada.steal(), server.rooms.accounts._store
    disk.error = error
    left = await ada.send(door)
    assert (left.status_code, left.headers["Location"]) == (303, "/login")
    assert opened.vault.is_locked
    assert (await ada.take(cookies).visit(f"/days/{TODAY}")).status_code == 303
    assert store.row("SELECT count(*) FROM sessions") == (1,)
    disk.error = None
    await server.rooms.sessions.flush()
    assert store.row("SELECT count(*) FROM sessions") == (0,)


async def test_a_journal_whose_own_row_is_damaged_can_be_locked(
    server: Server, ada: Visitor
) -> None:
    cookies, store = ada.steal(), server.rooms.accounts._store
    store.write_now(lambda tx: tx.execute("UPDATE accounts SET last_change = last_change + 1"))
    assert (await ada.visit(f"/days/{TODAY}")).status_code == 500
    assert (await ada.send("/lock")).status_code == 303
    store.write_now(lambda tx: tx.execute("UPDATE accounts SET last_change = last_change - 1"))
    assert (await ada.take(cookies).visit(f"/days/{TODAY}")).status_code == 303


async def test_words_for_an_entry_that_was_erased_meanwhile_come_back(ada: Visitor) -> None:
    entry = await ada.write("the heron")
    await ada.send(f"/entries/{entry}", method="DELETE")
    refused = await ada.send(f"/entries/{entry}", {"text": "mine", "revision": "1"}, "PUT")
    assert refused.status_code == 404
    assert fields(refused.text)["kept"] == "mine"


@pytest.mark.parametrize("debug", ["", "1"])
async def test_a_bug_shows_a_page_and_logs_a_place_and_neither_holds_text(
    account: Registered,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    debug: str,
) -> None:
    monkeypatch.setenv("QUART_DEBUG", debug)
    caplog.set_level(logging.DEBUG)

    async def broken(self: Journal, day: object, text: str, **more: object) -> None:
        words_in_a_local = text
        raise RuntimeError(f"cannot keep {words_in_a_local}")

    monkeypatch.setattr(Journal, "write", broken)
    async with serving(journal_settings(account.path)) as server, Visitor(server) as ada:
        server.quart.debug = bool(debug)
        await ada.enter()
        for ask in (ada.send, lambda path, form: ada.htmx("POST", path, form)):
            answer = await ask(WRITE, {"text": SECRET, "key": "k"})
            assert answer.status_code == 500
            assert "Traceback" not in answer.text
            assert "RuntimeError" not in answer.text
            assert "cannot keep" not in answer.text
        assert "Something went wrong" in words((await ada.send(WRITE, {"text": "x"})).text)

    assert "RuntimeError at test_error_pages.py" in caplog.text
    said = capfd.readouterr()
    for place in (caplog.text, said.out, said.err):
        assert SECRET not in place
        assert "cannot keep" not in place
    # The control: what is logged with its message is found.
    logging.getLogger("llamora").warning("planted %s", SECRET)
    assert SECRET in caplog.text
