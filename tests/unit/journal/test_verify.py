"""`verify` finds whatever was done to the rows behind the journal's back, and names no words."""

from datetime import date
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, new_account, write

from llamora.journal import drafts
from llamora.journal.journal import Journal
from llamora.journal.verify import Report, verify
from llamora.journal.writing import Entry, Response
from llamora.storage import Store
from llamora.storage.ledger import Gone

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)
Said = tuple[str, ...]


class Kept:
    """A journal with a little of everything, and a hand in its database."""

    def __init__(self, store: Store, journal: Journal) -> None:
        self.store = store
        self.journal = journal
        self.first: Entry
        self.second: Entry
        self.other: Entry
        self.response: Response

    async def fill(self) -> None:
        self.first = await write(self.journal, "The heron came back.", MONDAY)
        self.second = await write(self.journal, "So did the ducks.", MONDAY)
        self.other = await write(self.journal, "Nobody came.", TUESDAY)
        self.response = await answer(self.journal, self.first, "All the heron's friends?")
        await self.journal.keep_draft(drafts.of_day(TUESDAY), "The heron, perhaps")

    def do(self, sql: str, *params: Any) -> None:
        assert self.store.write_now(lambda tx: tx.execute(sql, params)) > 0

    def row(self, table: str, id: bytes) -> tuple[Any, ...]:
        found = self.store.row(f"SELECT day, revision, sealed FROM {table} WHERE id = ?", (id,))
        assert found
        return found

    def day_row(self, day: date) -> bytes:
        table = self.journal.days.table(day)
        assert table
        return table.row

    def flip(self, table: str, key: str = "1 = 1", *params: Any) -> None:
        found = self.store.row(f"SELECT sealed FROM {table} WHERE {key}", params)
        assert found
        sealed = bytearray(found[0])
        sealed[len(sealed) // 2] ^= 1
        self.do(f"UPDATE {table} SET sealed = ? WHERE sealed = ?", bytes(sealed), found[0])

    def look(self) -> Report:
        report = verify(self.store, self.journal.vault, progress=lambda done, total: None)
        for word in ("heron", "ducks", "Nobody"):
            assert word not in str(report)
        return report


@pytest.fixture
async def kept(store: Store, ada: Journal) -> Kept:
    kept = Kept(store, ada)
    await kept.fill()
    return kept


def named(id: bytes, report: Report) -> Said:
    return tuple(problem for problem in report.problems if id.hex() in problem)


async def test_a_clean_journal_has_no_problems(kept: Kept):
    report = kept.look()
    assert report.problems == []
    assert (report.days, report.entries, report.responses, report.drafts) == (2, 3, 1, 1)
    assert report.notes > 0


async def test_a_journal_in_use_stays_sound(kept: Kept):
    journal = kept.journal
    await journal.revise(kept.second.id, 1, "So did three ducks.")
    await journal.move(kept.other.id, MONDAY, kept.other.at)
    await journal.erase(kept.first.id)
    assert kept.look().problems == []
    await journal.restore(kept.first.id)
    assert kept.look().problems == []


async def test_an_empty_journal_is_sound(store: Store, ada: Journal):
    assert verify(store, ada.vault, progress=lambda done, total: None) == Report()


async def test_a_flipped_byte_in_any_writing_is_found(kept: Kept):
    kept.flip("writings", "id = ?", kept.second.id)
    assert named(kept.second.id, kept.look()) == (
        f"The entry {kept.second.id.hex()} of 2026-11-16 cannot be opened.",
    )


async def test_a_flipped_byte_in_a_response_is_found(kept: Kept):
    kept.flip("writings", "id = ?", kept.response.id)
    assert len(kept.look().problems) == 1


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("days", "of a day cannot be opened"),
        ("drafts", "The draft"),
        ("changes", "The note of change"),
        ("accounts", "The account's own row cannot be opened"),
    ],
)
async def test_a_flipped_byte_anywhere_else_is_found(kept: Kept, table: str, said: str):
    kept.flip(table)
    assert any(said in problem for problem in kept.look().problems)


async def test_a_deleted_writing_is_missed(kept: Kept):
    kept.do("DELETE FROM writings WHERE id = ?", kept.first.id)
    problems = kept.look().problems
    assert f"The entry {kept.first.id.hex()} of 2026-11-16 is missing." in problems
    assert any("answers an entry that does not stand before it" in each for each in problems)


async def test_a_deleted_day_row_is_missed_and_its_writings_are_named(kept: Kept):
    kept.do("DELETE FROM days WHERE id = ?", kept.day_row(TUESDAY))
    report = kept.look()
    assert "There are rows of 1 days instead of 2." in report.problems
    assert any("do not add up" in each for each in report.problems)
    assert named(kept.other.id, report) == (
        f"The entry {kept.other.id.hex()} of 2026-11-17 has no day that lists it.",
    )


async def test_a_day_deleted_with_all_its_writings_is_missed(kept: Kept):
    kept.do("DELETE FROM days WHERE id = ?", kept.day_row(TUESDAY))
    kept.do("DELETE FROM writings WHERE id = ?", kept.other.id)
    assert not kept.look().sound


async def test_a_day_row_rolled_back_to_an_older_copy_is_found(kept: Kept):
    row = kept.day_row(MONDAY)
    _, revision, sealed = kept.row("days", row)
    third = await write(kept.journal, "Rain.", MONDAY)
    kept.do("UPDATE days SET revision = ?, sealed = ? WHERE id = ?", revision, sealed, row)
    report = kept.look()
    assert any("do not add up" in each for each in report.problems)
    assert named(third.id, report) == (
        f"The writing {third.id.hex()} stands on 2026-11-16 without being listed.",
    )


async def test_a_whole_day_rolled_back_is_found(kept: Kept):
    row = kept.day_row(MONDAY)
    _, revision, sealed = kept.row("days", row)
    third = await write(kept.journal, "Rain.", MONDAY)
    kept.do("UPDATE days SET revision = ?, sealed = ? WHERE id = ?", revision, sealed, row)
    kept.do("DELETE FROM writings WHERE id = ?", third.id)
    [problem] = kept.look().problems
    assert "do not add up" in problem


async def test_a_writing_rolled_back_to_an_older_copy_is_found(kept: Kept):
    _, revision, sealed = kept.row("writings", kept.second.id)
    await kept.journal.revise(kept.second.id, 1, "So did three ducks.")
    kept.do(
        "UPDATE writings SET revision = ?, sealed = ? WHERE id = ?",
        *(revision, sealed, kept.second.id),
    )
    assert named(kept.second.id, kept.look()) == (
        f"The entry {kept.second.id.hex()} of 2026-11-16 is at revision 1 instead of 2.",
    )


async def test_an_erased_writing_put_back_is_found(kept: Kept):
    day, revision, sealed = kept.row("writings", kept.other.id)
    await kept.journal.erase(kept.other.id)
    kept.do(
        "INSERT INTO writings (id, owner, day, revision, sealed) VALUES (?, ?, ?, ?, ?)",
        *(kept.other.id, kept.journal.vault.owner, day, revision, sealed),
    )
    assert len(named(kept.other.id, kept.look())) == 1


@pytest.mark.parametrize("columns", [("sealed",), ("day", "revision", "sealed")])
async def test_two_swapped_writings_are_both_found(kept: Kept, columns: tuple[str, ...]):
    mine: dict[str, Any] = dict(
        zip(("day", "revision", "sealed"), kept.row("writings", kept.second.id), strict=True)
    )
    theirs: dict[str, Any] = dict(
        zip(("day", "revision", "sealed"), kept.row("writings", kept.other.id), strict=True)
    )
    changes = ", ".join(f"{column} = ?" for column in columns)
    for id, values in ((kept.second.id, theirs), (kept.other.id, mine)):
        kept.do(
            f"UPDATE writings SET {changes} WHERE id = ?",
            *(values[column] for column in columns),
            id,
        )
    report = kept.look()
    assert named(kept.second.id, report)
    assert named(kept.other.id, report)


async def test_two_swapped_day_rows_are_both_found(kept: Kept):
    monday, tuesday = kept.day_row(MONDAY), kept.day_row(TUESDAY)
    mine, theirs = kept.row("days", monday), kept.row("days", tuesday)
    kept.do("UPDATE days SET sealed = ? WHERE id = ?", theirs[2], monday)
    kept.do("UPDATE days SET sealed = ? WHERE id = ?", mine[2], tuesday)
    report = kept.look()
    assert named(monday, report)
    assert named(tuesday, report)


async def test_a_writing_put_under_another_day_is_found(kept: Kept):
    other_day = kept.row("writings", kept.other.id)[0]
    kept.do("UPDATE writings SET day = ? WHERE id = ?", other_day, kept.second.id)
    report = kept.look()
    assert f"The entry {kept.second.id.hex()} of 2026-11-16 is missing." in report.problems
    assert len(named(kept.second.id, report)) == 2


async def test_an_account_row_rolled_back_is_found(kept: Kept):
    found = kept.store.row("SELECT last_change, sealed FROM accounts")
    assert found
    await write(kept.journal, "Rain.", date(2026, 11, 18))
    kept.do("UPDATE accounts SET last_change = ?, sealed = ?", *found)
    problems = kept.look().problems
    assert any("do not add up" in each for each in problems)
    assert any("newer than the account's last change" in each for each in problems)


async def test_another_accounts_damage_is_not_this_ones(
    kept: Kept, store: Store, clock: TurnableClock
):
    grace = Journal.open(store, new_account(store, "grace"), clock)
    await write(grace, "Mine.", MONDAY)
    kept.do("DELETE FROM writings WHERE owner = ?", grace.vault.owner)
    assert kept.look().sound
    assert not verify(store, grace.vault, progress=lambda done, total: None).sound


async def test_what_changes_while_it_is_looked_at_is_looked_at_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
):
    """A day's row read before a write and its writings after it do not match, and are no damage."""
    rows, writes = kept.store.rows, [1]

    def one_write_between(sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        found = rows(sql, params)
        if "FROM days" in sql and writes:
            writes.pop()
            elsewhere = Journal.open(kept.store, kept.journal.vault, TurnableClock())
            assert elsewhere.days.table(MONDAY)
            # The same change as another process would make, in the midst of ours.
            kept.store.write_now(lambda tx: _erase(tx, elsewhere, kept.second))
        return found

    monkeypatch.setattr(kept.store, "rows", one_write_between)
    report = kept.look()
    assert report.problems == []
    assert report.entries == 2


def _erase(tx: Any, journal: Journal, entry: Entry) -> None:
    from llamora.journal.edition import Edition

    edition = Edition(tx, journal.vault)
    edition.remove(entry)
    edition.close()


async def test_an_account_that_is_gone_is_said(kept: Kept):
    kept.do("DELETE FROM accounts")
    with pytest.raises(Gone):
        kept.look()
