"""Routes of accounts: begin a journal, open it, lock it, recover it."""

import asyncio
import secrets
from datetime import timedelta

from quart import Blueprint, Response, g, request, url_for

from llamora.accounts import (
    AccountsError,
    Later,
    Opened,
    Settings,
    WrongCredentials,
    device_named,
    strength,
)
from llamora.journal import markdown
from llamora.journal.journal import Journal
from llamora.journal.writing import moment, stamp
from llamora.kernel import zone as zone_of
from llamora.vault import Locked, RecoveryCode, Vault
from llamora.web.forms import Form, field
from llamora.web.hypermedia import block, compile_all, page, see
from llamora.web.rooms import journal, rooms
from llamora.web.session import safe_next
from llamora.web.unlocked import OpenJournal

accounts = Blueprint("accounts", __name__)

CODE = "code:recovery"
"""Where a recovery code waits, sealed, until one group of it was typed back."""
CODE_WAITS = timedelta(hours=1)


@accounts.get("/register")
async def register() -> Response:
    return await _register_page(200, {}, "")


@accounts.post("/register")
async def begin() -> Response:
    form = await request.form
    name, password = field(form, "name"), field(form, "password")
    try:
        made = await rooms().accounts.register(
            name, password, _first_settings(form), field(form, "token").strip() or None
        )
    except Later:
        raise
    except AccountsError as e:
        return await _register_page(422, {e.field or "form": str(e)}, name, password)
    return await _begin_with_code(made)


@accounts.post("/register/strength", endpoint="strength")
async def measure() -> Response:
    form = await request.form
    found = await asyncio.to_thread(strength, field(form, "password")[:1100], field(form, "name"))
    return await block("accounts/register.html", "strength", strength=found)


@accounts.get("/recovery-code")
async def code() -> Response:
    waiting = _waiting_code()
    if waiting is None:
        return see(url_for("days.home") if g.session else url_for("accounts.login"))
    return await _code_page(waiting, 1 + secrets.randbelow(len(waiting.groups)))


@accounts.post("/recovery-code")
async def confirm_code() -> Response:
    waiting = _waiting_code()
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
    await journal().drop_draft(CODE)
    return see(safe_next(field(form, "next")) or url_for("days.home"))


@accounts.get("/login")
async def login() -> Response:
    if g.session:
        return see(url_for("days.home"))
    next = safe_next(request.args.get("next"))
    return await _login_page(200, "", rooms().cookies.who(request), next)


@accounts.post("/login")
async def open_journal() -> Response:
    the, form = rooms(), await request.form
    name, next = field(form, "name"), safe_next(field(form, "next"))
    try:
        # Argon2 takes its half second in C: what the first page needs is loaded meanwhile.
        vault, _ = await asyncio.gather(
            the.accounts.sign_in(name, field(form, "password"), _network()),
            asyncio.to_thread(_prepare),
        )
    except WrongCredentials as e:
        return await _login_page(401, str(e), name, next)
    response = see(next or url_for("days.home"))
    await _enter(vault, response)
    return response


@accounts.get("/recover")
async def recover() -> Response:
    return await page("accounts/recover.html", name="", errors={})


@accounts.post("/recover")
async def redeem() -> Response:
    form = await request.form
    name = field(form, "name")
    try:
        made = await rooms().accounts.recover(
            name, field(form, "code"), field(form, "password"), _network()
        )
    except Later:
        raise
    except AccountsError as e:
        errors = {e.field or "form": str(e)}
        return await page("accounts/recover.html", 422, name=name, errors=errors)
    return await _begin_with_code(made)


@accounts.post("/lock")
async def lock() -> Response:
    """Ends the session; this browser remembers whose door it is."""
    name = g.me.name if g.me else ""
    response = await _leave(see(url_for("accounts.login")))
    if name:
        rooms().cookies.set_who(response, name)
    return response


@accounts.post("/logout")
async def logout() -> Response:
    """Ends the session and has the browser forget everything it kept of this address."""
    response = await _leave(see(url_for("accounts.login")))
    rooms().cookies.drop_who(response)
    response.headers["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


async def keep_code(code: RecoveryCode, own: Journal) -> None:
    """Lets a new code wait, sealed, until it has been shown and one group typed back."""
    await own.keep_draft(CODE, str(code), {"at": stamp(own.now())})


def _prepare() -> None:
    markdown.render("*once*")
    compile_all()


async def _begin_with_code(made: Opened) -> Response:
    response = see(url_for("accounts.code"))
    entered = await _enter(made.vault, response)
    await keep_code(made.code, entered.journal)
    return response


async def _enter(vault: Vault, response: Response) -> OpenJournal:
    """Begins a session under a new id, puts its cookie on the response and opens the journal, so
    that the first page has nothing left to wait for."""
    the = rooms()
    if g.session:
        await the.sessions.end(g.session)
    device = device_named(request.headers.get("User-Agent", ""))
    cookie = await the.sessions.begin(vault, device)
    if the.journals.has(vault.owner):
        vault.wipe()  # the open journal has keys of its own
    the.cookies.set_session(response, cookie)
    the.cookies.drop_who(response)
    session = the.sessions.resume(cookie)
    if session is None:  # ended elsewhere in this very moment
        raise Locked
    return await the.journals.of(session)


async def _leave(response: Response) -> Response:
    the = rooms()
    if g.session:
        await the.sessions.end(g.session)
        await the.journals.sweep()
    the.cookies.drop_session(response)
    return response


def _waiting_code() -> RecoveryCode | None:
    if not g.session:
        return None
    found = journal().draft(CODE)
    if not found or journal().now() - moment(found[1]["at"]) > CODE_WAITS:
        return None
    return RecoveryCode.read(found[0])


def _first_settings(form: Form) -> Settings:
    """A new diarist's settings: the browser says in which zone they live."""
    zone = field(form, "zone")
    try:
        zone_of(zone)
    except ValueError:
        zone = "UTC"
    return Settings(zone=zone if 0 < len(zone) <= 64 else "UTC")


def _network() -> str:
    """The client's network, for the throttle: a /24 or /48 shares its attempts."""
    address = request.remote_addr or ""
    if ":" in address:
        return ":".join(address.split(":")[:3])
    return ".".join(address.split(".")[:3])


async def _register_page(
    status: int, errors: dict[str, str], name: str, password: str = ""
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
    measured = await asyncio.to_thread(strength, password[:1100], name) if password else None
    return await page(
        "accounts/register.html",
        status,
        name=name,
        error=errors,
        strength=measured,
        token_needed=the.accounts.needs_token,
    )


async def _login_page(status: int, error: str, name: str, next: str) -> Response:
    the = rooms()
    return await page(
        "accounts/login.html",
        status,
        name=name,
        error=error,
        next=next,
        locked=status == 200 and bool(name),
        registration_open=the.settings.registration_open,
    )


async def _code_page(
    waiting: RecoveryCode, ask: int, error: str = "", status: int = 200
) -> Response:
    return await page(
        "accounts/code.html", status, code=str(waiting), ask=ask, error=error, next=""
    )
