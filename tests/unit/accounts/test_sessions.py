"""Sessions: what keeps one alive, and everything that ends one."""

import asyncio
import base64
import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from tests.support.accounts import (
    OTHER_PASSWORD,
    POLICY,
    House,
    Registered,
    TurnedClock,
    house,
    registered,
)

from llamora.accounts import Entered, Kind, Left, device_named
from llamora.accounts.carriers import SEAT
from llamora.storage import StoreFull, Transaction, ledger
from llamora.vault import RuntimeKey, Vault, sodium
from llamora.vault.cookie_key import CookieKey

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Machine:
    """A server in several processes: one key, one file, one clock."""

    def __init__(self, ada: Registered, mode: Literal["session", "cookie"]) -> None:
        self.ada = ada
        self.mode = mode
        self.clock = TurnedClock()
        self.statements: list[str] = []
        self._runtime = RuntimeKey()
        self._stack = ExitStack()

    def process(self, *, after_restart: bool = False) -> House:
        """A process; after a restart of the server it has another runtime key."""
        key: RuntimeKey | CookieKey = RuntimeKey(bytearray(self._runtime.hand_down()))
        if self.mode == "cookie":
            key = CookieKey(b"a secret of the installation, kept in its folder")
        elif after_restart:
            key = RuntimeKey()
        policy = replace(POLICY, dek_storage=self.mode)
        return self._stack.enter_context(
            house(
                self.ada.path,
                policy,
                clock=self.clock,
                key=key,
                before_execute=self.statements.append,
            )
        )

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(params=["session", "cookie"])
def machine(ada: Registered, request: pytest.FixtureRequest) -> Iterator[Machine]:
    machine = Machine(ada, request.param)
    yield machine
    machine.close()


@pytest.fixture
def here(machine: Machine) -> House:
    return machine.process()


@pytest.fixture
async def vault(here: House, ada: Registered) -> Vault:
    return await here.accounts.sign_in(ada.name, ada.password)


@pytest.fixture
async def cookie(here: House, vault: Vault) -> str:
    return await here.sessions.begin(Entered(vault, 1), "Firefox on Linux")


async def test_a_cookie_brings_the_vault_back(machine: Machine, here: House, cookie: str):
    elsewhere = machine.process()
    for process in (here, elsewhere):
        session = process.sessions.resume(cookie)
        assert session
        assert session.vault
        assert session.device == "Firefox on Linux"
        assert session.created == machine.clock.now()
        assert session.pulse == ledger.Pulse(1, 1, 0)
        assert process.accounts.settings(session.vault).zone == "Europe/London"


async def test_every_session_has_a_cookie_of_its_own(here: House, vault: Vault, cookie: str):
    assert cookie != await here.sessions.begin(Entered(vault, 1), "Firefox on Linux")


@pytest.mark.parametrize(
    "other",
    ["", "x", "=", "é", "\ud800", "A" * 43, "A" * 42, "A" * 5000, "../../etc/passwd", "a b\0"],
)
async def test_no_other_cookie_opens_anything(here: House, cookie: str, other: str):
    assert here.sessions.resume(other) is None
    assert here.sessions.resume(cookie + other) is None or other in ("", "=")


async def test_every_character_of_the_cookie_counts(here: House, cookie: str):
    raw = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        forged = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert here.sessions.resume(forged) is None
    assert here.sessions.resume(cookie)


async def test_a_signed_out_cookie_is_refused_in_every_process(
    machine: Machine, here: House, cookie: str
):
    elsewhere = machine.process()
    session = elsewhere.sessions.resume(cookie)
    assert session
    await here.sessions.end(session)
    assert here.sessions.resume(cookie) is None
    assert elsewhere.sessions.resume(cookie) is None


async def test_an_idle_session_is_refused_and_stays_so(machine: Machine, here: House, cookie: str):
    machine.clock.turn(HOUR - timedelta(seconds=1))
    assert here.sessions.resume(cookie)
    machine.clock.turn(timedelta(seconds=1))
    for process in (here, machine.process()):
        assert process.sessions.resume(cookie) is None
    await here.sessions.flush()
    assert here.sessions.resume(cookie) is None


async def test_use_keeps_a_session_alive_in_every_process_until_its_absolute_end(
    machine: Machine, here: House, cookie: str
):
    elsewhere = machine.process()
    for _ in range(47):  # half hours; the last one is the 24th hour's
        machine.clock.turn(HOUR / 2)
        session = here.sessions.resume(cookie)
        assert session
        here.sessions.touch(session)
        await here.sessions.flush()
        assert elsewhere.sessions.resume(cookie, open_vault=False)
    machine.clock.turn(HOUR / 2)
    assert here.sessions.resume(cookie) is None
    assert elsewhere.sessions.resume(cookie) is None
    assert here.store.rows("SELECT 1 FROM sessions") == [(1,)]
    await here.sessions.flush()
    assert here.store.rows("SELECT 1 FROM sessions") == []


@pytest.mark.parametrize("used", [False, True])
async def test_setting_the_clock_back_lengthens_no_session(
    machine: Machine, here: House, cookie: str, used: bool
):
    lasts = 24 if used else 1
    for half_hour in range(2 * lasts):
        session = here.sessions.resume(cookie)
        assert session, half_hour
        if used:
            here.sessions.touch(session)
        await here.sessions.flush()
        machine.clock.turn(HOUR / 2)
        machine.clock.set_back(HOUR / 2)
    for _ in range(3):  # refused, and forgotten by nothing that happens in between
        assert here.sessions.resume(cookie) is None
        assert here.sessions.sweep() == set()
        await here.sessions.flush()
    assert here.store.rows("SELECT 1 FROM sessions") == [(1,)]


async def test_a_session_seen_first_after_the_clock_was_set_back_gains_one_term_at_most(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    machine.clock.set_back(1000 * HOUR)
    elsewhere = machine.process()
    for _ in range(48):
        session = elsewhere.sessions.resume(cookie)
        assert session
        elsewhere.sessions.touch(session)
        machine.clock.turn(HOUR / 2)
    assert elsewhere.sessions.resume(cookie) is None
    assert elsewhere.sessions.list(vault) == []


async def test_a_session_that_is_over_keeps_no_vault_open(
    machine: Machine, here: House, cookie: str, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = machine.process()
    opened: list[Vault] = []
    real = Vault.from_sealed_dek.__func__  # pyright: ignore[reportFunctionMemberAccess]

    def noted(cls: type[Vault], *args: object, **visible: object) -> object:
        found = real(cls, *args, **visible)
        opened.append(found[0])
        return found

    monkeypatch.setattr(Vault, "from_sealed_dek", classmethod(noted))
    machine.clock.turn(HOUR)
    assert elsewhere.sessions.resume(cookie) is None
    assert elsewhere.sessions.resume(cookie) is None
    assert opened
    assert all(vault.is_locked for vault in opened)


async def test_a_password_change_ends_every_session_but_the_one_that_is_kept(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    elsewhere = machine.process()
    other = await elsewhere.sessions.begin(Entered(vault, 1), "Safari on iPhone")
    session = here.sessions.resume(cookie)
    assert session
    assert elsewhere.sessions.resume(cookie)
    kept = here.sessions.keep(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    for process in (here, elsewhere, machine.process()):
        assert process.sessions.resume(other) is None
        again = process.sessions.resume(kept.cookie)
        assert again
        assert again.generation == again.pulse.generation == 2


async def test_a_password_change_without_one_to_keep_ends_all(
    here: House, vault: Vault, cookie: str, ada: Registered
):
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    assert here.sessions.resume(cookie) is None


async def test_a_session_that_ended_meanwhile_is_not_kept(
    here: House, vault: Vault, cookie: str, ada: Registered
):
    session = here.sessions.resume(cookie)
    assert session
    kept = here.sessions.keep(session)
    await here.sessions.end(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert here.store.rows("SELECT 1 FROM sessions") == []


async def test_recovery_and_erasure_end_every_session_everywhere(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    elsewhere = machine.process()
    assert elsewhere.sessions.resume(cookie)
    opened = await here.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    assert here.sessions.resume(cookie) is None
    assert elsewhere.sessions.resume(cookie) is None
    fresh = await here.sessions.begin(opened, "")
    assert elsewhere.sessions.resume(fresh)
    await here.accounts.erase(opened.vault, ada.name, OTHER_PASSWORD)
    assert here.sessions.resume(fresh) is None
    assert elsewhere.sessions.resume(fresh) is None


async def test_a_row_put_back_after_a_password_change_is_refused(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    (row,) = here.store.rows("SELECT id, owner, expires, sealed FROM sessions")
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    await here.store.write(lambda tx: tx.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", row))
    assert here.sessions.resume(cookie) is None
    assert machine.process().sessions.resume(cookie) is None


async def test_a_restart_signs_out_unless_the_browser_carries_the_key(
    machine: Machine, here: House, cookie: str
):
    assert here.sessions.resume(cookie)
    session = machine.process(after_restart=True).sessions.resume(cookie)
    assert (session is not None) == (machine.mode == "cookie")


async def test_the_cookie_of_before_a_password_change_is_refused_where_it_carries_the_key(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    session = here.sessions.resume(cookie)
    assert session
    kept = here.sessions.keep(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert here.sessions.resume(kept.cookie)
    if machine.mode == "cookie":
        assert kept.cookie != cookie
        assert here.sessions.resume(cookie) is None
        assert here.sessions.resume(kept.cookie), "a refused cookie ended the session it names"


async def test_a_cookie_of_another_secret_is_refused(ada: Registered):
    policy = replace(POLICY, dek_storage="cookie")
    with (
        house(ada.path, policy, key=CookieKey(b"a" * 32)) as one,
        house(ada.path, policy, key=CookieKey(b"b" * 32)) as other,
    ):
        vault = await one.accounts.sign_in(ada.name, ada.password)
        cookie = await one.sessions.begin(Entered(vault, 1), "")
        assert one.sessions.resume(cookie)
        assert other.sessions.resume(cookie) is None
        assert other.sessions.resume(await other.sessions.begin(Entered(vault, 1), ""))


def test_a_short_secret_seals_no_cookies():
    with pytest.raises(ValueError, match="32 bytes"):
        CookieKey(b"too short")


async def test_another_machines_file_does_not_know_the_cookie(
    here: House, cookie: str, tmp_path: Path
):
    with house(registered(tmp_path / "other").path) as other:
        assert other.sessions.resume(cookie) is None


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE sessions SET expires = expires + 1",
        "UPDATE sessions SET sealed = randomblob(302)",
        "UPDATE accounts SET generation = generation + 1",
        "UPDATE accounts SET epoch = epoch + 1",
        "DELETE FROM sessions",
        "DELETE FROM accounts",
    ],
)
async def test_a_row_that_was_tampered_with_opens_nothing(
    machine: Machine, here: House, cookie: str, edit: str
):
    assert here.sessions.resume(cookie)
    await here.store.write(lambda tx: tx.execute(edit))
    assert here.sessions.resume(cookie) is None
    assert here.sessions.sweep() == set()
    assert machine.process().sessions.resume(cookie) is None


async def test_resuming_reads_one_row_decrypts_nothing_and_never_writes(
    machine: Machine, here: House, cookie: str, monkeypatch: pytest.MonkeyPatch
):
    elsewhere = machine.process()
    for process in (here, elsewhere):
        process.sessions.resume(cookie)
    opened: list[bytes] = []
    decrypt = sodium.decrypt
    monkeypatch.setattr(
        sodium, "decrypt", lambda *args: (opened.append(args[2]), decrypt(*args))[1]
    )
    machine.statements.clear()
    for _ in range(100):
        for process in (here, elsewhere):
            session = process.sessions.resume(cookie)
            assert session
            process.sessions.touch(session)
    assert len(machine.statements) == 200
    assert all(statement.startswith("SELECT") for statement in machine.statements)
    assert opened == []


async def test_the_counters_that_come_with_a_session_are_fresh(
    here: House, vault: Vault, cookie: str
):
    await here.store.write(lambda tx: ledger.change(tx, vault, notes=[{"n": 1}, {"n": 2}]))
    session = here.sessions.resume(cookie)
    assert session
    assert session.pulse.last_change == 2


async def test_last_use_is_written_at_most_once_a_minute(
    machine: Machine, here: House, cookie: str
):
    def updates() -> int:
        return sum(statement.startswith("UPDATE sessions") for statement in machine.statements)

    for _ in range(180):  # seconds
        machine.clock.turn(timedelta(seconds=1))
        session = here.sessions.resume(cookie)
        assert session
        here.sessions.touch(session)
        await here.sessions.flush()
    assert updates() == 3
    machine.statements.clear()
    for _ in range(180):
        machine.clock.turn(timedelta(seconds=1))
        await here.sessions.flush()
    assert not any(not statement.startswith("SELECT") for statement in machine.statements)


async def test_a_last_use_is_not_written_over_a_session_that_ended_meanwhile(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.turn(2 * MINUTE)
    here.sessions.touch(session)
    await machine.process().sessions.end(session)
    machine.statements.clear()
    await here.sessions.flush()
    assert all(statement.startswith("SELECT") for statement in machine.statements)
    assert here.store.rows("SELECT 1 FROM sessions") == []
    assert here.sessions.resume(cookie) is None


async def test_a_last_use_is_not_written_over_a_session_that_was_renewed_meanwhile(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.turn(2 * MINUTE)
    here.sessions.touch(session)
    kept = here.sessions.keep(session)
    flushing = threading.Event()

    def renew(tx: Transaction) -> None:
        assert flushing.wait(10)
        ledger.change(tx, vault, new_generation=True)
        kept.renew(tx, 2)

    first = asyncio.create_task(here.store.write(renew))
    await asyncio.sleep(0)
    second = asyncio.create_task(here.sessions.flush())  # has read the row of before
    await asyncio.sleep(0)
    flushing.set()
    await asyncio.gather(first, second)
    assert here.sessions.resume(kept.cookie)
    assert machine.process().sessions.resume(kept.cookie)


async def test_the_sweep_names_the_owners_whose_journals_may_stay_open(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    elsewhere = machine.process()
    assert here.sessions.sweep() == {vault.owner}
    assert elsewhere.sessions.sweep() == set()  # it was never used there
    session = elsewhere.sessions.resume(cookie, open_vault=False)
    assert session
    assert elsewhere.sessions.sweep() == {vault.owner}
    await elsewhere.sessions.end(session)
    assert here.sessions.sweep() == set()


async def test_without_a_wish_for_it_no_vault_is_opened(machine: Machine, here: House, cookie: str):
    elsewhere = machine.process()
    session = elsewhere.sessions.resume(cookie, open_vault=False)
    assert session
    assert session.vault is None
    session = elsewhere.sessions.resume(cookie)
    assert session
    assert session.vault


async def test_a_vault_that_was_wiped_is_opened_again_for_a_live_session(
    here: House, vault: Vault, cookie: str
):
    vault.wipe()
    session = here.sessions.resume(cookie, open_vault=False)
    assert session
    assert session.vault is None
    session = here.sessions.resume(cookie)
    assert session
    assert session.vault
    assert not session.vault.is_locked
    assert here.sessions.resume(cookie) == session  # and only once


async def test_all_sessions_are_listed_and_one_or_all_others_can_be_ended(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    cookies = []
    for device in ("Safari on iPhone", "Chrome on Windows"):
        machine.clock.turn(MINUTE)
        cookies.append(await here.sessions.begin(Entered(vault, 1), device))
    listed = here.sessions.list(vault)
    assert [info.device for info in listed] == [
        "Chrome on Windows",
        "Safari on iPhone",
        "Firefox on Linux",
    ]
    assert listed[0].created == listed[0].last_seen == machine.clock.now()
    await here.sessions.end(listed[1])
    assert here.sessions.resume(cookies[0]) is None
    present = here.sessions.resume(cookie)
    assert present
    await here.sessions.end_all(vault, but=present)
    assert here.sessions.resume(cookies[1]) is None
    assert [info.id for info in here.sessions.list(vault)] == [present.id]
    await here.sessions.end_all(vault)
    assert here.sessions.left(present) is None
    assert here.sessions.resume(cookie) is None


async def test_a_session_of_another_process_is_listed_with_all_that_is_known_of_it(
    machine: Machine, vault: Vault, here: House, cookie: str
):
    there = machine.process().sessions
    (info,) = there.list(vault)
    assert info.device == "Firefox on Linux"
    assert info.created == info.last_seen == machine.clock.now()
    machine.clock.turn(2 * MINUTE)
    session = here.sessions.resume(cookie)
    assert session
    here.sessions.touch(session)
    await here.sessions.flush()
    (info,) = there.list(vault)
    assert info.last_seen == machine.clock.now()


async def test_what_the_list_shows_goes_with_the_session(
    machine: Machine, vault: Vault, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    await here.sessions.end(session)
    machine.clock.turn(MINUTE)
    later = await here.sessions.begin(Entered(vault, 1), "Safari on iPhone")
    held = here.sessions.resume(later)
    assert held
    assert here.store.rows("SELECT id FROM seats") == [(held.id,)]


async def test_how_long_is_left_falls_with_time_and_rises_with_use_alone(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    assert here.sessions.left(session) == Left(3600, 24 * 3600)
    machine.clock.turn(10 * MINUTE)
    for _ in range(3):
        assert here.sessions.resume(cookie), "looking is no use"
    assert here.sessions.left(session) == Left(3000, 24 * 3600 - 600)
    here.sessions.touch(session)
    assert here.sessions.left(session) == Left(3600, 24 * 3600 - 600)
    machine.clock.turn(60 * MINUTE)
    assert here.sessions.left(session) is None


async def test_a_clock_that_jumps_a_day_makes_no_session_longer(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.set_back(24 * HOUR)
    left = here.sessions.left(session)
    assert left
    assert left.idle <= 3600
    assert left.absolute <= 24 * 3600
    machine.clock.set_back(-48 * HOUR)
    assert here.sessions.resume(cookie) is None


async def test_a_clock_that_is_set_forward_leaves_what_it_says(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.set_back(-30 * MINUTE)
    assert here.sessions.left(session) == Left(1800, 23.5 * 3600)


async def test_what_is_left_is_told_to_the_last_moment(machine: Machine, here: House, cookie: str):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.turn(HOUR - timedelta(seconds=0.5))
    left = here.sessions.left(session)
    assert left
    assert left.idle == pytest.approx(0.5)


async def test_a_vault_stays_open_here_though_the_session_was_used_elsewhere(
    machine: Machine, here: House, cookie: str
):
    first = here.sessions.resume(cookie)
    elsewhere = machine.process()
    other = elsewhere.sessions.resume(cookie)
    assert first
    assert other
    machine.clock.turn(2 * MINUTE)
    elsewhere.sessions.touch(other)
    await elsewhere.sessions.flush()
    again = here.sessions.resume(cookie, open_vault=False)
    assert again
    assert again.vault is first.vault is not None


async def test_what_the_list_showed_of_an_expired_session_goes_with_the_next_flush(
    machine: Machine, here: House, cookie: str
):
    machine.clock.turn(25 * HOUR)
    await here.sessions.flush()
    assert here.store.rows("SELECT 1 FROM sessions UNION ALL SELECT 1 FROM seats") == []


async def test_a_session_of_another_process_is_listed_with_its_beginning(
    machine: Machine, vault: Vault, here: House, cookie: str
):
    here.store.write_now(lambda tx: tx.execute("DELETE FROM seats"))
    (info,) = machine.process().sessions.list(vault)
    assert info.created == machine.clock.now()
    assert info.expires == machine.clock.now() + 24 * HOUR


async def test_a_vault_of_older_keys_begins_no_session(here: House, vault: Vault):
    await here.store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = 2"))
    with pytest.raises(ledger.Stale):
        await here.sessions.begin(Entered(vault, 1), "")
    await here.store.write(lambda tx: tx.execute("DELETE FROM accounts"))
    with pytest.raises(ledger.Gone):
        await here.sessions.begin(Entered(vault, 1), "")


async def test_neither_the_cookie_nor_the_device_is_in_the_file(
    here: House, cookie: str, ada: Registered
):
    await here.store.truncate()
    file = ada.path.read_bytes()
    secret = base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4))
    assert secret not in file
    assert cookie.encode() not in file
    assert b"Firefox" not in file


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Linux",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
            " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_in_a_few_words(user_agent: str, words: str):
    assert device_named(user_agent) == words


# What is over stays over


async def test_what_is_over_is_not_touched_alive_and_what_is_unknown_here_is_no_matter(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    machine.process().sessions.touch(session)
    machine.clock.turn(HOUR)
    here.sessions.touch(session)
    assert here.sessions.resume(cookie) is None


@pytest.mark.parametrize("half_hours", [0, 47])
async def test_a_session_is_over_at_the_very_second_by_the_clock_on_the_wall(
    machine: Machine, here: House, cookie: str, half_hours: int
):
    session = here.sessions.resume(cookie)
    for _ in range(half_hours):
        machine.clock.turn(HOUR / 2)
        session = here.sessions.resume(cookie)
        assert session
        here.sessions.touch(session)
    # The wall's clock alone goes on: by the time that may be unused, or to the absolute end.
    machine.clock.set_back(-(HOUR / 2 if half_hours else HOUR))
    assert here.sessions.resume(cookie) is None


async def test_of_an_ended_session_nothing_is_left_to_keep_or_to_count(here: House, cookie: str):
    session = here.sessions.resume(cookie)
    assert session
    await here.sessions.end(session)
    assert here.sessions.left(session) is None
    assert here.sessions.keep(session).cookie == ""


async def test_a_session_that_is_over_is_not_kept_over_a_new_password(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    session = here.sessions.resume(cookie)
    assert session
    machine.clock.turn(HOUR)
    kept = here.sessions.keep(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert kept.cookie == ""
    assert here.store.rows("SELECT 1 FROM sessions") == []


async def test_what_is_over_is_not_listed_in_a_process_that_never_saw_it(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    there = machine.process().sessions
    machine.clock.turn(HOUR - timedelta(seconds=1))
    assert len(there.list(vault)) == 1
    machine.clock.turn(timedelta(seconds=1))
    assert there.list(vault) == []
    # Where its row does not say when it was used, it is known by its absolute end.
    here.store.write_now(lambda tx: tx.execute("DELETE FROM seats"))
    assert len(there.list(vault)) == 1
    machine.clock.turn(23 * HOUR)
    assert there.list(vault) == []


async def test_a_session_in_use_is_not_listed_beyond_its_absolute_end(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    there = machine.process().sessions
    for _ in range(47):
        machine.clock.turn(HOUR / 2)
        session = here.sessions.resume(cookie)
        assert session
        here.sessions.touch(session)
        await here.sessions.flush()
    machine.clock.turn(HOUR / 2 - timedelta(seconds=1))
    assert len(there.list(vault)) == 1
    machine.clock.turn(timedelta(seconds=1))
    assert there.list(vault) == []


async def test_a_session_that_is_over_lets_its_vault_go(machine: Machine, cookie: str):
    """Forgotten, its page is wiped; whoever still uses it wipes it himself."""
    there = machine.process().sessions
    session = there.resume(cookie)
    assert session
    assert session.vault
    vault = weakref.ref(session.vault)
    del session
    gc.collect()
    assert vault() is not None, "the control: a session that holds keeps it"
    machine.clock.turn(HOUR)
    assert there.resume(cookie) is None
    gc.collect()
    assert vault() is None


async def test_where_the_file_cannot_be_written_a_session_ends_here_and_its_row_goes_later(
    ada: Registered,
):
    full = False

    def disk(statement: str) -> None:
        if full and statement.startswith("DELETE"):
            raise StoreFull

    with house(ada.path, before_execute=disk) as home:
        cookie = await home.sessions.begin(await home.accounts.enter(ada.name, ada.password), "")
        session = home.sessions.resume(cookie)
        assert session
        full = True
        await home.sessions.end(session)
        assert home.sessions.resume(cookie) is None
        assert home.store.rows("SELECT 1 FROM sessions") == [(1,)]
        full = False
        await home.sessions.flush()
        assert home.store.rows("SELECT 1 FROM sessions") == []


async def test_once_the_row_of_an_ended_session_is_gone_nothing_more_is_written(
    machine: Machine, here: House, cookie: str
):
    session = here.sessions.resume(cookie)
    assert session
    await here.sessions.end(session)
    machine.statements.clear()
    await here.sessions.flush()
    assert all(statement.startswith("SELECT") for statement in machine.statements)


async def test_an_end_is_told_of_to_whoever_brings_the_vault_and_is_a_locking_unless_said(
    here: House, vault: Vault
):
    for told in ({}, {"kind": Kind.SESSION_ENDED}):
        cookie = await here.sessions.begin(Entered(vault, 1), "")
        session = here.sessions.resume(cookie)
        assert session
        await here.sessions.end(session, vault, **told)
    ends = [event.kind for event in here.accounts.happened(vault).events]
    assert sorted(ends) == sorted([Kind.SIGNED_IN] * 2 + [Kind.LOCKED, Kind.SESSION_ENDED])


# What is not asked for is not opened


async def test_the_sweep_opens_no_vault(machine: Machine, vault: Vault, cookie: str):
    there = machine.process().sessions
    assert there.resume(cookie, open_vault=False)
    assert there.sweep() == {vault.owner}
    session = there.resume(cookie, open_vault=False)
    assert session
    assert session.vault is None


async def test_nor_while_the_cookie_of_a_new_password_is_on_its_way(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    there = machine.process().sessions
    session = there.resume(cookie, open_vault=False)
    assert session
    kept = there.keep(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert there.sweep() == {vault.owner}
    session = there.resume(kept.cookie, open_vault=False)
    assert session
    assert session.vault is None


async def test_what_changes_in_the_journal_opens_no_session_anew(
    here: House, vault: Vault, cookie: str, monkeypatch: pytest.MonkeyPatch
):
    assert here.sessions.resume(cookie)
    await here.store.write(lambda tx: ledger.change(tx, vault, notes=[{"n": 1}]))
    monkeypatch.setattr(sodium, "decrypt", lambda *_: pytest.fail("something was decrypted"))
    assert here.sessions.resume(cookie)


async def test_what_the_list_shows_says_in_which_form_it_is(here: House, vault: Vault, cookie: str):
    ((id, sealed),) = here.store.rows("SELECT id, sealed FROM seats")
    now = int(here.clock.now().timestamp())
    shown = {"v": 1, "created": now, "last_seen": now, "device": "Firefox on Linux"}
    assert vault.open(SEAT, id, sealed).header == shown


async def test_a_session_without_its_vault_costs_one_read(
    machine: Machine, vault: Vault, cookie: str
):
    there = machine.process().sessions
    there.list(vault)  # so that the file is open
    machine.statements.clear()
    assert there.resume(cookie, open_vault=False)
    assert len(machine.statements) == 1


async def test_a_journal_stays_open_until_the_browser_has_the_cookie_of_its_new_password(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    session = here.sessions.resume(cookie)
    assert session
    kept = here.sessions.keep(session)
    await here.accounts.change_password(vault, ada.password, OTHER_PASSWORD, kept)
    assert here.sessions.sweep() == {vault.owner}
    assert here.sessions.resume(kept.cookie)
    assert here.sessions.sweep() == {vault.owner}


def test_a_key_goes_with_its_own_way_of_keeping_sessions(ada: Registered):
    for mode, key in (("session", CookieKey(b"s" * 32)), ("cookie", RuntimeKey())):
        with (
            pytest.raises(ValueError, match="CookieKey goes with"),
            house(ada.path, replace(POLICY, dek_storage=mode), key=key),
        ):
            pass


async def test_a_device_is_named_in_sixty_letters_at_most(here: House, vault: Vault):
    for length in (60, 61, 10_000):
        cookie = await here.sessions.begin(Entered(vault, 1), "x" * length)
        session = here.sessions.resume(cookie)
        assert session
        assert session.device == "x" * 60


async def test_a_seat_that_does_not_open_leaves_its_session_in_the_list(
    machine: Machine, here: House, vault: Vault, cookie: str
):
    here.store.write_now(lambda tx: tx.execute("UPDATE seats SET sealed = randomblob(200)"))
    for process, device in ((here, "Firefox on Linux"), (machine.process(), "")):
        (info,) = process.sessions.list(vault)
        assert info.device == device
        assert info.created == machine.clock.now()


async def test_a_session_that_is_opened_while_a_key_is_rotated_reads_the_rows_of_before(
    machine: Machine, here: House, vault: Vault, cookie: str, ada: Registered
):
    session = here.sessions.resume(cookie)
    assert session
    kept = here.sessions.keep(session)
    await here.accounts.rotate(vault, ada.password, kept)
    session = machine.process().sessions.resume(kept.cookie)
    assert session
    assert session.vault
    assert (session.vault.epoch, session.vault.older) == (2, 1)
    assert "Vault" not in repr(session), "nor is it shown where a session is printed"
