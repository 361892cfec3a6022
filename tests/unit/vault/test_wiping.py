"""What holds a key for a moment is zeroed after that moment, also when something fails in it."""

import mmap
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from llamora.vault import (
    Locked,
    RuntimeKey,
    Unreadable,
    Vault,
    cookie_key,
    keypage,
    new_secret,
    record,
    session_id,
    session_keys,
    sodium,
)
from llamora.vault import vault as vaults
from llamora.vault.cookie_key import CookieKey
from llamora.vault.keypage import KeyPage
from llamora.vault.keys import KdfPolicy, Wrap

OWNER, ID = b"o" * 16, b"i" * 16
CHEAP = KdfPolicy(8, 1)


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[KeyPage]]:
    """Every page that is made."""
    made: list[KeyPage] = []

    def make() -> KeyPage:
        made.append(KeyPage())
        return made[-1]

    for module in (cookie_key, session_keys, vaults):
        monkeypatch.setattr(module, "KeyPage", make)
    yield made
    for page in made:
        page.wipe()


def test_a_wrap_leaves_no_page_but_the_vaults(pages: list[KeyPage]):
    vault = Vault.new(OWNER)
    wrap = vault.wrap(ID, "password", b"secret", CHEAP)
    again = Vault.from_wrap(wrap, b"secret")
    assert [page.wiped for page in pages] == [False, True, True, False]
    with pytest.raises(Unreadable):
        Vault.from_wrap(wrap, b"another")
    assert [page.wiped for page in pages[4:]] == [True, True]
    again.wipe()
    assert [page.wiped for page in pages] == [False, True, True, True, True, True]


def test_a_wrap_of_another_epoch_than_its_row_says_leaves_none(
    pages: list[KeyPage], monkeypatch: pytest.MonkeyPatch
):
    wrap = Vault.new(OWNER).wrap(ID, "password", b"secret", CHEAP)
    later, made = replace(wrap, epoch=2), len(pages)
    # Its record opens all the same, as one of a server would that seals such rows.
    seen = wrap.visible()
    monkeypatch.setattr(Wrap, "visible", lambda _: seen)
    with pytest.raises(Unreadable):
        Vault.from_wrap(later, b"secret")
    assert [page.wiped for page in pages[made:]] == [True, True]


def test_following_the_chain_twice_leaves_no_second_key(pages: list[KeyPage]):
    vault = Vault.new(OWNER)
    vault.turn_to(vault.next())
    made = len(pages)
    vault.follow_chain(vault.link())
    assert [page.wiped for page in pages[made:]] == [True]


def test_a_session_a_cookie_and_a_challenge_leave_none(pages: list[KeyPage]):
    runtime, cookies, secret = RuntimeKey(), CookieKey(b"s" * 32), new_secret()
    vault = Vault.new(OWNER)
    lasting = len(pages)
    row = session_id(secret)
    kept = runtime.seal(secret, vault, row, 100, {"v": 1})
    cookie = cookies.seal(vault, ID, 100, {"v": 1})
    runtime.challenge(secret, b"door")
    assert [page.wiped for page in pages[lasting:]] == [True, True, True]
    opened = [runtime.open(secret, OWNER, row, 100, kept), cookies.open(OWNER, ID, 100, cookie)]
    for found, _ in opened:
        found.wipe()
    for wrong in (
        lambda: runtime.open(new_secret(), OWNER, row, 100, kept),
        lambda: runtime.open(b"", OWNER, row, 100, kept),
        lambda: cookies.open(OWNER, ID, 101, cookie),
        lambda: cookies.open(b"", ID, 100, cookie),
    ):
        with pytest.raises(Unreadable):
            wrong()
    assert [page.wiped for page in pages[lasting:]] == [True] * (len(pages) - lasting)
    assert len(pages) >= lasting + 9


def test_the_plaintext_of_a_key_is_zeroed(monkeypatch: pytest.MonkeyPatch):
    seen: list[bytearray] = []
    seal, decrypt, unpad = record._sealed, sodium.decrypt, record.unpad

    def sealing(*args: object) -> bytes:
        seen.append(next(each for each in args if isinstance(each, bytearray)))
        return seal(*args)  # pyright: ignore[reportArgumentType]

    def opening(*args: object) -> bytearray:
        seen.append(decrypt(*args))  # pyright: ignore[reportArgumentType]
        return seen[-1]

    def unpadding(padded: bytearray) -> bytearray:
        seen.append(unpad(padded))
        return seen[-1]

    monkeypatch.setattr(record, "_sealed", sealing)
    monkeypatch.setattr(sodium, "decrypt", opening)
    monkeypatch.setattr(record, "unpad", unpadding)
    wrap = Vault.new(OWNER).wrap(ID, "password", b"secret", CHEAP)
    Vault.from_wrap(wrap, b"secret").wipe()
    sealed, padded, plain = seen
    assert len(sealed) == len(padded) >= 128
    assert len(plain) > sodium.KEY_BYTES
    assert not any(any(each) for each in seen)


def test_slots_lie_side_by_side_until_the_page_is_full():
    page, size = KeyPage(), sodium.KEY_BYTES
    slots = [page.slot() for _ in range(mmap.PAGESIZE // size)]
    for n, slot in enumerate(slots):
        sodium.ffi.buffer(slot, size)[:] = n.to_bytes(size)
    assert [int.from_bytes(sodium.ffi.buffer(slot, size)[:]) for slot in slots] == [
        *range(len(slots))
    ]
    with pytest.raises(MemoryError):
        page.slot()
    page.wipe()
    assert not any(any(sodium.ffi.buffer(slot, size)[:]) for slot in slots)
    with pytest.raises(Locked):
        page.slot()


def test_a_page_says_whether_it_is_locked(monkeypatch: pytest.MonkeyPatch):
    for answer in (0, -1):
        monkeypatch.setattr(keypage._libc, "mlock", lambda *_, answer=answer: answer)
        assert KeyPage().locked is (answer == 0)


def test_a_page_that_is_forgotten_is_wiped(monkeypatch: pytest.MonkeyPatch):
    wiped: list[int] = []
    monkeypatch.setattr(keypage, "wipe", lambda _, size: wiped.append(size))
    page = KeyPage()
    del page
    assert wiped == [mmap.PAGESIZE]


def test_a_forked_child_leaves_the_page_to_its_parent():
    page = KeyPage()
    slot = page.slot()
    sodium.random_into(slot, sodium.KEY_BYTES)
    keypage._wipe_at_last(os.getppid(), page._base)
    assert any(sodium.ffi.buffer(slot, sodium.KEY_BYTES)[:])
    keypage._wipe_at_last(os.getpid(), page._base)
    assert not any(sodium.ffi.buffer(slot, sodium.KEY_BYTES)[:])


@pytest.mark.parametrize(("platform", "advice"), [("linux", [16, 10]), ("darwin", [])])
def test_a_page_is_kept_out_of_dumps_and_children_where_the_numbers_mean_that(
    platform: str, advice: list[int], monkeypatch: pytest.MonkeyPatch
):
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(
        keypage._libc, "madvise", lambda _, size, number: given.append((number.value, size.value))
    )
    KeyPage()
    assert given == [(number, mmap.PAGESIZE) for number in advice]
