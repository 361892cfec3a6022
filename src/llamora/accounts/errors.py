"""What the accounts can refuse, each with a sentence for the person and the field it belongs to."""


class AccountsError(Exception):
    """Something about an account was refused. `str()` is the sentence; `field` may be empty."""

    field = ""
    sentence = "That could not be done."

    def __init__(self, sentence: str | None = None, field: str | None = None) -> None:
        if sentence is not None:
            self.sentence = sentence
        if field is not None:
            self.field = field
        super().__init__(self.sentence)


class BadName(AccountsError):
    """A name with too few, too many or other characters than names have."""

    field = "name"
    sentence = "A name has 1 to 30 letters, digits, dots, dashes and underscores."


class NameTaken(AccountsError):
    """There is an account of that name, in whatever case it was written."""

    field = "name"
    sentence = "This name is taken; please choose another."


class OtherName(AccountsError):
    """The name that was typed to be sure is not that of the account."""

    field = "name"
    sentence = "That is not the name of this account."


class NoSuchAccount(AccountsError):
    """There is no account of that name. For those who may know which names there are."""

    field = "name"
    sentence = "There is no account of that name; `llamora-server account list` names them."


class WeakPassword(AccountsError):
    """A password that breaks the rules for new ones; the sentence says which rule."""

    field = "password"
    sentence = "This password is too easy to guess."


class RegistrationClosed(AccountsError):
    """New accounts are switched off."""

    sentence = "New accounts are switched off here."


class WrongToken(AccountsError):
    """The first account asks for the token that the server printed at its start."""

    field = "token"
    sentence = "Please enter the token that the server printed in its terminal when it started."


class WrongInvitation(AccountsError):
    """Journals are begun by invitation here, and this is none that holds."""

    field = "invitation"
    sentence = "This invitation does not hold: it was used, has expired, or was mistyped."


class WrongCredentials(AccountsError):
    """Name and password do not go together. Says nothing about which names there are."""

    sentence = "That name and password do not go together."


class WrongPassword(WrongCredentials):
    """Someone who is signed in typed another password than theirs."""

    field = "password"
    sentence = "That is not your present password."


class WrongCode(WrongCredentials):
    """Name and recovery code do not go together, or the code was used already."""

    sentence = "That name and recovery code do not go together."


class MistypedCode(AccountsError):
    """What was typed cannot be any recovery code; the sentence says why."""

    field = "code"
    sentence = "A recovery code has 25 symbols."


class MistypedAnswer(AccountsError):
    """What was typed can be neither an app's code nor a backup code."""

    field = "code"
    sentence = "A code has six digits; a backup code has ten letters and digits."


class WrongAnswer(AccountsError):
    """A second factor that is not the one, or was used already; one sentence for every cause."""

    field = "code"
    sentence = "That code is not right, or was used already. Please try the next one."


class PasskeyRefused(AccountsError):
    """An authenticator's answer that does not fit, is too late or was used; one sentence for every
    cause."""

    field = "passkey"
    sentence = "That passkey was not taken. Please try once more."


class BadPasskeyName(AccountsError):
    """A name for a passkey that is empty, too long or not one line."""

    field = "name"
    sentence = "A passkey’s name is one line of 1 to 60 characters."


class FactorGone(AccountsError):
    """What was to be changed is there no more: removed elsewhere, or waited for too long."""

    field = "form"
    sentence = "That is not there any more. Please look again at what is."


class AlreadyTurning(AccountsError):
    """The key is being rotated; a second rotation begins when the first is through."""

    sentence = "The key is being replaced already. It can be replaced again when that is done."


class BadSetting(AccountsError, ValueError):
    """A setting with a value it cannot have; `field` names it."""

    sentence = "This value is not possible here."


class Later(AccountsError):
    """Not now. `retry_after` is the number of whole seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__()


class Throttled(Later):
    """Too many attempts; answered without looking at the password."""

    @property
    def sentence(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return f"Too many attempts. Please try again in {_in_words(self.retry_after)}."


class TooBusy(Later):
    """Too many passwords are being checked at once; the attempt was not counted."""

    sentence = "The server is busy. Please try again in a moment."


def _in_words(seconds: int) -> str:
    if seconds < 60:
        return "a second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
