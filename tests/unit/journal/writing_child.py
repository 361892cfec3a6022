"""Lives in a journal until it is killed, and says what was acknowledged after it was.

The keys come in as they do to a worker: a session's row, its secret and the runtime key.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.support.clock import TurnableClock

from llamora.journal import drafts
from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.vault import RuntimeKey, Vault


def opened_vault(keys: dict[str, str]) -> Vault:
    raw = {name: bytes.fromhex(value) for name, value in keys.items()}
    runtime = RuntimeKey(bytearray(raw["runtime"]))
    vault, _ = runtime.open(raw["secret"], raw["owner"], raw["id"], 0, raw["sealed"])
    return vault


async def live(journal: Journal) -> None:
    n = 0
    while True:
        n += 1
        entry = await journal.write(journal.today(), f"entry {n}", key=f"{os.getpid()} {n}")
        say("written", entry.id, entry.text)
        if n % 3 == 0:
            await journal.revise(entry.id, 1, f"entry {n}, revised")
            say("written", entry.id, f"entry {n}, revised")
        if n % 5 == 0:
            say("going", entry.id, "")
            await journal.erase(entry.id)
            say("erased", entry.id, "")
        await journal.keep_draft(drafts.of_day(journal.today()), f"draft {n}")
        say("draft", b"", f"draft {n}")


def say(what: str, id: bytes, text: str) -> None:
    os.write(1, json.dumps([what, id.hex(), text]).encode() + b"\n")


if __name__ == "__main__":
    vault = opened_vault(json.loads(sys.stdin.readline()))
    store = Store.open(Path(sys.argv[1]))
    asyncio.run(live(Journal.open(store, vault, TurnableClock())))
