"""Entries and what the companion wrote, and how each is laid into a sealed record of `writings`.

The text is the record's raw bytes; everything else about a writing, its kind, day and time
included, is the record's header (docs/spec/vault-format.md §8).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from typing import Any

from llamora.journal.reading import Reading, as_header, from_header
from llamora.kernel import zone as zone_of
from llamora.storage.resealing import is_of
from llamora.vault import Opened, Place, Purpose, Unreadable, Vault

WRITING = Place("writings", "sealed", Purpose.CONTENT, ("day", "revision"))


class Kind(IntEnum):
    """What a writing is; the number stands in the day's table of contents."""

    ENTRY = 1
    RESPONSE = 2
    OPENING = 3
    RECAP = 4
    SUMMARY = 5

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Source:
    """Where an imported writing came from, so that importing twice adds nothing."""

    format: str
    key: str


@dataclass(frozen=True)
class Entry:
    """A piece of the diarist's own writing on a day.

    `at` is when it was written, in UTC, and `zone` the IANA zone it was written in; both may be
    unknown for an imported entry.
    """

    id: bytes
    day: date
    revision: int
    text: str
    at: datetime | None = None
    zone: str = ""
    source: Source | None = None

    kind = Kind.ENTRY

    @property
    def local(self) -> datetime | None:
        """The wall clock's time where it was written; UTC's when that cannot be told."""
        try:
            return self.at.astimezone(zone_of(self.zone or "UTC")) if self.at else None
        except (ValueError, OverflowError):  # a zone this machine lacks, or the year 10000 there
            return self.at


@dataclass(frozen=True)
class Quote:
    """The diarist's own earlier words, verbatim, and where they stand."""

    entry: bytes
    day: date
    text: str


@dataclass(frozen=True)
class Response:
    """What the companion wrote back to an entry. `beat` says when its writer last lived.

    `state` is "writing" while it grows, then "done", "stopped" (by the diarist) or "cut" (by a
    failure); `quotes` is what Echo answers with, and `reading` what a model was given to read.
    """

    id: bytes
    day: date
    revision: int
    entry: bytes
    text: str
    at: datetime
    engine: str = "model"
    model: str = ""
    state: str = "done"
    quotes: tuple[Quote, ...] = ()
    beat: datetime | None = None
    reading: Reading | None = None

    kind = Kind.RESPONSE


Read = tuple[tuple[bytes, int], ...]
"""The entries that something was made from, each with its revision."""


@dataclass(frozen=True)
class Opening:
    """The short text that opens a day; fields that a response has too are as they are there.

    `state` may also be "rested": it was let rest, and its words are gone; that it stands there
    still says that the day was opened once.
    """

    id: bytes
    day: date
    revision: int
    text: str
    at: datetime
    engine: str = "model"
    model: str = ""
    state: str = "done"
    quotes: tuple[Quote, ...] = ()
    beat: datetime | None = None
    read: Read = ()
    reading: Reading | None = None

    kind = Kind.OPENING


@dataclass(frozen=True)
class Recap:
    """What a day held, in a sentence or two of a model's."""

    id: bytes
    day: date
    revision: int
    text: str
    at: datetime
    model: str = ""
    read: Read = ()
    reading: Reading | None = None

    kind = Kind.RECAP


Spoken = Response | Opening
"""What grows while the companion says it."""

Writing = Entry | Response | Opening | Recap

_NEWLINES = re.compile(r"\r\n?|[\u2028\u2029]")


def normalise(text: str) -> str:
    """One kind of line end; no NUL, which no one types and some tools stop at."""
    return _NEWLINES.sub("\n", text).replace("\0", "").encode(errors="replace").decode()


def seal(vault: Vault, writing: Writing) -> bytes:
    """The sealed column of a writing's row."""
    text = writing.text.encode()
    header: dict[str, Any] = {
        "v": 1,
        "kind": writing.kind.word,
        "date": writing.day.isoformat(),
        "digest": vault.digest(writing.id, writing.kind.word, text).hex(),
    }
    if writing.at:
        header["at"] = stamp(writing.at)
    if isinstance(writing, Entry):
        if writing.zone:
            header["zone"] = writing.zone
        if writing.source:
            header["source"] = {"format": writing.source.format, "key": writing.source.key}
    else:
        header |= _made(writing)
    return vault.seal(
        WRITING,
        writing.id,
        header,
        text,
        day=vault.day_hash(writing.day),
        revision=writing.revision,
    )


def _made(writing: Response | Opening | Recap) -> dict[str, Any]:
    """What the header says of how the companion came to write it."""
    header: dict[str, Any] = {"engine": "model"}
    if writing.model:
        header["model"] = writing.model
    if isinstance(writing, Response):
        header["to"] = writing.entry.hex()
        if writing.reading:
            header["read"] = as_header(writing.reading)
    else:
        header["read"] = [[id.hex(), revision] for id, revision in writing.read]
        if writing.reading:
            header["reading"] = as_header(writing.reading)
    if isinstance(writing, Recap):
        return header
    header |= {"engine": writing.engine, "state": writing.state}
    if writing.beat:
        header["beat"] = stamp(writing.beat)
    if writing.quotes:
        header["quotes"] = [
            {"entry": q.entry.hex(), "date": q.day.isoformat(), "text": q.text}
            for q in writing.quotes
        ]
    return header


def anew(vault: Vault, id: bytes, day: date, revision: int, sealed: bytes) -> bytes:
    """A writing's record as it is in the vault's epoch, for one that may be of the epoch before.

    Raises:
        Unreadable: it does not open.
    """
    if is_of(vault.epoch, sealed) or vault.older is None:
        return sealed
    hashed = vault.day_hash(day, vault.older)
    opened = vault.open(WRITING, id, sealed, day=hashed, revision=revision)
    return opened_anew(vault, id, opened, vault.day_hash(day), revision)


def opened_anew(vault: Vault, id: bytes, opened: Opened, day_hash: bytes, revision: int) -> bytes:
    """An opened writing sealed again as it stands, whatever this version knows of its header."""
    header = {**opened.header, **_digest_anew(vault, id, opened)}
    return vault.seal(WRITING, id, header, opened.raw, day=day_hash, revision=revision)


def _digest_anew(vault: Vault, id: bytes, opened: Opened) -> dict[str, str]:
    """The digest by the present key; none for one that was wrong, which is for `verify` to find."""
    try:
        kind = opened.header["kind"]
        before = bytes.fromhex(opened.header["digest"])
        if vault.digest_matches(before, opened.epoch, id, kind, opened.raw):
            return {"digest": vault.digest(id, kind, opened.raw).hex()}
    except (AttributeError, LookupError, TypeError, ValueError):
        pass
    return {}


def unseal(vault: Vault, id: bytes, day_hash: bytes, revision: int, sealed: bytes) -> Writing:
    """The writing a row holds.

    Raises:
        Unreadable: the record does not open, or holds something this version does not know.
    """
    opened = vault.open(WRITING, id, sealed, day=day_hash, revision=revision)
    try:
        return _from(id, revision, opened)
    except (KeyError, TypeError, ValueError) as e:
        raise Unreadable from e


def _from(id: bytes, revision: int, opened: Opened) -> Writing:
    header: Mapping[str, Any] = opened.header
    text = opened.raw.decode()
    day = date.fromisoformat(header["date"])
    at = moment(header["at"]) if "at" in header else None
    if header["kind"] == Kind.ENTRY.word:
        source = header.get("source")
        return Entry(
            id,
            day,
            revision,
            text,
            at,
            header.get("zone", ""),
            Source(source["format"], source["key"]) if source else None,
        )
    if header["kind"] == Kind.RESPONSE.word and at is not None:
        return Response(
            id,
            day,
            revision,
            bytes.fromhex(header["to"]),
            text,
            at,
            header["engine"],
            header.get("model", ""),
            header["state"],
            _quotes(header),
            _beat(header),
            from_header(header["read"]) if "read" in header else None,
        )
    if header["kind"] == Kind.OPENING.word and at is not None:
        return Opening(
            id,
            day,
            revision,
            text,
            at,
            header["engine"],
            header.get("model", ""),
            header["state"],
            _quotes(header),
            _beat(header),
            _read(header),
            _reading(header),
        )
    if header["kind"] == Kind.RECAP.word and at is not None:
        model, reading = header.get("model", ""), _reading(header)
        return Recap(id, day, revision, text, at, model, _read(header), reading)
    raise ValueError("a kind of writing from a newer version")


def _quotes(header: Mapping[str, Any]) -> tuple[Quote, ...]:
    return tuple(
        Quote(bytes.fromhex(q["entry"]), date.fromisoformat(q["date"]), q["text"])
        for q in header.get("quotes", ())
    )


def _beat(header: Mapping[str, Any]) -> datetime | None:
    return moment(header["beat"]) if "beat" in header else None


def _read(header: Mapping[str, Any]) -> Read:
    return tuple((bytes.fromhex(id), int(revision)) for id, revision in header["read"])


def _reading(header: Mapping[str, Any]) -> Reading | None:
    return from_header(header["reading"]) if "reading" in header else None


def stamp(at: datetime) -> str:
    """A moment as UTC text, to the second."""
    # Not strftime: it writes the year 999 with three digits, which no one can read back, and the
    # first hours of the year 1000 are still 999 in UTC.
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def moment(text: str) -> datetime:
    """The moment `stamp` wrote."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
