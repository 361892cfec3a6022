"""Routes of settings: account, appearance, companion, keys, sessions, history, connections."""

import asyncio
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from zoneinfo import available_timezones

from quart import Blueprint, Response, abort, current_app, request, url_for

from llamora.accounts import (
    AccountsError,
    BadSetting,
    Kind,
    Later,
    Settings,
    WeakPassword,
    WrongPassword,
)
from llamora.companion.model import Model, ModelError
from llamora.companion.trial import trial
from llamora.web import connections, recovery
from llamora.web.accounts import leave, network
from llamora.web.forms import Form, field
from llamora.web.hypermedia import page, see
from llamora.web.keeping_watch import SHOWN, Watcher, how_long
from llamora.web.rooms import journal, opened, rooms, session

settings = Blueprint("settings", __name__, url_prefix="/settings")

SECTIONS = ("account", "appearance", "companion", "keys", "sessions", "history", "silence")


@dataclass(frozen=True)
class Engine:
    """Who answers, as the settings page says it: Echo, a model that the server runs itself, or one
    at an address."""

    kind: Literal["echo", "managed", "endpoint"]
    model: Model | None = None
    address: str = ""
    remote: bool = False


@settings.get("")
async def first() -> Response:
    return see(url_for("settings.section", section=SECTIONS[0]))


@settings.get("/<section>")
async def section(section: str) -> Response:
    return await _page(section)


@settings.post("/<section>")
async def change(section: str) -> Response:
    form = await request.form
    if section == "account":
        return await _change_account(form)
    if section == "keys":
        return await _change_keys(form)
    if section == "companion":
        saved = await _save(section, companion=bool(field(form, "companion")))
        if not field(form, "companion"):
            await opened().companion.fall_silent()
        return saved
    if section == "appearance":
        hour = field(form, "day_starts_at")
        return await _save(
            section,
            theme=field(form, "theme"),
            clock_hours=12 if field(form, "hour12") else 24,
            spellcheck=bool(field(form, "spellcheck")),
            on_this_day=bool(field(form, "on_this_day")),
            day_starts_at=int(hour) if hour in {str(n) for n in range(7)} else -1,
        )
    abort(404)


@settings.post("/companion/trial")
async def try_companion() -> Response:
    """Asks the model for a few words, so that one sees whether it answers."""
    model = opened().companion.model
    if model is None or not opened().settings.companion:
        abort(404)
    try:
        return await _page("companion", said=await trial(model))
    except ModelError as e:
        return await _page("companion", failed=e.sentence)


@settings.delete("/sessions/<id:id>")
async def end_session(id: bytes) -> Response:
    """Ends one of the diarist's sessions, perhaps this one."""
    if id == session().id:
        return await leave(see(url_for("accounts.login")))
    the, vault = rooms(), opened().vault
    found = next((info for info in the.sessions.list(vault) if info.id == id), None)
    if found is None:
        abort(404)
    await the.sessions.end(found, vault, Kind.SESSION_ENDED)
    return see(url_for("settings.section", section="sessions", ended=1))


@settings.delete("/sessions")
async def end_others() -> Response:
    """Ends every session of the diarist but this one."""
    await rooms().sessions.end_all(opened().vault, but=session())
    return see(url_for("settings.section", section="sessions", ended=2))


async def _change_account(form: Form) -> Response:
    what = field(form, "do")
    if what == "zone":
        return await _save("account", zone=field(form, "zone"), zone_known=True)
    if what == "searches":
        remember = bool(field(form, "remember_searches"))
        saved = await _save("account", remember_searches=remember)
        if not remember:
            await (await opened().search()).recent.forget_all()
        return saved
    abort(400)


async def _change_keys(form: Form) -> Response:
    the, own = rooms(), opened()
    what, password = field(form, "do"), field(form, "password")
    try:
        if what == "password":
            kept = the.sessions.keep(session())
            await the.accounts.change_password(
                own.vault, password, field(form, "new_password"), kept, network()
            )
            response = await _page("keys", done="Your password was changed.", changed="password")
            the.cookies.set_session(response, kept.cookie)
            return response
        if what == "code":
            await asyncio.shield(asyncio.ensure_future(_new_code(password)))
            return see(url_for("accounts.code"))
        if what == "rehearse":
            await the.accounts.rehearse(own.vault, password, field(form, "code"), network())
            return await _page("keys", done="The code works. It stays the same.")
    except Later:
        raise
    except AccountsError as e:
        return await _page("keys", 422, errors={_field(what, e): str(e)})
    abort(400)


async def _new_code(password: str) -> None:
    """Shielded: whoever leaves now has a new code all the same, and must find it waiting."""
    code = await rooms().accounts.new_code(opened().vault, password, network())
    await recovery.keep(code, journal(), session().id)


def _field(what: str, error: AccountsError) -> str:
    """Which field of the page an error stands beside."""
    if what == "code":
        return "code"
    if what == "rehearse":
        return "rehearsed_password" if isinstance(error, WrongPassword) else "rehearsed_code"
    return "new_password" if isinstance(error, WeakPassword) else "password"


async def _save(section: str, **values: object) -> Response:
    try:
        changed = replace(opened().settings, **values)  # pyright: ignore[reportArgumentType]
    except BadSetting as e:
        return await _page(section, 422, errors={e.field: str(e)})
    await rooms().accounts.save_settings(opened().vault, changed)
    return see(url_for("settings.section", section=section, saved=1))


def _engine() -> Engine:
    return current_app.config["COMPANION_ENGINE"]


async def _page(
    section: str,
    status: int = 200,
    done: str = "",
    errors: dict[str, str] | None = None,
    **more: str,
) -> Response:
    if section not in SECTIONS:
        abort(404)
    own: Settings = opened().settings
    return await page(
        f"settings/{section}.html",
        status,
        done=done or _done(),
        errors=errors or {},
        settings=own,
        zones=_zones(),
        zone=own.zone,
        theme=own.theme,
        hour12=own.clock_hours == 12,
        spellcheck=own.spellcheck,
        on_this_day=own.on_this_day,
        day_starts_at=own.day_starts_at,
        **await _of_section(section, own),
        **more,
    )


def _done() -> str:
    """What a form that led here did."""
    if request.args.get("saved"):
        return "Saved."
    return {"1": "That session was ended.", "2": "All other sessions were ended."}.get(
        request.args.get("ended", ""), ""
    )


async def _of_section(section: str, own: Settings) -> dict[str, object]:
    """What one section shows besides the settings."""
    the, vault = rooms(), opened().vault
    watcher = Watcher(own, the.clock.now())
    if section == "companion":
        return await _who_answers(own)
    if section == "keys":
        at = the.accounts.rehearsed(vault)
        rehearsed = watcher.moment(at) if at else None
        name, code_state = the.accounts.name(vault), recovery.state()
        return {"rehearsed": rehearsed, "name": name, "code_state": code_state}
    if section == "sessions":
        seats = [watcher.seat(info, session().id) for info in the.sessions.list(vault)]
        seats.sort(key=lambda seat: not seat.is_this)
        idle, absolute = the.sessions.idle_ttl, the.sessions.absolute_ttl
        return {"seats": seats, "idle": how_long(idle), "absolute": how_long(absolute)}
    if section == "history":
        found = the.accounts.happened(vault, SHOWN)
        events = [watcher.event(event) for event in found.events]
        return {"events": events, "older": found.older, "damaged": found.damaged}
    if section == "silence":
        return dict(connections.shown(own))
    return {}


async def _who_answers(own: Settings) -> dict[str, object]:
    """What the page says of the engine. A model is asked how it is only where the companion is on:
    a request to it, even one without a word of the diary, is for those who want answers."""
    engine = _engine()
    asked = engine.model if own.companion else None
    return {
        "engine": engine,
        "health": await asked.health() if asked else None,
        "name": engine.model.name if engine.model else "",
    }


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    """The zones of the world; not the hundreds of names kept only for old files."""
    regions = (
        "Africa/", "America/", "Antarctica/", "Arctic/", "Asia/", "Atlantic/", "Australia/",
        "Europe/", "Indian/", "Pacific/",
    )  # fmt: skip
    return ["UTC", *sorted(z for z in available_timezones() if z.startswith(regions))]
