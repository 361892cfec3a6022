"""Getting models that are not shipped, and saying which are here and what they are worth.

`pull` and `pull_gguf` are the only ones that fetch anything, and only when they are run.
"""

import asyncio
import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from llamora.cli.fetching import Wanted, alone_in, fetch, new_client, sha256_of
from llamora.cli.say import Failure
from llamora.search import bge
from llamora.search.embedder import EmbedderUnavailable

if TYPE_CHECKING:
    from llamora.settings import Settings

LARGEST = 512 << 20  # bytes of one file of an embedding model
LARGEST_GGUF = 512 << 30

_in_a_repository = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)+\.gguf")


# --- fetching -------------------------------------------------------------------------------------


def pull(folder: Path, source: str, sha256: str = "") -> None:
    """Brings bge's files that are missing in `folder` from under the address `source`. With
    `sha256`, the model itself must have it.

    Raises:
        Failure: something is not as it should be; what came so far is kept and used next time.
    """
    with alone_in(folder), new_client() as client:
        for name in bge.FILES:
            if not (folder / name).exists():
                url = f"{source.rstrip('/')}/{name}"
                expected = sha256 if name == bge.MODEL_FILE else ""
                fetch(client, Wanted(url, folder / name, LARGEST, expected, advice="see --from"))
        if sha256 and sha256_of(folder / bge.MODEL_FILE) != sha256:
            raise Failure(
                f"The model in {folder} is another one than the given SHA-256; remove the folder"
                " and run this again."
            )


def pull_gguf(folder: Path, url: str, sha256: str = "") -> Path:
    """Brings a GGUF file into `folder`, unless one of its name is there, and returns its path.

    Raises:
        Failure: as `pull` does.
    """
    to = folder / _file_name(url)
    with alone_in(folder), new_client() as client:
        if not to.exists():
            fetch(client, Wanted(url, to, LARGEST_GGUF, sha256, magic=b"GGUF"))
        elif sha256 and sha256_of(to) != sha256:
            raise Failure(
                f"{to} has another SHA-256 than the given one; remove it and run this again."
            )
    return to


def gguf_address(name: str) -> str:
    """Where a GGUF file lies that was named by its address, or as `owner/repository/file.gguf` on
    Hugging Face; "" when it was named in another way."""
    if _in_a_repository.fullmatch(name):
        owner, repository, file = name.split("/", 2)
        return f"https://huggingface.co/{owner}/{repository}/resolve/main/{file}"
    try:
        return name if "://" in name and _file_name(name) else ""
    except ValueError:
        return ""


def _file_name(url: str) -> str:
    """The name of the file at an address; "" when that is no GGUF, or no name to take over."""
    name = unquote(urlsplit(url).path.rpartition("/")[2])
    return name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\.gguf", name) else ""


def is_sha256(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


# --- saying ---------------------------------------------------------------------------------------


def status(settings: "Settings") -> list[str]:
    """A line on each embedder: whether it could be used, and which one is; and one on who answers.
    Loads the model that is run here, and asks an endpoint how it is."""
    return [*_embedders(settings), f"companion: {asyncio.run(_companion(settings))}"]


def _embedders(settings: "Settings") -> list[str]:
    lines = {
        "built-in": "always here.",
        bge.NAME: _bge_status(bge.folder_in(settings.data_folder)),
        "endpoint": _endpoint_status(settings),
    }
    used = {settings.embedding.make: " (in use)"}
    return [f"{make}{used.get(make, '')}: {said}" for make, said in lines.items()]


def _bge_status(folder: Path) -> str:
    if not bge.is_complete(folder):
        return f"not here; `llamora-server model pull {bge.NAME}` gets it."
    size = sum((folder / name).stat().st_size for name in bge.FILES)
    return f"in {folder}, {size / 1e6:,.1f} MB{lacking_extra()}."


def lacking_extra() -> str:
    return "" if find_spec("fastembed") else "; Llamora's extra `bge` is not installed"


def _endpoint_status(settings: "Settings") -> str:
    from llamora.app import embedding_endpoint

    address = settings.embedding.base_url
    if not address:
        return "none; EMBEDDING.base_url is not set."
    endpoint = embedding_endpoint(settings.embedding)
    try:
        width = len(endpoint.query("a"))
    except EmbedderUnavailable as error:
        return f"{address}; {error.sentence}"
    return f"{address}, answers with vectors of {width:,} numbers."


async def _companion(settings: "Settings") -> str:
    from llamora.app import chat_address, chat_endpoint

    if settings.llm.local.model_path:
        return await _managed(settings)
    endpoint, address = chat_endpoint(settings), chat_address(settings)
    if endpoint is None:
        return "Echo; neither LLM.local.model_path nor LLM.upstream.host is set."
    try:
        health = await endpoint.health()
    finally:
        await endpoint.aclose()
    if health.state == "ready":
        return f"asks {address}, which is ready; it reads {health.window:,} tokens at once."
    said = {"loading": "is loading its model.", "unknown": "is not to be asked how it is."}
    return f"asks {address}, " + said.get(health.state, f"but: {health.sentence}")


async def _managed(settings: "Settings") -> str:
    """What is known of the file, and whether llama.cpp loads it."""
    from llamora.app import managed
    from llamora.cli.llama import llama_for, wanted_by

    path, wanted = settings.llm.local.model_path, wanted_by(settings)
    assert path
    assert wanted
    if not path.is_file():
        return f"there is no file {path}, which LLM.local.model_path names."
    file = f"{path}, {path.stat().st_size / 1e6:,.1f} MB, SHA-256 {sha256_of(path)}"
    async with llama_for(wanted) as llama:
        model = managed(settings, llama.line())
        window = await model.window()
        health = await model.health()
        await model.aclose()
    if health.state != "ready":
        return f"{file}; {health.sentence or 'it is not loaded within LLM.timeouts.first_token.'}"
    memory = f", {health.memory / 1e6:,.0f} MB of memory" if health.memory else ""
    return (
        f"runs {file}; it loads in {health.load_seconds:.1f} seconds and reads {window:,} tokens"
        f" at once{memory}."
    )
