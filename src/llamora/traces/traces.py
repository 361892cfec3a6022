"""The traces of one unlocked journal: keep, drop, rename, merge, erase, and what they tell.

A trace is a sealed row found by a keyed hash of its name. Which entries carry it stands in the
sealed rows of their days and nowhere else, so nothing in the file links, counts or names. What is
counted is counted in memory, from the days that the journal holds; it follows them by itself.

A trace that no entry carries is none to the diarist. Its row stays for as long as an entry that
was erased, or a trace that was dropped, can be brought back, and is then let go.

Called on the event loop only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import nsmallest

from llamora.journal import drafts, summaries
from llamora.journal.edition import Edition, Outcome, load_tables
from llamora.journal.errors import JournalError, NotFound
from llamora.journal.journal import UNDO, Journal
from llamora.journal.writing import Kind
from llamora.kernel import new_id
from llamora.storage import Store, ledger
from llamora.storage.ledger import Rows, Writes
from llamora.storage.resealing import Fresh, Reseal
from llamora.traces.index import TraceIndex
from llamora.traces.names import alike, canonical
from llamora.vault import Opened, Place, Purpose, Unreadable, Vault

TRACE = Place("traces", "sealed", Purpose.TRACE, ("name", "revision"))

MOST_TRACES = 50
"""How many an entry carries."""

HALF_LIFE_DAYS = 60
"""After so many days a use counts half."""


@dataclass(frozen=True)
class Trace:
    """A label. `resting` ones are brought up by nothing that looks back of its own accord."""

    id: bytes
    name: str
    revision: int = 1
    resting: bool = False


@dataclass(frozen=True)
class Merge:
    """What merging one trace into another would do: to how many entries, of which so many carry
    both already, and whether what comes of it rests."""

    trace: Trace
    into: Trace
    moving: int
    both: int
    rests: bool


class TooManyTraces(JournalError):
    def __init__(self) -> None:
        super().__init__(f"An entry carries at most {MOST_TRACES} traces. Drop one first.")


class TraceDamaged(JournalError):
    """The row of the trace that was meant does not open. A new one cannot stand beside it, and in
    its place would take from `verify` what the old one was."""

    def __init__(self) -> None:
        super().__init__(
            "The trace of that name cannot be opened, so nothing was changed. "
            "“llamora-server verify” says more; a backup can bring it back."
        )


class NameTaken(JournalError):
    """Another trace is called so; `trace` is that one."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        super().__init__(f"There is a trace called “{trace.name}” already. You can merge the two.")


class Traces:
    """The traces of one journal.

    `languages` says in which languages its names are read, to tell two spellings of one thing.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        languages: Sequence[str] = ("en",),
    ) -> None:
        self._store = store
        self._journal = journal
        self._vault: Vault = journal.vault
        self._languages = languages
        self._forget()

    # Looking up

    def all(self) -> list[Trace]:
        """Those on at least one entry, by name."""
        named, index = self._all_named(), self._index()
        found = (named[id] for id in index.traces() if id in named)
        return sorted(found, key=lambda trace: trace.name)

    @property
    def are_there(self) -> bool:
        """Whether there are any, or were until lately. A small read."""
        sql = "SELECT 1 FROM traces WHERE owner = ? LIMIT 1"
        return self._store.row(sql, (self._vault.owner,)) is not None

    def get(self, id: bytes) -> Trace:
        """Raises `NotFound`, also for one that no entry carries."""
        found = self._trace(id)
        if found is None or not self.count(id):
            raise NotFound
        return found

    def find(self, id: bytes) -> Trace | None:
        """A trace, also one that no entry carries any more, for as long as its name is known."""
        return self._trace(id)

    def named(self, name: str) -> Trace | None:
        """The trace of that canonical name, if an entry carries it."""
        self._follow()
        found = self._find(self._store, name)
        return found if found and self.count(found.id) else None

    def spelled_otherwise(self, name: str) -> Trace | None:
        """A trace that is another spelling of the same thing; the most frecent, if there are more.

        None when one is called exactly so.
        """
        return None if self.named(name) else next(iter(self.alike(name)), None)

    def alike(self, name: str) -> list[Trace]:
        """The traces whose names are spellings of the same thing, the most frecent first; with the
        one that is called exactly so."""
        ids = {
            id for key in alike(name, self._languages) for id in self._by_likeness().get(key, ())
        }
        found = [trace for id in ids if self.count(id) and (trace := self._trace(id))]
        return sorted(found, key=lambda trace: (-self.frecency(trace.id), trace.name))

    def on(self, writing: bytes) -> list[Trace]:
        """The traces of a writing, in the order they were kept."""
        return self._known(self._index().of(writing))

    def on_day(self, day: date) -> dict[bytes, list[Trace]]:
        """The traces of each writing of a day that has some. Opens no more than these."""
        table = self._journal.days.table(day)
        self._follow()
        return {id: self._known(ids) for id, _, ids in table.traced()} if table else {}

    def resting_on(self, day: date) -> set[bytes]:
        """The writings of a day that carry a trace which rests; or which may, because its row does
        not open or is gone. Opens no more traces than these."""
        table = self._journal.days.table(day)
        self._follow()
        traced = table.traced() if table else ()
        return {id for id, _, ids in traced if any(map(self._may_rest, ids))}

    def resting(self) -> set[bytes]:
        """The entries of all days that carry such a trace."""
        self._all_named()
        index = self._index()
        resting = [id for id in index.traces() if self._may_rest(id)]
        return {entry for id in resting for day in index.uses(id).values() for entry in day}

    def links(self) -> dict[bytes, tuple[bytes, ...]]:
        """Every writing that has traces, responses too, and the ids of these: as it is now."""
        return self._index().links()

    # Counting

    def count(self, id: bytes) -> int:
        """How many entries carry it."""
        return self._index().count(id)

    def uses(self, id: bytes) -> Mapping[date, Sequence[bytes]]:
        """The days it stands on, newest first, each with its entries in reading order."""
        return self._index().uses(id)

    def since(self, id: bytes) -> date | None:
        """The first day it stands on."""
        return min(self.uses(id), default=None)

    def last_used(self, id: bytes) -> date | None:
        return next(iter(self.uses(id)), None)

    def frecency(self, id: bytes) -> float:
        """How often and how lately it was used: the sum over its entries of 2^(−age/60 days)."""
        index, today = self._index(), self._journal.today()
        if today != self._frecent_on:
            self._frecencies.clear()
            self._frecent_on = today
        if id not in self._frecencies:
            self._frecencies[id] = sum(
                len(entries) * 2.0 ** (-abs((today - day).days) / HALF_LIFE_DAYS)
                for day, entries in index.uses(id).items()
            )
        return self._frecencies[id]

    def often_used(self) -> list[Trace]:
        """Those in use that do not rest, the most frecent first."""
        awake = (trace for trace in self.all() if not trace.resting)
        return sorted(awake, key=lambda trace: -self.frecency(trace.id))

    def beside(self, id: bytes, limit: int = 8) -> list[tuple[Trace, int]]:
        """The traces it keeps company with, the most telling first, and on how many entries."""
        found = [
            (-each.lift, -each.entries, trace.name, trace)
            for each in self._index().beside(id)
            if (trace := self._trace(each.trace))
        ]
        return [(trace, -entries) for _, entries, _, trace in nsmallest(limit, found)]

    def preview_merge(self, id: bytes, into: bytes) -> Merge:
        """What `merge` would do. Raises `NotFound`."""
        trace, other = self.get(id), self.get(into)
        carrying = {entry for entries in self.uses(into).values() for entry in entries}
        entries = [entry for entries in self.uses(id).values() for entry in entries]
        both = sum(entry in carrying for entry in entries)
        return Merge(trace, other, len(entries), both, trace.resting or other.resting)

    # Keeping

    async def keep(self, entry: bytes, typed: str) -> Trace:
        """Puts a trace on an entry; nothing changes when it is there already.

        Raises:
            BadName, NotFound, TooManyTraces, DayDamaged, TraceDamaged
        """
        name = canonical(typed)

        def work(tx: Writes) -> tuple[Trace, Outcome | None]:
            edition = Edition(tx, self._vault)
            day = self._journal.entry_in(tx, entry).day
            (trace,) = self.adopt(tx, edition, (name,))
            kept = next(item.traces for item in edition.items(day) if item.id == entry)
            if trace in kept:
                return self._must_open(tx, trace), None
            if len(kept) >= MOST_TRACES:
                raise TooManyTraces
            edition.retrace(day, entry, (*kept, trace))
            return self._must_open(tx, trace), edition.close()

        return await self._journal.change(work)

    def adopt(self, tx: Writes, edition: Edition, names: Iterable[str]) -> tuple[bytes, ...]:
        """The ids of traces of these canonical names, in that transaction; new ones are made."""
        return tuple(dict.fromkeys(self._adopt(tx, edition, name) for name in names))

    async def drop(self, entry: bytes, trace: bytes) -> None:
        """Takes a trace off an entry, if it is there.

        Raises:
            NotFound: there is no such entry.
            DayDamaged
        """

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            edition = Edition(tx, self._vault)
            day = self._journal.entry_in(tx, entry).day
            kept = next(item.traces for item in edition.items(day) if item.id == entry)
            if trace not in kept:
                return None, None
            edition.retrace(day, entry, tuple(id for id in kept if id != trace))
            return None, edition.close()

        await self._journal.change(work)

    async def rename(self, id: bytes, typed: str) -> Trace:
        """Calls a trace otherwise, everywhere at once.

        Raises:
            BadName, NotFound, NameTaken, TraceDamaged
        """
        name = canonical(typed)
        carried = set(self._index().traces())

        def work(tx: Writes) -> tuple[Trace, Outcome | None]:
            before = self._must_open(tx, id)
            if before.name == name:
                return before, None
            edition = Edition(tx, self._vault)
            there = self._id_of(tx, name)
            other = self._must_open(tx, there) if there else None
            if other and (other.id in carried or other.id in self._carried_in(tx)):
                raise NameTaken(other)
            if other:  # nobody carries it any more: whoever comes back to it finds this one
                edition.replace_trace(other.id, id)
                self._delete(tx, edition, other.id)
            resting = before.resting or bool(other and other.resting)
            after = replace(before, name=name, resting=resting, revision=before.revision + 1)
            self._put(tx, edition, after)
            return after, edition.close()

        return await self._journal.change(work)

    async def merge(self, id: bytes, into: bytes) -> Trace:
        """Puts another trace in its place wherever it stands; it is gone then. If either rests,
        what is left does: nothing that was let rest is brought up because of a merge.

        Raises:
            NotFound: there is no such trace, or both are the same.
            DayDamaged
        """
        if id == into:
            raise NotFound

        def work(tx: Writes) -> tuple[Trace, Outcome | None]:
            before, other = self._must_open(tx, id), self._must_open(tx, into)
            edition = Edition(tx, self._vault)
            edition.replace_trace(id, into)
            self._delete(tx, edition, id)
            if before.resting and not other.resting:
                other = replace(other, resting=True, revision=other.revision + 1)
                self._put(tx, edition, other)
            return other, edition.close()

        return await self._journal.change(work)

    async def erase(self, id: bytes) -> None:
        """Takes a trace off every entry, and away. Nothing happens when it is gone already."""

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            if not self._rows(tx, id):
                return None, None
            edition = Edition(tx, self._vault)
            edition.replace_trace(id, None)
            self._delete(tx, edition, id)
            return None, edition.close()

        await self._journal.change(work)

    async def rest(self, id: bytes, resting: bool) -> Trace:
        """Lets a trace rest, or brings it back among what may be brought up. Raises `NotFound`."""

        def work(tx: Writes) -> tuple[Trace, Outcome | None]:
            before = self._must_open(tx, id)
            if before.resting == resting:
                return before, None
            edition = Edition(tx, self._vault)
            after = replace(before, resting=resting, revision=before.revision + 1)
            self._put(tx, edition, after)
            return after, edition.close()

        return await self._journal.change(work)

    async def sweep(self) -> None:
        """Lets go of traces that no entry carries and that nothing can bring back any more."""
        if not self._whole or self._journal.can_restore:
            return
        now = self._journal.now()
        left = self._named.keys() - self._index().traces()  # each second: nothing is copied
        self._left = {id: self._left.get(id, now) for id in left}
        due = [id for id, since in self._left.items() if now - since > UNDO]
        for id in due:  # what cannot go yet is looked at again when the time is over once more
            del self._left[id]
        due = self._standing_nowhere(due)
        if not due:
            return

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            tables, damaged = load_tables(tx, self._vault)
            places = (place for place, _, _ in drafts.every(tx, self._vault))
            if damaged or any(place.startswith("erased:") for place in places):
                return None, None  # what cannot be seen now may still carry them
            here = {id for table in tables for _, _, ids in table.traced() for id in ids}
            gone = [id for id in due if id not in here]
            edition = Edition(tx, self._vault)
            for id in gone:
                self._delete(tx, edition, id)
            return None, edition.close() if gone else None

        await self._journal.change(work)

    # Below: steps of the above

    def _standing_nowhere(self, ids: Sequence[bytes]) -> list[bytes]:
        """Those that are not beside an answer either, to which they were attached."""
        beside = {id for traces in self.links().values() for id in traces} if ids else set()
        return [id for id in ids if id not in beside]

    def _forget(self) -> None:
        self._named: dict[bytes, Trace] = {}
        self._whole = False
        self._likeness: dict[str, set[bytes]] | None = None
        self._seen = -1
        self._counted: TraceIndex | None = None
        self._counted_days: object = None
        self._counted_at = 0
        self._frecencies: dict[bytes, float] = {}
        self._frecent_on: date | None = None
        self._left: dict[bytes, datetime] = {}

    def _follow(self) -> None:
        """Takes in which traces were made, renamed or erased since, here or elsewhere."""
        if self._journal.seen == self._seen:
            return
        seen = self._journal.seen
        try:
            known = self._seen >= 0
            notes = ledger.notes_since(self._store, self._vault, self._seen) if known else None
        except Unreadable:
            notes = None
        if notes is None:
            self._named, self._whole, self._likeness = {}, False, None
        else:
            for id in {bytes.fromhex(note["trace"]) for note in notes if "trace" in note}:
                before = self._named.pop(id, None)
                if self._whole:
                    self._named |= {trace.id: trace for trace in self._rows(self._store, id)}
                    self._spell(before, self._named.get(id))
        self._seen = seen

    def _index(self) -> TraceIndex:
        """The links of all days, brought up to what the journal holds."""
        days = self._journal.days
        index, behind = self._counted, days.changed_since(self._counted_at)
        if index is None or self._counted_days is not days or behind is None:
            index = TraceIndex()
            for table in list(days.tables()):
                index.put(table.day, table.traced())
            self._frecencies.clear()
        else:
            for day in behind:
                table = days.table(day)
                for trace in index.put(day, table.traced() if table else ()):
                    self._frecencies.pop(trace, None)
        self._counted, self._counted_days, self._counted_at = index, days, days.revision
        return index

    def _known(self, ids: Iterable[bytes]) -> list[Trace]:
        return [trace for id in ids if (trace := self._trace(id))]

    def _may_rest(self, id: bytes) -> bool:
        trace = self._trace(id)
        return trace is None or trace.resting

    def _trace(self, id: bytes) -> Trace | None:
        self._follow()
        if id not in self._named and not self._whole:
            self._named |= {trace.id: trace for trace in self._rows(self._store, id)}
        return self._named.get(id)

    def _all_named(self) -> dict[bytes, Trace]:
        self._follow()
        if not self._whole:
            self._named = {trace.id: trace for trace in self._rows(self._store)}
            self._whole, self._likeness = True, None
        return self._named

    def _by_likeness(self) -> dict[str, set[bytes]]:
        named = self._all_named()
        if self._likeness is None:
            self._likeness = {}
            for trace in named.values():
                self._spell(None, trace)
        return self._likeness

    def _spell(self, before: Trace | None, after: Trace | None) -> None:
        """Takes in what a trace is called now, if anyone has asked for likenesses yet."""
        if self._likeness is None:
            return
        if before:
            for key in alike(before.name, self._languages):
                self._likeness.get(key, set()).discard(before.id)
        if after:
            for key in alike(after.name, self._languages):
                self._likeness.setdefault(key, set()).add(after.id)

    def _find(self, source: Rows, name: str) -> Trace | None:
        row = source.row(
            "SELECT id, name, revision, sealed FROM traces WHERE owner = ? AND name IN (?, ?)",
            (self._vault.owner, *self._vault.trace_hashes(name)),
        )
        return _open(self._vault, *row) if row else None

    def _carried_in(self, source: Rows) -> set[bytes]:
        """What the entries carry as the file has it now, whoever put it there. Opens every day."""
        tables = load_tables(source, self._vault)[0]
        traced = (ids for table in tables for _, kind, ids in table.traced() if kind is Kind.ENTRY)
        return {id for ids in traced for id in ids}

    def _id_of(self, source: Rows, name: str) -> bytes | None:
        """The id of the trace of that name, whether or not it opens."""
        row = source.row(
            "SELECT id FROM traces WHERE owner = ? AND name IN (?, ?)",
            (self._vault.owner, *self._vault.trace_hashes(name)),
        )
        return row[0] if row else None

    def _rows(self, source: Rows, id: bytes | None = None) -> list[Trace]:
        """One trace, or all, as far as they open."""
        columns = "SELECT id, name, revision, sealed FROM traces WHERE owner = ?"
        owner = self._vault.owner
        rows = (
            source.rows(f"{columns} AND id = ?", (owner, id))
            if id
            else source.rows(columns, (owner,))
        )
        found = (_open(self._vault, *row) for row in rows)
        return [trace for trace in found if trace]

    def _must_open(self, source: Rows, id: bytes) -> Trace:
        """Raises `NotFound` or `TraceDamaged`."""
        found = self._rows(source, id)
        if found:
            return found[0]
        sql = "SELECT 1 FROM traces WHERE owner = ? AND id = ?"
        raise TraceDamaged if source.row(sql, (self._vault.owner, id)) else NotFound

    def _adopt(self, tx: Writes, edition: Edition, name: str) -> bytes:
        if there := self._id_of(tx, name):
            return there
        made = Trace(new_id(), name)
        self._put(tx, edition, made)
        return made.id

    def _put(self, tx: Writes, edition: Edition, trace: Trace) -> None:
        hashed = self._vault.trace_hash(trace.name)
        header = {"v": 1, **({"resting": True} if trace.resting else {})}
        sealed = self._vault.seal(
            TRACE, trace.id, header, trace.name.encode(), name=hashed, revision=trace.revision
        )
        tx.execute(
            "INSERT INTO traces (id, owner, name, revision, sealed) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET name = excluded.name,"
            " revision = excluded.revision, sealed = excluded.sealed",
            (trace.id, self._vault.owner, hashed, trace.revision, sealed),
        )
        edition.note({"what": "named", "trace": trace.id.hex()})

    def _delete(self, tx: Writes, edition: Edition, id: bytes) -> None:
        tx.execute("DELETE FROM traces WHERE id = ? AND owner = ?", (id, self._vault.owner))
        summaries.drop(tx, self._vault, id)
        edition.note({"what": "unnamed", "trace": id.hex()})


def _anew(vault: Vault, id: bytes, opened: Opened) -> Fresh:
    return Fresh(opened.header, {"name": vault.trace_hash(opened.raw.decode())})


RESEALS = (Reseal(TRACE, hashed=("name",), anew=_anew),)
"""How this room's rows come into another epoch."""


def _open(vault: Vault, id: bytes, hashed: bytes, revision: int, sealed: bytes) -> Trace | None:
    """The trace in a row; None for one that does not open, which `verify` tells of."""
    try:
        opened = vault.open(TRACE, id, sealed, name=hashed, revision=revision)
        return Trace(id, opened.raw.decode(), revision, bool(opened.header.get("resting")))
    except (Unreadable, ValueError):
        return None
