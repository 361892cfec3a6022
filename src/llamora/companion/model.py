"""What the companion asks of a language model, and the ways in which one can fail.

`Model` is a protocol at the world's edge: `endpoint.Endpoint` speaks to a real server, tests bring
a scripted one. Every failure is a `ModelError`. Its `sentence` is fit for the page; its `code` and
its `str()` are fit for a log. None of the three holds a word of what was sent or received, an
address or a key.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from llamora.companion.loops import Loops

Schema = Mapping[str, Any]
"""A JSON schema (https://json-schema.org), as far as servers can hold a model to one."""

MaySend = Callable[[], bool]
"""Whether what is about to be sent may still be sent: much can happen while it waits."""


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer. The last one has no text and says how it ended: "stop" when the model
    was done, "length" when it came to the end of what it may say or hold, and how many tokens the
    server counted in the prompt and in the answer, 0 when it does not say. Before the first, while
    it waits for its turn, tokens without text say how many answers come before it. With `anew` all
    that came before it were thoughts, and count for nothing."""

    text: str
    finish: str = ""
    ahead: int | None = None
    tokens: tuple[int, int] = (0, 0)
    anew: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """How a model is just now, as far as can be told without asking it for words."""

    state: Literal["ready", "loading", "asleep", "failed", "unknown"]
    """Asleep: it is loaded when it is first needed. Unknown: it is not to be asked."""
    sentence: str = ""  # why it failed
    window: int | None = None  # tokens
    memory: int | None = None  # bytes; of a model that runs here
    load_seconds: float | None = None


class Model(Protocol):
    @property
    def name(self) -> str:
        """The model's name as the page may show it; may be empty until it has answered once."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What answers are asked for with: temperature, stop sequences and the like."""
        ...

    async def health(self) -> Health:
        """Asked when somebody looks, and never before an answer. It never raises and takes at most
        a few seconds."""
        ...

    async def count(self, text: str) -> int:
        """How many tokens `text` is, by the model's own tokenizer where that can be asked, else
        estimated on the high side. It never raises."""
        ...

    async def window(self) -> int:
        """How many tokens prompt and answer may have together.

        Raises:
            ModelError: it cannot be reached.
        """
        ...

    def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        schema: Schema | None = None,
        may_send: MaySend = always,
    ) -> AsyncGenerator[Token, None]:
        """The answer as it comes; always ended by a token with `finish`, or by a `ModelError`.

        With a schema the answer is asked to be JSON of that form. Not every server can hold its
        model to it, so what comes is to be read as anything might be.

        `may_send` is asked on the event loop right before anything is sent, after all waiting; when
        it may not, nothing is, and `Withdrawn` is raised.

        Cancelling the task that reads it, or closing the generator (`contextlib.aclosing`), closes
        the connection at once, and with it the work of the model. Leaving the loop in another way
        does not.
        """
        ...


async def whole(
    model: Model,
    messages: Sequence[Message],
    *,
    max_tokens: int,
    schema: Schema | None = None,
    characters: int,
    may_send: MaySend = always,
) -> str:
    """An answer that nobody watches come; it is left off after so many characters, and where it
    begins to repeat itself.

    Raises:
        ModelError
    """
    said, loops = "", Loops()
    answer = model.stream(messages, max_tokens=max_tokens, schema=schema, may_send=may_send)
    async with aclosing(answer) as tokens:
        async for token in tokens:
            if token.anew:
                said, loops = "", Loops()
            said += token.text
            if (worth := loops.hear(token.text)) is not None:
                return said[: min(worth, characters)]
            if len(said) >= characters:
                break
    return said[:characters]


class ModelError(Exception):
    code = "model"
    sentence = "The model could not answer."

    def __init__(self, detail: str = "") -> None:
        super().__init__(f"{self.code}: {detail}" if detail else self.code)


class BadAddress(ModelError):
    """The configured address or key cannot be used at all; found before anything is sent."""

    code = "address"
    sentence = "The model's address cannot be used; the settings say which forms can."

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Unreachable(ModelError):
    code = "unreachable"
    sentence = "The model cannot be reached just now."


class Loading(Unreachable):
    code = "loading"
    sentence = "The model is still being loaded. Try again in a minute."


class Busy(Unreachable):
    code = "busy"
    sentence = "The model is busy just now. Try again in a moment."


class TooSlow(ModelError):
    code = "slow"
    sentence = "The model took too long to answer."


class Refused(ModelError):
    code = "refused"
    sentence = "The model did not take the request."


class WrongKey(Refused):
    code = "key"
    sentence = "The model's server did not accept the key in the settings."


class NotThere(Refused):
    code = "missing"
    sentence = "The model's server does not know this model, or its address is not quite right."


class Redirected(Refused):
    code = "redirected"
    sentence = "The model's server sends requests elsewhere; give its final address instead."


class Overflow(Refused):
    """The prompt is longer than the model's window: `n_ctx` tokens, where the prompt has
    `n_prompt`; each is None when the server did not say."""

    code = "overflow"
    sentence = "This is longer than the model can read at once."

    def __init__(self, n_ctx: int | None = None, n_prompt: int | None = None) -> None:
        super().__init__(f"prompt of {n_prompt} tokens, window of {n_ctx}")
        self.n_ctx = n_ctx
        self.n_prompt = n_prompt


class Withdrawn(ModelError):
    """Nothing was sent: see `Model.stream`."""

    code = "withdrawn"
    sentence = "Something that the model was about to read is kept from it now, so it was not sent."


class Looping(ModelError):
    """It says the same over and over, and was left; so many characters are worth keeping."""

    code = "looping"
    sentence = "The model began to repeat itself, so the answer ends here."

    def __init__(self, worth: int) -> None:
        super().__init__()
        self.worth = worth


class CutShort(ModelError):
    """The stream ended without a word about why; what came before it stands."""

    code = "cut"
    sentence = "The model broke off before it was done."


class Broken(ModelError):
    code = "broken"
    sentence = "The model's answer could not be read."


class Empty(Broken):
    code = "empty"
    sentence = "The model had nothing to say."
