"""Earlier years of a date: which days are seen from which, in what words, and what stays unseen."""

from datetime import date

import pytest
from tests.support.journals import answer, write

from llamora.companion import on_this_day as module
from llamora.companion.on_this_day import OnThisDay, earlier_dates, telling
from llamora.companion.resting import Resting
from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.traces.traces import Traces

TODAY = date(2026, 11, 22)
FROST = "First frost. The whole street quiet, as if under glass."


@pytest.fixture
def looking(ada: Journal, traces: Traces) -> OnThisDay:
    return OnThisDay(ada, Resting(ada, traces))


def seen(looking: OnThisDay, day: date = TODAY) -> list[tuple[date, str]]:
    return [(glimpse.day, glimpse.sentence) for glimpse in looking.earlier(day)]


@pytest.mark.parametrize(
    ("day", "since", "seen"),
    [
        # A day like any other, newest first.
        ("2026-11-22", 2023, "2025-11-22 2024-11-22 2023-11-22"),
        ("2024-03-01", 2022, "2023-03-01 2022-03-01"),
        # A 29 February sees 29 Februaries, and nothing of 28ths.
        ("2028-02-29", 2019, "2024-02-29 2020-02-29"),
        # In a February without a 29th the 28th stands for it too.
        ("2026-02-28", 2023, "2025-02-28 2024-02-29 2024-02-28 2023-02-28"),
        # In a leap year the 28th is only itself.
        ("2024-02-28", 2019, "2023-02-28 2022-02-28 2021-02-28 2020-02-28 2019-02-28"),
        # A century that is no leap year, and one that is.
        ("2100-02-28", 2096, "2099-02-28 2098-02-28 2097-02-28 2096-02-29 2096-02-28"),
        ("2104-02-29", 2092, "2096-02-29 2092-02-29"),
        ("2004-02-29", 1996, "2000-02-29 1996-02-29"),
        ("2021-11-22", 2021, ""),
    ],
)
def test_which_days_are_seen_from_which(day: str, since: int, seen: str) -> None:
    found = [each.isoformat() for each in earlier_dates(date.fromisoformat(day), since)]
    assert found == seen.split()


def test_the_first_year_has_nothing_earlier() -> None:
    assert list(earlier_dates(date(1000, 2, 28), 1000)) == []
    assert list(earlier_dates(date(1004, 2, 29), 1000)) == []  # 1000 was no leap year
    assert list(earlier_dates(date(1001, 1, 1), 1000)) == [date(1000, 1, 1)]


@pytest.mark.parametrize(
    ("text", "sentence", "whole"),
    [
        (FROST, "The whole street quiet, as if under glass.", True),
        ("Moved the desk to the window at last.", "Moved the desk to the window at last.", True),
        ("The heron stood *exactly* where it was.", "The heron stood exactly where it was.", True),
        # Lines that were broken by hand are one sentence still.
        ("The heron stood\nexactly where\nit stood in March. Then rain.",
         "The heron stood exactly where it stood in March.", True),
        # Headings, lists, quotations and code are passed over for prose.
        ("# A title of some length\n\n- a list of things to do.\n\n"
         "> Say less, mean it more. Yes.\n\n```\ncode that says nothing.\n```\n\n"
         "Wrote four lines to Jonas.",
         "Wrote four lines to Jonas.", True),
        ("- ring Ruth about the ladder\n- post the forms", "ring Ruth about the ladder", False),
        ("> Say less, mean it more. (Dad’s notebook)", None, False),
        ("```\ncode alone\n```", None, False),
        ("![](https://example.org/a.png)", "https://example.org/a.png", False),
        ("Yes.", "Yes.", False),
        ("ま" * 30 + "。" + "次", "ま" * 30 + "。", True),
        ("قرأت كتابا طويلا عن البحر اليوم.", "قرأت كتابا طويلا عن البحر اليوم.", True),
    ],
)  # fmt: skip
def test_the_sentence_that_is_shown(text: str, sentence: str | None, whole: bool) -> None:
    found = telling(text)
    assert (found.text if found else None) == sentence
    assert found is None or found.whole is whole


def test_an_endless_sentence_is_cut_at_a_word() -> None:
    found = telling("I keep thinking, " + "and thinking, " * 30)
    assert found is not None
    assert len(found.text) <= module.SENTENCE_CHARACTERS + 1
    assert found.text.endswith(" and…")
    assert not found.whole


@pytest.mark.parametrize("piece", ["👩‍🌾", "กิ", "e\u0301", "W"])
def test_a_text_without_spaces_is_cut_between_two_characters(piece: str) -> None:
    for before in range(len(piece) + 1):
        found = telling("x" * before + piece * 200)
        assert found is not None
        assert len(found.text) <= module.SENTENCE_CHARACTERS + 1
        body = found.text.removesuffix("…")[before:]
        assert body == piece * (len(body) // len(piece))


async def test_the_earlier_years_of_a_day_newest_first(ada: Journal, looking: OnThisDay) -> None:
    assert seen(looking) == []
    for year in (2021, 2024, 2023):
        await write(ada, f"The heron came back in {year}.", date(year, 11, 22))
    await write(ada, "The day before was another.", date(2024, 11, 21))
    await write(ada, "Today is not an earlier year.")
    assert seen(looking) == [
        (date(year, 11, 22), f"The heron came back in {year}.") for year in (2024, 2023, 2021)
    ]
    assert [day.year for day, _ in seen(looking, date(2024, 11, 22))] == [2023, 2021]


async def test_a_day_without_words_of_the_diarist_s_own_is_passed_over(
    ada: Journal, looking: OnThisDay
) -> None:
    entry = await write(ada, "```\ncode\n```", date(2024, 11, 22))
    await answer(ada, entry, "The companion said a whole sentence here.")
    assert seen(looking) == []


async def test_an_entry_with_a_whole_sentence_speaks_for_its_day(
    ada: Journal, looking: OnThisDay
) -> None:
    day = date(2024, 11, 22)
    await write(ada, "milk, bread, lamp oil", day)
    assert seen(looking) == [(day, "milk, bread, lamp oil")]
    await write(ada, "The reservoir was still and grey.", day)
    assert seen(looking) == [(day, "The reservoir was still and grey.")]


async def test_what_changes_is_seen_at_once(ada: Journal, looking: OnThisDay) -> None:
    day = date(2024, 11, 22)
    entry = await write(ada, "The heron came back today.", day)
    assert seen(looking)
    await ada.revise(entry.id, 1, "The heron did not come back.")
    assert seen(looking) == [(day, "The heron did not come back.")]
    await ada.erase(entry.id)
    assert seen(looking) == []


async def test_what_rests_is_not_seen(ada: Journal, traces: Traces, looking: OnThisDay) -> None:
    day = date(2024, 11, 22)
    first = await write(ada, "The letter is still unsent.", day)
    await write(ada, "The reservoir was still and grey.", day)
    await ada.rests.rest_entry(first.id, True)
    assert seen(looking) == [(day, "The reservoir was still and grey.")]
    await ada.rests.rest_day(day, True)
    assert seen(looking) == []
    await ada.rests.rest_day(day, False)
    await ada.rests.rest_entry(first.id, False)
    assert seen(looking) == [(day, "The letter is still unsent.")]
    trace = await traces.keep(first.id, "jonas")
    assert seen(looking) == [(day, "The letter is still unsent.")]
    await traces.rest(trace.id, True)
    assert seen(looking) == [(day, "The reservoir was still and grey.")]


async def test_nothing_is_seen_while_what_rests_cannot_be_opened(
    ada: Journal, store: Store, looking: OnThisDay
) -> None:
    await write(ada, "The heron came back.", date(2024, 11, 22))
    await ada.rests.rest_day(date(2023, 11, 22), True)
    assert seen(looking)
    store.write_now(lambda tx: tx.execute("UPDATE drafts SET revision = revision + 1"))
    ada.rests.read()
    assert seen(looking) == []


async def test_a_second_look_opens_nothing(
    ada: Journal, looking: OnThisDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in range(2000, 2026):
        await write(ada, f"The heron came back in {year}.", date(year, 11, 22))
    first = seen(looking)

    def refuse(*_: object, **__: object) -> object:
        raise AssertionError("something was opened")

    monkeypatch.setattr(ada.vault, "open", refuse)
    assert seen(looking) == first
    monkeypatch.undo()  # its keys are wiped at the end


async def test_the_sentences_that_are_kept_are_bounded(
    ada: Journal, looking: OnThisDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_SENTENCES", 5)
    for year in range(2010, 2026):
        await write(ada, f"The heron came back in {year}.", date(year, 11, 22))
    assert len(seen(looking)) == 16
    opened: list[object] = []
    find = ada.find
    monkeypatch.setattr(ada, "find", lambda id: opened.append(id) or find(id))
    assert len(seen(looking)) == 16
    assert len(opened) >= 11, "what was not kept is read anew"
