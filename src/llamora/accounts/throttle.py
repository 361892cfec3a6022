"""How many attempts are allowed: per account, per network, and in all.

A place is reserved before the costly derivation, so that a thousand attempts at once are not
a thousand guesses. Kept in memory only: nothing on the disk tells who tried what. It is the
generic cell rate algorithm (ITU-T I.371): one number a bucket, the moment it will be full again.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass

from llamora.accounts.errors import Throttled
from llamora.accounts.policy import Limit, Limits
from llamora.kernel import Clock

_TIDY_ABOVE = 1000


class Throttle:
    """The buckets of one kind of attempt. To be used in one thread."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._full_at: dict[Hashable, float] = {}

    def reserve(self, account: Hashable, network: str | None) -> "Reservation":
        """A place for one attempt; `network` None for someone at the machine itself.

        Raises:
            Throttled: there is none now; nothing was counted.
        """
        now = self._clock.monotonic()
        buckets: list[tuple[Hashable, Limit]] = [
            (("account", account), self._limits.account),
            ("everyone", self._limits.everyone),
        ]
        if network is not None:
            buckets.append((("network", network), self._limits.network))
        wait = max(self._wait(key, limit, now) for key, limit in buckets)
        if wait > 0:
            raise Throttled(max(1, math.ceil(wait)))
        for key, limit in buckets:
            self._full_at[key] = max(self._full_at.get(key, now), now) + limit.seconds
        self._tidy(now)
        return Reservation(self, tuple(buckets))

    def give_back(self, key: Hashable, seconds: float) -> None:
        if key in self._full_at:
            self._full_at[key] -= seconds

    def clear(self, key: Hashable) -> None:
        self._full_at.pop(key, None)

    def _wait(self, key: Hashable, limit: Limit, now: float) -> float:
        used = max(0.0, self._full_at.get(key, now) - now) + limit.seconds
        excess = used - limit.burst * limit.seconds
        return excess if excess > 1e-6 else 0.0

    def _tidy(self, now: float) -> None:
        # Only reservations make buckets, and `everyone` bounds those, so this stays small.
        if len(self._full_at) > _TIDY_ABOVE:
            self._full_at = {key: at for key, at in self._full_at.items() if at > now}


@dataclass(frozen=True)
class Reservation:
    """One attempt that was counted beforehand."""

    _throttle: Throttle
    _buckets: tuple[tuple[Hashable, Limit], ...]

    def succeeded(self) -> None:
        """The owner has come: earlier failures at this account no longer count.

        The network's do: somebody else in it may be guessing, with an account of their own.
        """
        (account, _), *others = self._buckets
        self._throttle.clear(account)
        for key, limit in others:
            self._throttle.give_back(key, limit.seconds)

    def unused(self) -> None:
        """The attempt was not made after all."""
        for key, limit in self._buckets:
            self._throttle.give_back(key, limit.seconds)
