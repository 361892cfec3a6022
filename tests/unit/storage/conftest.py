"""A journal file of its own for each test, and the same one open."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llamora.storage import Store
from llamora.storage import connection as connection_module


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "llamora.sqlite3"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    store = Store.open(path)
    yield store
    store.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy timeout that a test can wait for."""
    short = tuple(
        ("busy_timeout", "50", 50) if name == "busy_timeout" else (name, value, expected)
        for name, value, expected in connection_module.PRAGMAS
    )
    monkeypatch.setattr(connection_module, "PRAGMAS", short)
