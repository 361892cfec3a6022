"""What the diarist let rest, and what they keep from the model.

Entries and dates that rest are brought up by nothing of its own accord. They stay where they are,
to be read, found and answered; what looks back unasked, such as echoes and earlier years
of a day, leaves them out. An entry that is kept from the model is told to no model, whatever for.

All of it is one sealed row (the place `rests`), so nothing in the file tells what it holds, how
much, or that it holds anything. An entry that is gone and can no longer be brought back is dropped
from it with the next change.
"""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from llamora.journal import drafts
from llamora.journal.days import FIRST_DAY
from llamora.journal.edition import Edition, Outcome
from llamora.journal.errors import JournalError, NotYet
from llamora.storage import Store
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Unreadable, Vault

if TYPE_CHECKING:
    from llamora.journal.journal import Journal


class RestsDamaged(JournalError):
    """The row does not open. A new one in its place would wake whatever the old one holds."""

    def __init__(self) -> None:
        super().__init__(
            "What you let rest, or keep from the model, cannot be opened, so nothing of it was "
            "changed, and nothing is brought up or told. “llamora-server verify” says more; a "
            "backup can bring it back."
        )


class _Held(NamedTuple):
    """What the row holds at a revision, which rises with each change; 0 when there is none yet."""

    revision: int = 0
    entries: frozenset[bytes] = frozenset()
    days: frozenset[date] = frozenset()
    kept_back: frozenset[bytes] = frozenset()


class Rests:
    """What rests, and what is kept from the model, in one unlocked journal: this process's copy,
    which the journal keeps up to date.

    The sets may be read on any thread; changes are made on the event loop.
    """

    def __init__(self, store: Store, journal: "Journal") -> None:
        self._store = store
        self._journal = journal
        self._held: _Held | None = _Held()

    @property
    def known(self) -> bool:
        """Whether the row opens. While it does not, anything may rest, or be kept back."""
        return self._held is not None

    @property
    def entries(self) -> frozenset[bytes]:
        return self._held.entries if self._held else frozenset()

    @property
    def days(self) -> frozenset[date]:
        return self._held.days if self._held else frozenset()

    @property
    def kept_back(self) -> frozenset[bytes]:
        """The entries that are kept from the model. `Sources.may_be_read` is what to ask."""
        return self._held.kept_back if self._held else frozenset()

    def read(self) -> None:
        """Takes in the row as it is now."""
        try:
            self._held = _read(self._store, self._journal.vault)
        except Unreadable:
            self._held = None

    async def rest_entry(self, id: bytes, resting: bool) -> None:
        """Lets an entry rest, or brings it back; nothing happens when it is so already.

        Raises:
            NotFound: there is no such entry to let rest.
            RestsDamaged
        """

        def edit(tx: Writes, held: _Held) -> _Held:
            if not resting:
                return held._replace(entries=held.entries - {id})
            self._journal.entry_in(tx, id)
            return held._replace(entries=held.entries | {id})

        await self._change(edit)

    async def rest_day(self, day: date, resting: bool) -> None:
        """Lets a date with all that is written on it, now or later, rest, or brings it back.

        Raises:
            NotYet: the day has not come.
            RestsDamaged
        """
        if not FIRST_DAY <= day <= self._journal.today():
            raise NotYet

        def edit(tx: Writes, held: _Held) -> _Held:
            return held._replace(days=held.days | {day} if resting else held.days - {day})

        await self._change(edit)

    async def keep_back(self, id: bytes, kept: bool) -> None:
        """Keeps an entry from the model, or lets it be read again; nothing happens when it is so
        already.

        Raises:
            NotFound: there is no such entry to keep back.
            RestsDamaged
        """

        def edit(tx: Writes, held: _Held) -> _Held:
            if not kept:
                return held._replace(kept_back=held.kept_back - {id})
            self._journal.entry_in(tx, id)
            return held._replace(kept_back=held.kept_back | {id})

        await self._change(edit)

    async def _change(self, edit: Callable[[Writes, _Held], _Held]) -> None:
        vault = self._journal.vault

        def work(tx: Writes) -> tuple[_Held, Outcome | None]:
            try:
                before = _read(tx, vault)
            except Unreadable as e:
                raise RestsDamaged from e
            after = edit(tx, before)
            if after == before:
                return before, None
            after = _Held(
                before.revision + 1,
                _still_there(tx, vault, after.entries),
                after.days,
                _still_there(tx, vault, after.kept_back),
            )
            edition = Edition(tx, vault)
            _put(tx, vault, after)
            edition.note({"what": "rested"})
            return after, edition.close()

        after = await self._journal.change(work)
        if self._held is None or after.revision > self._held.revision:  # else another came since
            self._held = after


def _read(source: Rows, vault: Vault) -> _Held:
    """Raises `Unreadable`."""
    found = drafts.get(source, vault, drafts.RESTS)
    if found is None:
        return _Held()
    return _Held(
        int(found.mark.rpartition(":")[2]),
        frozenset(bytes.fromhex(id) for id in found.header["entries"]),
        frozenset(date.fromisoformat(day) for day in found.header["days"]),
        frozenset(bytes.fromhex(id) for id in found.header.get("kept_back", ())),
    )


def _put(tx: Writes, vault: Vault, held: _Held) -> None:
    more = {
        "entries": sorted(id.hex() for id in held.entries),
        "days": sorted(day.isoformat() for day in held.days),
        "kept_back": sorted(id.hex() for id in held.kept_back),
    }
    drafts.put(tx, vault, drafts.RESTS, "", more)


def _still_there(tx: Writes, vault: Vault, entries: frozenset[bytes]) -> frozenset[bytes]:
    """Those that stand in the journal, or were erased and can still be brought back."""
    return frozenset(
        id
        for id in entries
        if tx.row("SELECT 1 FROM writings WHERE id = ? AND owner = ?", (id, vault.owner))
        or drafts.has(tx, vault, drafts.of_erased(id))
    )
