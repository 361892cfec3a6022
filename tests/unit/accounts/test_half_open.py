"""What waits between password and second factor: for five minutes, and only for who is meant."""

from datetime import timedelta

import pytest
from tests.support.accounts import House, Registered

from llamora.accounts import HalfOpen
from llamora.accounts.carriers import decoded, encoded
from llamora.vault import RuntimeKey, Vault, session_id
from llamora.vault.session_keys import HALF_OPEN

SECOND = timedelta(seconds=1)


@pytest.fixture
def waiting(home: House) -> HalfOpen:
    return HalfOpen(home.store, home.clock, RuntimeKey())


async def test_what_waits_is_the_vault_and_the_generation_of_the_password(
    home: House, ada: Registered, waiting: HalfOpen
):
    entered = await home.accounts.enter(ada.name, ada.password)
    opened = waiting.open(waiting.seal(entered))
    assert opened
    assert entered.vault.is_locked, "nothing stays open meanwhile"
    assert opened.generation == entered.generation
    assert home.accounts.settings(opened.vault).zone == "Europe/London"


async def test_it_waits_five_minutes_and_no_clock_makes_it_more(
    home: House, ada: Registered, waiting: HalfOpen
):
    cookie = waiting.seal(await home.accounts.enter(ada.name, ada.password))
    home.clock.turn(299 * SECOND)
    assert waiting.open(cookie)
    home.clock.turn(SECOND)
    assert waiting.open(cookie) is None
    home.clock.set_back(301 * SECOND)
    assert waiting.open(cookie) is None, "the clock was set to before it was made"
    home.clock.turn(SECOND)
    assert waiting.open(cookie)


async def test_nothing_less_than_the_whole_cookie_opens_it(
    home: House, ada: Registered, waiting: HalfOpen
):
    cookie = waiting.seal(await home.accounts.enter(ada.name, ada.password))
    raw = decoded(cookie)
    for length in (0, 16, 48, 55, 56, 57, len(raw) - 1):
        assert waiting.open(encoded(raw[:length])) is None
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert waiting.open(encoded(changed)) is None
    assert HalfOpen(home.store, home.clock, RuntimeKey()).open(cookie) is None
    assert waiting.open(cookie), "the control"


async def test_what_is_sealed_says_in_which_form_it_is(home: House, ada: Registered):
    runtime = RuntimeKey()
    entered = await home.accounts.enter(ada.name, ada.password)
    raw = decoded(HalfOpen(home.store, home.clock, runtime).seal(entered))
    secret, expires = raw[16:48], int.from_bytes(raw[48:56])
    id = session_id(secret)
    _, header = runtime.open(secret, entered.vault.owner, id, expires, raw[56:], HALF_OPEN)
    assert header == {"v": 1, "generation": 1}


async def test_it_is_neither_a_sessions_cookie_nor_the_other_way_round(
    home: House, ada: Registered, waiting: HalfOpen
):
    entered = await home.accounts.enter(ada.name, ada.password)
    session = await home.sessions.begin(entered, "")
    assert waiting.open(session) is None
    assert home.sessions.resume(waiting.seal(entered)) is None


async def test_it_opens_nothing_of_an_account_that_is_gone_or_has_another_key(
    home: House, ada: Registered, waiting: HalfOpen
):
    for edit in ("UPDATE accounts SET epoch = 2", "DELETE FROM accounts"):
        cookie = waiting.seal(await home.accounts.enter(ada.name, ada.password))
        home.store.write_now(lambda tx, edit=edit: tx.execute(edit))
        assert waiting.open(cookie) is None
        home.store.write_now(lambda tx: tx.execute("UPDATE accounts SET epoch = 1"))


async def test_whoever_comes_in_while_a_key_is_rotated_reads_the_rows_of_before(
    home: House, ada: Registered, waiting: HalfOpen
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.rotate(vault, ada.password)
    opened = waiting.open(waiting.seal(await home.accounts.enter(ada.name, ada.password)))
    assert opened
    assert (opened.vault.epoch, opened.vault.older) == (2, 1)


async def test_where_the_file_cannot_be_read_it_leaves_no_key(
    home: House, ada: Registered, waiting: HalfOpen, monkeypatch: pytest.MonkeyPatch
):
    cookie = waiting.seal(await home.accounts.enter(ada.name, ada.password))
    opened: list[Vault] = []

    def broken(store: object, vault: Vault) -> None:
        opened.append(vault)
        raise OSError("The file cannot be read.")

    monkeypatch.setattr("llamora.accounts.half_open.follow_chain", broken)
    with pytest.raises(OSError, match="cannot be read"):
        waiting.open(cookie)
    assert [vault.is_locked for vault in opened] == [True]
