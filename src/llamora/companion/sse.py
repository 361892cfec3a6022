"""Server-sent events as a client reads them, by the letter of the HTML standard.

(https://html.spec.whatwg.org/multipage/server-sent-events.html, "Interpreting an event stream".)
`id` and `retry` are read over, since a model's answer cannot be taken up again in the middle. An
event that the end of the stream cuts off is not an event. Lines and events have a greatest length.
"""

import re
from dataclasses import dataclass

LINE_LIMIT = 1 << 20
EVENT_LIMIT = 4 << 20

_line_end = re.compile(rb"\r\n|\n|\r")


class TooLong(Exception):
    """A line or an event is longer than any that makes sense."""


@dataclass(frozen=True, slots=True)
class Event:
    kind: str
    data: str


class Decoder:
    """Takes the bytes in whatever pieces they come and gives out whole events.

    Lines are cut before they are decoded, so a letter split between two pieces is whole again.
    """

    def __init__(self, *, line_limit: int = LINE_LIMIT, event_limit: int = EVENT_LIMIT) -> None:
        self._line_limit = line_limit
        self._event_limit = event_limit
        self._line = bytearray()  # what has come of the unfinished line
        self._at_start = True
        self._after_return = False
        self._kind = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes.

        Raises:
            TooLong
        """
        if not chunk:
            return []
        if self._after_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]  # the second half of a CRLF whose line has been taken already
        self._after_return = chunk.endswith(b"\r")
        first, *rest = _line_end.split(chunk)
        self._line += first
        events = []
        for part in rest:
            if event := self._take(self._finished_line()):
                events.append(event)
            self._line += part
        if len(self._line) > self._line_limit:
            raise TooLong
        return events

    def _finished_line(self) -> str:
        if len(self._line) > self._line_limit:
            raise TooLong
        line = self._line.decode("utf-8", "replace")
        self._line.clear()
        if self._at_start:
            self._at_start = False
            line = line.removeprefix("\ufeff")
        return line

    def _take(self, line: str) -> Event | None:
        if not line:
            return self._dispatch()
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._size += len(value) + 1
            if self._size > self._event_limit:
                raise TooLong
            self._data.append(value)
        elif field == "event":
            self._kind = value
        return None

    def _dispatch(self) -> Event | None:
        event = Event(self._kind or "message", "\n".join(self._data)) if self._data else None
        self._kind, self._data, self._size = "", [], 0
        return event
