"""`uv run python -m benchmarks [--entries 1000 10000 50000] [--to FILE]`.

Fills a journal, drives the real server over HTTP over distinct days, prints a table and writes
JSON. Figures are medians unless they say otherwise; on a busy machine read them as ratios.
"""

import argparse
import asyncio
import json
import platform
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import rotating, searching, tracing
from benchmarks.answering import answering
from benchmarks.filling import NAME, PASSWORD, Filled, fill
from benchmarks.serving import Client, Server, serving

ROUNDS = 3
LOAD_SECONDS = 4.0
CONNECTIONS = 8
SETTLE_SECONDS = 2.0
"""After the first search, until what is done in the background once is done."""

Figures = dict[str, float]


def main() -> None:
    asked = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    asked.add_argument("--entries", type=int, nargs="+", default=[1_000, 10_000, 50_000])
    asked.add_argument("--to", type=Path, default=Path("benchmarks/results/latest.json"))
    given = asked.parse_args()
    results = {str(n): measure(n) for n in given.entries}
    _print(results)
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    given.to.parent.mkdir(parents=True, exist_ok=True)
    given.to.write_text(json.dumps({"about": about, "figures": results}, indent=1) + "\n")


def measure(entries: int) -> Figures:
    """Every figure for a journal of that size."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.sqlite3"
        filled = fill(path, entries)
        figures: Figures = {
            "filling, entries/s": filled.entries / filled.seconds,
            "disk per entry without the index, B": filled.bytes_on_disk / filled.entries,
        }
        figures |= searching.indexed(path, filled)
        figures["disk per entry, B"] = path.stat().st_size / filled.entries
        rounds: list[Figures] = []
        for _ in range(ROUNDS):
            with serving(path, {}) as server:
                rounds.append(asyncio.run(_drive(server, filled)))
        for name in rounds[0]:
            figures[name] = statistics.median(one[name] for one in rounds)
        figures |= searching.by_command(path, filled)
        figures |= answering(path, filled)
        return figures | rotating.rotated(path)


async def _drive(server: Server, filled: Filled) -> Figures:
    figures: Figures = {
        "cold start to first 200, s": server.cold_start,
        "RSS at start, MiB": server.worker_rss_mib(),
    }
    client = await Client(server.port).open()
    figures["sign-in, ms"] = await _once(lambda: _sign_in(client))
    figures["first day page after sign-in, ms"] = await _once(
        lambda: client.get(f"/days/{filled.pages[0]}")
    )
    figures |= await searching.first_search(server, client, filled)
    await asyncio.sleep(SETTLE_SECONDS)
    figures["day page, 15 entries, first time, ms"] = await _median(
        [f"/days/{day}" for day in filled.pages[1:]], client.get
    )
    figures["day page, 15 entries, again, ms"] = await _median(
        [f"/days/{day}" for day in filled.pages[1:]], client.get
    )
    months = sorted({f"/calendar/{day:%Y-%m}" for day in filled.days})
    figures["calendar month, ms"] = await _median(
        months, lambda path: client.get(path, partial=True)
    )
    figures |= await searching.searches(client, filled)
    figures |= await tracing.traces(client, filled)
    figures["write an entry, ms"] = await _median(
        [f"/days/{day}/entries" for day in filled.days[-60:]],
        lambda path: client.post(path, {"text": "A heron. " * 60}, partial=True),
    )
    figures["from writing to found, ms"] = await searching.until_found(client, filled)
    figures["requests/s, day page, 8 connections"] = await _load(server, client.cookie, filled)
    figures["RSS after use, MiB"] = server.worker_rss_mib()
    client.close()
    return figures


async def _sign_in(client: Client) -> None:
    status, _ = await client.post("/login", {"name": NAME, "password": PASSWORD})
    if status != 303:
        raise SystemExit(f"Sign-in answered {status}.")


async def _once(act: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await act()
    return (time.perf_counter() - began) * 1000


async def _median(paths: list[str], act: Callable[[str], Awaitable[tuple[int, bytes]]]) -> float:
    taken: list[float] = []
    for path in paths:
        began = time.perf_counter()
        status, _ = await act(path)
        taken.append((time.perf_counter() - began) * 1000)
        if status not in (200, 201):
            raise SystemExit(f"{path} answered {status}.")
    return statistics.median(taken)


async def _load(server: Server, cookie: str, filled: Filled) -> float:
    """Requests a second over eight connections, each over all the pages."""
    end = time.perf_counter() + LOAD_SECONDS

    async def one(offset: int) -> int:
        client = await Client(server.port).open()
        client.cookie = cookie
        done = 0
        while time.perf_counter() < end:
            day = filled.pages[(offset + done) % len(filled.pages)]
            await client.get(f"/days/{day}")
            done += 1
        client.close()
        return done

    return sum(await asyncio.gather(*(one(5 * n) for n in range(CONNECTIONS)))) / LOAD_SECONDS


def _found(pattern: bytes, page: bytes) -> str:
    match = re.search(pattern, page)
    if match is None:
        raise SystemExit("A page was not as expected.")
    return match[1].decode()


def _print(results: dict[str, Figures]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("figure", *(f"{int(n):,} entries" for n in results))
    for name in next(iter(results.values())):
        table.add_row(name, *(f"{figures[name]:,.1f}" for figures in results.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
