"""A model for the server to run: fetched when asked to, looked at, and run for other programs."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import tiny_gguf
from tests.support.commands import Llamora, failure, llamora
from tests.support.files import Files, serving
from tests.support.network import expected_attempts

from llamora.cli import models

__all__ = ["llamora"]

PULL = ("model", "pull")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return tiny_gguf.write(tmp_path_factory.mktemp("model") / "tiny.gguf").read_bytes()


@pytest.fixture
def files(tiny: bytes) -> Iterator[Files]:
    with serving(Files(content={"tiny.gguf": tiny})) as files:
        yield files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data/models"


@pytest.fixture
def here(folder: Path, tiny: bytes, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, where the settings name it."""
    folder.mkdir(parents=True)
    file = folder / "tiny.gguf"
    file.write_bytes(tiny)
    monkeypatch.setenv("LLAMORA_LLM__LOCAL__MODEL_PATH", str(file))
    monkeypatch.setenv("LLAMORA_LLM__LOCAL__THREADS", "1")
    return file


# --- pull -----------------------------------------------------------------------------------------


def test_a_file_is_fetched_whole_and_its_checksum_said(
    llamora: Llamora, files: Files, folder: Path, tiny: bytes
):
    code, out, err = llamora(*PULL, f"{files.url}/far/tiny.gguf")
    digest = hashlib.sha256(tiny).hexdigest()
    assert (code, out) == (0, f"tiny.gguf is in {folder}, SHA-256 {digest}.\n")
    assert f"Fetching tiny.gguf: {len(tiny):,} of {len(tiny):,}" in err
    assert f'set LLM.local.model_path to "{folder}/tiny.gguf"' in err
    assert [path.name for path in folder.iterdir()] == ["tiny.gguf"]
    files.asked.clear()
    assert llamora(*PULL, f"{files.url}/tiny.gguf", "--sha256", digest)[0] == 0
    assert files.asked == [], "it is here"


def test_what_was_cut_off_goes_on_where_it_was(
    llamora: Llamora, files: Files, folder: Path, tiny: bytes
):
    files.cut_at = 50_000
    assert "run this again" in failure(llamora(*PULL, f"{files.url}/tiny.gguf"))
    files.cut_at = None
    assert llamora(*PULL, f"{files.url}/tiny.gguf")[0] == 0
    assert files.ranges == ["bytes=50000-"]
    assert (folder / "tiny.gguf").read_bytes() == tiny


def test_another_checksum_is_not_kept(llamora: Llamora, files: Files, folder: Path):
    url = f"{files.url}/tiny.gguf"
    assert "SHA-256" in failure(llamora(*PULL, url, "--sha256", "0" * 64))
    assert list(folder.iterdir()) == []
    llamora(*PULL, url)
    assert "remove it" in failure(llamora(*PULL, url, "--sha256", "0" * 64))
    assert (folder / "tiny.gguf").exists()


@pytest.mark.parametrize("sent", [b"version https://git-lfs.github.com/spec/v1\n", b"GG", b""])
def test_what_is_no_gguf_is_not_kept(sent: bytes, llamora: Llamora, files: Files, folder: Path):
    files.content["tiny.gguf"] = sent
    failure(llamora(*PULL, f"{files.url}/tiny.gguf"))
    assert not (folder / "tiny.gguf").exists()


def test_a_file_in_a_repository_is_asked_of_hugging_face_by_https(llamora: Llamora):
    with expected_attempts() as attempts:
        said = failure(llamora(*PULL, "owner/repository/tiny.gguf"))
    assert attempts == ["socket.getaddrinfo huggingface.co"]
    assert "huggingface.co cannot be reached" in said
    assert models.gguf_address("a/b-GGUF/q4/c.d.gguf") == (
        "https://huggingface.co/a/b-GGUF/resolve/main/q4/c.d.gguf"
    )


@pytest.mark.parametrize(
    "name",
    [
        "heron",
        "owner/repository",
        "owner/tiny.gguf",
        "https://example.org/tiny.bin",
        "https://example.org/..%2ftiny.gguf",
        "https://example.org/.gguf",
        "https://[/tiny.gguf",
        "../../etc/tiny.txt",
        "",
    ],
)
def test_what_names_no_file_is_wrong_usage(name: str, llamora: Llamora, folder: Path):
    assert llamora(*PULL, name)[0] == 2
    assert not folder.exists()


@pytest.mark.parametrize("url", ["http://192.0.2.7/tiny.gguf", "ftp://127.0.0.1/tiny.gguf"])
def test_an_address_that_others_could_read_or_change_is_refused(url: str, llamora: Llamora):
    assert "by https" in failure(llamora(*PULL, url))


# --- status ---------------------------------------------------------------------------------------


def companion(llamora: Llamora) -> str:
    code, out, _ = llamora("model", "status")
    assert code == 0
    return out.splitlines()[-1]


def test_the_status_loads_it_to_see(llamora: Llamora, here: Path, tiny: bytes):
    said = companion(llamora)
    assert said.startswith(
        f"companion: runs {here}, {len(tiny) / 1e6:.1f} MB,"
        f" SHA-256 {hashlib.sha256(tiny).hexdigest()}; it loads in "
    )
    assert "reads 4,096 tokens at once" in said
    assert said.endswith("MB of memory.")


def test_the_status_says_what_is_wrong_with_it(llamora: Llamora, here: Path):
    here.write_bytes(b"GGUF, but no more")
    assert "cannot be loaded" in companion(llamora)
    here.unlink()
    assert f"there is no file {here}" in companion(llamora)


def test_the_status_asks_an_endpoint_how_it_is(llamora: Llamora, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLAMORA_LLM__UPSTREAM__HOST", "http://127.0.0.1:1")
    assert "asks http://127.0.0.1:1, but: The model cannot be reached" in companion(llamora)
    monkeypatch.setenv("LLAMORA_LLM__UPSTREAM__SKIP_HEALTH_CHECK", "yes")
    assert "is not to be asked" in companion(llamora)


# --- serve ----------------------------------------------------------------------------------------


@pytest.fixture
def serving_it(here: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "llamora", "model", "serve", "--port", "0"],
        env=os.environ | {"LLAMORA_DATABASE__PATH": str(tmp_path / "data/llamora.sqlite3")},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    assert process.stdout
    process.stdout.close()


def test_it_is_run_for_other_programs_until_told_to_end(serving_it: subprocess.Popen[str]):
    assert serving_it.stdout
    url, key = serving_it.stdout.readline().strip(), serving_it.stdout.readline().strip()
    asked = {"messages": [{"role": "user", "content": "Are you there?"}], "max_tokens": 20}
    headers = {"Authorization": f"Bearer {key}"}
    said = httpx.post(f"{url}/chat/completions", json=asked, headers=headers, trust_env=False)
    assert said.json()["choices"][0]["message"]["content"]
    assert httpx.get(f"{url}/models", trust_env=False).status_code == 401
    serving_it.send_signal(signal.SIGINT)
    assert serving_it.wait(20) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models", trust_env=False)


def test_it_ends_with_the_command_however_that_ends(serving_it: subprocess.Popen[str]):
    assert serving_it.stdout
    url = serving_it.stdout.readline().strip()
    children = Path(f"/proc/{serving_it.pid}/task/{serving_it.pid}/children")
    (child,) = children.read_text().split()
    serving_it.kill()
    serving_it.wait()
    end = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/models", trust_env=False)


def test_what_cannot_be_run_is_a_sentence(
    llamora: Llamora, here: Path, monkeypatch: pytest.MonkeyPatch
):
    with serving(Files()) as other:
        port = other.url.rpartition(":")[2]
        assert f"Port {port}" in failure(llamora("model", "serve", "--port", port))
    here.write_bytes(b"no model")
    assert "cannot be loaded" in failure(llamora("model", "serve", "--port", "0"))
    monkeypatch.delenv("LLAMORA_LLM__LOCAL__MODEL_PATH")
    assert "model pull" in failure(llamora("model", "serve"))
