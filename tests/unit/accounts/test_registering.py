"""Making accounts."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.accounts import OTHER_PASSWORD, PASSWORD, POLICY, House, Registered, house

from llamora.accounts import (
    BadName,
    NameTaken,
    RegistrationClosed,
    Settings,
    WeakPassword,
    WrongToken,
)
from llamora.storage import ledger


async def test_who_registers_can_sign_in_and_is_called_as_they_wrote_it(home: House):
    opened = await home.accounts.register("Zoë", OTHER_PASSWORD, Settings(zone="Europe/Paris"))
    vault = await home.accounts.sign_in("ZOË", OTHER_PASSWORD)
    assert vault.owner == opened.vault.owner
    assert home.accounts.settings(vault) == Settings("Zoë", "Europe/Paris")
    assert home.accounts.names() == ["ada", "zoë"]


async def test_a_new_account_begins_at_nothing(home: House):
    opened = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    row = ledger.read(home.store, opened.vault)
    assert (row.epoch, row.generation, row.last_change) == (1, 1, 0)
    assert (row.header["days"], row.header["root"]) == (0, "0" * 64)
    wraps = home.store.rows("SELECT kind FROM wraps WHERE owner = ? ORDER BY kind", (row.id,))
    assert wraps == [("password",), ("recovery",)]


async def test_a_name_is_taken_in_whatever_case(home: House):
    with pytest.raises(NameTaken):
        await home.accounts.register("aDA", OTHER_PASSWORD, Settings())


async def test_of_two_who_want_a_name_at_once_one_gets_it(home: House):
    outcomes = await asyncio.gather(
        *[home.accounts.register("Zoe", OTHER_PASSWORD, Settings()) for _ in range(4)],
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, NameTaken) for outcome in outcomes) == 3
    assert home.accounts.names() == ["ada", "zoe"]


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [("a b", OTHER_PASSWORD, BadName), ("zoe", "short", WeakPassword)],
)
async def test_nothing_is_made_of_a_bad_form(
    home: House, derivations, name: str, password: str, error: type[Exception]
):
    with pytest.raises(error):
        await home.accounts.register(name, password, Settings())
    assert home.accounts.names() == ["ada"]
    assert derivations.count == 0


async def test_registration_can_be_closed(ada: Registered):
    with (
        house(ada.path, replace(POLICY, registration_open=False)) as home,
        pytest.raises(RegistrationClosed),
    ):
        await home.accounts.register("zoe", OTHER_PASSWORD, Settings())


async def test_only_the_first_account_asks_for_the_token(tmp_path: Path):
    with house(tmp_path / "new.sqlite3", replace(POLICY, first_token="heron-42")) as home:
        assert home.accounts.needs_token
        for token in (None, "", "heron-43", "héron", "\ud800"):
            with pytest.raises(WrongToken):
                await home.accounts.register("ada", PASSWORD, Settings(), token)
        await home.accounts.register("ada", PASSWORD, Settings(), "heron-42")
        assert not home.accounts.needs_token
        await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
