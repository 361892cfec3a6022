"""Refused attempts at accounts, counted in memory until their owner can be told.

Nobody but the owner can seal a row, and the owner is not there while a stranger guesses. So the
count waits in the process that saw it, for names that exist and for those that do not alike; it is
lost when that process ends.
"""

from collections import OrderedDict

from llamora.accounts.history import Event, Kind
from llamora.kernel import Clock

MOST = 1000
"""How many names are remembered; beyond, the one that was tried longest ago is forgotten."""


class Refused:
    """The attempts that were refused, by folded name and kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[tuple[str, Kind], Event] = OrderedDict()

    def count(self, name: str, kind: Kind) -> None:
        before = self._counts.pop((name, kind), None)
        times = before.times + 1 if before else 1
        self._counts[name, kind] = Event(kind, self._clock.now(), times)
        if len(self._counts) > MOST:
            self._counts.popitem(last=False)

    def take(self, name: str) -> list[Event]:
        """What was counted for a name, which is forgotten by this."""
        found = [event for (of, _), event in self._counts.items() if of == name]
        for event in found:
            del self._counts[name, event.kind]
        return found

    def give_back(self, name: str, events: list[Event]) -> None:
        """They could not be told yet."""
        for event in events:
            since = self._counts.pop((name, event.kind), None)
            times, at = (since.times, since.at) if since else (0, event.at)
            self._counts[name, event.kind] = Event(event.kind, at, times + event.times)

    def __bool__(self) -> bool:
        return bool(self._counts)
