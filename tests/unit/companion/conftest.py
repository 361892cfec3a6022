"""What the companion reads in; and the real llama.cpp, started by the first test that asks."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from tests.support.llama import llama
from tests.support.scripted_search import ScriptedSearch

from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.search.recent import Recent
from llamora.search.search import Search
from llamora.storage import Store
from llamora.traces.traces import Traces

__all__ = ["llama"]


@pytest.fixture
def search() -> ScriptedSearch:
    return ScriptedSearch()


@pytest.fixture
def traces(store: Store, ada: Journal) -> Traces:
    return Traces(store, ada)


@pytest.fixture
def sources(ada: Journal, traces: Traces, search: ScriptedSearch) -> Sources:
    return Sources(ada, traces, cast(Any, search))


@pytest.fixture
async def searching(store: Store, ada: Journal, traces: Traces) -> AsyncIterator[Sources]:
    """The same with the real search."""
    recent = Recent(store, ada.vault, ada.now)
    search = Search(store, ada, Embedders(), recent, traces=traces)

    async def found() -> Search:
        return search

    yield Sources(ada, traces, found)
    await search.close()
