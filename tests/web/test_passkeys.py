"""Passkeys over HTTP: what is taken, what is refused in one sentence, and what is left behind."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import httpx
import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    POLICY,
    UNTHROTTLED,
    Registered,
)
from tests.support.authenticator import PRESENT, VERIFIED, Key
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, words

from llamora.accounts import Entered, TooBusy, ceremonies
from llamora.accounts.challenges import LASTS
from llamora.journal.verify import verify

FACTORS = "/settings/factors"


def options_in(html: str) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]*)"', html)
    assert found, words(html)
    return json.loads(unescape(found[1]))


async def make(ada: Visitor, key: Key, *, prf: bool = True, **other: Any) -> httpx.Response:
    """Enrols a passkey, answering with `other` parts than the right ones."""
    begun = await ada.send(f"{FACTORS}/passkeys/challenge", {"password": PASSWORD})
    assert begun.status_code == 200, words(begun.text)
    options = options_in(begun.text)
    form = {"label": "My key", "passkey": key.made(options, **other)}
    return await ada.send(f"{FACTORS}/passkeys", form | prf_of(key, options, prf))


async def enter(
    visitor: Visitor, key: Key, *, prf: bool = True, path: str = "/login/passkey", **other: Any
) -> httpx.Response:
    """Uses a passkey at the door, or at another `path`."""
    options = options_in((await visitor.visit(path)).text)
    form = {"passkey": key.used(options, **other)} | prf_of(key, options, prf)
    return await visitor.send(path, form)


def prf_of(key: Key, options: dict[str, Any], has: bool) -> dict[str, str]:
    return {"prf": key.prf(options)} if has else {}


async def page(ada: Visitor) -> str:
    return words((await ada.visit(FACTORS)).text)


def id_of(key: Key) -> str:
    return ceremonies.id_of(key.id).hex()


async def test_a_passkey_with_a_prf_opens_the_journal_alone(
    ada: Visitor, stranger: Visitor
) -> None:
    key = Key()
    assert (await make(ada, key)).status_code == 303
    listed = await page(ada)
    assert "My key Opens the journal" in listed
    assert "Last used never" in listed

    opened = await enter(stranger, key)
    assert (opened.status_code, opened.headers["Location"]) == (303, "/")
    assert list(stranger.steal()) == ["llamora_5000"]
    assert (await stranger.visit(f"/days/{TODAY}")).status_code == 200
    assert "Last used today" in await page(stranger)
    await stranger.send("/lock")
    await stranger.enter()  # and the password goes on alone


async def test_several_passkeys_open_it_and_the_password_may_change(
    ada: Visitor, stranger: Visitor, server: Server
) -> None:
    keys = [Key(), Key(), Key()]
    for key in keys:
        assert (await make(ada, key)).status_code == 303
    form = {"do": "password", "password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert (await ada.send("/settings/keys", form)).status_code == 200
    for key in keys:
        assert (await enter(stranger, key)).status_code == 303
        await stranger.send("/lock")


HOSTILE: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "http://evil.example"},
    "another port": {"origin": "http://localhost:5001"},
    "https": {"origin": "https://localhost:5000"},
    "another host": {"host": "evil.example"},
    "a sibling host": {"host": "llamora.localhost"},
    "another challenge": {"challenge": "AAAA"},
    "no challenge": {"challenge": ""},
    "the other ceremony": {"kind": "payment.get"},
    "nobody verified": {"flags": PRESENT},
    "nobody present": {"flags": VERIFIED},
}
AT_THE_DOOR: dict[str, dict[str, Any]] = HOSTILE | {
    "another signature": {"signature": bytes(70)},
    "another account": {"owner": bytes(16)},
    "no account": {"owner": b""},
    "another credential": {"id": bytes(32)},
    "a count that stands still": {"count": 0},
}


@pytest.mark.parametrize("other", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_answer_enrols_nothing(ada: Visitor, other: dict[str, Any]) -> None:
    refused = await make(ada, Key(), **other)
    assert refused.status_code == 422
    assert "was not taken" in words(refused.text)
    assert "My key" not in await page(ada)


@pytest.mark.parametrize("other", AT_THE_DOOR.values(), ids=AT_THE_DOOR)
async def test_a_hostile_answer_opens_nothing(
    ada: Visitor, stranger: Visitor, server: Server, other: dict[str, Any]
) -> None:
    key = Key()
    key.count = 7
    await make(ada, key)
    assert "count" not in other or key.count == 7
    refused = await enter(stranger, key, **other)
    assert refused.status_code == 401
    assert "was not taken" in words(refused.text)
    assert "llamora_5000" not in stranger.steal()
    assert (await enter(stranger, key)).status_code == 303, "the control"


GARBAGE = [
    "", "{}", "[]", "null", "1", '"x"', "{", "[" * 20_000, "x" * 30_000, "\0", "é", "NaN",
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "e30",'
    ' "authenticatorData": "AA", "signature": "AA", "userHandle": "AAAAAAAAAAAAAAAAAAAAAA",'
    ' "attestationObject": "oA"}}',
    '{"id": "A", "rawId": "€", "type": 1, "response": {"clientDataJSON": 1}}',
]  # fmt: skip


@pytest.mark.parametrize("said", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_refused_in_one_sentence(
    ada: Visitor, stranger: Visitor, said: str
) -> None:
    await ada.send(f"{FACTORS}/passkeys/challenge", {"password": PASSWORD})
    form = {"label": "My key", "passkey": said, "prf": "A" * 43}
    refused = await ada.send(f"{FACTORS}/passkeys", form)
    assert refused.status_code == 422
    await stranger.visit("/login/passkey")
    refused = await stranger.send("/login/passkey", form)
    assert refused.status_code == 401
    assert "was not taken" in words(refused.text)


async def test_without_a_challenge_or_with_an_old_one_nothing_is_taken(
    ada: Visitor, stranger: Visitor, clock: TurnableClock
) -> None:
    key = Key()
    await make(ada, key)
    options = options_in((await stranger.visit("/login/passkey")).text)
    form = {"passkey": key.used(options), "prf": key.prf(options)}
    cookies = stranger.steal()
    for others in ({}, {"llamora_5000_key": "A" * 54}, {"llamora_5000_key": "x"}):
        assert (await stranger.take(others).send("/login/passkey", form)).status_code == 401
    stranger.take(cookies)
    clock.advance(LASTS)
    assert (await stranger.send("/login/passkey", form)).status_code == 401
    clock.advance(-LASTS)
    assert (await stranger.take(cookies).send("/login/passkey", form)).status_code == 303


async def test_an_answer_is_taken_once(ada: Visitor, stranger: Visitor) -> None:
    key = Key()
    await make(ada, key)
    options = options_in((await stranger.visit("/login/passkey")).text)
    cookies = stranger.steal()
    # An authenticator that does not count, so that only the challenge tells.
    form = {"passkey": key.used(options, count=0), "prf": key.prf(options)}
    assert (await stranger.send("/login/passkey", form)).status_code == 303
    await stranger.send("/lock")
    assert (await stranger.take(cookies).send("/login/passkey", form)).status_code == 401


async def test_a_challenge_of_one_door_is_none_of_another(ada: Visitor, server: Server) -> None:
    key = Key()
    begun = await ada.send(f"{FACTORS}/passkeys/challenge", {"password": PASSWORD})
    options = options_in(begun.text)
    form = {"label": "My key", "passkey": key.made(options), "prf": key.prf(options)}
    async with Visitor(server) as other:  # Ada's too, but another session
        await other.enter()
        other.take({**other.steal(), "llamora_5000_key": ada.steal()["llamora_5000_key"]})
        assert (await other.send(f"{FACTORS}/passkeys", form)).status_code == 422
    assert (await ada.send(f"{FACTORS}/passkeys", form)).status_code == 303


async def test_the_wrong_secret_opens_nothing(ada: Visitor, stranger: Visitor) -> None:
    key = Key()
    await make(ada, key)
    for prf in ("A" * 43, "A" * 42, "", "é", "A" * 100_000):
        options = options_in((await stranger.visit("/login/passkey")).text)
        form = {"passkey": key.used(options), "prf": prf}
        assert (await stranger.send("/login/passkey", form)).status_code == 401


async def test_one_without_a_prf_follows_the_password(ada: Visitor, stranger: Visitor) -> None:
    key = Key()
    await make(ada, key, prf=False)
    assert "Second factor only" in await page(ada)
    refused = await enter(stranger, key, prf=False)
    assert "by itself" in words(refused.text)

    asked = await stranger.sign_in()
    assert asked.headers["Location"] == "/login/factor"
    assert (await stranger.visit(f"/days/{TODAY}")).status_code == 303
    again = await enter(stranger, key, path="/login/factor", prf=False, flags=PRESENT)
    assert again.status_code == 401
    assert (await stranger.send("/login/factor", {"code": "123456"})).status_code == 401
    opened = await enter(stranger, key, path="/login/factor", prf=False)
    assert opened.status_code == 303
    assert (await stranger.visit(f"/days/{TODAY}")).status_code == 200


async def test_removed_it_opens_nothing_and_is_gone_from_the_file(
    ada: Visitor, stranger: Visitor, account: Registered, server: Server
) -> None:
    key = Key()
    await make(ada, key)
    assert bytes.fromhex(id_of(key)) in on_disk(account)
    path = f"{FACTORS}/passkeys/{id_of(key)}"
    for password in ("", OTHER_PASSWORD):
        refused = await ada.send(path, {"password": password}, "DELETE")
        assert refused.status_code == 422
    assert (await ada.send(path, {"password": PASSWORD}, "DELETE")).status_code == 303
    assert bytes.fromhex(id_of(key)) not in on_disk(account)
    assert (await enter(stranger, key)).status_code == 401
    assert (await ada.send(path, {"password": PASSWORD}, "DELETE")).status_code == 404
    await stranger.enter()


async def test_a_wrap_that_is_put_back_opens_nothing_and_is_found(
    ada: Visitor, stranger: Visitor, server: Server
) -> None:
    key = Key()
    await make(ada, key)
    store = server.rooms.accounts._store
    columns = store.row("SELECT * FROM wraps WHERE kind = 'passkey'")
    assert columns
    path = f"{FACTORS}/passkeys/{id_of(key)}"
    await ada.send(path, {"password": PASSWORD}, "DELETE")
    store.write_now(lambda tx: tx.execute("INSERT INTO wraps VALUES (?,?,?,?,?,?,?,?)", columns))
    assert (await enter(stranger, key)).status_code == 401
    vault = server.rooms.journals._open[columns[1]].vault
    assert verify(store, vault, progress=lambda done, of: None).problems


async def test_it_is_renamed_with_the_password(ada: Visitor) -> None:
    key = Key()
    await make(ada, key)
    path = f"{FACTORS}/passkeys/{id_of(key)}"
    wrong = [("Other", OTHER_PASSWORD), ("", PASSWORD), ("x" * 61, PASSWORD), ("a\nb", PASSWORD)]
    for label, password in wrong:
        form = {"label": label, "password": password}
        assert (await ada.send(path, form, "PUT")).status_code == 422
    form = {"label": "<b>Ring</b> & co", "password": PASSWORD}
    assert (await ada.send(path, form, "PUT")).status_code == 303
    renamed = await ada.visit(FACTORS)
    assert "<b>Ring" not in renamed.text
    assert "<b>Ring</b> & co" in words(renamed.text)


async def test_anothers_passkey_is_nobodys(ada: Visitor, server: Server) -> None:
    key = Key()
    await make(ada, key)
    async with Visitor(server) as bea:
        await bea.register("Bea", OTHER_PASSWORD)
        for method in ("PUT", "DELETE"):
            form = {"label": "Mine", "password": OTHER_PASSWORD}
            answer = await bea.send(f"{FACTORS}/passkeys/{id_of(key)}", form, method)
            missing = await bea.send(f"{FACTORS}/passkeys/{'0' * 32}", form, method)
            assert (answer.status_code, answer.content) == (404, missing.content)
    assert "My key" in await page(ada)


async def test_making_one_asks_for_the_password(ada: Visitor) -> None:
    for password in ("", OTHER_PASSWORD):
        refused = await ada.send(f"{FACTORS}/passkeys/challenge", {"password": password})
        assert refused.status_code == 422
        assert "data-options" not in refused.text


async def test_recovering_forgets_every_passkey(
    ada: Visitor, stranger: Visitor, account: Registered
) -> None:
    opening, following = Key(), Key()
    await make(ada, opening)
    await make(ada, following, prf=False)
    form = {"name": "Ada", "code": account.code, "password": OTHER_PASSWORD}
    assert (await stranger.send("/recover", form)).status_code == 303
    await stranger.confirm_code()
    assert "My key" not in await page(stranger)
    assert bytes.fromhex(id_of(opening)) not in on_disk(account)
    await stranger.send("/lock")
    assert (await enter(stranger, opening)).status_code == 401
    await stranger.enter("Ada", OTHER_PASSWORD)


async def test_nothing_of_a_passkey_stands_in_the_file_but_that_there_is_one(
    ada: Visitor, account: Registered
) -> None:
    key = Key()
    await make(ada, key)
    written = on_disk(account)
    for secret in (key.id, key.id.hex().encode(), b"My key", b"factors", key._prf):
        assert secret not in written
    assert b"passkey" in written  # the kind of a wrap


async def test_an_address_of_digits_has_no_passkeys_and_says_so(server: Server) -> None:
    async with Visitor(server, host="[::1]") as visitor:
        said = await visitor.visit("/login/passkey")
        assert "address of digits" in words(said.text)
        assert "data-options" not in said.text
        assert (await visitor.send("/login/passkey", {})).status_code == 422


def on_disk(account: Registered) -> bytes:
    return b"".join(file.read_bytes() for file in account.path.parent.iterdir())


async def test_a_busy_server_counts_as_no_attempt(
    account: Registered, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = journal_settings(account.path)
    async with (
        serving(
            settings, clock=clock, policy=replace(UNTHROTTLED, sign_in=POLICY.sign_in)
        ) as server,
        Visitor(server) as ada,
        Visitor(server) as stranger,
    ):
        await ada.enter()
        key = Key()
        await make(ada, key)

        async def busy(*given: Any) -> Entered:
            raise TooBusy(5)

        with monkeypatch.context() as loaded:
            loaded.setattr(server.rooms.accounts, "opened_by", busy)
            for _ in range(POLICY.sign_in.account.attempts + 2):
                assert (await enter(stranger, key)).status_code == 503
        assert (await enter(stranger, key)).status_code == 303
