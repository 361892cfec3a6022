"""Failing at the Nth step, for every N, in any room.

    for fault in every_nth():
        store = Store.open(fresh_file(), before_execute=fault)
        with fault.armed():
            await journal.write(day, text)
        assert state(store) == (OLD if fault.struck else NEW)

Each turn fails one statement later than the last; the turn that nothing struck is the last one, so
the loop has then seen every statement fail, BEGIN and COMMIT too, and the whole succeed. What is
done outside of `armed` is not counted.
"""

from collections.abc import Iterator
from contextlib import contextmanager

MOST = 10_000


class InjectedFault(Exception):
    """What an armed fault raises unless told otherwise."""


class Fault:
    """A `before_execute` hook that raises at the Nth statement (from 1) while armed."""

    def __init__(self, nth: int, error: type[Exception] = InjectedFault) -> None:
        self.nth = nth
        self.error = error
        self.seen: list[str] = []
        self.struck: str | None = None
        """The statement that was made to fail, None when there were fewer than N."""
        self._armed = False

    def __call__(self, statement: str) -> None:
        if not self._armed:
            return
        self.seen.append(statement)
        if len(self.seen) == self.nth:
            self.struck = statement
            raise self.error

    @contextmanager
    def armed(self) -> Iterator[None]:
        """Counts and strikes within the block, and swallows only the error it made itself."""
        self._armed = True
        try:
            yield
        except self.error:
            if not self.struck:
                raise
        finally:
            self._armed = False


class Hook:
    """A `before_execute` of a store that outlives many faults: the one that is `fault` now."""

    def __init__(self) -> None:
        self.fault = Fault(0)

    def __call__(self, statement: str) -> None:
        self.fault(statement)


def every_nth(error: type[Exception] = InjectedFault) -> Iterator[Fault]:
    """Faults for the 1st, 2nd, … statement, until one of them had nothing to strike."""
    for nth in range(1, MOST):
        fault = Fault(nth, error)
        yield fault
        if not fault.struck:
            assert nth > 1, "nothing ran through the hook: was the store opened with it?"
            return
    raise AssertionError(f"still struck at statement {MOST}: does the work retry for ever?")
