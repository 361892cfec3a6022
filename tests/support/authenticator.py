"""An authenticator made of Python, for answers that no honest one would give.

Every part of an answer can be exchanged by naming it: `key.made(options, origin=…)`.
"""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost:5000"
PRESENT, VERIFIED, CREDENTIAL = 1, 4, 64


class Key:
    """One credential, ES256, with a PRF; `count` is told and rises with each use."""

    def __init__(self) -> None:
        self.id = secrets.token_bytes(32)
        self.count = 0
        self.owner = b""
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._prf = secrets.token_bytes(32)

    def prf(self, options: dict[str, Any]) -> str:
        return b64(hmac.digest(self._prf, bytes.fromhex(options["prf"]), "sha256"))

    def made(self, options: dict[str, Any], **other: Any) -> str:
        """What it answers when it is to be made."""
        self.owner = unb64(options["user"]["id"])
        numbers = self._private.public_key().public_numbers()
        public = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        data = self._data(options["rp"]["id"], CREDENTIAL, other)
        data += bytes(16) + len(self.id).to_bytes(2) + self.id + cbor2.dumps(public)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options, other)
        return self._said({"clientDataJSON": client, "attestationObject": attested}, other)

    def used(self, options: dict[str, Any], **other: Any) -> str:
        """What it answers when it is used."""
        self.count += 1
        data = self._data(options["rpId"], 0, other)
        client = self._client("webauthn.get", options, other)
        signed = data + hashlib.sha256(client).digest()
        signature = other.get("signature") or self._private.sign(signed, ec.ECDSA(SHA256()))
        return self._said(
            {
                "clientDataJSON": client,
                "authenticatorData": data,
                "signature": signature,
                "userHandle": other.get("owner", self.owner),
            },
            other,
        )

    def _data(self, host: str, flags: int, other: dict[str, Any]) -> bytes:
        host = other.get("host", host)
        flags |= other.get("flags", PRESENT | VERIFIED)
        count = other.get("count", self.count)
        return hashlib.sha256(host.encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _client(self, kind: str, options: dict[str, Any], other: dict[str, Any]) -> bytes:
        said = {
            "type": other.get("kind", kind),
            "challenge": other.get("challenge", options["challenge"]),
            "origin": other.get("origin", ORIGIN),
            "crossOrigin": False,
        }
        return json.dumps(said).encode()

    def _said(self, response: dict[str, bytes], other: dict[str, Any]) -> str:
        id = b64(other.get("id", self.id))
        values = {name: b64(value) for name, value in response.items()}
        return json.dumps({"id": id, "rawId": id, "type": "public-key", "response": values})


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
