"""Beginning a journal by invitation."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    POLICY,
    UNTHROTTLED,
    House,
    Registered,
    TurnedClock,
    house,
)
from tests.support.faults import every_nth

from llamora.accounts import (
    BadName,
    NameTaken,
    Opened,
    RegistrationClosed,
    Settings,
    Throttled,
    WeakPassword,
    WrongInvitation,
)

ASKING = replace(POLICY, invitation_only=True)
WEEK = timedelta(days=7)
NET = "192.0.2.0/24"


@pytest.fixture
def asking(ada: Registered, clock: TurnedClock) -> Iterator[House]:
    """A house whose door asks for an invitation."""
    with house(ada.path, ASKING, clock=clock) as home:
        yield home


async def join(home: House, name: str, code: str, password: str = OTHER_PASSWORD) -> Opened:
    return await home.accounts.register(name, password, Settings(), network=NET, invitation=code)


async def test_an_invitation_makes_one_account(asking: House):
    assert asking.accounts.needs_invitation
    code = await asking.accounts.invite(WEEK)
    await join(asking, "zoe", f" {code}\n")
    with pytest.raises(WrongInvitation):
        await join(asking, "bea", code)
    assert asking.accounts.names() == ["ada", "zoe"]


@pytest.mark.parametrize("code", ["", " ", "x", "\0", "\ud800", "é" * 5_000, "A" * 22])
async def test_nothing_else_is_one(asking: House, derivations, code: str):
    before = await asking.accounts.invite(WEEK)
    for typed in (code, before[:-1], before + "A", before.swapcase()):
        with pytest.raises(WrongInvitation):
            await join(asking, "zoe", typed)
    assert derivations.count == 0, "and nobody without one has the server work"
    assert asking.accounts.names() == ["ada"]


async def test_an_invitation_holds_until_it_expires_and_is_swept_then(
    asking: House, clock: TurnedClock
):
    first, second = [await asking.accounts.invite(WEEK) for _ in range(2)]
    clock.turn(WEEK - timedelta(seconds=1))
    await asking.accounts.sweep()
    await join(asking, "zoe", first)
    clock.turn(timedelta(seconds=1))
    with pytest.raises(WrongInvitation):
        await join(asking, "bea", second)
    assert asking.store.rows("SELECT count(*) FROM invitations") == [(1,)]
    await asking.accounts.sweep()
    assert asking.store.rows("SELECT count(*) FROM invitations") == [(0,)]


async def test_a_refused_account_leaves_the_invitation_as_it_was(asking: House):
    code = await asking.accounts.invite(WEEK)
    for name, password, error in (
        ("ada", OTHER_PASSWORD, NameTaken),
        ("", OTHER_PASSWORD, BadName),
        ("zoe", "short", WeakPassword),
    ):
        with pytest.raises(error):
            await join(asking, name, code, password)
    await join(asking, "zoe", code)


async def test_of_two_who_use_one_at_once_one_gets_in(asking: House):
    code = await asking.accounts.invite(WEEK)
    outcomes = await asyncio.gather(
        *(join(asking, name, code) for name in ("zoe", "bea", "cyd")), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == [
        "Opened",
        "WrongInvitation",
        "WrongInvitation",
    ]
    assert len(asking.accounts.names()) == 2


async def test_guessing_is_counted_apart_and_keeps_out_nobody_elsewhere(asking: House):
    code = await asking.accounts.invite(WEEK)
    for n in range(20):
        with pytest.raises(WrongInvitation):
            await join(asking, "zoe", f"guess {n}")
    with pytest.raises(Throttled):
        await join(asking, "zoe", code)
    elsewhere = asking.accounts.register(
        "zoe", OTHER_PASSWORD, Settings(), network="198.51.100.0/24", invitation=code
    )
    await elsewhere


async def test_the_code_is_not_in_the_file(asking: House, ada: Registered):
    code = await asking.accounts.invite(WEEK)
    disk = b"".join(file.read_bytes() for file in ada.path.parent.iterdir())
    assert code.encode() not in disk
    [(id, _)] = asking.store.rows("SELECT * FROM invitations")
    assert id in disk, "its hash is"


async def test_closed_is_closed_to_the_invited_too(ada: Registered):
    with house(ada.path, replace(ASKING, registration_open=False)) as home:
        code = await home.accounts.invite(WEEK)
        with pytest.raises(RegistrationClosed):
            await join(home, "zoe", code)


async def test_where_all_may_come_nobody_is_asked(home: House):
    code = await home.accounts.invite(WEEK)
    assert not home.accounts.needs_invitation
    await join(home, "zoe", "nonsense")
    await join(home, "bea", code)
    assert home.store.rows("SELECT count(*) FROM invitations") == [(1,)]


async def test_the_first_accounts_token_is_its_invitation(tmp_path: Path):
    policy = replace(ASKING, first_token="heron-42")
    with house(tmp_path / "new.sqlite3", policy) as home:
        assert not home.accounts.needs_invitation
        await home.accounts.register("ada", PASSWORD, Settings(), "heron-42")
        assert home.accounts.needs_invitation
        with pytest.raises(WrongInvitation):
            await home.accounts.register("zoe", OTHER_PASSWORD, Settings(), "heron-42")


async def test_whatever_fails_an_invitation_is_used_with_its_account_or_not_at_all(
    ada: Registered, tmp_path: Path
):
    for fault in every_nth():
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        policy = replace(UNTHROTTLED, invitation_only=True)
        with house(path, policy, before_execute=fault) as home:
            code = await home.accounts.invite(WEEK)
            with fault.armed():
                await join(home, "zoe", code)
            left = home.store.rows("SELECT count(*) FROM invitations")
            expected = (["ada"], [(1,)]) if fault.struck else (["ada", "zoe"], [(0,)])
            assert (home.accounts.names(), left) == expected, fault.struck
        shutil.rmtree(path.parent)
