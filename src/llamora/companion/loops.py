"""Notices when a model says the same over and over. Pure; the cost per character is constant.

A loop is a stretch at the end of what was said that repeats one unit: five times or more, or three
times when the unit is long (100 characters), and over 240 characters in all. Numbers that begin a
line do not count as part of it, so a list whose items are all the same is a loop, too. A refrain
that comes back between other lines, a row of the same sign and a table of alike rows are none.
"""

import re
from collections.abc import Sequence

LEAST = 240
"""Characters of a stretch that is a loop."""
TIMES = 5
LONG = 100
LONG_TIMES = 3
SEEN = 2_400
"""Characters that are looked back on, so a unit of more than 800 is not noticed."""
EVERY = 60
"""Characters after which it is looked again."""
END = 40
"""Of a loop the last so many characters stand in it one unit earlier, too: a short look for them
spares nearly every long one."""

_numbered = re.compile(r"^([ \t]*)\d+", re.MULTILINE)


class Loops:
    """Told each piece of an answer; says where its first loop begins to repeat itself."""

    def __init__(self) -> None:
        self._recent = ""
        self._heard = 0  # characters in all
        self._looked = 0  # of these, how many there were at the last look

    def hear(self, text: str) -> int | None:
        """How many characters of the answer are worth keeping, when it has become a loop: all
        before it, and the unit once."""
        self._heard += len(text)
        self._recent = (self._recent + text)[-SEEN:]
        if self._heard - self._looked < EVERY or self._heard < LEAST:
            return None
        self._looked = self._heard
        found = repeats_from(self._recent)
        return None if found is None else self._heard - len(self._recent) + found


def repeats_from(text: str) -> int | None:
    """Where the second of the units begins that `text` ends with, if they are a loop.

    The period of each stretch at the end is that of a prefix of the reversed text: its length less
    its longest border (the failure function of Knuth, Morris and Pratt).
    """
    bare, places = _without_numbers(text)
    if bare.rfind(bare[-END:], 0, len(bare) - 1) < 0:
        return None
    backward = bare[::-1]
    border = [0] * len(backward)
    found: tuple[int, int] | None = None
    at = 0
    for n in range(1, len(backward)):
        while at and backward[n] != backward[at]:
            at = border[at - 1]
        if backward[n] == backward[at]:
            at += 1
        border[n] = at
        size, unit = n + 1, n + 1 - at
        if size >= LEAST and size >= unit * (LONG_TIMES if unit >= LONG else TIMES):
            found = size, unit
    if found is None:
        return None
    size, unit = found
    return places[len(bare) - size + unit]


def _without_numbers(text: str) -> tuple[str, Sequence[int]]:
    """The text without the numbers that begin its lines, and where each character stood."""
    if not _numbered.search(text):
        return text, range(len(text))
    places = list(range(len(text)))
    for number in reversed(list(_numbered.finditer(text))):
        del places[number.end(1) : number.end()]
    return "".join(text[place] for place in places), places
