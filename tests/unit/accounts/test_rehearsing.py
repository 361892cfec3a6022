"""Rehearsing the recovery code: it is looked at and stays good."""

import asyncio

import pytest
from tests.support.accounts import OTHER_PASSWORD, House, Registered, TurnedClock

from llamora.accounts import Entered, MistypedCode, Settings, Throttled, WrongCode, WrongPassword
from llamora.storage import ledger
from llamora.vault import RecoveryCode, Vault


@pytest.fixture
async def vault(home: House, ada: Registered) -> Vault:
    return await home.accounts.sign_in(ada.name, ada.password)


async def test_a_rehearsal_dates_itself_and_changes_nothing_else(
    home: House, ada: Registered, vault: Vault, clock: TurnedClock
):
    cookie = await home.sessions.begin(Entered(vault, 1), "")
    before = home.store.rows("SELECT * FROM wraps"), ledger.read(home.store, vault)
    assert home.accounts.rehearsed(vault) is None
    await home.accounts.rehearse(vault, ada.password, ada.code.lower().replace("-", " "))
    assert home.accounts.rehearsed(vault) == clock.now()
    after = home.store.rows("SELECT * FROM wraps"), ledger.read(home.store, vault)
    assert after[0] == before[0]
    assert after[1].generation == before[1].generation
    assert {**after[1].header, "rehearsed": 0} == {**before[1].header, "rehearsed": 0}
    assert home.sessions.resume(cookie)
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_a_code_is_taken_once_somebody_has_said_or_shown_that_they_have_it(
    home: House, ada: Registered, vault: Vault
):
    accounts = home.accounts
    bea = await accounts.register("Bea", OTHER_PASSWORD, Settings())
    assert not accounts.is_code_taken(bea.vault)
    await accounts.take_code(bea.vault, accounts.code_id(bea.vault))
    assert accounts.is_code_taken(bea.vault)
    assert accounts.is_code_taken(vault)
    code = str(await accounts.new_code(vault, ada.password))
    assert not accounts.is_code_taken(vault), "that is another code"
    await accounts.rehearse(vault, ada.password, code)
    assert accounts.is_code_taken(vault)
    await accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    assert accounts.is_code_taken(vault)
    turned = await accounts.rotate(vault, OTHER_PASSWORD)
    assert not accounts.is_code_taken(vault)
    again = await accounts.recover(ada.name, str(turned.code), ada.password)
    assert not accounts.is_code_taken(again.vault)


@pytest.mark.parametrize("remade", ["new_code", "recover"])
async def test_a_new_code_was_never_rehearsed(
    home: House, ada: Registered, vault: Vault, remade: str
):
    await home.accounts.rehearse(vault, ada.password, ada.code)
    if remade == "new_code":
        await home.accounts.new_code(vault, ada.password)
    else:
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    assert home.accounts.rehearsed(vault) is None


async def test_a_change_of_the_password_leaves_the_date(home: House, ada: Registered, vault: Vault):
    await home.accounts.rehearse(vault, ada.password, ada.code)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    assert home.accounts.rehearsed(vault)


async def test_what_is_wrong_is_said_and_dates_nothing(home: House, ada: Registered, vault: Vault):
    for password, code, error in (
        (OTHER_PASSWORD, ada.code, WrongPassword),
        ("", ada.code, WrongPassword),
        ("x" * 1025, ada.code, WrongPassword),
        ("\0", ada.code, WrongPassword),
        (ada.password, "", MistypedCode),
        (ada.password, "U" * 25, MistypedCode),
        (ada.password, str(RecoveryCode.new()), WrongCode),
    ):
        with pytest.raises(error):
            await home.accounts.rehearse(vault, password, code)
    assert home.accounts.rehearsed(vault) is None


async def test_another_accounts_code_is_not_this_ones(home: House, ada: Registered):
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    with pytest.raises(WrongCode):
        await home.accounts.rehearse(zoe.vault, OTHER_PASSWORD, ada.code)


async def test_rehearsing_has_a_limit_of_its_own_and_takes_nothing_from_recovery(
    home: House, ada: Registered, vault: Vault
):
    for _ in range(10):
        with pytest.raises(WrongCode):
            await home.accounts.rehearse(vault, ada.password, str(RecoveryCode.new()))
    with pytest.raises(Throttled):
        await home.accounts.rehearse(vault, ada.password, ada.code)
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_guessing_at_recovery_does_not_deny_a_rehearsal(
    home: House, ada: Registered, vault: Vault
):
    for _ in range(10):
        with pytest.raises(WrongCode):
            await home.accounts.recover(ada.name, str(RecoveryCode.new()), OTHER_PASSWORD)
    with pytest.raises(Throttled):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    await home.accounts.rehearse(vault, ada.password, ada.code)


async def test_a_code_that_is_replaced_meanwhile_is_not_said_to_work(
    home: House, ada: Registered, vault: Vault, derivations
):
    derivations.hold_at(2)
    slow = asyncio.create_task(home.accounts.rehearse(vault, ada.password, ada.code))
    assert await asyncio.to_thread(derivations.held.wait, 10)
    gone = "DELETE FROM wraps WHERE kind = 'recovery'"
    await home.store.write(lambda tx: tx.execute(gone))
    derivations.gate.set()
    with pytest.raises(ledger.Stale):
        await slow
    assert home.accounts.rehearsed(vault) is None
