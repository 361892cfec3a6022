"""What an installation asks of its accounts: costs, limits and time-outs. Read once, handed in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from llamora.vault import KdfPolicy
from llamora.vault.keys import RECOVERY_POLICY

PASSWORD_POLICY = KdfPolicy()


@dataclass(frozen=True)
class Limit:
    """At most `attempts` in any `window` seconds."""

    attempts: int
    window: float


@dataclass(frozen=True)
class Limits:
    """How many attempts an account, a network and all of them together have."""

    account: Limit = Limit(10, 900)
    network: Limit = Limit(30, 900)
    everyone: Limit = Limit(300, 900)


# Registering, inviting and measuring are at no account yet, so its limit never counts there.
REGISTERING = Limits(network=Limit(20, 900), everyone=Limit(100, 900))
MEASURING = Limits(network=Limit(120, 60), everyone=Limit(200, 60))

# A million codes, three of which are right at any moment: nobody needs many guesses.
SECOND_FACTOR = Limits(account=Limit(5, 900))


@dataclass(frozen=True)
class AccountsPolicy:
    """Everything the accounts room is told by the settings.

    `first_token`, when there is one, is asked of whoever makes the first account; with
    `invitation_only`, any other asks for an invitation. Limits and the number of derivations are
    counted in each process by itself.
    """

    kdf: KdfPolicy = PASSWORD_POLICY
    recovery_kdf: KdfPolicy = RECOVERY_POLICY
    registration_open: bool = True
    invitation_only: bool = False
    first_token: str | None = None
    idle_ttl: timedelta = timedelta(minutes=60)
    absolute_ttl: timedelta = timedelta(hours=24)
    dek_storage: Literal["session", "cookie"] = "session"
    sign_in: Limits = Limits()
    recovery: Limits = Limits()
    confirming: Limits = Limits()
    rehearsing: Limits = Limits()
    second_factor: Limits = SECOND_FACTOR
    registering: Limits = REGISTERING
    inviting: Limits = REGISTERING
    measuring: Limits = MEASURING
    derivations_at_once: int = 2
    derivations_waiting: int = 8
