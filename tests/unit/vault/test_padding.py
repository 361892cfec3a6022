"""A record's length tells its class and nothing more (vault-format §5)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamora.vault import Place, Purpose, Unreadable, Vault
from llamora.vault.padding import CLASSES, LARGEST, is_class, pad, padded_size, unpad

WRITING = Place("writings", "sealed", Purpose.CONTENT, ("day", "revision"))


def test_there_are_seventeen_classes_up_to_64_kib_and_one_small_one():
    assert CLASSES[0] == 128
    assert len([size for size in CLASSES if 128 < size <= 64 * 1024]) == 17
    assert CLASSES[-1] == LARGEST == 48 * 1024 * 1024
    assert list(CLASSES) == sorted(set(CLASSES))


def test_each_class_is_at_most_half_again_as_large_as_the_one_before():
    for smaller, larger in pairwise(CLASSES[1:]):
        assert larger <= smaller * 3 // 2


def test_lengths_on_either_side_of_a_class_fall_into_neighbouring_classes():
    for size, after in pairwise(CLASSES[1:]):
        assert padded_size(size - 1) == size
        assert padded_size(size) == after
    assert padded_size(LARGEST - 1) == LARGEST
    with pytest.raises(ValueError, match="48 MiB"):
        padded_size(LARGEST)


def test_only_short_kinds_use_the_smallest_class():
    assert [padded_size(n, small=True) for n in (0, 127, 128)] == [128, 128, 256]
    assert [padded_size(n) for n in (0, 127, 128)] == [256, 256, 256]
    assert is_class(128)
    assert not is_class(0)
    assert not is_class(64 << 20)


@given(st.binary(max_size=2000), st.booleans())
def test_padding_comes_off_as_it_went_on(plaintext: bytes, small: bool):
    padded = pad(plaintext, small=small)
    assert is_class(len(padded))
    assert unpad(bytearray(padded)) == plaintext


@given(st.integers(0, LARGEST - 1), st.booleans())
def test_a_class_holds_its_plaintext_and_the_one_before_would_not(length: int, small: bool):
    size = padded_size(length, small=small)
    assert length < size
    smaller = [c for c in CLASSES[0 if small else 1 :] if c < size]
    assert not smaller or length >= smaller[-1]


@pytest.mark.parametrize("padded", [b"", b"\0", bytes(256), b"a", b"\x80a", b"a" + bytes(9)])
def test_what_was_not_padded_is_unreadable(padded: bytes):
    with pytest.raises(Unreadable):
        unpad(bytearray(padded))


def test_an_entry_and_a_response_in_the_same_class_cannot_be_told_apart():
    vault = Vault.new(bytes(16))
    row = {"day": bytes(16), "revision": 1}
    sizes = {
        len(vault.seal(WRITING, bytes(16), {"v": 1, "kind": kind}, b"a" * length, **row))
        for kind in ("entry", "response", "opening", "summary")
        for length in (0, 1, 60, 100, 180)
    }
    assert sizes == {256 + 46}


def test_without_padding_they_could_be():
    """The control: their plaintexts do differ in length."""
    assert len({len(b"a" * length) for length in (0, 1, 60, 100, 180)}) == 5


def test_a_whole_entry_of_64000_bytes_falls_into_the_last_class_below_64_kib():
    vault = Vault.new(bytes(16))
    row = {"day": bytes(16), "revision": 1}
    header = {"v": 1, "kind": "entry", "date": "2026-11-22", "digest": "0" * 64}
    assert len(vault.seal(WRITING, bytes(16), header, bytes(64_000), **row)) == 65536 + 46


def test_a_record_that_is_too_long_is_refused_when_it_is_sealed():
    vault = Vault.new(bytes(16))
    with pytest.raises(ValueError, match="48 MiB"):
        vault.seal(WRITING, bytes(16), {}, bytes(LARGEST), day=bytes(16), revision=1)


def test_nothing_but_zeros_stands_behind_the_end():
    for last in range(1, 256):
        if last != 0x80:
            with pytest.raises(Unreadable):
                unpad(bytearray((0x61, 0x80, 0, last, 0)))
