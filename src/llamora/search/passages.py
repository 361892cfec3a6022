"""Passages: the stretches of a writing that are ranked, each a few sentences long.

About 500 characters found most on dated personal texts; whole entries of some thousand characters
blur what they are about, single sentences lose what they refer to.
"""

from llamora.search.sentences import sentences

PASSAGE_CHARACTERS = 500
LONGEST = 800
"""What is not much longer than a passage stays whole; nothing is longer than this."""


def cut(text: str) -> list[tuple[int, int]]:
    """Start and end of each passage in code points, in order; none for a text without content.

    Passages end where sentences do, and have about the same length; a sentence that is too long
    for a passage is cut between two words, or anywhere where no space stands.
    """
    pieces = [piece for start, end in sentences(text) for piece in _short(text, start, end)]
    if not pieces:
        return []
    whole = pieces[-1][1] - pieces[0][0]
    if whole <= LONGEST:
        return [(pieces[0][0], pieces[-1][1])]
    aim = whole / round(whole / PASSAGE_CHARACTERS)
    passages = [pieces[0]]
    for start, end in pieces[1:]:
        first, last = passages[-1]
        joined = end - first
        if joined <= LONGEST and abs(joined - aim) <= abs(last - first - aim):
            passages[-1] = (first, end)
        else:
            passages.append((start, end))
    return passages


def _short(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """A sentence in pieces that are no longer than a passage may be."""
    pieces: list[tuple[int, int]] = []
    while end - start > LONGEST:
        space = text.rfind(" ", start + PASSAGE_CHARACTERS // 2, start + PASSAGE_CHARACTERS)
        at = space + 1 if space > 0 else start + PASSAGE_CHARACTERS
        pieces.append((start, at))
        start = at
    return [(a, b) for a, b in [*pieces, (start, end)] if text[a:b].strip()]
