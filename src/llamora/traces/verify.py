"""Looks whether every trace opens, is found under its name, and is one that the days know of."""

from dataclasses import dataclass, field

from llamora.journal.edition import load_tables
from llamora.storage.ledger import Rows
from llamora.traces.names import BadName, canonical
from llamora.traces.traces import TRACE
from llamora.vault import Unreadable, Vault


@dataclass
class Report:
    """How many traces there are and what is wrong; each problem is a sentence with ids and dates,
    never a name."""

    traces: int = 0
    problems: list[str] = field(default_factory=list[str])

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(source: Rows, vault: Vault) -> Report:
    """Opens every trace and compares them with the tables of the days. Days whose rows do not open
    are for the journal's own look to tell of."""
    report = Report()
    there = set[bytes]()
    for id, hashed, revision, sealed in source.rows(
        "SELECT id, name, revision, sealed FROM traces WHERE owner = ?", (vault.owner,)
    ):
        report.traces += 1
        there.add(id)
        if problem := _problem(vault, id, hashed, revision, sealed):
            report.problems.append(f"The trace {id.hex()} {problem}.")
    for table in load_tables(source, vault)[0]:
        missing = {trace for _, _, ids in table.traced() for trace in ids} - there
        report.problems += [
            f"The day {table.day} lists the trace {trace.hex()}, which is not there."
            for trace in sorted(missing)
        ]
    return report


def _problem(vault: Vault, id: bytes, hashed: bytes, revision: int, sealed: bytes) -> str:
    try:
        name = vault.open(TRACE, id, sealed, name=hashed, revision=revision).raw.decode()
        if canonical(name) != name:
            return "is called what no trace is called"
    except (Unreadable, UnicodeDecodeError):
        return "does not open"
    except BadName:
        return "is called what no trace is called"
    return "" if hashed in vault.trace_hashes(name) else "stands under another's hash"
