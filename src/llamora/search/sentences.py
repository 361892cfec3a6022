"""Where sentences begin and end, in any script."""

import re

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
