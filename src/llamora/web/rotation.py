"""Routes of the key: replace it, and see how far that has come."""

import asyncio

from quart import Blueprint, Response, request, url_for

from llamora.accounts import AccountsError, Later
from llamora.web import recovery
from llamora.web.accounts import network
from llamora.web.forms import field
from llamora.web.hypermedia import block, is_partial, page, see
from llamora.web.rooms import journal, opened, rooms, session

rotation = Blueprint("rotation", __name__, url_prefix="/settings/key")


@rotation.get("")
async def about() -> Response:
    return await _page()


@rotation.post("")
async def begin() -> Response:
    """Replaces the key; the new recovery code is shown, and the rest goes on by itself."""
    form = await request.form
    try:
        # Whoever leaves now has a new key all the same, and must find its code waiting.
        cookie = await asyncio.shield(asyncio.ensure_future(_turn(field(form, "password"))))
    except Later:
        raise
    except AccountsError as e:
        return await _page(422, {e.field or "form": str(e)})
    response = see(url_for("accounts.code"))
    rooms().cookies.set_session(response, cookie)
    return response


@rotation.get("/progress")
async def progress() -> Response:
    if not is_partial():
        return see(url_for("rotation.about"))
    return await block("settings/key.html", "progress", progress=opened().rotation.progress())


async def _turn(password: str) -> str:
    """The cookie that the browser must hold from now on."""
    the, own = rooms(), opened()
    kept = the.sessions.keep(session())
    turned = await the.accounts.rotate(own.vault, password, kept, network())
    own.removed = turned.gone
    await recovery.keep(turned.code, journal(), session().id)
    own.rotation.carry_on()
    return kept.cookie


async def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    own = opened()
    return await page(
        "settings/key.html",
        status,
        errors=errors or {},
        progress=own.rotation.progress(),
        removed=own.removed,
        code_state=recovery.state(),
    )
