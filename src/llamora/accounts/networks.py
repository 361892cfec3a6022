"""Which network a client's address belongs to, for the throttle.

Whoever holds one address holds its neighbours too: a household has a whole /48 of IPv6, and a
small hoster a /24 of IPv4. So these share their attempts.
"""

import ipaddress

UNKNOWN = "unknown"
LOOPBACK = "loopback"
LINK_LOCAL = "link-local"


def network_of(address: str) -> str:
    """The network of an address as a server sees it: "192.0.2.0/24", "2001:db8::/48", or one of
    three words that stand for all addresses of their kind. What is no address is "unknown"."""
    try:
        # The zone names an interface of this machine, and can be any text.
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped  # ::ffff:192.0.2.7: IPv4, seen through a socket for both
    if found.is_loopback:
        return LOOPBACK
    if found.is_link_local:
        return LINK_LOCAL
    bits = 24 if found.version == 4 else 48
    return str(ipaddress.ip_network((found, bits), strict=False))
