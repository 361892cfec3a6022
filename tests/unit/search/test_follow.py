"""What is written is found, what is erased is not, whatever happens in between."""

import asyncio
import logging
import threading
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.support.canary import sightings
from tests.support.embedding import WordsEmbedder
from tests.support.journals import answer, write
from tests.unit.search.following import catch_up, checked, find, follow, found, never

from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Response, Source
from llamora.kernel import new_id
from llamora.search import embedders as choosing
from llamora.search import find as finding
from llamora.search import follow as following
from llamora.search import records
from llamora.search.embedder import Vectors
from llamora.search.embedders import Embedders
from llamora.search.follow import Follower
from llamora.storage import Store


async def fill(
    journal: Journal, count: int, text: str = "An ordinary day by the river, {n}."
) -> None:
    """Entries from elsewhere, one a day, the newest yesterday."""
    first = journal.today() - timedelta(days=count)
    for at in range(0, count, 200):
        await journal.write_many(
            [
                NewEntry(
                    first + timedelta(days=n), text.format(n=n), None, "UTC", Source("test", str(n))
                )
                for n in range(at, min(at + 200, count))
            ]
        )


async def test_an_entry_is_found_until_it_is_erased_and_again_when_it_is_restored(
    ada: Journal, store: Store
) -> None:
    heron = await write(ada, "A heron stood in the reeds.")
    await write(ada, "Bread, butter and a long letter.")
    follower = follow(store, ada)
    assert found(follower, ada, "heron") == [heron.id]
    await ada.erase(heron.id)
    catch_up(follower)
    assert found(follower, ada, "heron") == []
    assert store.row("SELECT 1 FROM passages WHERE id = ?", (heron.id,)) is None
    await ada.restore(heron.id)
    catch_up(follower)
    assert found(follower, ada, "heron") == [heron.id]
    assert checked(store, ada).passages == 2


async def test_a_revised_entry_is_found_by_its_new_words_alone(ada: Journal, store: Store) -> None:
    entry = await write(ada, "A heron stood in the reeds.")
    follower = follow(store, ada)
    await ada.revise(entry.id, 1, "A kingfisher shot along the bank.")
    catch_up(follower)
    assert found(follower, ada, "kingfisher") == [entry.id]
    assert find(follower, ada, '"heron"').total == 0
    checked(store, ada)


async def test_a_moved_entry_is_found_on_its_new_day_and_so_is_what_answers_it(
    ada: Journal, store: Store
) -> None:
    entry = await write(ada, "A heron stood in the reeds.")
    response = await answer(ada, entry, "Herons are patient birds.")
    follower = follow(store, ada)
    day = ada.today() - timedelta(days=400)
    await ada.move(entry.id, day, entry.at)
    for after in (follower, follow(store, ada)):  # here, and in the next process
        catch_up(after)
        results = find(after, ada, f"heron on:{day}").results
        assert {result.writing for result in results} == {entry.id, response.id}
        assert {result.day for result in results} == {day}
    checked(store, ada)


async def test_a_response_is_found_when_it_is_whole(ada: Journal, store: Store) -> None:
    entry = await write(ada, "What should I read next?")
    begun = Response(new_id(), entry.day, 1, entry.id, "", ada.now(), state="writing")
    await ada.begin_response(begun)
    follower = follow(store, ada)
    await ada.grow_response(replace(begun, text="Perhaps a book about heron"))
    catch_up(follower)
    assert find(follower, ada, '"heron"').total == 0
    await ada.end_response(replace(begun, text="Perhaps a book about herons.", state="done"))
    catch_up(follower)
    (result,) = find(follower, ada, '"herons" by:companion').results
    assert (result.writing, result.entry) == (begun.id, entry.id)
    assert find(follower, ada, '"herons" by:me').total == 0
    await ada.erase_response(begun.id)
    catch_up(follower)
    assert find(follower, ada, '"herons"').total == 0
    checked(store, ada)


async def test_nothing_that_is_indexed_can_be_read_on_the_disk(
    ada: Journal, store: Store, data_dir: Path
) -> None:
    await fill(ada, 60, "The quicksilver heron flew over the weir again, {n}.")
    follower = follow(store, ada)
    follower.tend(never, thoroughly=True)
    assert any(layer.segment for layer in follower.shelf.layers)
    assert find(follower, ada, "quicksilver").total > 0
    assert not sightings(["quicksilver", "heron"], data_dir)


async def test_the_next_process_reads_what_this_one_sealed(ada: Journal, store: Store) -> None:
    await fill(ada, 70)
    heron = await write(ada, "A heron stood in the reeds.")
    first = follow(store, ada)
    first.tend(never, thoroughly=True)  # a segment ...
    later = await write(ada, "The heron came back.")
    catch_up(first)  # ... and a tail
    embedders = Embedders()
    second = follow(store, ada, embedders)
    assert second.shelf.writings == 72
    assert set(found(second, ada, '"heron"')) == {heron.id, later.id}
    assert [layer.segment is not None for layer in second.shelf.layers] == [True, False]
    assert embedders.basis.version == 1


async def test_two_processes_follow_one_journal(ada: Journal, store: Store) -> None:
    one, other = follow(store, ada), follow(store, ada)
    heron = await write(ada, "A heron stood in the reeds.")
    catch_up(one)
    sealed = store.rows("SELECT id, sealed FROM passages")
    catch_up(other)
    assert store.rows("SELECT id, sealed FROM passages") == sealed  # read, not made again
    assert found(one, ada, "heron") == found(other, ada, "heron") == [heron.id]
    one.tend(never, thoroughly=True)
    other.tend(never, thoroughly=True)  # folds what the first has folded already
    third = follow(store, ada)
    assert found(third, ada, "heron") == [heron.id]
    await ada.erase(heron.id)
    for each in (one, other, third):
        catch_up(each)
        assert found(each, ada, "heron") == []
    third.tend(never, thoroughly=True)
    checked(store, ada)


async def test_who_was_away_too_long_compares_everything(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    heron = await write(ada, "A heron stood in the reeds.")
    follower = follow(store, ada)
    await ada.revise(heron.id, 1, "A kingfisher shot along the bank.")
    gone = await write(ada, "A wren in the hedge.")
    await ada.erase(gone.id)
    store.write_now(lambda tx: tx.execute("DELETE FROM changes"))
    catch_up(follower)
    assert found(follower, ada, "kingfisher") == [heron.id]
    checked(store, ada)


async def test_a_segment_that_does_not_open_is_made_anew(
    ada: Journal, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(ada, 60, "The heron flew over the weir again, {n}.")
    follow(store, ada).tend(never, thoroughly=True)
    rows = store.rows("SELECT id, sealed FROM segments ORDER BY length(sealed)")
    id, sealed = rows[0] if len(rows[0][1]) < records.BASIS_BYTES else rows[-1]
    broken = bytes([*sealed[:-1], sealed[-1] ^ 1])
    store.write_now(
        lambda tx: tx.execute("UPDATE segments SET sealed = ? WHERE id = ?", (broken, id))
    )
    with caplog.at_level(logging.WARNING):
        follower = follow(store, ada)
    assert id.hex() in caplog.text
    assert "heron" not in caplog.text
    assert find(follower, ada, "heron").total == 60
    follower.tend(never)
    assert store.row("SELECT 1 FROM segments WHERE id = ?", (id,)) is None
    assert find(follow(store, ada), ada, "heron").total == 60
    assert checked(store, ada).problems == []


async def test_passages_that_do_not_open_are_made_anew_from_the_entry(
    ada: Journal, store: Store
) -> None:
    heron = await write(ada, "A heron stood in the reeds.")
    follow(store, ada)
    store.write_now(lambda tx: tx.execute("UPDATE passages SET sealed = x'00'"))
    follower = follow(store, ada)
    assert found(follower, ada, "heron") == [heron.id]
    checked(store, ada)


async def test_a_writing_that_does_not_open_hides_no_other(ada: Journal, store: Store) -> None:
    lost = await write(ada, "A heron stood in the reeds.")
    kept = await write(ada, "Another heron, by the weir.")
    follower = follow(store, ada)
    store.write_now(
        lambda tx: tx.execute("UPDATE writings SET sealed = x'00' WHERE id = ?", (lost.id,))
    )
    assert found(follower, ada, "heron") == [kept.id]
    assert found(follow(store, ada), ada, '"heron"') == [kept.id]


async def test_the_tail_is_folded_before_it_makes_unlocking_slow(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "FOLD_WRITINGS", 40)
    await fill(ada, 30)
    follower = follow(store, ada)
    follower.tend(never)
    assert not any(layer.segment for layer in follower.shelf.layers)
    await write(ada, "A heron stood in the reeds.")
    for n in range(10):
        await write(ada, f"Bread and butter, {n}.")
    catch_up(follower)
    follower.tend(never)
    (layer,) = follower.shelf.layers
    assert layer.segment
    assert (layer.part.writings, layer.dead) == (41, 0)


async def test_what_is_erased_leaves_the_segment_at_the_next_fold(
    ada: Journal, store: Store
) -> None:
    await fill(ada, 60)
    heron = await write(ada, "A quicksilver heron stood in the reeds.")
    follower = follow(store, ada)
    follower.tend(never, thoroughly=True)
    assert b"quicksilver" in follower.shelf.layers[0].part.words
    await ada.erase(heron.id)
    catch_up(follower)
    follower.tend(never, thoroughly=True)
    (layer,) = follow(store, ada).shelf.layers
    assert layer.part.row(heron.id) is None
    assert b"quicksilver" not in layer.part.words
    checked(store, ada)


async def test_locking_waits_for_no_more_than_a_few_long_entries(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH_CHARACTERS", 1_000)
    for n in range(4):
        await write(ada, f"word{n} " + "and the quiet water " * 40)
    follower = Follower(store, ada, Embedders())
    follower.load()
    asked = iter([False, False, True])
    assert not follower.catch_up(lambda: next(asked))
    assert follower.shelf.writings == 1
    catch_up(follower)
    assert follower.shelf.writings == 4
    checked(store, ada)


async def test_segments_are_cut_to_size(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "SEGMENT_BYTES", 60_000)
    await fill(ada, 300)
    follower = follow(store, ada)
    follower.tend(never, thoroughly=True)
    layers = follow(store, ada).shelf.layers
    assert len(layers) > 1
    assert all(layer.segment for layer in layers)
    assert sum(layer.part.writings for layer in layers) == 300


async def test_another_model_takes_over_when_it_has_seen_everything(
    ada: Journal, store: Store
) -> None:
    await fill(ada, 200)
    heron = await write(ada, "A heron stood in the reeds.")
    old, new = WordsEmbedder("old"), WordsEmbedder("new", 64)
    follow(store, ada, Embedders(old)).tend(never, thoroughly=True)
    follower = follow(store, ada, Embedders(new, [old]))
    asked = iter([False, False, True])
    assert not follower.tend(lambda: next(asked))  # stopped after the first batch
    assert follower.shelf.makes == ("old",)  # searched until the new is whole
    assert found(follower, ada, "heron")[0] == heron.id
    assert 0 < new.asked < 201

    restarted = follow(store, ada, Embedders(new, [old]))
    assert restarted.shelf.makes == ("old",)
    seen: list[int] = []

    def stop() -> bool:
        if restarted.progress:
            seen.append(restarted.progress.done)
        return False

    assert restarted.tend(stop)
    assert seen == sorted(seen)
    assert new.asked == 201  # each once: what was done before the restart was not done again
    for each in (restarted, follow(store, ada, Embedders(new))):
        assert each.shelf.makes == ("new",)
        assert found(each, ada, "heron")[0] == heron.id
    checked(store, ada)


async def test_a_model_that_cannot_be_asked_hides_nothing(ada: Journal, store: Store) -> None:
    model = WordsEmbedder()
    model.down = True
    embedders = Embedders(model)
    heron = await write(ada, "A heron stood in the reeds.")
    follower = follow(store, ada, embedders)
    assert found(follower, ada, "heron") == [heron.id]
    assert "cannot be reached" in follower.trouble
    follower.tend(never)
    assert follower.shelf.makes[0].startswith("wordllama")  # which stands in
    model.down = False
    follower.tend(never)
    assert follower.shelf.makes == ("lanes",)
    assert follower.trouble == ""
    model.down = True
    page = find(follower, ada, "heron")
    assert [result.writing for result in page.results] == [heron.id]
    assert "Words still find." in page.notes[0]


async def test_a_model_that_does_not_answer_delays_nothing(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choosing, "QUERY_SECONDS", 0.05)
    answered = threading.Event()

    class Slow(WordsEmbedder):
        def query(self, text: str) -> Vectors:
            answered.wait(20)
            return super().query(text)

    heron = await write(ada, "A heron stood in the reeds.")
    follower = follow(store, ada, Embedders(Slow()))
    for _ in range(2):
        page = find(follower, ada, "heron")
        assert [result.writing for result in page.results] == [heron.id]
        assert "takes too long" in page.notes[0]
    answered.set()
    for _ in range(100):
        if not find(follower, ada, "heron").notes:
            return
        await asyncio.sleep(0.02)
    pytest.fail("It is never asked again.")


async def test_a_model_that_is_no_longer_there_leaves_the_words(ada: Journal, store: Store) -> None:
    heron = await write(ada, "A heron stood in the reeds.")
    follow(store, ada, Embedders(WordsEmbedder()))
    gone = WordsEmbedder("other")
    gone.down = True
    follower = follow(store, ada, Embedders(gone))
    assert follower.shelf.makes == ("lanes",)
    assert found(follower, ada, "heron") == [heron.id]


async def test_a_journal_that_has_grown_gets_a_basis_of_its_own(ada: Journal, store: Store) -> None:
    await fill(ada, 20)
    embedders = Embedders()
    follower = follow(store, ada, embedders)
    follower.tend(never)
    assert follower.shelf.makes == ("wordllama-256 0",)
    await fill(ada, 260, "Bread, butter, and a heron in the reeds of the weir, {n}.")
    catch_up(follower)
    follower.tend(never)
    assert follower.shelf.makes == ("wordllama-256 1",)
    small = store.rows("SELECT id FROM segments WHERE length(sealed) < ?", (records.BASIS_BYTES,))
    again = Embedders()
    assert follow(store, ada, again).shelf.makes == ("wordllama-256 1",)
    assert sorted(again.bases) == [0, 1]
    assert len(small) >= 1
    checked(store, ada)


async def test_phrases_of_common_words_are_read_for_once(
    ada: Journal, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(ada, 60, "We went to the river and to the mill, {n}.")
    follower = follow(store, ada)
    reads: list[bytes] = []
    find_one = ada.find
    monkeypatch.setattr(ada, "find", lambda id: reads.append(id) or find_one(id))
    typed = 'river -"to the sea" -"the river we" "went to the" "and to the"'
    assert find(follower, ada, typed, 0).total == 60
    assert len(reads) == 60
    monkeypatch.setattr(finding, "MOST_VERIFIED", 20)
    page = find(follower, ada, typed, 0)
    assert page.total == 20
    assert finding.TOO_COMMON in page.notes
    page = find(follower, ada, 'river -"river and to"', 100)
    assert (page.total, page.notes) == (0, (finding.TOO_COMMON,)), "none of the others is shown"


async def test_five_rare_words_in_old_entries_are_found_always(ada: Journal, store: Store) -> None:
    rare = ("quicksilver", "zeppelin", "marmalade", "astrolabe", "hurdygurdy")
    first = date(2001, 1, 1)
    entries = [
        NewEntry(
            first + timedelta(days=n // 2),
            f"The {rare[n // 50]} was on the table when we came home, and it rained."
            if n % 50 == 7 and n < 250
            else f"We walked to the river and the mill, the {n % 31}th time, and it rained again.",
            None,
            "UTC",
            Source("test", str(n)),
        )
        for n in range(3_000)
    ]
    for at in range(0, 3_000, 500):
        await ada.write_many(entries[at : at + 500])
    follower = follow(store, ada)
    follower.tend(never)
    for each in (follower, follow(store, ada)):
        for n, word in enumerate(rare):
            day = first + timedelta(days=(50 * n + 7) // 2)
            for typed in (word, f"rain and the {word} at the river", word.upper()):
                assert find(each, ada, typed).results[0].day == day
