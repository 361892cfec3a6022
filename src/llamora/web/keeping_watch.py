"""What the settings show of sessions and of what happened to the account, ready for templates."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from llamora.accounts import Event, Kind, SessionInfo, Settings
from llamora.kernel import zone as zone_of
from llamora.web.wording import _, ago, clock, day_number

SHOWN = 100

_SENTENCES = {
    Kind.SIGNED_IN: "Signed in",
    Kind.WRONG_PASSWORD: "A wrong password was tried at the door",
    Kind.WRONG_CODE: "A wrong recovery code was tried",
    Kind.WRONG_CONFIRMATION: "A wrong password was given in an open journal",
    Kind.WRONG_FACTOR: "After the right password, a wrong second factor",
    Kind.LOCKED: "Locked",
    Kind.SESSION_ENDED: "A session was ended from another one",
    Kind.OTHERS_ENDED: "All other sessions were ended",
    Kind.PASSWORD_CHANGED: "The password was changed",
    Kind.CODE_MADE: "A new recovery code was made",
    Kind.CODE_REHEARSED: "The recovery code was rehearsed",
    Kind.RECOVERED: "Opened with the recovery code, and a new password set",
    Kind.KEY_ROTATED: "The key was replaced",
    Kind.FACTOR_ADDED: "A second factor was added",
    Kind.FACTOR_REMOVED: "A second factor was taken away",
    Kind.EXPORTED: "The journal was exported",
    Kind.IMPORTED: "Entries were imported",
}


@dataclass(frozen=True)
class Moment:
    """A moment on the diarist's own calendar, as a date and as how long ago it was."""

    stamp: str
    said: str
    ago: str


@dataclass(frozen=True)
class SeatView:
    id: str
    device: str
    started: Moment
    seen: Moment | None
    ends: Moment
    is_this: bool


@dataclass(frozen=True)
class EventView:
    at: Moment
    sentence: str
    is_refusal: bool


class Watcher:
    """Makes views for one diarist, at one moment."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self._zone = zone_of(settings.zone)
        self._hours = settings.clock_hours
        self._now = now

    def seat(self, info: SessionInfo, this: bytes) -> SeatView:
        return SeatView(
            info.id.hex(),
            _(info.device) if info.device else _("A browser"),
            self.moment(info.created),
            self.moment(info.last_seen) if info.last_seen else None,
            self.moment(info.expires),
            info.id == this,
        )

    def event(self, event: Event) -> EventView:
        sentence = _(_SENTENCES[event.kind])
        if event.times > 1:
            sentence = _("%s, %d times") % (sentence, event.times)
        refusals = (
            Kind.WRONG_PASSWORD,
            Kind.WRONG_CODE,
            Kind.WRONG_CONFIRMATION,
            Kind.WRONG_FACTOR,
        )
        return EventView(self.moment(event.at), sentence, event.kind in refusals)

    def moment(self, at: datetime) -> Moment:
        here, today = at.astimezone(self._zone), self._now.astimezone(self._zone).date()
        said = f"{day_number(here.date(), today)}, {clock(here, self._hours)}"
        return Moment(here.isoformat(timespec="seconds"), said, self._ago(at, here.date(), today))

    def _ago(self, at: datetime, day: date, today: date) -> str:
        minutes = (self._now - at) // timedelta(minutes=1)
        if 0 <= minutes < 1:
            return _("just now")
        if 0 < minutes < 60:
            return _("a minute ago") if minutes == 1 else _("%d minutes ago") % minutes
        return ago(day, today)


def how_long(time: timedelta) -> str:
    """ "an hour", "24 hours", "90 minutes", "45 seconds"."""
    seconds = int(time.total_seconds())
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return _("an hour") if hours == 1 else _("%d hours") % hours
    if seconds >= 60:
        minutes = seconds // 60
        return _("a minute") if minutes == 1 else _("%d minutes") % minutes
    return _("%d seconds") % seconds
