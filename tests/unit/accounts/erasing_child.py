"""Erases Ada's account and is killed before the Nth statement of it; without such, says "done"."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.support.accounts import NAME, PASSWORD, UNTHROTTLED, house
from tests.support.faults import Fault


class Killed(Fault):
    """A fault that nobody survives."""

    def __call__(self, statement: str) -> None:
        if self._armed:
            self.seen.append(statement)
            if len(self.seen) == self.nth:
                os.kill(os.getpid(), signal.SIGKILL)


async def erase(path: Path, nth: int) -> None:
    fault = Killed(nth)
    with house(path, UNTHROTTLED, before_execute=fault) as home:
        vault = await home.accounts.sign_in(NAME, PASSWORD)
        with fault.armed():
            await home.accounts.erase(vault, NAME, PASSWORD)
        print("done", flush=True)


asyncio.run(erase(Path(sys.argv[1]), int(sys.argv[2])))
