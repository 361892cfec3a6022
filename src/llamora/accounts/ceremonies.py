"""What is said to an authenticator and what it answers: WebAuthn, by the library of that name.

Pure: nothing here knows an account's row. Whatever is wrong with an answer is `PasskeyRefused`,
with one sentence. The library, and the large one it stands on, are imported on first use.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from llamora.accounts.errors import PasskeyRefused
from llamora.accounts.factors import Passkey

LONGEST = 20_000
"""Characters of an answer; they have about two thousand."""
PRF_SALT = hashlib.sha256(b"llamora: the secret of a wrap").hexdigest()
"""What the PRF is asked about: the same for all, for each credential has a function of its own."""
TIMEOUT = 120_000


@dataclass(frozen=True)
class Site:
    """Where a browser believes to be: `host` without a port, and the origin."""

    host: str
    origin: str


@dataclass(frozen=True)
class Made:
    """A credential that was made just now."""

    credential: bytes
    public_key: bytes
    count: int
    transports: tuple[str, ...]


def making(
    site: Site, challenge: bytes, owner: bytes, name: str, known: Iterable[Passkey]
) -> dict[str, Any]:
    """Options for a new passkey: one that its authenticator finds by itself, and that asks who
    is there. `name` is what the authenticator shows; `known` ones are not made twice."""
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Llamora",
        user_id=owner,
        user_name=name,
        challenge=challenge,
        timeout=TIMEOUT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_named(known),
    )
    return options_to_json_dict(options) | {"prf": PRF_SALT}


def asking(site: Site, challenge: bytes, known: Iterable[Passkey] = ()) -> dict[str, Any]:
    """Options for using a passkey: one of the `known`, or any that the authenticator has here."""
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=site.host,
        challenge=challenge,
        timeout=TIMEOUT,
        allow_credentials=_named(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options) | {"prf": PRF_SALT}


def made(answer: str, challenge: bytes, site: Site) -> Made:
    """The credential that an authenticator made.

    Raises:
        PasskeyRefused: the answer is not one to this challenge, from here, by a verified person.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import parse_registration_credential_json

    _must_be_short(answer)
    try:
        credential = parse_registration_credential_json(answer)
        found = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as e:
        raise PasskeyRefused from e
    ways = tuple(way.value for way in credential.response.transports or ())
    return Made(found.credential_id, found.credential_public_key, found.sign_count, ways)


def claimed(answer: str) -> tuple[bytes, bytes]:
    """The ids of the credential and of the account that an answer claims to speak for; nothing of
    it is checked yet.

    Raises:
        PasskeyRefused: it claims none.
    """
    from webauthn.helpers import parse_authentication_credential_json

    _must_be_short(answer)
    try:
        found = parse_authentication_credential_json(answer)
    except Exception as e:
        raise PasskeyRefused from e
    return found.raw_id, found.response.user_handle or b""


def used(answer: str, challenge: bytes, site: Site, passkey: Passkey) -> int:
    """The count of uses after this one.

    Raises:
        PasskeyRefused: the answer is not this passkey's, to this challenge, from here, by a
            verified person, or its count went back, as a copied authenticator's would.
    """
    from webauthn import verify_authentication_response

    _must_be_short(answer)
    try:
        found = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=bytes.fromhex(passkey.public_key),
            credential_current_sign_count=passkey.count,
            require_user_verification=True,
        )
    except Exception as e:
        raise PasskeyRefused from e
    if found.credential_id.hex() != passkey.credential:
        raise PasskeyRefused
    return found.new_sign_count


def id_of(credential: bytes) -> bytes:
    """The id by which we know a credential; 16 bytes that tell nothing of it."""
    return hashlib.sha256(b"llamora passkey" + credential).digest()[:16]


def _must_be_short(answer: str) -> None:
    if len(answer) > LONGEST:
        raise PasskeyRefused


def _named(passkeys: Iterable[Passkey]) -> list[Any]:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return [
        PublicKeyCredentialDescriptor(
            id=bytes.fromhex(each.credential),
            transports=[AuthenticatorTransport(way) for way in each.transports],
        )
        for each in passkeys
    ]
