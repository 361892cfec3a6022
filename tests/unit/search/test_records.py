"""What is sealed of the index opens where it was sealed, holds no text, and tells no lies."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.canary import sightings
from tests.support.indexes import any_indexed, indexed, seal, sealed_of, taken_apart
from tests.support.journals import new_account

from llamora.journal.journal import Journal
from llamora.kernel import new_id
from llamora.search import records
from llamora.search.part import Part
from llamora.search.records import PASSAGES, SEGMENT
from llamora.search.wordllama import Basis, count
from llamora.storage import Store
from llamora.vault import Unreadable, Vault

HEAD = struct.Struct("<IHf")


@pytest.fixture(scope="module")
def vault() -> Vault:
    return Vault.new(new_id())


def part_again(vault: Vault, part: Part) -> Part:
    found = records.open_segment(vault, bytes(16), 1, records.seal_part(vault, bytes(16), part))
    assert isinstance(found, Part)
    return found


def basis_again(vault: Vault, basis: Basis) -> Basis:
    found = records.open_segment(vault, bytes(16), 1, records.seal_basis(vault, bytes(16), basis))
    assert isinstance(found, Basis)
    return found


@given(seed=st.integers(0, 10_000), width=st.sampled_from([0, 1, 256, 384]))
def test_passages_are_read_as_they_were_sealed(vault: Vault, seed: int, width: int) -> None:
    one = any_indexed(seed, width)
    read = records.open_passages(vault, one.id, one.revision, seal(vault, one))
    assert sealed_of(read) == sealed_of(one)


@given(seeds=st.lists(st.integers(0, 400), max_size=5, unique=True))
def test_a_segment_is_read_as_it_was_sealed(vault: Vault, seeds: list[int]) -> None:
    part = Part.of([any_indexed(seed) for seed in seeds])
    assert taken_apart(part) == taken_apart(part_again(vault, part))


def test_a_record_does_not_tell_the_number_of_passages_to_the_sentence(vault: Vault) -> None:
    def size(passages: int) -> int:
        (one,) = indexed("The grey heron stood in the reeds. " * (15 * passages))
        assert len(one.spans) == passages
        return len(vault.open(PASSAGES, one.id, seal(vault, one), revision=1).raw)

    assert size(5) == size(8) > size(4)


def test_a_basis_is_read_as_it_was_sealed(vault: Vault) -> None:
    basis = count(["the grey heron", "a heron by the ice"], 3)
    read = basis_again(vault, basis)
    assert (read.version, read.passages) == (3, 2)
    assert read.weights.tolist() == basis.weights.tolist()
    assert read.mean is not None
    assert basis.mean is not None
    assert read.mean.tolist() == basis.mean.tolist()
    assert basis_again(vault, Basis()).weights.tolist() == Basis().weights.tolist()


# What was moved


def test_passages_open_only_in_their_own_row_at_their_own_revision(vault: Vault) -> None:
    one = replace(any_indexed(3), revision=2)
    sealed = seal(vault, one)
    for id, revision in ((bytes(16), 2), (one.id, 1), (one.id, 3), (one.id, -1)):
        with pytest.raises(Unreadable):
            records.open_passages(vault, id, revision, sealed)
    with pytest.raises(Unreadable):
        records.open_passages(Vault.new(vault.owner), one.id, 2, sealed)
    with pytest.raises(Unreadable):
        records.open_passages(vault, one.id, 2, sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_segment_opens_only_in_its_own_row(vault: Vault) -> None:
    sealed = records.seal_part(vault, b"a" * 16, Part.of([any_indexed(1)]))
    assert records.open_segment(vault, b"a" * 16, 1, sealed)
    for id, revision in ((b"b" * 16, 1), (b"a" * 16, 2)):
        with pytest.raises(Unreadable):
            records.open_segment(vault, id, revision, sealed)
    with pytest.raises(Unreadable):
        records.open_passages(vault, b"a" * 16, 1, sealed)


# What was sealed by us and is wrong all the same

Change = Callable[[dict[str, Any], bytearray], object]


def resealed(vault: Vault, change: Change) -> tuple[bytes, bytes]:
    """The id and the record of a writing of three passages, changed before it was sealed."""
    one = next(one for one in map(any_indexed, range(100)) if len(one.spans) == 3)
    one = replace(one, revision=1)
    opened = vault.open(PASSAGES, one.id, seal(vault, one), revision=1)
    header, raw = dict(opened.header), bytearray(opened.raw)
    change(header, raw)
    return one.id, vault.seal(PASSAGES, one.id, header, bytes(raw), revision=1)


def setting(**header: Any) -> Change:
    return lambda there, _: there.update(header)


def packing(offset: int, form: str, value: float) -> Change:
    return lambda _, raw: struct.pack_into(form, raw, offset, value)


@pytest.mark.parametrize(
    "change",
    [
        setting(v=2),
        setting(v=None),
        setting(passages=0),
        setting(passages=-1),
        setting(passages=1),
        setting(passages=4),
        setting(passages=2**31),
        setting(passages=2**63),
        setting(passages=10**30),
        setting(passages=None),
        setting(passages="three"),
        setting(passages=[3]),
        setting(dimensions=-1),
        setting(dimensions=7),
        setting(dimensions=2**70),
        setting(dimensions={}),
        lambda header, _: header.clear(),
        lambda _, raw: raw.clear(),
        lambda _, raw: raw.pop(),
        lambda _, raw: raw.append(0),
        packing(4, "<H", 0),
        packing(6, "<f", float("nan")),
        packing(6, "<f", float("inf")),
    ],
)
def test_passages_that_lie_are_refused(vault: Vault, change: Change) -> None:
    id, sealed = resealed(vault, change)
    with pytest.raises(Unreadable):
        records.open_passages(vault, id, 1, sealed)


def test_passages_that_were_not_changed_would_open(vault: Vault) -> None:
    id, sealed = resealed(vault, lambda header, raw: None)
    assert len(records.open_passages(vault, id, 1, sealed).spans) == 3


@given(raw=st.binary(max_size=300), passages=st.integers(-2, 9), dimensions=st.integers(-2, 9))
def test_no_bytes_lead_to_anything_but_a_refusal_or_passages(
    vault: Vault, raw: bytes, passages: int, dimensions: int
) -> None:
    header = {"v": 1, "make": "", "language": "en", "passages": passages}
    header |= {"dimensions": dimensions}
    sealed = vault.seal(PASSAGES, bytes(16), header, raw, revision=1)
    try:
        read = records.open_passages(vault, bytes(16), 1, sealed)
    except Unreadable:
        return
    assert len(read.spans) == len(read.vectors) == len(read.scales) == passages


@pytest.mark.parametrize(
    ("header", "size"),
    [
        ({}, 0),
        ({"v": 1}, 129_024),
        ({"v": 1, "kind": "other"}, 129_024),
        ({"v": 2, "kind": "basis", "version": 1, "passages": 1}, 129_024),
        ({"v": 1, "kind": "basis", "version": 1, "passages": 1}, 129_023),
        ({"v": 1, "kind": "basis", "version": None, "passages": 1}, 129_024),
        ({"v": 1, "kind": "basis", "version": 1}, 129_024),
        ({"v": 1, "kind": "basis", "version": 1, "passages": "many"}, 129_024),
    ],
)
def test_a_segment_that_is_neither_part_nor_basis_is_refused(
    vault: Vault, header: dict[str, Any], size: int
) -> None:
    sealed = vault.seal(SEGMENT, bytes(16), header, bytes(size), revision=1)
    with pytest.raises(Unreadable):
        records.open_segment(vault, bytes(16), 1, sealed)


# Rows


async def test_a_writing_has_one_row_of_the_latest_revision(ada: Journal, store: Store) -> None:
    one = replace(any_indexed(1), revision=1)
    for revision in (1, 2):
        await store.write(
            lambda tx, revision=revision: records.put_passages(tx, ada.vault, one.id, revision, one)
        )
    assert records.revisions(store, ada.vault) == {one.id: 2}
    assert records.revisions(store, new_account(store, "eve")) == {}
    row = store.row("SELECT sealed FROM passages")
    assert row
    assert sealed_of(records.open_passages(ada.vault, one.id, 2, row[0])) == sealed_of(one)
    await store.write(lambda tx: records.drop_passages(tx, ada.vault, one.id))
    assert records.revisions(store, ada.vault) == {}


async def test_a_cursor_never_goes_back(ada: Journal, store: Store) -> None:
    assert records.cursor(store, ada.vault) is None
    for seq in (3, 7, 5):
        await store.write(lambda tx, seq=seq: records.move_cursor(tx, ada.vault, seq))
    assert records.cursor(store, ada.vault) == 7


async def put(store: Store, vault: Vault, *sealed: Callable[[bytes], bytes]) -> list[bytes]:
    ids = [new_id() for _ in sealed]
    for id, make in zip(ids, sealed, strict=True):
        await store.write(lambda tx, id=id, make=make: records.put_segment(tx, vault, id, make(id)))
    return ids


async def test_bases_that_nothing_rests_on_are_dropped_and_nothing_else_is(
    ada: Journal, store: Store
) -> None:
    vault = ada.vault
    old, kept, segment, damaged = await put(
        store,
        vault,
        lambda id: records.seal_basis(vault, id, Basis(1)),
        lambda id: records.seal_basis(vault, id, Basis(2)),
        lambda id: records.seal_part(vault, id, Part.of([any_indexed(1)])),
        lambda id: records.seal_basis(vault, bytes(16), Basis(1)),
    )
    await store.write(lambda tx: records.drop_bases(tx, vault, {2}))
    left = {id for (id,) in store.rows("SELECT id FROM segments")}
    assert left == {kept, segment, damaged}
    assert await store.write(lambda tx: records.has_segments(tx, vault, [kept, segment]))
    assert not await store.write(lambda tx: records.has_segments(tx, vault, [kept, old]))
    await store.write(lambda tx: records.drop_segments(tx, vault, [segment]))
    assert not await store.write(lambda tx: records.has_segments(tx, vault, [segment]))


async def test_a_segment_that_was_folded_meanwhile_is_none(ada: Journal, store: Store) -> None:
    part = Part.of(indexed("a heron", "a weir"))
    (id,) = await put(store, ada.vault, lambda id: records.seal_part(ada.vault, id, part))
    assert records.segments(store, ada.vault) == [id]
    found = records.read_segment(store, ada.vault, id)
    assert isinstance(found, Part)
    assert taken_apart(found) == taken_apart(part)
    await store.write(lambda tx: records.drop_segments(tx, ada.vault, [id]))
    assert records.read_segment(store, ada.vault, id) is None


def test_a_basis_is_small_enough_to_be_looked_for(vault: Vault) -> None:
    assert len(records.seal_basis(vault, bytes(16), Basis(1))) < records.BASIS_BYTES


async def test_no_word_of_the_index_can_be_read_on_disk(
    ada: Journal, store: Store, data_dir: Path
) -> None:
    made = indexed("The heronword stands in the canaryword reeds, ünterwegsword.")
    await store.write(lambda tx: records.put_passages(tx, ada.vault, made[0].id, 1, made[0]))
    await put(store, ada.vault, lambda id: records.seal_part(ada.vault, id, Part.of(made)))
    wanted = ["heronword", "canaryword", "ünterwegsword", "2026-11-23"]
    assert sightings(wanted, data_dir) == []
    store.close()
    assert sightings(wanted, data_dir) == []


async def test_passages_hold_no_text_even_when_they_are_opened(ada: Journal) -> None:
    (one,) = indexed("The heronword stands in the reeds.")
    opened = ada.vault.open(PASSAGES, one.id, seal(ada.vault, one), revision=one.revision)
    assert b"heron" not in opened.raw
    assert "heron" not in str(opened.header)
