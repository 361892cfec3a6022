"""Reading forms: text as it was typed, numbers that are numbers, a key for each submission."""

import secrets

from quart import abort
from werkzeug.datastructures import MultiDict

Form = MultiDict[str, str]


def field(form: Form, name: str) -> str:
    """A field's text; empty when it was not sent."""
    return form.get(name, "")


def number(form: Form, name: str) -> int:
    """A whole number from 0; anything else is a client's mistake: 400."""
    value = form.get(name, "")
    if not value.isascii() or not value.isdecimal() or len(value) > 18:
        abort(400)
    return int(value)


def key_of(form: Form) -> str:
    """The key of this submission: the form's, or a new one for a form without."""
    return form.get("key", "")[:64] or secrets.token_hex(16)
