"""What the routes of passkeys share: where the browser is, its challenge, what it answers."""

import json
import re
from typing import Any

from quart import Response, request

from llamora.accounts import Site
from llamora.accounts.carriers import decoded
from llamora.accounts.challenges import Challenge
from llamora.web.forms import Form, field
from llamora.web.rooms import rooms

_ADDRESS = re.compile(r"[0-9.]+|\[.*")


def site() -> Site | None:
    """Where this browser is, by the host that the gate has checked; None at a bare address, which
    no passkey can belong to."""
    host = request.host.lower()
    name = re.sub(r":\d+$", "", host)
    if _ADDRESS.fullmatch(name):
        return None
    scheme = "https" if rooms().cookies.secure else "http"
    return Site(name, f"{scheme}://{host}")


def give(response: Response, challenge: Challenge) -> Response:
    rooms().cookies.set_challenge(response, challenge.cookie)
    return response


def given() -> str:
    """The cookie of the challenge that this browser was given last."""
    return rooms().cookies.challenge(request)


def forget(response: Response) -> Response:
    """Drops that cookie: it was answered."""
    if given():
        rooms().cookies.drop_challenge(response)
    return response


def answered(form: Form) -> tuple[str, bytes]:
    """The authenticator's answer, and what its PRF said, if it has one."""
    return field(form, "passkey"), decoded(field(form, "prf"))


def as_json(options: dict[str, Any]) -> str:
    return json.dumps(options, separators=(",", ":"))
