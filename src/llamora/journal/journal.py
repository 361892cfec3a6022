"""The journal: one per unlocked vault. Write, read, revise, erase, move; be answered.

Another person's writings cannot be reached from here: every statement names the vault's owner
and every record opens only with the vault's keys.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from llamora.journal import drafts, summaries
from llamora.journal.day_table import DayTable, Item
from llamora.journal.days import FIRST_DAY, Days
from llamora.journal.edition import (
    Edition,
    Outcome,
    after_responses,
    load_table,
    load_tables,
)
from llamora.journal.errors import (
    Blank,
    Conflict,
    JournalError,
    NotFound,
    NotYet,
    TooLate,
    TooLong,
)
from llamora.journal.resealing import bring_up
from llamora.journal.rests import Rests
from llamora.journal.writing import (
    Entry,
    Kind,
    Opening,
    Quote,
    Recap,
    Response,
    Source,
    Spoken,
    Writing,
    anew,
    moment,
    normalise,
    seal,
    stamp,
    unseal,
)
from llamora.kernel import Clock, day_of, turns_at
from llamora.kernel import zone as zone_of
from llamora.storage import Store, ledger
from llamora.storage.ledger import Rows, Writes
from llamora.vault import Unreadable, Vault

ENTRY_BYTES = 64_000
"""What an entry holds, in UTF-8 after line ends are made one kind."""

DRAFT_BYTES = 4 * ENTRY_BYTES
"""What a draft holds: words that are too many for one entry are not lost for that."""

UNDO = timedelta(seconds=60)
_NO_FORM = drafts.Hand()
T = TypeVar("T")


@dataclass(frozen=True)
class Thread:
    """An entry and what the companion answered to it, in reading order."""

    entry: Entry
    responses: tuple[Response, ...] = ()


@dataclass(frozen=True)
class Unopened:
    """A writing that is listed on its day and there, but does not open: only its place is known.

    `responses` are those to an entry that open though it does not.
    """

    id: bytes
    day: date
    kind: Kind
    responses: tuple[Response, ...] = ()


class Unseen(JournalError):
    """A response beneath an entry does not open, so the entry stays where it is."""

    def __init__(self) -> None:
        super().__init__(
            "A response to this entry cannot be opened, so both stay where they are. "
            "“llamora-server verify” says more; a backup can bring it back."
        )


@dataclass(frozen=True)
class NewEntry:
    """An entry that comes from elsewhere, with the responses it had there."""

    day: date
    text: str
    at: datetime | None
    zone: str
    source: Source
    responses: tuple[Response, ...] = ()
    traces: tuple[str, ...] = ()
    """What its traces are called."""


Adopt = Callable[[Writes, Edition, Iterable[str]], tuple[bytes, ...]]
"""Finds, or makes, the traces of these names, which is for the room above."""


class Journal:
    """The diarist's journal while it is unlocked.

    Reads open records on the calling thread; writes go through the store's one writer. The index
    of days is this process's copy: `follow` brings it up to what other processes wrote.

    A record that does not open takes nothing else with it. A day whose row does not open shows
    nothing and takes nothing in (`DayDamaged`); a writing that does not open keeps its place
    (`Unopened`). Nothing damaged is overwritten or dropped: it is a backup's to bring back.
    """

    def __init__(self, store: Store, vault: Vault, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.vault = vault
        self.days = Days()
        self.rests = Rests(store, self)
        self.zone = "UTC"
        self.day_starts_at = 0
        self._seen = -1
        self._damaged: set[bytes] = set()
        self._erased: dict[str, datetime] = {}

    @classmethod
    def open(cls, store: Store, vault: Vault, clock: Clock) -> "Journal":
        """The journal with its index of days read; some tens of milliseconds for ten years.

        Raises:
            Unreadable: the account's row was tampered with; `verify` says more.
        """
        journal = cls(store, vault, clock)
        journal._read_all()
        for place, _, header in drafts.every(store, vault):
            if place.startswith("erased:"):
                journal._erased[place] = moment(header["at"])
        return journal

    # Time

    def today(self) -> date:
        """The diarist's day now."""
        return day_of(self._clock.now(), self.zone, self.day_starts_at)

    def turns_at(self, day: date) -> datetime:
        """When, in UTC, that day is over for the diarist."""
        return turns_at(day, self.zone, self.day_starts_at)

    def now(self) -> datetime:
        return self._clock.now().replace(microsecond=0)

    # Reading

    def follow(self, last_change: int | None = None) -> None:
        """Takes in what was written since, here or in another process."""
        if last_change is not None and last_change == self._seen:
            return
        pulse = ledger.pulse(self._store, self.vault.owner)
        if pulse is None:
            raise ledger.Gone
        if pulse.last_change == self._seen:
            return
        try:
            notes = ledger.notes_since(self._store, self.vault, self._seen)
        except Unreadable:
            notes = None  # what it was about is in the tables
        if notes is None or len(notes) > 500 or any(note["what"] == "turned" for note in notes):
            self._read_all()
            return
        for day in {date.fromisoformat(note["day"]) for note in notes if "day" in note}:
            self._read_day(day)
        if any(note["what"] == "rested" for note in notes):
            self.rests.read()
        self._read_settings()
        self._seen = pulse.last_change

    @property
    def store(self) -> Store:
        """Where it is kept, for the rooms above that keep something beside it."""
        return self._store

    @property
    def seen(self) -> int:
        """The number of the last change that was taken in."""
        return self._seen

    @property
    def can_restore(self) -> bool:
        """Whether anything that was erased may still be brought back."""
        return bool(self._erased)

    @property
    def damaged(self) -> int:
        """How many days' rows do not open. Which days they are of, only their writings tell."""
        return len(self._damaged)

    def is_damaged(self, day: date) -> bool:
        """Whether that day has a row that does not open."""
        return not self._damaged.isdisjoint(self.vault.day_hashes(day))

    def out_of_sight(self) -> int:
        """How many records are left out with the damaged days: their rows, and what they list."""
        writings = 0
        for hashed in self._damaged:
            found = self._store.row(
                "SELECT count(*) FROM writings WHERE owner = ? AND day = ?",
                (self.vault.owner, hashed),
            )
            writings += found[0] if found else 0
        return len(self._damaged) + writings

    def read(self, day: date) -> list[Thread]:
        """What stands on a day and opens, in reading order."""
        return [each for each in self.standing(day) if isinstance(each, Thread)]

    def standing(self, day: date) -> list[Thread | Unopened]:
        """What stands on a day, in reading order, with the places of what does not open.

        Nothing when the day's own row does not open.
        """
        table = self.days.table(day)
        return self._standing(table) if table else []

    def every_day(self) -> Iterator[tuple[date, list[Thread]]]:
        """Every written day, oldest first, with what opens of it."""
        for day in list(self.days.written):
            yield day, self.read(day)

    def entry(self, id: bytes) -> Entry:
        """Raises `NotFound`."""
        found = self._writing(self._store, id)
        if not isinstance(found, Entry):
            raise NotFound
        return found

    def response(self, id: bytes) -> Response:
        """Raises `NotFound`."""
        found = self._writing(self._store, id)
        if not isinstance(found, Response):
            raise NotFound
        return found

    def opening(self, day: date) -> Opening | None:
        """What opens a day; None also when it does not open."""
        found = self._of_day(day, Kind.OPENING)
        return found if isinstance(found, Opening) else None

    def recap(self, day: date) -> Recap | None:
        """What a model said that a day held; None also when it does not open."""
        found = self._of_day(day, Kind.RECAP)
        return found if isinstance(found, Recap) else None

    def find(self, id: bytes) -> Writing | None:
        """A writing of whatever kind as it is now; None when it is gone. Any thread may ask.

        Raises:
            Unreadable: it does not open.
        """
        return self._found(self._store, id)

    def listed(self) -> dict[bytes, int]:
        """Every writing that the days list, and its revision. Any thread may ask."""
        tables = list(self.days.tables())
        return {item.id: item.revision for table in tables for item in table.items}

    def thread(self, id: bytes) -> Thread:
        """An entry with those of its responses that open. Raises `NotFound`."""
        entry = self.entry(id)
        return Thread(entry, tuple(self._responses(self._store, entry, all=False)))

    def sources(self, format: str) -> set[str]:
        """The keys of everything imported from that format."""
        return {
            thread.entry.source.key
            for _, threads in self.every_day()
            for thread in threads
            if thread.entry.source and thread.entry.source.format == format
        }

    # Writing

    async def write(
        self, day: date, text: str, *, key: str, hand: drafts.Hand | None = None
    ) -> Entry:
        """Keeps an entry on a day and lets the day's draft go: that of the form that wrote it, or
        whatever is there when no form is named.

        `key` names this one submission: the same key and text again change nothing and give back
        what the first wrote. The same key with another text is another entry, for a form that is
        sent again after its answer was lost may have been written on in between.

        Raises:
            Blank, TooLong, NotYet, DayDamaged
        """
        text = checked(text)
        if not FIRST_DAY <= day <= self.today():
            raise NotYet
        # It may have been sent first when the key was another.
        id, before = self.vault.place_hashes(f"write:{len(key)}:{key}:{text}")
        entry = Entry(id, day, 1, text, self.now(), self.zone)

        def work(tx: Writes) -> tuple[Entry, Outcome | None]:
            there = self._found(tx, id) or self._found(tx, before)
            if isinstance(there, Entry):
                return there, None
            edition = Edition(tx, self.vault)
            edition.insert(entry)
            self._let_go(tx, drafts.of_day(day), hand)
            return entry, edition.close()

        return await self.change(work)

    async def revise(
        self, id: bytes, revision: int, text: str, *, hand: drafts.Hand | None = None
    ) -> Entry:
        """Replaces an entry's text, if it still stands at that revision; lets the draft go as
        `write` does.

        Raises:
            Blank, TooLong, NotFound, DayDamaged
            Conflict: it was changed since; both texts are then the caller's to show.
        """
        text = checked(text)

        def work(tx: Writes) -> tuple[Entry, Outcome | None]:
            entry = self.entry_in(tx, id)
            if entry.text == text:
                self._let_go(tx, drafts.of_entry(id), hand)
                return entry, None
            if entry.revision != revision:
                raise Conflict(entry)
            revised = replace(entry, text=text, revision=revision + 1)
            edition = Edition(tx, self.vault)
            edition.update(revised)
            self._let_go(tx, drafts.of_entry(id), hand)
            return revised, edition.close()

        return await self.change(work)

    async def erase(self, id: bytes) -> Entry:
        """Takes an entry and its responses away; `restore` brings them back within a minute.

        It takes only what it has read: with a response that does not open, which may be someone
        else's doing and not what stands there at all, everything stays as it is. A response that
        is listed and gone stays listed, for `verify` to miss.

        Raises:
            NotFound, DayDamaged
            Unseen: a response to it does not open.
        """
        at = self.now()
        # Before the write: a caller who is cancelled meanwhile must not keep it from the sweep.
        self._erased.setdefault(drafts.of_erased(id), at)

        def work(tx: Writes) -> tuple[Entry, Outcome | None]:
            entry = self.entry_in(tx, id)
            edition = Edition(tx, self.vault)
            items = edition.items(entry.day)
            index = next(n for n, item in enumerate(items) if item.id == id)
            rows: list[dict[str, Any]] = []
            for writing in (entry, *self._responses(tx, entry)):
                item = next(item for item in items if item.id == writing.id)
                rows.append(_parcel(item, self._sealed(tx, writing.id)))
                edition.remove(writing)
            more = {"at": stamp(at), "date": entry.day.isoformat(), "index": index, "rows": rows}
            drafts.put(tx, self.vault, drafts.of_erased(id), "", more)
            return entry, edition.close()

        return await self.change(work)

    def erased(self, day: date) -> dict[bytes, timedelta]:
        """The entries of a day that `restore` would bring back now, and how long it still would."""
        found: dict[bytes, timedelta] = {}
        for place in self._erased:
            parcel = self.draft(place)
            if parcel and parcel.header["date"] == day.isoformat():
                left = moment(parcel.header["at"]) + UNDO - self.now()
                if left >= timedelta():
                    found[drafts.erased_at(place)] = left
        return found

    async def restore(self, id: bytes) -> Entry:
        """Brings back what `erase` took.

        Raises:
            TooLate: the minute is over.
        """
        now = self.now()

        def work(tx: Writes) -> tuple[Entry, Outcome | None]:
            there = self._found(tx, id)
            if isinstance(there, Entry):
                return there, None  # brought back already, by a second press
            parcel = drafts.get(tx, self.vault, drafts.of_erased(id))
            if parcel is None:
                raise TooLate
            header = parcel[1]
            if now - moment(header["at"]) > UNDO:
                raise TooLate
            day = date.fromisoformat(header["date"])
            edition = Edition(tx, self.vault)
            # The day may have changed since: an answer must not end up beneath another entry.
            place = after_responses(edition.items(day), header["index"])
            restored: list[Writing] = []
            for n, row in enumerate(header["rows"]):
                item, sealed = _unparcel(row)
                sealed = anew(self.vault, item.id, day, item.revision, sealed)
                hashed = self.vault.day_hash(day)
                writing = unseal(self.vault, item.id, hashed, item.revision, sealed)
                edition.insert_sealed(writing, item, sealed, place + n)
                restored.append(writing)
            drafts.drop(tx, self.vault, drafts.of_erased(id))
            entry = restored[0]
            assert isinstance(entry, Entry)
            return entry, edition.close()

        return await self.change(work)  # the sweep finds for itself that nothing is left

    async def sweep(self, *, everything: bool = False) -> bool:
        """Lets go of what can no longer be undone; whether anything was."""
        limit = self.now() - UNDO
        due = {p: at for p, at in self._erased.items() if everything or at < limit}
        if not due:
            return False

        def work(tx: Writes) -> tuple[dict[str, datetime], Outcome | None]:
            later: dict[str, datetime] = {}
            gone: list[bytes] = []
            for place in due:
                at = _erased_at(tx, self.vault, place)
                if at and at >= limit and not everything:
                    later[place] = at  # brought back and erased anew, perhaps elsewhere
                else:
                    drafts.drop(tx, self.vault, place)
                    entry = drafts.erased_at(place)
                    if not self._has(tx, entry):
                        drafts.drop(tx, self.vault, drafts.of_entry(entry))
                        gone.append(entry)
            summaries.drop_made_from(tx, self.vault, gone)
            return later, self._drop_retold(tx, tables, gone)

        tables = list(self.days.tables())  # what retells an entry was listed before it was erased
        # Taken out first, so that what is erased while this waits is not forgotten with it.
        for place in due:
            del self._erased[place]
        later = due  # should the write fail, the next sweep finds them again
        try:
            later = await self.change(work)
        finally:
            self._erased = later | self._erased
        return len(later) < len(due)

    async def move(self, id: bytes, day: date, at: datetime | None) -> Entry:
        """Puts an entry, with its responses, on another day, or changes its time.

        It takes the place in the day that its time gives it.

        Raises:
            NotFound, NotYet
            DayDamaged: the row of the day it is on, or of the day it is to be on, does not open.
            Unseen: a response to it does not open, and so cannot be sealed for another day.
        """
        if not FIRST_DAY <= day <= self.today():
            raise NotYet
        at = at and at.replace(microsecond=0)

        def work(tx: Writes) -> tuple[Entry, Outcome | None]:
            entry = self.entry_in(tx, id)
            if entry.day == day and entry.at == at:
                return entry, None
            zone = entry.zone or self.zone
            moved = replace(entry, day=day, at=at, zone=zone, revision=entry.revision + 1)
            edition = Edition(tx, self.vault)
            traces = {item.id: item.traces for item in edition.items(entry.day)}
            responses = self._responses(tx, entry)
            for writing in (entry, *responses):
                edition.remove(writing)
            place = self._place_for(tx, edition.items(day), day, at)
            later = (replace(r, day=day, revision=r.revision + 1) for r in responses)
            for n, writing in enumerate((moved, *later)):
                edition.insert(writing, traces[writing.id], place + n)
            return moved, edition.close()

        return await self.change(work)

    async def write_many(self, entries: Sequence[NewEntry], adopt: Adopt | None = None) -> None:
        """Keeps entries from elsewhere, all in one transaction.

        One whose source is here already is left as it stands, so a repeated import is harmless.
        Without `adopt` their traces are passed over.

        Raises:
            Blank, TooLong: `checked` tells beforehand of each. DayDamaged: so does `is_damaged`.
            DayFull. Nothing is kept then.
        """
        texts = [checked(new.text) for new in entries]

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            edition = Edition(tx, self.vault)
            added = False
            for new, text in zip(entries, texts, strict=True):
                ids = self.vault.place_hashes(f"import:{new.source.format}:{new.source.key}")
                if any(self._has(tx, id) for id in ids):
                    continue
                id = ids[0]
                added = True
                traces = adopt(tx, edition, new.traces) if adopt and new.traces else ()
                entry = Entry(id, new.day, 1, text, new.at, new.zone, new.source)
                edition.insert(entry, traces)
                for n, response in enumerate(new.responses):
                    own = self.vault.place_hash(f"import:{id.hex()}:{n}")
                    placed = replace(response, id=own, day=new.day, entry=id, revision=1)
                    edition.insert(replace(placed, text=normalise(response.text)))
            return None, edition.close() if added else None

        await self.change(work)

    # Being answered

    async def begin_response(
        self, response: Response, attached: tuple[bytes, ...] = ()
    ) -> Response:
        """Puts a response beneath its entry; the same id again gives back what is there. The traces
        attached to it stand beside it in the day's table.

        Who began it gets the very object that was passed, unless its text had to change.

        Raises:
            NotFound: the entry is gone.
            DayDamaged
        """

        def work(tx: Writes) -> tuple[Response, Outcome | None]:
            there = self._found(tx, response.id)
            if isinstance(there, Response):
                return there, None
            entry = self.entry_in(tx, response.entry)
            edition = Edition(tx, self.vault)
            items = edition.items(entry.day)
            place = next(n for n, item in enumerate(items) if item.id == entry.id) + 1
            placed = replace(response, day=entry.day, text=normalise(response.text))
            edition.insert(placed, attached, at=after_responses(items, place))
            only_moved = replace(placed, day=response.day) == response
            return (response if only_moved else placed), edition.close()

        return await self.change(work)

    async def begin_opening(self, opening: Opening, in_place_of: bytes | None = None) -> Opening:
        """Puts an opening on its day, unless the day has one already, which is then given back:
        however many begin one, there is one. Only that of the id `in_place_of` makes room.

        Raises:
            DayDamaged
            Unreadable: the day has one that does not open, which stays as it is.
        """

        def work(tx: Writes) -> tuple[Opening, Outcome | None]:
            edition = Edition(tx, self.vault)
            (standing,) = self._of_kind(tx, edition, opening.day, Kind.OPENING) or (None,)
            if isinstance(standing, Opening) and standing.id != in_place_of:
                return standing, None
            if standing:
                edition.remove(standing)
            edition.insert(opening, at=0)
            return opening, edition.close()

        return await self.change(work)

    async def rest_opening(self, id: bytes) -> None:
        """Takes an opening's words away for good, and keeps that it was let rest."""

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            drafts.drop(tx, self.vault, drafts.of_stop(id))
            there = self._found(tx, id)
            if not isinstance(there, Opening) or there.state == "rested":
                return None, None
            edition = Edition(tx, self.vault)
            edition.update(Opening(id, there.day, there.revision + 1, "", there.at, state="rested"))
            return None, edition.close()

        await self.change(work)

    async def keep_recap(self, recap: Recap) -> bool:
        """Keeps what a day held in place of what was said of it before; whether it did.

        It does not when an entry that it was made from is not there any more as it was.

        Raises:
            DayDamaged
            Unreadable: the day has one that does not open, which stays as it is.
        """

        def work(tx: Writes) -> tuple[bool, Outcome | None]:
            edition = Edition(tx, self.vault)
            items = edition.items(recap.day)
            if not set(recap.read) <= {(item.id, item.revision) for item in items}:
                return False, None
            for before in self._of_kind(tx, edition, recap.day, Kind.RECAP):
                edition.remove(before)
            edition.insert(recap, at=0)
            return True, edition.close()

        return await self.change(work)

    async def grow_response(self, response: Spoken) -> bool:
        """Seals what has been said so far, at the same revision; whether it is still wanted.

        False when it was erased meanwhile, or another process asked for a stop.
        """

        def work(tx: Writes) -> bool:
            there = self._found(tx, response.id)
            if not isinstance(there, Spoken) or there.state == "rested":
                return False
            # Its entry may have been moved meanwhile.
            self._reseal(tx, replace(response, day=there.day, revision=there.revision))
            return not drafts.has(tx, self.vault, drafts.of_stop(response.id))

        return await self.transact(work)

    async def end_response(self, response: Spoken) -> None:
        """Seals the whole response. Quietly does nothing when it was erased meanwhile.

        An end that comes second takes no words away: a process that took the writer for dead may
        have read less than the writer has sealed since.
        """

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            drafts.drop(tx, self.vault, drafts.of_stop(response.id))
            there = self._found(tx, response.id)
            if not isinstance(there, Spoken) or there.state == "rested":
                return None, None
            if there.state != "writing" and len(there.text) >= len(response.text):
                return None, None
            edition = Edition(tx, self.vault)
            whole = replace(response, day=there.day, revision=there.revision)
            edition.update(replace(whole, text=normalise(response.text)))
            return None, edition.close()

        await self.change(work)

    async def erase_response(self, id: bytes) -> None:
        """Takes a response, or an opening, away for good. Nothing happens when it is gone
        already."""

        def work(tx: Writes) -> tuple[None, Outcome | None]:
            drafts.drop(tx, self.vault, drafts.of_stop(id))
            there = self._found(tx, id)
            if not isinstance(there, Spoken) or there.state == "rested":
                return None, None
            edition = Edition(tx, self.vault)
            edition.remove(there)
            return None, edition.close()

        await self.change(work)

    async def ask_to_stop(self, id: bytes) -> None:
        """Leaves word, for whichever process is writing this response, or opening, that it should
        end."""

        def work(tx: Writes) -> None:
            there = self._found(tx, id)
            if isinstance(there, Spoken) and there.state == "writing":
                drafts.put(tx, self.vault, drafts.of_stop(id), "")

        await self.transact(work)

    # Drafts

    async def keep_draft(
        self,
        place: str,
        text: str,
        more: dict[str, Any] | None = None,
        hand: drafts.Hand = _NO_FORM,
    ) -> None:
        """Seals what is being typed in a form; a blank text lets that form's words go.

        Raises:
            TooLong: it is longer than a draft may be, which is several times an entry.
            NotFound: the entry that it is an edit of is gone.
        """
        text = normalise(text)
        _check_size("A draft", text, DRAFT_BYTES)
        entry = drafts.entry_of(place)

        def work(tx: Writes) -> None:
            if text.strip() and entry is not None and not self._has(tx, entry):
                raise NotFound  # erased while this was on its way: nobody would find the draft
            drafts.lay(tx, self.vault, place, text, hand, more)

        await self.transact(work)

    def draft(self, place: str) -> drafts.Draft | None:
        """A draft and what was kept beside it; None also for one that does not open."""
        try:
            return drafts.get(self._store, self.vault, place)
        except Unreadable:
            return None

    def drafted(self, entries: Iterable[bytes]) -> set[bytes]:
        """Of these entries, those with an edit that was not kept yet."""
        return drafts.which(self._store, self.vault, {id: drafts.of_entry(id) for id in entries})

    async def drop_draft(self, place: str) -> None:
        await self.transact(lambda tx: drafts.drop(tx, self.vault, place))

    # Below: steps of the above

    def _let_go(self, tx: Writes, place: str, hand: drafts.Hand | None) -> None:
        """The draft there has become an entry: of that form, or of whoever began it."""
        if hand is None:
            drafts.drop(tx, self.vault, place)
        else:
            drafts.lay(tx, self.vault, place, "", hand)

    async def change(self, work: Callable[[Writes], tuple[T, Outcome | None]]) -> T:
        """Runs a work of this room, or of one above it, as one transaction, and takes in what it
        left: the days it touched and how far the log of changes has come.

        Raises:
            Stale, Gone: the account was re-keyed, or erased, elsewhere.
        """
        result, outcome = await self.transact(work)
        if outcome is None:
            return result
        if outcome.first_change == self._seen + 1:
            for day, table in outcome.tables.items():
                self.days.put(day, table)
            self._seen = outcome.last_change
        else:  # someone wrote in between: what we hold of this change may be old already
            self.follow()
        return result

    async def transact(self, work: Callable[[Writes], T]) -> T:
        """Runs a work as one transaction, if the vault still has the account's present key.

        Raises:
            Stale, Gone: the account was re-keyed, or erased, elsewhere.
        """
        return await self._store.write(ledger.guarded(self.vault, work))

    def _read_all(self) -> None:
        # The number first: what is written while the tables are read is then read again.
        pulse = ledger.pulse(self._store, self.vault.owner)
        if pulse is None:
            raise ledger.Gone
        tables, self._damaged = load_tables(self._store, self.vault)
        self.days = Days(tables)
        self.rests.read()
        self._read_settings()
        self._seen = pulse.last_change

    def _read_day(self, day: date) -> None:
        hashes = self.vault.day_hashes(day)
        try:
            self.days.put(day, load_table(self._store, self.vault, day))
            self._damaged.difference_update(hashes)
        except Unreadable:
            self.days.put(day, None)
            self._damaged.add(hashes[0])

    def _read_settings(self) -> None:
        settings = ledger.read(self._store, self.vault).header.get("settings", {})
        self.zone = settings.get("zone", "UTC")
        try:
            zone_of(self.zone)
        except ValueError:  # this machine lacks it: nobody is shut out by that
            self.zone = "UTC"
        self.day_starts_at = settings.get("day_starts_at", 0)

    def _standing(self, table: DayTable) -> list[Thread | Unopened]:
        found: dict[bytes, Writing | None] = {}
        for id, hashed, revision, sealed in self._store.rows(
            "SELECT id, day, revision, sealed FROM writings WHERE owner = ? AND day IN (?, ?)",
            (self.vault.owner, *self.vault.day_hashes(table.day)),
        ):
            try:
                found[id] = unseal(self.vault, id, hashed, revision, sealed)
            except Unreadable:
                found[id] = None
        standing: list[Thread | Unopened] = []
        for item in table.items:
            if item.id not in found:
                continue  # erased since the table was read
            writing = found[item.id]
            if writing is None:
                if item.kind in (Kind.ENTRY, Kind.RESPONSE):
                    standing.append(Unopened(item.id, table.day, item.kind))
            elif isinstance(writing, Entry):
                standing.append(Thread(writing))
            elif isinstance(writing, Response):
                _put_beneath(standing, writing)
        return standing

    def _writing(self, source: Rows, id: bytes) -> Writing:
        found = self._found(source, id)
        if found is None:
            raise NotFound
        return found

    def _found(self, source: Rows, id: bytes) -> Writing | None:
        row = source.row(
            "SELECT day, revision, sealed FROM writings WHERE id = ? AND owner = ?",
            (id, self.vault.owner),
        )
        return unseal(self.vault, id, *row) if row else None

    def entry_in(self, source: Rows, id: bytes) -> Entry:
        """An entry as a transaction sees it. Raises `NotFound`."""
        found = self._writing(source, id)
        if not isinstance(found, Entry):
            raise NotFound
        return found

    def _responses(self, source: Rows, entry: Entry, *, all: bool = True) -> list[Response]:
        """What answers an entry. Raises `Unseen`, with `all`, when one of them does not open."""
        table = load_table(source, self.vault, entry.day)
        responses: list[Response] = []
        for item in table.with_responses(entry.id)[1:] if table else []:
            try:
                found = self._found(source, item.id)
            except Unreadable as e:
                if all:
                    raise Unseen from e
                continue
            if isinstance(found, Response):
                responses.append(found)
        return responses

    def _drop_retold(self, tx: Writes, tables: list[DayTable], gone: list[bytes]) -> Outcome | None:
        """Lets go of the words of every opening and recap that was made from one of these
        entries: the diarist meant theirs to go wherever they stand."""
        if not gone:
            return None
        edition, lost = Edition(tx, self.vault), set(gone)
        for id in (id for table in tables for id in table.retold()):
            try:
                found = self._found(tx, id)
            except Unreadable:
                continue
            if isinstance(found, Opening | Recap) and lost & {read for read, _ in found.read}:
                edition.remove(found)
        return edition.close() if edition.is_begun else None

    def _sealed(self, source: Rows, id: bytes) -> bytes:
        row = source.row(
            "SELECT sealed FROM writings WHERE id = ? AND owner = ?", (id, self.vault.owner)
        )
        if row is None:
            raise NotFound
        return row[0]

    def _has(self, source: Rows, id: bytes) -> bool:
        return (
            source.row("SELECT 1 FROM writings WHERE id = ? AND owner = ?", (id, self.vault.owner))
            is not None
        )

    def _of_day(self, day: date, kind: Kind) -> Writing | None:
        table = self.days.table(day)
        item = next((item for item in table.items if item.kind is kind), None) if table else None
        try:
            return self._found(self._store, item.id) if item else None
        except Unreadable:
            return None

    def _of_kind(self, tx: Writes, edition: Edition, day: date, kind: Kind) -> list[Writing]:
        """The writings of a kind on a day, as a transaction sees them. Raises `Unreadable`."""
        listed = (item.id for item in edition.items(day) if item.kind is kind)
        return [found for id in listed if (found := self._found(tx, id))]

    def _reseal(self, tx: Writes, response: Spoken) -> None:
        with suppress(Unreadable):  # what is said does not wait for its day to be mended
            bring_up(tx, self.vault, response.day)
        sealed = seal(self.vault, replace(response, text=normalise(response.text)))
        tx.execute(
            "UPDATE writings SET day = ?, sealed = ? WHERE id = ? AND owner = ?",
            (self.vault.day_hash(response.day), sealed, response.id, self.vault.owner),
        )

    def _place_for(self, tx: Writes, items: list[Item], day: date, at: datetime | None) -> int:
        """Where in the day an entry of that time belongs: before the first that is later."""
        if at is None:
            return len(items)
        for n, item in enumerate(items):
            if item.kind is Kind.ENTRY:
                try:
                    other = self._found(tx, item.id)
                except Unreadable:
                    continue  # nobody can tell its time
                if isinstance(other, Entry) and other.at and other.at > at:
                    return n
        return len(items)


def _put_beneath(standing: list[Thread | Unopened], response: Response) -> None:
    """Adds a response to the entry before it, or to the place of one, if that is its own."""
    for n in reversed(range(len(standing))):
        last = standing[n]
        if isinstance(last, Unopened) and last.kind is Kind.RESPONSE:
            continue
        id = last.entry.id if isinstance(last, Thread) else last.id
        if id == response.entry:  # else its entry went away since the table was read
            standing[n] = replace(last, responses=(*last.responses, response))
        return


def local_moment(day: date, time: str, zone: str, starts_at: int = 0) -> datetime:
    """The moment, in UTC, of a wall clock's "07:42" on a diary day.

    With days that begin at four, "01:30" on a day is the night after it.

    Raises:
        ValueError: it is no time of day, or one after the calendar's end.
    """
    clock = datetime.strptime(time, "%H:%M:%S" if time.count(":") == 2 else "%H:%M").time()
    try:
        local = day + timedelta(days=1) if clock.hour < starts_at else day
        return datetime.combine(local, clock, zone_of(zone)).astimezone(UTC)
    except OverflowError as e:
        raise ValueError("The calendar ends before that.") from e


def checked(text: str) -> str:
    """The text as an entry keeps it.

    Raises:
        Blank, TooLong
    """
    text = normalise(text)
    if not text.strip():
        raise Blank
    _check_size("An entry", text, ENTRY_BYTES)
    return text


def _check_size(what: str, text: str, limit: int) -> None:
    over = len(text.encode()) - limit
    if over > 0:
        raise TooLong(what, limit, over)


def _erased_at(source: Rows, vault: Vault, place: str) -> datetime | None:
    """When what lies in that place was erased; None when nothing there can be opened."""
    try:
        parcel = drafts.get(source, vault, place)
    except Unreadable:
        return None
    return moment(parcel[1]["at"]) if parcel else None


def _parcel(item: Item, sealed: bytes) -> dict[str, Any]:
    return {
        "id": item.id.hex(),
        "kind": int(item.kind),
        "revision": item.revision,
        "traces": [trace.hex() for trace in item.traces],
        "sealed": base64.b64encode(sealed).decode(),
    }


def _unparcel(row: dict[str, Any]) -> tuple[Item, bytes]:
    traces = tuple(bytes.fromhex(trace) for trace in row["traces"])
    item = Item(bytes.fromhex(row["id"]), Kind(row["kind"]), row["revision"], traces)
    return item, base64.b64decode(row["sealed"])


__all__ = [
    "ENTRY_BYTES",
    "Journal",
    "NewEntry",
    "Quote",
    "Thread",
    "Unopened",
    "Unreadable",
    "Unseen",
    "checked",
    "local_moment",
]
