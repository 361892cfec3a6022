"""What can go wrong with the file, by name. `str()` of each is one sentence for the person."""


class StoreError(Exception):
    """The root of them all; also what has no better name."""

    sentence = "The journal's file could not be used."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)


class StoreFull(StoreError):
    """No room left to write in. Nothing of the transaction was kept."""

    sentence = "The disk is full; free some space and save again."


class StoreBusy(StoreError):
    """Another process kept the file locked for longer than the busy timeout."""

    sentence = "The journal's file is in use by another program; try again in a moment."


class StoreClosed(StoreError):
    """The store was used after `close`."""

    sentence = "The journal's file has been closed."


class Damaged(StoreError):
    """The file is not a sound database."""

    sentence = "The journal's file is damaged; restore a backup with `llamora-server restore`."


class Unreachable(StoreError):
    """The file or its folder is missing, forbidden, or its disk fails."""

    sentence = (
        "The journal's file could not be reached; see that it exists "
        "and that you may read and write it and its folder."
    )


class NotAJournal(StoreError):
    """A sound database, but none that Llamora made."""

    sentence = "The file is a database, but it does not hold a Llamora journal."


class SchemaTooNew(StoreError):
    """The file was written by a later version of Llamora."""

    sentence = "The journal was written by a newer Llamora; update Llamora to open it."


class MigrationEdited(StoreError):
    """A migration differs from the one of that number which made the file."""

    sentence = "A migration was changed after it was applied; reinstall Llamora."


class AlreadyThere(StoreError):
    """A restore would overwrite a database and was not told to."""

    sentence = "There is a journal in that place already; say so if it is to be replaced."


class Conflict(StoreError):
    """A constraint of the schema refused a row: a name or a key that exists, a missing owner."""

    sentence = "That exists already, or what it belongs to is gone."
