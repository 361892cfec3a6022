"""The index of days in memory: which days are written, and what stands beside them."""

import calendar
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable
from datetime import date

from llamora.journal.day_table import DayTable

FIRST_DAY = date(1000, 1, 1)
LAST_DAY = date(9999, 12, 31)
REMEMBERED_CHANGES = 1000


class Days:
    """Every day row of an unlocked journal, by date."""

    def __init__(self, tables: Iterable[DayTable] = ()) -> None:
        self._tables = {table.day: table for table in tables}
        self._written = sorted(day for day, table in self._tables.items() if table.entries)
        self._changed = deque[date](maxlen=REMEMBERED_CHANGES)
        self.revision = 0
        """How often a day was put; what is derived from the days follows by it."""

    def table(self, day: date) -> DayTable | None:
        return self._tables.get(day)

    def tables(self) -> Iterable[DayTable]:
        return self._tables.values()

    def changed_since(self, revision: int) -> set[date] | None:
        """The days put since then; None when that is too long ago to be known."""
        behind = self.revision - revision
        if not behind:
            return set()  # asked a thousand times for one page
        if behind > len(self._changed):
            return None
        return set(list(self._changed)[len(self._changed) - behind :])

    def put(self, day: date, table: DayTable | None) -> None:
        """Takes in what a change left of a day; None when nothing is left."""
        self.revision += 1
        self._changed.append(day)
        was = self.is_written(day)
        if table is None:
            self._tables.pop(day, None)
        else:
            self._tables[day] = table
        now = self.is_written(day)
        if now and not was:
            insort(self._written, day)
        elif was and not now:
            del self._written[bisect_left(self._written, day)]

    def is_written(self, day: date) -> bool:
        table = self._tables.get(day)
        return table is not None and table.entries > 0

    @property
    def written(self) -> list[date]:
        """The written days, oldest first."""
        return self._written

    def previous_written(self, day: date) -> date | None:
        at = bisect_left(self._written, day)
        return self._written[at - 1] if at else None

    def next_written(self, day: date) -> date | None:
        at = bisect_right(self._written, day)
        return self._written[at] if at < len(self._written) else None


def month_grid(year: int, month: int) -> list[list[date | None]]:
    """The weeks of a month, Monday first, with None outside it."""
    return [
        [date(year, month, n) if n else None for n in week]
        for week in calendar.Calendar().monthdayscalendar(year, month)
    ]
