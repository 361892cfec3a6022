"""A day is recalled in its own words, a sentence or two, and read once."""

from datetime import date, timedelta

import pytest
from tests.support.journals import write
from tests.support.scripted_search import ScriptedSearch

from llamora.companion import recap as module
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.prompt import Prompts
from llamora.companion.recap import LONGEST, recap
from llamora.search.central import Sentence

DAY = date(2026, 3, 1)


def found(*sentences: tuple[int, str, float]) -> list[Sentence]:
    """Sentences of numbered texts, each behind the one before with a space between."""
    at, placed = 0, list[Sentence]()
    for index, text, weight in sentences:
        placed.append(Sentence(index, at, at + len(text), text, weight))
        at += len(text) + 1
    return placed


LONG = "word " * 39 + "end."
ENDLESS = "word " * 60 + "end."


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        ([], ""),
        ([(0, "The heron came.", 1.0)], "The heron came."),
        ([(0, "It rained.", 0.5), (0, "The heron came.", 1.0)], "It rained. The heron came."),
        ([(0, "It rained.", 0.5), (1, "The heron came.", 1.0)], "It rained. … The heron came."),
        ([(0, "a", 0.5), (0, "b", 0.4), (0, "c", 1.0)], "a … c"),
        ([(0, LONG, 1.0), (0, "Short.", 0.9)], LONG),
        ([(0, ENDLESS, 1.0), (0, "Short.", 0.9)], "Short."),
        ([(0, ENDLESS, 1.0)], ("word " * 40).strip() + "…"),
        ([(0, "x" * 300, 1.0)], "x" * 199 + "…"),
    ],
)
def test_one_or_two_sentences_are_taken_as_they_stand(sentences, expected):
    said = recap(found(*sentences))
    assert said == expected
    assert len(said) <= LONGEST


@pytest.fixture
def companion(sources) -> Companion:
    return Companion(sources, None, Prompts(), CompanionLimits())


async def test_a_day_is_recalled_by_its_entries(ada, companion):
    await write(ada, "The heron came back to the river. Tea.", DAY)
    await write(ada, "Anna called from the train.", DAY)
    assert (
        await companion.recap(DAY)
        == "The heron came back to the river. … Anna called from the train."
    )


async def test_an_empty_day_has_nothing_to_recall(companion, search):
    assert await companion.recap(DAY) == ""
    assert search.texts == []


async def test_a_day_is_read_once_until_it_changes(ada, companion, search):
    entry = await write(ada, "The heron came back.", DAY)
    for _ in range(3):
        assert await companion.recap(DAY) == "The heron came back."
    assert len(search.texts) == 1
    await ada.revise(entry.id, 1, "It stayed away.")
    assert await companion.recap(DAY) == "It stayed away."
    assert len(search.texts) == 2


async def test_no_more_days_are_kept_in_mind_than_fit(
    ada, companion, search: ScriptedSearch, monkeypatch
):
    monkeypatch.setattr(module, "KEPT", 2)
    for n in range(3):
        await write(ada, f"Day {n}.", DAY + timedelta(n))
        await companion.recap(DAY + timedelta(n))
    await companion.recap(DAY + timedelta(2))
    assert len(search.texts) == 3
    await companion.recap(DAY)
    assert len(search.texts) == 4
