"""What a cookie's value may be, and what the one that carries a key says."""

import pytest
from tests.unit.accounts.test_sessions import Machine, cookie, here, machine, vault

from llamora.accounts.carriers import COOKIE_ROW, SEAT, carrier, decoded, encoded
from llamora.vault import Place, Purpose, RuntimeKey
from llamora.vault.cookie_key import COOKIE, CookieKey
from llamora.vault.session_keys import HALF_OPEN, SESSION

__all__ = ["cookie", "here", "machine", "vault"]

INSTALLED = b"a secret of the installation, kept in its folder"


@pytest.mark.parametrize("length", [1, 2, 3, 4, 31, 32, 33])
def test_bytes_come_back_from_a_value_without_padding(length: int):
    value = encoded(bytes(range(250, 250 - length, -1)))
    assert "=" not in value
    assert decoded(value) == bytes(range(250, 250 - length, -1))


@pytest.mark.parametrize("nonsense", ["", "é", "a", "a b", "ab\n", "=", "🌫️", "AAA*", "A" * 4097])
def test_what_is_not_written_as_ours_are_is_no_bytes_and_no_session(nonsense: str):
    assert decoded(nonsense) == b""
    assert carrier(RuntimeKey()).find(nonsense) is None
    assert carrier(CookieKey(INSTALLED)).find(nonsense) is None


def test_the_longest_value_is_read():
    assert len(decoded("A" * 4096)) == 3072


@pytest.mark.parametrize("length", [1, 16, 31, 32])
def test_a_cookie_without_a_record_behind_its_ids_names_no_session(length: int):
    assert carrier(CookieKey(INSTALLED)).find(encoded(b"i" * length)) is None


async def test_a_cookie_that_carries_the_key_says_when_and_for_which_password_it_was_made(
    machine: Machine, cookie: str
):
    if machine.mode != "cookie":
        assert len(decoded(cookie)) == 32
        return
    raw, now = decoded(cookie), int(machine.clock.now().timestamp())
    expires = now + 24 * 3600
    opened, carried = CookieKey(INSTALLED).open(raw[:16], raw[16:32], expires, raw[32:])
    opened.wipe()
    assert carried == {"v": 1, "issued": now, "generation": 1}


def test_where_a_session_is_sealed_is_part_of_what_is_sealed_and_never_changes():
    """What was sealed under another name of its place would not open after an update."""
    assert Place("sessions", "sealed", Purpose.CONTENT, ("expires",)) == COOKIE_ROW
    assert Place("seats", "sealed", Purpose.CONTENT) == SEAT
    assert Place("sessions", "sealed", Purpose.CHAIN, ("expires",)) == SESSION
    assert Place("cookie", "half-open", Purpose.CHAIN, ("expires",)) == HALF_OPEN
    assert Place("cookie", "value", Purpose.CHAIN, ("expires",)) == COOKIE
