"""Which passwords are accepted as new ones, and how good one looks while it is typed.

zxcvbn costs 40 ms and 10 MB to import, so only those who need it pay.
"""

import threading
import unicodedata
from dataclasses import dataclass

from llamora.accounts.errors import WeakPassword
from llamora.vault import normalise_password

FEWEST_CHARACTERS = 12
ENOUGH = 3
_LOOKED_AT = 100  # zxcvbn takes quadratic time; a hundred characters already take 0.3 s
_ESTIMATING = threading.Lock()  # zxcvbn keeps the words of the user in a global

_SENTENCES = (
    "Very easy to guess. A few unrelated words make a good password.",
    "Easy to guess. A few unrelated words make a good password.",
    "Almost there: one more unusual word would do.",
    "Good: hard to guess.",
    "Very good: very hard to guess.",
)


@dataclass(frozen=True)
class Strength:
    """How hard a password is to guess: zxcvbn's score from 0 to 4, and a sentence about it."""

    score: int
    sentence: str
    enough: bool


def strength(password: str, name: str = "") -> Strength:
    """How `password` would do for an account called `name`. Up to 0.3 s: call in a thread."""
    text = unicodedata.normalize("NFKC", password)
    if not text:
        return Strength(0, f"At least {FEWEST_CHARACTERS} characters.", False)
    score = _score(text, name)
    try:
        normalise_password(password)
    except ValueError as e:
        return Strength(score, str(e), False)
    if len(text) < FEWEST_CHARACTERS:
        sentence = f"A little longer, please: at least {FEWEST_CHARACTERS} characters."
        return Strength(min(score, ENOUGH - 1), sentence, False)
    return Strength(score, _SENTENCES[score], score >= ENOUGH)


def accepted(password: str, name: str) -> bytes:
    """The bytes of a new password. As slow as `strength`.

    Raises:
        WeakPassword: it is too short, too long or too easy to guess.
    """
    found = strength(password, name)
    if not found.enough:
        raise WeakPassword(found.sentence)
    return normalise_password(password)


def tried(password: str) -> bytes:
    """The bytes to try as a password; none when no account can have such a password."""
    try:
        return normalise_password(password)
    except ValueError:
        return b""


def _score(text: str, name: str) -> int:
    from zxcvbn import zxcvbn

    with _ESTIMATING:
        found = zxcvbn(text[:_LOOKED_AT], user_inputs=[name] if name else [], max_length=_LOOKED_AT)
    return int(found["score"])
