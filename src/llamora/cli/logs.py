"""What a server process writes to stderr: where something went wrong, never what was written.

The text of an exception may hold a diarist's words, so only its type and its place are logged.
"""

import asyncio
import logging
import sys
import traceback
from types import TracebackType

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_EXPECTED = (
    # uvicorn's words for what every end of a server with open streams does, as cancelling is
    "Cancel %s running task(s)",
    # the sentence that says why stands in the line before
    "Application startup failed",
)


class _Places(logging.Formatter):
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


def write_to_stderr() -> None:
    """Sends warnings and worse of every library there, without the text of exceptions."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Places("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(_unexpected)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
