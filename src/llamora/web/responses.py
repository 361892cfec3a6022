"""Routes of a response: ask, follow, read, stop, erase."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice

from quart import (
    Blueprint,
    Response,
    abort,
    copy_current_request_context,
    request,
    url_for,
)

from llamora.companion.companion import MOST_ATTACHED, KeptBack, TooMany
from llamora.companion.generation import Shown
from llamora.journal.errors import Gone, NotFound, Stale, StoreError
from llamora.traces.traces import Trace
from llamora.vault import Locked, Unreadable
from llamora.web.entries import in_its_day
from llamora.web.errors import say
from llamora.web.forms import key_of
from llamora.web.hypermedia import answer, is_partial, page, render, see
from llamora.web.ids import read_id
from llamora.web.pills import trace_views
from llamora.web.rooms import journal, opened, rooms, session
from llamora.web.sse import COMMENT, event, stream
from llamora.web.unlocked import OpenJournal
from llamora.web.views import ResponseView, Views
from llamora.web.wording import _

responses = Blueprint("responses", __name__)

RECHECK_SECONDS = 15
RETRY_SECONDS = 10
"""After which it is worth asking again, when too many answers are being written."""
LIKELY = 12
"""Traces that are offered to be attached ..."""
FEWEST = 4
"""... of which so many are there at least, while there are as many."""
LOCKED = f'<p class="quiet" role="status">{_("The journal is locked.")}</p>'
CUT_OFF = f'<p class="quiet" role="status">{_("This answer cannot be read any more.")}</p>'

log = logging.getLogger("llamora.web")


@responses.post("/entries/<id:id>/responses")
async def ask(id: bytes) -> Response:
    if not opened().settings.companion:
        abort(404)
    form = await request.form
    attached = [trace for each in form.getlist("trace") if (trace := read_id(each))]
    try:
        response = await opened().companion.respond(id, key_of(form), attached)
    except TooMany as e:
        refused = await say(429, sentence=str(e))
        refused.headers["Retry-After"] = str(RETRY_SECONDS)
        return refused
    except KeptBack as e:
        return await say(409, "Kept from the model", str(e))
    if not is_partial():
        return see(url_for("responses.show", id=response.id))
    views = Views(opened())
    view = await views.response(response)
    if "foot" in form:  # it was asked for in the place of the card's foot, which comes back now
        entry = await views.entry(journal().thread(id))
        return await page("companion/_asked.html", 201, response=view, entry=entry)
    return await page("companion/_response.html", 201, response=view)


@responses.get("/entries/<id:id>/asking")
async def asking(id: bytes) -> Response:
    """The traces that could be attached to an answer, in the place of the card's foot."""
    if not opened().settings.companion:
        abort(404)
    thread = journal().thread(id)
    likely = trace_views(await _likely(id))
    view = await Views(opened()).entry(thread, mode="ask", likely=likely)
    if is_partial():
        return await page("companion/_asking.html", entry=view)
    return await in_its_day(view, thread.entry.day)


async def _likely(id: bytes) -> list[Trace]:
    """The entry's own traces, as many as go along, then those that fit it; while these are few,
    those used most."""
    traces = opened().traces
    near = await (await opened().search()).near_traces(id, LIKELY)
    fitting = [trace for each, _ in near if (trace := traces.find(each))]
    found = list(dict.fromkeys((*traces.on(id)[:MOST_ATTACHED], *fitting)))
    others = (trace for trace in traces.often_used() if trace not in found)
    return [*found[:LIKELY], *islice(others, max(0, FEWEST - len(found)))]


@responses.get("/responses/<id:id>")
async def show(id: bytes) -> Response:
    view = await _view(opened(), id)
    if view is None:
        raise NotFound
    if is_partial():
        return await page("companion/_response.html", response=view)
    if view.state != "writing" and view.state != "failed":
        day = journal().response(id).day
        return see(url_for("days.show", day=day) + f"#response-{id.hex()}")
    return await page("companion/response.html", response=view)


@responses.get("/responses/<id:id>/stream", endpoint="stream")
async def follow(id: bytes) -> Response:
    own = opened()
    if await _view(own, id) is None:
        raise NotFound
    return followed(lambda after: own.companion.follow(id, after), _final_renderer(own, id))


def followed(
    shown: Callable[[int], AsyncIterator[Shown]], final: Callable[[], Awaitable[str]]
) -> Response:
    """The stream of what grows: `shown` after the last event that the reader has seen, and at the
    end the whole, which `final` renders."""
    the, own, mine = rooms(), opened(), session()
    if own.streams[mine.id] >= the.settings.streams_per_session:
        abort(429)
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 10 else 0
    cookie = the.cookies.session(request)

    def still_ours() -> bool:
        return the.sessions.resume(cookie, open_vault=False) is not None

    own.streams[mine.id] += 1

    async def events() -> AsyncIterator[bytes]:
        try:
            async for piece in _with_heartbeat(shown(after), still_ours):
                yield piece
            yield event("done", await final())
        except NotFound:
            yield event("done", "")
        except (Locked, Stale, Gone):
            yield event("done", LOCKED)
        except (StoreError, Unreadable) as e:
            log.warning("A stream ended early: %s", type(e).__name__)
            yield event("done", CUT_OFF)
        finally:
            own.streams[mine.id] -= 1

    return stream(events())


@responses.delete("/responses/<id:id>/generation")
async def stop(id: bytes) -> Response:
    own = opened()
    await own.companion.stop(id)
    view = await _view(own, id)
    if not is_partial():
        return see(url_for("responses.show", id=id))
    if view is None:
        return answer("", 200)
    return await page("companion/_response.html", response=view)


@responses.delete("/responses/<id:id>")
async def erase(id: bytes) -> Response:
    response = journal().response(id)
    await opened().companion.erase(id)
    if is_partial():
        return answer("", 200)
    return see(url_for("days.show", day=response.day) + f"#entry-{response.entry.hex()}")


async def _view(own: OpenJournal, id: bytes) -> ResponseView | None:
    """The response as it is now; one that failed is only known to its generation."""
    generation = own.companion.generation(id)
    if generation and generation.ended.is_set() and generation.response.state == "failed":
        return await Views(own).response(generation.response, generation.sentence)
    try:
        response = own.journal.response(id)
    except NotFound:
        if generation is None:
            return None
        await generation.ended.wait()  # it is just failing: its row goes before its word is out
        if generation.response.state != "failed":
            return None
        return await Views(own).response(generation.response, generation.sentence)
    return await Views(own).response(response)


def _event_of(shown: Shown) -> bytes:
    if shown.anew:
        return event("anew", "", 0)
    if shown.ahead is not None:
        return event("ahead", _waits(shown.ahead))
    return event("tail" if shown.number is None else "block", shown.html, shown.number)


def _waits(ahead: int) -> str:
    """What is said while an answer waits for its turn; nothing once it has come."""
    if ahead == 1:
        return _("One answer comes before this one.")
    return _("%d answers come before this one.") % ahead if ahead else ""


def _final_renderer(own: OpenJournal, id: bytes) -> Callable[[], Awaitable[str]]:
    """Renders the whole response when the stream's request is over, hence the copied context."""

    @copy_current_request_context
    async def final() -> str:
        view = await _view(own, id)
        if view is None:
            return ""
        return await render("companion/_response.html", response=view)

    return final


async def _with_heartbeat(
    shown: AsyncIterator[Shown], still_ours: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Events of what is shown; every 15 s of silence or talk, the session is looked at again."""
    checked = asyncio.get_running_loop().time()
    pieces = aiter(shown)
    pending = asyncio.ensure_future(anext(pieces, None))
    try:
        while True:
            done, _ = await asyncio.wait({pending}, timeout=RECHECK_SECONDS)
            now = asyncio.get_running_loop().time()
            if now - checked >= RECHECK_SECONDS:
                checked = now
                if not still_ours():
                    raise Locked
            if not done:
                yield COMMENT
                continue
            piece = pending.result()
            if piece is None:
                return
            yield _event_of(piece)
            pending = asyncio.ensure_future(anext(pieces, None))
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
