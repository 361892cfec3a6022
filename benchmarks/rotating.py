"""Replacing the key of a filled journal, as `rotate-key` does it, cut off once and resumed."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.filling import NAME, PASSWORD
from llamora.accounts import Progress, Rotation
from llamora.app import CommandRooms, rotation_of
from llamora.cli.journals import rooms_of, vault_of
from llamora.settings import Database, Settings
from llamora.vault import Vault

Figures = dict[str, float]


def rotated(path: Path) -> Figures:
    """Seconds, without the two derivations that the new wraps cost, and records in a second."""
    settings = replace(Settings(), database=Database(path=path))
    with rooms_of(settings) as rooms, vault_of(rooms, NAME, PASSWORD) as vault:
        return asyncio.run(_rotated(rooms, vault))


async def _rotated(rooms: CommandRooms, vault: Vault) -> Figures:
    await rooms.accounts.rotate(vault, PASSWORD)
    first, heard = rotation_of(rooms.store, vault), list[Progress]()

    def hear(progress: Progress) -> None:
        heard.append(progress)
        if progress.done * 2 >= progress.days:
            first.stop()

    began = time.perf_counter()
    await first.finish(hear)
    done = await _resumed(rotation_of(rooms.store, vault))
    seconds = time.perf_counter() - began
    records = done.records + heard[-1].records
    return {"key rotation, s": seconds, "key rotation, records/s": records / seconds}


async def _resumed(rotation: Rotation) -> Progress:
    done = await rotation.finish()
    if done is None:
        raise RuntimeError("The rotation did not come to an end.")
    return done
