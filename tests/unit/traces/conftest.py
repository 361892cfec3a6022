"""The traces of ada's journal."""

import pytest

from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.traces.traces import Traces


@pytest.fixture
def traces(store: Store, ada: Journal) -> Traces:
    return Traces(store, ada)
