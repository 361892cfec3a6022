"""How well search finds: 300 questions to a ten-year diary, with what answers them.

`python -m tests.quality.measure` prints the table of docs/search-quality.md and writes it there.
The diary (Pepys, 3,413 entries) lies beside the project, not in it. The questions were written from
reading it, before any was asked. Those held out were written later, by someone who had not seen the
ranking; the constants were chosen by the others, with both halves' figures in sight at the end.
"""

import asyncio
import gzip
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from llamora.accounts import Accounts, AccountsPolicy, Settings
from llamora.journal.journal import Journal, NewEntry
from llamora.journal.writing import Source
from llamora.kernel import SystemClock
from llamora.search.embedders import Embedders
from llamora.search.find import Finder
from llamora.search.follow import Follower
from llamora.search.other_words import MOST, usable
from llamora.search.query import parse
from llamora.search.rank import CONSTANTS, Constants
from llamora.storage import Store
from llamora.vault import KdfPolicy

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
DIARY = PROJECT.parent / "shared" / "corpora" / "pepys.jsonl.gz"
PAGE = PROJECT / "docs" / "search-quality.md"
TODAY = date(2026, 1, 1)
BATCH = 400
NEVER = 10_000


@dataclass(frozen=True)
class Question:
    """What is typed, the days that answer it, and a few words of each that show it."""

    query: str
    answers: tuple[date, ...]
    evidence: tuple[str, ...]
    band: str
    kind: str
    half: str


@dataclass(frozen=True)
class Way:
    """A way of ranking: its constants, whether dates in words narrow, and how many other words
    stand beside the query."""

    name: str
    constants: Constants
    dates: bool = True
    others: int = 0


@dataclass(frozen=True)
class Score:
    """Shares of questions, and the mean of one by the rank of the first answer."""

    hit1: float
    hit10: float
    mrr: float


_ALONE = replace(CONSTANTS, near_words=0, writing=0, day=0, rare_boost=0, least=0)
WORDS = Way("words alone", replace(_ALONE, meaning=0), dates=False)
VECTORS = Way("vectors alone", replace(_ALONE, passage=0, meaning=1), dates=False)
FUSED = Way("fused", CONSTANTS)
WITHOUT = (
    Way("without meaning", replace(CONSTANTS, meaning=0)),
    Way("without near words", replace(CONSTANTS, near_words=0)),
    Way("without the whole entry", replace(CONSTANTS, writing=0)),
    Way("without the passage", replace(CONSTANTS, passage=0)),
    Way("without the day", replace(CONSTANTS, day=0)),
    Way("without the rare", replace(CONSTANTS, rare_boost=0)),
    Way("without dates in words", CONSTANTS, dates=False),
)
IN_OTHER_WORDS = Way("fused, in other words", CONSTANTS, others=MOST)
FEWER = Way("fused, in the first four of them", CONSTANTS, others=4)


def questions() -> list[Question]:
    rows = (json.loads(line) for line in (HERE / "queries.jsonl").read_text().splitlines())
    return [
        Question(
            row["query"],
            tuple(date.fromisoformat(day) for day in row["answers"]),
            tuple(row["evidence"]),
            row["band"],
            row["kind"],
            row["half"],
        )
        for row in rows
    ]


def other_words() -> dict[str, list[str]]:
    """What a large language model said to each question when it was given the prompt for other
    words: from the question alone."""
    rows = (json.loads(line) for line in (HERE / "other_words.jsonl").read_text().splitlines())
    return {row["query"]: row["words"] for row in rows}


def diary() -> list[tuple[date, str]]:
    with gzip.open(DIARY, "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return [(date.fromisoformat(row["date"]), row["text"]) for row in rows]


class Shelved:
    """The diary in a real journal, indexed as the program does it."""

    def __init__(self, folder: Path) -> None:
        self._store = Store.open(folder / "journal.sqlite3")
        clock = SystemClock()
        policy = AccountsPolicy(kdf=KdfPolicy(8, 1))
        accounts = Accounts(self._store, clock, policy)
        opened = asyncio.run(accounts.register("reader", "seven quiet herons", Settings()))
        accounts.close()
        self._journal = Journal.open(self._store, opened.vault, clock)
        entries = [
            NewEntry(day, text, None, "UTC", Source("quality", str(n)))
            for n, (day, text) in enumerate(diary())
        ]
        for at in range(0, len(entries), BATCH):
            asyncio.run(self._journal.write_many(entries[at : at + BATCH]))
        self._embedders = Embedders()
        self._follower = Follower(self._store, self._journal, self._embedders)
        self._follower.load()
        self._follower.catch_up(lambda: False)
        self._follower.tend(lambda: False)

    def ranks(self, way: Way, asked: Iterable[Question]) -> list[int]:
        """The rank of the first answer to each question, from 1; `NEVER` when it is not found."""
        shelf, lexicon = self._follower.shelf, self._follower.lexicon
        finder = Finder(self._journal, shelf, lexicon, self._embedders, way.constants)
        found, others = list[int](), other_words()
        for question in asked:
            query = parse(question.query, TODAY, read_dates=way.dates)
            beside = usable(others[question.query][: way.others], query.words, "en")
            order = finder.ranking(replace(query, others=beside)).order
            answers = [day.toordinal() for day in question.answers]
            right = np.flatnonzero(np.isin(shelf.days[order], answers))
            found.append(int(right[0]) + 1 if len(right) else NEVER)
        return found

    def close(self) -> None:
        self._journal.vault.wipe()
        self._store.close()


def score(ranks: Sequence[int]) -> Score:
    at = np.array(ranks)
    return Score(
        float((at == 1).mean()),
        float((at <= 10).mean()),
        float(np.where(at < NEVER, 1 / at, 0).mean()),
    )


def table(shelved: Shelved) -> str:
    """The measurements as a table of Markdown."""
    asked = questions()
    columns: list[tuple[str, Callable[[Question], bool]]] = [
        ("tune", lambda q: q.half == "tune"),
        ("held out", lambda q: q.half == "held-out"),
    ]
    bands = ("easy", "middle", "hard")
    lines = [
        "| | "
        + " | ".join(f"{name}: hit@1 | hit@10 | MRR" for name, _ in columns)
        + " | "
        + " | ".join(f"{band}, hit@10" for band in bands)
        + " |",
        "|---|" + "--:|" * (3 * len(columns) + len(bands)),
    ]
    for way in (WORDS, VECTORS, FUSED, IN_OTHER_WORDS, FEWER, *WITHOUT):
        ranks = dict(zip(asked, shelved.ranks(way, asked), strict=True))
        cells: list[float] = []
        for _, chosen in columns:
            one = score([rank for question, rank in ranks.items() if chosen(question)])
            cells += [one.hit1, one.hit10, one.mrr]
        for band in bands:
            cells.append(score([r for q, r in ranks.items() if q.band == band]).hit10)
        name = f"**{way.name}**" if way is FUSED else way.name
        lines.append(f"| {name} | " + " | ".join(f"{cell:.2f}" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelved = Shelved(Path(folder))
        measured = table(shelved)
        shelved.close()
    print(measured)
    if PAGE.exists():
        before, _, rest = PAGE.read_text().partition("<!-- measured -->\n")
        after = rest.partition("<!-- end -->")[2]
        PAGE.write_text(f"{before}<!-- measured -->\n{measured}\n<!-- end -->{after}")


if __name__ == "__main__":
    main()
