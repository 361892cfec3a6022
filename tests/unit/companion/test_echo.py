"""Echo says nothing of its own: what it quotes stands in the journal, and is well chosen."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.journals import write

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.echo import (
    ENOUGH,
    MOST_PASSAGES,
    QUESTIONS,
    chosen,
    question,
)
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry, Response
from llamora.kernel import new_id
from llamora.search.nearby import Near

TODAY = date(2026, 11, 22)


def near(year: int, closeness: float, day: int = 1) -> Near:
    return Near(new_id(), date(year, 3, day), 0, 10, closeness)


async def echoed(sources: Sources, entry: Entry, key: str = "key") -> Response:
    echo = Companion(sources, None, Prompts(), CompanionLimits())
    response = await echo.respond(entry.id, key)
    generation = echo.generation(response.id)
    assert generation
    await generation.ended.wait()
    await echo.close()
    return generation.response


def test_what_is_chosen_is_rather_of_other_years_than_nearer_by_a_little() -> None:
    found = [near(2025, 1.0), near(2025, 0.95, 2), near(2025, 0.9, 3), near(2021, 0.8)]
    assert [one.day.year for one in chosen(found)] == [2025, 2025, 2021]
    found = [near(2025, 1.0), near(2025, 0.9, 2), near(2021, 0.8), near(2019, 0.75)]
    assert [one.day.year for one in chosen(found)] == [2025, 2021, 2019]
    assert not chosen([])


@given(st.lists(st.tuples(st.integers(2000, 2004), st.integers(1, 5), st.floats(0.1, 2))))
def test_few_are_chosen_all_near_and_none_of_one_day(given_: list[tuple[int, int, float]]) -> None:
    found = sorted((near(y, c, d) for y, d, c in given_), key=lambda one: -one.closeness)
    picked = chosen(found)
    assert (1 if found else 0) <= len(picked) <= MOST_PASSAGES
    assert len({one.day for one in picked}) == len(picked)
    assert all(one.closeness >= ENOUGH * found[0].closeness for one in picked)
    assert set(picked) <= set(found)
    assert not found or picked[0] == found[0]


def test_a_question_is_one_of_a_few_and_often_none() -> None:
    asked = [question(bytes([n])) for n in range(256)]
    assert set(asked) == {*QUESTIONS, ""}
    assert asked.count("") == 128
    assert all(text.endswith("?") and text.count("?") == 1 for text in QUESTIONS)


@pytest.mark.parametrize(
    "older",
    [
        "A heron stood there. Nothing else.", "heron " + "and the quiet water " * 100,
        "heron " + "a" * 2_000, "heron\t" + "and\twater\t" * 200, "**heron** <b>& reeds</b>",
        "The heron came.\n\n> *A heron*, she said.\n\n- a heron\n- the water",
    ],
)  # fmt: skip
async def test_a_passage_stands_in_the_entry_word_for_word(
    ada: Journal, searching: Sources, older: str
) -> None:
    before = await write(ada, older, TODAY - timedelta(days=20))
    (quote,) = (await echoed(searching, await write(ada, "The heron came back."))).quotes
    assert quote.entry == before.id
    assert quote.day == before.day
    assert quote.text in older
    assert quote.text == quote.text.strip()


@pytest.mark.parametrize(
    ("older", "now"),
    [
        ("今日は川でアオサギを見た。静かだった。", "またアオサギが来た。"),
        ("昨天在河边看到一只苍鹭。", "苍鹭又来了。"),
        ("आज नदी किनारे सारस दिखा।", "सारस फिर आया।"),
        ("رأيت مالك الحزين، عند النهر", "هل عاد الحزين؟"),
        ("שלום־עולם", "שלום"),
        ("เมื่อวานเห็นนกกระสาที่แม่น้ำ", "นกกระสากลับมาแล้ว"),
    ],
)
async def test_words_are_found_in_every_script(
    ada: Journal, searching: Sources, older: str, now: str
) -> None:
    before = await write(ada, older, TODAY - timedelta(days=20))
    response = await echoed(searching, await write(ada, now))
    assert [quote.entry for quote in response.quotes] == [before.id]


async def test_never_from_the_same_day_and_never_what_was_quoted_last_time(
    ada: Journal, searching: Sources
) -> None:
    await write(ada, "The heron at the weir.")
    older = [
        await write(ada, f"A heron at the weir, {n}.", TODAY - timedelta(days=400 * n + 1))
        for n in range(7)
    ]
    entry = await write(ada, "Again a heron at the weir.")
    last: set[bytes] = set()
    for n in range(4):
        quoted = {quote.entry for quote in (await echoed(searching, entry, f"{n}")).quotes}
        assert quoted
        assert quoted <= {one.id for one in older}
        assert not quoted & last
        last = quoted
    # Nor when another entry is asked about next, on another day.
    other = await write(ada, "A heron at the weir.", TODAY - timedelta(days=2))
    assert not last & {quote.entry for quote in (await echoed(searching, other)).quotes}


async def test_later_days_are_other_times_too(ada: Journal, searching: Sources) -> None:
    entry = await write(ada, "A heron at the weir.", TODAY - timedelta(days=900))
    later = await write(ada, "The heron at the weir again.")
    response = await echoed(searching, entry)
    assert [quote.entry for quote in response.quotes] == [later.id]


async def test_where_nothing_is_near_it_says_so_in_a_sentence(
    ada: Journal, searching: Sources
) -> None:
    entry = await write(ada, "A heron at the weir.")
    assert (await echoed(searching, entry)).state == "failed"
    assert not ada.thread(entry.id).responses
