"""The network, closed: whatever would leave the machine is refused and recorded.

It is closed by the watch that the program keeps itself (`llamora.silence`), with a rule of its own:
this machine, and nobody else. The Python processes that tests start close theirs too
(`closed/sitecustomize.py`), and record in a file. A name handed to a bare `socket.connect` is
looked up before the hook is asked; everything we use looks names up first.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from llamora.address import is_loopback
from llamora.reach import Reach
from llamora.silence import Silence, Silent

CLOSED = str(Path(__file__).parent / "closed")
RECORD = "CLOSED_NETWORK_RECORD"
"""The variable that names the file in which processes that tests start record what was refused."""

attempts: list[str] = []
"""What was refused and that no test expected, such as "socket.connect 192.0.2.1"."""


class NetworkClosed(Silent):
    """Nothing here may leave the machine."""


class _ThisMachine(Reach):
    """Every loopback address at every port, and no other."""

    def may_look_up(self, host: str) -> bool:
        return super().may_look_up(host) or is_loopback(host)

    def may_connect(self, host: str, port: int, found: Collection[tuple[str, str]]) -> bool:
        return is_loopback(host)


class _Closed(Silence):
    """The program's own watch, which also tells the tests what it refused."""

    def judge(self, event: str, args: tuple[Any, ...]) -> None:
        try:
            super().judge(event, args)
        except Silent:
            what = args[1] if event in CONNECTING else args[0]
            host = what[0] if isinstance(what, tuple) else what
            _refused(f"{event} {host.decode() if isinstance(host, bytes) else host}")


CONNECTING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_closed = _Closed()
_record = ""


def close_network(record: str = "") -> None:
    """Refuses every connection and every look-up beyond loopback from now on, and writes what it
    refused into the file `record`, if one is named."""
    global _record
    _record = record
    if not _closed.begun:
        _closed.begin(_ThisMachine)


def close_in_children(record: Path) -> None:
    """Has every Python process that is started from now on close its network, and record there."""
    paths = [CLOSED, *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ[RECORD] = str(record)


def left_open() -> dict[str, str]:
    """An environment for a process that is to be held by the program's own watch alone."""
    paths = os.environ["PYTHONPATH"].split(os.pathsep)
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(p for p in paths if p != CLOSED)}


@contextmanager
def expected_attempts() -> Iterator[list[str]]:
    """What is refused within the block; not held against the test."""
    before = len(attempts)
    found: list[str] = []
    try:
        yield found
    finally:
        found += attempts[before:]
        del attempts[before:]


def _refused(what: str) -> None:
    attempts.append(what)
    if _record:
        with open(_record, "a") as file:
            file.write(f"{what}\n")
    raise NetworkClosed(f"The network is closed: {what}") from None
