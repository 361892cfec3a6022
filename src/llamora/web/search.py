"""Routes of search: the page, results, other words, completion, searches that are remembered.

What is looked for travels in the body of a POST, never in an address; a search that is remembered
has a random id, by which its results can be asked for again.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from quart import Blueprint, Response, abort, request, url_for

from llamora.companion.generation import Failed
from llamora.journal.days import FIRST_DAY, LAST_DAY
from llamora.journal.errors import NotFound
from llamora.kernel import new_id
from llamora.search.other_words import MOST
from llamora.search.query import LONGEST, parse
from llamora.web import narrowing
from llamora.web.forms import Form, field, number
from llamora.web.found import PAGE, FoundView, found_view, offers
from llamora.web.hypermedia import answer, is_partial, page, see
from llamora.web.rooms import journal, opened

if TYPE_CHECKING:
    from llamora.search.recent import Recent, Remembered

search = Blueprint("search", __name__, url_prefix="/search")

MOST_TYPED = 2_000
"""Characters that are taken in; the engine says that it looks for fewer."""
RECENT = 8
"""Searches that are offered again under an empty field."""
RECENT_WHILE_TYPING = 3
MOST_HELD = 50
BY = {"anyone": "", "me": "me", "companion": "companion"}


@search.get("")
async def home() -> Response:
    return await _home()


@search.post("")
async def results() -> Response:
    form = await request.form
    asked = _asked(form)
    if is_partial():
        template = "search/_more.html" if asked.offset else "search/_found.html"
        found = await _find(asked) if asked.typed else None
        return await page(template, found=found, arrives=True)
    if not asked.typed and not asked.error:
        return see(url_for("search.home"))
    remembered = not asked.error and await _remember(asked.typed)
    id = await _id_of(asked.typed) if remembered and asked == Asked(asked.typed) else None
    return see(url_for("search.again", id=id or _held(asked)))


@search.post("/other-words")
async def other_words() -> Response:
    """The results with other words beside what was typed. The model is asked, for it was pressed
    for; when it does not answer, the results stay and a sentence says why."""
    asked = _asked(await request.form)
    query = parse(asked.typed, journal().today(), read_dates=asked.read_dates)
    if not _has_model():
        abort(404)
    if not query.has_free_words:
        abort(400)
    asked = replace(asked, offset=0, others=())
    try:
        asked = replace(asked, others=await opened().companion.other_words(query.words))
    except Failed as e:
        asked = replace(asked, unsaid=e.sentence)
    if not is_partial():
        return see(url_for("search.again", id=_held(asked)))
    template = "search/_other_words.html" if asked.unsaid else "search/_said_otherwise.html"
    return await page(template, found=await _find(asked), arrives=True)


@search.get("/queries/<id:id>")
async def again(id: bytes) -> Response:
    """The results of a search that was sent, or is remembered.

    A browser keeps what a page was asked for with, in the files it restores its windows from; so
    no page answers a form with a query in it, but one that is only named does.
    """
    asked = opened().held.get(id) or Asked((await _remembered(id)).text)
    found = await _find(asked)
    if asked.error:  # beside what was typed
        found = replace(found, since=asked.since, until=asked.until)
    status = 422 if asked.error else 200
    return await page("search/search.html", status, found=found, error=asked.error)


@search.post("/completions")
async def complete() -> Response:
    form = await request.form
    typed = _typed(form)
    the = await opened().search()
    completions = await the.complete(typed) if typed.strip() else []
    limit = RECENT_WHILE_TYPING if typed.strip() else RECENT
    completing, recent = offers(typed, completions, _offered(the.recent), limit)
    return await page("search/_offers.html", completing=completing, recent=recent)


@search.post("/queries")
async def remember() -> Response:
    await _remember(_typed(await request.form))
    return answer("", 204) if is_partial() else see(url_for("search.home"))


@search.delete("/queries/<id:id>")
async def forget(id: bytes) -> Response:
    await _remembered(id)
    await (await opened().search()).recent.forget(id)
    return answer("") if is_partial() else see(url_for("search.home"))


@search.delete("/queries")
async def forget_all() -> Response:
    await (await opened().search()).recent.forget_all()
    return see(url_for("search.home"))


@dataclass(frozen=True)
class Asked:
    """What a form asks for, with `others` beside it, or `unsaid`: why there are none. `error` says
    what is the matter with the days it gives, which are then kept as they were typed."""

    typed: str
    offset: int = 0
    read_dates: bool = True
    error: str = ""
    since: str = ""
    until: str = ""
    others: tuple[str, ...] = ()
    unsaid: str = ""


def _asked(form: Form) -> Asked:
    """The query of a form, rewritten as the page's controls say."""
    typed, today = _typed(form), journal().today()
    read_dates = field(form, "dates") != "off"
    query = parse(typed, today, read_dates=read_dates)
    since, until, error = query.since, query.until, ""
    if "year" in form:
        year = number(form, "year")
        if not FIRST_DAY.year <= year <= LAST_DAY.year:
            abort(400)
        since, until = date(year, 1, 1), date(year, 12, 31)
    elif "since" in form or "until" in form:
        try:
            since, until = _day(form, "since"), _day(form, "until")
        except ValueError as e:
            error = str(e)
        if since and until and since > until:
            error = "The first day must not come after the last."
    if (since, until) != (query.since, query.until) and not error:
        typed = narrowing.between(typed, since, until, today, read_dates=read_dates)
    if "by" in form:
        who = BY.get(form["by"])
        if who is None:
            abort(400)
        if who != query.by:
            typed = narrowing.by(typed, who)
    offset = number(form, "offset") if "offset" in form else 0
    days = (field(form, "since")[:10], field(form, "until")[:10]) if error else ("", "")
    return Asked(typed.strip(), offset, read_dates, error, *days, others=_others(form))


def _others(form: Form) -> tuple[str, ...]:
    """The words beside the query that a page sends along, but the one that is taken off."""
    every = form.getlist("other")[:MOST]
    return tuple(word[:MOST_TYPED] for word in every if word != field(form, "less"))


def _typed(form: Form) -> str:
    return field(form, "query").replace("\0", "")[:MOST_TYPED]


def _day(form: Form, name: str) -> date | None:
    """The day in a field, None when it is empty.

    Raises:
        ValueError: it is none, with a sentence that says so.
    """
    text = field(form, name).strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("Please give a day, such as 2024-03-09.") from None
    if day < FIRST_DAY:
        raise ValueError("The journal begins in the year 1000.")
    return day


async def _find(asked: Asked) -> FoundView:
    the = await opened().search()
    found = await the.find(
        asked.typed,
        offset=asked.offset,
        limit=PAGE,
        read_dates=asked.read_dates,
        others=asked.others,
    )
    view = found_view(found, journal().today(), the.progress, read_dates=asked.read_dates)
    may_ask = _has_model() and found.query.has_free_words and not (view.others or view.offset)
    return replace(view, may_ask=may_ask, unsaid=asked.unsaid)


def _has_model() -> bool:
    """Whether there is a model to ask, and the diarist wants it asked."""
    return opened().settings.companion and opened().companion.model is not None


async def _home() -> Response:
    recent = _offered((await opened().search()).recent)
    remembers = opened().settings.remember_searches
    return await page(
        "search/search.html", found=None, recent=recent, remembers=remembers, error=""
    )


def _offered(recent: "Recent") -> "list[Remembered]":
    return recent.all() if opened().settings.remember_searches else []


async def _remember(typed: str) -> bool:
    """Remembers a search if the diarist wants that. What is longer than what is looked for is
    nothing to come back to."""
    typed = typed.strip()
    if not opened().settings.remember_searches or not 0 < len(typed) <= LONGEST:
        return False
    await (await opened().search()).recent.remember(typed)
    return True


def _held(asked: Asked) -> str:
    """The id of a search that is held in memory while the journal is open, the latest few."""
    held, id = opened().held, new_id()
    held[id] = asked
    while len(held) > MOST_HELD:
        del held[next(iter(held))]
    return id.hex()


async def _id_of(typed: str) -> str | None:
    """The id of a search that was just remembered."""
    for each in (await opened().search()).recent.all():
        if each.text == typed:
            return each.id.hex()
    return None


async def _remembered(id: bytes) -> "Remembered":
    for each in (await opened().search()).recent.all():
        if each.id == id:
            return each
    raise NotFound
