"""One table names every use of a key, and one file makes every call (vault-format §3)."""

import ast
import importlib
from pathlib import Path

import pytest

import llamora
from llamora.vault import Purpose, sodium

ROOT = Path(llamora.__file__).parent


def test_no_two_purposes_share_a_personalisation():
    sessions = [word.ljust(16, b"\0") for word in (b"session", b"cookie", b"cookie secret")]
    persons = [purpose.person for purpose in Purpose] + sessions
    assert len(set(persons)) == len(persons)
    assert {len(person) for person in persons} == {16}


def test_ciphers_and_key_derivations_are_called_in_one_file_of_the_vault():
    calling = {
        path.name
        for path in (ROOT / "vault").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Attribute) and node.attr.startswith("crypto_"))
        or (isinstance(node, ast.Constant) and node.value == "nacl._sodium")
    }
    assert calling == {"sodium.py"}


def test_the_vault_imports_no_other_room_and_does_no_io():
    quiet = {"asyncio", "sqlite3", "socket", "pathlib", "logging", "io", "subprocess"}
    for path in (ROOT / "vault").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in quiet, path
                assert not name.startswith("llamora.") or name.startswith("llamora.vault"), path


def test_a_pynacl_without_what_the_vault_needs_is_refused_at_import(
    monkeypatch: pytest.MonkeyPatch,
):
    class Older:
        def sodium_init(self) -> int:
            return 0

    class Broken:
        def __getattr__(self, name: str) -> object:
            return lambda *_: -1

    real = importlib.import_module("nacl._sodium")
    try:
        monkeypatch.setattr(real, "lib", Older())
        with pytest.raises(ImportError, match=r"crypto_pwhash.*PyNaCl 1\.6"):
            importlib.reload(sodium)
        monkeypatch.setattr(real, "lib", Broken())
        with pytest.raises(ImportError, match="could not be started"):
            importlib.reload(sodium)
    finally:
        monkeypatch.undo()
        importlib.reload(sodium)


def test_salts_and_personalisations_of_another_length_are_refused():
    key = out = sodium.ffi.new("unsigned char[32]")
    for salt, person in ((b"", bytes(16)), (bytes(16), b"content"), (bytes(17), bytes(16))):
        with pytest.raises(ValueError, match="16 bytes"):
            sodium.derive(key, b"", salt, person, out)
