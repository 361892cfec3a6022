"""The page that tells what this program may connect to, and what it tried to."""

from datetime import UTC, datetime
from typing import Any, cast

from quart import current_app

from llamora.accounts import Settings
from llamora.kernel import zone
from llamora.reach import ANY_PORT, Door
from llamora.silence import THE_REST, Attempt, Silence
from llamora.web.rooms import journal
from llamora.web.wording import _, clock, day_number, number


def shown(own: Settings) -> dict[str, Any]:
    """What the template says, in the diarist's zone and clock."""
    silence = cast(Silence, current_app.extensions["silence"])
    doors, attempts = silence.reach.doors, silence.attempts
    return {
        "watched": silence.begun,
        "one_of": silence.one_of,
        "since": _moment(silence.since, own),
        "doors": [_door(each) for each in doors],
        "attempts": [_attempt(each, own) for each in attempts],
        "refused": sum(each.times for each in attempts if not each.allowed),
        "remote": any(each.host for each in doors if each.why != "here"),
    }


def _door(door: Door) -> dict[str, str]:
    reasons = {
        "answers": _("the companion’s answers"),
        "search": _("finding by meaning"),
        "here": _("the model that this server runs"),
        "fetching": _("fetching a model"),
    }
    port = _("any port") if door.port == ANY_PORT else str(door.port)
    return {"host": door.host, "port": port, "why": reasons[door.why]}


def _attempt(attempt: Attempt, own: Settings) -> dict[str, object]:
    return {
        "what": _("others besides") if attempt.what == THE_REST else attempt.what,
        "allowed": attempt.allowed,
        "times": _("once") if attempt.times == 1 else _("%s times") % number(attempt.times),
        "last": _moment(attempt.last, own),
    }


def _moment(seconds: float, own: Settings) -> str:
    """ "22 November, 09:30"; by the machine's own clock, for that is whose record it is."""
    at = datetime.fromtimestamp(seconds, UTC).astimezone(zone(own.zone))
    return f"{day_number(at.date(), journal().today())}, {clock(at, own.clock_hours)}"
