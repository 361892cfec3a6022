"""Follows a journal that it writes in itself, until it is killed.

The keys come in as they do to a worker: a session's row, its secret and the runtime key.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.support.clock import TurnableClock
from tests.support.embedding import WordsEmbedder
from tests.unit.journal.writing_child import opened_vault

from llamora.journal.journal import Journal
from llamora.search import follow as following
from llamora.search.embedders import Embedders
from llamora.search.follow import Follower
from llamora.storage import Store

following.FOLD_WRITINGS = 12  # so that each life folds a few times


async def live(store: Store, journal: Journal) -> None:
    """Writes, follows, folds, and changes the model with every life."""
    follower = Follower(store, journal, Embedders(WordsEmbedder(f"model {os.getpid()}")))
    follower.load()
    n = 0
    while True:
        n += 1
        entry = await journal.write(journal.today(), f"word{os.getpid()}x{n}", key=f"{n}")
        if n % 4 == 0:
            await journal.revise(entry.id, 1, f"word{os.getpid()}x{n} revised")
        if n % 5 == 0:
            await journal.erase(entry.id)
        follower.catch_up(lambda: False)
        if n % 6 == 0:
            follower.tend(lambda: False, thoroughly=n % 12 == 0)
        os.write(1, b".")


if __name__ == "__main__":
    vault = opened_vault(json.loads(sys.stdin.readline()))
    store = Store.open(Path(sys.argv[1]))
    asyncio.run(live(store, Journal.open(store, vault, TurnableClock())))
