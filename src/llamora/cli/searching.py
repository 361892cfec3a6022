"""Answering queries on the command line: one JSON line each."""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any

from llamora.cli.say import note
from llamora.search.find import Found, Result
from llamora.search.search import Search

PROGRESS_SECONDS = 0.2


async def answer(
    search: Search,
    queries: Iterable[str],
    limit: int,
    *,
    progress: Callable[[int, int], None],
) -> None:
    """Prints the answer to each query, `{"query", "results": [{"entry", "date", "score",
    "snippet"}]}`, as soon as it is found. The index takes in everything written so far first."""
    try:
        await _whole(search, progress)
        said: set[str] = set()
        for line in queries:
            found = await search.find(query := line.strip("\r\n"), limit=limit)
            for sentence in found.notes:
                if sentence not in said:
                    said.add(sentence)
                    note(sentence)
            print(json.dumps(_answer(query, found)), flush=True)
    finally:
        await search.close()


async def _whole(search: Search, progress: Callable[[int, int], None]) -> None:
    """Waits until the index holds everything, and says how far it is."""
    whole = asyncio.create_task(search.whole())
    while not whole.done():
        await asyncio.wait((whole,), timeout=PROGRESS_SECONDS)
        if search.progress:
            progress(search.progress.done, search.progress.total)
    await whole


def _answer(query: str, found: Found) -> dict[str, Any]:
    return {"query": query, "results": [_result(result) for result in found.results]}


def _result(result: Result) -> dict[str, Any]:
    return {
        "entry": result.entry.hex(),
        "date": result.day.isoformat(),
        "score": round(result.score, 4),
        "snippet": result.snippet.text,
    }
