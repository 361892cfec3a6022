"""Rotating a key: nothing is lost, nothing of the old key is left, and it may be cut anywhere."""

import asyncio
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

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
from tests.support.journals import assert_sound, write
from tests.support.turning import FIRST, Rooms, cut_after, epochs, fill, held, rows

from llamora.accounts import (
    AlreadyTurning,
    Entered,
    Kind,
    Progress,
    WrongCode,
    WrongCredentials,
    WrongPassword,
    accounts,
    turning,
)
from llamora.accounts import rotation as rotating
from llamora.accounts.carriers import SEAT
from llamora.app import reseals
from llamora.journal import drafts, resealing
from llamora.journal import verify as journal_verify
from llamora.journal.edition import DayDamaged
from llamora.journal.journal import Unopened
from llamora.search.resealing import SEGMENT
from llamora.storage import StoreFull, ledger
from llamora.storage import resealing as batches
from llamora.storage.resealing import Reseal
from llamora.traces import verify as traces_verify
from llamora.vault import Locked, Unreadable, Vault


async def entered(home: House, ada: Registered, password: str = "") -> Rooms:
    return Rooms.of(home, await home.accounts.sign_in(ada.name, password or ada.password))


@pytest.fixture
async def ours(home: House, ada: Registered) -> Rooms:
    rooms = await entered(home, ada)
    await fill(rooms)
    return rooms


def problems(rooms: Rooms) -> list[str]:
    with rooms.store.snapshot() as seen:
        found = journal_verify.verify(seen, rooms.vault, progress=lambda done, total: None)
        return [*found.problems, *traces_verify.verify(seen, rooms.vault).problems]


@pytest.fixture
def a_row_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transactions as short as they may be, so that a rotation is cut between any two rows."""
    monkeypatch.setattr(rotating, "BATCH", 1)
    monkeypatch.setattr(resealing, "DAY_RECORDS", 1)
    monkeypatch.setattr(batches, "BATCH_BYTES", 1)


# What it leaves


async def test_everything_is_there_and_of_the_new_epoch(home: House, ada: Registered, ours: Rooms):
    before = held(ours.store, ours.vault)
    await home.accounts.note(ours.vault, Kind.IMPORTED)
    await home.accounts.rotate(ours.vault, ada.password)
    assert held(ours.store, ours.vault) == before
    assert problems(ours) == []
    done = await ours.rotation.finish()
    assert done is not None
    assert (done.left, done.records) == (0, len(before) + 1)  # and what was told of the import
    told = home.accounts.happened(ours.vault)
    assert {event.kind for event in told.events} == {Kind.IMPORTED, Kind.KEY_ROTATED}
    assert told.damaged == 0
    ours.vault.forget_older()
    assert epochs(ours.store, ours.vault) == {2}
    assert held(ours.store, ours.vault) == before
    assert problems(ours) == []
    assert_sound(ours.store, ours.vault)


async def test_what_is_kept_under_a_hash_is_found_at_every_stage(
    home: House, ada: Registered, ours: Rooms
):
    async def found() -> tuple[Any, ...]:
        draft = ours.journal.draft(drafts.of_day(FIRST))
        await ours.recent.remember("Heron")
        return (
            draft and draft.text,
            len(ours.journal.read(FIRST)),
            ours.traces.named("trace-1") is not None,
            len(ours.recent.all()),
        )

    everything = ("half a thought", 1, True, 1)
    assert await found() == everything
    await home.accounts.rotate(ours.vault, ada.password)
    assert await found() == everything
    await ours.rotation.finish()
    assert await found() == everything
    ours.vault.forget_older()
    assert await found() == everything


@pytest.mark.parametrize("stage", ["begun", "traced", "done"])
async def test_what_was_erased_can_be_brought_back(
    home: House, ada: Registered, ours: Rooms, stage: str
):
    entry = await write(ours.journal, "the heron", FIRST)
    trace = await ours.traces.keep(entry.id, "pond")
    await ours.journal.erase(entry.id)
    await home.accounts.rotate(ours.vault, ada.password)
    if stage == "traced":  # the draft is written anew, and the record within it must be too
        await ours.traces.erase(trace.id)
    if stage != "begun":
        await ours.rotation.finish()
        ours.vault.forget_older()
    assert (await ours.journal.restore(entry.id)).text == "the heron"
    await ours.rotation.finish()
    assert problems(ours) == []


async def test_a_write_to_a_day_that_waits_brings_the_whole_day_up(
    home: House, ada: Registered, ours: Rooms
):
    await home.accounts.rotate(ours.vault, ada.password)
    (old,) = {row[1]["day"] for row in rows(ours.store, ours.vault, reseals()[0])} & {
        ours.vault.day_hash(FIRST, 1)
    }
    await write(ours.journal, "later", FIRST)
    assert not ours.store.rows("SELECT 1 FROM days WHERE day = ?", (old,))
    assert not ours.store.rows("SELECT 1 FROM writings WHERE day = ?", (old,))
    assert problems(ours) == []


async def test_an_answer_that_grows_meanwhile_brings_its_day_up(
    home: House, ada: Registered, ours: Rooms
):
    entry = ours.journal.read(FIRST)[0].entry
    from llamora.journal.writing import Response
    from llamora.kernel import new_id

    said = Response(new_id(), FIRST, 1, entry.id, "It ", ours.journal.now(), state="writing")
    said = await ours.journal.begin_response(said)
    await home.accounts.rotate(ours.vault, ada.password)
    assert await ours.journal.grow_response(said)
    assert problems(ours) == []
    await ours.rotation.finish()
    ours.vault.forget_older()
    assert ours.journal.response(said.id).text == "It "


async def test_the_old_password_wrap_the_old_code_and_every_other_wrap_are_gone_from_the_file(
    home: House, ada: Registered, ours: Rooms
):
    foreign = ours.vault.wrap(b"p" * 16, "passkey", b"secret of a key", UNTHROTTLED.kdf)
    home.store.write_now(
        lambda tx: tx.execute(
            "INSERT INTO wraps (id, owner, kind, epoch, salt, m, t, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            tuple(vars(foreign).values()),
        )
    )
    old = [row[0] for row in home.store.rows("SELECT sealed FROM wraps")]
    old += [sealed for r in reseals() for _, _, sealed in _of(r, ours)]
    turned = await home.accounts.rotate(ours.vault, ada.password)
    assert turned.gone == ("passkey",)
    assert len(home.store.rows("SELECT 1 FROM wraps")) == 2
    link = home.store.rows("SELECT sealed FROM chain")[0][0]
    await ours.rotation.finish()
    home.store.close()
    whole = b"".join(file.read_bytes() for file in ada.path.parent.iterdir())
    assert len(old) > 30
    for sealed in (*old, link):
        assert sealed[6:] not in whole  # behind the head: nonce and all
        assert sealed[:22] not in whole


def _of(reseal: Any, ours: Rooms) -> list[Any]:
    return [] if reseal.at_once else list(rows(ours.store, ours.vault, reseal))


async def test_the_old_wraps_are_gone_from_the_file_and_its_log_as_soon_as_the_new_key_counts(
    home: House, ada: Registered, ours: Rooms
):
    old = [sealed for (sealed,) in home.store.rows("SELECT sealed FROM wraps")]
    assert len(old) == 2
    await home.accounts.rotate(ours.vault, ada.password)
    whole = b"".join(file.read_bytes() for file in ada.path.parent.iterdir())
    assert not any(sealed[6:] in whole for sealed in old)
    ((new,), _) = home.store.rows("SELECT sealed FROM wraps")
    assert new[6:] in whole, "the control"


async def test_a_backup_of_before_opens_with_its_own_code_and_the_file_does_not(
    home: House, ada: Registered, ours: Rooms, tmp_path: Path
):
    backup = tmp_path / "backup.sqlite3"
    with sqlite3.connect(ada.path) as source, sqlite3.connect(backup) as copy:
        source.backup(copy)
    turned = await home.accounts.rotate(ours.vault, ada.password)
    await ours.rotation.finish()
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    with house(backup) as then:
        with pytest.raises(WrongCode):
            await then.accounts.recover(ada.name, str(turned.code), OTHER_PASSWORD)
        await then.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    opened = await home.accounts.recover(ada.name, str(turned.code), OTHER_PASSWORD)
    assert Rooms.of(home, opened.vault).journal.read(FIRST)


async def test_a_key_is_rotated_again_and_again(home: House, ada: Registered, ours: Rooms):
    before = held(ours.store, ours.vault)
    for epoch in range(2, 7):
        await home.accounts.rotate(ours.vault, ada.password)
        await ours.rotation.finish()
        ours.vault.forget_older()
        assert epochs(ours.store, ours.vault) == {epoch}
    assert held(ours.store, ours.vault) == before


async def test_importing_again_after_it_adds_nothing(home: House, ada: Registered, tmp_path: Path):
    from llamora.exchange import jsonl

    ours = await entered(home, ada)
    path = tmp_path / "lines.jsonl"
    path.write_text(
        '{"date": "2024-02-29", "text": "heron"}\n{"date": "2024-02-29", "text": "x"}\n'
    )
    assert (await jsonl.read(ours.journal, path, progress=lambda *_: None)).added == 2
    await home.accounts.rotate(ours.vault, ada.password)
    assert (await jsonl.read(ours.journal, path, progress=lambda *_: None)).added == 0
    await ours.rotation.finish()
    ours.vault.forget_older()
    assert (await jsonl.read(ours.journal, path, progress=lambda *_: None)).added == 0


# What may happen meanwhile


async def test_a_second_rotation_is_refused_until_the_first_is_through(
    home: House, ada: Registered, ours: Rooms
):
    outcomes = await asyncio.gather(
        *[home.accounts.rotate(ours.vault, ada.password) for _ in range(2)],
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refused) == 1
    assert isinstance(refused[0], AlreadyTurning | ledger.Stale | WrongPassword)
    with pytest.raises(AlreadyTurning):
        await home.accounts.rotate(ours.vault, ada.password)
    await ours.rotation.finish()
    await home.accounts.rotate(ours.vault, ada.password)
    assert ours.vault.epoch == 3


async def test_one_that_comes_second_leaves_the_vault_with_the_key_of_the_first(
    home: House, ada: Registered, ours: Rooms, monkeypatch: pytest.MonkeyPatch
):
    """Both have seen the password and wait for the writer: a button that was pressed twice."""
    gate, both_wait = threading.Event(), asyncio.Barrier(3)

    async def counted(*given: Any) -> tuple[str, ...]:
        turned = asyncio.create_task(turning.turn(*given))
        await both_wait.wait()
        return await turned

    monkeypatch.setattr(accounts, "turn", counted)
    held_up = asyncio.create_task(home.store.write(lambda tx: gate.wait(20)))
    both = [asyncio.create_task(home.accounts.rotate(ours.vault, ada.password)) for _ in range(2)]
    await both_wait.wait()
    gate.set()
    await held_up
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(AlreadyTurning) == 1
    assert ours.vault.epoch == 2
    await write(ours.journal, "still the same vault", FIRST)
    await ours.rotation.finish()
    assert epochs(ours.store, ours.vault) == {2}


async def test_the_old_key_is_kept_until_the_file_is_in_the_new_epoch(
    ours: Rooms, monkeypatch: pytest.MonkeyPatch
):
    """The vault turns in the transaction; somebody else may look before that is written."""
    monkeypatch.setattr(rotating, "GRACE_SECONDS", 0)
    later = ours.vault.next()
    ours.vault.turn_to(later)
    later.wipe()
    rotation = ours.rotation
    rotation.carry_on()
    await rotation.close()
    assert ours.vault.older == 1


async def test_two_that_go_on_with_it_at_once_share_the_work(
    home: House, ada: Registered, ours: Rooms, a_row_at_a_time: None
):
    before = held(ours.store, ours.vault)
    await home.accounts.rotate(ours.vault, ada.password)
    other = await entered(home, ada)
    await asyncio.gather(ours.rotation.finish(), other.rotation.finish())
    assert epochs(ours.store, ours.vault) == {2}
    assert held(ours.store, ours.vault) == before


@pytest.mark.parametrize("what", ["password", "code", "recover"])
async def test_secrets_may_be_replaced_while_it_is_under_way(
    home: House, ada: Registered, ours: Rooms, what: str, a_row_at_a_time: None
):
    before = held(ours.store, ours.vault)
    turned = await home.accounts.rotate(ours.vault, ada.password)
    assert not await cut_after(ours.rotation, 4)
    password = ada.password
    if what == "password":
        await home.accounts.change_password(ours.vault, ada.password, OTHER_PASSWORD)
        password = OTHER_PASSWORD
    elif what == "code":
        await home.accounts.new_code(ours.vault, ada.password)
    else:
        await home.accounts.recover(ada.name, str(turned.code), OTHER_PASSWORD)
        password = OTHER_PASSWORD
    again = await entered(home, ada, password)
    assert held(again.store, again.vault) == before
    await again.rotation.finish()
    again.vault.forget_older()
    assert held(again.store, again.vault) == before
    assert problems(again) == []


async def test_a_vault_of_before_may_not_write_any_more(home: House, ada: Registered, ours: Rooms):
    stale = await entered(home, ada)
    await home.accounts.rotate(ours.vault, ada.password)
    for attempt in (
        write(stale.journal, "too late"),
        stale.journal.keep_draft("day:2026-09-01", "too late"),
        stale.recent.remember("too late"),
        stale.rotation.finish(),
        home.accounts.save_settings(stale.vault, home.accounts.settings(ours.vault)),
    ):
        with pytest.raises((ledger.Stale, Unreadable)):
            await attempt
    with pytest.raises(ledger.Stale):
        problems(stale)


async def test_no_session_begins_with_a_password_that_was_right_before_it(
    home: House, ada: Registered, ours: Rooms
):
    early = await home.accounts.enter(ada.name, ada.password)
    await home.accounts.rotate(ours.vault, ada.password)
    with pytest.raises(ledger.Stale):
        await home.sessions.begin(early, "")


async def test_a_wrong_password_begins_nothing(home: House, ada: Registered, ours: Rooms):
    with pytest.raises(WrongPassword):
        await home.accounts.rotate(ours.vault, OTHER_PASSWORD)
    assert not ours.rotation.is_under_way
    assert ours.vault.epoch == 1


async def test_what_waits_in_the_background_goes_on_by_itself_and_ends_with_the_lock(
    home: House, ada: Registered, ours: Rooms, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rotating, "GRACE_SECONDS", 0.01)
    quiet = ours.rotation
    quiet.carry_on()
    assert quiet._task is None  # pyright: ignore[reportPrivateUsage]
    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    for _ in range(200):
        rotation.carry_on()
        await asyncio.sleep(0.01)
        if ours.vault.older is None:
            break
    assert ours.vault.older is None
    assert rotation.progress() is None
    await rotation.close()


async def test_a_rotation_that_is_closed_stops_between_two_transactions(
    home: House, ada: Registered, ours: Rooms, a_row_at_a_time: None
):
    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    rotation.carry_on()
    await asyncio.sleep(0)
    await rotation.close()
    ours.vault.wipe()
    again = await entered(home, ada)
    assert again.rotation.is_under_way
    await again.rotation.finish()
    assert problems(again) == []


async def test_closing_waits_for_what_is_under_way(
    home: House, ada: Registered, ours: Rooms, a_row_at_a_time: None
):
    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    rotation.carry_on()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() > {asyncio.current_task()}
    await rotation.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_progress_counts_the_days_that_are_through(
    home: House, ada: Registered, ours: Rooms, a_row_at_a_time: None
):
    await home.accounts.rotate(ours.vault, ada.password)
    days = len(ours.journal.days.written)
    assert ours.rotation.progress() == Progress(0, days, records=0, left=0)
    heard: list[Progress] = []
    done = await ours.rotation.finish(heard.append)
    assert done
    assert (done.done, done.days) == (days, days)
    assert [step.done for step in heard] == sorted(step.done for step in heard)
    assert {step.done for step in heard} >= set(range(1, days + 1))
    assert {step.days for step in heard} == {days}
    assert {step.left for step in heard} == {0}


async def test_a_vault_that_is_wiped_ends_it_without_a_word(
    home: House, ada: Registered, ours: Rooms
):
    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    rotation.carry_on()
    ours.vault.wipe()
    await rotation.close()
    with pytest.raises(Locked):
        await ours.rotation.finish()


async def test_a_vault_that_is_wiped_by_somebody_else_ends_it_at_once(
    home: House, ada: Registered, ours: Rooms, caplog: pytest.LogCaptureFixture
):
    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    rotation.carry_on()
    (task,) = asyncio.all_tasks() - {asyncio.current_task()}
    ours.vault.wipe()
    await asyncio.wait_for(task, 2)
    assert not caplog.records, "nothing went wrong: it is locked"


async def test_of_two_rows_that_would_get_one_hash_neither_is_dropped(
    home: House, ada: Registered, ours: Rooms
):
    """Only who writes to the file by hand brings that about: a draft under the hash to come."""
    found = "SELECT id, owner, place, sealed FROM drafts WHERE place = ?"
    ((id, owner, place, sealed),) = home.store.rows(
        found, (ours.vault.place_hash(drafts.of_day(FIRST)),)
    )
    await home.accounts.rotate(ours.vault, ada.password)
    taken = ours.vault.place_hash(drafts.of_day(FIRST))
    home.store.write_now(
        lambda tx: tx.execute(
            "INSERT INTO drafts (id, owner, place, revision, sealed) VALUES (?, ?, ?, 1, ?)",
            (bytes(16), owner, taken, sealed),
        )
    )
    done = await ours.rotation.finish()
    assert done
    assert done.left == 2
    assert home.store.rows(found, (place,)) == [(id, owner, place, sealed)]
    assert home.store.rows(found, (taken,)) == [(bytes(16), owner, taken, sealed)]


async def test_what_fails_in_the_background_is_tried_again(
    ada: Registered, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(rotating, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(rotating, "GRACE_SECONDS", 0.01)
    broken: list[Exception] = []

    def disk(statement: str) -> None:
        if broken and statement.startswith("UPDATE"):
            raise broken.pop()

    with house(ada.path, before_execute=disk) as home:
        ours = await entered(home, ada)
        await fill(ours)
        await home.accounts.rotate(ours.vault, ada.password)
        broken += [RuntimeError("a mistake of ours"), StoreFull()]
        rotation = ours.rotation
        for _ in range(1_000):
            rotation.carry_on()
            await asyncio.sleep(0.01)
            if ours.vault.older is None:
                break
        await rotation.close()
        assert not broken
        said = [record.getMessage() for record in caplog.records]
        for kind in ("StoreFull", "RuntimeError"):
            assert said.count(f"A rotation was interrupted: {kind}") == 1
        assert "a mistake of ours" not in caplog.text
        assert (ours.vault.epoch, ours.vault.older) == (2, None)


@pytest.mark.parametrize("fails", [False, True])
async def test_the_old_key_is_kept_five_seconds_longer_and_a_failure_waits_as_long(
    home: House, ada: Registered, ours: Rooms, monkeypatch: pytest.MonkeyPatch, fails: bool
):
    waits, waited = list[float](), asyncio.Event()

    async def no_longer(waiting: Any, seconds: float) -> None:
        waiting.close()
        waits.append(seconds)
        waited.set()
        assert ours.vault.older == 1
        raise TimeoutError

    def full(tx: ledger.Writes) -> int:
        raise StoreFull

    await home.accounts.rotate(ours.vault, ada.password)
    rotation = ours.rotation
    if fails:
        monkeypatch.setattr(rotation, "_end", full)
    monkeypatch.setattr(asyncio, "wait_for", no_longer)
    rotation.carry_on()
    await waited.wait()
    await rotation.close()
    assert waits == [5.0]
    assert ours.vault.older == (1 if fails else None)


async def test_a_vault_that_is_wiped_while_the_old_key_waits_ends_it_without_a_word(
    home: House, ada: Registered, ours: Rooms, caplog: pytest.LogCaptureFixture
):
    await home.accounts.rotate(ours.vault, ada.password)
    await ours.rotation.finish()
    rotation = ours.rotation
    rotation.carry_on()
    await asyncio.sleep(0.05)  # there is nothing left to do but to wait
    ours.vault.wipe()
    await rotation.close()
    assert not caplog.records


async def test_a_rotation_that_has_not_begun_has_nothing_to_stop_and_nothing_to_do(ours: Rooms):
    assert ours.rotation.progress() is None
    assert await ours.rotation.finish() == Progress(0, 0, 0, 0)
    await ours.rotation.close()


# Cut off, and damaged


@pytest.mark.parametrize("days", [6, pytest.param(60, marks=pytest.mark.slow)])
async def test_cut_between_any_two_transactions_and_resumed(
    home: House, ada: Registered, a_row_at_a_time: None, days: int
):
    """The long form makes a thousand edits while it does."""
    edits = 5 if days > 50 else 1
    ours = await entered(home, ada)
    await fill(ours, days)
    before = held(ours.store, ours.vault)
    await home.accounts.rotate(ours.vault, ada.password)
    cuts, ended = 0, False
    while not ended:
        cuts += 1
        ours.vault.wipe()
        ours = await entered(home, ada)
        reader = asyncio.create_task(_read_everything(ours))
        day = ours.journal.days.written[1 + cuts % (days - 1)]  # the first has a draft
        texts = [f"written at cut {cuts}, {n}" for n in range(edits)]
        *_, ended = await asyncio.gather(
            *(write(ours.journal, text, day) for text in texts), cut_after(ours.rotation, 1)
        )
        await reader
        assert {*texts} <= {thread.entry.text for thread in ours.journal.read(day)}
        assert problems(ours) == []
    assert cuts >= (200 if days > 50 else 30)
    ours.vault.forget_older()
    after = held(ours.store, ours.vault)
    assert epochs(ours.store, ours.vault) == {2}
    days_of = {key for key in before if key[0] == "days"}
    for key in before.keys() - days_of:  # the days' rows list what was written since
        assert after[key] == before[key]
    assert sum(key[0] == "writings" for key in after) == cuts * edits + sum(
        key[0] == "writings" for key in before
    )


async def _read_everything(ours: Rooms) -> None:
    for day in list(ours.journal.days.written):
        await asyncio.sleep(0)
        assert not any(isinstance(each, Unopened) for each in ours.journal.standing(day))


async def _damage(home: House, table: str, where: str, *values: Any) -> None:
    damaged = "CAST(substr(sealed, 1, 40) || x'00000000' || substr(sealed, 45) AS BLOB)"
    home.store.write_now(
        lambda tx: tx.execute(f"UPDATE {table} SET sealed = {damaged} WHERE {where}", values)
    )


@pytest.mark.parametrize("table", ["writings", "days", "drafts", "traces", "queries", "changes",
                                   "passages", "segments"])  # fmt: skip
async def test_a_row_that_does_not_open_is_counted_and_left_and_stops_nothing(
    home: House, ada: Registered, ours: Rooms, table: str
):
    key = "seq" if table == "changes" else "id"
    [(one,)] = home.store.rows(f"SELECT max({key}) FROM {table}")
    await _damage(home, table, f"{key} = ?", one)
    [(sealed,)] = home.store.rows(f"SELECT sealed FROM {table} WHERE {key} = ?", (one,))
    await home.accounts.rotate(ours.vault, ada.password)
    before = len(problems(ours))
    done = await ours.rotation.finish()
    assert done is not None
    assert done.left == 1
    assert home.store.rows(f"SELECT sealed FROM {table} WHERE {key} = ?", (one,)) == [(sealed,)]
    assert not ours.rotation.is_under_way
    ours.vault.forget_older()
    if table not in ("passages", "segments", "queries"):  # these are for others to look through
        assert len(problems(ours)) == before > 0


async def test_a_day_whose_row_does_not_open_stays_shut_and_keeps_its_writings(
    home: House, ada: Registered, ours: Rooms
):
    [(entry,)] = [(t.entry,) for t in ours.journal.read(FIRST)]
    await _damage(home, "days", "day = ?", ours.vault.day_hash(FIRST))
    await home.accounts.rotate(ours.vault, ada.password)
    with pytest.raises(DayDamaged):
        await write(ours.journal, "no", FIRST)
    await ours.rotation.finish()
    ours.vault.forget_older()
    ours.journal.follow()
    assert ours.journal.is_damaged(FIRST)
    assert ours.journal.entry(entry.id).text == entry.text
    with pytest.raises(DayDamaged):
        await write(ours.journal, "no", FIRST)


async def test_a_writing_that_does_not_open_keeps_its_place(
    home: House, ada: Registered, ours: Rooms
):
    entry = ours.journal.read(FIRST)[0].entry
    await _damage(home, "writings", "id = ?", entry.id)
    await home.accounts.rotate(ours.vault, ada.password)
    await ours.rotation.finish()
    ours.vault.forget_older()
    assert [type(each) for each in ours.journal.standing(FIRST)] == [Unopened]


async def test_a_day_that_was_taken_away_is_missed_after_it_as_before(
    home: House, ada: Registered, ours: Rooms
):
    home.store.write_now(
        lambda tx: tx.execute("DELETE FROM days WHERE day = ?", (ours.vault.day_hash(FIRST),))
    )
    before = len(problems(ours))
    await home.accounts.rotate(ours.vault, ada.password)
    await ours.rotation.finish()
    ours.vault.forget_older()
    assert len(problems(ours)) == before > 0


async def test_a_full_disk_interrupts_it_and_loses_nothing(ada: Registered):
    full = False

    def disk(statement: str) -> None:
        if full and statement.startswith(("UPDATE", "INSERT", "DELETE", "COMMIT")):
            raise StoreFull

    with house(ada.path, before_execute=disk) as home:
        ours = await entered(home, ada)
        await fill(ours)
        before = held(ours.store, ours.vault)
        full = True
        with pytest.raises(StoreFull):
            await home.accounts.rotate(ours.vault, ada.password)
        assert (ours.vault.epoch, ours.vault.older) == (1, None)
        full = False
        await home.accounts.rotate(ours.vault, ada.password)
        full = True
        with pytest.raises(StoreFull):
            await ours.rotation.finish()
        full = False
        assert held(ours.store, ours.vault) == before
        await ours.rotation.finish()
        assert held(ours.store, ours.vault) == before


# Every statement fails once


async def test_a_rotation_that_fails_to_begin_leaves_the_old_key_or_the_new_one(
    ada: Registered, tmp_path: Path
):
    for fault in every_nth():
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        with house(path, UNTHROTTLED, clock=TurnedClock(), before_execute=fault) as home:
            ours = await entered(home, ada)
            await write(ours.journal, "the heron", FIRST)
            await home.sessions.begin(Entered(ours.vault, 1), "")
            turned = None
            with fault.armed():
                turned = await home.accounts.rotate(ours.vault, ada.password)
            begun = ours.rotation.is_under_way
            checkpoint = bool(fault.struck) and "wal_checkpoint" in str(fault.struck)
            assert begun == (turned is not None or checkpoint), fault.struck
            assert ours.vault.epoch == 1 + begun
            assert len(home.store.rows("SELECT 1 FROM sessions")) == 1 - begun
            await write(ours.journal, "came back", FIRST)
            again = await entered(home, ada)
            assert len(again.journal.read(FIRST)) == 2
            if not begun:
                await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
            else:
                with pytest.raises(WrongCredentials):
                    await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
        shutil.rmtree(path.parent)


async def test_a_rotation_that_fails_anywhere_goes_on_from_there(ada: Registered, tmp_path: Path):
    with house(ada.path) as home:
        ours = await entered(home, ada)
        await fill(ours, 3)
        before = held(ours.store, ours.vault)
        await home.accounts.rotate(ours.vault, ada.password)
    for fault in every_nth():
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        with house(path, UNTHROTTLED, before_execute=fault) as home:
            ours = await entered(home, ada)
            with fault.armed():
                await ours.rotation.finish()
            assert held(ours.store, ours.vault) == before, fault.struck
            assert problems(ours) == [], fault.struck
            await ours.rotation.finish()
            assert epochs(ours.store, ours.vault) == {2}
            assert held(ours.store, ours.vault) == before
        shutil.rmtree(path.parent)


async def test_when_the_disk_fills_at_any_write_the_key_is_the_old_or_the_new_one(
    ada: Registered, tmp_path: Path
):
    room = 0
    for room in filling():
        path = tmp_path / "turn" / "llamora.sqlite3"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ada.path, path)
        with house(path, UNTHROTTLED) as home:
            ours = await entered(home, ada)
            await write(ours.journal, "the heron", FIRST)
            await home.store.truncate()
            with full_after(room) as disk:
                await home.accounts.rotate(ours.vault, ada.password)
            assert ours.rotation.is_under_way != disk.was_full
            assert ours.vault.epoch == 2 - disk.was_full
            await write(ours.journal, "came back", FIRST)
            assert len((await entered(home, ada)).journal.read(FIRST)) == 2
        shutil.rmtree(path.parent)
        if not disk.was_full:
            break
    assert room > 3 * FRAME, "the disk was never full"


async def test_when_the_disk_fills_at_any_write_a_rotation_goes_on_from_there(
    home: House, ada: Registered
):
    ours = await entered(home, ada)
    await fill(ours, 3)
    before = held(ours.store, ours.vault)
    await home.accounts.rotate(ours.vault, ada.password)
    room = 0
    for room in filling():
        await home.store.truncate()
        with full_after(room) as disk:
            await ours.rotation.finish()
        assert held(ours.store, ours.vault) == before
        assert problems(ours) == []
        if not disk.was_full:
            break
    assert room > 3 * FRAME, "the disk was never full"
    assert epochs(ours.store, ours.vault) == {2}


# What one transaction takes in


async def test_a_transaction_takes_rows_in_until_it_has_four_mebibytes(
    home: House, ada: Registered, ours: Rooms
):
    ids = [bytes([n]) * 16 for n in range(6)]

    def insert(tx: ledger.Writes) -> None:
        for id in ids:
            sealed = ours.vault.seal(SEGMENT, id, {"v": 1}, bytes(2**20), revision=1)
            tx.execute(
                "INSERT INTO segments (id, owner, revision, sealed) VALUES (?, ?, 1, ?)",
                (id, ours.vault.owner, sealed),
            )

    await home.store.write(insert)
    await home.accounts.rotate(ours.vault, ada.password)
    reseal = Reseal(SEGMENT)
    batch = await home.store.write(lambda tx: reseal.batch(tx, ours.vault, ids))
    assert (batch.taken, batch.done, batch.left) == (3, 3, 0), "a row of one has a class of 1.5"
    batch = await home.store.write(lambda tx: reseal.batch(tx, ours.vault, ids))
    assert (batch.taken, batch.done, batch.left) == (6, 3, 0), "what is done costs nothing"


async def test_a_transaction_that_is_full_to_the_byte_takes_no_more(
    home: House, ada: Registered, ours: Rooms, monkeypatch: pytest.MonkeyPatch
):
    rows = home.store.rows("SELECT id, length(sealed) FROM traces")
    assert len(rows) > 1
    await home.accounts.rotate(ours.vault, ada.password)
    monkeypatch.setattr(batches, "BATCH_BYTES", rows[0][1])
    (reseal,) = [each for each in reseals() if each.place.table == "traces"]
    batch = await home.store.write(lambda tx: reseal.batch(tx, ours.vault, [id for id, _ in rows]))
    assert batch.taken == 1


# The rooms' list


def test_the_rooms_name_every_sealed_and_every_hashed_column_of_the_schema(home: House):
    named = {(r.place.table, "sealed") for r in reseals()}
    named |= {(r.place.table, column) for r in reseals() for column in r.hashed}
    blobs = set[tuple[str, str]]()
    for (table,) in home.store.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        for (column,) in home.store.rows(
            "SELECT name FROM pragma_table_info(?) WHERE type = 'BLOB'", (table,)
        ):
            blobs.add((table, column))
    # What is neither sealed nor hashed is an id, or the salt that stands beside a wrap in clear.
    clear = {(table, name) for table, name in blobs if name in ("id", "owner")}
    clear |= {("wraps", "salt")}
    assert blobs - clear == named


def test_a_record_names_its_epoch_and_no_other():
    vault = Vault.new(b"o" * 16)
    vault.turn_to(vault.next())
    sealed = vault.seal(SEAT, b"i" * 16, {"v": 1})
    assert [batches.is_of(epoch, sealed) for epoch in (1, 2, 3)] == [False, True, False]


def test_the_days_come_first_and_what_goes_with_writings_is_listed():
    first, *others = reseals()
    assert first.place.table == "days"
    assert [r.place.table for r in others if r.of_writings] == ["passages"]


def test_a_vault_that_never_turned_has_nothing_waiting(home: House):
    vault = Vault.new(b"o" * 16)
    assert all(r.waiting(home.store, vault) == [] for r in reseals())
