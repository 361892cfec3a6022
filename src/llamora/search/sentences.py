"""Where sentences begin and end, in any script, and where a long one may be cut."""

import re
from unicodedata import category

JOINER = "\u200d"
"""Makes one emoji of two."""

_end = re.compile(
    r"(?<=[.!?…。！？])[\"'”’»」』）)\]*_]*\s+|(?<=[。！？])(?![。！？])[”’」』）]*|\n+"
)
_abbreviated = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|St|Capt|Col|Prof|Jr|Sr|No)\.[^\S\n]+\Z"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence that holds anything, in code points, in order.

    A line end always ends a sentence; the dot of an initial or of "Mr." does not.
    """
    ends = (
        found.end()
        for found in _end.finditer(text)
        if not _abbreviated.search(text, max(0, found.start() - 8), found.end())
    )
    starts = [0, *ends]
    return [
        (a, b) for a, b in zip(starts, [*starts[1:], len(text)], strict=True) if text[a:b].strip()
    ]


def beginning(text: str, characters: int) -> str:
    """At most so many characters, word for word and nothing added: up to the end of a word, where
    one ends; else no mark is parted from its letter, and no emoji from its other half."""
    if len(text) <= characters:
        return text
    begins = len(text) - len(text.lstrip())
    for at in range(characters, begins, -1):
        if text[at].isspace():
            return text[:at].rstrip()
    at = characters
    while at > 1 and (category(text[at])[0] in "MC" or text[at - 1] == JOINER):
        at -= 1
    return text[:at].rstrip()
