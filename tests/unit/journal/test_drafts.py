"""What is being typed is kept, sealed, until it becomes an entry."""

from datetime import date

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, new_account, texts, write

from llamora.journal import drafts
from llamora.journal.drafts import Hand
from llamora.journal.errors import Conflict, TooLong
from llamora.journal.journal import DRAFT_BYTES, Journal
from llamora.storage import Store, ledger

TODAY = date(2026, 11, 22)
HERE = drafts.of_day(TODAY)


def text_of(journal: Journal, place: str = HERE) -> str | None:
    found = journal.draft(place)
    return found[0] if found else None


async def test_a_draft_is_kept_and_found_again(ada: Journal) -> None:
    await ada.keep_draft(HERE, "half a sen", {"caret": 10})
    found = ada.draft(HERE)
    assert found is not None
    assert (found[0], found[1]["caret"]) == ("half a sen", 10)
    assert texts(ada) == []


async def test_a_draft_is_there_after_a_restart(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    await ada.keep_draft(HERE, "half a sen")
    store.close()
    again = Store.open(store.path)
    assert text_of(Journal.open(again, ada.vault, clock)) == "half a sen"
    again.close()


async def test_the_last_draft_replaces_the_one_before(ada: Journal, store: Store) -> None:
    for n in range(5):
        await ada.keep_draft(HERE, "half a sentence"[: n * 3], {"n": n})
    found = ada.draft(HERE)
    assert found is not None
    assert (found[0], found[1]["n"]) == ("half a sente", 4)
    await ada.keep_draft(HERE, "whole")
    found = ada.draft(HERE)
    assert found is not None
    assert "n" not in found[1]
    assert store.row("SELECT count(*) FROM drafts") == (1,)


async def test_an_emptied_draft_is_let_go(ada: Journal, store: Store) -> None:
    await ada.keep_draft(HERE, "no")
    await ada.keep_draft(HERE, " \n")
    assert ada.draft(HERE) is None
    await ada.drop_draft(HERE)
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_writing_lets_only_its_own_days_draft_go(ada: Journal) -> None:
    elsewhere = drafts.of_day(date(2026, 11, 21))
    for place in (HERE, elsewhere):
        await ada.keep_draft(place, "half")
    await write(ada, "whole")
    assert text_of(ada) is None
    assert text_of(ada, elsewhere) == "half"


# Two forms at one place


def begun(journal: Journal, key: str) -> Hand:
    """A form that is shown now."""
    there = journal.draft(HERE)
    return Hand(key, there.mark if there else "")


async def test_who_goes_on_from_a_draft_replaces_it(ada: Journal) -> None:
    await ada.keep_draft(HERE, "half a", hand=begun(ada, "one"))
    two = begun(ada, "two")
    await ada.keep_draft(HERE, "half a thought", hand=two)
    await ada.keep_draft(HERE, "another thought", hand=two)
    assert text_of(ada) == "another thought"
    await ada.keep_draft(HERE, "", hand=begun(ada, "three"))
    assert text_of(ada) is None


async def test_two_forms_take_no_words_from_one_another(ada: Journal) -> None:
    one, two = begun(ada, "one"), begun(ada, "two")
    await ada.keep_draft(HERE, "an hour of writing", hand=one)
    await ada.keep_draft(HERE, "b", hand=two)
    await ada.keep_draft(HERE, "b and more", hand=two)
    assert text_of(ada) == "an hour of writing\n\nb and more"
    await ada.keep_draft(HERE, "an hour of writing, and a half", hand=one)
    assert text_of(ada) == "b and more\n\nan hour of writing, and a half"
    await ada.keep_draft(HERE, "", hand=two)
    assert text_of(ada) == "an hour of writing, and a half"


async def test_keeping_an_entry_lets_go_what_its_own_form_held(ada: Journal) -> None:
    one, two = begun(ada, "one"), begun(ada, "two")
    await ada.keep_draft(HERE, "a long draft", hand=one)
    await ada.keep_draft(HERE, "an entry", hand=two)
    await ada.write(TODAY, "an entry", key="two", hand=two)
    assert text_of(ada) == "a long draft"
    three = begun(ada, "three")
    await ada.write(TODAY, "a long draft, done", key="three", hand=three)
    assert text_of(ada) is None


async def test_words_that_came_after_a_form_was_shown_outlive_it(ada: Journal) -> None:
    """The last words of a page that is left may arrive after the next page was made."""
    one = begun(ada, "one")
    await ada.keep_draft(HERE, "no pause", hand=one)
    two = begun(ada, "two")
    await ada.keep_draft(HERE, "no pause at all", hand=one)
    await ada.keep_draft(HERE, "no pause, she wrote", hand=two)
    assert text_of(ada) == "no pause at all\n\nno pause, she wrote"
    await ada.write(TODAY, "no pause, she wrote", key="two", hand=two)
    assert text_of(ada) == "no pause at all"


async def test_a_mark_means_one_draft_only(ada: Journal) -> None:
    one = begun(ada, "one")
    await ada.keep_draft(HERE, "first", hand=one)
    two = begun(ada, "two")
    await ada.keep_draft(HERE, "", hand=one)
    await ada.keep_draft(HERE, "entirely new", hand=one)
    await ada.keep_draft(HERE, "first plus", hand=two)
    assert text_of(ada) == "entirely new\n\nfirst plus"


async def test_an_edit_kept_in_one_tab_leaves_the_draft_of_the_other(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    place = drafts.of_entry(entry.id)
    await ada.keep_draft(place, "as one says", {"revision": 1}, Hand("one"))
    await ada.keep_draft(place, "as two says", {"revision": 1}, Hand("two"))
    await ada.revise(entry.id, 1, "as two says", hand=Hand("two"))
    found = ada.draft(place)
    assert found
    assert (found.text, found.header["revision"]) == ("as one says", 1)
    assert ada.drafted([entry.id, bytes(16)]) == {entry.id}


async def test_midnight_misfiles_no_draft(ada: Journal, clock: TurnableClock) -> None:
    """The page of the 22nd is still open on the 23rd: its draft and its entry stay on the 22nd."""
    await ada.keep_draft(HERE, "late")
    clock.set(2026, 11, 23, 0, 5)
    await ada.keep_draft(HERE, "late at night")
    assert text_of(ada) == "late at night"
    assert text_of(ada, drafts.of_day(ada.today())) is None
    entry = await write(ada, "late at night", TODAY)
    assert (entry.day, text_of(ada)) == (TODAY, None)


async def test_a_refused_entry_leaves_its_draft(ada: Journal) -> None:
    await ada.keep_draft(HERE, "x" * 64_000)
    with pytest.raises(TooLong):
        await write(ada, "x" * 64_001)
    assert text_of(ada) == "x" * 64_000


async def test_what_is_too_long_for_an_entry_is_kept_as_a_draft(ada: Journal) -> None:
    await ada.keep_draft(HERE, "x" * DRAFT_BYTES)
    with pytest.raises(TooLong, match="A draft holds 256,000 bytes"):
        await ada.keep_draft(HERE, "x" * (DRAFT_BYTES + 1))
    assert text_of(ada) == "x" * DRAFT_BYTES


async def test_the_draft_of_an_edit_goes_when_it_is_saved(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    place = drafts.of_entry(entry.id)
    await ada.keep_draft(place, "as it w", {"revision": 1})
    await ada.revise(entry.id, 1, "as it is")
    assert ada.draft(place) is None
    await ada.keep_draft(place, "otherwise", {"revision": 1})
    with pytest.raises(Conflict):
        await ada.revise(entry.id, 1, "otherwise")
    assert text_of(ada, place) == "otherwise"


async def test_line_ends_and_what_no_one_can_type_are_made_right(ada: Journal) -> None:
    await ada.keep_draft(HERE, "a\r\nb\0\ud800")
    assert text_of(ada) == "a\nb?"


async def test_a_draft_seen_from_another_process(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    other = Journal.open(store, ada.vault, clock)
    await ada.keep_draft(HERE, "from the desk")
    assert text_of(other) == "from the desk"
    await other.keep_draft(HERE, "from the phone")
    assert text_of(ada) == "from the phone"


async def test_another_accounts_drafts_are_its_own(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    bea = Journal.open(store, new_account(store, "bea"), clock)
    await ada.keep_draft(HERE, "mine")
    assert bea.draft(HERE) is None
    await bea.keep_draft(HERE, "hers")
    await bea.drop_draft(HERE)
    assert text_of(ada) == "mine"


async def test_a_draft_counts_for_nothing_in_the_journal(ada: Journal, store: Store) -> None:
    before = ledger.pulse(store, ada.vault.owner)
    await ada.keep_draft(HERE, "half")
    assert ledger.pulse(store, ada.vault.owner) == before
    assert ada.days.written == []
    assert_sound(store, ada.vault)


async def test_a_damaged_draft_keeps_no_one_from_the_journal(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    entry = await write(ada, "here")
    await ada.erase(entry.id)
    await store.write(lambda tx: tx.execute("UPDATE drafts SET revision = revision + 1"))
    reopened = Journal.open(store, ada.vault, clock)
    assert texts(reopened) == []
    clock.advance(61)
    assert await ada.sweep()
    assert store.row("SELECT count(*) FROM drafts") == (0,)


# Keys that were replaced, and accounts that are gone


async def new_epoch(store: Store, journal: Journal) -> None:
    """What another process that changes the account's key leaves of the visible columns."""
    row = ledger.read(store, journal.vault)
    await store.write(
        lambda tx: tx.execute("UPDATE accounts SET epoch = ? WHERE id = ?", (row.epoch + 1, row.id))
    )


async def test_a_process_with_replaced_keys_can_write_nothing(ada: Journal, store: Store) -> None:
    entry = await write(ada, "here")
    await ada.keep_draft(HERE, "before")
    await new_epoch(store, ada)
    with pytest.raises(ledger.Stale):
        await ada.keep_draft(HERE, "sealed under a key that is gone")
    with pytest.raises(ledger.Stale):
        await ada.drop_draft(HERE)
    with pytest.raises(ledger.Stale):
        await write(ada, "the same")
    with pytest.raises(ledger.Stale):
        await ada.erase(entry.id)
    with pytest.raises(ledger.Stale):
        await ada.ask_to_stop(entry.id)
    assert text_of(ada) == "before"


async def test_when_the_account_is_gone_the_journal_says_so(ada: Journal, store: Store) -> None:
    await write(ada, "here")
    await store.write(
        lambda tx: tx.execute("DELETE FROM accounts WHERE id = ?", (ada.vault.owner,))
    )
    with pytest.raises(ledger.Gone):
        await ada.keep_draft(HERE, "too late")
    with pytest.raises(ledger.Gone):
        await write(ada, "too late")
    with pytest.raises(ledger.Gone):
        ada.follow(99)
    with pytest.raises(ledger.Gone):
        Journal.open(store, ada.vault, TurnableClock())
