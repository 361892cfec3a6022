"""Routes of second factors: enrolling, looking after and removing them. Each change asks for the
password."""

from datetime import datetime

from markupsafe import Markup
from quart import Blueprint, Response, abort, request, url_for

from llamora.accounts import (
    AccountsError,
    BadPasskeyName,
    FactorGone,
    Later,
    PasskeyInfo,
    WrongPassword,
    device_named,
    one_time,
)
from llamora.kernel import zone as zone_of
from llamora.web import ceremony
from llamora.web.accounts import network
from llamora.web.forms import field
from llamora.web.hypermedia import page, see
from llamora.web.rooms import journal, opened, rooms, session
from llamora.web.wording import _, day_number

factors = Blueprint("factors", __name__, url_prefix="/settings/factors")


@factors.get("")
async def overview() -> Response:
    return await _page()


@factors.post("/app")
async def begin() -> Response:
    """Makes a secret for an app; it counts once a code of it was typed."""
    try:
        await rooms().codes.begin(opened().vault, session().id, await _password(), network())
    except WrongPassword as e:
        return await _page(422, "app", str(e))
    return see(url_for("factors.app"))


@factors.get("/app")
async def app() -> Response:
    secret = rooms().codes.waiting(opened().vault, session().id)
    if secret is None:
        return see(url_for("factors.overview"))
    return await _secret_page(secret)


@factors.delete("/app")
async def remove_app() -> Response:
    try:
        await rooms().codes.remove(opened().vault, await _password(), network())
    except WrongPassword as e:
        return await _page(422, "removal", str(e))
    return see(url_for("factors.overview", changed="app"))


@factors.post("/app/confirmation")
async def confirm() -> Response:
    """Shows the backup codes in its answer, and nowhere else: only hashes of them are kept."""
    typed = field(await request.form, "code")
    try:
        codes = await rooms().codes.confirm(opened().vault, session().id, typed)
    except FactorGone:
        return see(url_for("factors.overview"))
    except Later:
        raise
    except AccountsError as e:
        secret = rooms().codes.waiting(opened().vault, session().id)
        if secret is None:
            return see(url_for("factors.overview"))
        return await _secret_page(secret, 422, str(e))
    return await page("settings/backup_codes.html", codes=codes, first=True)


@factors.post("/backup-codes")
async def new_backup_codes() -> Response:
    try:
        codes = await rooms().codes.new_backup_codes(opened().vault, await _password(), network())
    except WrongPassword as e:
        return await _page(422, "backup", str(e))
    except FactorGone:
        return see(url_for("factors.overview"))
    return await page("settings/backup_codes.html", codes=codes, first=False)


@factors.post("/passkeys/challenge")
async def begin_passkey() -> Response:
    """The password was right: the browser may make a passkey."""
    here = ceremony.site()
    if here is None:
        return await _page(422, "passkey", NO_NAME)
    own, password = opened(), await _password()
    try:
        challenge, options = await rooms().passkeys.begin(
            own.vault, session().id, _shown_name(), password, here, network()
        )
    except WrongPassword as e:
        return await _page(422, "passkey", str(e))
    response = await page("settings/passkey.html", options=ceremony.as_json(options))
    return ceremony.give(response, challenge)


@factors.post("/passkeys")
async def enrol_passkey() -> Response:
    form, here = await request.form, ceremony.site()
    if here is None:
        return await _page(422, "passkey", NO_NAME)
    said, prf = ceremony.answered(form)
    name = field(form, "label") or device_named(request.headers.get("User-Agent", ""))
    try:
        made = await rooms().passkeys.enrol(
            opened().vault, session().id, ceremony.given(), name, said, prf, here
        )
    except Later:
        raise
    except AccountsError as e:
        return await _page(422, "passkey", str(e))
    done = "opens" if made.opens else "follows"
    return ceremony.forget(see(url_for("factors.overview", changed=done)))


@factors.put("/passkeys/<id:id>")
async def rename_passkey(id: bytes) -> Response:
    _must_have(id)
    label = field(await request.form, "label")
    try:
        await rooms().passkeys.rename(opened().vault, id, label, await _password(), network())
    except (WrongPassword, BadPasskeyName) as e:
        return await _page(422, f"rename-{id.hex()}", str(e))
    return see(url_for("factors.overview", changed="renamed"))


@factors.delete("/passkeys/<id:id>")
async def remove_passkey(id: bytes) -> Response:
    _must_have(id)
    try:
        await rooms().passkeys.remove(opened().vault, id, await _password(), network())
    except WrongPassword as e:
        return await _page(422, f"remove-{id.hex()}", str(e))
    except FactorGone:
        abort(404)
    return see(url_for("factors.overview", changed="removed"))


def _must_have(id: bytes) -> None:
    """A passkey that is not this account’s is 404, whoever else may have it, and asks nothing."""
    try:
        rooms().passkeys.find(opened().vault, id)
    except FactorGone:
        abort(404)


async def _password() -> str:
    return field(await request.form, "password")


async def _secret_page(secret: str, status: int = 200, error: str = "") -> Response:
    return await page(
        "settings/app.html",
        status,
        # Drawn here, of letters and digits: markup as it is.
        picture=Markup(one_time.picture(one_time.address(secret, _shown_name()))),  # noqa: S704
        secret=one_time.grouped(secret),
        error=error,
    )


def _shown_name() -> str:
    """What an app or an authenticator shows for this journal."""
    return opened().settings.display_name or "Llamora"


DONE = {
    "app": "Codes are not asked for any more.",
    "opens": "The passkey opens the journal from now on.",
    "follows": "The passkey is asked for after the password from now on.",
    "renamed": "The passkey has its new name.",
    "removed": "The passkey opens nothing any more.",
}
NO_NAME = "Passkeys belong to a name, and this page was opened at an address of digits."


async def _page(status: int = 200, beside: str = "", error: str = "") -> Response:
    """The overview; `error` stands beside the form that was sent."""
    return await page(
        "settings/factors.html",
        status,
        done=DONE.get(request.args.get("changed", ""), ""),
        errors={beside: error} if error else {},
        app=_app(),
        here=ceremony.site(),
        passkeys=[_passkey(each) for each in rooms().passkeys.list(opened().vault)],
    )


def _passkey(found: PasskeyInfo) -> dict[str, object]:
    if found.opens:
        does = _("Opens the journal, and follows the password where a second factor is asked for.")
    elif found.asked:
        does = _("Second factor only: asked for after the password.")
    else:
        does = _(
            "Second factor only: the journal’s key was replaced since. To open it with this passkey"
            " again, remove it and make a new one."
        )
    return {
        "id": found.id.hex(),
        "name": found.name,
        "host": found.host,
        "since": _day(found.made),
        "used": _day(found.used_at),
        "does": does,
    }


def _app() -> dict[str, object] | None:
    found = rooms().codes.enrolled(opened().vault)
    if found is None:
        return None
    return {
        "since": _day(found.made),
        "used": _day(found.used_at),
        "backup_left": found.backup_left,
    }


def _day(at: datetime | None) -> str:
    """The day of a moment, as the diarist says it."""
    if at is None:
        return _("never")
    day, today = at.astimezone(zone_of(opened().settings.zone)).date(), journal().today()
    return _("today") if day == today else day_number(day, today)
