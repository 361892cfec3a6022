"""Challenges for authenticators: made here, for one browser and one use, for a few minutes.

A challenge is made from a random secret in the browser's cookie, its end and what it is for, under
the runtime key. So none is held here, every worker knows it again, and a cookie that is made up or
prolonged is the cookie of another challenge, which nobody has answered. That one is answered once
only is seen to in the account's row, where all processes see it (`Factors.spent`).
"""

from typing import NamedTuple

from llamora.accounts.carriers import decoded, encoded
from llamora.kernel import Clock
from llamora.vault import RuntimeKey, new_secret
from llamora.vault.session_keys import SECRET_BYTES

LASTS = 300
"""Seconds in which a challenge can be answered."""


class Challenge(NamedTuple):
    """The bytes to sign, the moment they end, and the cookie that goes with them."""

    value: bytes
    ends: int
    cookie: str


class Challenges:
    def __init__(self, clock: Clock, runtime: RuntimeKey) -> None:
        self._clock = clock
        self._runtime = runtime

    def new(self, purpose: bytes) -> Challenge:
        secret, ends = new_secret(), self._now() + LASTS
        return self._made(secret, ends, purpose)

    def of(self, cookie: str, purpose: bytes) -> Challenge | None:
        """The challenge that this browser was given for that purpose; None when there is none, or
        its time is over."""
        raw = decoded(cookie)
        if len(raw) != SECRET_BYTES + 8:
            return None
        ends = int.from_bytes(raw[SECRET_BYTES:], "big")
        if not 0 < ends - self._now() <= LASTS:
            return None
        return self._made(raw[:SECRET_BYTES], ends, purpose)

    def _made(self, secret: bytes, ends: int, purpose: bytes) -> Challenge:
        end = ends.to_bytes(8, "big")
        value = self._runtime.challenge(secret, end + purpose)
        return Challenge(value, ends, encoded(secret + end))

    def _now(self) -> int:
        return int(self._clock.now().timestamp())
