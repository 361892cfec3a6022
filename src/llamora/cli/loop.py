"""uvloop, told apart in one thing: it asks before it leaves the process.

uvloop connects and looks names up in machine code, of which no audit hook hears. So it says here
what Python's own sockets would have said; a hook that minds refuses by an exception.
"""

import socket
import sys
from typing import Any

import uvloop

from llamora import silence
from llamora.address import as_ip


class Loop(uvloop.Loop):
    """The event loop of a server process."""

    async def getaddrinfo(self, host: Any, port: Any, **more: Any) -> Any:
        sys.audit("socket.getaddrinfo", host, port, *more.values())
        found = await super().getaddrinfo(host, port, **more)
        silence.process.learn(host.decode() if isinstance(host, bytes) else host or "", found)
        return found

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **more: Any
    ) -> Any:
        """With a name, as with an address: each of those that it stands for is tried in turn."""
        if host is None:  # a socket that is connected already
            return await super().create_connection(protocol_factory, host, port, **more)
        failure: OSError = OSError("The name stands for no address.")
        if more.get("ssl") and not more.get("server_hostname"):
            more["server_hostname"] = host
        for address in await self._addresses(host, port):
            sys.audit("socket.connect", self, address)
            try:
                return await super().create_connection(protocol_factory, *address[:2], **more)
            except OSError as e:
                failure = e
        raise failure

    async def create_datagram_endpoint(self, *_: Any, **__: Any) -> Any:
        """None: nothing here has a use for datagrams, and they would be sent unseen."""
        raise silence.Silent("A server process sends no datagrams.")

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> Any:
        sys.audit("socket.getnameinfo", sockaddr)
        return await super().getnameinfo(sockaddr, flags)

    async def _addresses(self, host: Any, port: Any) -> list[tuple[Any, ...]]:
        if isinstance(host, str) and as_ip(host):
            return [(host, port)]
        found = await self.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [each[4] for each in found]
