"""An edit replaces what its writer saw, and never what someone else wrote meanwhile."""

import asyncio
import random
from collections import Counter
from datetime import date

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, texts, write

from llamora.journal import drafts
from llamora.journal.errors import Blank, Conflict, NotFound
from llamora.journal.journal import Journal
from llamora.kernel import new_id
from llamora.storage import Store


async def test_an_edit_replaces_the_text_and_nothing_else(ada: Journal) -> None:
    first = await write(ada, "first")
    entry = await write(ada, "the heron")
    await answer(ada, entry, "Which heron?")
    revised = await ada.revise(entry.id, 1, "the heron came back\r\n")
    assert (revised.text, revised.revision) == ("the heron came back\n", 2)
    assert (revised.id, revised.day, revised.at) == (entry.id, entry.day, entry.at)
    assert ada.entry(entry.id) == revised
    assert texts(ada) == [(first.text,), (revised.text, "Which heron?")]


async def test_a_stale_edit_is_refused_and_both_texts_are_there(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    await ada.revise(entry.id, 1, "from the desk")
    await ada.keep_draft(drafts.of_entry(entry.id), "from the phone")
    with pytest.raises(Conflict) as refused:
        await ada.revise(entry.id, 1, "from the phone")
    assert (refused.value.current.text, refused.value.current.revision) == ("from the desk", 2)
    assert ada.entry(entry.id).text == "from the desk"
    kept = ada.draft(drafts.of_entry(entry.id))
    assert kept is not None
    assert kept[0] == "from the phone"
    settled = await ada.revise(entry.id, 2, "from both")
    assert settled.revision == 3
    assert ada.draft(drafts.of_entry(entry.id)) is None


@pytest.mark.parametrize("revision", [-1, 0, 2, 99])
async def test_a_revision_that_never_was_is_a_conflict(ada: Journal, revision: int) -> None:
    entry = await write(ada, "as it was")
    with pytest.raises(Conflict):
        await ada.revise(entry.id, revision, "otherwise")


async def test_saving_what_stands_already_changes_nothing(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    await ada.keep_draft(drafts.of_entry(entry.id), "as it was")
    assert await ada.revise(entry.id, 1, "as it was") == entry
    assert ada.draft(drafts.of_entry(entry.id)) is None


async def test_a_second_press_of_save_is_no_conflict(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    revised = await ada.revise(entry.id, 1, "as it is")
    assert await ada.revise(entry.id, 1, "as it is") == revised


async def test_an_entry_cannot_be_edited_away(ada: Journal) -> None:
    entry = await write(ada, "as it was")
    with pytest.raises(Blank):
        await ada.revise(entry.id, 1, " \n")
    assert texts(ada) == [("as it was",)]


async def test_what_is_gone_cannot_be_edited(ada: Journal) -> None:
    entry = await write(ada, "gone soon")
    response = await answer(ada, entry, "not the diarist's")
    with pytest.raises(NotFound):
        await ada.revise(response.id, 1, "words in its mouth")
    await ada.erase(entry.id)
    for id in (entry.id, response.id, new_id()):
        with pytest.raises(NotFound):
            await ada.revise(id, 1, "too late")


async def test_a_thousand_racing_edits_never_overwrite_one_another_unseen(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    """Two tabs in two processes. Each edit says what its writer saw; every edit that was
    accepted must have been seen by the next one that was."""
    other_store = Store.open(store.path)
    other = Journal.open(other_store, ada.vault, clock)
    day = date(2026, 11, 20)
    entries = [await write(ada, "0", day) for _ in range(2)]
    chain = {entry.id: [(1, "0")] for entry in entries}
    outcomes: Counter[str] = Counter()
    seen = {
        name: {entry.id: (1, "0") for entry in entries} for name in ("at the desk", "on the phone")
    }

    async def edit(journal: Journal, tab: str, n: int) -> None:
        id = chance.choice(entries).id
        revision, text = seen[tab][id]
        try:
            revised = await journal.revise(id, revision, f"{tab} {n}, after {text[:16]}")
        except Conflict as conflict:
            outcomes["refused"] += 1
            seen[tab][id] = conflict.current.revision, conflict.current.text
        else:
            outcomes["kept"] += 1
            chain[id].append((revised.revision, revised.text))
            seen[tab][id] = revised.revision, revised.text

    chance = random.Random(19)
    for n in range(500):
        await asyncio.gather(edit(ada, "at the desk", n), edit(other, "on the phone", n))
    assert outcomes.total() == 1000
    assert outcomes["refused"] > 200, "the tabs did not race"
    for journal in (ada, other):
        journal.follow()
        for entry in entries:
            accepted = sorted(chain[entry.id])
            # No revision was given twice, none was skipped, and the last one stands.
            assert [revision for revision, _ in accepted] == list(range(1, len(accepted) + 1))
            now = journal.entry(entry.id)
            assert (now.revision, now.text) == accepted[-1]
    assert_sound(store, ada.vault)
    other_store.close()
