"""What someone who has the file can read of traces: neither a name, a link, nor how many."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.support.canary import sightings
from tests.support.clock import TurnableClock
from tests.support.journals import new_account, write
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.storage.backup import backup
from llamora.traces.traces import Trace, Traces

NAMES = ("heron-canary", "reservoir", "Ünterwegs", "🌫️", "migraine")


async def _live(ada: Journal, store: Store, folder: Path) -> None:
    """Every name through everything that happens to traces."""
    traces = Traces(store, ada)
    first, other, gone = [await write(ada, text) for text in ("One.", "Two.", "Three.")]
    for name in NAMES:
        await traces.keep(first.id, name)
    for name in NAMES[:3]:
        await traces.keep(gone.id, name)
    renamed = await traces.keep(other.id, "heron-canary-misspelt")
    await traces.rename(renamed.id, "heron-canary-renamed")
    merged = await traces.keep(other.id, "heron-canary-merged")
    await traces.merge(merged.id, renamed.id)
    erased = await traces.keep(other.id, "heron-canary-erased")
    await traces.rest(erased.id, True)
    await traces.erase(erased.id)
    await ada.erase(gone.id)
    backup(store, folder / "backups")


async def test_no_name_can_be_read_on_disk(ada: Journal, store: Store, data_dir: Path) -> None:
    await _live(ada, store, data_dir)
    wanted = [*NAMES, "heron", "ünterwegs", "resting", "named", "traced"]
    assert sightings(wanted, data_dir) == []
    await store.truncate()
    assert sightings(wanted, data_dir) == []
    store.close()
    assert sightings(wanted, data_dir) == []
    (data_dir / "planted").write_bytes("…reservoir…".encode())
    assert sightings(wanted, data_dir)


def _hashes(word: str) -> Iterator[bytes]:
    """What a careless design might have stored for a name."""
    raw = word.encode()
    for name in ("md5", "sha1", "sha256", "sha512"):
        yield hashlib.new(name, raw).digest()[:16]
    for size in (16, 32, 64):
        yield hashlib.blake2b(raw, digest_size=size).digest()[:16]
    yield hashlib.blake2b(raw, digest_size=16, person=b"trace-hash".ljust(16, b"\0")).digest()


async def test_a_dictionary_with_the_names_in_it_finds_none(
    ada: Journal, store: Store, data_dir: Path, clock: TurnableClock
) -> None:
    await _live(ada, store, data_dir)
    words = {word for listed in FREQUENCY_LISTS.values() for word in listed}
    words |= {f"{word}-{word}" for word in words} | {f"{word}s" for word in words}
    assert len(words) > 200_000
    stored = {name for (name,) in store.rows("SELECT name FROM traces")}
    assert len(stored) == len(NAMES) + 1
    truth = {"heron-canary", "reservoir", "ünterwegs", "🌫️", "migraine", "heron-canary-renamed"}
    assert not [w for w in words | truth if any(hashed in stored for hashed in _hashes(w))]
    # Nor with the keys of another account: what is found there says nothing about this one.
    grace = new_account(store, "grace")
    assert not [word for word in truth if grace.trace_hash(word) in stored]
    assert {ada.vault.trace_hash(word) for word in truth} == stored


async def test_the_file_shows_no_link_and_no_count(ada: Journal, store: Store) -> None:
    """A trace on twenty entries and one on a single entry differ in nothing but random bytes."""
    traces = Traces(store, ada)
    entries = [await write(ada, f"Entry {n}.") for n in range(20)]
    kept = [await traces.keep(entry.id, "often") for entry in entries]
    often, seldom = kept[0], await traces.keep(entries[0].id, "seldom")
    assert [traces.count(trace.id) for trace in (often, seldom)] == [20, 1]
    await store.truncate()
    with closing(sqlite3.connect(store.path)) as file:
        rows = file.execute("SELECT length(id), length(name), revision, length(sealed) FROM traces")
        assert len({*rows.fetchall()}) == 1

    def places(trace: Trace) -> int:
        return store.path.read_bytes().count(trace.id)

    # The id stands in the trace's own row and in the index of names; no entry leads there.
    assert [places(trace) for trace in (often, seldom)] == [2, 2]
    place = entries[0].id
    await store.write(lambda tx: tx.execute("INSERT INTO segments VALUES (?, ?, 1, ?)",
                                            (place, ada.vault.owner, often.id)))  # fmt: skip
    await store.truncate()
    assert places(often) == 3


async def test_the_sealed_row_of_a_trace_says_nothing_of_the_length_of_its_name(
    ada: Journal, store: Store
) -> None:
    traces = Traces(store, ada)
    entry = await write(ada, "One.")
    for name in ("a", "🌫️", "x" * 40, "日記" * 10):
        await traces.keep(entry.id, name)
    assert len(store.rows("SELECT DISTINCT length(sealed) FROM traces")) == 1
