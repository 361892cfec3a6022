"""What the companion asks of a language model, and the ways in which one can fail.

`Model` is a protocol at the world's edge: `endpoint.Endpoint` speaks to a real server, tests bring
a scripted one. Every failure is a `ModelError`. Its `sentence` is fit for the page; its `code` and
its `str()` are fit for a log. None of the three holds a word of what was sent or received, an
address or a key.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the answer. The last one has no text and says how it ended: "stop" when the model
    was done, "length" when it came to the end of what it may say or hold."""

    text: str
    finish: str = ""


class Model(Protocol):
    @property
    def name(self) -> str:
        """The model's name as the page may show it; may be empty until it has answered once."""
        ...

    async def window(self) -> int:
        """How many tokens prompt and answer may have together.

        Raises:
            ModelError: it cannot be reached.
        """
        ...

    def stream(
        self, messages: Sequence[Message], *, max_tokens: int
    ) -> AsyncGenerator[Token, None]:
        """The answer as it comes; always ended by a token with `finish`, or by a `ModelError`.

        Cancelling the task that reads it, or closing the generator (`contextlib.aclosing`), closes
        the connection at once, and with it the work of the model. Leaving the loop in another way
        does not.
        """
        ...


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
