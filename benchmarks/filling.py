"""A journal of invented entries to measure on: three years, a few words often and many rarely,
traces on a third of them, and five words once each, long ago, that search must find."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from llamora.accounts import Accounts, AccountsPolicy, Settings
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Source
from llamora.kernel import SystemClock
from llamora.storage import Store
from llamora.traces.traces import Traces

NAME = "reader"
SOURCE = "benchmark"
PASSWORD = "seven quiet herons at the weir"
DAYS = 1096
PAGES = 40
"""Days that hold exactly fifteen entries, for the day page; they lie before the three years."""
PER_PAGE = 15
LONG_DAY = 100
"""Entries of the day that is long, before all others: what a model is told of."""
BATCH = 400
PLANTED = ("oubliette", "marmoset", "quixotry", "zephyrine", "halcyon")
"""Each stands in one entry alone, of the oldest. No syllables make them."""
MOST_TRACES = 2_000
"""Distinct traces: one for 25 entries, up to these."""
KEPT_TEXTS = 400
"""Texts spread over the journal, to ask for their words."""

_SYLLABLES = "ka lo mi ren ta su vel or an de il no par sha tu em ri fo gan".split()  # noqa: SIM905


@dataclass(frozen=True)
class Filled:
    """What was filled and how fast. `planted` says which entry holds each of those words, by its id
    in hexadecimals; `texts` are some of the entries'."""

    entries: int
    seconds: float
    bytes_on_disk: int
    pages: tuple[date, ...]
    days: tuple[date, ...]
    long_day: date
    planted: Mapping[str, str]
    texts: tuple[str, ...]


def fill(path: Path, entries: int) -> Filled:
    """A new journal of about `entries` entries at `path`."""
    filled = asyncio.run(_fill(path, entries))
    return replace(filled, bytes_on_disk=path.stat().st_size)


async def _fill(path: Path, entries: int) -> Filled:
    store, clock = Store.open(path), SystemClock()
    accounts = Accounts(store, clock, AccountsPolicy())
    opened = await accounts.register(NAME, PASSWORD, Settings())
    journal = Journal.open(store, opened.vault, clock)
    traces = Traces(store, journal)
    chance = random.Random(7)
    today = journal.today()
    days = tuple(today - timedelta(days=n) for n in range(DAYS, 0, -1))
    pages = tuple(days[0] - timedelta(days=7 * n) for n in range(PAGES, 0, -1))
    long_day = pages[0] - timedelta(days=7)
    wanted = [long_day] * LONG_DAY + [page for page in pages for _ in range(PER_PAGE)]
    rest = max(0, entries - len(wanted))
    wanted += [days[n * DAYS // rest] for n in range(rest)]
    planted = {LONG_DAY + 100 * n: word for n, word in enumerate(PLANTED)}
    labels, often = _labels(min(MOST_TRACES, len(wanted) // 25))
    texts: list[str] = []
    began = time.perf_counter()
    for start in range(0, len(wanted), BATCH):
        batch = [
            _entry(chance, day, start + n, planted.get(start + n))
            for n, day in enumerate(wanted[start : start + BATCH])
        ]
        batch = [
            replace(entry, traces=_some(chance, labels, often))
            if chance.random() < 1 / 3
            else entry
            for entry in batch
        ]
        await journal.write_many(batch, traces.adopt)
        texts += [entry.text for entry in batch[:: max(1, len(wanted) // KEPT_TEXTS)]]
    seconds = time.perf_counter() - began
    ids = {
        word: opened.vault.place_hash(f"import:{SOURCE}:{number}").hex()
        for number, word in planted.items()
    }
    await store.truncate()
    store.close()
    accounts.close()
    return Filled(len(wanted), seconds, 0, pages, days, long_day, ids, tuple(texts))


def _labels(count: int) -> tuple[list[str], list[float]]:
    """Names of traces, and how often each is used: a few on many entries, most on few."""
    chance = random.Random(11)
    names = dict[str, None]()
    while len(names) < count:
        names["-".join("".join(chance.choices(_SYLLABLES, k=3)) for _ in range(2))] = None
    return [*names], [1 / (rank + 10) for rank in range(count)]


def _some(chance: random.Random, labels: list[str], often: list[float]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chance.choices(labels, often, k=chance.randint(1, 3))))


def _entry(chance: random.Random, day: date, number: int, planted: str | None) -> NewEntry:
    at = datetime(day.year, day.month, day.day, 8 + number % 12, number % 60, tzinfo=UTC)
    text = _text(chance)
    if planted:
        first, rest = text.split(" ", 1)
        text = f"{first} {planted} {rest}"
    return NewEntry(day, text, at, "UTC", Source(SOURCE, str(number)))


def _text(chance: random.Random) -> str:
    """About 600 characters of Markdown in two or three paragraphs."""
    paragraphs = [
        " ".join(_sentence(chance) for _ in range(chance.randint(3, 6)))
        for _ in range(chance.randint(2, 3))
    ]
    return "\n\n".join(paragraphs)


def _sentence(chance: random.Random) -> str:
    words = ["".join(chance.choices(_SYLLABLES, k=_length(chance))) for _ in range(10)]
    words[chance.randrange(10)] = f"*{words[0]}*"
    return " ".join(words).capitalize() + "."


def _length(chance: random.Random) -> int:
    """Mostly words of one or two syllables, which recur; sometimes one that hardly does."""
    return chance.choices((1, 2, 3, 4), (40, 40, 15, 5))[0]
