"""The network, closed: whatever would leave the machine is refused and recorded.

An audit hook cannot be taken off again and sees what Python's own sockets do. The Python processes
that tests start close theirs too (`closed/sitecustomize.py`), and record in a file. A name handed
to a bare `socket.connect` is looked up before the hook is asked; everything we use looks names up
first.
"""

import ipaddress
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RECORD = "CLOSED_NETWORK_RECORD"
"""The variable that names the file in which processes that tests start record what was refused."""

attempts: list[str] = []
"""What was refused and that no test expected, such as "socket.connect 192.0.2.1"."""

# Where in an event's arguments the address or the host stands.
_ADDRESS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_HOST = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}
_installed = False
_record = ""


class NetworkClosed(OSError):
    """Nothing here may leave the machine."""


def close_network(record: str = "") -> None:
    """Refuses every connection and every look-up beyond loopback from now on, and writes what it
    refused into the file `record`, if one is named."""
    global _installed, _record
    _record = record
    if not _installed:
        _installed = True
        sys.addaudithook(_refuse)


def close_in_children(record: Path) -> None:
    """Has every Python process that is started from now on close its network, and record there."""
    closed = str(Path(__file__).parent / "closed")
    paths = [closed, *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    os.environ[RECORD] = str(record)


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


def _refuse(event: str, args: tuple[object, ...]) -> None:
    if not event.startswith("socket."):
        return
    if event in _ADDRESS:
        address = args[_ADDRESS[event]]
        # A Unix socket's address is a path; a connected socket sends to None.
        if not isinstance(address, tuple) or not address or _is_loopback(address[0]):
            return
        host = address[0]
    elif event in _HOST:
        host = args[_HOST[event]]
        if _needs_no_one(host):
            return
    else:
        return
    attempts.append(f"{event} {_text(host)}")
    if _record:
        with open(_record, "a") as file:
            file.write(f"{attempts[-1]}\n")
    raise NetworkClosed(f"The network is closed: {event} {_text(host)}")


def _needs_no_one(host: object) -> bool:
    """Whether this name is known without asking beyond the machine; "" and 0.0.0.0 are for
    listening."""
    return _text(host) in ("", "localhost", "0.0.0.0", "::") or _is_loopback(host)


def _is_loopback(host: object) -> bool:
    text = _text(host)
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _text(host: object) -> str:
    if host is None:
        return ""
    return host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
