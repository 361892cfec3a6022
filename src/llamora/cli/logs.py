"""What a server process writes to stderr: where something went wrong, never what was written.

The text of an exception may hold a diarist's words, so only its type and its place are logged.
"""

import asyncio
import copy
import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_EXPECTED = (
    # uvicorn's words for what every end of a server with open streams does, as cancelling is
    "Cancel %s running task(s)",
    # the sentence that says why stands in the line before
    "Application startup failed",
)


log = logging.getLogger("llamora")


class _Places(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = copy.copy(record)  # other handlers see it as it was
        said.msg, said.exc_text = _nameonly(said.msg), None
        if isinstance(said.args, tuple):
            said.args = tuple(map(_nameonly, said.args))
        elif said.args:
            said.args = {name: _nameonly(value) for name, value in said.args.items()}
        return super().format(said)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 - logging's name
        kind, _, trace = ei
        lines = [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(trace)
        ]
        return "\n".join([*lines, f"  {kind.__name__ if kind else 'nothing'}"])


def _unexpected(record: logging.LogRecord) -> bool:
    cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cancelled and not str(record.msg).startswith(_EXPECTED)


def _nameonly(value: Any) -> Any:
    return type(value).__name__ if isinstance(value, BaseException) else value


def write_to_stderr() -> None:
    """Sends warnings and worse of every library there, without the text of exceptions; and in the
    same form what nobody caught, in any thread, which Python would print in full."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Places("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_unexpected)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.raiseExceptions = False  # it prints the arguments of a line that cannot be written
    sys.excepthook = lambda kind, error, trace: _uncaught(error)
    sys.unraisablehook = lambda lost: _uncaught(lost.exc_value)
    threading.excepthook = lambda lost: _uncaught(lost.exc_value)


def log_failure(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler. The loop's own words hold the `repr` of an exception and
    of a callback's arguments."""
    error = context.get("exception")
    if isinstance(error, BaseException):
        _uncaught(error)
        return
    task = context.get("task") or context.get("future")
    work = task.get_coro() if isinstance(task, asyncio.Task) else None
    log.error("Something failed in %s", getattr(work, "__qualname__", "the event loop"))


def _uncaught(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        log.error("Nobody caught this", exc_info=(type(error), error, error.__traceback__))
