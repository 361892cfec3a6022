"""What a model read for a response: kept with it, sealed, without a word."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.support.journals import answer, write

from llamora.journal.journal import Journal
from llamora.journal.reading import MOST_PIECES, Read, Reading, as_header, from_header
from llamora.kernel import new_id

READING = Reading(
    (
        Read("related", new_id(), 3, ((40, 380),)),
        Read("trace", trace=new_id()),
        Read("entry", new_id(), 1, ((0, 200), (900, 1_100))),
    ),
    unlisted=2,
    template="respond.txt.j2",
    digest="0123456789abcdef",
    parameters={"temperature": 0.7, "stop": ["\n\n"]},
    tokens=(812, 64),
    seconds=2.5,
)


async def test_it_comes_back_as_it_was_and_moves_with_its_response(ada: Journal) -> None:
    entry = await write(ada, "The heron.")
    response = await answer(ada, entry, "So.", reading=READING)
    assert response.reading == replace(READING, parameters=dict(READING.parameters))
    await ada.move(entry.id, date(2025, 1, 3), None)
    assert ada.response(response.id).reading == response.reading


async def test_a_response_without_one_has_no_trace_of_it(ada: Journal) -> None:
    response = await answer(ada, await write(ada, "The heron."), "So.")
    assert response.reading is None


async def test_the_longest_list_still_fits_a_record_of_24_kib(ada: Journal) -> None:
    pieces = tuple(Read("today", new_id(), 9, ((0, 64_000),), new_id()) for _ in range(MOST_PIECES))
    entry = await write(ada, "The heron.")
    response = await answer(ada, entry, "So.", reading=replace(READING, pieces=pieces))
    row = ada._store.row("SELECT sealed FROM writings WHERE id = ?", (response.id,))
    assert row
    assert len(row[0]) < 32 * 1024
    assert ada.response(response.id).reading


@pytest.mark.parametrize(
    "broken",
    [
        {"pieces": 1},
        {"pieces": [["today"]]},
        {"pieces": [["today", "xy", 1, [], ""]]},
        {"tokens": [1]},
        {"seconds": "long"},
    ],
)
def test_what_is_none_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_header({**as_header(READING), **broken})
