"""Server-sent events: how a stream is answered. It always ends with `done`."""

import json
from collections.abc import AsyncIterator

from quart import Response


def event(kind: str, data: str, number: int | None = None) -> bytes:
    """One event; the data is a JSON string, so that no line end can break it."""
    id_line = f"id: {number}\n" if number is not None else ""
    return f"{id_line}event: {kind}\ndata: {json.dumps(data)}\n\n".encode()


COMMENT = b": still here\n\n"


def stream(events: AsyncIterator[bytes]) -> Response:
    """An event stream that no time-out of the framework's cuts."""
    response = Response(events, 200, content_type="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.timeout = None  # pyright: ignore[reportAttributeAccessIssue]
    return response
