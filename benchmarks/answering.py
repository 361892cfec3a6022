"""How answers pass through: how long until a model is asked, how fast and how late its tokens reach
the page, and whether a hundred at once all arrive."""

import asyncio
import itertools
import re
import secrets
import statistics
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from benchmarks.filling import LONG_DAY, NAME, PASSWORD, Filled
from benchmarks.searching import p95
from benchmarks.serving import Client, Server, serving
from benchmarks.upstream import Upstream, speaking

TOKENS_AT_ONCE = 200
PACE = 0.05
"""Seconds between two tokens, as a model that reads aloud takes."""
MANY = 100
ASKED = 8
Figures = dict[str, float]


def answering(path: Path, filled: Filled) -> Figures:
    """Every figure of answers by a model, and of Echo's where there is none."""
    figures: Figures = {}
    for tokens in (2_000, 5_000):
        figures |= asyncio.run(_passing_through(path, filled, tokens))
    figures |= asyncio.run(_one_after_the_other(path, filled))
    figures |= asyncio.run(_many_at_once(path, filled))
    return figures | asyncio.run(_echo(path, filled))


@dataclass
class Read:
    """What a reader saw of one answer: when each token first stood on the page, by number."""

    seen: dict[int, float] = field(default_factory=dict[int, float])
    ended: float = 0.0
    whole: str = ""


async def _passing_through(path: Path, filled: Filled, tokens: int) -> Figures:
    async with speaking(tokens) as upstream:
        with serving(path, {"LLAMORA_LLM__UPSTREAM__HOST": upstream.address}) as server:
            client = await _signed_in(server)
            speeds = [
                tokens / await _taken(server, client, entry)
                for day in filled.pages[1:6]
                for entry in (await _entries(client, day))[:1]
            ]
            waits: list[float] = []
            for entry in (await _entries(client, filled.long_day))[-5:]:
                upstream.asked.clear()
                began = time.perf_counter()
                await _taken(server, client, entry)
                waits.append((upstream.asked[0] - began) * 1000)
            client.close()
    return {
        f"tokens/s, {tokens:,} tokens": statistics.median(speeds),
        f"before the model is asked, day of {LONG_DAY} entries, ms": statistics.median(waits),
    }


async def _one_after_the_other(path: Path, filled: Filled) -> Figures:
    """A model that says a token every 50 ms: how much later than said a token is on the page."""
    late: list[float] = []
    first: list[float] = []
    pressed: list[float] = []
    async with speaking(60, PACE) as upstream:
        with serving(path, {"LLAMORA_LLM__UPSTREAM__HOST": upstream.address}) as server:
            client = await _signed_in(server)
            for day in filled.pages[6 : 6 + ASKED]:
                entry = (await _entries(client, day))[0]
                upstream.said.clear()
                began = time.perf_counter()
                read = await _read(server, client, await _begin(client, entry))
                one = _lateness(upstream, read)
                late += one
                first.append(one[0])
                pressed.append((read.seen[0] - began) * 1000)
            client.close()
    return {
        "added latency per token, median, ms": statistics.median(late),
        "added latency per token, p95, ms": p95(late),
        "added latency of the first token, median, ms": statistics.median(first[1:]),
        "first token, from pressing to page, ms": statistics.median(pressed[1:]),
    }


async def _many_at_once(path: Path, filled: Filled) -> Figures:
    """A hundred answers at once in one process, each with a reader of its own."""
    many = str(MANY)
    async with speaking(TOKENS_AT_ONCE, PACE) as upstream:
        environ = {
            "LLAMORA_LLM__UPSTREAM__HOST": upstream.address,
            "LLAMORA_LLM__UPSTREAM__PARALLEL": many,
            "LLAMORA_LIMITS__GENERATIONS_PER_ACCOUNT": many,
            "LLAMORA_LIMITS__STREAMS_PER_SESSION": many,
        }
        with serving(path, environ) as server:
            client = await _signed_in(server)
            entries = [e for day in filled.pages for e in (await _entries(client, day))[-4:]]
            await _read(server, client, await _begin(client, entries[-1]))  # what loads once, loads
            client = await _beside(server, client)  # the server closes one that is long idle
            begun = [await _begin(client, entry) for entry in entries[:MANY]]
            before = server.worker_rss_mib()
            reads = await asyncio.gather(*(_read(server, client, one) for one in begun))
            grown = server.worker_rss_mib() - before
            client.close()
    whole = sum(f"w{TOKENS_AT_ONCE - 1}." in read.whole for read in reads)
    late = sorted(moment for read in reads for moment in _gaps(read))
    return {
        f"answers that arrived whole, of {MANY} at once": float(whole),
        f"between two pieces on the page, {MANY} at once, p95, ms": p95(late),
        f"memory that {MANY} answers at once take, MiB": grown,
    }


async def _echo(path: Path, filled: Filled) -> Figures:
    with serving(path, {}) as server:
        client = await _signed_in(server)
        days = filled.pages[-ASKED - 1 :]
        entries = [(await _entries(client, day))[0] for day in days]
        spoken = [await _taken(server, client, entry) * 1000 for entry in entries]
        opened = [await _opening(server, client, day) * 1000 for day in filled.days[-ASKED - 1 :]]
        client.close()
    return {
        "Echo's response, ms": statistics.median(spoken[1:]),
        "Echo's response, slowest, ms": max(spoken[1:]),
        "Echo's opening, ms": statistics.median(opened[1:]),
        "Echo's opening, slowest, ms": max(opened[1:]),
    }


async def _opening(server: Server, client: Client, day: date) -> float:
    """Asks for a past day's opening and reads it to its end; the seconds that took."""
    began = time.perf_counter()
    status, _ = await client.post(f"/days/{day}/opening", {"key": secrets.token_hex(8)})
    if status >= 400:
        raise SystemExit(f"The opening of a day answered {status}.")
    follower = await _beside(server, client)
    async for _ in follower.events(f"/days/{day}/opening/stream"):
        pass
    follower.close()
    return time.perf_counter() - began


def _lateness(upstream: Upstream, read: Read) -> list[float]:
    """Milliseconds between the moment a token was said and that at which it stood on the page."""
    return [(read.seen[n] - said) * 1000 for n, said in enumerate(upstream.said) if n in read.seen]


def _gaps(read: Read) -> list[float]:
    moments = sorted(set(read.seen.values()))
    return [(b - a) * 1000 for a, b in itertools.pairwise(moments)]


async def _signed_in(server: Server) -> Client:
    client = await Client(server.port).open()
    status, _ = await client.post("/login", {"name": NAME, "password": PASSWORD})
    if status != 303:
        raise SystemExit(f"Sign-in answered {status}.")
    return client


async def _beside(server: Server, client: Client) -> Client:
    """Another connection of the same session."""
    other = await Client(server.port).open()
    other.cookie = client.cookie
    return other


async def _entries(client: Client, day: date) -> list[str]:
    """The ids of a day's entries."""
    _, page = await client.get(f"/days/{day}")
    return [found.decode() for found in re.findall(rb'id="entry-([0-9a-f]{32})"', page)]


async def _begin(client: Client, entry: str) -> str:
    """Asks for a response; its id."""
    form = {"key": secrets.token_hex(8)}
    _, answer = await client.post(f"/entries/{entry}/responses", form, partial=True)
    found = re.search(rb'id="response-([0-9a-f]{32})', answer)
    if found is None:
        raise SystemExit("A page was not as expected.")
    return found[1].decode()


async def _taken(server: Server, client: Client, entry: str) -> float:
    """Asks for a response and reads it to its end; the seconds that took."""
    began = time.perf_counter()
    return (await _read(server, client, await _begin(client, entry))).ended - began


async def _read(server: Server, client: Client, response: str) -> Read:
    """Follows a response to its end."""
    follower = await _beside(server, client)
    read, newest = Read(), -1
    async for data in follower.events(f"/responses/{response}/stream"):
        now = time.perf_counter()
        if read.seen or "w0." in data:
            told = [int(n) for n in re.findall(r"\bw(\d+)\.", data)]
            for n in range(newest + 1, max(told, default=newest) + 1):
                read.seen[n] = now
            newest = max(newest, *told) if told else newest
        read.whole = data
    read.ended = time.perf_counter()
    follower.close()
    return read
