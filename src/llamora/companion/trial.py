"""Whether a model answers at all: a few words that have nothing to do with any diary."""

import asyncio

from llamora.companion.model import Message, Model, TooSlow, whole

SECONDS = 120.0  # somebody waits for it
TOKENS = 512  # of which a model that thinks first may use most
CHARACTERS = 280

_ASKED = (
    Message("system", "Answer in a few plain words."),
    Message("user", "Are you there?"),
)


async def trial(model: Model) -> str:
    """What it says, as far as one line of a page holds it.

    Raises:
        ModelError: why it says nothing.
    """
    try:
        async with asyncio.timeout(SECONDS):
            said = await whole(model, _ASKED, max_tokens=TOKENS, characters=CHARACTERS + 1)
    except TimeoutError:
        raise TooSlow("in a trial") from None
    return said.strip() if len(said) <= CHARACTERS else said[:CHARACTERS] + "…"
