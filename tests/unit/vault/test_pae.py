"""No two lists of parts are encoded alike (vault-format §4)."""

import random
import struct

import pytest

from llamora.vault.pae import le64, pae

Parts = tuple[bytes, ...]


def parse(encoded: bytes) -> Parts:
    """The parts, read back: that this is possible at all is why no two lists are alike."""
    (count,), at = struct.unpack_from("<Q", encoded), 8
    parts: list[bytes] = []
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", encoded, at)
        parts.append(encoded[at + 8 : at + 8 + length])
        at += 8 + length
    assert at == len(encoded)
    return tuple(parts)


def some_parts(chance: random.Random) -> Parts:
    def part() -> bytes:
        match chance.randrange(4):
            case 0:
                return b""
            case 1:
                return le64(chance.randrange(4))
            case 2:
                return chance.choice((b"a", b"b", b"ab", b"|", b"\0" * 8))
            case _:
                return chance.randbytes(chance.randrange(20))

    return tuple(part() for _ in range(chance.randrange(5)))


def rearranged(chance: random.Random, parts: Parts) -> Parts:
    """A list that is easily mistaken for another: bytes moved over a border, borders moved."""
    if not parts:
        return (b"",)
    at = chance.randrange(len(parts))
    part = parts[at]
    cut = chance.randrange(len(part) + 1)
    before, after = parts[:at], parts[at + 1 :]
    choices: list[Parts] = [
        (*before, part[:cut], part[cut:], *after),
        (*before, *after),
        (*before, part, b"", *after),
        (*before, le64(len(part)) + part, *after),
        (pae(*parts),),
        (le64(len(parts)), *parts),
        parts[::-1],
    ]
    if after:
        choices.append((*before, part + after[0], *after[1:]))
        choices.append((*before, part[:cut], part[cut:] + after[0], *after[1:]))
    return chance.choice(choices)


def pairs(count: int) -> list[tuple[Parts, Parts]]:
    chance, found = random.Random(4), list[tuple[Parts, Parts]]()
    while len(found) < count:
        parts = some_parts(chance)
        other = rearranged(chance, parts) if chance.random() < 0.8 else some_parts(chance)
        if parts != other:
            found.append((parts, other))
    return found


def test_a_hundred_thousand_pairs_of_lists_are_encoded_differently():
    for parts, other in pairs(100_000):
        encoded = pae(*parts)
        assert encoded != pae(*other)
        assert parse(encoded) == parts


def test_joining_with_a_separator_would_confuse_some_of_them():
    """The control: the obvious encoding lets parts trade bytes with their neighbours."""
    assert any(b"|".join(parts) == b"|".join(other) for parts, other in pairs(20_000))
    assert any(b"".join(parts) == b"".join(other) for parts, other in pairs(2_000))


def test_numbers_take_eight_bytes_and_no_others_fit():
    assert le64(1) == b"\1" + bytes(7)
    assert le64(2**64 - 1) == b"\xff" * 8
    for number in (-1, 2**64):
        with pytest.raises(ValueError, match="between 0 and"):
            le64(number)
