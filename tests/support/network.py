"""The network, closed: whatever of this process would leave the machine is refused and recorded.

An audit hook cannot be taken off again and sees what Python's own sockets do. It does not reach
into child processes; one that wants it calls `close_network` too. A name handed to a bare
`socket.connect` is looked up before the hook is asked; everything we use looks names up first.
"""

import ipaddress
import sys
from collections.abc import Iterator
from contextlib import contextmanager

attempts: list[str] = []
"""What was refused and that no test expected, such as "socket.connect 192.0.2.1"."""

# Where in an event's arguments the address or the host stands.
_ADDRESS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_HOST = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}
_installed = False


class NetworkClosed(OSError):
    """Nothing here may leave the machine."""


def close_network() -> None:
    """Refuses every connection and every look-up beyond loopback from now on."""
    global _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_refuse)


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
