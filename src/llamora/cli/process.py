"""What a process of ours does to itself before it touches a key."""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def harden() -> None:
    """No core dumps, no tracing by other programs of the same user, new files for the owner only.

    Dumpable is lost at exec, so every child does this again.
    """
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, 0)


def end_with(parent: int) -> None:
    """Asks the kernel to end this process when its parent dies; does so at once if it has.

    Linux only; the pipe from the parent tells it everywhere. The signal comes when the parent's
    *thread* that started us ends, so the parent starts children from its main thread alone.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        raise SystemExit(1)


def _prctl(option: int, value: int) -> None:
    # Best effort: a sandbox that forbids it must not keep anyone from their journal.
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)
