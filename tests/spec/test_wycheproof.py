"""Project Wycheproof's XChaCha20-Poly1305 vectors against the calls the vault makes.

They are not part of this repository: they are read from a `shared/vectors` folder beside the
checkout, and skipped without it.
"""

import json
from pathlib import Path
from typing import Any

import project
import pytest

from llamora.vault import Unreadable, sodium

FILE = (
    Path(__file__).resolve().parents[3]
    / "shared"
    / "vectors"
    / "wycheproof_xchacha20_poly1305.json"
)

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the Wycheproof vectors are not here")


def groups() -> list[dict[str, Any]]:
    return json.loads(FILE.read_text())["testGroups"]


def opens(test: dict[str, Any]) -> bool:
    """Whether the vault decrypts this vector, to the right plaintext, and encrypts to the same."""
    key, nonce, aad, message, ciphertext, tag = (
        bytes.fromhex(test[field]) for field in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    pointer = project.pointer(key)
    try:
        plaintext = sodium.decrypt(pointer, nonce, ciphertext + tag, aad)
    except Unreadable:
        return False
    assert sodium.encrypt(pointer, nonce, plaintext, aad) == ciphertext + tag
    return plaintext == message


def test_all_315_vectors_end_as_they_say():
    tests = [test for group in groups() for test in group["tests"]]
    assert len(tests) == 315
    wrong = [test["tcId"] for test in tests if opens(test) != (test["result"] == "valid")]
    assert wrong == []
    assert {test["result"] for test in tests} == {"valid", "invalid"}


def test_a_nonce_of_another_length_is_refused_both_ways():
    others = [group for group in groups() if group["ivSize"] != 192]
    assert others
    for test in (test for group in others for test in group["tests"]):
        with pytest.raises(ValueError, match="24 bytes"):
            sodium.encrypt(
                project.pointer(bytes.fromhex(test["key"])), bytes.fromhex(test["iv"]), b"", b""
            )


def test_a_valid_vector_with_a_bit_turned_does_not_open():
    """The control: the same reader says no as soon as something is wrong."""
    valid = next(t for g in groups() for t in g["tests"] if t["result"] == "valid" and t["aad"])
    assert opens(valid)
    for field in ("key", "iv", "aad", "tag"):
        turned = bytearray.fromhex(valid[field])
        turned[0] ^= 1
        assert not opens(valid | {field: turned.hex()})
