"""The passage that a search found, marked on the page it leads to.

An address says where the passage stands, `Passage`, and never what is in it. `mark` takes a
writing's sanitised HTML and puts `<mark class="found">` round the words that come from the passage.
Only text is wrapped: without the marks, the HTML is what it was. What fits nothing marks nothing.

Where a word of the source is shown cannot be asked of the HTML, and signs, addresses and shortcodes
make the two differ; but they hold the same words in the same order, so the words are laid side by
side, all of them, which also tells repeated ones apart. The time grows with the length of the text.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from llamora.search.words import Word, words

_address = re.compile(r"([0-9a-f]{32})\.([0-9]{1,9})-([0-9]{1,9})")
_tag = re.compile(r'<[^<>"]*(?:"[^"]*"[^<>"]*)*>')
# An attribute may hold a bare `>`, as HTML allows; text never does. Of references to characters
# the sanitiser leaves only those to signs and spaces, which belong to no word.
_hidden = re.compile(rf"{_tag.pattern}|&\w+;")
_closing = re.compile(r"[^\w\s<>&]*")
_opening = re.compile(r"[^\w\s<>&;]")


@dataclass(frozen=True)
class Passage:
    """A stretch of a writing's source, in code points."""

    writing: bytes
    start: int
    end: int

    @classmethod
    def read(cls, address: str) -> Self | None:
        """What `str` of a passage wrote; None for anything else."""
        found = _address.fullmatch(address)
        return cls(bytes.fromhex(found[1]), int(found[2]), int(found[3])) if found else None

    def __str__(self) -> str:
        return f"{self.writing.hex()}.{self.start}-{self.end}"


def mark(html: str, text: str, start: int, end: int) -> str:
    """The HTML that `text` was rendered to, with the words of `text[start:end]` marked."""
    if not 0 <= start < end <= len(text):
        return html
    written = words(text)
    shown = words(_hidden.sub(lambda found: " " * len(found[0]), html))
    places = _side_by_side([w.folded for w in written], [w.folded for w in shown])
    here = [
        shown[place]
        for word, place in zip(written, places, strict=True)
        if place is not None and start <= word.start and word.end <= end
    ]
    return _wrapped(html, *_whole(html, here[0], here[-1])) if here else html


def _side_by_side(written: Sequence[str], shown: Sequence[str]) -> list[int | None]:
    """For each word of the source, which of the shown words it is; they never cross.

    A word that is written as often as it is shown is the same one each time. The others, which are
    also in an address or the name of an emoji, are known by their neighbours.
    """
    places: list[int | None] = [None] * len(written)
    where_written, where_shown = _where(written), _where(shown)
    sure = (
        pair
        for word, here in where_written.items()
        if len(here) == len(where_shown[word])
        for pair in zip(here, where_shown[word], strict=True)
    )
    for at, place in _rising(sorted(sure)):
        places[at] = place
    _spread(places, written, shown, range(len(written)), 1)
    _spread(places, written, shown, range(len(written) - 1, -1, -1), -1)
    return places


def _where(found: Iterable[str]) -> defaultdict[str, list[int]]:
    where: defaultdict[str, list[int]] = defaultdict(list)
    for at, word in enumerate(found):
        where[word].append(at)
    return where


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most pairs whose second numbers rise as the first do (patience sorting)."""
    tops: list[int] = []  # the lowest second number that a row of each length ends with
    ends: list[int] = []  # and which pair that is
    before: list[int] = []
    for n, (_, place) in enumerate(pairs):
        length = bisect_left(tops, place)
        before.append(ends[length - 1] if length else -1)
        tops[length : length + 1] = [place]
        ends[length : length + 1] = [n]
    row: list[tuple[int, int]] = []
    n = ends[-1] if ends else -1
    while n >= 0:
        row.append(pairs[n])
        n = before[n]
    return row[::-1]


def _spread(
    places: list[int | None],
    written: Sequence[str],
    shown: Sequence[str],
    order: Iterable[int],
    step: int,
) -> None:
    """Goes on from each known word to the next, in both, for as long as they are the same."""
    taken = {place for place in places if place is not None}
    last: int | None = -1 if step > 0 else len(shown)
    for at in order:
        if places[at] is None and last is not None:
            place = last + step
            free = 0 <= place < len(shown) and place not in taken
            places[at] = place if free and shown[place] == written[at] else None
        last = places[at]


def _whole(html: str, first: Word, last: Word) -> tuple[int, int]:
    """From the one word to the other, with the quotation marks and stops that stand at them."""
    start, end = first.start, last.end
    while start and _opening.fullmatch(html[start - 1]):
        start -= 1
    closing = _closing.match(html, end)
    return start, closing.end() if closing else end


def _wrapped(html: str, start: int, end: int) -> str:
    """The stretch with its text marked, piece by piece between the tags."""
    tags = [found.span() for found in _tag.finditer(html, start, end)]
    pieces = [html[:start]]
    for (_, begin), (stop, after) in pairwise([(start, start), *tags, (end, end)]):
        piece = html[begin:stop]
        # Between blocks there are line ends and nothing else, and a mark has no place.
        pieces.append(f'<mark class="found">{piece}</mark>' if piece.strip("\n") else piece)
        pieces.append(html[stop:after])
    return "".join([*pieces, html[end:]])
