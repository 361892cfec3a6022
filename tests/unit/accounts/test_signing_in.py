"""Signing in: what it costs, what it tells, and how often it may be tried."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    POLICY,
    UNTHROTTLED,
    House,
    Registered,
    TurnedClock,
    house,
)

from llamora.accounts import Settings, Throttled, TooBusy, WrongCode, WrongCredentials, wraps
from llamora.storage import StoreFull, ledger
from llamora.storage.ledger import Rows
from llamora.vault import KdfPolicy, Vault

NET = "192.0.2.1"


@pytest.mark.parametrize("typed", ["Ada", "ADA", " ada ", "ａｄａ"])
async def test_a_name_may_be_typed_in_any_case(home: House, ada: Registered, typed: str):
    vault = await home.accounts.sign_in(typed, ada.password, NET)
    assert not vault.is_locked


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "violet heron kettle mos",
        "violet heron kettle moss ",
        "Violet heron kettle moss",
        "violet heron kettle moss\0",
        "é" * 512 + "x",  # 1,025 bytes
        "x" * 1_000_000,
        "violet heron \ud800 moss",
    ],
)
async def test_any_other_password_is_refused(home: House, ada: Registered, wrong: str):
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, wrong, NET)


async def test_signing_in_costs_one_derivation(home: House, ada: Registered, derivations):
    await home.accounts.sign_in(ada.name, ada.password, NET)
    assert derivations.count == 1


@pytest.mark.parametrize("stranger", ["eve", "", "not a name", "\ud800", "x" * 10_000])
async def test_an_unknown_name_costs_and_says_what_a_known_one_does(
    ada: Registered, derivations, stranger: str
):
    async def attempt(name: str) -> tuple[str, list[str], list[tuple[int, int]]]:
        statements.clear()
        derivations.costs.clear()
        with pytest.raises(WrongCredentials) as refused:
            await home.accounts.sign_in(name, OTHER_PASSWORD, NET)
        return str(refused.value), list(statements), list(derivations.costs)

    statements: list[str] = []
    with house(ada.path, before_execute=statements.append) as home:
        home.accounts.names()  # opens this thread's reader
        known = await attempt(ada.name)
        assert await attempt(stranger) == known
        assert len(known[1]) == 1
        assert known[2] == [(8, 1)]


async def test_recovery_of_an_unknown_name_costs_and_says_the_same(ada: Registered, derivations):
    async def attempt(name: str) -> tuple[str, list[str], int]:
        statements.clear()
        before = derivations.count
        with pytest.raises(WrongCode) as refused:
            await home.accounts.recover(name, wrong, OTHER_PASSWORD, NET)
        return str(refused.value), list(statements), derivations.count - before

    statements: list[str] = []
    with house(ada.path, before_execute=statements.append) as home:
        vault = await home.accounts.sign_in(ada.name, ada.password)
        wrong = ada.code
        await home.accounts.new_code(vault, ada.password)
        known = await attempt(ada.name)
        assert await attempt("eve") == known
        assert (len(known[1]), known[2]) == (1, 1)


async def test_ten_thousand_guesses_are_a_handful(
    home: House, ada: Registered, derivations, clock: TurnedClock
):
    throttled = 0
    for i in range(10_000):
        try:
            await home.accounts.sign_in(ada.name, f"guess {i}", f"198.51.100.{i % 250}")
        except Throttled:
            throttled += 1
        except WrongCredentials:
            pass
    assert derivations.count == 10_000 - throttled == 10
    with pytest.raises(Throttled) as refused:  # even the right one has to wait now
        await home.accounts.sign_in(ada.name, ada.password, NET)
    clock.turn(timedelta(seconds=refused.value.retry_after))
    await home.accounts.sign_in(ada.name, ada.password, NET)


async def test_fifty_guesses_at_once_are_as_few(ada: Registered, derivations):
    with house(ada.path, replace(POLICY, derivations_waiting=100)) as home:
        outcomes = await asyncio.gather(
            *[home.accounts.sign_in(ada.name, f"guess {i}", NET) for i in range(50)],
            return_exceptions=True,
        )
    assert derivations.count == 10
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 40


async def test_one_network_cannot_try_many_names(home: House, derivations):
    for i in range(100):
        with pytest.raises((WrongCredentials, Throttled)):
            await home.accounts.sign_in(f"name{i}", OTHER_PASSWORD, NET)
    assert derivations.count == 30


async def test_a_lock_out_cannot_deny_recovery(home: House, ada: Registered):
    for i in range(20):
        with pytest.raises((WrongCredentials, Throttled)):
            await home.accounts.sign_in(ada.name, f"guess {i}", NET)
    opened = await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD, NET)
    assert not opened.vault.is_locked


async def test_a_thief_of_a_session_cannot_guess_the_password_at_leisure(
    home: House, ada: Registered, derivations
):
    vault = await home.accounts.sign_in(ada.name, ada.password, NET)
    for i in range(100):
        with pytest.raises((WrongCredentials, Throttled)):
            await home.accounts.check_password(vault, f"guess {i}")
    assert derivations.count == 1 + 10
    await home.accounts.sign_in(ada.name, ada.password, NET)  # nor lock the owner out


async def test_a_hundred_sign_ins_at_once_use_the_memory_of_two(ada: Registered, derivations):
    policy = replace(UNTHROTTLED, derivations_waiting=8)
    with house(ada.path, policy) as home:
        derivations.gate.clear()
        tasks = [
            asyncio.create_task(home.accounts.sign_in(ada.name, ada.password, NET))
            for _ in range(100)
        ]
        # Those in front of them hold the threads and the queue.
        await asyncio.wait(tasks[10:], timeout=10)
        derivations.gate.set()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert derivations.most_at_once == 2
    busy = [outcome for outcome in outcomes if isinstance(outcome, TooBusy)]
    assert len(busy) == 90
    assert all(outcome.retry_after > 0 for outcome in busy)
    assert sum(isinstance(outcome, Vault) for outcome in outcomes) == 10


async def test_being_turned_away_as_busy_is_no_guess(ada: Registered, derivations):
    with house(ada.path, replace(POLICY, derivations_waiting=0)) as home:
        derivations.gate.clear()
        held = [
            asyncio.create_task(home.accounts.sign_in(name, OTHER_PASSWORD, None))
            for name in ("eve", "kim")
        ]
        await asyncio.sleep(0)
        for _ in range(100):
            with pytest.raises(TooBusy):
                await home.accounts.sign_in(ada.name, ada.password, NET)
        derivations.gate.set()
        await asyncio.gather(*held, return_exceptions=True)
        await home.accounts.sign_in(ada.name, ada.password, NET)


async def test_who_goes_away_leaves_their_place_in_the_queue(ada: Registered, derivations):
    with house(ada.path, replace(UNTHROTTLED, derivations_waiting=1)) as home:
        derivations.gate.clear()
        tasks = [
            asyncio.create_task(home.accounts.sign_in(ada.name, ada.password)) for _ in range(3)
        ]
        for _ in range(1_000):  # until two have begun: their threads may be late
            if derivations.most_at_once == 2:
                break
            await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Two still run, for a derivation cannot be stopped; the third has left the queue.
        waiting = asyncio.create_task(home.accounts.sign_in(ada.name, ada.password))
        await asyncio.sleep(0)
        with pytest.raises(TooBusy):
            await home.accounts.sign_in(ada.name, ada.password)
        derivations.gate.set()
        assert not (await waiting).is_locked
    assert derivations.most_at_once == 2


async def test_a_wrap_below_the_policy_is_made_dearer_at_the_next_sign_in(
    ada: Registered, derivations
):
    costs = "SELECT m, t FROM wraps WHERE kind = 'password'"
    old_wrap = b""
    with house(ada.path, replace(POLICY, kdf=KdfPolicy(9, 2))) as home:
        ((old_wrap,),) = home.store.rows("SELECT sealed FROM wraps WHERE kind = 'password'")
        assert home.store.rows(costs) == [(8, 1)]
        await home.accounts.sign_in(ada.name, ada.password)
        assert home.store.rows(costs) == [(9, 2)]
        assert old_wrap not in ada.path.read_bytes()
        derivations.costs.clear()
        await home.accounts.sign_in(ada.name, ada.password)
        assert derivations.costs == [(9, 2)]


async def test_a_password_is_right_though_its_wrap_was_made_dearer_meanwhile(
    ada: Registered, monkeypatch: pytest.MonkeyPatch
):
    """The second of two sign-ins read the wrap before the first replaced it."""
    with house(ada.path, replace(POLICY, kdf=KdfPolicy(9, 2))) as home:
        look = wraps.by_name
        seen = [look(home.store, ada.name.casefold(), "password")]
        await home.accounts.sign_in(ada.name, ada.password)

        def late(source: Rows, name: str, kind: str):
            return seen.pop() if seen else look(source, name, kind)

        monkeypatch.setattr(wraps, "by_name", late)
        assert not (await home.accounts.sign_in(ada.name, ada.password)).is_locked
        assert not seen


async def test_a_failed_upgrade_does_not_keep_anyone_out(ada: Registered):
    def full(statement: str) -> None:
        if statement.startswith("INSERT INTO wraps"):
            raise StoreFull

    with house(ada.path, replace(POLICY, kdf=KdfPolicy(9, 2)), before_execute=full) as home:
        assert not (await home.accounts.sign_in(ada.name, ada.password)).is_locked
        assert home.store.rows("SELECT m FROM wraps WHERE kind = 'password'") == [(8,)]


async def test_a_wrap_that_asks_for_absurd_memory_is_refused_before_it_is_taken(
    home: House, ada: Registered, derivations
):
    await home.store.write(lambda tx: tx.execute("UPDATE wraps SET m = 1000000"))
    with pytest.raises(WrongCredentials):
        await home.accounts.sign_in(ada.name, ada.password, NET)
    assert derivations.count == 0


async def test_a_password_replaced_while_it_was_being_checked_opens_nothing(
    home: House, ada: Registered, derivations
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    derivations.hold_at(derivations.count + 1)
    slow = asyncio.create_task(home.accounts.enter(ada.name, ada.password, NET))
    assert await asyncio.to_thread(derivations.held.wait, 10)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    derivations.gate.set()
    with pytest.raises(WrongCredentials):
        await slow
    assert not vault.is_locked


async def test_a_password_replaced_while_its_wrap_was_made_dearer_opens_nothing(
    ada: Registered, derivations
):
    with house(ada.path) as before:
        vault = await before.accounts.sign_in(ada.name, ada.password)
    with house(ada.path, replace(POLICY, kdf=KdfPolicy(9, 2))) as home:
        derivations.hold_at(derivations.count + 2)  # the first one found the password right
        slow = asyncio.create_task(home.accounts.enter(ada.name, ada.password, NET))
        assert await asyncio.to_thread(derivations.held.wait, 10)
        await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
        derivations.gate.set()
        with pytest.raises(WrongCredentials):
            await slow
        await home.accounts.sign_in(ada.name, OTHER_PASSWORD)
        with pytest.raises(WrongCredentials):
            await home.accounts.sign_in(ada.name, ada.password)


async def test_an_old_password_begins_no_session_once_it_is_replaced(home: House, ada: Registered):
    entered = await home.accounts.enter(ada.name, ada.password, NET)
    await home.sessions.begin(entered, "")  # the control: nothing has changed yet
    await home.accounts.change_password(entered.vault, ada.password, OTHER_PASSWORD)
    with pytest.raises(ledger.Stale):
        await home.sessions.begin(entered, "")
    assert home.store.rows("SELECT 1 FROM sessions") == []
    await home.sessions.begin(await home.accounts.enter(ada.name, OTHER_PASSWORD), "")


async def test_what_recovery_and_registering_opened_is_stale_after_a_change_too(
    home: House, ada: Registered
):
    recovered = await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    for opened in (recovered, zoe):
        await home.sessions.begin(opened, "")
        await home.accounts.change_password(opened.vault, OTHER_PASSWORD, ada.password)
        with pytest.raises(ledger.Stale):
            await home.sessions.begin(opened, "")


async def test_two_who_make_the_same_wrap_dearer_both_get_in(ada: Registered):
    with house(ada.path, replace(POLICY, kdf=KdfPolicy(9, 2))) as home:
        entered = await asyncio.gather(
            *[home.accounts.enter(ada.name, ada.password) for _ in range(4)]
        )
        for one in entered:
            await home.sessions.begin(one, "")
        assert home.store.rows("SELECT m FROM wraps WHERE kind = 'password'") == [(9,)]
