"""Changing the password, recovering, making a new code, erasing the account."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.accounts import OTHER_PASSWORD, House, Registered

from llamora.accounts import (
    Entered,
    MistypedCode,
    Settings,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPassword,
    passwords,
)
from llamora.journal.verify import verify
from llamora.storage import ledger
from llamora.vault import RecoveryCode


def bytes_on_disk(path: Path) -> bytes:
    """The file, its log and whatever else lies beside it."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


def wraps(home: House, kind: str) -> list[bytes]:
    return [s for (s,) in home.store.rows("SELECT sealed FROM wraps WHERE kind = ?", (kind,))]


async def test_after_a_change_only_the_new_password_opens(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password)
    again = await home.accounts.sign_in(ada.name, OTHER_PASSWORD)
    assert home.accounts.settings(again) == home.accounts.settings(vault)
    await home.accounts.recover(ada.name, ada.code, "a third one for the garden gate")


async def test_the_old_wrap_is_gone_from_the_disk_at_once(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    (old,) = wraps(home, "password")
    assert old in bytes_on_disk(ada.path)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    assert old not in bytes_on_disk(ada.path)


async def test_the_old_wraps_are_gone_after_recovery_and_a_new_code(home: House, ada: Registered):
    old = wraps(home, "password") + wraps(home, "recovery")
    assert all(wrap in bytes_on_disk(ada.path) for wrap in old)
    opened = await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    assert not any(wrap in bytes_on_disk(ada.path) for wrap in old)
    (code_wrap,) = wraps(home, "recovery")
    assert code_wrap in bytes_on_disk(ada.path)
    await home.accounts.new_code(opened.vault, OTHER_PASSWORD)
    assert code_wrap not in bytes_on_disk(ada.path)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (OTHER_PASSWORD, OTHER_PASSWORD, WrongPassword),
        (None, "short", WeakPassword),
        (None, "x" * 1025, WeakPassword),
    ],
)
async def test_a_refused_change_changes_nothing(
    home: House, ada: Registered, old: str | None, new: str, error: type[Exception]
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    cookie = await home.sessions.begin(Entered(vault, 1), "")
    before = wraps(home, "password")
    with pytest.raises(error) as refused:
        await home.accounts.change_password(vault, old or ada.password, new)
    assert getattr(refused.value, "field", "") in ("password", "new_password")
    assert wraps(home, "password") == before
    assert home.sessions.resume(cookie)


async def test_another_accounts_password_confirms_nothing(home: House, ada: Registered):
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    for act in (
        home.accounts.check_password(zoe.vault, ada.password),
        home.accounts.new_code(zoe.vault, ada.password),
        home.accounts.erase(zoe.vault, "zoe", ada.password),
    ):
        with pytest.raises(WrongPassword):
            await act
    assert home.accounts.names() == ["ada", "zoe"]


def put_back(home: House, row: tuple[Any, ...]) -> None:
    """What somebody who can write to the file does with a row that he kept."""
    columns = "id, owner, kind, epoch, salt, m, t, sealed"
    insert = f"INSERT INTO wraps ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    home.store.write_now(lambda tx: tx.execute(insert, row))


@pytest.mark.parametrize("alone", [False, True])
async def test_a_replaced_password_that_is_put_back_opens_nothing_and_is_found(
    home: House, ada: Registered, alone: bool
):
    [before] = home.store.rows("SELECT * FROM wraps WHERE kind = 'password'")
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    if alone:
        home.store.write_now(lambda tx: tx.execute("DELETE FROM wraps WHERE kind = 'password'"))
    put_back(home, before)
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password)
    [problem] = verify(home.store, vault, progress=lambda done, total: None).problems
    assert "put back after it was replaced" in problem


@pytest.mark.parametrize("change", ["kind = 'passkey'", "epoch = epoch + 1"])
async def test_a_code_that_was_made_unfindable_is_found(home: House, ada: Registered, change: str):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    assert verify(home.store, vault, progress=lambda done, total: None).sound
    sql = f"UPDATE wraps SET {change} WHERE kind = 'recovery'"
    home.store.write_now(lambda tx: tx.execute(sql))
    [problem] = verify(home.store, vault, progress=lambda done, total: None).problems
    assert "one was altered" in problem


async def test_a_used_code_that_is_put_back_opens_nothing(home: House, ada: Registered):
    [before] = home.store.rows("SELECT * FROM wraps WHERE kind = 'recovery'")
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    home.store.write_now(lambda tx: tx.execute("DELETE FROM wraps WHERE kind = 'recovery'"))
    put_back(home, before)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_of_two_changes_at_once_one_wins_whole(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    news = ["amber lantern and seven bridges", "the ferry left before the rain"]
    outcomes = await asyncio.gather(
        *[home.accounts.change_password(vault, ada.password, new) for new in news],
        return_exceptions=True,
    )
    # The other one comes too late, before or after it has read the password's wrap.
    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in outcomes} & {ledger.Stale, WrongPassword}
    winner = news[outcomes.index(None)]
    assert not (await home.accounts.sign_in(ada.name, winner)).is_locked
    assert len(wraps(home, "password")) == 1


async def test_recovery_sets_a_password_and_makes_a_new_code(home: House, ada: Registered):
    opened = await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    assert str(opened.code) != ada.code
    assert not (await home.accounts.sign_in(ada.name, OTHER_PASSWORD)).is_locked
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.recover(ada.name, str(opened.code), "a third one for the garden gate")


async def test_a_weak_new_password_leaves_the_code_good(home: House, ada: Registered):
    for _ in range(20):
        with pytest.raises(WeakPassword):
            await home.accounts.recover(ada.name, ada.code, "short")
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_without_the_code_nobody_has_a_password_estimated(
    home: House, ada: Registered, monkeypatch: pytest.MonkeyPatch
):
    def never(password: str, name: str) -> bytes:
        raise AssertionError("estimated")

    monkeypatch.setattr(passwords, "accepted", never)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, str(RecoveryCode.new()), OTHER_PASSWORD)
    with pytest.raises(AssertionError):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_a_code_works_once(home: House, ada: Registered):
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_a_code_redeemed_twice_at_once_works_once(home: House, ada: Registered):
    outcomes = await asyncio.gather(
        *[home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD) for _ in range(3)],
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, WrongCode) for outcome in outcomes) == 2


@pytest.mark.parametrize(
    "typing",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: f"  {code}\n",
        lambda code: code.replace("0", "O").replace("1", "I"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("-", "\u2013"),
    ],
)
async def test_a_code_may_be_typed_as_it_is_read(home: House, ada: Registered, typing):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    code = await home.accounts.new_code(vault, ada.password)
    while not {"0", "1"} <= set(str(code)):  # one with digits that look like letters
        code = await home.accounts.new_code(vault, ada.password)
    opened = await home.accounts.recover(ada.name, typing(str(code)), OTHER_PASSWORD)
    assert opened.vault.owner == vault.owner


@pytest.mark.parametrize("typed", ["", "ABCDE", "U" * 25, "x" * 100_000, "\ud800", "0" * 24 + "1"])
async def test_a_mistyped_code_is_said_to_be_one_and_costs_nothing(
    home: House, ada: Registered, derivations, typed: str
):
    for _ in range(50):
        with pytest.raises(MistypedCode) as refused:
            await home.accounts.recover(ada.name, typed, OTHER_PASSWORD)
        assert refused.value.field == "code"
    assert derivations.count == 0


async def test_another_code_opens_nothing(home: House, ada: Registered):
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, str(RecoveryCode.new()), OTHER_PASSWORD)


async def test_a_new_code_replaces_the_old_one_and_ends_no_session(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    cookie = await home.sessions.begin(Entered(vault, 1), "")
    code = await home.accounts.new_code(vault, ada.password)
    assert home.sessions.resume(cookie)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    await home.accounts.recover(ada.name, str(code), OTHER_PASSWORD)


@pytest.mark.parametrize("act", ["erase", "new_code", "change_password"])
async def test_a_password_that_was_replaced_while_it_was_checked_confirms_nothing(
    home: House, ada: Registered, derivations, act: str
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    (code,) = wraps(home, "recovery")
    before = [ada.name] if act == "erase" else []
    after = [OTHER_PASSWORD] if act == "change_password" else []
    derivations.started.clear()
    derivations.gate.clear()
    slow = asyncio.create_task(getattr(home.accounts, act)(vault, *before, ada.password, *after))
    assert await asyncio.to_thread(derivations.started.wait, 10)
    await home.store.write(lambda tx: tx.execute("DELETE FROM wraps WHERE kind = 'password'"))
    derivations.gate.set()
    with pytest.raises(ledger.Stale):
        await slow
    assert home.accounts.names() == ["ada"]
    assert wraps(home, "recovery") == [code]
