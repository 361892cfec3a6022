"""Routes of the second step of signing in, and of signing in with a passkey alone."""

from quart import Blueprint, Response, g, request, url_for

from llamora.accounts import (
    Entered,
    MistypedAnswer,
    PasskeyRefused,
    WrongAnswer,
)
from llamora.journal.errors import Gone, Stale
from llamora.web import ceremony, half_open
from llamora.web.accounts import admit, learn_zone, login_page, network
from llamora.web.forms import Form, field
from llamora.web.hypermedia import page, see
from llamora.web.rooms import rooms
from llamora.web.session import safe_next

second_step = Blueprint("second_step", __name__)

TOO_LATE = "That took too long. Please begin again with your password."


@second_step.get("/login/factor")
async def ask() -> Response:
    next = safe_next(request.args.get("next"))
    with half_open.waiting() as found:
        if found is None:
            return see(url_for("days.home" if g.session else "accounts.login"))
        if not rooms().accounts.asks_for_more(found.vault):  # taken off elsewhere meanwhile
            return see(url_for("accounts.login"))
        return await _page(found, 200, "", next)


@second_step.post("/login/factor")
async def answer() -> Response:
    """A code, or what a passkey answered."""
    the, form = rooms(), await request.form
    next = safe_next(field(form, "next"))
    with half_open.waiting() as found:
        if found is None:
            return await login_page(401, TOO_LATE, the.cookies.who(request), next)
        try:
            await _answered(found, form)
        except (MistypedAnswer, WrongAnswer, PasskeyRefused) as e:
            return await _page(found, 422 if isinstance(e, MistypedAnswer) else 401, str(e), next)
        except (Stale, Gone):  # password or key were replaced in this very moment
            found.vault.wipe()
            return await login_page(401, TOO_LATE, the.cookies.who(request), next)
        return await _admitted(found, form, next)


@second_step.get("/login/passkey")
async def door() -> Response:
    if g.session:
        return see(url_for("days.home"))
    return await _door(200, "", safe_next(request.args.get("next")))


@second_step.post("/login/passkey")
async def enter() -> Response:
    """Opens the journal with a passkey alone. What its PRF says is in the body only."""
    form, here = await request.form, ceremony.site()
    next = safe_next(field(form, "next"))
    if here is None:
        return await _door(422, "", next)
    said, prf = ceremony.answered(form)
    try:
        entered = await rooms().passkeys.enter(ceremony.given(), said, prf, here, network())
    except PasskeyRefused as e:
        return await _door(401, str(e), next)
    except (Stale, Gone):
        return await _door(401, str(PasskeyRefused()), next)
    return await _admitted(entered, form, next)


async def _answered(found: Entered, form: Form) -> None:
    """Raises what says that it was none."""
    the, here = rooms(), ceremony.site()
    if "passkey" in form:
        if here is None:
            raise PasskeyRefused
        said, _ = ceremony.answered(form)
        await the.passkeys.answer(found.vault, ceremony.given(), said, here, network())
    else:
        await the.codes.answer(found.vault, field(form, "code"), network())


async def _admitted(entered: Entered, form: Form, next: str) -> Response:
    response = see(request.root_path + next if next else url_for("days.home"))
    try:
        _, journal = await admit(entered, response)
    except Stale:  # the password was replaced meanwhile
        return await login_page(401, TOO_LATE, "", next)
    await learn_zone(journal, field(form, "zone"))
    return ceremony.forget(response)


async def _door(status: int, error: str, next: str) -> Response:
    here = ceremony.site()
    if here is None:
        return await page("accounts/passkey.html", status, error=error, next=next, options="")
    challenge, options = rooms().passkeys.door(here)
    options = ceremony.as_json(options)
    response = await page("accounts/passkey.html", status, error=error, next=next, options=options)
    return ceremony.give(response, challenge)


async def _page(found: Entered, status: int, error: str, next: str) -> Response:
    """The second step; what was open for it is wiped."""
    the, here = rooms(), ceremony.site()
    codes = the.codes.enrolled(found.vault) is not None
    asking = the.passkeys.asking(found.vault, here) if here else None
    found.vault.wipe()
    response = await page(
        "accounts/factor.html",
        status,
        error=error,
        next=next,
        codes=codes,
        options=ceremony.as_json(asking[1]) if asking else "",
    )
    return ceremony.give(response, asking[0]) if asking else response
