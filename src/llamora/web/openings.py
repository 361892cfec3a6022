"""Routes of a day's opening: begin it, follow it, stop it, let it rest, fold it away."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import date

from quart import Blueprint, Response, abort, copy_current_request_context, request, url_for

from llamora.companion.opening import Openings
from llamora.journal.errors import NotYet
from llamora.web.day_opening import opening_view
from llamora.web.forms import field
from llamora.web.hypermedia import is_partial, page, render, see
from llamora.web.ids import read_id
from llamora.web.responses import followed
from llamora.web.rooms import journal, opened, rooms

openings = Blueprint("openings", __name__)

MOMENT = 1.0
"""Seconds that an answer waits for an opening that needs no model: it is then whole."""


@openings.post("/days/<day:day>/opening")
async def begin(day: date) -> Response:
    """Begins it, unless there is one; `anew` is the id of one that is to make room."""
    if day > journal().today():
        raise NotYet
    ours = _openings()
    opening = await ours.begin(day, read_id(field(await request.form, "anew")))
    generation = ours.generation(day)
    if opening and opening.engine == "echo" and generation:
        with suppress(TimeoutError):
            await asyncio.wait_for(generation.ended.wait(), MOMENT)
    return await _section(day)


@openings.get("/days/<day:day>/opening")
async def show(day: date) -> Response:
    _openings()
    return await _section(day)


@openings.get("/days/<day:day>/opening/stream", endpoint="stream")
async def follow(day: date) -> Response:
    ours, own = _openings(), opened()

    @copy_current_request_context
    async def final() -> str:
        view = opening_view(own, day, is_fresh=True)
        return await render("companion/_opening.html", opening=view) if view else ""

    return followed(lambda after: ours.follow(day, after), final)


@openings.delete("/days/<day:day>/opening/generation")
async def stop(day: date) -> Response:
    await _openings().stop(day)
    return await _section(day, is_held=True)


@openings.delete("/days/<day:day>/opening")
async def rest(day: date) -> Response:
    await _openings().rest(day)
    return await _section(day, is_held=True)


@openings.put("/days/<day:day>/opening/fold")
async def fold(day: date) -> Response:
    return await _folded(day, True)


@openings.delete("/days/<day:day>/opening/fold")
async def unfold(day: date) -> Response:
    return await _folded(day, False)


async def _folded(day: date, is_folded: bool) -> Response:
    """It stays so for every day, until it is changed."""
    _openings()
    own = opened()
    if own.settings.opening_folded != is_folded:
        own.settings = replace(own.settings, opening_folded=is_folded)
        await rooms().accounts.save_settings(own.vault, own.settings)
    return await _section(day, is_held=True)


def _openings() -> Openings:
    if not opened().settings.companion:
        abort(404)
    return opened().companion.openings


async def _section(day: date, *, is_held: bool = False) -> Response:
    if not is_partial():
        return see(url_for("days.show", day=day) + "#opening")
    view = opening_view(opened(), day, is_fresh=True)
    view = replace(view, is_held=is_held) if view else None
    return await page("companion/_opening.html", opening=view)
