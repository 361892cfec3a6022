"""A journal file with one account in it, made once and copied, and the accounts room over it."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from llamora.accounts import Accounts, AccountsPolicy, Limit, Limits, Sessions, Settings
from llamora.storage import Store
from llamora.storage.connection import BeforeExecute
from llamora.vault import KdfPolicy, RuntimeKey
from llamora.vault.cookie_key import CookieKey

NAME = "Ada"
PASSWORD = "violet heron kettle moss"
OTHER_PASSWORD = "amber lantern under seven bridges"
CHEAP = KdfPolicy(8, 1)
FREE = Limits(Limit(10**6, 1), Limit(10**6, 1), Limit(10**6, 1))
POLICY = AccountsPolicy(kdf=CHEAP, recovery_kdf=CHEAP)
UNTHROTTLED = replace(
    POLICY,
    sign_in=FREE,
    recovery=FREE,
    confirming=FREE,
    rehearsing=FREE,
    second_factor=FREE,
    registering=FREE,
    inviting=FREE,
    measuring=FREE,
    derivations_waiting=10**6,
)


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self, now: datetime = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def turn(self, by: timedelta) -> None:
        self._now += by
        self._monotonic += by.total_seconds()

    def set_back(self, by: timedelta) -> None:
        """Sets the clock on the wall back; time itself goes on."""
        self._now -= by


@dataclass(frozen=True)
class Registered:
    """A file with one account: `name`, `password` and the recovery `code` open it."""

    path: Path
    code: str
    name: str = NAME
    password: str = PASSWORD


@dataclass(frozen=True)
class House:
    """The accounts room over an open file."""

    store: Store
    accounts: Accounts
    sessions: Sessions
    clock: TurnedClock


@contextmanager
def house(
    path: Path,
    policy: AccountsPolicy = POLICY,
    *,
    clock: TurnedClock | None = None,
    key: RuntimeKey | CookieKey | None = None,
    before_execute: BeforeExecute | None = None,
) -> Generator[House]:
    """The accounts room over the file at `path`, which is made when there is none."""
    clock = clock or TurnedClock()
    store = Store.open(path, before_execute=before_execute)
    accounts = Accounts(store, clock, policy)
    try:
        yield House(store, accounts, Sessions(store, clock, key or RuntimeKey(), policy), clock)
    finally:
        accounts.close()
        store.close()


def registered(folder: Path) -> Registered:
    """A copy, in `folder`, of a file in which Ada has registered with cheap derivations and has
    her recovery code."""
    made = _made_once()
    path = folder / "data" / "llamora.sqlite3"
    path.parent.mkdir(mode=0o700, parents=True)
    shutil.copy(made.path, path)
    return replace(made, path=path)


@cache
def _made_once() -> Registered:
    folder = tempfile.mkdtemp(prefix="llamora-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "llamora.sqlite3"

    async def register() -> str:
        with house(path) as made:
            opened = await made.accounts.register(NAME, PASSWORD, Settings(zone="Europe/London"))
            await made.accounts.take_code(opened.vault, made.accounts.code_id(opened.vault))
            opened.vault.wipe()
            return str(opened.code)

    # In a thread, for the test that asks first may be running in an event loop.
    with ThreadPoolExecutor(1) as thread:
        return Registered(path, thread.submit(asyncio.run, register()).result())
