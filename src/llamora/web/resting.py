"""Routes of rest: what is not to be brought up again, what is brought back; and of what is kept
from the model."""

from datetime import date

from quart import Blueprint, Response, url_for

from llamora.web.hypermedia import answer, is_partial, page, see
from llamora.web.ids import asked_day
from llamora.web.looking_back import glimpse
from llamora.web.rooms import journal, opened
from llamora.web.views import Views

resting = Blueprint("resting", __name__)


@resting.put("/entries/<id:id>/rest")
async def rest_entry(id: bytes) -> Response:
    await journal().rests.rest_entry(id, True)
    return await _entry(id)


@resting.delete("/entries/<id:id>/rest")
async def wake_entry(id: bytes) -> Response:
    await journal().rests.rest_entry(id, False)
    return await _entry(id)


@resting.put("/entries/<id:id>/kept-back")
async def keep_back(id: bytes) -> Response:
    await journal().rests.keep_back(id, True)
    return await _entry(id)


@resting.delete("/entries/<id:id>/kept-back")
async def let_be_read(id: bytes) -> Response:
    await journal().rests.keep_back(id, False)
    return await _entry(id)


@resting.put("/days/<day:day>/rest")
async def rest_day(day: date) -> Response:
    await journal().rests.rest_day(day, True)
    return await _day(day)


@resting.delete("/days/<day:day>/rest")
async def wake_day(day: date) -> Response:
    await journal().rests.rest_day(day, False)
    return await _day(day)


async def _entry(id: bytes) -> Response:
    """Back to where the entry was seen: on its own day, or from the same date in a later year."""
    seen_from = asked_day("seen_from")
    entry = journal().entry(id)
    if not is_partial():
        if seen_from is None:
            return see(url_for("days.show", day=entry.day) + f"#entry-{id.hex()}")
        return see(url_for("days.show", day=seen_from, rested=id.hex()) + "#on-this-day")
    if seen_from is None:
        view = await Views(opened()).entry(journal().thread(id))
        return await page("journal/_entry.html", entry=view)
    view = glimpse(opened(), id, seen_from)
    return await page("journal/_glimpse.html", glimpse=view) if view else answer("")


async def _day(day: date) -> Response:
    if not is_partial():
        return see(url_for("days.show", day=day) + "#day-rest")
    return await page("journal/_day_rest.html", day=await Views(opened()).day(day, []))
