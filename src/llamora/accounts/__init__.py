"""Accounts: registering, signing in, sessions, recovery, settings. Knows no HTTP.

Every refusal is an `AccountsError` with a sentence for the person; `Later` has `retry_after`.
"""

from llamora.accounts.accounts import Accounts, Entered, Opened
from llamora.accounts.devices import device_named
from llamora.accounts.errors import (
    AccountsError,
    BadName,
    BadSetting,
    Later,
    MistypedCode,
    NameTaken,
    RegistrationClosed,
    Throttled,
    TooBusy,
    WeakPassword,
    WrongCode,
    WrongCredentials,
    WrongPassword,
    WrongToken,
)
from llamora.accounts.networks import network_of
from llamora.accounts.passwords import Strength, strength
from llamora.accounts.policy import AccountsPolicy, Limit, Limits
from llamora.accounts.sessions import Kept, Session, SessionInfo, Sessions
from llamora.accounts.settings import Settings

__all__ = [
    "Accounts",
    "AccountsError",
    "AccountsPolicy",
    "BadName",
    "BadSetting",
    "Entered",
    "Kept",
    "Later",
    "Limit",
    "Limits",
    "MistypedCode",
    "NameTaken",
    "Opened",
    "RegistrationClosed",
    "Session",
    "SessionInfo",
    "Sessions",
    "Settings",
    "Strength",
    "Throttled",
    "TooBusy",
    "WeakPassword",
    "WrongCode",
    "WrongCredentials",
    "WrongPassword",
    "WrongToken",
    "device_named",
    "network_of",
    "strength",
]
