"""Routes of settings: account, companion, appearance."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal
from zoneinfo import available_timezones

from quart import Blueprint, Response, abort, current_app, request, url_for

from llamora.accounts import AccountsError, BadSetting, Later, Settings, WeakPassword
from llamora.companion.model import Model, ModelError
from llamora.companion.trial import trial
from llamora.web import recovery
from llamora.web.accounts import network
from llamora.web.forms import Form, field
from llamora.web.hypermedia import page, see
from llamora.web.rooms import journal, opened, rooms, session

settings = Blueprint("settings", __name__, url_prefix="/settings")

SECTIONS = ("account", "companion", "appearance")


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
    if section == "companion":
        return await _save(section, companion=bool(field(form, "companion")))
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


async def _change_account(form: Form) -> Response:
    the, own = rooms(), opened()
    what = field(form, "do")
    if what == "zone":
        return await _save("account", zone=field(form, "zone"), zone_known=True)
    if what == "searches":
        remember = bool(field(form, "remember_searches"))
        saved = await _save("account", remember_searches=remember)
        if not remember:
            await (await own.search()).recent.forget_all()
        return saved
    try:
        if what == "password":
            kept = the.sessions.keep(session())
            await the.accounts.change_password(
                own.vault, field(form, "password"), field(form, "new_password"), kept, network()
            )
            response = await _page("account", done="Your password was changed.")
            the.cookies.set_session(response, kept.cookie)
            return response
        if what == "code":
            code = await the.accounts.new_code(own.vault, field(form, "password"), network())
            await recovery.keep(code, journal(), session().id)
            return see(url_for("accounts.code"))
    except Later:
        raise
    except AccountsError as e:
        return await _page("account", 422, errors={_field(what, e): str(e)})
    abort(400)


def _field(what: str, error: AccountsError) -> str:
    """Which field of the page an error stands beside."""
    if what == "code":
        return "code"
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
        done=done or ("Saved." if request.args.get("saved") else ""),
        errors=errors or {},
        settings=own,
        zones=_zones(),
        zone=own.zone,
        theme=own.theme,
        hour12=own.clock_hours == 12,
        spellcheck=own.spellcheck,
        on_this_day=own.on_this_day,
        day_starts_at=own.day_starts_at,
        **(await _who_answers(own) if section == "companion" else {}),
        **more,
    )


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
