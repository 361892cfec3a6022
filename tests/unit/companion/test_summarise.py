"""What a trace has gathered is told from all of its time, kept sealed, and made anew only when it
no longer holds."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import assert_sound, write
from tests.support.server import ScriptedModel

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.generation import Failed
from llamora.companion.model import CutShort, Overflow, Unreachable
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.companion.summarise import MOST_QUOTES, MOST_READ, QUOTE_CHARACTERS, spread, told
from llamora.journal.errors import NotFound
from llamora.journal.journal import UNDO, Journal
from llamora.journal.writing import Entry
from llamora.search.central import Sentence
from llamora.storage import Store
from llamora.vault import Locked

FIRST = date(2026, 1, 1)
SAID = "You walked by the river."


def companion_of(sources: Sources, model: Any = None) -> Companion:
    return Companion(sources, model, Prompts(), CompanionLimits())


async def walks(sources: Sources, count: int, first: date = FIRST) -> tuple[bytes, list[Entry]]:
    """A trace on so many entries, one a day."""
    written: list[Entry] = []
    id = b""
    for n in range(count):
        day = first + timedelta(n)
        entry = await write(sources.journal, f"On walk {day:%j} I met a heron. Short.", day)
        id = (await sources.traces.keep(entry.id, "walk")).id
        written.append(entry)
    return id, written


# With a model


async def test_a_model_sums_up_entries_from_the_whole_time_of_the_trace(sources):
    trace, written = await walks(sources, 40)
    await write(sources.journal, "Nothing about it.", FIRST)
    model = ScriptedModel("You walked ", "by the river. ")
    summary = await companion_of(sources, model).summarise(trace)
    assert (summary.text, summary.engine, summary.model) == (SAID, "model", "scripted-1b")
    assert (summary.entries, summary.is_stale, summary.quotes) == (40, False, ())
    assert len(summary.read) == MOST_READ
    assert (summary.read[0][0], summary.read[-1][0]) == (written[0].id, written[-1].id)
    system, user = model.asked[0]
    assert "Never score" in system.text
    assert 'The trace is "walk". Of its 40 entries' in user.text
    assert user.text.count("I met a heron") == MOST_READ
    assert user.text.index("On walk 001") < user.text.index("On walk 040")
    assert "Nothing about it" not in user.text


async def test_a_small_window_is_given_fewer_entries_still_from_first_to_last(sources):
    trace, _ = await walks(sources, 12)
    model = ScriptedModel(SAID, window=1400)
    summary = await companion_of(sources, model).summarise(trace)
    asked = model.asked[0][1].text
    assert 2 <= len(summary.read) < 12
    assert asked.count("I met a heron") == len(summary.read)
    assert "On walk 001" in asked
    assert "On walk 012" in asked


class Narrow(ScriptedModel):
    """A model whose window is smaller than it says."""

    async def stream(self, messages: Any, **more: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        if not self.asked:
            self.asked.append(messages)
            raise Overflow(1400, 3000)
        async for token in super().stream(messages, **more):
            yield token


async def test_a_model_that_says_it_was_too_much_is_asked_once_more_with_less(sources):
    trace, _ = await walks(sources, 12)
    model = Narrow(SAID)
    assert (await companion_of(sources, model).summarise(trace)).text == SAID
    first, second = (asked[1].text.count("I met a heron") for asked in model.asked)
    assert first == 12
    assert 0 < second < 12


@pytest.mark.parametrize("pieces", [[Unreachable("10.0.0.1")], ["So ", CutShort("x")], [" "]])
async def test_a_model_that_fails_leaves_what_was_there(pieces, sources, caplog):
    caplog.set_level(logging.DEBUG)
    trace, written = await walks(sources, 2)
    with pytest.raises(Failed) as failed:
        await companion_of(sources, ScriptedModel(*pieces)).summarise(trace)
    assert failed.value.sentence.endswith(".")
    assert companion_of(sources).summary(trace) is None
    await companion_of(sources, ScriptedModel(SAID)).summarise(trace)
    await sources.journal.revise(written[0].id, 1, "Another.")
    failing = companion_of(sources, ScriptedModel(*pieces))
    with pytest.raises(Failed):
        await failing.summarise(trace)
    assert (kept := failing.summary(trace))
    assert (kept.text, kept.is_stale) == (SAID, True)
    assert "heron" not in caplog.text


async def test_two_tabs_make_one(sources):
    trace, _ = await walks(sources, 2)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    tabs = [asyncio.create_task(companion.summarise(trace)) for _ in range(2)]
    await until_asked(model)
    model.go_on()
    one, other = await asyncio.gather(*tabs)
    assert one == other
    assert len(model.asked) == 1


async def test_it_is_made_though_whoever_asked_has_left(sources):
    trace, _ = await walks(sources, 2)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    reader = asyncio.create_task(companion.summarise(trace))
    await until_asked(model)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    model.go_on()
    assert (await companion.summarise(trace)).text == SAID
    assert len(model.asked) == 1


async def test_locking_ends_the_making(sources):
    trace, _ = await walks(sources, 2)
    model = ScriptedModel(SAID, hold_at=0)
    companion = companion_of(sources, model)
    reader = asyncio.create_task(companion.summarise(trace))
    await until_asked(model)
    await companion.close()
    with pytest.raises(Locked):
        await reader
    assert model.left == 1
    with pytest.raises(Locked):
        await companion.summarise(trace)


async def test_a_real_model_sums_up(sources, llama):
    trace, _ = await walks(sources, 5)
    model = Endpoint(ModelSettings(host=llama.url, api_key=llama.api_key))
    companion = companion_of(sources, model)
    summary = await companion.summarise(trace)
    await model.aclose()
    assert summary.text.startswith(("You w", "The evening was quiet."))
    assert summary.model == "tiny"
    assert companion.summary(trace) == summary


# Without one


async def test_without_a_model_it_is_told_in_sentences_from_first_to_last(sources, search):
    trace, written = await walks(sources, 20)
    summary = await companion_of(sources).summarise(trace)
    assert (summary.engine, summary.text, summary.model) == ("echo", "", "")
    texts = {entry.id: entry for entry in written}
    assert 1 < len(summary.quotes) <= MOST_QUOTES
    for quote in summary.quotes:
        assert quote.text in texts[quote.entry].text
        assert quote.day == texts[quote.entry].day
    assert [q.day for q in summary.quotes] == sorted(q.day for q in summary.quotes)
    assert len(summary.read) == 20
    assert companion_of(sources).summary(trace) == summary


async def test_where_no_sentence_tells_of_it_that_is_said(sources, search, monkeypatch):
    trace, _ = await walks(sources, 1)

    async def none(*_: object) -> list[Sentence]:
        return []

    monkeypatch.setattr(search, "central", none)
    with pytest.raises(Failed):
        await companion_of(sources).summarise(trace)


def sentence(index: int, weight: float, text: str = "Said.") -> Sentence:
    return Sentence(index, 0, len(text), text, weight)


def test_each_stretch_of_the_time_is_told_by_its_weightiest_sentence():
    entries = [Entry(bytes([n]), FIRST + timedelta(n), 1, "") for n in range(8)]
    found = [sentence(0, 0.4), sentence(1, 0.9), sentence(5, 1.0), sentence(7, 0.3)]
    assert [quote.entry[0] for quote in told(entries, found, "walk")] == [1, 5, 7]
    (quote,) = told(entries[:1], [sentence(0, 1.0, "word " * 200)], "walk")
    assert len(quote.text) <= QUOTE_CHARACTERS
    assert quote.text.endswith("word")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("walk", "Many walks."),
        ("river-bank", "Banks of rivers."),
        ("🎉", "It was so."),
        ("sea", "It was so."),
    ],
)
def test_a_sentence_that_names_the_trace_tells_more_of_it(name, expected):
    entries = [Entry(bytes(16), FIRST, 1, "")]
    found = [
        sentence(0, 1.0, "It was so."),
        sentence(0, 0.2, "Many walks."),
        sentence(0, 0.1, "Banks of rivers."),
    ]
    assert [quote.text for quote in told(entries, found, name)] == [expected]


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [
        (0, 4, []),
        (3, 4, [0, 1, 2]),
        (7, 4, [0, 2, 4, 6]),
        (100, 3, [0, 49, 99]),
        (9, 2, [0, 8]),
        (9, 1, [8]),
    ],
)
def test_what_is_spread_has_the_first_the_last_and_some_between(count, most, expected):
    assert spread(range(count), most) == expected


# As time goes on


@pytest.fixture
async def made(sources: Sources) -> tuple[Companion, bytes, list[Entry]]:
    """A summary of a trace on four entries, and the companion that made it."""
    trace, written = await walks(sources, 4)
    companion = companion_of(sources, ScriptedModel(SAID))
    await companion.summarise(trace)
    return companion, trace, written


def staleness(companion: Companion, trace: bytes) -> bool:
    summary = companion.summary(trace)
    assert summary is not None
    return summary.is_stale


async def test_what_still_holds_is_not_made_again(sources, made):
    companion, trace, _ = made
    before = companion.summary(trace)
    other = companion_of(sources, ScriptedModel("Never said."))
    assert await other.summarise(trace) == before == other.summary(trace)


async def test_a_revised_entry_makes_it_stale_and_it_is_shown_until_made_anew(sources, made):
    companion, trace, written = made
    await sources.journal.revise(written[1].id, 1, "Otherwise.")
    assert staleness(companion, trace)
    other = companion_of(sources, ScriptedModel("You said it otherwise."))
    assert (await other.summarise(trace)).text == "You said it otherwise."
    assert not staleness(companion, trace)


async def test_an_entry_that_is_moved_or_loses_the_trace_makes_it_stale(sources, made):
    companion, trace, written = made
    await sources.traces.drop(written[0].id, trace)
    assert staleness(companion, trace)
    await sources.traces.keep(written[0].id, "walk")
    assert not staleness(companion, trace)
    await sources.journal.move(written[0].id, FIRST + timedelta(9), None)
    assert staleness(companion, trace)


async def test_a_trace_that_has_grown_by_half_makes_it_stale(sources, made):
    companion, trace, _ = made
    await walks(sources, 1, FIRST + timedelta(30))
    assert not staleness(companion, trace)
    await walks(sources, 1, FIRST + timedelta(31))
    assert staleness(companion, trace)


async def test_what_was_made_from_an_erased_entry_is_not_shown_and_goes_with_it(
    ada: Journal, clock: TurnableClock, store: Store, made
):
    companion, trace, written = made
    await ada.erase(written[1].id)
    assert companion.summary(trace) is None
    clock.advance(UNDO.total_seconds() - 1)
    await ada.sweep()
    await ada.restore(written[1].id)
    assert not staleness(companion, trace), "brought back, it holds as before"
    await ada.erase(written[1].id)
    clock.advance(UNDO.total_seconds() + 1)
    await ada.sweep()
    assert store.row("SELECT count(*) FROM drafts") == (0,)
    assert_sound(store, ada.vault)


async def test_locking_lets_go_of_it_with_what_was_erased(ada: Journal, store: Store, made):
    _, _, written = made
    await ada.erase(written[0].id)
    await ada.sweep(everything=True)
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_letting_go_of_an_entry_leaves_the_summaries_of_others(ada: Journal, made):
    companion, trace, _ = made
    other = await write(ada, "Not a walk.")
    await ada.keep_draft("day:2026-11-22", "kept on")
    await ada.erase(other.id)
    await ada.sweep(everything=True)
    assert not staleness(companion, trace)
    assert ada.draft("day:2026-11-22")


async def test_it_goes_with_the_trace(sources, store, made):
    companion, trace, _ = made
    await sources.traces.erase(trace)
    assert companion.summary(trace) is None
    assert store.row("SELECT count(*) FROM drafts") == (0,)
    with pytest.raises(NotFound):
        await companion.summarise(trace)


async def test_a_trace_that_goes_into_another_takes_its_summary_along(sources, store, made):
    _, trace, written = made
    other = await sources.traces.keep(written[0].id, "river")
    await sources.traces.merge(trace, other.id)
    assert store.row("SELECT count(*) FROM drafts") == (0,)


@pytest.mark.parametrize("what", ["the trace", "an entry"])
async def test_what_goes_while_it_is_summed_up_leaves_nothing(what, sources, store):
    trace, written = await walks(sources, 2)
    model = ScriptedModel(SAID, hold_at=0)
    making = asyncio.create_task(companion_of(sources, model).summarise(trace))
    await until_asked(model)
    if what == "the trace":
        await sources.traces.erase(trace)
    else:
        await sources.journal.erase(written[0].id)
        await sources.journal.sweep(everything=True)
    model.go_on()
    with pytest.raises((NotFound, Failed)):
        await making
    assert store.row("SELECT count(*) FROM drafts") == (0,)


async def test_a_summary_that_does_not_open_is_made_anew(sources, store, made):
    companion, trace, _ = made
    await store.write(lambda tx: tx.execute("UPDATE drafts SET revision = revision + 1"))
    assert companion.summary(trace) is None
    assert (await companion.summarise(trace)).text == SAID
    assert companion.summary(trace)


async def until_asked(model: ScriptedModel) -> None:
    while not model.asked:  # noqa: ASYNC110
        await asyncio.sleep(0)
