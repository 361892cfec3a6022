"""Search, measured three ways: the index in this process, the pages over HTTP, the command line."""

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks.filling import NAME, PASSWORD, Filled
from benchmarks.serving import Client, Server
from llamora.cli.journals import rooms_of, vault_of
from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.search.follow import Follower
from llamora.settings import Database, Settings

QUERIES = 240
MOST_WORDS = 4
WRITTEN = 5
"""Entries that are written to see when they are found ..."""
PATIENCE_SECONDS = 10.0
"""... which each is in this time, or the measuring ends."""
EMBEDDED = 1_000
EMBEDDED_CHARACTERS = 600

Figures = dict[str, float]


def indexed(path: Path, filled: Filled) -> Figures:
    """Builds the index of a journal that has none, and reads it again as unlocking does."""
    settings = replace(Settings(), database=Database(path=path))
    with rooms_of(settings) as rooms, vault_of(rooms, NAME, PASSWORD) as vault:
        journal = Journal.open(rooms.store, vault, rooms.clock)
        embedding = _embedding(filled.texts)
        began = time.perf_counter()
        follower = Follower(rooms.store, journal, Embedders())
        follower.load()
        follower.catch_up(lambda: False)
        follower.tend(lambda: False)
        seconds = time.perf_counter() - began
        passages = follower.shelf.passages
        began = time.perf_counter()
        Follower(rooms.store, journal, Embedders()).load()
        loading = (time.perf_counter() - began) * 1000
        asyncio.run(rooms.store.truncate())
    return {
        "passages": passages,
        "embedding, passages/s": embedding,
        "indexing, passages/s": passages / seconds,
        "reading the index, ms": loading,
    }


async def first_search(server: Server, client: Client, filled: Filled) -> Figures:
    """The first search after signing in, and whether all that was planted is found."""
    before = server.worker_rss_mib()
    word, *_ = filled.planted
    began = time.perf_counter()
    await search(client, word)
    figures: Figures = {"first search after sign-in, ms": (time.perf_counter() - began) * 1000}
    figures["index in memory, MiB"] = server.worker_rss_mib() - before
    pages = [(await search(client, word), id) for word, id in filled.planted.items()]
    figures[f"old rare words found, of {len(pages)}"] = sum(id.encode() in p for p, id in pages)
    return figures


async def searches(client: Client, filled: Filled) -> Figures:
    """Many searches, no two alike."""
    taken: list[float] = []
    for query in queries(filled):
        began = time.perf_counter()
        await search(client, query)
        taken.append((time.perf_counter() - began) * 1000)
    return {"search p50, ms": statistics.median(taken), "search p95, ms": p95(taken)}


async def until_found(client: Client, filled: Filled) -> float:
    """From sending an entry to the search that finds it: the median, in milliseconds."""
    taken: list[float] = []
    for number, day in enumerate(filled.days[-WRITTEN:]):
        word = f"wyvern{'xyzqj'[number]}"
        began = time.perf_counter()
        path, form = f"/days/{day}/entries", {"text": f"A {word}."}
        _, page = await client.post(path, form, partial=True)
        (id,) = re.findall(rb'id="entry-([0-9a-f]{32})"', page)
        while id not in await search(client, word):
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise SystemExit("An entry that was written is not found.")
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


async def search(client: Client, query: str) -> bytes:
    """The results as HTML."""
    status, page = await client.post("/search", {"query": query}, partial=True)
    if status != 200:
        raise SystemExit(f"A search answered {status}.")
    return page


def by_command(path: Path, filled: Filled) -> Figures:
    """`llamora-server search`: from a query on its stdin to the line that answers it."""
    password = path.with_name("password")
    password.write_text(PASSWORD)
    command = [sys.executable, "-m", "llamora", "search", "--user", NAME]
    taken: list[float] = []
    with subprocess.Popen(
        [*command, "--password-file", str(password)],
        env={**os.environ, "LLAMORA_DATABASE__PATH": str(path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        assert process.stdout
        # The first answer comes when it has started and has the index.
        for query in (next(iter(filled.planted)), *queries(filled)):
            began = time.perf_counter()
            process.stdin.write(query + "\n")
            if not process.stdout.readline():
                raise SystemExit("A search on the command line was not answered.")
            taken.append((time.perf_counter() - began) * 1000)
        process.stdin.close()
    return {
        "search p50, command line, ms": statistics.median(taken[1:]),
        "search p95, command line, ms": p95(taken[1:]),
    }


def queries(filled: Filled) -> list[str]:
    """Queries of one to four words that stand in one entry, common and rare; no two alike."""
    chance = random.Random(11)
    found: dict[str, None] = {}
    while len(found) < QUERIES:
        words = re.findall(r"\w+", chance.choice(filled.texts).lower())
        found[" ".join(chance.sample(words, chance.randint(1, MOST_WORDS)))] = None
    return list(found)


def p95(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _embedding(texts: Sequence[str]) -> float:
    """Passages that the built-in embedder alone takes in a second."""
    whole = " ".join(texts)
    starts = range(0, len(whole) - EMBEDDED_CHARACTERS, EMBEDDED_CHARACTERS)
    passages = [whole[at : at + EMBEDDED_CHARACTERS] for at in islice(starts, EMBEDDED)]
    embedder = Embedders().built_in
    embedder.passages(passages[:64])  # reads the model
    began = time.perf_counter()
    for at in range(0, len(passages), 64):
        embedder.passages(passages[at : at + 64])
    return len(passages) / (time.perf_counter() - began)
