"""How the command line speaks: results on stdout, the rest on stderr, failures in one sentence."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


class Failure(Exception):
    """The command cannot do what was asked; `str()` is one sentence that says what to do."""


def note(sentence: str) -> None:
    """Something for the person, not for a script that reads the result."""
    print(sentence, file=sys.stderr, flush=True)


def counted(n: int, one: str, many: str | None = None) -> str:
    """`3,413 entries`, `1 entry`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


@contextmanager
def progress(what: str) -> Generator[Callable[[int, int], None]]:
    """A call told how much is done, and of how much: a bar on a terminal, else a line a tenth."""
    if not sys.stderr.isatty():
        yield _Lines(what)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _Lines:
    def __init__(self, what: str) -> None:
        self._what, self._tenths = what, 0

    def __call__(self, done: int, total: int) -> None:
        tenths = done * 10 // total if total else 0
        if tenths > self._tenths:
            self._tenths = tenths
            note(f"{self._what}: {done:,} of {total:,}")
