"""JSON Lines: one entry a line, as Llamora writes them and as anyone can.

    {"date": "2024-02-29", "text": "…", "time": "07:42:10", "zone": "Europe/Vienna",
     "at": "2024-02-29T06:42:10Z", "traces": ["heron", "🌫️"], "responses": [
        {"text": "…", "engine": "echo", "model": "…", "state": "done", "at": "…",
         "quotes": [{"date": "2023-02-28", "text": "…", "entry": "<key of the quoted entry>"}]}]}

Only `date` and `text` must be there. `at` is the moment; without it, `time` is the wall clock's in
`zone`, or in the diarist's. An entry's *key* is the SHA-256 of its date, its text and how many
equal ones came before it, so that importing twice adds nothing. Unknown fields are passed over.
Openings and recaps, which retell entries and can be made again, are left out.
"""

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from llamora.exchange.appearing import appearing
from llamora.exchange.errors import ExchangeError
from llamora.exchange.reading import LINE_BYTES, MIB, Imported, lines_of
from llamora.journal.days import FIRST_DAY
from llamora.journal.journal import (
    ENTRY_BYTES,
    Journal,
    NewEntry,
    Quote,
    Thread,
    Unopened,
    local_moment,
)
from llamora.journal.writing import Entry, Response, Source, normalise, stamp
from llamora.kernel import zone as zone_of
from llamora.traces.names import BadName, canonical
from llamora.traces.traces import MOST_TRACES, Traces

FORMAT = "jsonl"
BATCH = 200
BATCH_BYTES = 8 * MIB
DAY_ITEMS = 10_000
"""What a day may come to hold by import; its table counts to 65,535."""

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""
EARLIEST_ZONE = timedelta(hours=14)
"""Where on Earth a day begins first, before UTC."""
_DATE = re.compile(r"[+-]?[0-9]{4,}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_KEY = re.compile(r"[0-9a-f]{64}")
_ENGINES = ("model", "echo")
_STATES = ("done", "stopped", "cut")
_NOBODY = bytes(16)


@dataclass
class Read(Imported):
    """What an import came to, how many records of the journal it could not compare with, and how
    many traces were left off because nothing can be called so or the entry had too many."""

    unread: int = 0
    unnamed: int = 0


class Incomplete(ExchangeError):
    """The export was written, without some records of the journal."""

    def __init__(self, written: int, unread: int) -> None:
        self.written = written
        self.unread = unread
        records = "1 record is" if unread == 1 else f"{unread:,} records are"
        super().__init__(
            f"{written:,} {'entry' if written == 1 else 'entries'} exported, but {records} not in "
            "it, because they or their day or entry cannot be opened. `llamora-server verify` "
            "says more; a backup can bring them back."
        )


def _unheard(done: int, total: int) -> None:
    """Progress that nobody follows."""


class _Bad(Exception):
    """Why a line is passed over, to follow "because"."""


# --- in -------------------------------------------------------------------------------------------


async def read(journal: Journal, path: Path, *, progress: Progress = _unheard) -> Read:
    """Adds a file's entries, with their traces, to the journal, some hundreds in one transaction.

    Killed half-way, it has added whole entries only, and the next run adds the rest. Lines for a
    day whose row does not open are skipped; of the rest, what does not open counts as absent.

    Raises:
        ExchangeError: the file cannot be read or is refused whole.
    """
    result, traces = Read(), Traces(journal.store, journal)
    with lines_of(path) as lines:
        reader = _Reader(journal)
        result.unread = reader.unread
        batch: list[NewEntry] = []
        weight = 0
        for number, line in lines:
            if line is not None and not line.strip():
                continue
            try:
                new = reader.entry(line)
            except _Bad as reason:
                result.skip(number, str(reason))
                continue
            if new is None:
                result.already += 1
                continue
            batch.append(new)
            weight += len(line or b"")
            if len(batch) >= BATCH or weight >= BATCH_BYTES:
                result.added += await _add(journal, traces, batch)
                batch, weight = [], 0
                progress(number, lines.total)
        result.added += await _add(journal, traces, batch)
        progress(lines.total, lines.total)
    result.unnamed = reader.unnamed
    return result


async def _add(journal: Journal, traces: Traces, batch: list[NewEntry]) -> int:
    if batch:
        await journal.write_many(batch, traces.adopt)
    return len(batch)


class _Keys:
    """Counts equal entries, so that each has a key of its own."""

    def __init__(self) -> None:
        self._equal: Counter[bytes] = Counter()

    def key(self, day: date, text: str) -> str:
        content = hashlib.sha256(f"{day.isoformat()}\n{text}".encode()).digest()
        nth = self._equal[content]
        self._equal[content] += 1
        return hashlib.sha256(content + nth.to_bytes(8, "big")).hexdigest()


class _Reader:
    """Turns lines into entries that the journal does not have yet."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        # It was written in its own zone, where it may be tomorrow already.
        self._latest = (journal.now() + EARLIEST_ZONE).date()
        self._keys = _Keys()
        self._standing, self._unopened = _standing(journal)
        self._on_day: Counter[date] = Counter()
        self.unnamed = 0

    @property
    def unread(self) -> int:
        return len(self._unopened) + self._journal.out_of_sight()

    def entry(self, line: bytes | None) -> NewEntry | None:
        """The entry of a line; None when it is in the journal already. Raises `_Bad`."""
        fields = _object(line)
        day, text = self._day(fields.get("date")), _text(fields.get("text"))
        zone = _zone(fields.get("zone"))
        at = self._at(fields, day, zone)
        responses = self._responses(fields.get("responses"), day, at)
        key = self._keys.key(day, text)
        if key in self._standing:
            return None
        if self._journal.is_damaged(day):
            raise _Bad("its day is in the journal already and cannot be opened there")
        if _id_of(self._journal, key) in self._unopened:
            raise _Bad("it is in the journal already and cannot be opened there")
        self._make_room(day, 1 + len(responses))
        return NewEntry(
            day,
            text,
            at,
            zone or (self._journal.zone if at else ""),
            Source(FORMAT, key),
            responses,
            self._traces(fields.get("traces")),
        )

    def _traces(self, value: object) -> tuple[str, ...]:
        """The traces that can be kept; an entry is not lost for one that cannot."""
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _Bad("its traces are not a list")
        listed = cast(list[object], value)
        named = [name for each in listed if (name := _name(each))]
        names = list(dict.fromkeys(named))[:MOST_TRACES]
        self.unnamed += len(listed) - len(named) + len(set(named)) - len(names)
        return tuple(names)

    def _day(self, value: object) -> date:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise _Bad("its date is not a day such as 2024-02-29")
        if not re.match("[1-9][0-9]{3}-", value):
            raise _Bad("its year is not between 1000 and 9999")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            raise _Bad("its date is not a day such as 2024-02-29") from None
        if day > self._latest:
            raise _Bad("its day has not arrived yet")
        return day

    def _at(self, fields: dict[str, Any], day: date, zone: str) -> datetime | None:
        if fields.get("at") is not None:
            return _moment(fields["at"])
        time = fields.get("time")
        if time is None:
            return None
        if not isinstance(time, str) or not _TIME.fullmatch(time):
            raise _Bad("its time is not a time of day such as 07:42")
        journal = self._journal
        try:
            at = local_moment(day, time, zone or journal.zone, journal.day_starts_at)
        except (ValueError, OverflowError):
            raise _Bad("its time is not a time of day such as 07:42") from None
        return _dated(at)

    def _responses(self, value: object, day: date, at: datetime | None) -> tuple[Response, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            raise _Bad("its responses are not a list")
        default = at or datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return tuple(self._response(each, day, default) for each in cast(list[object], value))

    def _response(self, value: object, day: date, default: datetime) -> Response:
        match value:
            case {"text": str(text)}:
                fields = cast(dict[str, Any], value)
            case _:
                raise _Bad("a response to it has no text")
        engine, state = fields.get("engine", "model"), fields.get("state", "done")
        model, quotes = fields.get("model", ""), fields.get("quotes", [])
        if engine not in _ENGINES or not isinstance(model, str) or not isinstance(quotes, list):
            raise _Bad("a response to it is not one that Llamora knows")
        return Response(
            id=_NOBODY,
            day=day,
            revision=1,
            entry=_NOBODY,
            text=normalise(text),
            at=default if fields.get("at") is None else _moment(fields["at"]),
            engine=cast(str, engine),
            model=normalise(model)[:200],
            # What was still being written is not any more.
            state=state if state in _STATES else "cut",
            quotes=tuple(self._quote(each) for each in cast(list[object], quotes)),
        )

    def _quote(self, value: object) -> Quote:
        match value:
            case {"date": str(day), "text": str(text)}:
                key = cast(dict[str, object], value).get("entry")
            case _:
                raise _Bad("a quote in a response to it has no date or text")
        id = _NOBODY
        if isinstance(key, str) and _KEY.fullmatch(key):
            id = self._standing.get(key) or _id_of(self._journal, key)
        return Quote(id, self._day(day), normalise(text))

    def _make_room(self, day: date, items: int) -> None:
        table = self._journal.days.table(day)
        if self._on_day[day] == 0 and table is not None:
            self._on_day[day] = len(table.items)
        if self._on_day[day] + items > DAY_ITEMS:
            raise _Bad("its day is full")
        self._on_day[day] += items


def _standing(journal: Journal) -> tuple[dict[str, bytes], set[bytes]]:
    """Key to id of every entry, by what it was imported as and by what it says now.

    By the second, the journal's own export adds nothing when it is imported into it again. With
    it, the ids of the writings that do not open.
    """
    found: dict[str, bytes] = {}
    unopened: set[bytes] = set()
    keys = _Keys()
    for day in journal.days.written:
        for each in journal.standing(day):
            if isinstance(each, Unopened):
                unopened.add(each.id)
                continue
            entry = each.entry
            found[keys.key(entry.day, entry.text)] = entry.id
            if entry.source and entry.source.format == FORMAT:
                found[entry.source.key] = entry.id
    return found, unopened


def _id_of(journal: Journal, key: str) -> bytes:
    """The id that `Journal.write_many` gives the entry of that key."""
    return journal.vault.place_hash(f"import:{FORMAT}:{key}")


def _name(value: object) -> str:
    """The name of a trace; "" for what can name none."""
    try:
        return canonical(value) if isinstance(value, str) else ""
    except BadName:
        return ""


def _object(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise _Bad(f"it is longer than {LINE_BYTES // MIB} MiB")
    try:
        value = json.loads(line.decode())
    except UnicodeDecodeError:
        raise _Bad("it is not UTF-8 text") from None
    except RecursionError:
        raise _Bad("it is nested too deeply") from None
    except ValueError:
        raise _Bad("it is not JSON") from None
    if not isinstance(value, dict):
        raise _Bad("it is not an object with a date and a text")
    fields = cast(dict[str, Any], value)
    if "date" not in fields or "text" not in fields:
        raise _Bad("it has no date or no text")
    return fields


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _Bad("its text is not text")
    text = normalise(value)
    if not text.strip():
        raise _Bad("its text is blank")
    if len(text.encode()) > ENTRY_BYTES:
        raise _Bad(f"its text is longer than {ENTRY_BYTES:,} bytes")
    return text


def _zone(value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or len(value) > 64:
        raise _Bad("there is no time zone of that name")
    try:
        zone_of(value)
    except ValueError:
        raise _Bad("there is no time zone of that name") from None
    return value


def _moment(value: object) -> datetime:
    try:
        at = datetime.fromisoformat(value if isinstance(value, str) else "")
        if at.tzinfo is None:
            raise ValueError
        return _dated(at.astimezone(UTC).replace(microsecond=0))
    except (ValueError, OverflowError):
        raise _Bad("a moment in it is not one such as 2024-02-29T06:42:10Z") from None


def _dated(at: datetime) -> datetime:
    # Sealed moments have years of four digits.
    if at.date() < FIRST_DAY:
        raise _Bad("its year is not between 1000 and 9999")
    return at


# --- out ------------------------------------------------------------------------------------------


def write_file(journal: Journal, path: Path, *, progress: Progress = _unheard) -> int:
    """Writes every entry to a file that only its owner may read, and returns how many.

    A name that ends in `.gz` makes it gzip. The file appears whole or not at all.

    Raises:
        Incomplete: the file is there, without what does not open.
        ExchangeError: there is no such folder, no room, or something else of that name.
    """
    try:
        if path.exists() and not path.is_file():
            raise ExchangeError(f"{path} is not a file; name one to write the export to.")
        with appearing(path) as file:
            if path.suffix != ".gz":
                written, unread = _write(journal, file, progress)
            else:
                # No name and no moment of its own within.
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    written, unread = _write(journal, cast(BinaryIO, packed), progress)
    except OSError as e:
        raise ExchangeError(f"{path} cannot be written: {e.strerror}.") from e
    return _whole(written, unread)


def write(journal: Journal, to: BinaryIO, *, progress: Progress = _unheard) -> int:
    """Writes every entry as a line, oldest day first, and returns how many.

    Raises:
        Incomplete: at the end, when something does not open; `verify` tells what.
    """
    written, unread = _write(journal, to, progress)
    to.flush()
    return _whole(written, unread)


def _write(journal: Journal, to: BinaryIO, progress: Progress) -> tuple[int, int]:
    """How many entries were written, and how many records are not among them."""
    keys, known, written = _Keys(), dict[bytes, str](), 0
    unread, traces = journal.out_of_sight(), Traces(journal.store, journal)
    days = list(journal.days.written)
    for done, day in enumerate(days, 1):
        on_day = traces.on_day(day)
        for each in journal.standing(day):
            if isinstance(each, Unopened):
                unread += 1 + len(each.responses)
                continue
            entry = each.entry
            known[entry.id] = keys.key(entry.day, entry.text)
            line = _line(each, known, [trace.name for trace in on_day.get(entry.id, ())])
            packed = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            to.write(packed.encode() + b"\n")
            written += 1
        progress(done, len(days))
    return written, unread


def _whole(written: int, unread: int) -> int:
    if unread:
        raise Incomplete(written, unread)
    return written


def _line(thread: Thread, known: dict[bytes, str], traces: list[str]) -> dict[str, Any]:
    entry = thread.entry
    line: dict[str, Any] = {"date": entry.day.isoformat(), "text": entry.text}
    if entry.zone:
        line["zone"] = entry.zone
    if entry.at and (local := _wall_clock(entry)):
        line["time"] = local
    if entry.at:
        line["at"] = stamp(entry.at)
    if traces:
        line["traces"] = traces
    if thread.responses:
        line["responses"] = [_response(each, known) for each in thread.responses]
    return line


def _wall_clock(entry: Entry) -> str:
    try:
        return f"{entry.local:%H:%M:%S}"
    except (ValueError, OverflowError):  # a zone this machine does not have
        return ""


def _response(response: Response, known: dict[bytes, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "text": response.text,
        "engine": response.engine,
        "state": response.state if response.state in _STATES else "cut",
        "at": stamp(response.at),
    }
    if response.model:
        fields["model"] = response.model
    if response.quotes:
        fields["quotes"] = [_quote(quote, known) for quote in response.quotes]
    return fields


def _quote(quote: Quote, known: dict[bytes, str]) -> dict[str, str]:
    # What it quotes stands further up: Echo answers with older words.
    key = known.get(quote.entry)
    fields = {"date": quote.day.isoformat(), "text": quote.text}
    return fields | {"entry": key} if key else fields
