"""Ada's file, the room over it, and counters for what the room asks of the machine."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.accounts import House, Registered, TurnedClock, house, registered

from llamora.vault import sodium


@pytest.fixture
def ada(tmp_path: Path) -> Registered:
    return registered(tmp_path)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def home(ada: Registered, clock: TurnedClock) -> Iterator[House]:
    with house(ada.path, clock=clock) as open_house:
        yield open_house


class Derivations:
    """How often Argon2id ran, how often at once, and a gate to hold it at."""

    def __init__(self) -> None:
        self.count = 0
        self.most_at_once = 0
        self.costs: list[tuple[int, int]] = []
        self.started = threading.Event()
        self.held = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self._held_one = 0
        self._running = 0
        self._lock = threading.Lock()
        self._real = sodium.argon2id

    def hold_at(self, number: int) -> None:
        """Holds the derivation of that number, and no other, until the gate is set."""
        self._held_one = number
        self.held.clear()
        self.gate.clear()

    def __call__(self, secret: bytes, salt: bytes, memory: int, passes: int, out: Any) -> None:
        with self._lock:
            self.count += 1
            waits = self.count == self._held_one or not self._held_one
            self.costs.append((memory, passes))
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        self.started.set()
        try:
            if waits:
                self.held.set()
                assert self.gate.wait(30)
            self._real(secret, salt, memory, passes, out)
        finally:
            with self._lock:
                self._running -= 1


@pytest.fixture
def derivations(monkeypatch: pytest.MonkeyPatch) -> Derivations:
    counter = Derivations()
    monkeypatch.setattr(sodium, "argon2id", counter)
    return counter
