"""Answering queries on the command line: one JSON line each."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from llamora.cli.say import note
from llamora.search.find import Found, Result
from llamora.search.query import Query
from llamora.search.search import Search

if TYPE_CHECKING:
    from llamora.companion.other_words import OtherWords

PROGRESS_SECONDS = 0.2


async def answer(
    search: Search,
    queries: Iterable[str],
    limit: int,
    asks: "OtherWords | None" = None,
    *,
    progress: Callable[[int, int], None],
) -> None:
    """Prints the answer to each query, `{"query", "results": [{"entry", "date", "score",
    "snippet"}]}`, as soon as it is found. With `asks`, each is searched for in other words too, and
    the answer says in which: `"other_words"`. The index takes in everything written so far
    first."""
    try:
        await _whole(search, progress)
        said: set[str] = set()
        for line in queries:
            found = await search.find(query := line.strip("\r\n"), limit=limit)
            sentences = list(found.notes)
            if asks:
                others = await _others(asks, found.query, sentences)
                found = await search.find(query, limit=limit, others=others)
                sentences += found.notes
            for sentence in sentences:
                if sentence not in said:
                    said.add(sentence)
                    note(sentence)
            print(json.dumps(_answer(query, found, told=asks is not None)), flush=True)
    finally:
        if asks:
            await asks.close()
        await search.close()


async def _others(asks: "OtherWords", query: Query, sentences: list[str]) -> tuple[str, ...]:
    """Other words for a query; none when it has no free words, or the model has none, and then a
    sentence says why."""
    from llamora.companion.generation import Failed

    if not query.has_free_words:
        return ()
    try:
        return await asks.of(query.words)
    except Failed as e:
        sentences.append(e.sentence)
        return ()


async def _whole(search: Search, progress: Callable[[int, int], None]) -> None:
    """Waits until the index holds everything, and says how far it is."""
    whole = asyncio.create_task(search.whole())
    while not whole.done():
        await asyncio.wait((whole,), timeout=PROGRESS_SECONDS)
        if search.progress:
            progress(search.progress.done, search.progress.total)
    await whole


def _answer(query: str, found: Found, *, told: bool) -> dict[str, Any]:
    others = {"other_words": list(found.query.others)} if told else {}
    return {"query": query, **others, "results": [_result(result) for result in found.results]}


def _result(result: Result) -> dict[str, Any]:
    return {
        "entry": result.entry.hex(),
        "date": result.day.isoformat(),
        "score": round(result.score, 4),
        "snippet": result.snippet.text,
    }
