"""A disk that fills up in the middle of a write: for real, by the limit of the operating system.

    for room in filling():
        with full_after(room) as disk:
            await journal.write(day, text)
        if not disk.was_full: ...

What stands in a file already can be written over; what would make one longer than the limit fails,
perhaps after a part of it was written. SQLite's log begins at nothing, so each turn lets it have
one page more.
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from llamora.storage import StoreError

FRAME = 4096 + 24
"""A page in SQLite's write-ahead log."""
MOST = 400


@dataclass
class Disk:
    was_full: bool = False


def filling(frame: int = FRAME) -> Iterator[int]:
    """Limits in bytes, each by one step larger; the caller breaks off when all fitted in."""
    for n in range(MOST):
        yield 32 + n * frame + 7  # the log's head, and a little that tears the next page
    raise AssertionError("it never fitted in")


@contextmanager
def full_after(size: int) -> Iterator[Disk]:
    """No file of this process can be made longer than `size` bytes within the block, which swallows
    what a store says of that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    disk = Disk()
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield disk
    except StoreError:
        disk.was_full = True
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
