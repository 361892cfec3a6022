"""Who is asking: before every request, the session is found and its journal brought up to date."""

from urllib.parse import urlencode

from quart import (
    Quart,
    Response,
    abort,
    current_app,
    g,
    request,
    url_for,
)
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from llamora.accounts import Left, Session
from llamora.journal.errors import Gone, StoreError
from llamora.vault import Unreadable
from llamora.web.hypermedia import answer, is_partial, page, see
from llamora.web.rooms import rooms
from llamora.web.security import REFUSED

LEAVING = frozenset({"accounts.lock", "accounts.logout"})
"""These need no journal: one that cannot be read can be locked."""

UNATTENDED = "X-Unattended"
"""The header by which a script says that a timer sent this and nobody is there: it is no use of the
session, or a page left open would never lock."""


def install(app: Quart, needs_journal: frozenset[str]) -> None:
    """Sets `g.session`, `g.opened` and `g.me`; blueprints in `needs_journal` refuse strangers."""

    @app.before_request
    async def find_session() -> Response | None:
        g.session = g.opened = g.me = g.badge = None
        if request.scope.get(REFUSED):
            abort(403)
        if request.endpoint in ("static", "healthz"):
            return None
        await _resume()
        if g.session is None and request.blueprint in needs_journal:
            return await _refuse()
        return None


async def _resume() -> None:
    the = rooms()
    cookie = the.cookies.session(request)
    if not cookie:
        return
    session = the.sessions.resume(cookie, open_vault=False)
    if session is not None and not the.journals.has(session.owner, session.pulse.epoch):
        session = the.sessions.resume(cookie)
    if session is None:
        return
    try:
        g.opened = await the.journals.of(session)
    except Gone:
        return
    except (StoreError, Unreadable):
        if request.endpoint in LEAVING:
            g.session = session
            return
        raise
    g.session = session
    if request.endpoint != "accounts.left" and UNATTENDED not in request.headers:
        the.sessions.touch(session)
    g.me = Me(session, the.sessions.left(session))
    g.badge = current_app.config["COMPANION_BADGE"] if g.me.companion else None


class Me:
    """The signed-in diarist, as templates see them."""

    def __init__(self, session: Session, left: Left | None) -> None:
        settings = g.opened.settings
        self.name: str = settings.display_name
        self.theme: str = settings.theme
        self.hour12: bool = settings.clock_hours == 12
        self.spellcheck: bool = settings.spellcheck
        self.companion: bool = settings.companion
        self.left = left
        """How long it was until the journal locks, when this page was asked for."""


async def _refuse() -> Response:
    """The door, for a request that needs an open journal and has none."""
    if request.endpoint in ("responses.stream", "openings.stream"):
        return answer("", 401)  # EventSource would follow a redirect and ask again for ever
    door = url_for("accounts.login")
    if request.method in ("GET", "HEAD"):
        here = request.path if not is_partial() else _page_of_fragment()
        query = f"?{urlencode({'next': here})}" if here and here != "/" else ""
        if not query and rooms().settings.registration_open and not rooms().accounts.names():
            return see(url_for("accounts.register"))  # nobody has a journal here to open
        if is_partial():
            response = answer("", 401)
            response.headers["HX-Redirect"] = door + query
            return response
        return see(door + query)
    # Someone's words may be in this request; they must be able to take them along.
    form = await request.form
    text = form.get("text", "")
    if is_partial():
        sentence = "The journal is locked. Copy your words, then open it again."
        return await page("errors/_notice.html", 401, sentence=sentence)
    return await page(
        "errors/error.html",
        401,
        status=401,
        title="The journal is locked",
        sentence="Open it again to go on. What you sent was not kept.",
        kept_text=text[:200_000],
    )


def _page_of_fragment() -> str:
    """The page an HTMX request came from, as a path of ours; empty when it is none."""
    current = request.headers.get("HX-Current-URL", "")
    path = "/" + current.split("://", 1)[-1].partition("/")[2] if "://" in current else current
    path = path.partition("?")[0].partition("#")[0]
    return safe_next(path.removeprefix(request.root_path))


def safe_next(path: str | None) -> str:
    """The path if it is a page of ours that a visit can open, else nothing."""
    if not path or len(path) > 200 or not path.startswith("/"):
        return ""
    if path.startswith(("//", "/\\")) or any(ord(c) < 33 or c in "\\?#%" for c in path):
        return ""
    adapter = current_app.create_url_adapter(request)
    if adapter is None:
        return ""
    try:
        endpoint, _ = adapter.match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    rooms = ("days", "settings", "factors", "entries", "search", "traces", "rotation")
    return path if str(endpoint).split(".")[0] in rooms else ""
