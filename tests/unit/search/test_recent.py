"""Recent searches come back best first, repeat nothing, can be let go, and are read by no one."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.canary import sightings
from tests.support.clock import TurnableClock
from tests.support.journals import new_account

from llamora.journal.journal import Journal
from llamora.search.recent import HALF_LIFE, KEPT, QUERY, Recent, Remembered
from llamora.search.verify import verify
from llamora.storage import Store, Transaction, ledger
from llamora.vault import record
from llamora.vault.padding import CLASSES


@pytest.fixture
def recent(ada: Journal, store: Store, clock: TurnableClock) -> Recent:
    return Recent(store, ada.vault, clock.now)


def texts(recent: Recent) -> list[str]:
    return [one.text for one in recent.all()]


def rows(store: Store) -> int:
    found = store.row("SELECT count(*) FROM queries")
    assert found
    return found[0]


async def test_a_search_is_remembered_after_a_restart(
    recent: Recent, ada: Journal, store: Store, clock: TurnableClock
) -> None:
    assert recent.all() == []
    await recent.remember("  heron on:2019\n")
    store.close()
    again = Store.open(store.path)
    (one,) = Recent(again, ada.vault, clock.now).all()
    assert (one.text, one.uses, one.at) == ("heron on:2019", 1, clock.now())
    again.close()


async def test_nothing_repeats_and_the_latest_spelling_is_kept(
    recent: Recent, store: Store, clock: TurnableClock
) -> None:
    for text in ("Grey Heron", "grey  heron", "ｇｒｅｙ\u00a0heron", "GREY HERON "):
        await recent.remember(text)
    await recent.remember("STRASSE")
    await recent.remember("straße")
    assert texts(recent) == ["GREY HERON", "straße"]
    assert [one.uses for one in recent.all()] == [4, 2]
    assert rows(store) == 2


async def test_marks_that_change_a_search_make_another_one(recent: Recent) -> None:
    for text in ("grey heron", '"grey heron"', "grey -heron"):
        await recent.remember(text)
    assert len(recent.all()) == 3


async def test_nothing_typed_is_nothing_remembered(recent: Recent, store: Store) -> None:
    for text in ("", " \n", "\0", "\u3000"):
        await recent.remember(text)
    assert rows(store) == 0


async def test_any_text_can_be_remembered(recent: Recent) -> None:
    wanted = ["a\ud800b", "x" * 50_000, "🌧 שלום", "%_'\"--;"]
    for text in wanted:
        await recent.remember(text)
    assert sorted(texts(recent)) == sorted(["a?b", *wanted[1:]])


async def test_a_use_counts_half_after_each_half_life(recent: Recent, clock: TurnableClock) -> None:
    for _ in range(4):
        await recent.remember("often")
    clock.advance(days=2 * HALF_LIFE.days)
    await recent.remember("lately")
    often, lately = recent.all()
    assert often.frecency(clock.now()) == lately.frecency(clock.now()) == 1
    assert texts(recent) == ["lately", "often"], "the later one when they are level"
    await recent.remember("often")
    assert [(one.text, one.uses) for one in recent.all()] == [("often", 2), ("lately", 1)]
    clock.advance(days=-1)
    assert recent.all()[0].frecency(clock.now()) == 2


def test_what_is_very_old_weighs_nothing() -> None:
    one = Remembered(b"", "", 1e9, datetime(1000, 1, 1, tzinfo=UTC))
    assert one.frecency(datetime(9999, 1, 1, tzinfo=UTC)) == 0
    assert one.frecency(one.at + HALF_LIFE / 2) == pytest.approx(1e9 / 2**0.5)
    assert one.frecency(one.at - timedelta(days=1)) == 1e9


async def test_a_search_can_be_let_go(recent: Recent, store: Store) -> None:
    for text in ("one", "two", "three"):
        await recent.remember(text)
    ids = {one.text: one.id for one in recent.all()}
    await recent.forget(ids["two"])
    await recent.forget(ids["two"])
    assert sorted(texts(recent)) == ["one", "three"]
    await recent.forget_all()
    assert recent.all() == []
    assert rows(store) == 0


async def test_the_least_frecent_makes_room(
    recent: Recent, store: Store, clock: TurnableClock
) -> None:
    await recent.remember("old but often")
    await recent.remember("old but often")
    for n in range(KEPT - 1):
        clock.advance(60)
        await recent.remember(f"search {n}")
    assert rows(store) == KEPT
    clock.advance(60)
    await recent.remember("one more")
    assert rows(store) == KEPT
    there = texts(recent)
    assert there[0] == "old but often"
    assert there[-1] == "search 1", "and not search 0"
    assert "one more" in there


async def test_a_new_search_enters_though_all_others_weigh_more(
    recent: Recent, clock: TurnableClock
) -> None:
    for n in range(KEPT):
        await recent.remember(f"search {n}")
        await recent.remember(f"search {n}")
    await recent.remember("new")
    assert len(recent.all()) == KEPT
    assert texts(recent)[-1] == "new"


# What stands on the disk


async def test_nothing_searched_for_can_be_read_on_disk(
    recent: Recent, store: Store, data_dir: Path, clock: TurnableClock
) -> None:
    words = ["heron-canary", "Ünterwegs-canary", "forgotten-canary"]
    for word in words:
        await recent.remember(f"on:2026 {word}")
    await recent.forget(recent.all()[0].id)
    wanted = [*words, *(word.casefold() for word in words), "on:2026", "2026-11-22T09:30:00Z"]
    assert sightings(wanted, data_dir) == []
    await store.truncate()
    assert sightings(wanted, data_dir) == []
    store.close()
    assert sightings(wanted, data_dir) == []


async def test_a_search_kept_in_clear_would_be_seen(
    recent: Recent, ada: Journal, store: Store, data_dir: Path
) -> None:
    await store.write(
        lambda tx: tx.execute(
            "INSERT INTO queries (id, owner, query, sealed) VALUES (?, ?, ?, ?)",
            (bytes(16), ada.vault.owner, b"heron-canary", b""),
        )
    )
    assert sightings(["heron-canary"], data_dir)


async def test_short_searches_are_all_alike_from_outside(recent: Recent, store: Store) -> None:
    for text in ("a", "grey heron", "on:2019 by:me ice"):
        await recent.remember(text)
        await recent.remember(text)
    found = store.rows("SELECT length(id), length(query), length(sealed) FROM queries")
    assert found == [(16, 16, CLASSES[0] + record.OVERHEAD)] * 3


# What was tampered with, and other accounts


async def test_a_row_that_was_touched_is_left_out_and_replaced_when_it_comes_again(
    recent: Recent, store: Store
) -> None:
    await recent.remember("heron")
    await recent.remember("ice")
    id = next(one.id for one in recent.all() if one.text == "heron")
    sealed = store.rows("SELECT sealed FROM queries WHERE id = ?", (id,))[0][0]
    touched = sealed[:-1] + bytes([sealed[-1] ^ 1])
    await store.write(
        lambda tx: tx.execute("UPDATE queries SET sealed = ? WHERE id = ?", (touched, id))
    )
    assert texts(recent) == ["ice"]
    await recent.remember("Heron")
    assert sorted((one.text, one.uses) for one in recent.all()) == [("Heron", 1), ("ice", 1)]
    assert rows(store) == 2


@pytest.mark.parametrize("header", [{"v": 1}, {"uses": "x", "at": "x"}, {"uses": 1, "at": 7}])
async def test_a_row_that_holds_what_none_of_ours_would_is_left_out(
    recent: Recent, ada: Journal, store: Store, header: dict[str, object]
) -> None:
    hashed = ada.vault.query_hash("heron")
    sealed = ada.vault.seal(QUERY, bytes(16), header, b"heron", query=hashed)
    await store.write(
        lambda tx: tx.execute(
            "INSERT INTO queries (id, owner, query, sealed) VALUES (?, ?, ?, ?)",
            (bytes(16), ada.vault.owner, hashed, sealed),
        )
    )
    assert recent.all() == []


async def test_a_row_that_was_moved_to_another_search_is_left_out(
    recent: Recent, store: Store
) -> None:
    await recent.remember("heron")
    await store.write(
        lambda tx: tx.execute("UPDATE queries SET query = ?", (random.Random(1).randbytes(16),))
    )
    assert recent.all() == []


async def test_what_does_not_open_makes_room_first(
    recent: Recent, store: Store, clock: TurnableClock
) -> None:
    for n in range(KEPT):
        await recent.remember(f"search {n}")
    id = recent.all()[0].id
    await store.write(
        lambda tx: tx.execute("UPDATE queries SET sealed = zeroblob(174) WHERE id = ?", (id,))
    )
    await recent.remember("one more")
    assert len(recent.all()) == KEPT


async def test_another_accounts_searches_are_its_own(
    recent: Recent, store: Store, clock: TurnableClock
) -> None:
    bea = Recent(store, new_account(store, "bea"), clock.now)
    await recent.remember("heron")
    await bea.remember("heron")
    assert (len(recent.all()), len(bea.all())) == (1, 1)
    hashes = store.rows("SELECT DISTINCT query FROM queries")
    assert len(hashes) == 2, "the same search looks different"
    await bea.forget(recent.all()[0].id)
    await bea.forget_all()
    assert (texts(recent), texts(bea)) == (["heron"], [])


async def test_a_process_with_replaced_keys_can_write_nothing(
    recent: Recent, ada: Journal, store: Store
) -> None:
    await recent.remember("heron")
    (one,) = recent.all()
    await store.write(lambda tx: tx.execute("UPDATE accounts SET epoch = epoch + 1"))
    with pytest.raises(ledger.Stale):
        await recent.remember("ice")
    with pytest.raises(ledger.Stale):
        await recent.forget(one.id)
    with pytest.raises(ledger.Stale):
        await recent.forget_all()
    assert texts(recent) == ["heron"]


async def test_when_the_account_is_gone_so_are_its_searches(recent: Recent, store: Store) -> None:
    await recent.remember("heron")
    await store.write(lambda tx: tx.execute("DELETE FROM accounts"))
    assert rows(store) == 0
    with pytest.raises(ledger.Gone):
        await recent.remember("heron")


async def test_a_search_counts_for_nothing_in_the_journal(
    recent: Recent, ada: Journal, store: Store
) -> None:
    before = ledger.pulse(store, ada.vault.owner)
    await recent.remember("heron")
    assert ledger.pulse(store, ada.vault.owner) == before


async def test_verify_names_a_search_that_does_not_open(
    recent: Recent, ada: Journal, store: Store
) -> None:
    await recent.remember("grey heron")
    await recent.remember("the weir")
    await recent.remember("plum jam")
    heard: list[int] = []
    assert verify(store, ada, progress=lambda done, _: heard.append(done)).sound
    one, two = (id for (id,) in store.rows("SELECT id FROM queries ORDER BY id LIMIT 2"))

    def tamper(tx: Transaction) -> None:
        other = bytes(16)
        tx.execute("UPDATE queries SET query = ? WHERE id = ?", (other, one))
        flipped = "CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB)"
        tx.execute(f"UPDATE queries SET sealed = {flipped} WHERE id = ?", (two,))

    store.write_now(tamper)
    found = verify(store, ada, progress=lambda done, _: heard.append(done))
    assert sorted(found.problems) == sorted(
        f"The remembered search {id.hex()} cannot be opened." for id in (one, two)
    )
