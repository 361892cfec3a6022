"""At start only the web, the vault and the settings load; the rest comes on first use."""

import os
import subprocess
import sys

import pytest

ON_FIRST_USE = {
    "numpy",
    "httpx",
    "zxcvbn",
    "rich",
    "markdown_it",
    "mdit_py_plugins",
    "Stemmer",
    "tokenizers",
    "safetensors",
    "fasttext",
    "wordllama",
    "fastembed",
    "onnxruntime",
    "loguru",
    "xllamacpp",
    "pyrage",
    "pyotp",
    "segno",
    "webauthn",
    "cryptography",
    "cbor2",
}
NEVER = {"pytest", "playwright", "gguf", "hypothesis", "torch"}


def loaded_by(statement: str, folder) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"{statement}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "HOME": str(folder)},
    )
    assert ran.returncode == 0, ran.stderr
    return {name.partition(".")[0] for name in ran.stdout.split()}


@pytest.mark.parametrize("module", ["llamora.app", "llamora.__main__"])
def test_nothing_loads_that_the_first_page_does_not_need(module, tmp_path):
    assert loaded_by(f"import {module}", tmp_path) & (ON_FIRST_USE | NEVER) == set()
    assert list(tmp_path.iterdir()) == []  # and an import writes nothing


def test_a_module_that_loads_would_be_seen(tmp_path):
    assert "httpx" in loaded_by("import httpx", tmp_path)
