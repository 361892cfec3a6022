"""One-time codes: those an authenticator app shows, and the ones kept on paper for when it is lost.

Pure: nothing here knows an account or a file. An app's code is RFC 6238's, six digits of SHA-1
every thirty seconds, which is what every app can do.
"""

import hmac
import re
import secrets
import unicodedata
from collections.abc import Container, Sequence

from llamora.accounts.errors import MistypedAnswer

SECONDS = 30
DRIFT = 1
"""Steps that a clock may be early or late."""
BACKUP_CODES = 10
_SECRET_LETTERS = 32  # 160 bits, as RFC 4226 recommends
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BACKUP_SYMBOLS = 10  # 50 bits, behind a throttle
_LONGEST_TYPED = 100
_LEFT_OUT = re.compile(r"[\s\-‐‑‒–—]+")


def new_secret() -> str:
    """A secret for an authenticator app, in base 32."""
    from pyotp import random_base32

    return random_base32(_SECRET_LETTERS)


def address(secret: str, name: str) -> str:
    """The otpauth address that an app reads from a QR picture. `name` is shown there."""
    from pyotp.totp import TOTP

    return TOTP(secret).provisioning_uri(name=name, issuer_name="Llamora")


def picture(text: str) -> str:
    """A QR picture as SVG without any style, so that the page's policy lets it be."""
    import segno

    made = segno.make(text, error="m", micro=False)
    return made.svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True)


def grouped(secret: str) -> str:
    """A secret in groups of four, for those who type it."""
    return " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))


def step_of(secret: str, code: str, now: float, used: Container[int]) -> int | None:
    """Which step's code this is, of those that may be shown now and were not used; None for none.

    The used ones are named, not counted from: a clock that ran a day ahead and was set right
    would otherwise refuse every code for a day.
    """
    from pyotp.totp import TOTP

    totp, here = TOTP(secret), int(now) // SECONDS
    found = [
        step
        for step in range(max(0, here - DRIFT), here + DRIFT + 1)
        if hmac.compare_digest(totp.generate_otp(step), code) and step not in used
    ]
    return found[0] if found else None


def new_backup_codes() -> list[str]:
    """Ten codes, each to be used once."""
    return [
        "".join(secrets.choice(_ALPHABET) for _ in range(_BACKUP_SYMBOLS))
        for _ in range(BACKUP_CODES)
    ]


def shown(backup_code: str) -> str:
    half = _BACKUP_SYMBOLS // 2
    return f"{backup_code[:half]}-{backup_code[half:]}"


def hashed(backup_code: str, key: bytes) -> str:
    """What is kept of a backup code, in hexadecimal digits."""
    return hmac.digest(key, backup_code.encode(), "sha256").hex()


def place_of(backup_code: str, key: bytes, kept: Sequence[str]) -> int | None:
    """Where among the kept hashes this code's is."""
    tried = hashed(backup_code, key)
    found = [place for place, each in enumerate(kept) if hmac.compare_digest(each, tried)]
    return found[0] if found else None


def read(typed: str) -> str:
    """What someone typed: six digits of an app, or the ten symbols of a backup code.

    Spaces, dashes and case do not matter; in a backup code o is 0, and i and l are 1.

    Raises:
        MistypedAnswer: it can be neither.
    """
    if len(typed) > _LONGEST_TYPED:
        raise MistypedAnswer
    text = _LEFT_OUT.sub("", unicodedata.normalize("NFKC", typed)).upper()
    if len(text) == 6 and text.isascii() and text.isdecimal():
        return text
    text = text.translate(str.maketrans("OIL", "011"))
    if len(text) != _BACKUP_SYMBOLS or any(symbol not in _ALPHABET for symbol in text):
        raise MistypedAnswer
    return text
