"""Routes of traces: the list, a trace and what it touches, and what can be done with one.

A name travels in the body of a request, never in an address or a title: a trace has an id.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import date

from quart import Blueprint, Response, abort, request, url_for

from llamora.accounts.settings import TRACE_ORDERS
from llamora.companion.generation import Failed
from llamora.journal.errors import NotFound
from llamora.traces.completing import matching
from llamora.traces.names import BadName, canonical
from llamora.traces.traces import NameTaken, Trace, TraceDamaged
from llamora.web.forms import Form, field, name_typed, number
from llamora.web.hypermedia import is_partial, page, see
from llamora.web.ids import asked_day, read_id
from llamora.web.pills import in_short, trace_view
from llamora.web.rooms import journal, opened, rooms
from llamora.web.trace_views import (
    PAGE,
    HeadView,
    ListView,
    SummaryView,
    head_view,
    history,
    list_view,
    may_be_summed,
    offers,
    ordered,
    piece_view,
    summary_view,
    year_view,
)
from llamora.web.wording import _, in_entries

traces = Blueprint("traces", __name__, url_prefix="/traces")

SUMMARY_PATIENCE = 25.0
"""Seconds after which a page that waits for a summary is told to ask once more."""


# The list


@traces.get("")
async def home() -> Response:
    start = _start(request.args) if "from" in request.args else None
    return await page("traces/traces.html", listed=_listed(start=start), head=None)


@traces.post("/list")
async def find() -> Response:
    form = await request.form
    if not is_partial():
        return see(url_for("traces.home"))  # no page answers a form with a name in it
    typed, order = name_typed(form, "find"), opened().settings.trace_order
    here = read_id(field(form, "here"))
    if "from" not in form:
        return await page("traces/_list.html", listed=_listed(typed, here=here), typed=typed)
    start, today = _start(form), journal().today()
    found = matching(ordered(opened().traces, order), typed)
    piece = piece_view(opened().traces, found, order, today, start, here=here)
    return await page("traces/_rows.html", rows=piece.rows)


@traces.post("/order")
async def order() -> Response:
    form = await request.form
    chosen = field(form, "order")
    if chosen not in TRACE_ORDERS:
        abort(400)
    own = opened()
    await rooms().accounts.save_settings(own.vault, replace(own.settings, trace_order=chosen))
    here = read_id(field(form, "here"))
    return see(url_for("traces.show", id=here) if here else url_for("traces.home"))


# A trace


@traces.get("/<id:id>")
async def show(id: bytes) -> Response:
    trace = opened().traces.get(id)
    if is_partial():
        return await _head(head_view(opened().traces, trace))
    return await _page(trace)


@traces.get("/<id:id>/heatmap/<month:month>")
async def heatmap(id: bytes, month: date) -> Response:
    trace = opened().traces.get(id)
    if not is_partial():
        return await _page(trace, month=month)
    year = year_view(opened().traces.uses(id), journal().today(), month)
    return await page("traces/_year.html", year=year, id=id.hex())


@traces.get("/<id:id>/entries")
async def entries(id: bytes) -> Response:
    trace = opened().traces.get(id)
    before = asked_day("before")
    if not is_partial():
        return await _page(trace, before=before)
    return await page("traces/_days.html", past=await history(opened(), id, before), id=id.hex())


@traces.get("/<id:id>/summary")
async def summary(id: bytes) -> Response:
    trace = opened().traces.get(id)
    if not is_partial():
        return await _page(trace)
    return await page("traces/_summary.html", summary=_summary(trace), id=id.hex())


@traces.post("/<id:id>/summary")
async def summarise(id: bytes) -> Response:
    """Has it made, and answers when it is, or says that one has to wait. `?short` is for the
    popover, where nothing is said of what fails."""
    trace, error = opened().traces.get(id), ""
    if not opened().settings.companion:
        abort(404)
    try:
        await asyncio.wait_for(opened().companion.summarise(id), SUMMARY_PATIENCE)
    except TimeoutError:
        pass  # it is made all the same: whoever asks again waits for that one
    except Failed as e:
        error = e.sentence
    if not is_partial():
        return await _page(trace, error=error) if error else see(url_for("traces.show", id=id))
    if "short" in request.args:
        said = in_short(opened().companion.summary(id))
        return await page("traces/_in_short.html", summary=said)
    return await page("traces/_summary.html", summary=_summary(trace, error), id=id.hex())


# What can be done with it


@traces.get("/<id:id>/edit")
async def edit(id: bytes) -> Response:
    trace = opened().traces.get(id)
    return await _in_mode(trace, mode="edit", typed=trace.name)


@traces.put("/<id:id>")
async def rename(id: bytes) -> Response:
    own, form = opened().traces, await request.form
    trace, typed = own.get(id), name_typed(form, "name")
    try:
        name = canonical(typed)
        other = own.spelled_otherwise(name) if "anyway" not in form else None
        if other and other.id != id and name != trace.name:
            return await _in_mode(
                trace, 409, mode="edit", typed=typed, other=trace_view(other), spelled=name
            )
        await own.rename(id, typed)
    except (BadName, TraceDamaged) as e:
        return await _in_mode(trace, 422, mode="edit", typed=typed, error=str(e))
    except NameTaken as e:
        return await _in_mode(trace, 409, mode="edit", typed=typed, other=trace_view(e.trace))
    return see(url_for("traces.show", id=id))


@traces.get("/<id:id>/merge")
async def merging(id: bytes) -> Response:
    trace = opened().traces.get(id)
    return await _in_mode(trace, mode="merge", offers=offers(opened().traces, trace, ""))


@traces.post("/<id:id>/merge/completions")
async def complete(id: bytes) -> Response:
    trace = opened().traces.get(id)
    found = offers(opened().traces, trace, name_typed(await request.form, "into"))
    return await page("traces/_offers.html", offers=found)


@traces.post("/<id:id>/merge")
async def merge(id: bytes) -> Response:
    """What would move; with `confirmed`, it is moved."""
    own, form = opened().traces, await request.form
    trace, typed = own.get(id), name_typed(form, "into")
    other = _meant(form, typed)
    if other is None or other == trace:
        error = "That is this trace itself." if other else "You have no trace called so."
        return await _in_mode(
            trace, 422, mode="merge", typed=typed, error=error, offers=offers(own, trace, typed)
        )
    if "confirmed" in form:
        await own.merge(id, other.id)
        return see(url_for("traces.show", id=other.id))
    moved = own.preview_merge(id, other.id)
    words = _("%s will carry the second for the first.") % in_entries(moved.moving)
    if moved.both:
        words += " " + _("Both stand on %s of them already.") % moved.both
    if moved.rests:
        words += " " + _("All of them rest then.")
    return await _in_mode(trace, mode="merging", other=trace_view(other), merging=words)


@traces.put("/<id:id>/rest")
async def rest(id: bytes) -> Response:
    return await _rested(id, True)


@traces.delete("/<id:id>/rest")
async def bring_back(id: bytes) -> Response:
    return await _rested(id, False)


@traces.get("/<id:id>/erasure")
async def erasing(id: bytes) -> Response:
    return await _in_mode(opened().traces.get(id), mode="erase")


@traces.delete("/<id:id>")
async def erase(id: bytes) -> Response:
    opened().traces.get(id)
    await opened().traces.erase(id)
    return see(url_for("traces.home"))


# Below: steps of the above


async def _page(
    trace: Trace,
    status: int = 200,
    *,
    head: HeadView | None = None,
    month: date | None = None,
    before: date | None = None,
    error: str = "",
) -> Response:
    own = opened()
    return await page(
        "traces/traces.html",
        status,
        listed=_listed(here=trace.id),
        id=trace.id.hex(),
        head=head or head_view(own.traces, trace),
        year=year_view(own.traces.uses(trace.id), journal().today(), month),
        summary=_summary(trace, error),
        past=await history(own, trace.id, before),
    )


async def _head(view: HeadView, status: int = 200) -> Response:
    return await page("traces/_head.html", status, head=view)


async def _in_mode(trace: Trace, status: int = 200, **more: object) -> Response:
    """A trace with a form in its head: that alone for HTMX, on its page for a visit."""
    view = head_view(opened().traces, trace)
    view = replace(view, **more)  # pyright: ignore[reportArgumentType]
    return await _head(view, status) if is_partial() else await _page(trace, status, head=view)


async def _rested(id: bytes, resting: bool) -> Response:
    opened().traces.get(id)
    trace = await opened().traces.rest(id, resting)
    if not is_partial():
        return see(url_for("traces.show", id=id))
    return await _head(head_view(opened().traces, trace))


def _listed(typed: str = "", *, here: bytes | None = None, start: int | None = None) -> ListView:
    own, order = opened().traces, opened().settings.trace_order
    found = matching(ordered(own, order), typed)
    return list_view(own, found, order, journal().today(), here=here, start=start)


def _summary(trace: Trace, error: str = "") -> SummaryView | None:
    """None when there is nothing to sum up, or nobody who may."""
    if not may_be_summed(opened(), trace.id):
        return None
    return summary_view(opened().companion.summary(trace.id), journal().today(), error)


def _meant(form: Form, typed: str) -> Trace | None:
    """The trace that a form names, by its id or as it is called."""
    own, chosen = opened().traces, read_id(field(form, "chosen"))
    with suppress(NotFound, BadName):
        if chosen:
            return own.get(chosen)
        name = canonical(typed)
        return own.named(name) or own.spelled_otherwise(name)
    return None


def _start(asked: Form) -> int:
    """Where the stretch of the list begins that is asked for."""
    return number(asked, "from") // PAGE * PAGE
