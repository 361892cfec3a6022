"""Accounts: registering, signing in, sessions, recovery, settings. Knows no HTTP.

Every refusal is an `AccountsError` with a sentence for the person; `Later` has `retry_after`.
"""

from llamora.accounts.accounts import Accounts, Entered, Opened
from llamora.accounts.ceremonies import Site
from llamora.accounts.codes import Codes, Enrolled
from llamora.accounts.devices import device_named
from llamora.accounts.erasing import Backup
from llamora.accounts.errors import (
    AccountsError,
    AlreadyTurning,
    BadName,
    BadPasskeyName,
    BadSetting,
    FactorGone,
    Later,
    MistypedAnswer,
    MistypedCode,
    NameTaken,
    NoSuchAccount,
    OtherName,
    PasskeyRefused,
    RegistrationClosed,
    Throttled,
    TooBusy,
    WeakPassword,
    WrongAnswer,
    WrongCode,
    WrongCredentials,
    WrongInvitation,
    WrongPassword,
    WrongToken,
)
from llamora.accounts.half_open import HalfOpen
from llamora.accounts.history import Event, Kind
from llamora.accounts.networks import network_of
from llamora.accounts.passkeys import PasskeyInfo, Passkeys
from llamora.accounts.passwords import Strength, strength
from llamora.accounts.policy import AccountsPolicy, Limit, Limits
from llamora.accounts.rotation import Progress, Rotation
from llamora.accounts.sessions import Kept, Left, Session, SessionInfo, Sessions
from llamora.accounts.settings import Settings
from llamora.accounts.turning import Turned

__all__ = [
    "Accounts",
    "AccountsError",
    "AccountsPolicy",
    "AlreadyTurning",
    "Backup",
    "BadName",
    "BadPasskeyName",
    "BadSetting",
    "Codes",
    "Enrolled",
    "Entered",
    "Event",
    "FactorGone",
    "HalfOpen",
    "Kept",
    "Kind",
    "Later",
    "Left",
    "Limit",
    "Limits",
    "MistypedAnswer",
    "MistypedCode",
    "NameTaken",
    "NoSuchAccount",
    "Opened",
    "OtherName",
    "PasskeyInfo",
    "PasskeyRefused",
    "Passkeys",
    "Progress",
    "RegistrationClosed",
    "Rotation",
    "Session",
    "SessionInfo",
    "Sessions",
    "Settings",
    "Site",
    "Strength",
    "Throttled",
    "TooBusy",
    "Turned",
    "WeakPassword",
    "WrongAnswer",
    "WrongCode",
    "WrongCredentials",
    "WrongInvitation",
    "WrongPassword",
    "WrongToken",
    "device_named",
    "network_of",
    "strength",
]
