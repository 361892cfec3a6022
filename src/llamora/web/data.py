"""Routes of the settings' section on data: erasing the account."""

from dataclasses import dataclass
from datetime import datetime

from quart import Blueprint, Response, request, url_for

from llamora.accounts import AccountsError, Later
from llamora.kernel import day_of
from llamora.web.accounts import leave, network
from llamora.web.forms import field
from llamora.web.hypermedia import page, see
from llamora.web.rooms import journal, opened, rooms
from llamora.web.wording import day_number

data = Blueprint("data", __name__, url_prefix="/settings/data")
"""One of the sections by its address, so that `settings.section` leads here."""


@dataclass(frozen=True)
class BackupLine:
    """A backup as the page names it."""

    name: str
    day: str


@data.get("")
async def show() -> Response:
    return await _page()


@data.post("")
async def erase() -> Response:
    """Erases the account, and has the browser forget everything it kept of this address."""
    form, the = await request.form, rooms().accounts
    name = the.name(opened().vault)
    try:
        await the.erase(opened().vault, field(form, "name"), field(form, "password"), network())
    except Later:
        raise
    except AccountsError as e:
        return await _page(422, {e.field: str(e)})
    how = 2 if the.is_being_erased(name) else 1
    return await leave(see(url_for("accounts.login", erased=how)), forget=True)


async def _page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    the = rooms()
    return await page(
        "settings/data.html",
        status,
        errors=errors or {},
        name=the.accounts.name(opened().vault),
        backups=[BackupLine(each.name, _day(each.made)) for each in the.accounts.backups()],
    )


def _day(moment: datetime) -> str:
    return day_number(day_of(moment, opened().settings.zone), journal().today())
