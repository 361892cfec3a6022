"""Recovery codes: 120 random bits a person can copy from paper without a mistake (§2).

Crockford's base 32 and his check symbol: https://www.crockford.com/base32.html
"""

import secrets
from dataclasses import dataclass

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHECKS = _ALPHABET + "*~$=U"
_FOLD = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u00a0\t\r\n")
SYMBOLS = 24
GROUP = 5


@dataclass(frozen=True)
class RecoveryCode:
    """A code without its check symbol: 24 symbols of the alphabet."""

    symbols: str

    @classmethod
    def new(cls) -> "RecoveryCode":
        return cls("".join(secrets.choice(_ALPHABET) for _ in range(SYMBOLS)))

    @classmethod
    def read(cls, typed: str) -> "RecoveryCode":
        """The code someone typed, whatever its case, spaces and dashes; o is 0, i and l are 1.

        Raises:
            ValueError: its length, a symbol or the check symbol is wrong; the sentence says which.
        """
        if len(typed) > 200:
            raise ValueError("A recovery code has 25 symbols.")
        folded = typed.upper().translate(_FOLD)
        if len(folded) != SYMBOLS + 1:
            raise ValueError("A recovery code has 25 symbols.")
        symbols, check = folded[:-1], folded[-1]
        if any(symbol not in _ALPHABET for symbol in symbols):
            raise ValueError("A recovery code has only digits and letters, and no U.")
        if check != _check(symbols):
            raise ValueError("One symbol of the recovery code is not right; please compare it.")
        return cls(symbols)

    @property
    def secret(self) -> bytes:
        """What Argon2id sees."""
        return self.symbols.encode()

    @property
    def groups(self) -> list[str]:
        """Five groups of five; the last symbol checks the others."""
        whole = self.symbols + _check(self.symbols)
        return [whole[i : i + GROUP] for i in range(0, len(whole), GROUP)]

    def __str__(self) -> str:
        return "-".join(self.groups)

    def __repr__(self) -> str:
        return "RecoveryCode(…)"


def _check(symbols: str) -> str:
    value = 0
    for symbol in symbols:
        value = value * 32 + _ALPHABET.index(symbol)
    return _CHECKS[value % 37]
