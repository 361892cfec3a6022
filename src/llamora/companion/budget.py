"""Fits what the model is to read into what it can read. Pure: no tokenizer, no server.

Tokens are estimated from bytes, on the high side for every script, since too little context is a
poorer answer and too much is none.
"""

import math
import string
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

PIECE_TOKENS = 24  # the label, the fences and the line ends round one piece
CHAT_TOKENS = 48  # what a chat template puts round and between the messages
LEAST_ENTRY = 64  # tokens of the entry that are kept however small the window
MARK = "\n[…]\n"  # stands where the middle of an entry was left out

_CHEAP = b" " + string.ascii_letters.encode()
_WIDE = bytes(range(0x80, 0x100))


class Kind(IntEnum):
    """What a piece is. The higher its number, the sooner it is left out."""

    SYSTEM = 0  # what the companion is told to be; never left out
    ENTRY = 1  # the entry to be answered; never left out, cut in the middle at most
    TODAY = 2  # the day so far, responses included
    TRACE = 3  # what stands under traces that the diarist attached
    OWN = 4  # what stands under traces that the entry carries
    RELATED = 5  # passages of other days that are close to the entry
    EARLIER = 6  # entries of days before, for the opening of a day


Span = tuple[int, int]


@dataclass(frozen=True)
class Stands:
    """Where words stand: in that writing, at that revision, at those places in code points."""

    writing: bytes
    revision: int
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Piece:
    """One labelled stretch of what the model reads."""

    kind: Kind
    text: str
    day: date | None = None
    by: str = "diarist"  # or "companion"
    about: str = ""  # the name of the trace that brought it
    stands: Stands | None = None  # None for what is no writing, such as a summary
    trace: bytes = b""  # the id of the trace that brought it


@dataclass(frozen=True)
class Fitted:
    """What is left, in the order it was given, and how many tokens the reply may have."""

    pieces: tuple[Piece, ...]
    reply: int


def estimate(text: str) -> int:
    """How many tokens `text` is, at most, in the tokenizers in use.

    English words come at four to five letters a token, other scripts at two bytes or more, digits
    and signs at one each; letters and spaces are counted by threes here, other scripts by twos.
    """
    raw = text.encode("utf-8", "replace")
    # Counted by leaving them out, which is done in one go: a long day is measured at every answer.
    cheap = len(raw) - len(raw.translate(None, _CHEAP))
    wide = len(raw) - len(raw.translate(None, _WIDE))
    return math.ceil(cheap / 3) + math.ceil(wide / 2) + len(raw) - cheap - wide


def fit(pieces: Sequence[Piece], *, window: int, reply: int, scale: float = 1.0) -> Fitted:
    """The pieces that fit into `window` tokens beside a reply of `reply` tokens.

    The reply gets at most half the window. Kinds are left out from the highest number down, and
    within a kind the first piece goes first: so the day is given in order, and what is related
    from the least to the most. The entry is cut in the middle when nothing else is left to go.

    `scale` is for a second try after an `Overflow`: how many times the estimate the prompt
    really was.
    """
    reply = min(reply, window // 2)
    room = window - reply - CHAT_TOKENS

    def size(piece: Piece) -> int:
        return math.ceil(estimate(piece.text) * scale) + PIECE_TOKENS

    kept = list(pieces)
    total = sum(map(size, kept))
    for piece in sorted(pieces, key=lambda p: -p.kind):  # a stable sort keeps each kind's order
        if total <= room or piece.kind <= Kind.ENTRY:
            break
        kept.remove(piece)
        total -= size(piece)
    if total > room:
        kept = [_shortened(p, size(p) - (total - room), scale) for p in kept]
    return Fitted(tuple(kept), reply)


def measured(texts: Iterable[str], tokens: int | None) -> float:
    """The scale for a second try: texts that were fitted were too long after all, by a server that
    may have said how many tokens they are."""
    return max(1.25, (tokens or 0) / max(sum(map(estimate, texts)), 1) * 1.1)


def _shortened(piece: Piece, room: int, scale: float) -> Piece:
    if piece.kind != Kind.ENTRY:
        return piece
    room = max(room - PIECE_TOKENS, LEAST_ENTRY)
    return shortened(piece, math.floor(room / scale))


def shortened(piece: Piece, tokens: int) -> Piece:
    """The piece with no more of its text than `without_middle` keeps."""
    spans = _ends(piece.text, tokens)
    if len(spans) == 1:
        return piece
    stands = piece.stands
    if stands:
        begins = stands.spans[0][0]
        stands = replace(stands, spans=tuple((begins + a, begins + b) for a, b in spans))
    return replace(piece, text=_joined(piece.text, spans), stands=stands)


def without_middle(text: str, tokens: int) -> str:
    """The text if it fits into so many tokens; else its beginning and its end, at word ends, half
    of them each."""
    return _joined(text, _ends(text, tokens))


def _joined(text: str, spans: Sequence[Span]) -> str:
    return MARK.join(text[start:end] for start, end in spans)


def _ends(text: str, tokens: int) -> tuple[Span, ...]:
    """What is kept of a text: all of it, or its beginning and its end."""
    if estimate(text) <= tokens:
        return ((0, len(text)),)
    half = max((tokens - estimate(MARK)) // 2, 1)
    head = text[: _longest(text, half)]
    tail = text[len(text) - _longest(text[::-1], half) :]
    # A script without spaces is cut where it falls.
    head = head[: head.rfind(" ") if " " in head[-40:] else None]
    tail = tail[tail.find(" ") + 1 if " " in tail[:40] else 0 :]
    return (0, len(head.rstrip())), (len(text) - len(tail.lstrip()), len(text))


def _longest(text: str, tokens: int) -> int:
    """How many characters from the start stay within `tokens`."""
    low, high = 0, min(len(text), tokens * 3)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if estimate(text[:middle]) <= tokens else (low, middle - 1)
    return low
