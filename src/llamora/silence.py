"""Nothing leaves this process but to the doors of `reach`; what tried to is kept in mind.

An audit hook, which cannot be taken off again, is asked before every connection and every look-up
of a name by Python's own sockets, and before those of the event loop (`cli/loop.py`). What the
reach does not name is refused, as a network that is not there would refuse it, and remembered with
what was let through: host and port, how often and when. It lies in memory only, it is bounded, and
nothing that was sent or received is in it.

**Not seen:** a library in machine code that opens sockets by itself, and other programs.
"""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from llamora.address import is_loopback
from llamora.reach import Door, Reach, found_of

LONGEST = 100
"""Characters of a host and its port that are kept."""
MOST = 200
"""Different ones that are kept; the rest are counted together."""
THE_REST = "…"

# Where in an event's arguments the address or the name stands.
_ADDRESS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_NAMES = ("socket.getaddrinfo", "socket.gethostbyname")
_REVERSE = ("socket.gethostbyaddr", "socket.getnameinfo")


class Silent(ConnectionRefusedError):
    """This program may not connect there. An `OSError`, so that who asked finds it unreachable."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried: "host:port", or a host alone whose name was to be looked up. The moments are
    seconds since 1970."""

    what: str
    allowed: bool
    times: int
    first: float
    last: float


class Silence:
    """What a process may reach, and what it tried to. Used from any thread.

    `one_of` says how many processes there are of its kind, each with its own.
    """

    def __init__(self) -> None:
        self.one_of = 1
        self.since = 0.0
        self._reach: Callable[[], Reach] = Reach
        self._opened: list[Door] = []
        self._found: set[tuple[str, str]] = set()
        self._attempts: dict[tuple[str, bool], Attempt] = {}
        self._lock = threading.RLock()

    @property
    def begun(self) -> bool:
        return bool(self.since)

    @property
    def reach(self) -> Reach:
        named = self._reach()
        return replace(named, doors=(*named.doors, *self._opened))

    @property
    def attempts(self) -> Sequence[Attempt]:
        """Refused ones first, then by when they were tried last, the latest first."""
        with self._lock:
            return sorted(self._attempts.values(), key=lambda each: (each.allowed, -each.last))

    def begin(self, reach: Callable[[], Reach]) -> None:
        """Is asked from now on, as long as the process lives. `reach` is called each time somebody
        wants to go out, so it should remember its answer; what it raises lets nobody out."""
        self.know(reach)
        sys.addaudithook(self.judge)
        # A name leads to addresses that no event tells: they are learnt where they are found.
        socket.getaddrinfo = self._learning(socket.getaddrinfo)

    def know(self, reach: Callable[[], Reach]) -> None:
        """Keeps a record and a rule without being asked by the interpreter."""
        self._reach = reach
        self.since = self.since or time.time()

    @contextmanager
    def opened(self, door: Door) -> Iterator[None]:
        """A door more within the block: for the one file that a command was told to fetch."""
        with self._lock:
            self._opened.append(door)
        try:
            yield
        finally:
            with self._lock:
                self._opened.remove(door)

    def judge(self, event: str, args: tuple[Any, ...]) -> None:
        """The audit hook.

        Raises:
            Silent: the event would leave the process for where it may not.
        """
        if event in _ADDRESS:
            address = args[_ADDRESS[event]]
            # A Unix socket's address is a path; a connected socket sends to None.
            if isinstance(address, tuple) and len(address) >= 2:
                self.ask_to_connect(_text(address[0]), int(address[1]))
        elif event in _NAMES:
            self.ask_to_look_up(_text(args[0]))
        elif event in _REVERSE:
            host = args[0][0] if isinstance(args[0], tuple) else args[0]
            self.ask_to_look_up(_text(host), reverse=True)

    def ask_to_connect(self, host: str, port: int) -> None:
        """Raises `Silent` unless that may be connected to; notes it either way."""
        with self._lock:
            reach = self._reach_or_none()
            allowed = reach.may_connect(host, port, self._found)
            self._note(f"[{host}]:{port}" if ":" in host else f"{host}:{port}", allowed)
        if not allowed:
            raise Silent("This program may not connect there.")

    def ask_to_look_up(self, host: str, *, reverse: bool = False) -> None:
        """Raises `Silent` unless the name of a host may be looked up, or an address's name. Only
        refusals are noted: who looks up connects next."""
        with self._lock:
            if reverse and is_loopback(host):
                return
            if not reverse and self._reach_or_none().may_look_up(host):
                return
            self._note(host, allowed=False)
        raise Silent("This program may not look that up.")

    def learn(self, host: str, found: Sequence[Any]) -> None:
        """Takes in what a look-up of a door's name found, as `getaddrinfo` returns it."""
        with self._lock:
            if self._reach_or_none().is_door(host):  # no others are asked about
                self._found |= {found_of(host, str(each[4][0])) for each in found}

    def _reach_or_none(self) -> Reach:
        try:
            return self.reach
        except Exception:  # noqa: BLE001 - settings that cannot be read open no door
            return Reach()

    def _note(self, what: str, allowed: bool) -> None:
        what = "".join(c if c.isprintable() else "?" for c in what[:LONGEST])
        if (what, allowed) not in self._attempts and len(self._attempts) >= MOST:
            what = THE_REST
        now = time.time()
        before = self._attempts.get((what, allowed), Attempt(what, allowed, 0, now, now))
        self._attempts[what, allowed] = replace(before, times=before.times + 1, last=now)

    def _learning(self, look_up: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, *args: Any, **more: Any) -> Any:
            found = look_up(host, *args, **more)
            self.learn(_text(host), found)
            return found

        return getaddrinfo


def _text(host: object) -> str:
    if host is None:
        return ""
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)


process = Silence()
"""The one of this process: a hook is the whole interpreter's, so this is, too. `__main__` begins
it; who builds something hands it on."""
