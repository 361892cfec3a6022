"""`verify` opens what tells of an account's past and its sessions, and names what does not open."""

import pytest
from tests.support.accounts import OTHER_PASSWORD, House, Registered

from llamora.accounts import Entered, Kind, Settings
from llamora.accounts.verify import verify
from llamora.vault import Vault


@pytest.fixture
async def vault(home: House, ada: Registered) -> Vault:
    entered = await home.accounts.enter(ada.name, ada.password)
    await home.sessions.begin(entered, "Firefox on Linux")
    await home.sessions.begin(entered, "Chrome on Android")
    await home.accounts.note(entered.vault, Kind.EXPORTED)
    return entered.vault


def flip(home: House, table: str) -> bytes:
    """Turns a bit of one row; its id."""
    ((id, sealed),) = home.store.rows(f"SELECT id, sealed FROM {table} ORDER BY id LIMIT 1")
    turned = bytearray(sealed)
    turned[-1] ^= 1
    put = f"UPDATE {table} SET sealed = ? WHERE id = ?"
    home.store.write_now(lambda tx: tx.execute(put, (bytes(turned), id)))
    return id


async def test_what_nobody_touched_is_sound(home: House, vault: Vault):
    report = verify(home.store, vault)
    assert (report.seats, report.problems, report.sound) == (2, [], True)
    assert report.events == len(home.store.rows("SELECT 1 FROM events")) > 1


@pytest.mark.parametrize(
    ("table", "of"), [("events", "the history"), ("seats", "the list of sessions")]
)
async def test_a_row_with_a_turned_bit_is_named(home: House, vault: Vault, table: str, of: str):
    id = flip(home, table)
    report = verify(home.store, vault)
    assert report.problems == [f"The row {id.hex()} of {of} cannot be opened."]
    assert not report.sound


@pytest.mark.parametrize("table", ["events", "seats"])
async def test_rows_that_changed_places_are_named(home: House, vault: Vault, table: str):
    one, two = home.store.rows(f"SELECT id, sealed FROM {table} ORDER BY id LIMIT 2")
    put = f"UPDATE {table} SET sealed = ? WHERE id = ?"
    home.store.write_now(lambda tx: tx.execute(put, (one[1], two[0])))
    home.store.write_now(lambda tx: tx.execute(put, (two[1], one[0])))
    assert len(verify(home.store, vault).problems) == 2


async def test_another_accounts_rows_are_not_looked_at(home: House, vault: Vault):
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    flip(home, "events")
    flip(home, "seats")
    assert verify(home.store, zoe.vault).sound
    assert not verify(home.store, vault).sound


async def test_rows_that_a_new_key_has_not_reached_yet_are_sound(
    home: House, ada: Registered, vault: Vault
):
    await home.accounts.rotate(vault, ada.password)
    await home.sessions.begin(Entered(vault, 2), "Firefox on Linux")
    assert vault.older is not None
    report = verify(home.store, vault)
    assert report.problems == []
    assert report.events > 1
