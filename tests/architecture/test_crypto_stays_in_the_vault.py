"""Sealing and key derivation are called nowhere outside vault/."""

import ast
import re
from pathlib import Path

import pytest

ROOMS = Path(__file__).resolve().parents[2] / "src/llamora"

LIBRARIES = {"nacl", "cryptography", "Crypto", "Cryptodome", "argon2", "libsodium", "_sodium"}
CALLS = re.compile(
    r"crypto_(aead|auth|box|generichash|kdf|kx|pwhash|scalarmult|secretbox|secretstream|stream)"
    r"|argon2|pbkdf2|scrypt|hkdf|blake2[bs]|XChaCha|ChaCha20|AESGCM|SecretBox|SealedBox|Fernet",
    re.IGNORECASE,
)


def cryptography(source: str) -> list[str]:
    """The names in a module that belong to sealing or to deriving keys."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            found += [name for name in names if name.split(".")[0] in LIBRARIES]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            outside = (node.module or "").split(".")[0] in LIBRARIES and not node.level
            # What the vault itself hands out is the vault's to name.
            ours = node.level or (node.module or "").startswith("llamora")
            found += [name for name in names if outside or (not ours and CALLS.search(name))]
        elif isinstance(node, ast.Attribute) and CALLS.match(node.attr):
            found.append(node.attr)
        elif isinstance(node, ast.Constant) and node.value in LIBRARIES:
            found.append(node.value)
    return found


def outside_the_vault() -> list[Path]:
    return [path for path in sorted(ROOMS.rglob("*.py")) if ROOMS / "vault" not in path.parents]


def test_no_room_but_the_vault_seals_or_derives_keys():
    paths = outside_the_vault()
    assert ROOMS / "settings.py" in paths
    wrong = {
        str(path.relative_to(ROOMS)): names
        for path in paths
        if (names := cryptography(path.read_text("utf-8")))
    }
    assert wrong == {}


def test_the_vault_itself_would_be_caught():
    caught = [path for path in (ROOMS / "vault").glob("*.py") if cryptography(path.read_text())]
    assert caught


@pytest.mark.parametrize(
    "line",
    [
        "import nacl.secret",
        "from nacl.bindings import crypto_pwhash_alg",
        "import hashlib\nhashlib.scrypt(b'', salt=b'')",
        "from hashlib import pbkdf2_hmac",
        "import hashlib\nhashlib.blake2b(b'', key=b'k')",
        "lib.crypto_aead_xchacha20poly1305_ietf_encrypt()",
        "__import__('nacl')",
    ],
)
def test_a_call_outside_is_caught(line):
    assert cryptography(line)


@pytest.mark.parametrize(
    "line",
    ["import hashlib\nhashlib.sha256(b'')", "from llamora.vault import Vault", "import secrets"],
)
def test_what_is_neither_is_let_be(line):
    assert cryptography(line) == []
