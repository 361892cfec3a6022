"""What an unlocked vault does, and that a locked one does nothing."""

import gc
import mmap
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from llamora.vault import (
    KdfPolicy,
    Locked,
    Opened,
    Place,
    Purpose,
    Unreadable,
    Vault,
    normalise_password,
    record,
    sodium,
)
from llamora.vault.keypage import KeyPage
from llamora.vault.keys import WRAP
from llamora.vault.vault import CHAIN

OWNER, ID = b"o" * 16, b"i" * 16
WRITING = Place("writings", "sealed", Purpose.CONTENT, ("day", "revision"))
ROW: dict[str, Any] = {"day": b"d" * 16, "revision": 1}
CHEAP = KdfPolicy(8, 1)
DAY = date(2026, 11, 22)


def test_what_is_sealed_is_opened_again():
    vault = Vault.new(OWNER)
    sealed = vault.seal(WRITING, ID, {"v": 1, "kind": "entry"}, b"the heron", **ROW)
    assert vault.open(WRITING, ID, sealed, **ROW) == Opened(
        {"v": 1, "kind": "entry"}, b"the heron", 1
    )
    assert b"heron" not in sealed
    assert b"entry" not in sealed


def test_a_record_without_words_holds_none():
    vault = Vault.new(OWNER)
    sealed = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    assert vault.open(WRITING, ID, sealed, **ROW).raw == b""


def test_the_same_words_never_look_the_same_twice():
    vault = Vault.new(OWNER)
    assert len({vault.seal(WRITING, ID, {"v": 1}, b"again", **ROW) for _ in range(100)}) == 100


def test_another_vault_of_the_same_owner_opens_nothing():
    sealed = Vault.new(OWNER).seal(WRITING, ID, {"v": 1}, **ROW)
    with pytest.raises(Unreadable):
        Vault.new(OWNER).open(WRITING, ID, sealed, **ROW)


def test_a_refusal_says_nothing_of_its_reason():
    vault = Vault.new(OWNER)
    sealed = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    said: set[str] = set()
    for wrong in (b"", sealed[:-1], b"\2" + sealed[1:], sealed[:-1] + b"\0", bytes(302)):
        with pytest.raises(Unreadable) as refusal:
            vault.open(WRITING, ID, wrong, **ROW)
        said.add(f"{refusal.value} {refusal.value.__cause__}")
    assert said == {"This record cannot be opened. None"}


@pytest.mark.parametrize("row", [{}, {"day": b""}, ROW | {"more": 1}, {"day": b"", "revisions": 1}])
def test_naming_other_columns_than_the_place_has_is_a_mistake_of_the_caller(row: dict[str, Any]):
    vault = Vault.new(OWNER)
    sealed = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    with pytest.raises(ValueError, match=r"writings\.sealed"):
        vault.seal(WRITING, ID, {"v": 1}, **row)
    with pytest.raises(ValueError, match=r"writings\.sealed"):
        vault.open(WRITING, ID, sealed, **row)


@pytest.mark.parametrize("column", [None, 1.0, -1, 1 << 64, "\ud800"])
def test_what_no_column_can_hold_is_not_sealed(column: Any):
    with pytest.raises(ValueError):  # noqa: PT011  each says its own
        Vault.new(OWNER).seal(WRITING, ID, {"v": 1}, **(ROW | {"revision": column}))


@pytest.mark.parametrize("header", [{"v": float("nan")}, {"v": "\ud800"}])
def test_a_header_that_is_no_json_is_not_sealed(header: dict[str, Any]):
    with pytest.raises(ValueError):  # noqa: PT011
        Vault.new(OWNER).seal(WRITING, ID, header, **ROW)


@pytest.mark.parametrize("id", [b"", b"i" * 15, b"i" * 17])
def test_ids_and_owners_have_16_bytes(id: bytes):
    with pytest.raises(ValueError, match="16 bytes"):
        Vault.new(OWNER).seal(WRITING, id, {}, **ROW)
    with pytest.raises(ValueError, match="16 bytes"):
        Vault(id)


def test_a_password_opens_its_wrap_and_no_other_does():
    vault = Vault.new(OWNER)
    sealed = vault.seal(WRITING, ID, {"v": 1}, b"words", **ROW)
    wrap = vault.wrap(ID, "password", b"right", CHEAP)
    again = Vault.from_wrap(wrap, b"right")
    assert again.open(WRITING, ID, sealed, **ROW).raw == b"words"
    assert again.owner == OWNER
    assert again.day_hash(DAY) == vault.day_hash(DAY)
    with pytest.raises(Unreadable):
        Vault.from_wrap(wrap, b"wrong")


def test_two_wraps_of_one_password_share_nothing_visible():
    vault = Vault.new(OWNER)
    one, two = (vault.wrap(ID, "password", b"right", CHEAP) for _ in range(2))
    assert one.salt != two.salt
    assert one.sealed[6:] != two.sealed[6:]


def test_a_wrap_knows_whether_it_meets_a_policy():
    wrap = Vault.new(OWNER).wrap(ID, "password", b"right", KdfPolicy(9, 2))
    assert all(KdfPolicy(m, t).is_met_by(wrap) for m in (8, 9) for t in (1, 2))
    assert not KdfPolicy(10, 2).is_met_by(wrap)
    assert not KdfPolicy(9, 3).is_met_by(wrap)
    assert not KdfPolicy().is_met_by(wrap)


@pytest.mark.parametrize(("memory_mib", "passes"), [(7, 1), (1025, 3), (64, 0), (64, 17)])
def test_a_policy_that_no_wrap_could_have_is_a_mistake_at_once(memory_mib: int, passes: int):
    with pytest.raises(ValueError, match="8 to 1024 MiB and 1 to 16 passes"):
        KdfPolicy(memory_mib, passes)


def test_a_wrap_sealed_in_another_epoch_than_its_row_says_does_not_open():
    """A server that seals such a row has a fault; its vault is wiped and not handed out."""
    vault = Vault.new(OWNER)
    wrap = vault.wrap(ID, "password", b"right", CHEAP)
    vault.epoch = 2
    vault._epochs[2] = vault._epochs[1]  # pyright: ignore[reportPrivateUsage]
    page = KeyPage()
    kek = page.slot()
    sodium.argon2id(b"right", wrap.salt, wrap.m, wrap.t, kek)
    sealed = vault.seal_dek(kek, WRAP, ID, {"v": 1}, **wrap.visible())
    with pytest.raises(Unreadable):
        Vault.from_wrap(replace(wrap, sealed=sealed), b"right")


def test_the_records_that_hold_a_key_say_which_form_they_have():
    vault = Vault.new(OWNER)
    vault.turn_to(vault.next())
    wrap = vault.wrap(ID, "password", b"right", CHEAP)
    page = KeyPage()
    kek, dek = page.slot(), page.slot()
    sodium.argon2id(b"right", wrap.salt, wrap.m, wrap.t, kek)
    assert record.open_key(kek, WRAP, OWNER, ID, wrap.sealed, wrap.visible(), dek) == ({"v": 1}, 2)
    link = vault._epochs[2].subkeys[Purpose.CHAIN]  # pyright: ignore[reportPrivateUsage]
    header, _ = record.open_key(link, CHAIN, OWNER, OWNER, vault.link(), {"epoch": 2}, dek)
    assert header == {"v": 1, "older": 1}
    page.wipe()


def test_memory_that_cannot_be_had_is_said_so(monkeypatch: pytest.MonkeyPatch):
    class Poor:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: -1

    monkeypatch.setattr(sodium, "lib", Poor())
    with pytest.raises(MemoryError, match="64 MiB"):
        sodium.argon2id(b"", bytes(16), 64, 3, None)


def test_every_purpose_has_a_key_of_its_own():
    vault = Vault.new(OWNER)
    places = [Place("writings", "sealed", purpose) for purpose in Purpose]
    sealed = {place: vault.seal(place, ID, {"v": 1}) for place in places}
    for place in places:
        for other in places:
            if place is other:
                assert vault.open(place, ID, sealed[place]).header == {"v": 1}
            else:
                with pytest.raises(Unreadable):
                    vault.open(place, ID, sealed[other])


def test_hashes_differ_by_purpose_account_and_text():
    vault, other = Vault.new(OWNER), Vault.new(OWNER)
    hashes = [
        vault.day_hash(DAY),
        vault.day_hash(date(2026, 11, 23)),
        vault.place_hash("2026-11-22"),
        vault.query_hash("2026-11-22"),
        vault.trace_hash("2026-11-22"),
        other.day_hash(DAY),
    ]
    assert len(set(hashes)) == 6
    assert {len(found) for found in hashes} == {16}
    assert vault.day_hash(DAY) == hashes[0]


def test_a_day_of_the_year_1000_has_a_hash_like_any_other():
    assert len(Vault.new(OWNER).day_hash(date(1000, 1, 1))) == 16


def test_a_digest_is_of_one_writing_kind_and_text():
    vault = Vault.new(OWNER)
    digest = vault.digest(ID, "entry", b"words")
    assert vault.digest_matches(digest, 1, ID, "entry", b"words")
    for wrong in ((OWNER, "entry", b"words"), (ID, "entr", b"ywords"), (ID, "entry", b"word")):
        assert not vault.digest_matches(digest, 1, *wrong)
    assert not vault.digest_matches(digest, 2, ID, "entry", b"words")
    assert not Vault.new(OWNER).digest_matches(digest, 1, ID, "entry", b"words")


def test_the_root_changes_with_every_day_and_every_count():
    vault = Vault.new(OWNER)
    terms = {vault.root_term(id, n) for id in (OWNER, ID) for n in range(100)}
    assert len(terms) == 200
    assert all(0 <= term < 1 << 256 for term in terms)


def a_chain(vault: Vault, header: dict[str, Any]) -> bytes:
    """A link under the vault's own key; rotation will make the real ones."""
    keys = vault._epochs[vault.epoch]  # pyright: ignore[reportPrivateUsage]
    return record.seal_key(
        keys.subkeys[Purpose.CHAIN], 2, CHAIN, OWNER, OWNER, header, keys.dek, {"epoch": 2}
    )


def in_epoch_two() -> Vault:
    vault = Vault.new(OWNER)
    keys = vault._epochs.pop(1)  # pyright: ignore[reportPrivateUsage]
    vault._add(2, keys)  # pyright: ignore[reportPrivateUsage]
    return vault


def test_a_link_of_the_chain_brings_back_the_epoch_before():
    vault = in_epoch_two()
    vault.follow_chain(a_chain(vault, {"v": 1, "older": 1}))
    sealed = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    assert vault.open(WRITING, ID, sealed, **ROW).epoch == 2
    assert vault.digest_matches(vault.digest(ID, "entry", b""), 1, ID, "entry", b"")


def test_following_the_chain_again_and_again_costs_no_room():
    vault = in_epoch_two()
    good, bad = a_chain(vault, {"v": 1, "older": 1}), a_chain(vault, {"v": 1, "older": 2})
    for _ in range(200):
        vault.follow_chain(good)
        with pytest.raises(Unreadable):
            vault.follow_chain(bad)


def test_a_vault_that_turned_seals_with_the_new_key_and_reads_both():
    vault = Vault.new(OWNER)
    before = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    hashed, digest = vault.day_hash(DAY), vault.digest(ID, "entry", b"")
    later = vault.next()
    vault.turn_to(later)
    after = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    for one in (vault, later):
        assert (one.epoch, one.older) == (2, 1)
        assert one.open(WRITING, ID, before, **ROW).epoch == 1
        assert one.open(WRITING, ID, after, **ROW).epoch == 2
    assert vault.day_hashes(DAY) == (later.day_hash(DAY), hashed)
    assert vault.day_hash(DAY, 1) == hashed != vault.day_hash(DAY)
    assert vault.root_term(ID, 1, 1) != vault.root_term(ID, 1)
    assert vault.digest_matches(digest, 1, ID, "entry", b"")


def test_the_link_of_a_turned_vault_is_what_its_wraps_lack():
    vault = Vault.new(OWNER)
    before = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    vault.turn_to(vault.next())
    reopened = Vault.from_wrap(vault.wrap(ID, "password", b"secret", CHEAP), b"secret")
    with pytest.raises(Unreadable):
        reopened.open(WRITING, ID, before, **ROW)
    reopened.follow_chain(vault.link())
    assert reopened.open(WRITING, ID, before, **ROW).epoch == 1


def test_a_vault_that_turned_back_is_as_it_was():
    vault = Vault.new(OWNER)
    vault.turn_to(vault.next())
    after = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    vault.turn_back(1)
    assert (vault.epoch, vault.older) == (1, None)
    assert vault.day_hashes(DAY) == (vault.day_hash(DAY),) * 2
    with pytest.raises(Unreadable):
        vault.open(WRITING, ID, after, **ROW)


def test_an_epoch_that_is_forgotten_leaves_no_key():
    vault = Vault.new(OWNER)
    before = vault.seal(WRITING, ID, {"v": 1}, **ROW)
    left = vault._epochs[1]  # pyright: ignore[reportPrivateUsage]
    vault.turn_to(vault.next())
    vault.forget_older()
    assert bytes(sodium.ffi.buffer(left.dek, 32)) == bytes(32)
    assert vault.older is None
    for use in (
        lambda: vault.open(WRITING, ID, before, **ROW),
        lambda: vault.day_hash(DAY, 1),
        lambda: vault.root_term(ID, 1, 1),
    ):
        with pytest.raises(Unreadable):
            use()
    with pytest.raises(ValueError, match="no epoch before"):
        vault.link()


def test_turning_a_hundred_times_costs_no_room():
    vault = Vault.new(OWNER)
    for _ in range(100):
        later = vault.next()
        vault.turn_to(later)
        later.wipe()
        vault.forget_older()
    assert vault.epoch == 101


USES: dict[str, Callable[[Vault], object]] = {
    "seal": lambda vault: vault.seal(WRITING, ID, {}, **ROW),
    "open": lambda vault: vault.open(WRITING, ID, b"\1\1\0\0\0\1" + bytes(296), **ROW),
    "seal_dek": lambda vault: vault.seal_dek(None, WRITING, ID, {}, **ROW),
    "wrap": lambda vault: vault.wrap(ID, "password", b"", CHEAP),
    "follow_chain": lambda vault: vault.follow_chain(b""),
    "day_hash": lambda vault: vault.day_hash(DAY),
    "query_hash": lambda vault: vault.query_hash(""),
    "trace_hash": lambda vault: vault.trace_hash(""),
    "place_hash": lambda vault: vault.place_hash(""),
    "day_hashes": lambda vault: vault.day_hashes(DAY),
    "query_hashes": lambda vault: vault.query_hashes(""),
    "trace_hashes": lambda vault: vault.trace_hashes(""),
    "place_hashes": lambda vault: vault.place_hashes(""),
    "root_term": lambda vault: vault.root_term(ID, 1),
    "next": lambda vault: vault.next(),
    "link": lambda vault: vault.link(),
    "turn_to": lambda vault: vault.turn_to(Vault.new(OWNER)),
    "turn_back": lambda vault: vault.turn_back(1),
    "forget_older": lambda vault: vault.forget_older(),
    "digest": lambda vault: vault.digest(ID, "entry", b""),
    "digest_matches": lambda vault: vault.digest_matches(bytes(32), 1, ID, "entry", b""),
}


@pytest.mark.parametrize("use", USES)
def test_a_locked_vault_does_nothing_at_all(use: str):
    vault = Vault.new(OWNER)
    assert not vault.is_locked
    vault.wipe()
    vault.wipe()
    assert vault.is_locked
    with pytest.raises(Locked):
        USES[use](vault)


def test_there_is_no_method_that_forgets_to_look_whether_it_is_locked():
    known = {"new", "from_sealed_dek", "from_wrap", "wipe", "is_locked", "older"}
    public = {name for name in vars(Vault) if not name.startswith("_")}
    assert public == known | set(USES)


def test_a_wipe_in_another_thread_never_seals_under_zeros():
    for _ in range(20):
        vault = Vault.new(OWNER)
        made: list[bytes] = []
        keys = vault._epochs[1].subkeys[Purpose.CONTENT]  # pyright: ignore[reportPrivateUsage]
        key = sodium.ffi.new("unsigned char[]", bytes(sodium.ffi.buffer(keys, 32)))

        def work(vault: Vault = vault, made: list[bytes] = made) -> None:
            with suppress(Locked):
                while True:
                    made.append(vault.seal(WRITING, ID, {"v": 1}, **ROW))

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        while len(made) < 30:
            pass
        vault.wipe()
        for worker in workers:
            worker.join()
        for sealed in made[-5:]:
            assert record.open_record(key, WRITING, OWNER, ID, sealed, ROW).header == {"v": 1}


def test_a_key_page_is_full_after_its_last_slot_and_gives_none_when_wiped():
    page = KeyPage()
    for _ in range(mmap.PAGESIZE // 32):
        page.slot()
    with pytest.raises(MemoryError):
        page.slot()
    page.wipe()
    with pytest.raises(Locked):
        page.slot()


def test_a_slot_outlives_its_page_and_reads_zeros():
    page = KeyPage()
    slot = page.slot()
    sodium.random_into(slot, sodium.KEY_BYTES)
    assert bytes(sodium.ffi.buffer(slot, sodium.KEY_BYTES)) != bytes(sodium.KEY_BYTES)
    del page
    gc.collect()
    assert bytes(sodium.ffi.buffer(slot, sodium.KEY_BYTES)) == bytes(sodium.KEY_BYTES)


def test_a_forked_child_is_not_hurt_by_the_page_it_does_not_have():
    script = """
import os, sys
from llamora.vault import Vault
vault = Vault.new(bytes(16))
child = os.fork()
if child == 0:
    sys.exit(0)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_passwords_typed_on_different_keyboards_are_the_same():
    assert normalise_password("pa\u0308ss") == normalise_password("päss") == "päss".encode()
    assert normalise_password("a" * 1024) == b"a" * 1024
    for wrong in ("a" * 1025, "é" * 513, "\ud800"):
        with pytest.raises(ValueError, match="A password is"):
            normalise_password(wrong)


@pytest.mark.parametrize("size", [0, 23, 25])
def test_a_nonce_of_another_length_is_never_handed_to_libsodium(size: int):
    key = KeyPage().slot()
    with pytest.raises(ValueError, match="24 bytes"):
        sodium.encrypt(key, bytes(size), b"words", b"")
    sealed = sodium.encrypt(key, bytes(24), b"words", b"")
    assert sodium.decrypt(key, bytes(24), sealed, b"") == b"words"
    with pytest.raises(Unreadable):
        sodium.decrypt(key, bytes(size), sealed, b"")


def test_nothing_at_all_is_sealed_and_opened_like_anything_else():
    key = KeyPage().slot()
    sealed = sodium.encrypt(key, bytes(24), b"", b"")
    assert len(sealed) == 16
    assert sodium.decrypt(key, bytes(24), sealed, b"") == b""


@pytest.mark.parametrize("size", [0, 1, 15, 16])
def test_what_is_too_short_for_a_tag_is_unreadable(size: int):
    with pytest.raises(Unreadable):
        sodium.decrypt(KeyPage().slot(), bytes(24), bytes(size), b"")


def test_a_key_of_an_owner_that_is_none_is_unreadable():
    vault, key = Vault.new(OWNER), KeyPage().slot()
    sealed = vault.seal_dek(key, WRITING, ID, {"v": 1}, **ROW)
    assert Vault.from_sealed_dek(key, WRITING, OWNER, ID, sealed, **ROW)[0].owner == OWNER
    for owner in (b"", OWNER + b"o", None):
        with pytest.raises(Unreadable):
            Vault.from_sealed_dek(key, WRITING, owner, ID, sealed, **ROW)  # pyright: ignore[reportArgumentType]
