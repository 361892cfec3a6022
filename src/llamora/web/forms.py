"""Reading forms: text as it was typed, numbers that are numbers, a key for each submission."""

import secrets
from io import BytesIO
from typing import Any

from quart import Request, abort
from quart.formparser import FormDataParser
from werkzeug.datastructures import MultiDict

from llamora.journal.drafts import Hand

Form = MultiDict[str, str]

MOST_TYPED = 2_000
"""Characters of a name that are taken in. It has far fewer, but is told how many it has."""


class _InMemory(FormDataParser):
    """Keeps long parts of a form out of the temporary files they would be written to."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given, stream_factory=lambda *_: BytesIO())


class FormRequest(Request):
    """A request whose form never touches the disk."""

    form_data_parser_class = _InMemory


def field(form: Form, name: str) -> str:
    """A field's text; empty when it was not sent."""
    return form.get(name, "")


def required(form: Form, name: str) -> str:
    """A field's text; a form without the field is a client's mistake: 400."""
    if name not in form:
        abort(400)
    return form[name]


def name_typed(form: Form, name: str) -> str:
    """What stands in a field for a trace's name; of much more than a name holds, the beginning."""
    return field(form, name)[:MOST_TYPED]


def number(form: Form, name: str) -> int:
    """A whole number from 0; anything else is a client's mistake: 400."""
    value = form.get(name, "")
    if not value.isascii() or not value.isdecimal() or len(value) > 18:
        abort(400)
    return int(value)


def hand_of(form: Form) -> Hand | None:
    """Which form sends, and the draft it began from; None for one that does not say."""
    if "seen" not in form:
        return None
    return Hand(form.get("key", "")[:64], form["seen"][:100])


def key_of(form: Form) -> str:
    """The key of this submission: the form's, or a new one for a form without."""
    return form.get("key", "")[:64] or secrets.token_hex(16)
