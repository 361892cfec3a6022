"""Getting a model: only when asked to, only from where it was told, and whole or not at all."""

import hashlib
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import tiny_bge
from tests.support.commands import Llamora, failure, llamora
from tests.support.files import Files, serving
from tests.support.llama import Llama, embedding_llama
from tests.support.network import expected_attempts

from llamora.cli import fetching, models
from llamora.cli.fetching import Wanted
from llamora.search import bge
from llamora.search.bge import BgeEmbedder

__all__ = ["embedding_llama", "llamora"]

PULL = ("model", "pull", bge.NAME)
MODEL = bge.MODEL_FILE


@pytest.fixture(scope="session")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tiny_bge.write(tmp_path_factory.mktemp("source"))
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def files(content: dict[str, bytes]) -> Iterator[Files]:
    with serving(Files(content=dict(content))) as files:
        yield files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data/models" / bge.NAME


def held(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


# --- what comes -----------------------------------------------------------------------------------


def test_a_model_is_fetched_into_the_data_folder_and_works(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    code, out, err = llamora(*PULL, "--from", f"{files.url}/bge/")
    assert code == 0
    assert out == f"{bge.NAME} is in {folder}.\n"
    assert f"Fetching {MODEL}: {len(content[MODEL]):,} of {len(content[MODEL]):,}" in err
    assert 'set EMBEDDING.make to "bge-small-en-v1.5"' in err
    assert held(folder) == content
    assert [path for path, _ in files.asked] == [f"/bge/{name}" for name in bge.FILES]
    assert BgeEmbedder(folder).query("heron").any()


def test_its_folder_is_for_its_owner_alone(llamora: Llamora, files: Files, folder: Path):
    llamora(*PULL, "--from", files.url)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_what_is_there_is_not_fetched_again(llamora: Llamora, files: Files, folder: Path):
    llamora(*PULL, "--from", files.url)
    files.asked.clear()
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert files.asked == []
    (folder / "config.json").unlink()
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert files.asked == [("/config.json", "")]


def test_the_built_in_address_is_the_models_own_by_https():
    assert bge.SOURCE.startswith("https://huggingface.co/")


def test_without_another_address_it_asks_the_built_in_one(llamora: Llamora):
    with expected_attempts() as attempts:
        said = failure(llamora(*PULL))
    assert attempts == ["socket.getaddrinfo huggingface.co"]
    assert "huggingface.co cannot be reached" in said


def test_no_proxy_of_the_environment_is_asked(
    llamora: Llamora, files: Files, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert llamora(*PULL, "--from", files.url)[0] == 0


# --- cut off --------------------------------------------------------------------------------------


def test_what_was_cut_off_goes_on_where_it_was(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    files.cut_at = 5000
    assert "run this again" in failure(llamora(*PULL, "--from", files.url))
    assert not bge.is_complete(folder)
    assert held(folder)[f"{MODEL}.part"] == content[MODEL][:5000]
    files.cut_at = None
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert files.ranges == ["bytes=5000-"]
    assert held(folder) == content


def test_a_process_that_is_killed_leaves_what_came_for_the_next(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    files.waits_at = 5000
    process = subprocess.Popen(
        [sys.executable, "-m", "llamora", *PULL, "--from", files.url],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    part = folder / f"{MODEL}.part"
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size == 5000):
        assert time.monotonic() < end
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    files.waits_at = None
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert files.ranges == ["bytes=5000-"]
    assert held(folder) == content


@pytest.mark.parametrize("change", ["version", "ranges", "no version"])
def test_what_cannot_be_gone_on_with_begins_anew(
    change: str, llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    """Two halves of two versions would make a file that is neither."""
    files.cut_at = 5000
    files.version = "" if change == "no version" else '"one"'
    llamora(*PULL, "--from", files.url)
    files.cut_at = None
    files.content[MODEL] = content[MODEL][::-1]
    files.version = '"two"'
    files.knows_ranges = change != "ranges"
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert held(folder)[MODEL] == content[MODEL][::-1]
    assert held(folder).keys() == content.keys()


def test_what_was_whole_but_had_no_name_yet_begins_anew(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    folder.mkdir(parents=True)
    (folder / f"{MODEL}.part").write_bytes(content[MODEL])
    (folder / f"{MODEL}.part.version").write_text(files.version)
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert held(folder) == content


def test_two_at_once_do_not_write_into_one_file(llamora: Llamora, files: Files, folder: Path):
    folder.mkdir(parents=True)
    with fetching.alone_in(folder):
        assert "already" in failure(llamora(*PULL, "--from", files.url))
    assert files.asked == []


# --- what is refused ------------------------------------------------------------------------------


def test_a_model_with_another_checksum_is_not_kept(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    said = failure(llamora(*PULL, "--from", files.url, "--sha256", "0" * 64))
    assert "SHA-256" in said
    assert held(folder).keys() == content.keys() - {MODEL}
    right = hashlib.sha256(content[MODEL]).hexdigest()
    assert llamora(*PULL, "--from", files.url, "--sha256", right.upper())[0] == 0
    assert "remove the folder" in failure(llamora(*PULL, "--sha256", "0" * 64))


def test_what_is_too_large_is_not_kept(
    llamora: Llamora, files: Files, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(models, "LARGEST", 10_000)
    assert "larger than any model" in failure(llamora(*PULL, "--from", files.url))
    assert not [name for name in held(folder) if name.startswith(MODEL)]


def test_a_page_is_no_file(llamora: Llamora, files: Files, folder: Path):
    files.kind = "text/html; charset=utf-8"
    assert "a page instead of a file" in failure(llamora(*PULL, "--from", files.url))
    assert held(folder) == {}


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_told_by_its_number(status: int, llamora: Llamora, files: Files):
    files.status = status
    assert f"status {status}" in failure(llamora(*PULL, "--from", files.url))


def test_nobody_there_is_a_sentence(llamora: Llamora):
    assert "cannot be reached" in failure(llamora(*PULL, "--from", "http://127.0.0.1:1"))


@pytest.mark.parametrize(
    "source",
    ["http://192.0.2.7/bge", "ftp://127.0.0.1/bge", "file:///etc", "bge", "http://[", "http://"],
)
def test_an_address_that_others_could_read_or_change_is_refused(source: str, llamora: Llamora):
    failure(llamora(*PULL, "--from", source))


def test_a_redirect_is_followed_to_this_machine_and_round_in_circles_to_an_end(
    llamora: Llamora, files: Files, folder: Path, content: dict[str, bytes]
):
    files.moved = {f"/{MODEL}": "/cdn/model?signature=1", "/cdn/model?signature=1": f"/cdn/{MODEL}"}
    assert llamora(*PULL, "--from", files.url)[0] == 0
    assert held(folder) == content
    (folder / "config.json").unlink()
    files.moved = {"/config.json": "/config.json"}
    assert "circles" in failure(llamora(*PULL, "--from", files.url))


def test_a_redirect_to_plain_http_elsewhere_is_not_followed(llamora: Llamora, files: Files):
    files.moved = {"/config.json": "http://192.0.2.7/config.json"}
    assert "by https" in failure(llamora(*PULL, "--from", files.url))


def test_once_elsewhere_nothing_leads_back_to_this_machine():
    """A server out there must not choose what is asked of programs here."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "models.example"
        return httpx.Response(302, headers={"Location": "http://127.0.0.1:9/x"})

    client = httpx.Client(transport=httpx.MockTransport(answer))
    with (
        client,
        pytest.raises(fetching.Failure, match="by https"),
        fetching.get(client, Wanted("https://models.example/x", Path("x"), 1), {}),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(llamora: Llamora, folder: Path, files: Files):
    folder.parent.parent.mkdir(parents=True)
    folder.parent.write_text("a file, not a folder")
    assert "cannot be written" in failure(llamora(*PULL, "--from", files.url))


@pytest.mark.parametrize(
    "arguments", [["heron-7b"], [], [bge.NAME, "--sha256", "12"], [bge.NAME, "--to", "x"]]
)
def test_wrong_usage_is_2(arguments: list[str], llamora: Llamora):
    assert llamora("model", "pull", *arguments)[0] == 2


# --- what is here ---------------------------------------------------------------------------------


def status(llamora: Llamora) -> list[str]:
    code, out, err = llamora("model", "status")
    assert (code, err) == (0, "")
    return out.splitlines()


def test_the_status_says_what_is_here_and_what_is_used(
    llamora: Llamora, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    assert status(llamora) == [
        "built-in (in use): always here.",
        "bge-small-en-v1.5: not here; `llamora-server model pull bge-small-en-v1.5` gets it.",
        "endpoint: none; EMBEDDING.base_url is not set.",
        "companion: Echo; neither LLM.local.model_path nor LLM.upstream.host is set.",
    ]
    tiny_bge.write(folder)
    monkeypatch.setenv("LLAMORA_EMBEDDING__MAKE", bge.NAME)
    assert status(llamora)[:2] == [
        "built-in: always here.",
        f"bge-small-en-v1.5 (in use): in {folder}, 0.0 MB.",
    ]


def test_the_status_says_that_the_extra_is_missing(
    llamora: Llamora, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    tiny_bge.write(folder)
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    assert "extra `bge` is not installed" in status(llamora)[1]


def test_the_status_asks_the_endpoint(
    llamora: Llamora, embedding_llama: Llama, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLAMORA_EMBEDDING__BASE_URL", embedding_llama.url)
    assert "EMBEDDING.api_key" in status(llamora)[2]
    monkeypatch.setenv("LLAMORA_EMBEDDING__API_KEY", embedding_llama.api_key)
    assert status(llamora)[2] == (
        f"endpoint: {embedding_llama.url}, answers with vectors of 128 numbers."
    )
    monkeypatch.setenv("LLAMORA_EMBEDDING__BASE_URL", "http://127.0.0.1:1")
    assert "cannot be reached" in status(llamora)[2]
