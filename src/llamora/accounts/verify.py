"""Looks whether every row opens that tells of what happened and of who sits where.

Nothing names how many there should be: they are forgotten with time, and so is what ends. So a row
that was altered, moved or put in is found here, and one that was taken away is not.
"""

from dataclasses import dataclass, field

from llamora.accounts.carriers import SEAT
from llamora.accounts.history import EVENT
from llamora.storage.ledger import Rows
from llamora.vault import Place, Unreadable, Vault


@dataclass
class Report:
    """How many rows there are and what is wrong; each problem is a sentence with ids alone."""

    events: int = 0
    seats: int = 0
    problems: list[str] = field(default_factory=list[str])

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(source: Rows, vault: Vault) -> Report:
    """Opens every such row of the vault's account."""
    report = Report()
    report.events = _look(source, vault, EVENT, "the history", report.problems)
    report.seats = _look(source, vault, SEAT, "the list of sessions", report.problems)
    return report


def _look(source: Rows, vault: Vault, place: Place, of: str, problems: list[str]) -> int:
    rows = source.rows(
        f"SELECT id, sealed FROM {place.table} WHERE owner = ?",  # noqa: S608 - names of our own
        (vault.owner,),
    )
    for id, sealed in rows:
        try:
            vault.open(place, id, sealed)
        except Unreadable:
            problems.append(f"The row {id.hex()} of {of} cannot be opened.")
    return len(rows)
