"""What a trace has gathered, summed up: kept sealed among the drafts, for it can be made again.

A summary knows what it was made from. When one of those writings is let go for good, so is the
summary: the diarist meant the words to go wherever they stand.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from llamora.journal import drafts
from llamora.journal.writing import Quote, moment, stamp
from llamora.storage.ledger import Writes
from llamora.vault import Vault


@dataclass(frozen=True)
class Summary:
    """Either a text in Markdown, by a model, or the diarist's own sentences.

    `read` are the writings it was made from, each with its revision, and `entries` is how many the
    trace had in all. `is_stale` is not kept: whoever compares it with the journal says so.
    """

    read: tuple[tuple[bytes, int], ...]
    entries: int
    at: datetime
    engine: str = "model"  # or "echo"
    model: str = ""
    text: str = ""
    quotes: tuple[Quote, ...] = ()
    is_stale: bool = False


def put(tx: Writes, vault: Vault, trace: bytes, summary: Summary) -> bool:
    """Keeps a summary in place of the one before; whether it did.

    It does not when a writing that it was made from is gone meanwhile.
    """
    if not all(_has(tx, vault, id) for id, _ in summary.read):
        return False
    more = {
        "read": [[id.hex(), revision] for id, revision in summary.read],
        "entries": summary.entries,
        "at": stamp(summary.at),
        "engine": summary.engine,
        "model": summary.model,
        "quotes": [
            {"entry": q.entry.hex(), "date": q.day.isoformat(), "text": q.text}
            for q in summary.quotes
        ],
    }
    drafts.put(tx, vault, drafts.of_summary(trace), summary.text, more)
    return True


def kept(draft: drafts.Draft | None) -> Summary | None:
    """The summary in a draft; None also when it is none that this version knows."""
    if draft is None:
        return None
    header = draft.header
    try:
        return Summary(
            tuple((bytes.fromhex(id), int(revision)) for id, revision in header["read"]),
            int(header["entries"]),
            moment(header["at"]),
            header["engine"],
            header["model"],
            draft.text,
            tuple(
                Quote(bytes.fromhex(q["entry"]), date.fromisoformat(q["date"]), q["text"])
                for q in header["quotes"]
            ),
        )
    except (KeyError, TypeError, ValueError):
        return None


def drop(tx: Writes, vault: Vault, trace: bytes) -> None:
    """Lets a trace's summary go, if it has one."""
    drafts.drop(tx, vault, drafts.of_summary(trace))


def drop_made_from(tx: Writes, vault: Vault, writings: Collection[bytes]) -> None:
    """Lets every summary go that was made from one of these writings."""
    gone = {id.hex() for id in writings}
    for place, _, header in drafts.every(tx, vault) if gone else ():
        if place.startswith("summary:") and any(id in gone for id, _ in header.get("read", ())):
            drafts.drop(tx, vault, place)


def _has(tx: Writes, vault: Vault, id: bytes) -> bool:
    found = tx.row("SELECT 1 FROM writings WHERE id = ? AND owner = ?", (id, vault.owner))
    return found is not None
