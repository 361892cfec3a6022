"""What happened to an account: told with what it tells, sealed, and forgotten after ninety days."""

from datetime import timedelta

import pytest
from tests.support.accounts import OTHER_PASSWORD, House, Registered, TurnedClock
from tests.unit.accounts.test_changing_keys import bytes_on_disk

from llamora.accounts import Entered, Kind, Settings, WrongCode, WrongCredentials, WrongPassword
from llamora.accounts.history import KEPT, note
from llamora.accounts.refused import MOST, Refused
from llamora.storage import ledger
from llamora.vault import RecoveryCode, Vault

DAY = timedelta(days=1)


def kinds(home: House, vault: Vault) -> list[Kind]:
    return [event.kind for event in home.accounts.happened(vault).events]


async def came_in(home: House, ada: Registered) -> Vault:
    entered = await home.accounts.enter(ada.name, ada.password)
    await home.sessions.begin(entered, "Firefox on Linux")
    return entered.vault


async def test_each_thing_that_is_done_to_an_account_is_told(home: House, ada: Registered):
    vault = await came_in(home, ada)
    code = await home.accounts.new_code(vault, ada.password)
    await home.accounts.rehearse(vault, ada.password, str(code))
    await home.sessions.end_all(vault)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    await home.accounts.note(vault, Kind.EXPORTED)
    code = (await home.accounts.rotate(vault, OTHER_PASSWORD)).code
    opened = await home.accounts.recover(ada.name, str(code), "a third one for the garden gate")
    told = kinds(home, opened.vault)
    # All at one moment of a clock that stands still, so in no order.
    assert sorted(told) == sorted(
        [
            Kind.SIGNED_IN,
            Kind.CODE_MADE,
            Kind.CODE_REHEARSED,
            Kind.OTHERS_ENDED,
            Kind.PASSWORD_CHANGED,
            Kind.EXPORTED,
            Kind.KEY_ROTATED,
            Kind.RECOVERED,
        ]
    )


async def test_the_newest_stands_first(home: House, ada: Registered, clock: TurnedClock):
    vault = await came_in(home, ada)
    for kind in (Kind.EXPORTED, Kind.FACTOR_ADDED, Kind.KEY_ROTATED):
        clock.turn(timedelta(minutes=1))
        await home.accounts.note(vault, kind)
    page = home.accounts.happened(vault, most=2)
    assert [event.kind for event in page.events] == [Kind.KEY_ROTATED, Kind.FACTOR_ADDED]
    assert (page.older, page.damaged) == (2, 0)
    assert page.events[0].at == clock.now()


async def test_a_change_that_was_undone_is_not_told(home: House, ada: Registered):
    vault = await came_in(home, ada)

    def fail(tx: ledger.Writes) -> None:
        note(tx, vault, Kind.PASSWORD_CHANGED, home.clock.now())
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await home.store.write(fail)
    assert kinds(home, vault) == [Kind.SIGNED_IN]


async def test_nothing_of_it_can_be_read_on_disk(home: House, ada: Registered):
    vault = await came_in(home, ada)
    await home.accounts.note(vault, Kind.EXPORTED)
    on_disk = bytes_on_disk(ada.path)
    for event in home.accounts.happened(vault).events:
        assert event.kind.encode() not in on_disk
        assert str(int(event.at.timestamp())).encode() not in on_disk


async def test_rows_of_all_kinds_have_one_size(home: House, ada: Registered):
    vault = await came_in(home, ada)
    for kind in Kind:
        await home.accounts.note(vault, kind)
    assert len({len(s) for (s,) in home.store.rows("SELECT sealed FROM events")}) == 1


async def test_after_ninety_days_it_is_forgotten_at_the_next_sign_in(
    home: House, ada: Registered, clock: TurnedClock
):
    vault = await came_in(home, ada)
    clock.turn(90 * DAY)
    assert kinds(home, vault) == [Kind.SIGNED_IN]
    clock.turn(timedelta(seconds=1))
    assert kinds(home, vault) == [], "not shown, though the row is there still"
    assert len(home.store.rows("SELECT id FROM events")) == 1
    await came_in(home, ada)
    assert len(home.store.rows("SELECT id FROM events")) == 1
    assert kinds(home, vault) == [Kind.SIGNED_IN]


async def test_it_never_grows_without_end(home: House, ada: Registered):
    vault = await came_in(home, ada)

    def many(tx: ledger.Writes) -> None:
        for _ in range(KEPT + 50):
            note(tx, vault, Kind.EXPORTED, home.clock.now())

    await home.store.write(many)
    await came_in(home, ada)
    assert len(home.store.rows("SELECT id FROM events")) == KEPT + 1


async def test_ending_sessions_that_are_not_there_is_not_told(home: House, ada: Registered):
    vault = await came_in(home, ada)
    for _ in range(3):
        await home.sessions.end_all(vault)
    assert sorted(kinds(home, vault)) == [Kind.OTHERS_ENDED, Kind.SIGNED_IN]


async def test_a_row_that_was_damaged_or_moved_is_counted_and_not_shown(
    home: House, ada: Registered
):
    vault = await came_in(home, ada)
    await home.accounts.note(vault, Kind.EXPORTED)
    (one, two) = home.store.rows("SELECT id, sealed FROM events ORDER BY id")
    move = "UPDATE events SET sealed = ? WHERE id = ?"
    home.store.write_now(lambda tx: tx.execute(move, (one[1], two[0])))
    page = home.accounts.happened(vault)
    assert (len(page.events), page.damaged) == (1, 1)
    await came_in(home, ada)
    assert home.accounts.happened(vault).damaged == 1, "it is not tidied away"


async def test_another_account_is_told_nothing_of_it(home: House, ada: Registered):
    vault = await came_in(home, ada)
    zoe = await home.accounts.register("zoe", OTHER_PASSWORD, Settings())
    assert kinds(home, zoe.vault) == []
    assert kinds(home, vault) == [Kind.SIGNED_IN]


async def test_a_vault_of_older_keys_leaves_no_note(home: House, ada: Registered):
    vault = await came_in(home, ada)
    await home.store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = 2"))
    with pytest.raises(ledger.Stale):
        await home.accounts.note(vault, Kind.EXPORTED)
    await home.store.write(lambda tx: tx.execute("DELETE FROM accounts"))
    with pytest.raises(ledger.Gone):
        await home.accounts.note(vault, Kind.EXPORTED)


async def test_refused_attempts_are_told_once_with_their_number(home: House, ada: Registered):
    vault = await came_in(home, ada)
    for _ in range(3):
        with pytest.raises(WrongCredentials):
            await home.accounts.enter(ada.name, OTHER_PASSWORD)
    with pytest.raises(WrongCode):
        await home.accounts.recover(ada.name, str(RecoveryCode.new()), OTHER_PASSWORD)
    with pytest.raises(WrongPassword):
        await home.accounts.check_password(vault, OTHER_PASSWORD)
    with pytest.raises(WrongCredentials):
        await home.accounts.enter("nobody", OTHER_PASSWORD)
    for _ in range(2):
        await home.accounts.tell_refused(vault)
    events = home.accounts.happened(vault).events
    assert {e.kind: e.times for e in events} == {
        Kind.SIGNED_IN: 1,
        Kind.WRONG_PASSWORD: 3,
        Kind.WRONG_CODE: 1,
        Kind.WRONG_CONFIRMATION: 1,
    }


async def test_what_could_not_be_told_is_told_later(home: House, ada: Registered):
    vault = await came_in(home, ada)
    with pytest.raises(WrongCredentials):
        await home.accounts.enter(ada.name, OTHER_PASSWORD)
    await home.store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = 2"))
    with pytest.raises(ledger.Stale):
        await home.accounts.tell_refused(vault)
    await home.store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = 1"))
    await home.accounts.tell_refused(vault)
    assert Kind.WRONG_PASSWORD in kinds(home, vault)


def test_names_that_are_tried_do_not_fill_the_memory():
    refused = Refused(TurnedClock())
    for n in range(5 * MOST):
        refused.count(f"name{n}", Kind.WRONG_PASSWORD)
    assert refused.take("name0") == []
    assert len(refused.take(f"name{5 * MOST - 1}")) == 1
    assert len(refused._counts) == MOST - 1


async def test_a_session_ends_even_where_it_cannot_be_told(home: House, ada: Registered):
    vault = await came_in(home, ada)
    cookie = await home.sessions.begin(Entered(vault, 1), "")
    session = home.sessions.resume(cookie)
    assert session
    stale = await home.accounts.sign_in(ada.name, ada.password)
    stale.wipe()
    await home.sessions.end(session, stale)
    assert home.sessions.resume(cookie) is None
    assert len(home.store.rows("SELECT id FROM sessions")) == 1
