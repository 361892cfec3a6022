"""A day is opened once, from what came before it, and from nothing that is to be left alone."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import write
from tests.support.server import ScriptedModel

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import CutShort, Overflow, Unreachable
from llamora.companion.opening import (
    LAST_DAY_ENTRIES,
    OPEN_LONG,
    QUOTES_LONG,
    RECENT_DAYS,
    RECENT_ENTRIES,
    SILENCE_DAYS,
    Openings,
    central_quotes,
    left_open,
)
from llamora.companion.prompt import OPENING, Prompts
from llamora.companion.sources import Sources
from llamora.journal.journal import UNDO, Journal
from llamora.journal.verify import verify
from llamora.journal.writing import Entry, Opening, Quote
from llamora.kernel import new_id
from llamora.search.central import Sentence
from llamora.storage import Store
from llamora.vault import Locked

TODAY = date(2026, 11, 22)
YESTERDAY = TODAY - timedelta(1)
SAID = "The beans are in. The letter is still unsent."


def there_is(opening: Opening | None) -> Opening:
    assert opening is not None
    return opening


def openings_of(sources: Sources, model: Any = None) -> Openings:
    return Companion(sources, model, Prompts(), CompanionLimits()).openings


async def opened(openings: Openings, day: date = TODAY, **more: Any) -> Opening | None:
    """The day's opening, begun and ended."""
    await openings.begin(day, **more)
    if generation := openings.generation(day):
        await generation.ended.wait()
    return openings.of(day)


async def until_said(openings: Openings) -> None:
    """Until its first words are there."""
    async for shown in openings.follow(TODAY, 0):
        if shown.html:
            return


def assert_verified(store: Store, journal: Journal) -> None:
    assert verify(store, journal.vault, progress=lambda *_: None).problems == []


# With a model


async def test_a_model_is_told_the_last_written_day_and_a_few_before_it(ada, sources, store):
    for back in range(8):
        for n in range(8):
            await write(ada, f"Entry {n} of {back} days ago.", YESTERDAY - timedelta(back))
    await write(ada, "What stands on the day itself.", TODAY)
    model = ScriptedModel("The beans are in. ", "The letter is still unsent.")
    opening = await opened(openings_of(sources, model))
    assert opening is not None
    assert (opening.text, opening.engine, opening.state) == (SAID, "model", "done")
    assert opening.model == "scripted-1b"
    assert len(opening.read) == LAST_DAY_ENTRIES + RECENT_DAYS * RECENT_ENTRIES
    system, user = model.asked[0]
    assert "No greeting" in system.text
    assert user.text.count("0 days ago") == LAST_DAY_ENTRIES
    assert "Entry 7 of 3 days ago" in user.text
    assert "4 days ago" not in user.text
    assert "the day itself" not in user.text
    assert user.text.index("3 days ago") < user.text.index("0 days ago")
    assert_verified(store, ada)


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (None, "the very first of this diary"),
        (1, "where the last written day ended"),
        (SILENCE_DAYS, "where the last written day ended"),
        (SILENCE_DAYS + 1, f"The last entry is {SILENCE_DAYS + 1} days old"),
    ],
)
async def test_the_first_day_a_return_and_any_other_day_are_asked_for_differently(
    back, said, ada, sources
):
    if back:
        await write(ada, "The beans.", TODAY - timedelta(back))
    model = ScriptedModel(SAID)
    assert await opened(openings_of(sources, model))
    assert said in model.asked[0][1].text


async def test_two_tabs_make_one(ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    model = ScriptedModel(SAID, hold_at=0)
    openings = openings_of(sources, model)
    first, second = await asyncio.gather(openings.begin(TODAY), openings.begin(TODAY))
    assert first == second
    assert await openings.begin(TODAY) == first
    model.go_on()
    assert await opened(openings) == await opened(openings)
    assert len(model.asked) == 1


async def test_two_processes_make_one(ada, sources, store, clock, traces, search):
    await write(ada, "The beans.", YESTERDAY)
    elsewhere = Journal.open(store, ada.vault, clock)
    other = Sources(elsewhere, traces, search)
    models = ScriptedModel(SAID, hold_at=0), ScriptedModel(SAID)
    here, there = openings_of(sources, models[0]), openings_of(other, models[1])
    first = await here.begin(TODAY)
    elsewhere.follow()
    second = await there.begin(TODAY)
    assert first is not None
    assert second is not None
    assert second.id == first.id
    reader = asyncio.create_task(anext(aiter(there.follow(TODAY, 0)), None))
    models[0].go_on()
    await opened(here)
    shown = await reader
    assert shown is None or "beans" in shown.html
    assert there.of(TODAY) == here.of(TODAY)
    assert models[1].asked == []


class Narrow(ScriptedModel):
    """A model whose window is smaller than it says."""

    async def stream(self, messages: Any, **more: Any) -> Any:  # type: ignore[override]
        if not self.asked:
            self.asked.append(messages)
            raise Overflow(1_000, 2_000)
        async for token in super().stream(messages, **more):
            yield token


async def test_a_model_that_says_it_was_too_much_is_asked_once_more_with_less(ada, sources):
    for n in range(6):
        await write(ada, f"Entry {n}. " + "The beans and the ladder. " * 40, YESTERDAY)
    model = Narrow(SAID)
    opening = await opened(openings_of(sources, model))
    assert opening is not None
    assert opening.text == SAID
    first, second = (asked[1].text for asked in model.asked)
    assert len(second) < len(first)
    assert "Entry 5" in second, "what is nearest stays longest"


@pytest.mark.parametrize("pieces", [[Unreachable("10.0.0.1")], [" "]])
async def test_a_model_that_fails_leaves_nothing_and_can_be_asked_again(pieces, ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    openings = openings_of(sources, ScriptedModel(*pieces))
    assert await opened(openings) is None
    assert ada.days.table(TODAY) is None
    openings._model = ScriptedModel(SAID)
    assert there_is(await opened(openings)).text == SAID


async def test_what_a_model_said_before_it_broke_off_is_kept(ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    opening = there_is(await opened(openings_of(sources, ScriptedModel("The beans", CutShort()))))
    assert (opening.text, opening.state) == ("The beans", "cut")


async def test_a_real_model_opens_a_day(ada, sources, llama):
    await write(ada, "The beans are in.", YESTERDAY)
    model = Endpoint(ModelSettings(host=llama.url, api_key=llama.api_key))
    opening = await opened(openings_of(sources, model))
    await model.aclose()
    assert opening is not None
    assert opening.text.strip()
    assert (opening.model, opening.state) == ("tiny", "done")


# Without one


async def test_without_a_model_the_last_written_day_is_quoted(ada, sources, store):
    await write(ada, "Long before that, of the ladder that Ruth has borrowed.", date(2026, 11, 1))
    one = await write(ada, "Rain. The last of the beans came in.", YESTERDAY)
    other = await write(ada, "The letter to my brother is still unsent.", YESTERDAY)
    opening = await opened(openings_of(sources))
    assert opening is not None
    assert (opening.engine, opening.text, opening.state) == ("echo", "", "done")
    assert [(q.entry, q.day, q.text) for q in opening.quotes] == [
        (one.id, YESTERDAY, "The last of the beans came in."),
        (other.id, YESTERDAY, "The letter to my brother is still unsent."),
    ]
    assert opening.read == ((one.id, 1), (other.id, 1))
    assert_verified(store, ada)


async def test_on_the_first_day_ever_echo_says_nothing(ada, sources):
    openings = openings_of(sources)
    assert not openings.could_begin(TODAY)
    assert await openings.begin(TODAY) is None
    assert openings_of(sources, ScriptedModel(SAID)).could_begin(TODAY)


def test_what_is_quoted_stays_short_and_in_its_order():
    entries = [Entry(bytes([n]), YESTERDAY, 1, "") for n in range(2)]

    def one(index: int, text: str, weight: float) -> Sentence:
        return Sentence(index, 0, len(text), text, weight)

    found = [one(1, "First.", 1.0), one(0, "Second.", 0.9), one(1, "Third.", 0.8)]
    assert [q.text for q in central_quotes(entries, found)] == ["Second.", "First."]
    (only,) = central_quotes(entries, [one(0, "word " * 200, 1.0), one(1, "x" * 100, 0.5)])
    assert len(only.text) <= QUOTES_LONG
    assert central_quotes(entries, []) == ()


async def test_what_was_left_open_is_said_too(ada, sources):
    await write(ada, "Long before.\n\n- [ ] mend the gate", date(2026, 11, 1))
    one = await write(ada, "Rain all day.\n\n- [ ] call Ruth\n- [x] find the ladder", YESTERDAY)
    opening = there_is(await opened(openings_of(sources)))
    assert Quote(one.id, YESTERDAY, "☐ call Ruth") in opening.quotes
    said = [quote.text for quote in opening.quotes]
    assert "call Ruth" not in said
    assert not any("gate" in text or text == "☐ find the ladder" for text in said)


@pytest.mark.parametrize(
    ("texts", "left"),
    [
        (["- [ ] one\n* [ ] two\n1. [ ] three"], ["☐ two", "☐ three"]),
        (["- [ ] one"], ["☐ one"]),
        (["- [ ] one", "- [x] one"], []),
        (["- [x] one", "- [ ] one"], ["☐ one"]),
        (["[ ] one", "- [] two", "- [ ]", "- [ ]   ", "see - [ ] three"], []),
        (["  - [ ] inner  "], ["☐ inner"]),
        (["- [ ] " + "w" * 400], None),
    ],
)
def test_a_task_is_open_until_it_is_marked(texts, left):
    entries = [Entry(bytes([n]), YESTERDAY, 1, text) for n, text in enumerate(texts)]
    found = [quote.text for quote in left_open(entries)]
    assert found == left if left is not None else len(found[0]) <= OPEN_LONG + len("☐ ")


# What is left alone


@pytest.mark.parametrize("model", [True, False])
async def test_nothing_that_rests_is_drawn_on(model, ada, sources):
    old = await write(ada, "Three days ago the ladder was here.", TODAY - timedelta(3))
    await write(ada, "A date that rests.", TODAY - timedelta(2))
    resting = await write(ada, "An entry that rests.", YESTERDAY)
    traced = await write(ada, "An entry whose trace rests.", YESTERDAY)
    trace = await sources.traces.keep(traced.id, "grief")
    await sources.traces.rest(trace.id, True)
    await ada.rests.rest_day(TODAY - timedelta(2), True)
    await ada.rests.rest_entry(resting.id, True)
    scripted = ScriptedModel(SAID)
    opening = await opened(openings_of(sources, scripted if model else None))
    assert opening is not None
    assert opening.read == ((old.id, 1),)
    if model:
        assert "rests" not in scripted.asked[0][1].text
    else:
        assert [q.entry for q in opening.quotes] == [old.id]


async def test_where_everything_rests_there_is_no_opening(ada, sources):
    await write(ada, "A date that rests.", YESTERDAY)
    await ada.rests.rest_day(YESTERDAY, True)
    for model in (None, ScriptedModel(SAID)):
        openings = openings_of(sources, model)
        assert not openings.could_begin(TODAY)
        assert await openings.begin(TODAY) is None


async def test_what_is_kept_from_the_model_is_not_told(ada, sources):
    open_one = await write(ada, "The beans.", YESTERDAY)
    kept = await write(ada, "Kept back.", YESTERDAY)
    await ada.rests.keep_back(kept.id, True)
    model = ScriptedModel(SAID)
    opening = await opened(openings_of(sources, model))
    assert opening is not None
    assert opening.read == ((open_one.id, 1),)
    assert "Kept back" not in model.asked[0][1].text


async def test_when_all_is_kept_from_the_model_echo_opens_the_day(ada, sources):
    kept = await write(ada, "Kept back.", YESTERDAY)
    await ada.rests.keep_back(kept.id, True)
    model = ScriptedModel(SAID)
    opening = await opened(openings_of(sources, model))
    assert opening is not None
    assert opening.engine == "echo"
    assert model.asked == []


# What becomes of it


async def test_it_is_made_anew_only_when_asked(ada, sources):
    entry = await write(ada, "The beans.", YESTERDAY)
    openings = openings_of(sources, ScriptedModel(SAID))
    first = await opened(openings)
    assert first is not None
    assert not openings.has_changed(first)
    await ada.revise(entry.id, 1, "The peas.")
    assert openings.has_changed(first)
    assert not openings.is_withdrawn(first)
    assert await opened(openings) == first
    second = await opened(openings, in_place_of=first.id)
    assert second is not None
    assert second.id != first.id
    assert not openings.has_changed(second)
    assert await opened(openings, in_place_of=first.id) == second, "pressed twice"


async def test_when_none_can_be_made_anew_the_one_before_comes_back(ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    openings = openings_of(sources, ScriptedModel(SAID))
    first = there_is(await opened(openings))
    openings._model = ScriptedModel(Unreachable())
    await opened(openings, in_place_of=first.id)
    await asyncio.gather(*openings._tasks)
    assert there_is(openings.of(TODAY)).text == SAID


@pytest.mark.parametrize("model", [True, False])
async def test_let_rest_it_goes_and_is_not_made_again_unless_asked(model, ada, sources, store):
    await write(ada, "The beans are in.", YESTERDAY)
    openings = openings_of(sources, ScriptedModel(SAID) if model else None)
    await opened(openings)
    await openings.rest(TODAY)
    rested = await opened(openings)
    assert rested is not None
    assert (rested.state, rested.text, rested.quotes, rested.read) == ("rested", "", (), ())
    assert_verified(store, ada)
    again = await opened(openings, in_place_of=rested.id)
    assert again is not None
    assert again.state == "done"


async def test_let_rest_while_it_is_said_it_ends(ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    model = ScriptedModel("The beans ", "are in.", hold_at=1)
    openings = openings_of(sources, model)
    await openings.begin(TODAY)
    await until_said(openings)
    await openings.rest(TODAY)
    assert there_is(openings.of(TODAY)).state == "rested"
    assert there_is(openings.of(TODAY)).text == ""
    assert model.left == 1


async def test_what_a_crash_left_is_made_whole(ada, sources, clock: TurnableClock):
    await write(ada, "The beans.", YESTERDAY)
    model = ScriptedModel(SAID)
    openings = openings_of(sources, model)
    for text, expected in (("The be", "cut"), ("", "done")):
        left = Opening(
            new_id(), TODAY, 1, text, ada.now(), state="writing", beat=ada.now(), model="m"
        )
        before = openings.of(TODAY)
        await ada.begin_opening(left, before.id if before else None)
        assert openings.is_alive(left)
        assert await openings.begin(TODAY) == left, "its writer may live elsewhere"
        clock.advance(16)
        opening = await opened(openings)
        assert opening is not None
        assert opening.state == expected
    assert len(model.asked) == 1


async def test_what_is_erased_is_not_shown_and_after_a_minute_not_kept(ada, sources, store, clock):
    entry = await write(ada, "The beans are in.", YESTERDAY)
    openings = openings_of(sources)
    opening = await opened(openings)
    assert opening is not None
    await ada.erase(entry.id)
    assert openings.is_withdrawn(opening)
    await ada.restore(entry.id)
    assert not openings.is_withdrawn(opening)
    await ada.erase(entry.id)
    clock.advance(UNDO.total_seconds() + 1)
    await ada.sweep()
    assert openings.of(TODAY) is None
    assert ada.find(opening.id) is None
    assert_verified(store, ada)


async def test_what_is_let_rest_or_kept_back_later_is_not_shown_any_more(ada, sources):
    entry = await write(ada, "The beans are in.", YESTERDAY)
    openings = openings_of(sources, ScriptedModel(SAID))
    opening = await opened(openings)
    assert opening is not None
    await ada.rests.rest_entry(entry.id, True)
    assert openings.is_withdrawn(opening)
    await ada.rests.rest_entry(entry.id, False)
    assert not openings.is_withdrawn(opening)
    await ada.rests.keep_back(entry.id, True)
    assert openings.is_withdrawn(opening)


async def test_it_is_no_entry_and_answers_nothing(ada, sources):
    await write(ada, "The beans are in.", YESTERDAY)
    await opened(openings_of(sources))
    assert not ada.days.is_written(TODAY)
    assert ada.standing(TODAY) == []
    entry = await write(ada, "The peas.", TODAY)
    assert [thread.entry.id for thread in ada.read(TODAY)] == [entry.id]


async def test_locking_ends_it_and_keeps_what_was_said(ada, sources):
    await write(ada, "The beans.", YESTERDAY)
    model = ScriptedModel("The beans ", "are in.", hold_at=1)
    companion = Companion(sources, model, Prompts(), CompanionLimits())
    await companion.openings.begin(TODAY)
    await until_said(companion.openings)
    await companion.close()
    assert ada.opening(TODAY).text == "The beans "
    assert ada.opening(TODAY).state == "stopped"
    assert model.left == 1
    with pytest.raises(Locked):
        await companion.openings.begin(TODAY)


async def test_it_is_sealed_with_all_that_it_holds(ada, store, clock):
    quote = Quote(new_id(), YESTERDAY, "The beans.")
    opening = Opening(
        new_id(), TODAY, 1, "Text.", ada.now(), "echo", "m", "done", (quote,), None,
        ((new_id(), 3), (new_id(), 1)),
    )  # fmt: skip
    await ada.begin_opening(opening)
    assert Journal.open(store, ada.vault, clock).opening(TODAY) == opening


async def test_what_a_model_read_for_it_is_kept_as_places(ada, sources):
    one = await write(ada, "Rain. The last of the beans came in.", YESTERDAY)
    opening = there_is(await opened(openings_of(sources, ScriptedModel(SAID))))
    reading = opening.reading
    assert reading is not None
    kept = there_is(ada.opening(TODAY)).reading
    assert kept is not None, "sealed in the journal, to a tenth of a second"
    assert kept.pieces == reading.pieces
    assert [(piece.kind, piece.writing, piece.revision) for piece in reading.pieces] == [
        ("earlier", one.id, 1)
    ]
    assert reading.pieces[0].spans == ((0, len(one.text)),)
    assert (reading.template, len(reading.digest)) == (OPENING, 16)
    assert reading.parameters["max_tokens"] > 0
