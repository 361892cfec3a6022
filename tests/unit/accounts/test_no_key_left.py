"""What opens a key for a moment wipes it: no session leaves one behind, whatever becomes of it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from tests.support.accounts import OTHER_PASSWORD, House, Registered
from tests.unit.accounts.test_sessions import Machine, cookie, here, machine, vault

from llamora.accounts import HalfOpen
from llamora.vault import RuntimeKey, Vault, cookie_key, keypage, session_keys
from llamora.vault import vault as vaults

__all__ = ["cookie", "here", "machine", "vault"]


@pytest.fixture
def open_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """How many of the pages made since hold a key."""
    made: list[keypage.KeyPage] = []
    plain = keypage.KeyPage

    def make() -> keypage.KeyPage:
        made.append(plain())
        return made[-1]

    for module in (cookie_key, session_keys, vaults):
        monkeypatch.setattr(module, "KeyPage", make)
    yield lambda: sum(not page.wiped for page in made)
    for page in made:
        page.wipe()


async def test_a_session_that_is_looked_at_without_its_vault_leaves_no_key(
    machine: Machine, cookie: str, open_pages: Callable[[], int]
):
    house = machine.process()
    before = open_pages()
    assert house.sessions.resume(cookie, open_vault=False)
    assert open_pages() == before
    session = house.sessions.resume(cookie)
    assert session
    assert session.vault
    assert open_pages() == before + 1
    session.vault.wipe()
    assert open_pages() == before


async def test_a_cookie_that_opens_nothing_leaves_no_key(
    machine: Machine, here: House, cookie: str, open_pages: Callable[[], int]
):
    ((id, sealed),) = here.store.rows("SELECT id, sealed FROM sessions")
    touched = (sealed[:-1] + bytes([sealed[-1] ^ 1]), id)
    put = "UPDATE sessions SET sealed = ? WHERE id = ?"
    here.store.write_now(lambda tx: tx.execute(put, touched))
    house = machine.process()
    before = open_pages()
    assert house.sessions.resume(cookie) is None
    assert open_pages() == before


async def test_a_session_that_is_over_leaves_no_key(
    machine: Machine, cookie: str, open_pages: Callable[[], int]
):
    house = machine.process()
    before = open_pages()
    machine.clock.turn(timedelta(days=2))
    assert house.sessions.resume(cookie) is None
    assert open_pages() == before


async def test_a_last_use_that_is_written_leaves_no_key(
    machine: Machine, here: House, cookie: str, open_pages: Callable[[], int]
):
    session = here.sessions.resume(cookie)
    assert session
    before, rows = open_pages(), here.store.rows("SELECT sealed FROM sessions")
    machine.clock.turn(timedelta(minutes=5))
    here.sessions.touch(session)
    await here.sessions.flush()
    assert here.store.rows("SELECT sealed FROM sessions") != rows
    assert open_pages() == before


async def test_a_session_that_is_kept_over_a_new_password_leaves_no_key(
    here: House, ada: Registered, vault: Vault, cookie: str, open_pages: Callable[[], int]
):
    session = here.sessions.resume(cookie)
    assert session
    kept = here.sessions.keep(session)
    before = open_pages()
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert open_pages() == before


async def test_what_waits_for_a_second_factor_leaves_no_key_when_the_password_was_replaced(
    machine: Machine, here: House, ada: Registered, vault: Vault, open_pages: Callable[[], int]
):
    waiting = HalfOpen(here.store, machine.clock, RuntimeKey())
    before = open_pages()
    cookie = waiting.seal(await here.accounts.enter(ada.name, ada.password))
    assert open_pages() == before
    opened = waiting.open(cookie)
    assert opened
    opened.vault.wipe()
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    assert waiting.open(cookie) is None
    assert open_pages() == before
