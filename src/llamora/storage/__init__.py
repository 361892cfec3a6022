"""Storage: one SQLite file, its schema and its copies. The only room that knows the database.

Other rooms use `Store` and `Transaction` and catch the errors named here; the command line also
uses `llamora.storage.backup` (backup, restore, check) and `llamora.storage.migrate` (status, up).
"""

from llamora.storage.errors import (
    AlreadyThere,
    Conflict,
    Damaged,
    MigrationEdited,
    NotAJournal,
    SchemaTooNew,
    StoreBusy,
    StoreClosed,
    StoreError,
    StoreFull,
    Unreachable,
)
from llamora.storage.store import Store
from llamora.storage.transaction import Transaction

__all__ = [
    "AlreadyThere",
    "Conflict",
    "Damaged",
    "MigrationEdited",
    "NotAJournal",
    "SchemaTooNew",
    "Store",
    "StoreBusy",
    "StoreClosed",
    "StoreError",
    "StoreFull",
    "Transaction",
    "Unreachable",
]
