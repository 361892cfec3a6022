"""Asks a model, as everything here does that a model answers: what it is told is fitted to its
window, it is asked once more with less when that was too much after all, and it is left when it
only repeats itself."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, TypeVar

from llamora.companion.budget import measured
from llamora.companion.loops import Loops
from llamora.companion.model import Looping, MaySend, Message, Model, Overflow, Token

T = TypeVar("T")


@dataclass(frozen=True)
class Prompt(Generic[T]):
    """What a model is told, how many tokens it may answer with, and what that was made of."""

    messages: Sequence[Message]
    reply: int
    made_of: T


Fitted = Callable[[int, float], Awaitable[Prompt[T]]]
"""Makes the prompt for a window of so many tokens, where texts have so many times the tokens that
were estimated: 1.0 at first, more after an overflow."""


async def asked(
    model: Model, fitted: Fitted[T], may_send: MaySend
) -> AsyncGenerator[tuple[Prompt[T], Token], None]:
    """The answer as it comes, each piece with the prompt that it answers.

    Raises:
        ModelError: as the model does; `Looping` when it is left because it repeats itself.
    """
    window, scale, said = await model.window(), 1.0, False
    while True:
        prompt = await fitted(window, scale)
        loops = Loops()
        tokens = model.stream(prompt.messages, max_tokens=prompt.reply, may_send=may_send)
        try:
            async with aclosing(tokens):
                async for token in tokens:
                    said = said or bool(token.text)
                    if token.anew:
                        loops = Loops()
                    yield prompt, token
                    if (worth := loops.hear(token.text)) is not None:
                        raise Looping(worth)
            return
        except Overflow as e:
            if said or scale > 1:
                raise
            window = e.n_ctx or window
            scale = measured((message.text for message in prompt.messages), e.n_prompt)
