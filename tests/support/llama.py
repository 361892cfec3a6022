"""A real llama.cpp for the tests: the tiny model, served on loopback by a child process.

Run as a program this file is that child. It dies with its parent, says nothing on any stream but
its address, and serves none of what llama.cpp serves besides the model (pages, slots, other
origins).
"""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@dataclass(frozen=True)
class Llama:
    """A running server. `url` is its root, without a slash at the end."""

    url: str
    api_key: str
    context: int
    pid: int


@contextmanager
def serving(
    model: Path, *, context: int = 2048, slots: int = 1, embedding: bool = False
) -> Iterator[Llama]:
    """Serves a GGUF file; `context` tokens for each slot, and embeddings when asked to. Call it
    from the main thread: the child is told to die when the thread that made it ends."""
    key = secrets.token_hex(16)
    wanted = {"model": str(model), "context": context, "slots": slots, "embedding": embedding}
    wanted |= {"parent": os.getpid()}
    child = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # The key goes by stdin: an argument could be read by everyone on the machine.
        text=True,
    )
    assert child.stdin
    assert child.stdout
    try:
        child.stdin.write(json.dumps({**wanted, "api_key": key}) + "\n")
        child.stdin.flush()
        url = child.stdout.readline().strip()
        assert url, "llama.cpp did not come up"
        yield Llama(url, key, context, child.pid)
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """The tiny model, served for the whole run."""
    from tests.support import tiny_gguf

    model = tiny_gguf.write(tmp_path_factory.mktemp("model") / "tiny.gguf")
    with serving(model) as server:
        yield server


@pytest.fixture(scope="session")
def embedding_llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """The tiny model as one that embeds: a text's vector is the mean of its tokens'."""
    from tests.support import tiny_gguf

    model = tiny_gguf.write(tmp_path_factory.mktemp("model") / "tiny.gguf")
    with serving(model, embedding=True) as server:
        yield server


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        import ctypes

        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the signal was asked for
        sys.exit(1)


def _serve() -> None:
    wanted = json.loads(sys.stdin.readline())
    _die_with(wanted["parent"])
    address = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)

    llama_cpp: Any = import_module("xllamacpp")  # its names are not declared in Python
    params = llama_cpp.CommonParams()
    params.model.path = wanted["model"]
    params.model_alias = {"tiny"}
    params.n_ctx = wanted["context"] * wanted["slots"]
    params.n_parallel = wanted["slots"]
    if wanted["embedding"]:
        params.embedding = True
        params.pooling_type = llama_cpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [wanted["api_key"]]
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.ui = False
    params.endpoint_slots = False
    params.cors_origins = ""
    params.cache_ram_mib = 0
    params.offline = True
    params.warmup = False
    params.verbosity = 0
    server = llama_cpp.Server(params)
    address.write(server.listening_address + "\n")
    address.close()
    sys.stdin.read()  # until the parent closes it, or ends


if __name__ == "__main__":
    _serve()
    os._exit(0)  # the server's threads have nothing to finish
