"""What may be brought up unasked: nothing that the diarist let rest.

An entry rests when it was let rest itself, when its date was, or when one of its traces was. While
the row of a trace does not open, the trace may rest, and what it stands on is left alone.
Whatever looks back of its own accord asks here: echoes, earlier years of a day. What the diarist
looks for, or asks about, is found as ever.
"""

from dataclasses import dataclass
from datetime import date

from llamora.journal.journal import Journal
from llamora.traces.traces import Traces


@dataclass(frozen=True)
class AtRest:
    """What rests at one moment, with nothing left to look up: any thread may ask."""

    entries: frozenset[bytes]
    days: frozenset[date]
    known: bool = True
    """Whether what rests can be read; while it cannot, nothing may be brought up."""

    def may_resurface(self, entry: bytes, day: date) -> bool:
        return self.known and entry not in self.entries and day not in self.days


class Resting:
    """What rests in one unlocked journal. Asked on the event loop, as traces are."""

    def __init__(self, journal: Journal, traces: Traces) -> None:
        self._journal = journal
        self._traces = traces

    def may_resurface(self, entry: bytes, day: date) -> bool:
        """Whether that entry of that day may be brought up. For a few: it counts no traces, and
        opens no more of them than the day has."""
        rests = self._journal.rests
        if not AtRest(rests.entries, rests.days, rests.known).may_resurface(entry, day):
            return False
        return entry not in self._traces.resting_on(day)

    def now(self) -> AtRest:
        """The same for all entries at once, resting traces followed to where they stand."""
        rests = self._journal.rests
        return AtRest(rests.entries | self._traces.resting(), rests.days, rests.known)
