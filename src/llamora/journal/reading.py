"""What a model was given to read for something it wrote, as that keeps it.

No words are kept, only where they stand: in which writing, at which revision, from where to where.
So what is erased is gone from here too, and what was changed is not shown as it was.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_PIECES = 200
"""So many are listed, those that were wanted most; of the others only how many they were."""

Span = tuple[int, int]


class Read(NamedTuple):  # there are hundreds to a page, and these are quickly made
    """One piece: its kind as prompts name it, and where its words stand, in code points.

    `trace` is the trace that brought it; a piece that stands in no `writing` is its summary.
    """

    kind: str
    writing: bytes = b""
    revision: int = 0
    spans: tuple[Span, ...] = ()
    trace: bytes = b""


@dataclass(frozen=True)
class Reading:
    """The pieces in the order in which they were read, and how the model was asked.

    `digest` tells the template's text, `tokens` are those of prompt and answer as the server counts
    them, 0 when it does not say, and `seconds` lie between the question and the answer's end.
    """

    pieces: tuple[Read, ...] = ()
    unlisted: int = 0
    template: str = ""
    digest: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tokens: tuple[int, int] = (0, 0)
    seconds: float = 0.0


def as_header(reading: Reading) -> dict[str, Any]:
    """As it stands in the header of the writing."""
    return {
        "pieces": [
            [piece.kind, piece.writing.hex(), piece.revision, piece.spans, piece.trace.hex()]
            for piece in reading.pieces
        ],
        "unlisted": reading.unlisted,
        "template": reading.template,
        "digest": reading.digest,
        "parameters": dict(reading.parameters),
        "tokens": reading.tokens,
        "seconds": round(reading.seconds, 1),
    }


def from_header(header: Mapping[str, Any]) -> Reading:
    """What `as_header` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
    pieces = tuple(
        Read(
            kind,
            bytes.fromhex(writing),
            revision,
            tuple(map(tuple, spans)),
            bytes.fromhex(trace),
        )
        for kind, writing, revision, spans, trace in header["pieces"]
    )
    prompt, answer = header["tokens"]
    return Reading(
        pieces,
        int(header["unlisted"]),
        str(header["template"]),
        str(header["digest"]),
        dict(header["parameters"]),
        (int(prompt), int(answer)),
        float(header["seconds"]),
    )
