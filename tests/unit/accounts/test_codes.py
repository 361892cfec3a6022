"""One-time codes: which are taken, which are refused, and that each is taken once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pyotp.totp import TOTP
from tests.support.accounts import (
    OTHER_PASSWORD,
    POLICY,
    UNTHROTTLED,
    House,
    Registered,
    TurnedClock,
    house,
)

from llamora.accounts import (
    Codes,
    FactorGone,
    Kind,
    MistypedAnswer,
    Throttled,
    WrongAnswer,
    WrongPassword,
    one_time,
)
from llamora.accounts.codes import WAITS
from llamora.accounts.factors import STEPS_KEPT
from llamora.storage import ledger
from llamora.vault import Vault

SESSION = bytes(16)
STEP = timedelta(seconds=one_time.SECONDS)


@pytest.fixture
def home(ada: Registered, clock: TurnedClock) -> Iterator[House]:
    with house(ada.path, UNTHROTTLED, clock=clock) as open_house:
        yield open_house


@pytest.fixture
def codes(home: House) -> Codes:
    return Codes(home.store, home.clock, UNTHROTTLED, home.accounts)


async def enrolled(home: House, codes: Codes, ada: Registered) -> tuple[Vault, str, list[str]]:
    """Ada's vault, the secret of her app, and her backup codes; the clock is a step on."""
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await codes.begin(vault, SESSION, ada.password)
    secret = codes.waiting(vault, SESSION)
    assert secret
    backup = await codes.confirm(vault, SESSION, code_of(secret, home.clock))
    home.clock.turn(STEP)
    return vault, secret, backup


def code_of(secret: str, clock: TurnedClock, steps: int = 0) -> str:
    return TOTP(secret).at(clock.now(), counter_offset=steps)


def test_the_codes_are_those_of_the_rfc():
    """RFC 6238, appendix B, for SHA-1; an app shows the last six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for now, code in [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")]:
        assert one_time.step_of(secret, code, now, ()) == now // 30


async def test_a_secret_counts_only_once_its_app_has_shown_a_code(
    home: House, codes: Codes, ada: Registered
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    with pytest.raises(WrongPassword):
        await codes.begin(vault, SESSION, OTHER_PASSWORD)
    assert codes.waiting(vault, SESSION) is None

    await codes.begin(vault, SESSION, ada.password)
    secret = codes.waiting(vault, SESSION)
    assert secret
    assert codes.enrolled(vault) is None
    assert codes.waiting(vault, b"\1" * 16) is None, "another session's"
    with pytest.raises(FactorGone):
        await codes.confirm(vault, b"\1" * 16, code_of(secret, home.clock))
    with pytest.raises(WrongAnswer):
        await codes.confirm(vault, SESSION, code_of(secret, home.clock, 5))

    assert len(set(await codes.confirm(vault, SESSION, code_of(secret, home.clock)))) == 10
    assert codes.enrolled(vault)
    assert codes.waiting(vault, SESSION) is None


async def test_a_secret_that_nobody_confirmed_is_over_after_a_while(
    home: House, codes: Codes, ada: Registered
):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await codes.begin(vault, SESSION, ada.password)
    secret = codes.waiting(vault, SESSION)
    assert secret
    home.clock.turn(timedelta(seconds=WAITS))
    assert codes.waiting(vault, SESSION) is None
    with pytest.raises(FactorGone):
        await codes.confirm(vault, SESSION, code_of(secret, home.clock))


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_one_step_early_or_late(
    home: House, codes: Codes, ada: Registered, steps: int
):
    vault, secret, _ = await enrolled(home, codes, ada)
    home.clock.turn(STEP * 3)
    await codes.answer(vault, code_of(secret, home.clock, steps))


@pytest.mark.parametrize("steps", [-2, 2, -2880, 2880])
async def test_and_no_more_than_that(home: House, codes: Codes, ada: Registered, steps: int):
    vault, secret, _ = await enrolled(home, codes, ada)
    with pytest.raises(WrongAnswer):
        await codes.answer(vault, code_of(secret, home.clock, steps))


async def test_a_used_code_is_refused_though_it_is_still_shown(
    home: House, codes: Codes, ada: Registered
):
    vault, secret, _ = await enrolled(home, codes, ada)
    code = code_of(secret, home.clock)
    await codes.answer(vault, code)
    for _ in range(2):
        with pytest.raises(WrongAnswer):
            await codes.answer(vault, code)
        home.clock.turn(STEP)
    # So is the one that confirmed it, and in another process.
    elsewhere = Codes(home.store, home.clock, UNTHROTTLED, home.accounts)
    with pytest.raises(WrongAnswer):
        await elsewhere.answer(vault, code)


async def test_of_a_hundred_answers_at_once_with_one_code_one_is_taken(
    home: House, codes: Codes, ada: Registered
):
    vault, secret, _ = await enrolled(home, codes, ada)
    code = code_of(secret, home.clock)
    ends = await asyncio.gather(
        *(codes.answer(vault, code) for _ in range(100)), return_exceptions=True
    )
    assert sum(end is None for end in ends) == 1
    assert sum(isinstance(end, WrongAnswer) for end in ends) == 99


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
async def test_a_clock_that_jumps_a_day_shuts_nobody_out(
    home: House, codes: Codes, ada: Registered, jump: timedelta
):
    vault, secret, _ = await enrolled(home, codes, ada)
    for by in (jump, -jump):
        home.clock.turn(by)
        used = code_of(secret, home.clock)
        await codes.answer(vault, used)
        home.clock.turn(STEP)
    with pytest.raises(WrongAnswer):
        await codes.answer(vault, used)


BAD = [
    "", " ", "12345", "1234567", "abcdef", "12 34 5", "١٢٣٤٥٦", "12345\0", "123.56", "-12345",
    "+123456", "1e5000", "0x1234", "½½½½½½", "ABCDE-FGHJU", "ABCDE-FGHJ", "ABCDE-FGHJKM-1",
    "A" * 5_000, "1" * 1_000_000, "\ud800" * 6, "🦊" * 10, "<b>1</b>", "' OR 1=1",
]  # fmt: skip


@pytest.mark.parametrize("typed", BAD, ids=range(len(BAD)))
async def test_what_is_no_code_is_told_apart_from_a_wrong_one(
    home: House, codes: Codes, ada: Registered, typed: str
):
    vault, _, _ = await enrolled(home, codes, ada)
    with pytest.raises(MistypedAnswer):
        await codes.answer(vault, typed)


@pytest.mark.parametrize(
    "write",
    [
        lambda code: f" {code[:3]} {code[3:]}\n",
        lambda code: f"{code[:3]}-{code[3:]}",
        lambda code: "".join(chr(ord(digit) + 0xFEE0) for digit in code),  # full-width digits
    ],
)
async def test_a_code_may_be_written_as_people_write_it(
    home: House, codes: Codes, ada: Registered, write
):
    vault, secret, _ = await enrolled(home, codes, ada)
    await codes.answer(vault, write(code_of(secret, home.clock)))


async def test_each_backup_code_opens_once(home: House, codes: Codes, ada: Registered):
    vault, _, backup = await enrolled(home, codes, ada)
    for n, code in enumerate(backup, 1):
        await codes.answer(vault, code)
        found = codes.enrolled(vault)
        assert found
        assert found.backup_left == 10 - n
        with pytest.raises(WrongAnswer):
            await codes.answer(vault, code)


async def test_a_backup_code_may_have_o_for_0_and_l_for_1(
    home: House, codes: Codes, ada: Registered, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(one_time, "new_backup_codes", lambda: ["01ABCDE01X"])
    vault, _, (code,) = await enrolled(home, codes, ada)
    assert code == "01ABC-DE01X"
    await codes.answer(vault, " oi abc de-Ol x ")


async def test_new_backup_codes_replace_those_before(home: House, codes: Codes, ada: Registered):
    vault, _, before = await enrolled(home, codes, ada)
    with pytest.raises(WrongPassword):
        await codes.new_backup_codes(vault, OTHER_PASSWORD)
    after = await codes.new_backup_codes(vault, ada.password)
    assert not set(before) & set(after)
    with pytest.raises(WrongAnswer):
        await codes.answer(vault, before[0])
    await codes.answer(vault, after[0])


async def test_another_app_counts_only_once_it_has_shown_a_code(
    home: House, codes: Codes, ada: Registered
):
    vault, first, _ = await enrolled(home, codes, ada)
    await codes.begin(vault, SESSION, ada.password)
    second = codes.waiting(vault, SESSION)
    assert second
    await codes.answer(vault, code_of(first, home.clock))
    await codes.confirm(vault, SESSION, code_of(second, home.clock))
    home.clock.turn(STEP)
    with pytest.raises(WrongAnswer):
        await codes.answer(vault, code_of(first, home.clock))
    await codes.answer(vault, code_of(second, home.clock))


async def test_removed_codes_are_asked_for_no_more(home: House, codes: Codes, ada: Registered):
    vault, secret, backup = await enrolled(home, codes, ada)
    with pytest.raises(WrongPassword):
        await codes.remove(vault, OTHER_PASSWORD)
    assert codes.enrolled(vault)
    await codes.remove(vault, ada.password)
    assert codes.enrolled(vault) is None
    for code in (code_of(secret, home.clock), backup[0]):
        with pytest.raises(WrongAnswer):
            await codes.answer(vault, code)
    with pytest.raises(FactorGone):
        await codes.new_backup_codes(vault, ada.password)
    assert "factors" not in ledger.read(home.store, vault).header


async def test_recovering_switches_them_off(home: House, codes: Codes, ada: Registered):
    await enrolled(home, codes, ada)
    opened = await home.accounts.recover(ada.name, ada.code, OTHER_PASSWORD)
    assert codes.enrolled(opened.vault) is None


async def test_a_password_that_changes_leaves_them(home: House, codes: Codes, ada: Registered):
    vault, secret, _ = await enrolled(home, codes, ada)
    await home.accounts.change_password(vault, ada.password, OTHER_PASSWORD)
    await codes.answer(vault, code_of(secret, home.clock))


async def test_guesses_are_few_and_have_a_throttle_of_their_own(
    home: House, ada: Registered, codes: Codes
):
    vault, secret, backup = await enrolled(home, codes, ada)
    guarded = Codes(home.store, home.clock, POLICY, home.accounts)
    wrong = code_of(secret, home.clock, 7)
    taken = 0
    for _ in range(10_000):
        try:
            await guarded.answer(vault, wrong)
        except WrongAnswer:
            taken += 1
        except Throttled:
            pass
    assert taken == POLICY.second_factor.account.attempts
    with pytest.raises(Throttled):
        await guarded.answer(vault, backup[0])
    with pytest.raises(MistypedAnswer):
        await guarded.answer(vault, "not a code")
    await home.accounts.check_password(vault, ada.password)  # its own counters
    home.clock.turn(timedelta(seconds=POLICY.second_factor.account.window))
    await guarded.answer(vault, code_of(secret, home.clock))


async def test_nothing_of_them_can_be_read_in_the_file(home: House, codes: Codes, ada: Registered):
    _, secret, backup = await enrolled(home, codes, ada)
    home.store.write_now(lambda tx: None)
    written = b"".join(file.read_bytes() for file in ada.path.parent.iterdir())
    for word in (secret, *backup, *(code.replace("-", "") for code in backup), "factors"):
        assert word.encode() not in written


async def test_of_backup_codes_the_row_has_only_hashes_and_of_used_steps_a_few(
    home: House, codes: Codes, ada: Registered
):
    vault, secret, backup = await enrolled(home, codes, ada)
    for _ in range(STEPS_KEPT + 5):
        await codes.answer(vault, code_of(secret, home.clock))
        home.clock.turn(STEP)
    header = ledger.read(home.store, vault).header
    assert not any(code.replace("-", "") in str(header) for code in backup)
    assert len(header["factors"]["app"]["steps"]) == STEPS_KEPT


def test_the_picture_has_no_style_and_no_script_in_it():
    drawn = one_time.picture(one_time.address(one_time.new_secret(), 'Ada <b> & "co"'))
    assert drawn.startswith("<svg viewBox=")
    assert "style" not in drawn
    assert "<b>" not in drawn
    assert "script" not in drawn


async def test_it_is_told_when_a_factor_comes_goes_or_is_guessed_at(
    home: House, codes: Codes, ada: Registered
):
    vault, secret, _ = await enrolled(home, codes, ada)
    with pytest.raises(WrongAnswer):
        await codes.answer(vault, code_of(secret, home.clock, steps=20))
    await codes.remove(vault, ada.password)
    told = [event.kind for event in home.accounts.happened(vault).events]
    assert sorted(told) == sorted([Kind.FACTOR_ADDED, Kind.WRONG_FACTOR, Kind.FACTOR_REMOVED])
