"""Routes of accounts: begin a journal, open it, lock it, recover it."""

import asyncio
import json
import secrets
from contextlib import suppress
from dataclasses import replace

from quart import Blueprint, Response, g, request, url_for

from llamora.accounts import (
    AccountsError,
    Entered,
    Later,
    Opened,
    Session,
    Settings,
    Strength,
    WrongCredentials,
    device_named,
    network_of,
)
from llamora.journal import markdown
from llamora.journal.errors import Stale, StoreError
from llamora.kernel import zone as zone_of
from llamora.vault import Locked, RecoveryCode, Unreadable
from llamora.web import half_open, recovery
from llamora.web.forms import Form, field
from llamora.web.hypermedia import answer, block, compile_all, page, see
from llamora.web.rooms import rooms
from llamora.web.session import safe_next
from llamora.web.unlocked import OpenJournal

accounts = Blueprint("accounts", __name__)


@accounts.get("/register")
async def register() -> Response:
    return await _register_page(200, {}, "")


@accounts.post("/register")
async def begin() -> Response:
    form = await request.form
    name, password = field(form, "name"), field(form, "password")
    try:
        made = await rooms().accounts.register(
            name,
            password,
            _first_settings(form),
            field(form, "token").strip() or None,
            network(),
            invitation=field(form, "invitation"),
        )
    except Later:
        raise
    except AccountsError as e:
        return await _register_page(
            422, {e.field or "form": str(e)}, name, password, field(form, "invitation")[:100]
        )
    return await _begin_with_code(made)


@accounts.post("/register/strength", endpoint="strength")
async def measure() -> Response:
    form = await request.form
    found = await rooms().accounts.measure(
        field(form, "password")[:1100], field(form, "name"), network()
    )
    return await block("accounts/register.html", "strength", strength=found)


@accounts.get("/recovery-code")
async def code() -> Response:
    waiting = recovery.waiting()
    if waiting is None:
        return see(url_for("days.home") if g.session else url_for("accounts.login"))
    return await _code_page(waiting, 1 + secrets.randbelow(len(waiting.groups)))


@accounts.post("/recovery-code")
async def confirm_code() -> Response:
    waiting = recovery.waiting()
    if waiting is None:
        return see(url_for("days.home") if g.session else url_for("accounts.login"))
    form = await request.form
    asked = field(form, "ask")
    groups = waiting.groups
    ask = int(asked) if asked in {str(n) for n in range(1, len(groups) + 1)} else 1
    typed = field(form, "group").strip().upper().translate(str.maketrans("OIL", "011"))
    if typed != groups[ask - 1]:
        error = "That is not the group. Please compare it with what you wrote down."
        return await _code_page(waiting, ask, error, 422)
    await recovery.take()
    return see(url_for("days.home"))


@accounts.get("/login")
async def login() -> Response:
    if g.session:
        return see(url_for("days.home"))
    next = safe_next(request.args.get("next"))
    erased = request.args.get("erased", "")
    return await login_page(200, "", rooms().cookies.who(request), next, erased=erased)


@accounts.post("/login")
async def open_journal() -> Response:
    the, form = rooms(), await request.form
    name, next = field(form, "name"), safe_next(field(form, "next"))
    try:
        # Argon2 takes its half second in C: what the first page needs is loaded meanwhile.
        entered, _ = await asyncio.gather(
            the.accounts.enter(name, field(form, "password"), network()),
            asyncio.to_thread(_prepare),
        )
    except WrongCredentials as e:
        return await login_page(401, str(e), name, next)
    if the.accounts.asks_for_more(entered.vault):
        return half_open.ask(entered, next)
    response = see(request.root_path + next if next else url_for("days.home"))
    try:
        _, journal = await admit(entered, response)
    except Stale:  # the password was replaced while this one was looked at
        return await login_page(401, str(WrongCredentials()), name, next)
    await learn_zone(journal, field(form, "zone"))
    return response


@accounts.get("/recover")
async def recover() -> Response:
    return await page("accounts/recover.html", name="", errors={})


@accounts.post("/recover")
async def redeem() -> Response:
    form = await request.form
    name = field(form, "name")

    async def opened() -> Response:
        return await _begin_with_code(
            await rooms().accounts.recover(
                name, field(form, "code"), field(form, "password"), network()
            )
        )

    try:
        # Whoever leaves now has used up the old code all the same, and must find the new one.
        return await asyncio.shield(asyncio.ensure_future(opened()))
    except Later:
        raise
    except AccountsError as e:
        errors = {e.field or "form": str(e)}
        return await page("accounts/recover.html", 422, name=name, errors=errors)


@accounts.get("/session")
async def left() -> Response:
    """How long until this session ends, in seconds. Asking is no use of it."""
    found = rooms().sessions.left(g.session) if g.session else None
    if found is None:
        return answer("", 401)
    said = {"idle": int(found.idle), "absolute": int(found.absolute)}
    return Response(json.dumps(said), 200, content_type="application/json")


@accounts.post("/session")
async def stay() -> Response:
    """Somebody is there: that is use enough."""
    return answer("", 204 if g.session else 401)


@accounts.post("/lock")
async def lock() -> Response:
    """Ends the session; this browser remembers whose door it is."""
    name = g.me.name if g.me else ""
    response = await leave(see(url_for("accounts.login")))
    if name:
        rooms().cookies.set_who(response, name)
    return response


@accounts.post("/logout")
async def logout() -> Response:
    """Ends the session and has the browser forget everything it kept of this address."""
    return await leave(see(url_for("accounts.login")), forget=True)


def _prepare() -> None:
    markdown.render("*once*")
    compile_all()


async def _begin_with_code(made: Opened) -> Response:
    response = see(url_for("accounts.code"))
    session, mine = await admit(made, response)
    await recovery.keep(made.code, mine.journal, session.id)
    return response


async def admit(entered: Entered, response: Response) -> tuple[Session, OpenJournal]:
    """Begins a session under a new id, puts its cookie on the response and opens the journal, so
    that the first page has nothing left to wait for."""
    the = rooms()
    if g.session:
        await the.sessions.end(g.session)
    device = device_named(request.headers.get("User-Agent", ""))
    try:
        cookie = await the.sessions.begin(entered, device)
    except BaseException:
        entered.vault.wipe()
        raise
    if the.journals.has(entered.vault.owner, entered.vault.epoch):
        entered.vault.wipe()  # the open journal has keys of its own
    the.cookies.set_session(response, cookie)
    the.cookies.drop_who(response)
    half_open.forget(response)
    session = the.sessions.resume(cookie)
    if session is None:  # ended elsewhere in this very moment
        raise Locked
    try:
        return session, await the.journals.of(session)
    except BaseException:
        # Nobody will ever hold this session's cookie, so nobody else could end it.
        entered.vault.wipe()
        await asyncio.shield(the.sessions.end(session))
        raise


async def leave(response: Response, *, forget: bool = False) -> Response:
    """Ends this request's session; with `forget`, the browser drops all it keeps of this address,
    the name too."""
    the = rooms()
    if g.session:
        # First, and whatever the file is like: nobody is kept from locking.
        await the.sessions.end(g.session, g.opened.vault if g.opened else None)
        with suppress(StoreError, Unreadable, Locked):
            await recovery.let_go()
        await the.journals.sweep()
    the.cookies.drop_session(response)
    half_open.forget(response)
    if forget:
        the.cookies.drop_who(response)
        response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


def _first_settings(form: Form) -> Settings:
    """A new diarist's settings: the browser says in which zone they live."""
    zone = _zone_named(field(form, "zone"))
    return Settings(zone=zone or "UTC", zone_known=bool(zone))


async def learn_zone(mine: OpenJournal, name: str) -> None:
    """The zone of an account made without a browser is that of its first one."""
    zone = _zone_named(name)
    if zone and not mine.settings.zone_known:
        known = replace(mine.settings, zone=zone, zone_known=True)
        await rooms().accounts.save_settings(mine.vault, known)


def _zone_named(name: str) -> str:
    try:
        return zone_of(name).key if 0 < len(name) <= 64 else ""
    except ValueError:
        return ""


def network() -> str:
    """The client's network, whose attempts are counted together."""
    return network_of(request.remote_addr or "")


async def _measured(password: str, name: str) -> Strength | None:
    try:
        return await rooms().accounts.measure(password[:1100], name, network())
    except Later:
        return None  # the page does without the meter


async def _register_page(
    status: int, errors: dict[str, str], name: str, password: str = "", invitation: str = ""
) -> Response:
    the = rooms()
    if not the.settings.registration_open:
        return await page(
            "errors/error.html",
            403,
            status=403,
            title="New accounts are switched off",
            sentence="Whoever runs this server can switch them on again.",
        )
    measured = await _measured(password, name) if "password" in errors else None
    return await page(
        "accounts/register.html",
        status,
        name=name,
        error=errors,
        strength=measured,
        token_needed=the.accounts.needs_token,
        invitation_needed=the.accounts.needs_invitation,
        invitation=invitation,
    )


async def login_page(
    status: int, error: str, name: str, next: str, *, erased: str = ""
) -> Response:
    the = rooms()
    return await page(
        "accounts/login.html",
        status,
        name=name,
        error=error,
        next=next,
        locked=status == 200 and bool(name),
        erased=erased,
        registration_open=the.settings.registration_open,
    )


async def _code_page(
    waiting: RecoveryCode, ask: int, error: str = "", status: int = 200
) -> Response:
    return await page(
        "accounts/code.html",
        status,
        code=str(waiting),
        ask=ask,
        error=error,
        name=rooms().accounts.name(g.opened.vault),
        address=request.host_url,
    )
