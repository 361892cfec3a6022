"""Making accounts."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    PASSWORD,
    POLICY,
    UNTHROTTLED,
    House,
    Registered,
    house,
)

from llamora.accounts import (
    BadName,
    Limit,
    Limits,
    NameTaken,
    Opened,
    RegistrationClosed,
    Settings,
    Throttled,
    TooBusy,
    WeakPassword,
    WrongToken,
    strength,
)
from llamora.storage import ledger

NET = "192.0.2.0/24"


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


async def test_names_cannot_be_probed_at_full_speed(home: House, ada: Registered, derivations):
    outcomes = []
    for _ in range(100):
        try:
            await home.accounts.register(ada.name, OTHER_PASSWORD, Settings(), network=NET)
        except (NameTaken, Throttled) as refused:
            outcomes.append(type(refused))
    assert outcomes == [NameTaken] * 20 + [Throttled] * 80
    assert derivations.count == 0
    await home.accounts.sign_in(ada.name, ada.password, NET)  # counted apart
    await home.accounts.register("zoe", OTHER_PASSWORD, Settings(), network="203.0.113.0/24")


async def test_one_network_makes_a_handful_of_accounts(ada: Registered, derivations):
    few = Limits(network=Limit(3, 900), everyone=Limit(5, 900))
    with house(ada.path, replace(POLICY, registering=few)) as home:
        made = 0
        for i in range(12):
            try:
                await home.accounts.register(
                    f"zoe{i}", OTHER_PASSWORD, Settings(), network=f"net {i // 4}"
                )
                made += 1
            except Throttled:
                pass
    assert made == 5
    assert derivations.count == 2 * made


async def test_a_busy_estimator_counts_no_attempt(home: House, monkeypatch: pytest.MonkeyPatch):
    async def busy(*args: object, **kwargs: object) -> None:
        raise TooBusy(5)

    with monkeypatch.context() as patch:
        patch.setattr(home.accounts._estimating, "run", busy)
        for _ in range(50):
            with pytest.raises(TooBusy):
                await home.accounts.register("zoe", OTHER_PASSWORD, Settings(), network=NET)
    await home.accounts.register("zoe", OTHER_PASSWORD, Settings(), network=NET)


async def test_those_who_register_leave_room_for_those_who_sign_in(ada: Registered, derivations):
    with house(ada.path, replace(UNTHROTTLED, derivations_waiting=8)) as home:
        derivations.hold_at(1)  # the first of those who register takes very long
        crowd = [
            asyncio.create_task(home.accounts.register(f"zoe{i}", OTHER_PASSWORD, Settings()))
            for i in range(20)
        ]
        try:
            turned_away = set[asyncio.Task[Opened]]()
            while len(turned_away) < 15:  # one runs, and four are half of the queue
                done, _ = await asyncio.wait(
                    set(crowd) - turned_away, timeout=10, return_when=asyncio.FIRST_COMPLETED
                )
                assert done
                turned_away |= done
            assert all(isinstance(task.exception(), TooBusy) for task in turned_away)
            guests = [home.accounts.sign_in(ada.name, ada.password) for _ in range(5)]
            await asyncio.wait_for(asyncio.gather(*guests), 10)
            assert not derivations.gate.is_set()
        finally:
            derivations.gate.set()
            await asyncio.gather(*crowd, return_exceptions=True)
        assert len(home.accounts.names()) == 1 + 5


async def test_the_meter_measures_and_is_throttled_by_network(home: House):
    found = await home.accounts.measure(OTHER_PASSWORD, "zoe", NET)
    assert found == strength(OTHER_PASSWORD, "zoe")
    throttled = 0
    for _ in range(150):
        try:
            await home.accounts.measure("a", "", NET)
        except Throttled:
            throttled += 1
    assert throttled == 31
    assert (await home.accounts.measure("a", "not a name")).score == 0


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
