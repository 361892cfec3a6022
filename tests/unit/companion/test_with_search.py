"""What the companion offers without a model, by the real search."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from tests.support.journals import write

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.search.embedders import Embedders
from llamora.search.recent import Recent
from llamora.search.search import Search

FIRST = date(2026, 3, 1)
GARDEN = [
    "I planted beans and peas in the garden, and watered the roses. It was late.",
    "The roses in the garden have opened. Tea on the bench with Anna.",
    "Weeded the garden all morning; the beans climb, the peas are sweet.",
]
OTHERS = [
    "The train to the office was late again, and the meeting went on for ever.",
    "Mother called. We spoke of the house by the sea, and of the winter there.",
    "I could not sleep, and read until three.",
]


@pytest.fixture
async def companion(store, ada, traces) -> AsyncIterator[Companion]:
    recent = Recent(store, ada.vault, ada.now)
    search = Search(store, ada, Embedders(), recent, traces=traces)

    async def found() -> Search:
        return search

    companion = Companion(Sources(ada, traces, found), None, Prompts(), CompanionLimits())
    yield companion
    await companion.close()
    await search.close()


async def test_an_entry_is_offered_a_trace_that_its_like_carry_and_words_of_its_own(
    ada, traces, companion
):
    for n, text in enumerate([*GARDEN, *OTHERS]):
        entry = await write(ada, text, FIRST + timedelta(n))
        await traces.keep(entry.id, "garden" if text in GARDEN else "days")
    entry = await write(ada, "The roses and the beans in the garden want water; I cut the roses.")
    first, *others = await companion.suggest_traces(entry.id)
    assert first.name == "garden"
    assert not first.is_new
    assert any(one.is_new for one in others)


async def test_a_trace_and_a_day_are_told_in_their_own_words(ada, traces, companion):
    for n, text in enumerate(GARDEN):
        entry = await write(ada, text, FIRST + timedelta(n))
        await traces.keep(entry.id, "garden")
    (garden,) = traces.all()
    summary = await companion.summarise(garden.id)
    assert summary.quotes
    assert all(any(quote.text in text for text in GARDEN) for quote in summary.quotes)
    recap = await companion.recap(FIRST)
    assert recap.startswith("I planted beans and peas in the garden")
