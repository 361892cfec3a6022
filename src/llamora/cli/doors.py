"""The addresses a server listens on: opened once by the parent, and kept through every restart.

So a browser that comes while the server starts anew waits a moment instead of being refused.
"""

import errno
import socket

from llamora.cli.say import Failure
from llamora.settings import App, is_loopback

BACKLOG = 512
_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)


def open_doors(app: App) -> list[socket.socket]:
    """Listening sockets: for a loopback address both of its forms, because `localhost` may be
    either, and a browser must not reach another program at one of them.

    Raises:
        Failure: the address or the port cannot be had.
    """
    hosts = ("127.0.0.1", "::1") if app.host in ("127.0.0.1", "::1", "localhost") else (app.host,)
    doors: list[socket.socket] = []
    try:
        for host in hosts:
            try:
                doors.append(_open(host, app.port))
            except OSError as e:
                if host != "::1" or not doors or e.errno not in _NO_IPV6:
                    raise
    except OSError as e:
        for door in doors:
            door.close()
        raise Failure(_why(e, app)) from e
    return doors


def invitation(app: App) -> str:
    """The line that says where the journal is."""
    scheme = "https" if app.tls_cert else "http"
    port = "" if app.port == {"http": 80, "https": 443}[scheme] else f":{app.port}"
    if is_loopback(app.host):
        addresses = [f"{scheme}://{name}{port}" for name in ("localhost", "llamora.localhost")]
        return f"Llamora is open at {addresses[0]} (also {addresses[1]})"
    named = app.trusted_hosts[0]
    own_port = "" if ":" in named.rpartition("]")[2] else port
    return f"Llamora is open at {scheme}://{named}{own_port}{app.root_path}"


def _open(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    door = socket.socket(family, kind, protocol)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" is meant as every address there is.
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        door.bind(address)
        door.listen(BACKLOG)
        door.setblocking(False)
    except BaseException:
        door.close()
        raise
    return door


def _why(error: OSError, app: App) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {app.port} is in use; end the program that uses it, "
            "or choose another with APP.port (LLAMORA_APP__PORT)."
        )
    if error.errno == errno.EACCES:
        return f"Port {app.port} may not be opened by this user; choose APP.port above 1023."
    return f"APP.host {app.host} is not an address of this machine; choose another."
