"""The process in which llama.cpp lives, by itself: loading holds the whole interpreter, and a crash
takes nothing else along.

Started as `python -m llamora _llama NEWS PARENT`: the pipe that brings our address back, and the
process that started us. What is wanted comes as one line on stdin, whose end is ours, too. It
serves the model on loopback to whoever has the key, and nothing else: no page, no other origin, no
view of what is being read. It says nothing on any stream, for llama.cpp's remarks can hold prompts.
"""

import json
import os
import signal
import sys
from importlib import import_module
from typing import Any

from llamora.cli.process import end_with, harden

LACKING, NO_FILE, UNUSABLE = 3, 4, 5
"""Exit codes: the extra is not installed; there is no such file; it cannot be loaded."""

BATCH = 128
"""Tokens of a prompt that are read at once. A prompt that nobody waits for any more is dropped
between two batches, and no sooner; small ones are read as fast, and hold up the next less."""


def main(arguments: list[str]) -> int:
    """Serves until stdin ends. Returns an exit code when it could not begin."""
    news, parent = map(int, arguments)
    os.set_inheritable(news, False)
    harden()
    end_with(parent, signal.SIGKILL)
    _be_silent()
    wanted = json.loads(sys.stdin.readline())
    try:
        llama_cpp: Any = import_module("xllamacpp")  # its names are not declared in Python
    except ImportError:
        return LACKING
    if not os.path.isfile(wanted["path"]):
        return NO_FILE
    try:
        server = llama_cpp.Server(_parameters(llama_cpp, wanted))
    except Exception:  # noqa: BLE001 - whatever it is, its text must not be seen
        return UNUSABLE
    os.write(news, f"{server.listening_address}\n".encode())
    sys.stdin.read()
    os._exit(0)  # the server's threads have nothing to finish


def _be_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _parameters(llama_cpp: Any, wanted: dict[str, Any]) -> Any:
    params = llama_cpp.CommonParams()
    params.model.path = wanted["path"]
    params.model_alias = {wanted["name"]}  # else /props and answers name its whole path
    params.n_ctx = wanted["ctx_size"] * wanted["slots"]  # llama.cpp gives each slot its part
    params.n_parallel = wanted["slots"]
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = wanted["threads"]
    params.cpuparams_batch.n_threads = wanted["threads"]
    params.hostnames = ["127.0.0.1"]
    params.port = wanted["port"]
    params.api_keys = [wanted["api_key"]]
    params.cors_origins = ""  # its own choice is every page of the web
    params.ui = False
    params.endpoint_slots = False  # it shows prompts
    params.cache_ram_mib = 0  # it keeps prompts
    params.offline = True
    params.verbosity = 0
    return params
