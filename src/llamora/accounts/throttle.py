"""How many attempts are allowed: per account, per network, and in all.

A place is reserved before the costly derivation, so that a thousand attempts at once are not
a thousand guesses. Kept in memory only: nothing on the disk tells who tried what. The moments
themselves are kept, not a rate, so a limit holds in whatever window of its length one looks at.
"""

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

from llamora.accounts.errors import Throttled
from llamora.accounts.policy import Limit, Limits
from llamora.kernel import Clock

_TIDY_ABOVE = 1000


class Throttle:
    """The counters of one kind of attempt. To be used in one thread."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._moments: dict[Hashable, deque[float]] = {}
        self._tidy_above = _TIDY_ABOVE

    def reserve(self, account: Hashable | None, network: str | None) -> "Reservation":
        """A place for one attempt; `account` None when it is at none yet, `network` None for
        someone at the machine itself.

        Raises:
            Throttled: there is none now; nothing was counted.
        """
        now = self._clock.monotonic()
        counters: list[tuple[Hashable, Limit]] = [("everyone", self._limits.everyone)]
        if account is not None:
            counters.append((("account", account), self._limits.account))
        if network is not None:
            counters.append((("network", network), self._limits.network))
        wait = max(self._wait(key, limit, now) for key, limit in counters)
        if wait > 0:
            raise Throttled(max(1, math.ceil(wait)))
        for key, _ in counters:
            self._moments.setdefault(key, deque()).append(now)
        self._tidy(now)
        return Reservation(self, now, tuple(key for key, _ in counters), ("account", account))

    def give_back(self, key: Hashable, moment: float) -> None:
        moments = self._moments.get(key)
        if moments is not None and moment in moments:
            moments.remove(moment)

    def clear(self, key: Hashable) -> None:
        self._moments.pop(key, None)

    def _wait(self, key: Hashable, limit: Limit, now: float) -> float:
        """Seconds until there is a place, counting only what the window before `now` saw."""
        moments = self._moments.get(key)
        if not moments:
            return 0.0
        while moments and moments[0] + limit.window <= now:
            moments.popleft()
        full = len(moments) >= limit.attempts
        return moments[0] + limit.window - now if full else 0.0

    def _tidy(self, now: float) -> None:
        # Only reservations make counters, and `everyone` bounds those, so this stays small.
        if len(self._moments) <= self._tidy_above:
            return
        limits = self._limits
        oldest = now - max(x.window for x in (limits.account, limits.network, limits.everyone))
        self._moments = {key: at for key, at in self._moments.items() if at and at[-1] > oldest}
        self._tidy_above = max(_TIDY_ABOVE, 2 * len(self._moments))


@dataclass(frozen=True)
class Reservation:
    """One attempt that was counted beforehand."""

    _throttle: Throttle
    _moment: float
    _keys: tuple[Hashable, ...]
    _account: Hashable

    def succeeded(self) -> None:
        """The owner has come: earlier failures at this account no longer count.

        The network's do: somebody else in it may be guessing, with an account of their own.
        """
        self.unused()
        self._throttle.clear(self._account)

    def unused(self) -> None:
        """The attempt was not made after all."""
        for key in self._keys:
            self._throttle.give_back(key, self._moment)
