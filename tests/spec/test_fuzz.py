"""Whatever stands where a record should: the vault opens it or says `Unreadable`, nothing else."""

import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import project
import pytest
from make_vectors import some

from llamora.vault import Unreadable, Vault, Wrap, record, sodium
from llamora.vault.keys import WRAP
from llamora.vault.padding import CLASSES

OWNER, ID, DEK = some("owner", 16), some("id", 16), some("dek", 32)
WRITING = project.PLACES["writings"]
ROW = project.a_row(WRITING, some)
WORDS = [b"{", b"}", b"[", b"]", b'"', b":", b",", b'"v"', b"1", b"null", b"NaN", b"\\u", b"\xff"]
WORDS += [b"{" * 3000, b'[{"v":' * 2000, b"\0", b"\x80", b"9" * 5000, b"1e999", b'{"v":1}']


def inputs(chance: random.Random, count: int) -> Iterator[bytes]:
    """Noise, noise with a good head, records with accidents, and sealed nonsense."""
    vault = project.vault(OWNER, {1: DEK})
    good = [
        vault.seal(WRITING, ID, {"v": 1, "n": n}, chance.randbytes(n * 40), **ROW) for n in range(8)
    ]
    key = bytes(sodium.ffi.buffer(project.subkey(vault, WRITING.purpose), 32))
    small = [size for size in CLASSES if size <= 1024]
    for n in range(count):
        match n % 5:
            case 0:
                yield chance.randbytes(chance.randrange(400))
            case 1:
                yield b"\1\1\0\0\0\1" + chance.randbytes(40 + chance.choice(small))
            case 2:
                head = struct.pack(
                    ">BBI", chance.randrange(3), chance.randrange(3), chance.randrange(3)
                )
                yield head + chance.randbytes(40 + chance.choice(small))
            case 3:
                yield accident(chance, chance.choice(good))
            case _:
                padded = nonsense(chance)
                nonce = chance.randbytes(24)
                yield project.forge(key, 1, WRITING, OWNER, ID, padded, ROW, nonce)


def accident(chance: random.Random, sealed: bytes) -> bytes:
    at = chance.randrange(len(sealed))
    size = chance.choice((1, 2, 16, 128, 256))
    return chance.choice(
        (
            sealed[:at],
            sealed[at:],
            sealed[:at] + chance.randbytes(size) + sealed[at:],
            sealed[:at] + chance.randbytes(size) + sealed[at + size :],
            sealed[:at] + sealed[at + size :],
            sealed[:at] + sealed[:at],
            sealed + bytes(size),
        )
    )


def nonsense(chance: random.Random) -> bytes:
    """A plaintext no vault wrote, sometimes nearly right."""
    text = b"".join(chance.choice(WORDS) for _ in range(chance.randrange(4)))
    length = chance.choice((len(text), chance.randrange(300), 2**32 - 1, 2**31))
    inside = struct.pack(">I", length) + text + chance.randbytes(chance.randrange(40))
    end = chance.choice((b"\x80", b"", b"\1", b"\x80\1"))
    whole = chance.choice((inside, text, b"")) + end
    return whole + bytes(next(size for size in CLASSES if size >= len(whole)) - len(whole))


def outcomes(reader: Callable[[bytes], object], tries: Iterator[bytes]) -> Counter[str]:
    """How often each thing happened."""
    found: Counter[str] = Counter()
    for sealed in tries:
        try:
            reader(sealed)
        except Exception as e:  # noqa: BLE001  whatever it is, is what is counted
            found[type(e).__name__] += 1
        else:
            found["opened"] += 1
    return found


def reader(sealed: bytes, vault: Vault = project.vault(OWNER, {1: DEK})) -> object:  # noqa: B008
    return vault.open(WRITING, ID, sealed, **ROW)


def fuzz(count: int, seed: int) -> None:
    found = outcomes(reader, inputs(random.Random(seed), count))
    assert set(found) == {"Unreadable", "opened"}
    assert found["Unreadable"] > count * 0.9
    assert found.total() == count


def test_fifty_thousand_broken_records_are_unreadable_and_nothing_worse():
    fuzz(50_000, 1)


@pytest.mark.slow
def test_a_million_broken_records_are_unreadable_and_nothing_worse():
    fuzz(1_000_000, 2)


def test_a_careless_reader_is_found_out():
    """The control: the same inputs make a reader without guards raise other things."""

    def careless(sealed: bytes) -> object:
        record._head.unpack_from(sealed)  # pyright: ignore[reportPrivateUsage]
        return sodium.decrypt(project.pointer(DEK), sealed[6:30], sealed[30:], b"")

    assert outcomes(careless, inputs(random.Random(3), 2_000))["error"] > 0


@pytest.mark.parametrize("other", [None, 0, 1.5, "", "a" * 302, [], True])
def test_what_is_not_bytes_is_unreadable_too(other: Any):
    with pytest.raises(Unreadable):
        reader(other)


def test_a_header_nested_too_deeply_is_unreadable():
    key = some("key", 32)
    deep = b'{"v":' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    inside = struct.pack(">I", len(deep)) + deep + b"\x80"
    padded = inside + bytes(next(size for size in CLASSES if size >= len(inside)) - len(inside))
    sealed = project.forge(key, 1, WRITING, OWNER, ID, padded, ROW, bytes(24))
    with pytest.raises(Unreadable):
        record.open_record(project.pointer(key), WRITING, OWNER, ID, sealed, ROW)


def test_a_record_beyond_the_largest_class_is_refused_unread():
    vault = project.vault(OWNER, {1: DEK})
    for size in (record.LONGEST + 1, 64 << 20, (64 << 20) + 46):
        with pytest.raises(Unreadable):
            vault.open(WRITING, ID, b"\1\1\0\0\0\1" + bytes(size - 6), **ROW)


# Bar 9: what stands in a `wraps` row must not make the server take memory or time.
HOSTILE = [
    {"m": 0}, {"m": 1}, {"m": 7}, {"m": 1025}, {"m": 1 << 20}, {"m": 1 << 62}, {"m": -8},
    {"m": 64.0}, {"m": "64"}, {"m": None}, {"m": b"\x40"},
    {"t": 0}, {"t": 17}, {"t": 1 << 31}, {"t": 1 << 62}, {"t": -1}, {"t": 1.0}, {"t": None},
    {"salt": b""}, {"salt": bytes(15)}, {"salt": bytes(17)}, {"salt": "a" * 16}, {"salt": None},
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=str)
def test_hostile_parameters_are_refused_before_argon2id_is_called(
    hostile: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    calls: list[tuple[int, int]] = []

    def watched(secret: bytes, salt: bytes, memory_mib: int, passes: int, out: Any) -> None:
        calls.append((memory_mib, passes))

    monkeypatch.setattr(sodium, "argon2id", watched)
    fine: dict[str, Any] = {"salt": bytes(16), "m": 64, "t": 3}
    sealed = b"\1\1\0\0\0\1" + bytes(296)
    with pytest.raises(Unreadable):
        Vault.from_wrap(Wrap(ID, OWNER, "password", 1, sealed=sealed, **(fine | hostile)), b"")
    assert calls == []
    # The control: a row within the range gets as far as Argon2id, whatever else is wrong.
    with pytest.raises(Unreadable):
        Vault.from_wrap(Wrap(ID, OWNER, "password", 1, sealed=sealed, **fine), b"")
    assert calls == [(64, 3)]


@pytest.mark.parametrize(
    "row",
    [
        {"owner": b""}, {"owner": bytes(15)}, {"owner": bytes(17)}, {"owner": "a" * 16},
        {"owner": None}, {"id": b""}, {"id": None}, {"kind": None}, {"epoch": None},
        {"epoch": -1}, {"epoch": 1 << 64}, {"sealed": b""}, {"sealed": None}, {"sealed": "text"},
    ],
    ids=str,
)  # fmt: skip
def test_a_hostile_row_of_wraps_is_unreadable(row: dict[str, Any]):
    honest = project.vault(OWNER, {1: DEK}).wrap(ID, "password", b"secret", project.CHEAP)
    with pytest.raises(Unreadable):
        Vault.from_wrap(Wrap(**(vars(honest) | row)), b"secret")


def test_wraps_of_one_account_do_not_open_as_anything_else():
    vault = project.vault(OWNER, {1: DEK})
    honest = vault.wrap(ID, "password", b"secret", project.CHEAP)
    with pytest.raises(Unreadable):
        vault.open(WRAP, ID, honest.sealed, **honest.visible())
