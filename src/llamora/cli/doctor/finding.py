"""What a look found."""

from dataclasses import dataclass
from typing import Literal

Mark = Literal["ok", "note", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` names what was looked at; `says` is a sentence, and where something is to be done it
    says what. `wrong` is what should not be left so, `note` what one should know."""

    mark: Mark
    about: str
    says: str


def ok(about: str, says: str) -> Finding:
    return Finding("ok", about, says)


def note(about: str, says: str) -> Finding:
    return Finding("note", about, says)


def wrong(about: str, says: str) -> Finding:
    return Finding("wrong", about, says)
