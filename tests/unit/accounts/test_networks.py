"""Which addresses share their attempts."""

import pytest

from llamora.accounts import network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("192.0.2.255", "192.0.2.0/24"),
        ("192.0.3.7", "192.0.3.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.0/24"),
        ("::ffff:c000:207", "192.0.2.0/24"),
        ("0:0:0:0:0:FFFF:192.0.2.7", "192.0.2.0/24"),
        ("2001:db8:a:b::1", "2001:db8:a::/48"),
        ("2001:DB8:A:ffff:1:2:3:4", "2001:db8:a::/48"),
        ("2001:0db8:000a::", "2001:db8:a::/48"),
        ("2001:db8::1", "2001:db8::/48"),
        ("2001:db8:b::1", "2001:db8:b::/48"),
        ("2001:db8:a::1%eth0", "2001:db8:a::/48"),
        ("10.1.2.3", "10.1.2.0/24"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("fe80:1:2:3::4%any text", "link-local"),
        ("febf::1", "link-local"),
        ("169.254.3.4", "link-local"),
        ("::ffff:169.254.3.4", "link-local"),
        ("127.0.0.1", "loopback"),
        ("127.9.8.7", "loopback"),
        ("::1", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("", "unknown"),
        ("<local>", "unknown"),
        ("example.org", "unknown"),
        ("192.0.2.7:443", "unknown"),
        ("[2001:db8::1]:443", "unknown"),
        ("192.0.2", "unknown"),
        ("192.0.2.007", "unknown"),
        ("192.0.2.7, 203.0.113.9", "unknown"),
        ("\ud800", "unknown"),
        ("9" * 10_000, "unknown"),
    ],
)
def test_an_address_belongs_to_one_network_however_it_is_written(address: str, network: str):
    assert network_of(address) == network
