"""What is written stands on its day, letter for letter, once."""

import asyncio
import json
import struct
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, new_account, texts, write

from llamora.journal.day_table import MOST_ITEMS, DayTable, Item
from llamora.journal.errors import Blank, DayFull, JournalError, NotFound, NotYet, TooLong
from llamora.journal.journal import ENTRY_BYTES, Journal, NewEntry, checked
from llamora.journal.writing import Entry, Kind, Response, Source
from llamora.kernel import new_id
from llamora.storage import Store

TODAY = date(2026, 11, 22)


async def test_what_was_written_is_read_again(ada: Journal) -> None:
    entry = await write(ada, "the heron came back")
    assert (entry.day, entry.revision, entry.text) == (TODAY, 1, "the heron came back")
    assert entry.at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    assert ada.entry(entry.id) == entry
    assert [thread.entry for thread in ada.read(TODAY)] == [entry]


async def test_entries_stand_in_the_order_they_were_written(ada: Journal) -> None:
    for n in range(20):
        await write(ada, f"entry {n}")
    assert texts(ada) == [(f"entry {n}",) for n in range(20)]


async def test_it_is_still_there_after_a_restart(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    entry = await write(ada, "the heron came back")
    store.close()
    again = Store.open(store.path)
    reopened = Journal.open(again, ada.vault, clock)
    assert [thread.entry for thread in reopened.read(TODAY)] == [entry]
    assert_sound(again, ada.vault)
    again.close()


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "not an object", "n": 1}',
        "[]",
        "null",
        "true",
        "0",
        "007",
        "1e309",
        "NaN",
        "  leading and trailing  ",
        "\ttab\n\n\n",
        "```python\nprint('x' if 1 else \"y\")\n```",
        "'; DROP TABLE writings; --",
        "{{ 7 * 7 }} {% raw %} ${x} %s %(a)s {0}",
        "<script>alert(1)</script>",
        "\\n is not a newline, \\u0000 is not one either",
        "اليوم جاء المالك\u200f",
        "e\u0301 is not é",
        "👩‍👩‍👧‍👦🏳️‍🌈",
        "\ufeffbom \u200b zero \u00a0 nbsp \x0b vt \x0c ff \x1b[31m \x7f \x85",
        "\U0010ffff \uffff \ufffd",
    ],
)
async def test_text_that_looks_like_something_else_is_text(ada: Journal, text: str) -> None:
    entry = await write(ada, text)
    assert ada.entry(entry.id).text == text


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=200))
def test_any_text_survives_but_for_its_line_ends(
    store: Store, clock: TurnableClock, text: str
) -> None:
    expected = "\n".join(
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
        .replace("\u2028", "\n").replace("\u2029", "\n").split("\n")
    )  # fmt: skip
    ada = _someone(store, clock)
    if not expected.strip():
        with pytest.raises(Blank):
            asyncio.run(write(ada, text))
    else:
        entry = asyncio.run(write(ada, text))
        assert ada.entry(entry.id).text == expected


def _someone(store: Store, clock: TurnableClock) -> Journal:
    return Journal.open(store, new_account(store, new_id().hex()), clock)


async def test_line_ends_are_made_one_kind(ada: Journal) -> None:
    entry = await write(ada, "a\r\nb\rc\nd\u2028e\u2029f\r\r\ng\n\rh")
    assert entry.text == "a\nb\nc\nd\ne\nf\n\ng\n\nh"


async def test_what_no_one_can_type_does_no_harm(ada: Journal) -> None:
    assert (await write(ada, "nul\0 nul")).text == "nul nul"
    assert (await write(ada, "half \ud800 and \udfff")).text == "half ? and ?"
    assert (await write(ada, json.loads('"\\ud83d"'))).text == "?"


@pytest.mark.parametrize("text", ["", " ", "\n\r\n\t", "\0", "\0 \u2028", "\u3000\u00a0"])
async def test_nothing_is_not_an_entry(ada: Journal, text: str) -> None:
    with pytest.raises(Blank):
        await write(ada, text)
    assert not ada.days.written


@pytest.mark.parametrize("letter", ["a", "é", "日", "🪶"])
async def test_an_entry_holds_sixty_four_thousand_bytes_and_not_one_more(
    ada: Journal, letter: str
) -> None:
    size = len(letter.encode())
    full = letter * (ENTRY_BYTES // size)
    full += "." * (ENTRY_BYTES - len(full.encode()))
    assert len(full.encode()) == 64_000
    entry = await write(ada, full)
    assert ada.entry(entry.id).text == full
    with pytest.raises(TooLong) as refused:
        await write(ada, full + letter)
    assert refused.value.over == size
    assert str(refused.value).startswith(f"An entry holds 64,000 bytes, and this is {size} over.")
    with pytest.raises(TooLong):
        await ada.revise(entry.id, 1, full + ".")
    assert texts(ada) == [(full,)]


async def test_the_limit_counts_what_is_kept(ada: Journal) -> None:
    assert len((await write(ada, "a\r\n" * 32_000)).text) == 64_000
    assert len((await write(ada, "\0" * 9 + "b" * 64_000)).text) == 64_000


async def test_a_double_submit_writes_once(ada: Journal) -> None:
    first = await ada.write(TODAY, "once", key="k")
    second = await ada.write(TODAY, "once", key="k")
    assert first == second
    assert texts(ada) == [("once",)]


async def test_fifty_submits_at_once_write_once(ada: Journal, store: Store) -> None:
    entries = await asyncio.gather(*(ada.write(TODAY, "once", key="k") for _ in range(50)))
    assert len({entry.id for entry in entries}) == 1
    assert texts(ada) == [("once",)]
    assert len(assert_sound(store, ada.vault)) == 1


async def test_the_same_submit_in_two_processes_writes_once(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    other = Journal.open(store, ada.vault, clock)
    await asyncio.gather(*(journal.write(TODAY, "once", key="k") for journal in (ada, other) * 10))
    ada.follow()
    other.follow()
    assert texts(ada) == texts(other) == [("once",)]


async def test_a_late_second_submit_does_not_undo_a_revision(ada: Journal) -> None:
    entry = await ada.write(TODAY, "once", key="k")
    revised = await ada.revise(entry.id, 1, "once more")
    assert await ada.write(TODAY, "once", key="k") == revised
    assert texts(ada) == [("once more",)]


async def test_a_form_sent_again_with_more_words_loses_none_of_them(ada: Journal) -> None:
    """The answer to the first was lost on the way; the diarist wrote on and sent it again."""
    await ada.write(TODAY, "the heron", key="k")
    await ada.write(TODAY, "the heron came back", key="k")
    assert texts(ada) == [("the heron",), ("the heron came back",)]


async def test_the_same_words_from_two_forms_are_two_entries(ada: Journal) -> None:
    await write(ada, "rain")
    await write(ada, "rain")
    assert texts(ada) == [("rain",), ("rain",)]


async def test_a_past_day_takes_an_entry_and_a_future_day_none(ada: Journal) -> None:
    past = await write(ada, "a year ago", date(2025, 11, 22))
    assert past.day == date(2025, 11, 22)
    for day in (date(2026, 11, 23), date(9999, 12, 31)):
        with pytest.raises(NotYet):
            await write(ada, "too early", day)
    assert ada.days.written == [date(2025, 11, 22)]


async def test_the_first_and_the_last_year_can_be_written(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    clock.set(9999, 12, 31, 23, 59, 59)
    for day in (date(1000, 1, 1), date(9999, 12, 31)):
        await write(ada, f"on {day}", day)
    with pytest.raises(NotYet):
        await write(ada, "before the calendar", date(999, 12, 31))
    reopened = Journal.open(store, ada.vault, clock)
    assert [(day, texts(reopened, day)) for day in reopened.days.written] == [
        (date(1000, 1, 1), [("on 1000-01-01",)]),
        (date(9999, 12, 31), [("on 9999-12-31",)]),
    ]
    assert_sound(store, ada.vault)


async def test_nothing_is_found_where_nothing_is(ada: Journal) -> None:
    entry = await write(ada, "here")
    for missing in (new_id(), b"", b"short", bytes(16)):
        with pytest.raises(NotFound):
            ada.entry(missing)
        with pytest.raises(NotFound):
            ada.thread(missing)
    with pytest.raises(NotFound):
        ada.response(entry.id)
    assert ada.read(date(2020, 1, 1)) == []


async def test_another_account_cannot_reach_an_entry(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    bea = Journal.open(store, new_account(store, "bea"), clock)
    entry = await write(ada, "mine")
    reach = [
        lambda: bea.revise(entry.id, 1, "yours"),
        lambda: bea.erase(entry.id),
        lambda: bea.move(entry.id, date(2020, 1, 1), None),
        lambda: bea.restore(entry.id),
        lambda: bea.erase_response(entry.id),
        lambda: bea.begin_response(
            Response(new_id(), TODAY, 1, entry.id, "", bea.now(), state="writing")
        ),
    ]
    with pytest.raises(NotFound):
        bea.entry(entry.id)
    for act in reach[:-2]:
        with pytest.raises(JournalError):
            await act()
    await reach[-2]()
    with pytest.raises(NotFound):
        await reach[-1]()
    assert texts(ada) == [("mine",)]
    assert texts(bea) == []
    assert_sound(store, ada.vault)
    assert_sound(store, bea.vault)


@pytest.mark.parametrize(
    "error", [Blank(), TooLong("An entry", 64_000, 3), NotYet(), NotFound(), DayFull()]
)
def test_what_the_journal_refuses_it_says_in_a_sentence(error: JournalError) -> None:
    assert str(error)[0].isupper()
    assert str(error).endswith(".")


# From elsewhere


def _new(n: int, day: date = TODAY, **more: object) -> NewEntry:
    made = NewEntry(day, f"entry {n}", None, "", Source("jsonl", str(n)))
    return NewEntry(**{**vars(made), **more})  # pyright: ignore[reportArgumentType]


async def test_many_entries_from_elsewhere_are_kept_at_once(ada: Journal, store: Store) -> None:
    days = [date(2020, 1, n % 28 + 1) for n in range(100)]
    await ada.write_many([_new(n, day) for n, day in enumerate(days)])
    assert len(assert_sound(store, ada.vault)) == 100
    assert texts(ada, days[3]) == [("entry 3",), ("entry 31",), ("entry 59",), ("entry 87",)]
    assert ada.sources("jsonl") == {str(n) for n in range(100)}
    assert ada.sources("dayone") == set()
    assert ada.read(days[3])[0].entry.at is None


async def test_importing_twice_adds_nothing_even_at_once(ada: Journal, store: Store) -> None:
    batch = [_new(n) for n in range(10)]
    await asyncio.gather(ada.write_many(batch), ada.write_many(batch))
    await ada.revise(ada.read(TODAY)[0].entry.id, 1, "mended by hand")
    before = ada.days.table(TODAY)
    await ada.write_many(batch)
    await ada.write_many([])
    assert ada.days.table(TODAY) == before
    assert texts(ada)[:2] == [("mended by hand",), ("entry 1",)]
    assert len(assert_sound(store, ada.vault)) == 10


async def test_answers_from_elsewhere_come_with_their_entry(ada: Journal, store: Store) -> None:
    said = Response(bytes(16), TODAY, 7, bytes(16), "so\r\nit was", ada.now(), model="llama")
    await ada.write_many([_new(1, responses=(said, said)), _new(2)])
    assert texts(ada) == [("entry 1", "so\nit was", "so\nit was"), ("entry 2",)]
    assert_sound(store, ada.vault)


async def test_one_that_cannot_be_kept_keeps_none_of_its_batch(ada: Journal, store: Store) -> None:
    for bad, error in ((" ", Blank), ("x" * 64_001, TooLong)):
        with pytest.raises(error):
            await ada.write_many([_new(1), _new(2, text=bad)])
        with pytest.raises(error):
            checked(bad)
    assert assert_sound(store, ada.vault) == {}
    await ada.write_many([_new(3, text="half \ud800\r\n")])
    assert texts(ada) == [(checked("half \ud800\r\n"),)]


async def test_a_day_that_can_hold_no_more_says_so(
    ada: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llamora.journal.edition.MOST_ITEMS", 3)
    await ada.write_many([_new(n) for n in range(3)])
    with pytest.raises(DayFull):
        await write(ada, "one more")
    await write(ada, "on another day", date(2026, 11, 21))
    assert len(texts(ada)) == 3


def test_a_full_day_fits_its_table() -> None:
    items = [Item(new_id(), Kind.ENTRY, 1) for _ in range(MOST_ITEMS)]
    table = DayTable.of(TODAY, new_id(), 1, items)
    assert list(DayTable.read(table.row, 1, table.packed).items) == items
    with pytest.raises(struct.error):
        DayTable.of(TODAY, new_id(), 1, [*items, items[0]])


async def test_an_entry_whose_zone_is_not_known_here_can_still_be_read(ada: Journal) -> None:
    at = datetime(2020, 1, 1, 12, tzinfo=UTC)
    await ada.write_many([_new(1, at=at, zone="Mars/Olympus_Mons")])
    entry = ada.read(TODAY)[0].entry
    assert (entry.local, entry.at) == (at, at)
    last = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert Entry(new_id(), TODAY, 1, "", last, "Pacific/Auckland").local == last
