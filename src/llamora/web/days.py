"""Routes of days: the page, writing on it, its draft, the calendar."""

from dataclasses import replace
from datetime import date

from quart import Blueprint, Response, request, url_for

from llamora.journal import drafts
from llamora.journal.errors import Blank, NotYet, TooLong
from llamora.journal.journal import Thread
from llamora.journal.writing import normalise
from llamora.web import recovery
from llamora.web.forms import Form, field, hand_of, key_of, required
from llamora.web.hypermedia import block, is_partial, page, see
from llamora.web.looking_back import just_rested
from llamora.web.marking import Passage
from llamora.web.rooms import journal, opened
from llamora.web.views import Views

days = Blueprint("days", __name__)


@days.get("/")
async def home() -> Response:
    if recovery.waiting() is not None:  # it is shown to nobody later
        return see(url_for("accounts.code"))
    return see(url_for("days.show", day=journal().today()))


@days.get("/days/<day:day>")
async def show(day: date) -> Response:
    passage = Passage.read(request.args.get("passage", ""))
    return await page(
        "journal/day.html",
        day=await Views(opened(), passage).day(day),
        code_state=recovery.state(),
        rested=just_rested(opened(), request.args.get("rested", ""), day),
    )


@days.post("/days/<day:day>/entries")
async def write(day: date) -> Response:
    form = await request.form
    text = field(form, "text")
    try:
        entry = await journal().write(day, text, key=key_of(form), hand=hand_of(form))
    except (Blank, TooLong) as e:
        return await _again(day, form, str(e))
    if not is_partial():
        return see(url_for("days.show", day=day) + f"#entry-{entry.id.hex()}")
    views = Views(opened())
    return await page(
        "journal/_written.html",
        201,
        entry=await views.entry(Thread(entry)),
        day=await views.day(day, [], drafted=False),
    )


@days.put("/days/<day:day>/draft")
async def keep_draft(day: date) -> Response:
    if day > journal().today():
        raise NotYet
    return await keep_draft_at(drafts.of_day(day), await request.form)


@days.get("/days/<day:day>/recap")
async def recap(day: date) -> Response:
    """What a day held, in a sentence or two; a visit goes on to the day."""
    if not is_partial():
        return see(url_for("days.show", day=day))
    told = opened().companion.told(day) if opened().settings.companion else ""
    recap = told or await opened().companion.recap(day)
    return await page("journal/_recap.html", recap=recap, by_companion=bool(told))


@days.get("/calendar/<month:month>")
async def month(month: date) -> Response:
    return await _calendar(Views(opened()).calendar_month(month))


@days.get("/calendar/<year:year>")
async def year(year: int) -> Response:
    return await _calendar(Views(opened()).calendar_year(year))


async def keep_draft_at(
    place: str, form: Form, more: dict[str, int] | None = None, *, standing: str = ""
) -> Response:
    """Keeps what a form holds as the draft of a place; what stands there already needs none."""
    text, hand = required(form, "text"), hand_of(form) or drafts.Hand()
    if normalise(text) == standing:
        text = ""
    try:
        await journal().keep_draft(place, text, more, hand)
    except TooLong as e:
        return await page("journal/_saved.html", 422, ok=False, sentence=str(e))
    return await page("journal/_saved.html", ok=True, sentence="")


async def _again(day: date, form: Form, error: str) -> Response:
    """The form once more, with what was typed and what is the matter. It is the same form still: it
    has seen no draft but the one that it began from."""
    views, partial = Views(opened()), is_partial()
    view = await views.day(day, [] if partial else None)
    view = replace(view, key=key_of(form), seen=field(form, "seen"))
    template = "journal/_composer.html" if partial else "journal/day.html"
    return await page(template, 422, day=view, text=field(form, "text"), error=error)


async def _calendar(cal: dict[str, object]) -> Response:
    if is_partial():
        return await block("journal/calendar.html", "popover", cal=cal)
    return await page("journal/calendar.html", cal=cal)
