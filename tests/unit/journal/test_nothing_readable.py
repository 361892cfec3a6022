"""What someone who has the file can read in it: no words, no dates, no order."""

import base64
import hashlib
import random
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.support.canary import contents, forms, sightings
from tests.support.clock import TurnableClock
from tests.support.journals import answer, change_settings, write

from llamora.journal import drafts, summaries
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.summaries import Summary
from llamora.journal.writing import Quote, Response, Source
from llamora.kernel import new_id
from llamora.storage import Store
from llamora.storage.backup import backup
from llamora.vault import Vault

TODAY = date(2026, 11, 22)
PLANTED = "heron-canary-ünterwegs"


async def _live(ada: Journal, store: Store, folder: Path) -> list[str]:
    """A word through everything a journal does; each word that was written."""
    words = [f"{PLANTED}-{n}" for n in range(17)]
    say = iter(words)
    entry = await write(ada, f"an entry with {next(say)} in it")
    await ada.revise(entry.id, 1, f"# {next(say)}\n\n" + "plain words " * 200)
    await ada.keep_draft(drafts.of_day(TODAY), f"a draft, {next(say)}", {"beside": next(say)})
    await ada.keep_draft(drafts.of_entry(entry.id), f"an edit, {next(say)}")
    await answer(ada, entry, f"an answer, {next(say)}", model=next(say))
    quote = Quote(entry.id, TODAY, next(say))
    growing = Response(
        new_id(), TODAY, 1, entry.id, "", ada.now(), "echo", quotes=(quote,), state="writing"
    )
    await ada.begin_response(growing)
    await ada.grow_response(replace(growing, text=f"growing, {next(say)}"))
    moved = await write(ada, f"moved, {next(say)}")
    await ada.move(moved.id, date(2025, 3, 1), None)
    erased = await write(ada, f"erased, {next(say)}")
    await answer(ada, erased, f"erased with it, {next(say)}")
    await ada.erase(erased.id)
    gone = await write(ada, f"erased for good, {next(say)}")
    await ada.erase(gone.id)
    await ada.sweep(everything=True)
    again = await write(ada, "an entry for the undo")
    await ada.erase(again.id)
    quote = Quote(moved.id, TODAY, next(say))
    read = ((moved.id, 2),)
    summary = Summary(read, 1, ada.now(), "model", next(say), next(say), (quote,))
    assert await ada.transact(lambda tx: summaries.put(tx, ada.vault, new_id(), summary))
    source = Source("jsonl", next(say))
    await ada.write_many([NewEntry(date(2024, 2, 29), "imported", ada.now(), "UTC", source)])
    await change_settings(store, ada.vault, zone="America/Argentina/Ushuaia")
    backup(store, folder / "backups")
    assert next(say, None) is None
    return words


NEVER = (
    PLANTED,
    "plain words",
    "2026-11-22",
    "2025-03-01",
    "2024-02-29",
    "2026-11-22T09:30:00Z",
    "America/Argentina/Ushuaia",
    "response",
    "erased",
    "entry:",
    "summary:",
    "jsonl",
    "settings",
    "echo",
)


async def test_nothing_that_was_written_can_be_read_on_disk(
    ada: Journal, store: Store, data_dir: Path
) -> None:
    words = await _live(ada, store, data_dir)
    names = {path.name for path in contents(data_dir)}
    assert {"llamora.sqlite3", "llamora.sqlite3-wal", "llamora.sqlite3-shm"} < names
    assert len(names) == 4, "the backup is looked at too"
    wanted = [*words, *NEVER]
    assert sightings(wanted, data_dir) == []
    await store.truncate()
    assert sightings(wanted, data_dir) == []
    store.close()
    assert sightings(wanted, data_dir) == []


@pytest.mark.parametrize("form", forms(PLANTED))
def test_a_planted_word_is_found_in_each_form(tmp_path: Path, form: str) -> None:
    raw = PLANTED.encode()
    as_written = {
        "utf-16-le": PLANTED.encode("utf-16-le"),
        "utf-16-be": PLANTED.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "base64+0": base64.b64encode(raw + b"?"),
        "base64+1": base64.b64encode(b"~" + raw + b"?"),
        "base64+2": base64.b64encode(b"~~" + raw),
        "urlsafe+0": base64.urlsafe_b64encode(raw),
        "urlsafe+1": base64.urlsafe_b64encode(b"~" + raw),
        "urlsafe+2": base64.urlsafe_b64encode(b"~~" + raw + b"??"),
    }.get(form, raw)
    noise = random.Random(11).randbytes(5000)
    (tmp_path / "some.file").write_bytes(noise + as_written + noise)
    assert any(form in seen for seen in sightings([PLANTED], tmp_path))
    (tmp_path / "some.file").write_bytes(noise)
    assert sightings([PLANTED], tmp_path) == []


async def test_a_word_kept_in_clear_would_be_seen_in_the_log_and_in_the_backup(
    ada: Journal, store: Store, data_dir: Path
) -> None:
    await store.write(
        lambda tx: tx.execute(
            "INSERT INTO cursors (owner, follower, seq) VALUES (?, ?, 0)",
            (ada.vault.owner, PLANTED),
        )
    )
    backup(store, data_dir / "backups")
    seen = sightings([PLANTED], data_dir)
    assert any(name.startswith("llamora.sqlite3-wal") for name in seen)
    assert any(name.startswith("llamora-2") for name in seen)


async def test_what_was_erased_is_not_even_there_sealed(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    """With the key found years later, the bytes of what was erased are not in the file."""
    entry = await write(ada, "gone")
    row = store.row("SELECT sealed FROM writings WHERE id = ?", (entry.id,))
    assert row is not None
    await store.truncate()
    assert row[0] in store.path.read_bytes()
    await ada.erase(entry.id)
    clock.advance(61)
    await ada.sweep()
    await store.truncate()
    for part in (row[0][:64], row[0][64:128], entry.id):
        assert part not in store.path.read_bytes()


# Order, kinds and sizes


def rank_correlation(order: list[bytes], other: list[bytes]) -> float:
    """Spearman's rho of two orders of the same things."""
    n = len(order)
    place = {id: i for i, id in enumerate(other)}
    squares = sum((i - place[id]) ** 2 for i, id in enumerate(order))
    return 1 - 6 * squares / (n * (n * n - 1))


async def test_the_rows_tell_no_order(ada: Journal, store: Store) -> None:
    written = [
        (await write(ada, f"entry {n}", TODAY - timedelta(days=n % 40))).id for n in range(200)
    ]
    await ada.write_many(
        [
            NewEntry(date(2020, 1, n % 28 + 1), "old", None, "", Source("x", str(n)))
            for n in range(400)
        ]
    )
    with closing(sqlite3.connect(store.path)) as file:
        stored = [id for (id,) in file.execute("SELECT id FROM writings")]
        days = [id for (id,) in file.execute("SELECT id FROM days")]
    own = [id for id in stored if id in set(written)]
    assert len(own) == 200
    # Five standard deviations: a sorted id, a counter or a time in it would give 1.
    assert abs(rank_correlation(written, own)) < 5 / 199**0.5
    by_date = [table.row for _, table in sorted((table.day, table) for table in ada.days.tables())]
    assert abs(rank_correlation(by_date, days)) < 5 / (len(days) - 1) ** 0.5
    assert rank_correlation(written, written) == 1  # the control
    for position in range(16):
        assert len({id[position] for id in stored}) > 128, "a byte of the ids is no chance"


async def test_an_answer_cannot_be_told_from_an_entry(ada: Journal, store: Store) -> None:
    text = "the heron came back over quiet water. " * 16
    entries = [await write(ada, text) for _ in range(8)]
    for entry in entries:
        await answer(ada, entry, text, model="llama-3.1-8b")
    rows = store.rows("SELECT * FROM writings")
    assert len(rows) == 16
    # The day, the revision and the size are all there is to see besides random ids.
    shapes = Counter((day, revision, len(sealed)) for _, _, day, revision, sealed in rows)
    assert list(shapes.values()) == [16]
    heads = {sealed[:6] for *_, sealed in rows}
    assert len(heads) == 1


async def test_sizes_tell_only_a_class(ada: Journal, store: Store) -> None:
    for n in range(0, 4000, 50):
        await write(ada, "x" * (n + 1))
    sizes = {len(sealed) - 46 for (sealed,) in store.rows("SELECT sealed FROM writings")}
    assert sizes <= {256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144}
    drafts_before = store.rows("SELECT length(sealed) FROM drafts")
    await ada.keep_draft(drafts.of_day(TODAY), "x")
    await ada.keep_draft(drafts.of_day(TODAY), "x" * 60)
    (one,) = store.rows("SELECT length(sealed) FROM drafts")
    assert drafts_before == []
    assert one[0] - 46 == 256


async def test_notes_of_changes_are_all_alike(ada: Journal, store: Store) -> None:
    entry = await write(ada, "a")
    await answer(ada, entry, "b" * 3000)
    await ada.revise(entry.id, 1, "c" * 5000)
    await ada.move(entry.id, date(1000, 1, 1), None)
    await ada.erase(entry.id)
    await ada.restore(entry.id)
    assert len(store.rows("SELECT DISTINCT length(sealed) FROM changes")) == 1
    assert len(store.rows("SELECT seq FROM changes")) == 12


# Hashes of days


def guesses(day: date, owner: bytes) -> Iterator[bytes]:
    """What the hash of a date would be, made without a key or with one that is in the file."""
    for text in (day.isoformat(), f"day:{day.isoformat()}", f"{day:%Y%m%d}", str(day.toordinal())):
        raw = text.encode()
        framed = b"\1" + bytes(7) + len(raw).to_bytes(8, "little") + raw
        for data in (raw, framed, owner + raw, raw + owner):
            yield hashlib.blake2b(data, digest_size=16).digest()
            yield hashlib.sha256(data).digest()[:16]
            yield hashlib.md5(data).digest()
            yield hashlib.blake2b(data, digest_size=16, key=owner).digest()
            yield hashlib.blake2b(data, digest_size=16, salt=owner, person=b"day-hash").digest()
            yield hashlib.blake2b(data, digest_size=16, person=b"day-hash").digest()


def hits(stored: set[bytes], days: Iterable[date], owner: bytes) -> int:
    return sum(guess in stored for day in days for guess in guesses(day, owner))


async def test_a_dictionary_of_dates_meets_no_hash_in_the_file(ada: Journal, store: Store) -> None:
    await ada.write_many(
        [NewEntry(TODAY - timedelta(days=n), "x", None, "", Source("x", str(n))) for n in range(50)]
    )
    await ada.keep_draft(drafts.of_day(TODAY), "half")
    stored = {
        value
        for columns in ("id, day FROM writings", "id, day FROM days", "id, place FROM drafts")
        for row in store.rows(f"SELECT {columns}")
        for value in row
    }
    years = [date(2020, 1, 1) + timedelta(days=n) for n in range(2600)]
    assert TODAY in years
    assert hits(stored, years, ada.vault.owner) == 0
    # Another account's key opens nothing of it either; the right one finds every day.
    stranger = Vault.new(ada.vault.owner)
    assert not stored & {stranger.day_hash(day) for day in years}
    assert len(stored & {ada.vault.day_hash(day) for day in years}) == 50
    stranger.wipe()


def test_the_dictionary_finds_a_hash_made_without_a_key() -> None:
    owner = new_id()
    careless = hashlib.blake2b(TODAY.isoformat().encode(), digest_size=16, key=owner).digest()
    assert hits({careless}, [TODAY - timedelta(days=1), TODAY], owner) == 1


async def test_two_accounts_days_have_nothing_in_common(ada: Journal) -> None:
    other = Vault.new(new_id())
    assert ada.vault.day_hash(TODAY) != other.day_hash(TODAY)
    assert ada.vault.day_hash(TODAY) != ada.vault.place_hash(TODAY.isoformat())
    other.wipe()
