"""The stretch of a writing that shows why it was found, with the words that were asked for marked.

A snippet is the diarist's text and nothing else, but for signs of Markdown, which are left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from llamora.search.sentences import sentences
from llamora.search.words import Word, terms_of, words

LONGEST_PASSAGE = 2_000
"""Whatever a record says: what is looked for signs must not be of any length."""
WINDOW = 260
"""Characters of a snippet, about."""
LEAD = 90
"""How far back a snippet goes at most to begin where a sentence does."""
RAGGED = 40
"""How much shorter than a window it may be, to end between two words."""

_link = re.compile(r"(!?\[)[^\]\n]*(\]\([^)\s]*\))")
_sign = "*_`~"
_signs = re.compile(
    r"(?m)^[ \t]*(?:#{1,6}|>|[-*+]|\d+\.)[ \t]+"
    rf"|(?<![\w{_sign}])[{_sign}]{{1,3}}(?=[^\s{_sign}])"
    rf"|(?<=[^\s{_sign}])[{_sign}]{{1,3}}(?![\w{_sign}])"
)
"""What begins a line, opens a stretch of words or closes one; not what stands within a word."""
_space = re.compile(r"\s+")


@dataclass(frozen=True)
class Piece:
    """A stretch of a snippet; marked when it is a word that was asked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Snippet:
    """`pieces` follow each other; `start` and `end` say where they stand in the text, in code
    points. `before` and `after` say whether the text goes on there."""

    pieces: tuple[Piece, ...]
    start: int
    end: int
    before: bool
    after: bool

    @property
    def text(self) -> str:
        inner = "".join(piece.text for piece in self.pieces).strip()
        return f"{'… ' if self.before else ''}{inner}{' …' if self.after else ''}"


@dataclass(frozen=True)
class Telling:
    """How much the words of a text tell about what was asked for: `weights` says it of each term.

    The results of a query have most of their words in common, so each is looked at once.
    """

    weights: Mapping[int, float] = field(default_factory=dict[int, float])
    languages: Sequence[str] = ()
    _known: dict[str, float] = field(default_factory=dict[str, float], compare=False)

    def of(self, folded: str) -> float:
        """As much as the most telling of a word's terms."""
        known = self._known.get(folded)
        if known is None:
            known = 0.0
            for language in self.languages:
                for term in terms_of(folded, language):
                    known = max(known, self.weights.get(term, 0.0))
            self._known[folded] = known
        return known


def snippet(
    text: str,
    passage: tuple[int, int],
    telling: Telling,
    central: Callable[[], tuple[int, int] | None] = lambda: None,
) -> Snippet:
    """The best window of a passage. Where no word of it tells anything, the window begins with
    `central`, the sentence that is nearest in meaning."""
    start = min(passage[0], len(text))
    start, end = _trimmed(text, start, min(passage[1], start + LONGEST_PASSAGE))
    whole = start, end
    told = ((word, telling.of(word.folded)) for word in words(text[start:end]))
    found = [(word, weight) for word, weight in told if weight]
    marks = [(word.start + start, word.end + start) for word, _ in found]
    if end - start > WINDOW:
        anchor = _densest(found) + start if found else (central() or whole)[0]
        start, end = _window(text, start, end, min(max(anchor, start), end - 1))
    return Snippet(
        tuple(_pieces(text, start, end, marks, _hidden(text, *whole))),
        start,
        end,
        before=bool(text[:start].strip()),
        after=bool(text[end:].strip()),
    )


def _densest(found: Sequence[tuple[Word, float]]) -> int:
    """Where the window begins that holds most of what was asked for, each word counted once."""
    best, best_weight = 0, 0.0
    for n, (first, _) in enumerate(found):
        held: dict[str, float] = {}
        for word, weight in found[n:]:
            if word.end - first.start > WINDOW - LEAD:
                break
            held[word.folded] = weight
        weight = sum(held.values())
        if weight > best_weight:
            best, best_weight = first.start, weight
    return best


def _window(text: str, start: int, end: int, anchor: int) -> tuple[int, int]:
    """A window around `anchor`, from the beginning of a sentence where one is near."""
    begin = max(start, anchor - LEAD)
    starts = [start + a for a, _ in sentences(text[start:end]) if begin <= start + a <= anchor]
    if starts:
        begin = starts[0]
    elif begin > start:
        space = text.find(" ", begin, anchor)
        begin = space + 1 if space >= 0 else begin
    stop = min(end, begin + WINDOW)
    if stop < end:
        space = text.rfind(" ", max(anchor, stop - RAGGED), stop)
        stop = space if space > begin else stop
    return _trimmed(text, begin, stop)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    return start, start + len(inner.strip())


def _pieces(
    text: str,
    start: int,
    end: int,
    marks: Sequence[tuple[int, int]],
    hidden: Sequence[tuple[int, int]],
) -> Iterator[Piece]:
    """The text without what is hidden; marks with nothing to be seen between them are one."""
    stretches: list[tuple[str, bool]] = []
    at = start
    for a, b in _merged((a, b) for a, b in marks if start <= a and b <= end):
        stretches += [(_seen(text, at, a, hidden), False), (_seen(text, a, b, hidden), True)]
        at = b
    stretches.append((_seen(text, at, end, hidden), False))
    for marked, same in groupby((one for one in stretches if one[0]), lambda one: one[1]):
        yield Piece(_space.sub(" ", "".join(shown for shown, _ in same)), marked)


def _merged(marks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for a, b in sorted(marks):
        if merged and a <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _seen(text: str, start: int, end: int, hidden: Sequence[tuple[int, int]]) -> str:
    """What is to be seen of a stretch."""
    shown, at = "", start
    for a, b in hidden:
        if at < b and a < end:
            shown += text[at : max(a, at)]
            at = b
    return shown + text[at : max(end, at)]


def _hidden(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where signs of Markdown stand. They are looked for in the whole text, for what stands before
    a piece says whether a line begins there."""
    spans = [found.span(part) for found in _link.finditer(text, start, end) for part in (1, 2)]
    spans += [found.span() for found in _signs.finditer(text, start, end)]
    return _merged(spans)
