"""Which traces are meant by what is typed."""

from datetime import timedelta

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import write

from llamora.journal.journal import Journal
from llamora.traces.completing import complete, matching
from llamora.traces.traces import Traces


@pytest.fixture
async def kept(ada: Journal, traces: Traces) -> dict[str, bytes]:
    """Traces by name; `rest` on three entries, the others on one."""
    ids = dict[str, bytes]()
    for names in (("rest", "reservoir"), ("rest", "the-rest"), ("rest", "été", "🎉")):
        entry = await write(ada, "A day.")
        for name in names:
            ids[name] = (await traces.keep(entry.id, name)).id
    return ids


def names(traces: Traces, typed: str, **more: object) -> list[str]:
    return [trace.name for trace in complete(traces, typed, 6, **more)]  # pyright: ignore[reportArgumentType]


async def test_names_that_begin_so_come_before_later_words_and_what_is_used_more_first(
    traces: Traces, kept: dict[str, bytes]
) -> None:
    assert names(traces, "re") == ["rest", "reservoir", "the-rest"]
    assert names(traces, " Rest ") == ["rest", "the-rest"]
    assert [trace.name for trace in complete(traces, "re", 1)] == ["rest"]


async def test_letters_within_a_word_count_when_they_are_more_than_two(
    traces: Traces, kept: dict[str, bytes]
) -> None:
    assert names(traces, "erv") == ["reservoir"]
    assert names(traces, "er") == []


async def test_accents_may_be_left_out(traces: Traces, kept: dict[str, bytes]) -> None:
    assert names(traces, "ete") == names(traces, "Été") == ["été"]


async def test_an_emoji_goes_by_its_name(traces: Traces, kept: dict[str, bytes]) -> None:
    assert names(traces, "party") == names(traces, ":tada") == ["🎉"]


async def test_what_is_near_the_entry_comes_first(traces: Traces, kept: dict[str, bytes]) -> None:
    near = {kept["reservoir"]: 0.9}
    assert names(traces, "re", near=near) == ["reservoir", "rest", "the-rest"]


async def test_what_the_entry_has_is_not_offered(traces: Traces, kept: dict[str, bytes]) -> None:
    assert names(traces, "re", kept={kept["rest"]}) == ["reservoir", "the-rest"]


@pytest.mark.parametrize("typed", ["", "  ", "!!", "x" * 65, "rest 🎉", "\u202e"])
async def test_nothing_is_meant_by_what_can_name_nothing(
    traces: Traces, kept: dict[str, bytes], typed: str
) -> None:
    assert names(traces, typed) == []


async def test_the_list_keeps_its_order_behind_the_names_that_begin_so(
    traces: Traces, kept: dict[str, bytes]
) -> None:
    def found(typed: str) -> list[str]:
        return [trace.name for trace in matching(traces.all(), typed)]

    assert found("re") == ["reservoir", "rest", "the-rest"]
    assert found("s") == ["reservoir", "rest", "the-rest"]
    assert found("the") == ["the-rest"]
    assert len(found(" ")) == len(kept)
    assert found("!!") == found("x" * 65) == []


async def test_what_was_used_lately_comes_before_what_was_used_long_ago(
    ada: Journal, traces: Traces, clock: TurnableClock
) -> None:
    for name, ago in (("rain", 900), ("radio", 3)):
        entry = await write(ada, "A day.", ada.today() - timedelta(days=ago))
        await traces.keep(entry.id, name)
    assert names(traces, "ra") == ["radio", "rain"]
