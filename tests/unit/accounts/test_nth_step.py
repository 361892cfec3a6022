"""Whatever statement fails, an account is as it was before or as it is after, never between."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    UNTHROTTLED,
    House,
    Registered,
    TurnedClock,
    house,
)
from tests.support.disk import FRAME, filling, full_after
from tests.support.faults import every_nth

from llamora.accounts import AccountsError, Entered, Opened, Settings
from llamora.vault import RecoveryCode, Vault


@dataclass
class Scene:
    """Ada signed in, with one session; `vault` is hers."""

    home: House
    ada: Registered
    vault: Vault


Act = Callable[[Scene], Awaitable[object]]


async def _change(scene: Scene) -> None:
    await scene.home.accounts.change_password(scene.vault, scene.ada.password, OTHER_PASSWORD)


async def _recover(scene: Scene) -> Opened:
    return await scene.home.accounts.recover(scene.ada.name, scene.ada.code, OTHER_PASSWORD)


async def _new_code(scene: Scene) -> RecoveryCode:
    return await scene.home.accounts.new_code(scene.vault, scene.ada.password)


async def _rehearse(scene: Scene) -> None:
    await scene.home.accounts.rehearse(scene.vault, scene.ada.password, scene.ada.code)


async def _erase(scene: Scene) -> None:
    await scene.home.accounts.erase(scene.vault, scene.ada.name, scene.ada.password)


async def _register(scene: Scene) -> Opened:
    return await scene.home.accounts.register("zoe", OTHER_PASSWORD, Settings())


async def _settings(scene: Scene) -> None:
    await scene.home.accounts.save_settings(scene.vault, Settings("Countess"))


OLD = {
    "names": ["ada"],
    "old password": True,
    "new password": False,
    "old code": True,
    "zoe": False,
    "sessions": 1,
    "generation": [1],
    "called": "Ada",
    "wraps": 2,
    "rehearsed": False,
    "events": ["signed-in"],
}
NEW = {
    _change: {
        "old password": False,
        "new password": True,
        "sessions": 0,
        "generation": [2],
        "events": ["password-changed", "signed-in"],
    },
    _recover: {
        "old password": False,
        "new password": True,
        "old code": False,
        "sessions": 0,
        "generation": [2],
        "events": ["recovered", "signed-in"],
    },
    _new_code: {"old code": False, "events": ["code-made", "signed-in"]},
    _rehearse: {"rehearsed": True, "events": ["code-rehearsed", "signed-in"]},
    _erase: {
        "names": [],
        "old password": False,
        "old code": False,
        "sessions": 0,
        "generation": [],
        "called": None,
        "wraps": 0,
        "events": None,
    },
    _register: {"names": ["ada", "zoe"], "zoe": True, "generation": [1, 1], "wraps": 4},
    _settings: {"called": "Countess"},
}


async def state(path: Path, ada: Registered) -> dict[str, object]:
    """What each secret opens and what stands in the file, seen through the front door."""
    copy = path.with_name("copy.sqlite3")
    shutil.copy(path, copy)
    with house(copy, UNTHROTTLED) as home:
        await home.accounts.sweep()  # as a server does once it is there

        async def opens(attempt: Awaitable[Vault | Opened]) -> Vault | None:
            try:
                found = await attempt
            except AccountsError:
                return None
            return found.vault if isinstance(found, Opened) else found

        with_old = await opens(home.accounts.sign_in(ada.name, ada.password))
        with_new = await opens(home.accounts.sign_in(ada.name, OTHER_PASSWORD))
        vault = with_old or with_new
        found: dict[str, object] = {
            "names": home.accounts.names(),
            "old password": with_old is not None,
            "new password": with_new is not None,
            "zoe": await opens(home.accounts.sign_in("zoe", OTHER_PASSWORD)) is not None,
            "sessions": len(home.store.rows("SELECT 1 FROM sessions")),
            "generation": [g for (g,) in home.store.rows("SELECT generation FROM accounts")],
            "called": home.accounts.settings(vault).display_name if vault else None,
            "wraps": len(home.store.rows("SELECT 1 FROM wraps")),
            "rehearsed": bool(vault and home.accounts.rehearsed(vault)),
            "events": sorted(e.kind for e in home.accounts.happened(vault).events)
            if vault
            else None,
        }
        recovered = await opens(home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD))
        found["old code"] = recovered is not None
    copy.unlink()
    return found


@pytest.mark.parametrize("act", NEW, ids=lambda act: act.__name__.strip("_"))
async def test_the_old_state_or_the_new_one(ada: Registered, tmp_path: Path, act: Act):
    clock = TurnedClock()
    for fault in every_nth():
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        with house(path, UNTHROTTLED, clock=clock, before_execute=fault) as home:
            vault = await home.accounts.sign_in(ada.name, ada.password)
            await home.sessions.begin(Entered(vault, 1), "")
            scene = Scene(home, ada, vault)
            with fault.armed():
                await act(scene)
        # Emptying the log comes after the commit: a failure there must not undo the change. And
        # once an account's keys are destroyed, it is gone, whatever becomes of its rows.
        committed = not fault.struck or "COMMIT" in fault.seen[:-1]
        assert await state(path, ada) == (OLD | NEW[act] if committed else OLD), fault.struck
        shutil.rmtree(path.parent)


@pytest.mark.parametrize("frame", [FRAME, pytest.param(FRAME // 4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("act", NEW, ids=lambda act: act.__name__.strip("_"))
async def test_the_old_state_or_the_new_one_when_the_disk_fills_at_any_write(
    ada: Registered, tmp_path: Path, act: Act, frame: int
):
    seen: list[dict[str, object]] = []
    for room in filling(frame):
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        with house(path, UNTHROTTLED, clock=TurnedClock()) as home:
            vault = await home.accounts.sign_in(ada.name, ada.password)
            await home.sessions.begin(Entered(vault, 1), "")
            await home.store.truncate()
            with full_after(room) as disk:
                await act(Scene(home, ada, vault))
        seen.append(await state(path, ada))
        shutil.rmtree(path.parent)
        # What was refused was not done. Afterwards only the log may be left to be emptied.
        assert seen[-1] == (OLD if disk.was_full else OLD | NEW[act]), room
        if not disk.was_full:
            break
    assert len(seen) > 3, "the disk was never full"
