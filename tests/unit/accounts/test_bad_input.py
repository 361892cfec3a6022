"""What people and attackers type and send at the doors that earlier tests do not try."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    POLICY,
    House,
    Registered,
    TurnedClock,
    house,
)

from llamora.accounts import (
    Entered,
    Kind,
    Settings,
    Throttled,
    WrongCode,
    WrongCredentials,
    WrongPassword,
)
from llamora.accounts.carriers import decoded, encoded
from llamora.vault import RecoveryCode, RuntimeKey
from llamora.vault.cookie_key import CookieKey

COMPOSED, DECOMPOSED = "caf\u00e9 heron kettle moss", "cafe\u0301 heron kettle moss"
DAY = timedelta(days=1)

ODD = [
    "",
    "x" * 1025,
    "\u00e9" * 512 + "x",
    "violet heron kettle moss\0",
    "\ud800",
    "x" * 1_000_000,
]


@pytest.mark.parametrize("odd", ODD)
async def test_no_odd_password_confirms_anything(home: House, ada: Registered, odd: str):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    for act in (
        home.accounts.change_password(vault, odd, OTHER_PASSWORD),
        home.accounts.new_code(vault, odd),
        home.accounts.rehearse(vault, odd, ada.code),
        home.accounts.erase(vault, ada.name, odd),
    ):
        with pytest.raises(WrongPassword):
            await act
    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)


async def test_a_password_opens_however_the_keyboard_composes_it(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.change_password(vault, ada.password, DECOMPOSED)
    await home.accounts.sign_in(ada.name, COMPOSED)
    await home.accounts.sign_in(ada.name, DECOMPOSED)
    await home.accounts.rehearse(vault, COMPOSED, ada.code)


async def test_ten_thousand_codes_are_a_handful_and_are_told_as_one_line(
    home: House, ada: Registered, derivations
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    derivations.count = 0
    throttled = 0
    code = str(RecoveryCode.new())
    for i in range(10_000):
        try:
            await home.accounts.recover(ada.name, code, OTHER_PASSWORD, f"198.51.100.{i % 250}")
        except Throttled:
            throttled += 1
        except WrongCode:
            pass
    assert derivations.count == 10_000 - throttled == 10
    await home.accounts.tell_refused(vault)
    told = home.accounts.happened(vault).events
    assert [(event.kind, event.times) for event in told] == [(Kind.WRONG_CODE, 10)]


async def test_a_clock_that_jumps_frees_no_guesses(
    home: House, ada: Registered, clock: TurnedClock
):
    """Limits go by the monotonic clock, which nobody sets."""
    for _ in range(10):
        with pytest.raises(WrongCredentials):
            await home.accounts.sign_in(ada.name, OTHER_PASSWORD)
    for jump in (DAY, -2 * DAY):
        clock.set_back(jump)
        with pytest.raises(Throttled):
            await home.accounts.sign_in(ada.name, ada.password)


async def test_a_clock_set_back_a_day_loses_no_history(
    home: House, ada: Registered, clock: TurnedClock
):
    entered = await home.accounts.enter(ada.name, ada.password)
    await home.sessions.begin(entered, "")
    clock.set_back(DAY)
    await home.sessions.begin(Entered(entered.vault, 1), "")
    events = home.accounts.happened(entered.vault).events
    assert [event.at for event in events] == [clock.now() + DAY, clock.now()]


@pytest.mark.parametrize("mode", ["session", "cookie"])
async def test_a_cookie_opens_no_other_accounts_session(
    ada: Registered, mode: Literal["session", "cookie"]
):
    """Neither whole nor pieced together from two."""
    key = CookieKey(b"a" * 32) if mode == "cookie" else RuntimeKey()
    with house(ada.path, replace(POLICY, dek_storage=mode), key=key) as home:
        vault = await home.accounts.sign_in(ada.name, ada.password)
        zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
        mine = await home.sessions.begin(Entered(vault, 1), "")
        theirs = await home.sessions.begin(zoe, "")
        session = home.sessions.resume(theirs)
        assert session
        assert session.owner == zoe.vault.owner
        one, two = decoded(mine), decoded(theirs)
        for cut in (8, 16, 24, 32):
            pieced = encoded(one[:cut] + two[cut:])
            if pieced not in (mine, theirs):
                assert home.sessions.resume(pieced) is None
        # The rows changed places: each cookie finds the other's.
        rows = home.store.rows("SELECT id, owner FROM sessions ORDER BY id")
        swap = "UPDATE sessions SET owner = ? WHERE id = ?"
        (a, owner_a), (b, owner_b) = rows
        await home.store.write(lambda tx: tx.execute(swap, (owner_b, a)))
        await home.store.write(lambda tx: tx.execute(swap, (owner_a, b)))
        assert home.sessions.resume(mine) is None
        assert home.sessions.resume(theirs) is None
