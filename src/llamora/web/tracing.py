"""Routes of the traces on an entry: the picker, keep, drop, suggestions, completion, the popover.

What a trace is called travels in bodies only, never in an address.
"""

import asyncio
from dataclasses import replace
from itertools import islice

from quart import Blueprint, Response, request, url_for

from llamora.companion.suggest_traces import Suggestion
from llamora.journal import shortcodes
from llamora.traces.completing import complete as completions_of
from llamora.traces.names import BadName, canonical
from llamora.traces.traces import TooManyTraces, TraceDamaged
from llamora.web.entries import in_its_day
from llamora.web.forms import MOST_TYPED, field, required
from llamora.web.hypermedia import is_partial, page, see
from llamora.web.ids import read_id
from llamora.web.pills import (
    PickerView,
    TraceView,
    emoji_options,
    options,
    popover_view,
    suggestion_views,
    trace_view,
    trace_views,
)
from llamora.web.rooms import journal, opened
from llamora.web.trace_views import may_be_summed
from llamora.web.views import Views

tracing = Blueprint("tracing", __name__)

OPTIONS = 6
SUGGESTIONS = 4
NEAR = 50
"""Traces near an entry that completion prefers, once they are known."""
ENTRIES_KNOWN = 20
"""Entries of which they are."""


@tracing.get("/entries/<id:id>/traces")
async def pick(id: bytes) -> Response:
    dropped = read_id(request.args.get("dropped", ""))
    return await _picker(id, PickerView(dropped=_dropped(id, dropped)))


@tracing.post("/entries/<id:id>/traces")
async def keep(id: bytes) -> Response:
    """Another spelling of a trace that is there is only kept when the form insists (`exact`)."""
    journal().entry(id)
    form = await request.form
    typed = required(form, "name")[:MOST_TYPED]
    try:
        name = canonical(typed)
        other = None if field(form, "exact") else opened().traces.spelled_otherwise(name)
        if other:
            return await _answer(id, PickerView(name, otherwise=trace_view(other)), 409)
        await opened().traces.keep(id, name)
    except (BadName, TooManyTraces, TraceDamaged) as e:
        return await _answer(id, PickerView(typed, error=str(e)), 422)
    return await _answer(id, PickerView())


@tracing.delete("/entries/<id:id>/traces/<id:trace>")
async def drop(id: bytes, trace: bytes) -> Response:
    was = next((each for each in opened().traces.on(id) if each.id == trace), None)
    await opened().traces.drop(id, trace)
    if not is_partial():
        return see(url_for("tracing.pick", id=id, dropped=trace.hex()))
    return await _answer(id, PickerView(dropped=trace_view(was) if was else None))


@tracing.post("/entries/<id:id>/traces/suggestions")
async def suggest(id: bytes) -> Response:
    journal().entry(id)
    suggested, _ = await asyncio.gather(_suggestions(id), _look_near(id))
    suggestions = suggestion_views(suggested)
    if not is_partial():
        return await _picker(id, PickerView(suggestions=suggestions))
    return await page(
        "traces/_suggestions.html",
        entry_id=id.hex(),
        suggestions=suggestions,
        on_card="card" in request.args,
    )


@tracing.post("/entries/<id:id>/traces/completion")
async def complete(id: bytes) -> Response:
    journal().entry(id)
    typed = required(await request.form, "name")[:MOST_TYPED].strip()
    if typed.startswith(":"):
        found = emoji_options(shortcodes.beginning(typed, OPTIONS))
    else:
        traces = opened().traces
        kept = {trace.id for trace in traces.on(id)}
        near = opened().near.get(id)
        found = options(completions_of(traces, typed, OPTIONS, kept=kept, near=near), traces)
    return await page("traces/_completion.html", entry_id=id.hex(), options=found)


@tracing.get("/traces/<id:id>/popover")
async def popover(id: bytes) -> Response:
    own = opened()
    trace, entry = own.traces.get(id), read_id(request.args.get("entry", ""))
    if entry and trace not in own.traces.on(entry):
        entry = None  # it was dropped meanwhile
    summary = own.companion.summary(id)
    view = popover_view(trace, entry, own.journal, own.traces, summary)
    if not view.summary and may_be_summed(own, id) and own.companion.summarises_at_once:
        view = replace(view, awaited=True)
    if not is_partial():
        return see(view.trace.href)
    return await page("traces/_popover.html", pop=view)


async def _answer(id: bytes, picker: PickerView, status: int = 200) -> Response:
    """What changed, for HTMX: the pills as the picker shows them, or as the card does."""
    if is_partial():
        return await page(
            "traces/_changed.html",
            status,
            entry_id=id.hex(),
            traces=trace_views(opened().traces.on(id)),
            picker=picker,
            on_card="card" in request.args,
        )
    if status == 200:
        return see(url_for("tracing.pick", id=id))
    return await _picker(id, picker, status)


async def _picker(id: bytes, picker: PickerView, status: int = 200) -> Response:
    """The picker: alone for HTMX, in its entry in the middle of the day for a visit."""
    thread = journal().thread(id)
    view = await Views(opened()).entry(thread, mode="traces", picker=picker)
    if is_partial():
        return await page("traces/_picker.html", status, entry=view)
    return await in_its_day(view, thread.entry.day, status)


def _dropped(entry: bytes, id: bytes | None) -> TraceView | None:
    """The trace that was just dropped from an entry, to be kept again."""
    if id is None or id in {trace.id for trace in opened().traces.on(entry)}:
        return None
    trace = opened().traces.find(id)
    return trace_view(trace) if trace else None


async def _suggestions(id: bytes) -> list[Suggestion]:
    if opened().settings.companion:
        return await opened().companion.suggest_traces(id)
    return _often_used(id)


def _often_used(entry: bytes) -> list[Suggestion]:
    """What is kept most, for whoever wants no companion."""
    traces = opened().traces
    own = traces.on(entry)
    found = (trace for trace in traces.often_used() if trace not in own)
    return [Suggestion(trace.name, trace.id) for trace in islice(found, SUGGESTIONS)]


async def _look_near(entry: bytes) -> None:
    """Learns which traces are near an entry. That takes a moment, and completion has none."""
    near = opened().near
    near[entry] = dict(await (await opened().search()).near_traces(entry, NEAR))
    while len(near) > ENTRIES_KNOWN:
        del near[next(iter(near))]
