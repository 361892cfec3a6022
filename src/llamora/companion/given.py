"""What a model is given to read, told as places and never as words; and an answer with that.

For whatever is kept of what a model wrote: responses, openings and recaps.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from llamora.companion.asking import Fitted, asked
from llamora.companion.budget import Kind, Piece
from llamora.companion.generation import Said
from llamora.companion.model import MaySend, Model
from llamora.companion.prompt import Prompts
from llamora.journal.reading import MOST_PIECES, Read, Reading


def reading_of(
    model: Model, prompts: Prompts, template: str, pieces: Sequence[Piece], reply: int
) -> Reading:
    """What is about to be read, and how the model is asked."""
    read = [_as_read(piece) for piece in pieces if piece.kind != Kind.SYSTEM]
    listed = tuple(read[-MOST_PIECES:])
    parameters = {**model.parameters, "max_tokens": reply}
    unlisted = len(read) - len(listed)
    return Reading(listed, unlisted, template, prompts.digest(template), parameters)


async def said_with_reading(
    model: Model, fitted: Fitted[Reading], may_send: MaySend
) -> AsyncGenerator[Said, None]:
    """The answer as it comes: first what is read for it, at the end the same with its cost.

    Raises:
        ModelError
    """
    reading: Reading | None = None
    began = time.monotonic()
    async with aclosing(asked(model, fitted, may_send)) as tokens:
        async for prompt, token in tokens:
            if prompt.made_of is not reading:
                reading = prompt.made_of
                yield Said(reading=reading)
            yield Said(token.text, model=model.name, ahead=token.ahead, anew=token.anew)
            if token.ahead is not None:
                began = time.monotonic()  # it waits for its turn
            if token.finish:
                took = time.monotonic() - began
                read = replace(prompt.made_of, tokens=token.tokens, seconds=took)
                yield Said(reading=read)


def _as_read(piece: Piece) -> Read:
    stands = piece.stands
    kind = piece.kind.name.lower()
    if stands is None:
        return Read(kind, trace=piece.trace)
    return Read(kind, stands.writing, stands.revision, stands.spans, piece.trace)
