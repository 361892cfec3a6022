"""A model says what past days held, when nobody wants anything of it, and only while it is so."""

import asyncio
from datetime import date, timedelta

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, write
from tests.support.server import ScriptedModel

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.model import Unreachable
from llamora.companion.prompt import RECAP, Prompts
from llamora.companion.recap import AFTER_A_FAILURE, AN_HOUR, LONGEST_TOLD, QUIET
from llamora.companion.sources import Sources
from llamora.journal.journal import UNDO
from llamora.journal.verify import verify

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(1)
SAID = "You brought in the beans and rang Ruth about the ladder."
LONG = "The last of the beans came in, and I rang Ruth about the ladder. " * 5


def companion_of(sources: Sources, model: ScriptedModel | None) -> Companion:
    return Companion(sources, model, Prompts(), CompanionLimits())


async def worked(companion: Companion) -> None:
    """One step, and what it began, to the end."""
    companion.carry_on()
    if making := companion._recaps._making:
        await asyncio.wait({making})
        await asyncio.sleep(0)


async def until_asked(model: ScriptedModel) -> None:
    while not model.asked:  # noqa: ASYNC110 - the model has no event for it
        await asyncio.sleep(0)


async def test_the_newest_past_day_is_told_first_one_at_a_time(ada, sources, store):
    for back in range(4):
        await write(ada, LONG + f"Back {back}.", TODAY - timedelta(back))
    model = ScriptedModel("You brought in the beans ", "and rang Ruth about the ladder.\n")
    companion = companion_of(sources, model)
    for n in range(1, 6):
        await worked(companion)
        assert len(model.asked) == min(n, 3)
    asked = [asked[1].text for asked in model.asked]
    assert ["Back 1." in asked[0], "Back 2." in asked[1], "Back 3." in asked[2]] == [True] * 3
    assert companion.told(YESTERDAY) == SAID
    assert companion.told(TODAY) == ""
    recap = ada.recap(YESTERDAY)
    assert recap is not None
    assert (recap.model, len(recap.read)) == ("scripted-1b", 1)
    assert recap.reading is not None
    assert [(p.kind, p.writing, p.revision) for p in recap.reading.pieces] == [
        ("today", *recap.read[0])
    ]
    assert recap.reading.template == RECAP
    assert [len(ada.standing(YESTERDAY)), ada.days.table(YESTERDAY).entries] == [1, 1]
    assert verify(store, ada.vault, progress=lambda *_: None).problems == []


async def test_it_holds_while_the_entries_are_what_they_were(ada, sources):
    entry = await write(ada, LONG, YESTERDAY)
    model = ScriptedModel(SAID)
    companion = companion_of(sources, model)
    await worked(companion)
    assert companion_of(sources, None).told(YESTERDAY) == SAID, "it is kept"
    await ada.revise(entry.id, 1, LONG + "And the peas.")
    assert companion.told(YESTERDAY) == ""
    await worked(companion)
    assert companion.told(YESTERDAY) == SAID
    await write(ada, "One more.", YESTERDAY)
    assert companion.told(YESTERDAY) == ""
    await worked(companion)
    assert len(model.asked) == 3
    await worked(companion)
    assert len(model.asked) == 3
    assert [item.kind.word for item in ada.days.table(YESTERDAY).items].count("recap") == 1


async def test_what_is_erased_is_not_told_and_after_a_minute_not_kept(ada, sources, store, clock):
    entry = await write(ada, LONG, YESTERDAY)
    companion = companion_of(sources, ScriptedModel(SAID))
    await worked(companion)
    recap = ada.recap(YESTERDAY)
    await ada.erase(entry.id)
    assert companion.told(YESTERDAY) == ""
    await ada.restore(entry.id)
    assert companion.told(YESTERDAY) == SAID
    await ada.erase(entry.id)
    clock.advance(UNDO.total_seconds() + 1)
    await ada.sweep()
    assert ada.find(recap.id) is None
    assert ada.days.table(YESTERDAY) is None
    assert_sound(store, ada.vault)


async def test_moved_to_another_day_it_is_forgotten_there_when_its_entry_goes(
    ada, sources, store, clock
):
    entry = await write(ada, LONG, YESTERDAY)
    companion = companion_of(sources, ScriptedModel(SAID))
    await worked(companion)
    await ada.move(entry.id, TODAY, None)
    assert companion.told(YESTERDAY) == ""
    assert ada.recap(YESTERDAY) is not None
    await ada.erase(entry.id)
    clock.advance(UNDO.total_seconds() + 1)
    await ada.sweep()
    assert ada.recap(YESTERDAY) is None
    assert_sound(store, ada.vault)


@pytest.mark.parametrize("which", ["entry", "day", "kept back"])
async def test_what_rests_or_is_kept_back_is_not_told(which, ada, sources):
    entry = await write(ada, LONG, YESTERDAY)
    model = ScriptedModel(SAID)
    companion = companion_of(sources, model)
    await worked(companion)
    assert companion.told(YESTERDAY) == SAID
    if which == "entry":
        await ada.rests.rest_entry(entry.id, True)
    elif which == "day":
        await ada.rests.rest_day(YESTERDAY, True)
    else:
        await ada.rests.keep_back(entry.id, True)
    assert companion.told(YESTERDAY) == ""
    assert bool(await companion.recap(YESTERDAY)) == (which == "kept back")
    await worked(companion)
    assert len(model.asked) == 1


async def test_a_short_day_tells_itself(ada, sources):
    await write(ada, "Tea.", YESTERDAY)
    model = ScriptedModel(SAID)
    companion = companion_of(sources, model)
    await worked(companion)
    assert model.asked == []
    assert companion.told(YESTERDAY) == ""


async def test_so_many_an_hour_and_no_more(ada, sources, clock: TurnableClock):
    for back in range(1, AN_HOUR + 4):
        await write(ada, LONG, TODAY - timedelta(back))
    model = ScriptedModel(SAID)
    companion = companion_of(sources, model)
    for _ in range(AN_HOUR + 3):
        await worked(companion)
    assert len(model.asked) == AN_HOUR
    clock.advance(hours=1)
    await worked(companion)
    assert len(model.asked) == AN_HOUR + 1


async def test_whoever_asks_something_comes_first(ada, sources, clock: TurnableClock):
    await write(ada, LONG, YESTERDAY)
    entry = await write(ada, "And what now?", TODAY)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    companion.carry_on()
    await until_asked(model)
    response = await companion.respond(entry.id, "k")
    await asyncio.sleep(0)
    assert model.left == 1
    assert ada.recap(YESTERDAY) is None
    companion.carry_on()
    assert companion._recaps._making is None, "the answer is still being written"
    model.go_on()
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    companion.carry_on()
    assert companion._recaps._making is None, "the diarist is reading"
    clock.advance(QUIET.total_seconds())
    await worked(companion)
    assert companion.told(YESTERDAY) == SAID


async def test_opening_a_day_comes_first_too(ada, sources):
    await write(ada, LONG, YESTERDAY)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    companion.carry_on()
    await until_asked(model)
    await companion.openings.begin(TODAY)
    await asyncio.sleep(0)
    assert model.left == 1
    model.go_on()
    await companion.close()


async def test_a_model_that_fails_is_left_alone_for_a_while(ada, sources, clock: TurnableClock):
    await write(ada, LONG, YESTERDAY)
    model = ScriptedModel(Unreachable("10.0.0.1"))
    companion = companion_of(sources, model)
    for _ in range(3):
        await worked(companion)
    assert len(model.asked) == 1
    model.pieces = (SAID,)
    clock.advance(AFTER_A_FAILURE.total_seconds())
    await worked(companion)
    assert companion.told(YESTERDAY) == SAID


async def test_what_goes_on_and_on_is_cut(ada, sources):
    await write(ada, LONG, YESTERDAY)
    companion = companion_of(sources, ScriptedModel(*["the beans and "] * 200))
    await worked(companion)
    assert 0 < len(companion.told(YESTERDAY)) <= LONGEST_TOLD


async def test_locking_ends_it(ada, sources):
    await write(ada, LONG, YESTERDAY)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    companion.carry_on()
    await until_asked(model)
    await companion.close()
    assert model.left == 1
    companion.carry_on()
    assert companion._recaps._making is None


async def test_without_a_model_nothing_is_made(ada, sources):
    await write(ada, LONG, YESTERDAY)
    companion = companion_of(sources, None)
    await worked(companion)
    assert ada.recap(YESTERDAY) is None
