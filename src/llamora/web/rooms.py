"""What the routes reach: the rooms that `app.py` built, and this request's open journal."""

from dataclasses import dataclass
from typing import cast

from quart import current_app, g

from llamora.accounts import Accounts, Codes, HalfOpen, Passkeys, Session, Sessions
from llamora.journal.journal import Journal
from llamora.kernel import Clock
from llamora.web.cookies import CookieJar
from llamora.web.unlocked import OpenJournal, OpenJournals


@dataclass(frozen=True)
class WebSettings:
    """The few settings that pages and streams depend on."""

    streams_per_session: int
    registration_open: bool


@dataclass(frozen=True)
class Rooms:
    """Every room, built once."""

    settings: WebSettings
    clock: Clock
    accounts: Accounts
    sessions: Sessions
    journals: OpenJournals
    cookies: CookieJar
    codes: Codes
    half_open: HalfOpen
    passkeys: Passkeys


def rooms() -> Rooms:
    return cast(Rooms, current_app.extensions["rooms"])


def session() -> Session:
    """The session of a request that a route only sees when there is one."""
    return g.session


def opened() -> OpenJournal:
    return g.opened


def journal() -> Journal:
    return g.opened.journal
