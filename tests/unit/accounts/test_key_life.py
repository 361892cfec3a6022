"""The life of a key, step by step: whatever comes in whatever order, each entry that was kept is
read with every secret that holds, and with none that was revoked."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.support.accounts import UNTHROTTLED, House, TurnedClock, house, registered
from tests.support.journals import write
from tests.support.turning import Rooms, cut_after

from llamora.accounts import AlreadyTurning, WrongCode, WrongCredentials
from llamora.journal import verify as journal_verify

T = TypeVar("T")
FIRST = date(2026, 11, 1)
PASSWORDS = (
    "violet heron kettle moss",
    "amber lantern under seven bridges",
    "a third one for the garden gate",
)
ago = st.integers(0, 3)
texts = st.sampled_from(["the heron", "rain", "a long walk", "nothing much"])


@dataclass(frozen=True)
class Secrets:
    """What opens the journal, and what did once."""

    password: str
    code: str
    revoked_passwords: frozenset[str] = frozenset()
    revoked_codes: frozenset[str] = frozenset()


@dataclass
class Known:
    """The model: the texts by id, and the secrets."""

    secrets: Secrets
    entries: dict[bytes, str] = field(default_factory=dict[bytes, str])

    def copy(self) -> "Known":
        return Known(self.secrets, dict(self.entries))

    def new_password(self, password: str) -> None:
        before = self.secrets
        revoked = (before.revoked_passwords | {before.password}) - {password}
        self.secrets = replace(before, password=password, revoked_passwords=revoked)

    def new_code(self, code: str) -> None:
        before = self.secrets
        self.secrets = replace(
            before, code=code, revoked_codes=before.revoked_codes | {before.code}
        )


class KeyMachine(RuleBasedStateMachine):
    """One account, opened by one process, and its backups."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="llamora-test-"))
        made = registered(self.folder)
        self.path, self.name = made.path, made.name
        self.known = Known(Secrets(made.password, made.code))
        self.backups: list[tuple[Path, Known]] = []
        self.clock = TurnedClock()
        self._open()

    def teardown(self) -> None:
        self._close()
        self.runner.close()
        shutil.rmtree(self.folder)

    def run(self, act: Callable[[Rooms], Awaitable[T]]) -> T:
        async def asked() -> T:
            return await act(self.ours)

        return self.runner.run(asked())

    def _open(self) -> None:
        self.entering = house(self.path, UNTHROTTLED, clock=self.clock)
        self.home: House = self.entering.__enter__()
        self._sign_in()

    def _close(self) -> None:
        self.ours.vault.wipe()
        self.entering.__exit__(None, None, None)

    def _sign_in(self) -> None:
        async def sign_in() -> Rooms:
            password = self.known.secrets.password
            return Rooms.of(self.home, await self.home.accounts.sign_in(self.name, password))

        self.ours = self.runner.run(sign_in())

    # The journal

    @rule(text=texts, ago=ago)
    def write(self, text: str, ago: int) -> None:
        day = FIRST + timedelta(days=ago)
        entry = self.run(lambda ours: write(ours.journal, text, day))
        self.known.entries[entry.id] = text

    @precondition(lambda self: self.known.entries)
    @rule(data=st.data(), text=texts)
    def edit(self, data: st.DataObject, text: str) -> None:
        id = data.draw(st.sampled_from(sorted(self.known.entries)))
        revision = self.ours.journal.entry(id).revision
        self.run(lambda ours: ours.journal.revise(id, revision, text))
        self.known.entries[id] = text

    @precondition(lambda self: self.known.entries)
    @rule(data=st.data(), back=st.booleans(), between=st.booleans())
    def erase(self, data: st.DataObject, back: bool, between: bool) -> None:
        id = data.draw(st.sampled_from(sorted(self.known.entries)))
        self.run(lambda ours: ours.journal.erase(id))
        if between:
            self.run(lambda ours: ours.rotation.finish())
        if back:
            self.run(lambda ours: ours.journal.restore(id))
        else:
            del self.known.entries[id]

    # The keys

    @rule()
    def lock_and_sign_in(self) -> None:
        self.ours.vault.wipe()
        self._sign_in()

    @rule(password=st.sampled_from(PASSWORDS))
    def change_the_password(self, password: str) -> None:
        present = self.known.secrets.password
        accounts = self.home.accounts
        self.run(lambda ours: accounts.change_password(ours.vault, present, password))
        self.known.new_password(password)

    @rule()
    def make_a_new_code(self) -> None:
        present, accounts = self.known.secrets.password, self.home.accounts
        code = self.run(lambda ours: accounts.new_code(ours.vault, present))
        self.known.new_code(str(code))

    @rule(password=st.sampled_from(PASSWORDS))
    def recover(self, password: str) -> None:
        code, accounts = self.known.secrets.code, self.home.accounts
        opened = self.run(lambda ours: accounts.recover(self.name, code, password))
        self.ours.vault.wipe()
        self.ours = Rooms.of(self.home, opened.vault)
        self.known.new_password(password)
        self.known.new_code(str(opened.code))

    @rule()
    def rotate(self) -> None:
        present, accounts = self.known.secrets.password, self.home.accounts
        if self.ours.rotation.is_under_way:
            with pytest.raises(AlreadyTurning):
                self.run(lambda ours: accounts.rotate(ours.vault, present))
            return
        turned = self.run(lambda ours: accounts.rotate(ours.vault, present))
        self.known.new_code(str(turned.code))

    @rule(transactions=st.integers(1, 4))
    def go_on(self, transactions: int) -> None:
        if self.run(lambda ours: cut_after(ours.rotation, transactions)):
            self.ours.vault.forget_older()

    # The file

    @rule()
    def crash(self) -> None:
        """The process is gone, with its write-ahead log as it stands; another starts."""
        left = self.folder / f"left-{len(list(self.folder.iterdir()))}"
        shutil.copytree(self.path.parent, left)
        self._close()
        self.path = left / self.path.name
        self._open()

    @rule()
    def make_a_backup(self) -> None:
        from llamora.storage import backup

        folder = self.folder / f"backup-{len(list(self.folder.iterdir()))}"
        self.backups.append((backup.backup(self.path, folder), self.known.copy()))

    @precondition(lambda self: self.backups)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        from llamora.storage import backup

        made, then = data.draw(st.sampled_from(self.backups))
        self._close()
        backup.restore(made, self.path, replace=True)
        self.known = then.copy()
        self._open()

    @invariant()
    def what_was_kept_is_read_with_the_password_and_with_nothing_revoked(self) -> None:
        known = self.known

        async def look() -> None:
            accounts = self.home.accounts
            again = Rooms.of(self.home, await accounts.sign_in(self.name, known.secrets.password))
            for rooms in (self.ours, again):
                assert _texts(rooms) == known.entries
            report = journal_verify.verify(
                self.home.store, again.vault, progress=lambda done, total: None
            )
            assert report.problems == []
            again.vault.wipe()
            for password in known.secrets.revoked_passwords:
                with pytest.raises(WrongCredentials):
                    await accounts.sign_in(self.name, password)
            for code in list(known.secrets.revoked_codes)[:2]:
                with pytest.raises(WrongCode):
                    await accounts.recover(self.name, code, PASSWORDS[0])

        self.runner.run(look())


def _texts(rooms: Rooms) -> dict[bytes, str]:
    rooms.journal.follow()
    return {
        thread.entry.id: thread.entry.text
        for _, threads in rooms.journal.every_day()
        for thread in threads
    }


def _settings(examples: int, steps: int) -> settings:
    slow = [HealthCheck.too_slow]  # each step derives keys
    return settings(max_examples=examples, stateful_step_count=steps, suppress_health_check=slow)


TestKeys = KeyMachine.TestCase
TestKeys.settings = _settings(6, 20)


@pytest.mark.slow
class TestKeysAtLength(KeyMachine.TestCase):
    settings = _settings(2_000, 50)
