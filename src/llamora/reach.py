"""Whom this program may connect to. Pure: it is told addresses, and asks nobody.

One rule for every process: the endpoints that the settings name, each at its port and nowhere
else; the model that the server runs itself, on this machine; and nobody besides. Whether an
address may be an endpoint at all is `address`'s to say.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from llamora.address import as_ip

Why = Literal["answers", "search", "here", "fetching"]
"""What somebody is connected to for: the companion's answers, the vectors of search, the model that
the server runs itself, or a file that a command was told to fetch."""

ANY_PORT = 0
_PORTS = {"http": 80, "https": 443}
_LISTENING = ("", "0.0.0.0", "::", "localhost")  # noqa: S104 - names that nobody is asked for


@dataclass(frozen=True, slots=True)
class Door:
    """One address that may be connected to; its name may be looked up."""

    host: str
    port: int
    why: Why

    @classmethod
    def of(cls, url: str, why: Why) -> "Door":
        """Raises `ValueError` for what is no address."""
        parts = urlsplit(url.strip())
        return cls(_folded(parts.hostname or ""), parts.port or _PORTS.get(parts.scheme, 0), why)


@dataclass(frozen=True, slots=True)
class Reach:
    """All doors. `own` is the name that the server listens at: looked up and never connected to."""

    doors: tuple[Door, ...] = ()
    own: str = ""

    @classmethod
    def to(cls, *, answers: str, search: str, here: bool, own: str) -> "Reach":
        """What the settings name: the addresses of two endpoints, each of which may be empty, and
        whether a model is run on this machine, which has another port each time."""
        doors = [Door.of(answers, "answers")] if answers else []
        doors += [Door.of(search, "search")] if search else []
        if here:
            doors.append(Door("127.0.0.1", ANY_PORT, "here"))
        return cls(tuple(doors), own)

    def may_look_up(self, host: str) -> bool:
        """Whether a name may be looked up. An address and what only means this machine are not."""
        host = _folded(host)
        if host in _LISTENING or as_ip(host):
            return True
        return host == _folded(self.own) or self.is_door(host)

    def is_door(self, host: str) -> bool:
        return any(door.host == _folded(host) for door in self.doors)

    def may_connect(self, host: str, port: int, found: Collection[tuple[str, str]]) -> bool:
        """Whether a host may be connected to at a port; `found` are the names that were looked up,
        each with an address that it was found to stand for."""
        return any(
            door.port in (port, ANY_PORT) and _is(door.host, _folded(host), found)
            for door in self.doors
        )


def _is(door: str, host: str, found: Collection[tuple[str, str]]) -> bool:
    return host == door or _same_ip(host, door) or (door, _ip(host)) in found


def found_of(host: str, address: str) -> tuple[str, str]:
    """A pair as `Reach.may_connect` wants it: a name, and an address that it was found to be."""
    return _folded(host), _ip(address)


def _same_ip(one: str, other: str) -> bool:
    ip = as_ip(one)
    return ip is not None and ip == as_ip(other)


def _ip(host: str) -> str:
    return str(as_ip(host) or "")


def _folded(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
