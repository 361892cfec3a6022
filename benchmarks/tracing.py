"""How fast traces answer: their list, one of them with its year, its popover, completion, and what
keeping and dropping one takes."""

import re
import statistics
import time
from collections.abc import Awaitable, Callable

from benchmarks.filling import Filled
from benchmarks.serving import Client

SHOWN = 40
"""How many traces are looked at, spread over the list's first page."""
KEPT = 40
"""How many times one is kept and dropped."""
Figures = dict[str, float]


async def traces(client: Client, filled: Filled) -> Figures:
    """Medians in milliseconds, after the first of each: that one counts what the others find."""
    found = re.findall(r"/traces/([0-9a-f]{32})\b", await _page(client, "/traces"))
    ids = [*dict.fromkeys(found)][:SHOWN]
    page = await _page(client, f"/days/{filled.pages[-1]}")
    entries = re.findall(r'id="entry-([0-9a-f]{32})"', page)
    begun = ("a", "ka", "mi", "ta", "su", "no", "pa", "ri", "fo", "ga")

    async def get(path: str) -> None:
        await _page(client, path)

    async def card(path: str) -> None:
        status, _ = await client.get(path, partial=True)
        if status != 200:
            raise SystemExit(f"{path} answered {status}.")

    async def complete(typed: str) -> None:
        path = f"/entries/{entries[0]}/traces/completion"
        await client.post(path, {"name": typed}, partial=True)

    async def keep(name: str) -> None:
        await _kept(client, entries[-1], name)

    async def drop(id: str) -> None:
        path = f"/entries/{entries[-1]}/traces/{id}?_method=DELETE"
        status, _ = await client.post(path, {"a": "b"}, partial=True)
        if status >= 400:
            raise SystemExit(f"Dropping a trace answered {status}.")

    figures = {
        "traces view, ms": await _median(["/traces"] * 20, get),
        "trace detail with heatmap, ms": await _median([f"/traces/{id}" for id in ids], get),
        "trace popover, ms": await _median([f"/traces/{id}/popover" for id in ids], card),
        "trace completion, ms": await _median([*begun, *begun], complete),
    }
    figures["keep a trace, ms"] = await _median([f"benchmark {n}" for n in range(KEPT)], keep)
    after = await _page(client, f"/days/{filled.pages[-1]}")
    figures["drop a trace, ms"] = await _median(_pills(after, entries[-1]), drop)
    return figures


async def _page(client: Client, path: str) -> str:
    status, body = await client.get(path)
    if status != 200:
        raise SystemExit(f"{path} answered {status}.")
    return body.decode()


async def _kept(client: Client, entry: str, name: str) -> None:
    form = {"name": name, "exact": "1"}
    status, _ = await client.post(f"/entries/{entry}/traces", form, partial=True)
    if status >= 400:
        raise SystemExit(f"Keeping a trace answered {status}.")


def _pills(page: str, entry: str) -> list[str]:
    """The ids of an entry's traces."""
    card = page.split(f'id="entry-{entry}"', 1)[1].split('id="entry-', 1)[0]
    return [*dict.fromkeys(re.findall(r"/traces/([0-9a-f]{32})\b", card))][:KEPT]


async def _median(asked: list[str], act: Callable[[str], Awaitable[None]]) -> float:
    taken: list[float] = []
    for each in asked:
        began = time.perf_counter()
        await act(each)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[1:])
