"""Routes of an entry: read, edit, erase and undo, move to another day."""

import re
from datetime import UTC, date, datetime

from quart import Blueprint, Response, request, url_for

from llamora.journal import drafts
from llamora.journal.days import FIRST_DAY
from llamora.journal.errors import Blank, Conflict, NotFound, NotYet, TooLong
from llamora.journal.journal import UNDO, Thread, local_moment
from llamora.web.days import keep_draft_at
from llamora.web.errors import say
from llamora.web.forms import Form, field, hand_of, key_of, number
from llamora.web.hypermedia import is_partial, page, see
from llamora.web.rooms import journal, opened
from llamora.web.views import EntryView, Views, added_later

entries = Blueprint("entries", __name__, url_prefix="/entries/<id:id>")

VANISHED = "There is no such entry any more. Your words stand only here: copy them first."


@entries.get("")
async def show(id: bytes) -> Response:
    thread = journal().thread(id)
    if not is_partial():
        return see(_place(thread.entry.day, id))
    view = await Views(opened()).entry(thread)
    if "foot" in request.args:
        return await page("journal/_foot.html", entry=view)
    return await _piece(view)


@entries.get("/edit")
async def edit(id: bytes) -> Response:
    thread = journal().thread(id)
    text, revision, restored = thread.entry.text, thread.entry.revision, False
    draft = None if request.args.get("fresh") else journal().draft(drafts.of_entry(id))
    if draft and draft[0] != text:
        text, revision, restored = draft[0], draft[1].get("revision", revision), True
    return await _in_mode(
        thread, mode="edit", draft=text, revision=revision, draft_restored=restored
    )


@entries.put("/draft")
async def keep_draft(id: bytes) -> Response:
    form = await request.form
    try:
        entry = journal().entry(id)
    except NotFound:
        return await page("journal/_saved.html", 404, ok=False, sentence=VANISHED)
    revision = number(form, "revision") if "revision" in form else entry.revision
    standing = entry.text if revision == entry.revision else ""
    about = {"revision": revision}  # the one that the edit began from
    return await keep_draft_at(drafts.of_entry(id), form, about, standing=standing)


@entries.put("")
async def revise(id: bytes) -> Response:
    form = await request.form
    text, revision = field(form, "text"), number(form, "revision")
    try:
        entry = await journal().revise(id, revision, text, hand=hand_of(form))
    except (Blank, TooLong) as e:
        thread = journal().thread(id)
        edit = {"draft": text, "revision": revision, **_same_form(form)}
        return await _in_mode(thread, 422, mode="edit", error=str(e), **edit)
    except NotFound:
        return await say(404, sentence=VANISHED, kept=True)
    except Conflict as e:
        # Whoever leaves this page without deciding finds their words again.
        hand = hand_of(form) or drafts.Hand()
        await journal().keep_draft(drafts.of_entry(id), text, {"revision": revision}, hand)
        # Keeping "mine" from here on replaces what the diarist has now seen.
        thread = Thread(e.current, journal().thread(id).responses)
        edit = {"draft": text, "theirs": e.current.text, **_same_form(form)}
        return await _in_mode(thread, 409, mode="conflict", **edit)
    return await _done(id, entry.day)


@entries.get("/erasure")
async def erasing(id: bytes) -> Response:
    return await _in_mode(journal().thread(id), mode="erase")


@entries.delete("")
async def erase(id: bytes) -> Response:
    for response in journal().thread(id).responses:
        if response.state == "writing":
            await opened().companion.stop(response.id)
    entry = await journal().erase(id)
    if is_partial():
        return await page("journal/_erased.html", entry_id=id.hex(), seconds=UNDO.seconds)
    return see(url_for("days.show", day=entry.day))


@entries.post("/restoration")
async def undo(id: bytes) -> Response:
    entry = await journal().restore(id)
    return await _done(id, entry.day)


@entries.get("/day")
async def moving(id: bytes) -> Response:
    return await _in_mode(journal().thread(id), mode="move")


@entries.put("/day")
async def move(id: bytes) -> Response:
    form = await request.form
    thread = journal().thread(id)
    try:
        day = _day(field(form, "day"))
        at = _time(field(form, "time"), day, thread)
        entry = await journal().move(id, day, at)
    except (ValueError, NotYet) as e:
        typed = {"typed_day": field(form, "day"), "clock": field(form, "time")}
        return await _in_mode(thread, 422, mode="move", error=str(e), **typed)
    if is_partial() and entry.day != thread.entry.day:
        moved = await Views(opened()).day(entry.day, [])
        return await page("journal/_moved.html", entry_id=id.hex(), day=moved)
    return await _done(id, entry.day)


def _same_form(form: Form) -> dict[str, str]:
    """A form that is shown again is the same form, and has seen no other draft."""
    return {"key": key_of(form), "seen": field(form, "seen")}


def _day(text: str) -> date:
    try:
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("Please give a day, such as 2024-03-09.") from None
    if day < FIRST_DAY:
        raise ValueError("The journal begins in the year 1000.")
    return day


def _time(text: str, day: date, thread: Thread) -> datetime | None:
    """The moment of that wall clock's time on that day; the seconds stay when it did not change."""
    entry = thread.entry
    if not text:
        return entry.at if added_later(entry, journal().day_starts_at) else None
    if entry.local and day == entry.day and text[:5] == f"{entry.local:%H:%M}":
        return entry.at
    try:
        at = local_moment(day, text, entry.zone or journal().zone, journal().day_starts_at)
    except (ValueError, OverflowError):
        raise ValueError("Please give a time, such as 07:42.") from None
    return at.astimezone(UTC)


async def _done(id: bytes, day: date) -> Response:
    if not is_partial():
        return see(_place(day, id))
    return await _piece(await Views(opened()).entry(journal().thread(id)))


async def _in_mode(thread: Thread, status: int = 200, **more: object) -> Response:
    """The entry as a form: alone for HTMX, in the middle of its day for a visit."""
    view = await Views(opened()).entry(thread, **more)
    if is_partial():
        return await _piece(view, status)
    return await in_its_day(view, thread.entry.day, status)


async def in_its_day(view: EntryView, day: date, status: int = 200) -> Response:
    """The page of an entry's day, with the entry shown as it is here."""
    shown = await Views(opened()).day(day)
    for n, other in enumerate(shown.entries):
        if other.id == view.id:
            shown.entries[n] = view
    return await page("journal/day.html", status, day=shown)


async def _piece(view: EntryView, status: int = 200) -> Response:
    return await page("journal/_entry.html", status, entry=view)


def _place(day: date, id: bytes) -> str:
    return url_for("days.show", day=day) + f"#entry-{id.hex()}"
