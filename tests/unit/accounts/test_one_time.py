"""One-time codes by themselves: how they are made, shown and read."""

import re

import pytest
import segno
from pyotp.totp import TOTP

from llamora.accounts import MistypedAnswer, one_time

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_new_secret_has_160_bits_and_is_nobody_elses():
    made = {one_time.new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch("[A-Z2-7]{32}", secret) for secret in made)


def test_an_app_is_told_whose_code_it_is_and_where_it_is_asked_for():
    address = one_time.address(SECRET, "Ada")
    assert address.startswith("otpauth://totp/Llamora:Ada?")
    assert f"secret={SECRET}" in address
    assert "issuer=Llamora" in address


@pytest.mark.parametrize("text", ["1", "otpauth://totp/Llamora:Ada?secret=" + 20 * SECRET])
def test_a_picture_is_one_that_every_app_reads_with_a_margin_of_two_squares(text: str):
    # Not of the micro kind, and of level M, so that it can be read though a part is smudged.
    side, _ = segno.make(text, error="m", micro=False).symbol_size(border=0)
    drawn = one_time.picture(text)
    assert f'viewBox="0 0 {side + 4} {side + 4}"' in drawn
    assert 'class="qr"' in drawn
    assert "width=" not in drawn, "the page gives it its size"


def test_a_secret_is_typed_in_groups_of_four():
    assert one_time.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"


def test_a_code_is_of_the_step_that_it_is_shown_in_and_of_none_that_was_used():
    code = TOTP(SECRET).generate_otp(100)
    for now in (2970, 3000, 3029.9, 3059):
        assert one_time.step_of(SECRET, code, now, ()) == 100
    for now in (2969, 3060):
        assert one_time.step_of(SECRET, code, now, ()) is None
    assert one_time.step_of(SECRET, code, 3000, (99, 101)) == 100
    assert one_time.step_of(SECRET, code, 3000, (100,)) is None
    assert one_time.step_of(SECRET, TOTP(SECRET).generate_otp(0), 0, ()) == 0, "the first of all"


def test_backup_codes_are_ten_of_ten_symbols_each_another():
    codes = [code for _ in range(40) for code in one_time.new_backup_codes()]
    assert len(one_time.new_backup_codes()) == 10
    assert len(set(codes)) == 400
    assert all(len(code) == 10 for code in codes)
    assert set("".join(codes)) == set(ALPHABET)
    assert one_time.shown("0123456789") == "01234-56789"
    assert all(one_time.read(one_time.shown(code)) == code for code in codes)


def test_a_backup_code_is_found_by_a_hash_under_its_own_key():
    kept = [one_time.hashed(code, b"k" * 32) for code in ("0" * 10, "1" * 10)]
    assert one_time.place_of("1" * 10, b"k" * 32, kept) == 1
    assert one_time.place_of("0" * 10, b"k" * 32, kept) == 0
    assert one_time.place_of("2" * 10, b"k" * 32, kept) is None
    assert one_time.place_of("0" * 10, b"l" * 32, kept) is None
    assert re.fullmatch("[0-9a-f]{64}", kept[0])


def test_a_code_is_read_whatever_dashes_and_spaces_stand_in_it():
    for between in (" ", "\t\n", "-", "‐", "‑", "‒", "–", "—", "\u00a0", " - "):
        assert one_time.read(f"123{between}456") == "123456"
    assert one_time.read("oilab-cdefg") == "011ABCDEFG"
    assert one_time.read("1" * 6 + " " * 94) == "111111"
    for other in ("1" * 6 + " " * 95, "123x456", "12345", "1234567", "ABCDEFGHJ", "ABCDEFGHJKM"):
        with pytest.raises(MistypedAnswer):
            one_time.read(other)
    for strange in ("U", "*", "É"):
        with pytest.raises(MistypedAnswer):
            one_time.read("ABCDEFGHJ" + strange)
