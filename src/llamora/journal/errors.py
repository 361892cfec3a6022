"""What the journal says when it cannot do what was asked; each is one calm sentence."""

from llamora.journal.writing import Entry
from llamora.storage import StoreBusy, StoreError, StoreFull
from llamora.storage.ledger import Gone, Stale

__all__ = [
    "Blank",
    "Conflict",
    "Gone",
    "JournalError",
    "NotFound",
    "NotYet",
    "Stale",
    # What the file can refuse, for the rooms above, which do not know that there is one.
    "StoreBusy",
    "StoreError",
    "StoreFull",
    "TooLate",
    "TooLong",
]


class JournalError(Exception):
    """Something the diarist asked for cannot be done."""


class NotFound(JournalError):
    def __init__(self) -> None:
        super().__init__("There is nothing here. It may have been erased.")


class Blank(JournalError):
    def __init__(self) -> None:
        super().__init__("There are no words to keep yet.")


class TooLong(JournalError):
    """More bytes than an entry, or a draft, holds; `over` says how many too many."""

    def __init__(self, what: str, limit: int, over: int) -> None:
        self.over = over
        super().__init__(
            f"{what} holds {limit:,} bytes, and this is {over:,} over. "
            "Please shorten it, or keep it as two entries."
        )


class NotYet(JournalError):
    def __init__(self) -> None:
        super().__init__("This day has not arrived yet.")


class Conflict(JournalError):
    """The entry was changed elsewhere since it was read; `current` is what stands now."""

    def __init__(self, current: Entry) -> None:
        self.current = current
        super().__init__("This entry was changed elsewhere while you were editing it.")


class DayFull(JournalError):
    def __init__(self) -> None:
        super().__init__("This day holds as many writings as a day can.")


class TooLate(JournalError):
    def __init__(self) -> None:
        super().__init__("This was erased more than a minute ago and is gone.")
