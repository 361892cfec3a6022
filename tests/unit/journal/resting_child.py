"""Lets entries and days rest, and brings some back, until it is killed; says what was done.

The keys come in as they do to `writing_child`.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.support.clock import TurnableClock
from tests.unit.journal.writing_child import opened_vault

from llamora.journal.journal import Journal
from llamora.storage import Store


async def live(journal: Journal) -> None:
    for n in range(10_000):
        day = journal.today() - timedelta(days=n)
        entry = await journal.write(day, f"entry {n}", key=f"{os.getpid()} {n}")
        for resting in (True,) if n % 3 else (True, False):
            say("begun", entry.id.hex(), day.isoformat())
            await journal.rests.rest_entry(entry.id, resting)
            say("rests" if resting else "woken", entry.id.hex(), "")
            await journal.rests.rest_day(day, resting)
            say("rests" if resting else "woken", "", day.isoformat())


def say(what: str, entry: str, day: str) -> None:
    os.write(1, json.dumps([what, entry, day]).encode() + b"\n")


if __name__ == "__main__":
    vault = opened_vault(json.loads(sys.stdin.readline()))
    store = Store.open(Path(sys.argv[1]))
    asyncio.run(live(Journal.open(store, vault, TurnableClock())))
