"""What an OpenAI-compatible server says, piece by piece, as the words meant for the diarist.

Pure: events in, text out. It trusts nothing about their form, and what a model thinks aloud
(`reasoning_content`, `<think>` blocks) is taken as a sign of life and left out.
"""

import json
import re
from typing import Any

from llamora.companion.model import (
    Broken,
    Busy,
    Loading,
    ModelError,
    NotThere,
    Overflow,
    Redirected,
    Refused,
    TooSlow,
    Unreachable,
    WrongKey,
)
from llamora.companion.sse import Event

_tag = re.compile(r"</?think>")
_tags = ("<think>", "</think>")
_UNSEEN = dict.fromkeys(
    [
        *(*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0)),
        *(*range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF),
        *(0x00AD, 0x180E, 0x200B, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)),
    ]
)
"""Controls that no answer needs: those of terminals, those that mirror what stands beside, and
those that nobody sees, in which words can be hidden. The marks and joiners that scripts and emoji
are written with stay."""
_context = re.compile(r"context (?:length|size|window)|maximum context", re.IGNORECASE)
_window = re.compile(r"context (?:length|size|window)\D{0,12}?(\d+)", re.IGNORECASE)


class Answer:
    """One answer as it comes. `finish` is set when the server said how it ended."""

    def __init__(self) -> None:
        self.finish = ""
        self.model = ""  # the name the server gives the model
        self.tokens = (0, 0)  # of prompt and answer, as far as the server told
        self.progress = 0  # grows with each piece of content, thoughts included
        self.anew = False  # all words before those that `take` gives next were thoughts
        self._thoughts = Thoughts()

    def take(self, event: Event) -> str:
        """The words in one event, often none; `anew` is true where they are the first after all.

        Raises:
            ModelError: the event tells of an error, or cannot be read.
        """
        self.anew = False
        if not event.data.strip():
            return ""
        if event.data == "[DONE]":  # an end in so many words, whether or not a reason came before
            words = "" if self.finish else self._thoughts.rest()
            self.finish = self.finish or "stop"
            return words
        chunk = read_json(event.data)
        if chunk is None:
            return ""
        if not isinstance(chunk, dict):
            raise Broken("a chunk that is not an object")
        if event.kind == "error" or chunk.get("error"):
            raise error_from(_status_in(chunk), chunk)
        return self.take_chunk(chunk)

    def take_chunk(self, chunk: dict[str, Any]) -> str:
        """The words in a chunk of a stream, or in a whole answer that was not streamed."""
        if isinstance(name := chunk.get("model"), str):
            self.model = name
        self.tokens = _tokens(chunk) or self.tokens
        choices = chunk.get("choices") or [{}]  # the last chunk may hold only the token counts
        choice = choices[0] if isinstance(choices, list) else None
        if not isinstance(choice, dict):
            raise Broken("choices that are no choices")
        delta = choice.get("delta") or choice.get("message") or {}
        if not isinstance(delta, dict):
            raise Broken("a delta that is not an object")
        content = delta.get("content")
        # JSON can hold half a surrogate pair, which no page and no file can.
        said = content.encode("utf-8", "replace").decode() if isinstance(content, str) else ""
        said = said.translate(_UNSEEN)
        if said or delta.get("reasoning_content") or delta.get("reasoning"):
            self.progress += 1
        words = self._thoughts.without(said)
        self.anew, self._thoughts.anew = self.anew or self._thoughts.anew, False
        if finish := choice.get("finish_reason"):
            words += self._thoughts.rest()
            if finish == "content_filter":
                raise Refused("content filter")
            self.finish = "length" if finish == "length" else "stop"
        return words


class Thoughts:
    """Leaves out `<think>…</think>`, however it is cut into pieces, and the blank after it.

    Some templates open the block themselves, so that only its end is seen: then all that was said
    before it were thoughts. `anew` is set when it was given out as words already.
    """

    def __init__(self) -> None:
        self.anew = False
        self._tagged = False
        self._held = ""  # what may turn out to be the beginning of a tag
        self._inside = False
        self._said = False  # something was said, so white space counts

    def without(self, text: str) -> str:
        text, self._held = self._held + text, ""
        said = ""
        while text:
            tag = _tag.search(text)
            if not tag:
                self._held = _beginning(text)
                text = text[: len(text) - len(self._held)]
            said += "" if self._inside else text[: tag.start() if tag else None]
            if not tag:
                break
            if tag[0] == _tags[1] and not self._tagged:
                self.anew, self._said, said = self._said, False, ""
            self._tagged = True
            # A later closing tag without an opening one is left out all the same.
            self._inside = tag[0] == _tags[0]
            text = text[tag.end() :]
        return self._begun(said)

    def rest(self) -> str:
        """What was held back; the text is at its end."""
        held = "" if self._inside else self._held
        self._held = ""
        return self._begun(held)

    def _begun(self, said: str) -> str:
        if not self._said:
            said = said.lstrip()
        self._said = self._said or bool(said)
        return said


def read_json(text: str | bytes) -> Any:
    """Raises `Broken` for whatever is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Broken("not JSON") from None


def error_from(status: int, body: object) -> ModelError:
    """The error that an HTTP status and the body beside it (parsed, or None) amount to."""
    about = body.get("error") if isinstance(body, dict) else None
    if isinstance(about, str):
        about = {"message": about}
    if not isinstance(about, dict):
        about = body if isinstance(body, dict) else {}
    kind, message = str(about.get("type") or ""), str(about.get("message") or "")
    if (
        kind == "exceed_context_size_error"
        or about.get("code") == "context_length_exceeded"
        or (status != 503 and _context.search(message))
    ):
        said = _window.search(message)
        n_ctx = _number(about.get("n_ctx")) or (int(said[1]) if said else None)
        return Overflow(n_ctx, _number(about.get("n_prompt_tokens")))
    detail = f"status {status}"
    if status == 503 and "loading" in message.lower():
        return Loading(detail)
    if 300 <= status < 400:
        return Redirected(detail)
    by_status = {
        401: WrongKey, 403: WrongKey, 404: NotThere, 405: NotThere, 408: TooSlow, 413: Refused,
        429: Busy, 502: Unreachable, 503: Unreachable, 504: TooSlow, 529: Busy,
    }  # fmt: skip
    return by_status.get(status, Refused if 400 <= status < 500 else Broken)(detail)


def _status_in(chunk: dict[str, Any]) -> int:
    """The status of an error that came inside a stream, where there is no status line."""
    about = chunk.get("error")
    code = _number((about if isinstance(about, dict) else chunk).get("code"))
    return code if code and 400 <= code < 600 else 500


def _tokens(chunk: dict[str, Any]) -> tuple[int, int] | None:
    """The tokens of prompt and answer: OpenAI's `usage`, or llama.cpp's `timings`."""
    for name, read, said in (
        ("usage", ("prompt_tokens",), "completion_tokens"),
        ("timings", ("prompt_n", "cache_n"), "predicted_n"),
    ):
        counted = chunk.get(name)
        if isinstance(counted, dict):
            prompt = sum(_number(counted.get(each)) or 0 for each in read)
            return prompt, _number(counted.get(said)) or 0
    return None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _beginning(text: str) -> str:
    """The end of `text` that a tag may begin with."""
    at = text.rfind("<", -len(_tags[1]))
    end = text[at:] if at >= 0 else ""
    return end if end and any(tag.startswith(end) for tag in _tags) else ""
