"""Errors are pages too: every mistake of a client or the world has a status and a sentence."""

import logging
import secrets

from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from llamora.accounts import TooBusy
from llamora.accounts.errors import Later
from llamora.journal.errors import (
    Gone,
    JournalError,
    NotFound,
    NotYet,
    Stale,
    StoreBusy,
    StoreFull,
    TooLate,
)
from llamora.vault import Locked, Unreadable
from llamora.web.hypermedia import is_partial, page

log = logging.getLogger("llamora.web")

_PAGES = {
    400: ("That was not understood", "The request was incomplete. Go back and try once more."),
    401: ("The journal is locked", "Open it again to go on."),
    403: ("That came from elsewhere", "For safety, only this journal’s own pages may do that."),
    404: ("There is nothing here", "It may have been erased, or the address is not quite right."),
    405: ("That cannot be done here", "This page does not take that kind of request."),
    411: ("That was not understood", "The request did not say how long it is."),
    413: ("That is too much at once", "What was sent is larger than this page takes."),
    415: ("That was not understood", "The request was not a form."),
    429: ("A little slower, please", "There were too many requests; try again in a moment."),
    500: ("Something went wrong", "Nothing you kept is lost. The log says where to look: %s."),
    503: ("The server is busy", "Try again in a moment."),
    507: ("The disk is full", "Nothing could be kept. Free some space and try again."),
}


def install(app: Quart) -> None:
    """Gives every error its page."""

    @app.errorhandler(HTTPException)
    async def http(error: HTTPException) -> Response:
        response = await say(error.code or 500)
        if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Later)
    async def later(error: Later) -> Response:
        busy = isinstance(error, TooBusy)
        title = "The server is busy" if busy else "Too many attempts"
        response = await say(503 if busy else 429, title, str(error))
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(NotFound)
    async def not_found(error: NotFound) -> Response:
        return await say(404, kept=True)  # the same bytes, whoever else may have it

    @app.errorhandler(NotYet)
    async def not_yet(error: NotYet) -> Response:
        return await say(409, "Not yet", str(error), kept=True)

    @app.errorhandler(TooLate)
    async def too_late(error: TooLate) -> Response:
        return await say(410, "It is gone", str(error))

    @app.errorhandler(JournalError)
    async def journal_error(error: JournalError) -> Response:
        return await say(422, "That could not be kept", str(error), kept=True)

    @app.errorhandler(StoreFull)
    async def full(error: StoreFull) -> Response:
        return await say(507, kept=True)

    @app.errorhandler(StoreBusy)
    async def busy(error: StoreBusy) -> Response:
        response = await say(503, kept=True)
        response.headers["Retry-After"] = "2"
        return response

    @app.errorhandler(Stale)
    @app.errorhandler(Gone)
    @app.errorhandler(Locked)
    async def locked(error: Exception) -> Response:
        return await say(401, kept=True)

    @app.errorhandler(Unreadable)
    async def unreadable(error: Unreadable) -> Response:
        return await say(
            500,
            "This page does not open",
            "The file was changed outside the journal. “llamora-server verify” says what is"
            " damaged; a backup can bring it back.",
        )

    @app.errorhandler(Exception)
    async def unexpected(error: Exception) -> Response:
        # The type and place, never the message or locals: they may hold the diarist's words.
        mark = secrets.token_hex(4)
        log.error("%s: %s at %s", mark, type(error).__name__, _place(error))
        title, sentence = _PAGES[500]
        return await say(500, title, sentence % mark)


async def say(status: int, title: str = "", sentence: str = "", *, kept: bool = False) -> Response:
    """The page of an error; for a request from inside a page, one sentence at its foot."""
    known = _PAGES.get(status, ("That did not work", "Go back and try once more."))
    title, sentence = title or known[0], sentence or known[1]
    if is_partial():
        return await page("errors/_notice.html", status, sentence=sentence)
    kept_text = await _words_sent() if kept else ""
    return await page(
        "errors/error.html",
        status,
        status=status,
        title=title,
        sentence=sentence,
        kept_text=kept_text,
    )


async def _words_sent() -> str:
    """What the refused request wanted to keep, so that it can be copied."""
    try:
        return (await request.form).get("text", "")
    except HTTPException:  # too large, or no form at all
        return ""


def _place(error: BaseException) -> str:
    trace, places = error.__traceback__, list[str]()
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places[-4:]))
