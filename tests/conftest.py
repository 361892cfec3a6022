"""What every test stands on: a clock to turn, a file of its own, a journal, and no network."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import hypothesis
import pytest
from tests.support import network
from tests.support.clock import TurnableClock
from tests.support.journals import new_account

from llamora.journal.journal import Journal
from llamora.storage import Store

network.close_network()

# No deadline, for nothing here is timed; no database, for nothing is left in the checkout.
hypothesis.settings.register_profile("llamora", deadline=None, database=None, print_blob=True)
hypothesis.settings.load_profile("llamora")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long forms unless `-m` speaks of them."""
    if "slow" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def refused_in_children(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the Python processes that tests start record what they were refused."""
    record = tmp_path_factory.mktemp("network") / "refused"
    network.close_in_children(record)
    return record


@pytest.fixture(autouse=True)
def _network_closed(refused_in_children: Path) -> Iterator[None]:
    """Fails the test during which something tried to leave the machine, even if it hid it."""
    network.attempts.clear()
    refused_in_children.write_text("")
    yield
    assert not network.attempts
    assert not refused_in_children.read_text()


@pytest.fixture
def free_network(refused_in_children: Path) -> dict[str, str]:
    """The environment of a process that the tests do not hold: only its own watch does."""
    return network.left_open()


@pytest.fixture
def clock() -> TurnableClock:
    return TurnableClock()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="session")
def _empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema and nothing in it, made once and copied."""
    path = tmp_path_factory.mktemp("empty") / "llamora.sqlite3"
    Store.open(path).close()
    return path


@pytest.fixture
def store(data_dir: Path, _empty_file: Path) -> Iterator[Store]:
    data_dir.mkdir(mode=0o700)
    store = Store.open(Path(copy(_empty_file, data_dir / "llamora.sqlite3")))
    yield store
    store.close()


@pytest.fixture
def ada(store: Store, clock: TurnableClock) -> Iterator[Journal]:
    """The unlocked journal of a new account in UTC."""
    vault = new_account(store)
    yield Journal.open(store, vault, clock)
    vault.wipe()
