"""What a process of ours does to itself before it touches a key."""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

_PR_SET_PDEATHSIG = 1
_PR_GET_DUMPABLE = 3
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """No core dumps, no tracing by other programs of the same user, new files for the owner only.

    Dumpable is lost at exec, so every child does this again.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, 0)


def dumpable() -> bool:
    """Whether this process may be dumped, or traced by other programs of the same user."""
    if sys.platform == "linux":
        return bool(_prctl(_PR_GET_DUMPABLE, 0))
    return resource.getrlimit(resource.RLIMIT_CORE)[0] != 0


def end_with(parent: int, how: signal.Signals = signal.SIGTERM) -> None:
    """Asks the kernel to end this process when its parent dies; does so at once if it has.

    Linux only; the pipe from the parent tells it everywhere. The signal comes when the parent's
    *thread* that started us ends, so the parent starts children from its main thread alone.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, how)
    if os.getppid() != parent:
        raise SystemExit(1)


@contextmanager
def orderly_end() -> Generator[None]:
    """In the block SIGTERM and SIGHUP end the program as an exception does: what it holds is put
    away. A signal that is ignored, as under `nohup`, stays so."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    ours = [each for each, handler in before.items() if handler != signal.SIG_IGN]
    for each in ours:
        signal.signal(each, _leave)
    try:
        yield
    finally:
        for each in ours:
            signal.signal(each, before[each])


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _prctl(option: int, value: int) -> int:
    # Best effort: a sandbox that forbids it must not keep anyone from their journal.
    return ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
