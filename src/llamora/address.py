"""Where texts may be sent. Pure: it reads addresses and asks nobody.

For the rooms that have a door to the outside: the companion's model and search's embedding model
keep to the same rules. Every room may import it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

# Where clouds keep their machines' secrets, beside link-local addresses.
_METADATA = {ip_address(each) for each in ("fd00:ec2::254", "fd20:ce::254")}
# IPv4 addresses stand at the end of these (RFC 6052, RFC 8215, RFC 4291 section 2.5.5.1).
_TRANSLATED = tuple(IPv6Network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96"))


class BadAddress(Exception):
    """Texts must not or cannot be sent there. `str()` is the reason, as in "because …", and does
    not repeat the address, in which a password may stand."""


def endpoint_address(base: str, path: str, *, allow_plain_http: bool) -> SplitResult:
    """The address of the endpoint `path` under `base`.

    Raises:
        BadAddress: as its name says.
    """
    try:
        parts = urlsplit(base.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise BadAddress("it cannot be read") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress("it is not http or https")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("a name or password stands in it")
    if parts.query or parts.fragment:
        raise BadAddress("it goes on behind its path")
    if is_link_local(host):
        raise BadAddress("it is link-local")
    if parts.scheme == "http" and not is_loopback(host) and not allow_plain_http:
        raise BadAddress("plain http would be readable on the way")
    return parts._replace(path=_joined(parts.path, path))


def is_loopback(host: str) -> bool:
    ip = as_ip(host)
    return ip.is_loopback if ip else host == "localhost" or host.endswith(".localhost")


def is_link_local(host: str) -> bool:
    """Whether it is an address of the kind under which clouds keep their machines' secrets."""
    ip = as_ip(host)
    return ip is not None and any(
        each.is_link_local or each in _METADATA for each in (ip, *_within(ip))
    )


def check_found(host: str, found: Iterable[str]) -> None:
    """Looks at the addresses that a host's name was found to stand for.

    Raises:
        BadAddress: one is link-local, or the name is one of this machine's by its form and leads
            elsewhere.
    """
    addresses = list(found)
    if any(map(is_link_local, addresses)):
        raise BadAddress("its name leads to a link-local address")
    if is_loopback(host) and not all(map(is_loopback, addresses)):
        raise BadAddress("its name should lead to this machine and does not")


def _within(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that a router on the way may take this one for."""
    if isinstance(ip, IPv4Address):
        return []
    translated = [IPv4Address(ip.packed[-4:])] if any(ip in net for net in _TRANSLATED) else []
    return translated + [each for each in (ip.sixtofour, *(ip.teredo or ())) if each]


def as_ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        ip = ip_address(host.partition("%")[0].rstrip("."))
    except ValueError:
        return None
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip


def _joined(base: str, path: str) -> str:
    """A base path and the endpoint's, where the `/v1` that both may have stands once."""
    base, path = base.rstrip("/"), "/" + path.strip("/")
    if base.endswith("/v1") and path.startswith("/v1/"):
        path = path.removeprefix("/v1")
    return base + path
