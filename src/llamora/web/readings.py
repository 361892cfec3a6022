"""What a model read for a response, an opening or a recap, as a page shows it: its pieces with
their words as they stand in the journal now, and how it was asked."""

from dataclasses import dataclass
from datetime import date

from quart import Blueprint, url_for
from quart import Response as Answer

from llamora.companion.budget import MARK
from llamora.journal.errors import NotFound
from llamora.journal.reading import Read, Reading
from llamora.journal.writing import Entry, Opening, Recap
from llamora.vault import Unreadable
from llamora.web.hypermedia import is_partial, page
from llamora.web.rooms import journal, opened
from llamora.web.wording import _, day_title, number

readings = Blueprint("readings", __name__)

SHOWN = 1_200
"""Characters of a piece that are shown; it is a click to where all of it stands."""

_KINDS = {
    "entry": "The entry",
    "today": "Earlier that day",
    "own": "Under a trace of the entry",
    "trace": "Under a trace that was attached",
    "related": "From another time, and near",
    "earlier": "From a day before",
}
_GONE = "Erased since."
_CHANGED = "Changed since, or moved; how it stood then is not kept."
_DAMAGED = "It does not open any more."
_SUMMARY = "What a model had summed up of it."


@dataclass(frozen=True)
class PieceView:
    """`text` are its words; or `sentence` says why they are not shown."""

    label: str
    title: str
    href: str
    text: str = ""
    more: bool = False
    sentence: str = ""
    by_companion: bool = False


@dataclass(frozen=True)
class ReadingView:
    pieces: list[PieceView]
    unlisted: int
    asked: list[tuple[str, str]]
    """What the model was asked with, by name."""


@readings.get("/responses/<id:id>/reading")
async def show(id: bytes) -> Answer:
    response = journal().response(id)
    view = _view(response.reading or Reading(), response.model)
    if is_partial():
        return await page("companion/_reading.html", reading=view)
    place = url_for("days.show", day=response.day) + f"#response-{id.hex()}"
    return await page("companion/reading.html", reading=view, place=place)


@readings.get("/days/<day:day>/opening/reading")
async def show_opening(day: date) -> Answer:
    return await _of_day(day, journal().opening(day))


@readings.get("/days/<day:day>/recap/reading")
async def show_recap(day: date) -> Answer:
    return await _of_day(day, journal().recap(day))


async def _of_day(day: date, told: Opening | Recap | None) -> Answer:
    if told is None or told.reading is None:
        raise NotFound
    view = _view(told.reading, told.model)
    if is_partial():
        return await page("companion/_reading.html", reading=view)
    return await page("companion/reading.html", reading=view, place=url_for("days.show", day=day))


def _view(reading: Reading, model: str) -> ReadingView:
    return ReadingView(
        [_piece(piece) for piece in reading.pieces], reading.unlisted, _asked(reading, model)
    )


def _piece(piece: Read) -> PieceView:
    trace = opened().traces.find(piece.trace) if piece.trace else None
    label = _(_KINDS.get(piece.kind, "Besides"))
    if trace:
        label = f"{label}: {trace.name}"
    if not piece.writing:
        href = url_for("traces.show", id=trace.id) if trace else ""
        return PieceView(label, "", href, sentence=_(_SUMMARY), by_companion=True)
    try:
        found = journal().find(piece.writing)
    except Unreadable:
        return PieceView(label, "", "", sentence=_(_DAMAGED))
    if found is None:
        return PieceView(label, "", "", sentence=_(_GONE))
    own = isinstance(found, Entry)
    what = "entry" if own else "response"
    title, href = _title(found.day), url_for("days.show", day=found.day)
    href += f"#{what}-{found.id.hex()}"
    if found.revision != piece.revision:
        return PieceView(label, title, href, sentence=_(_CHANGED), by_companion=not own)
    text = MARK.join(found.text[start:end] for start, end in piece.spans)
    return PieceView(label, title, href, text[:SHOWN], len(text) > SHOWN, by_companion=not own)


def _title(day: date) -> str:
    return day_title(day, journal().today())


def _asked(reading: Reading, model: str) -> list[tuple[str, str]]:
    read, said = reading.tokens
    named = {
        _("Model"): model,
        _("Prompt"): f"{reading.template} · {reading.digest}" if reading.template else "",
        **{name: str(value) for name, value in reading.parameters.items()},
        _("Tokens read"): number(read) if read else "",
        _("Tokens written"): number(said) if said else "",
        _("Seconds"): f"{reading.seconds:.1f}" if reading.seconds else "",
    }
    return [(name, value) for name, value in named.items() if value]
