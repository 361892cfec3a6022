"""BAAI/bge-small-en-v1.5 on this machine, through the optional package fastembed.

It is read from a folder that `llamora-server model pull` fills, and from nowhere else: nothing here
uses the network, nor lets what it stands on use it. fastembed takes seconds to import and is
imported with the first text.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from llamora.search.embedder import (
    EmbedderUnavailable,
    Vectors,
    encodable,
    has_content,
    of_unit_length,
)

if TYPE_CHECKING:
    from fastembed import TextEmbedding

NAME = "bge-small-en-v1.5"
WIDTH = 384
SOURCE = "https://huggingface.co/Qdrant/bge-small-en-v1.5-onnx-Q/resolve/main"
"""Where the files are got from; a mirror has the same names under its own address."""
MODEL_FILE = "model_optimized.onnx"
FILES = (
    "config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    MODEL_FILE,
)
# As its model card has it for short questions that look for long passages; passages have none.
QUERY_PREFIX = "Represent this sentence for searching relevant passages: "
BATCH = 16  # texts at once; each is padded to the longest of them
THREADS = 2  # the journal is served meanwhile


def folder_in(data_folder: Path) -> Path:
    """Where the model's files are."""
    return data_folder / "models" / NAME


def is_complete(folder: Path) -> bool:
    """Whether every file is there. Each gets its name when it is whole."""
    return all((folder / name).is_file() for name in FILES)


class BgeEmbedder:
    """An `Embedder`. One serves all accounts of a process."""

    name = NAME

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model: TextEmbedding | None = None
        self._loading = threading.Lock()

    def passages(self, texts: Sequence[str]) -> Vectors:
        spoken = [at for at, text in enumerate(texts) if has_content(text)]
        rows = np.zeros((len(texts), WIDTH), np.float32)
        if spoken:
            rows[spoken] = self._embed([encodable(texts[at]) for at in spoken])
        return rows

    def query(self, text: str) -> Vectors:
        return self.passages([QUERY_PREFIX + text if has_content(text) else ""])[0]

    def _embed(self, texts: list[str]) -> Vectors:
        model = self._loaded()
        try:
            rows = np.array(list(model.embed(texts, batch_size=BATCH)), np.float32)
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no other name
            raise self._broken() from _without_words(error)
        if rows.shape != (len(texts), WIDTH) or not np.isfinite(rows).all():
            raise self._broken()
        return of_unit_length(rows)

    def _loaded(self) -> "TextEmbedding":
        with self._loading:
            self._model = self._model or self._load()
            return self._model

    def _load(self) -> "TextEmbedding":
        if not is_complete(self._folder):
            raise EmbedderUnavailable(
                f"The embedding model {NAME} is not on this machine; run"
                f" `llamora-server model pull {NAME}`."
            )
        # onnxruntime's own builds report to their maker from version 1.29 on, unless this stands in
        # the environment when it is first imported; switching it off afterwards comes too late.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            from fastembed import TextEmbedding
            from loguru import logger
        except ImportError:
            raise EmbedderUnavailable(
                f"{NAME} needs the package fastembed; install Llamora with its extra `bge`."
            ) from None
        logger.disable("fastembed")  # its lines on stderr hold paths
        try:
            return TextEmbedding(
                f"BAAI/{NAME}",
                # Not the temporary folder, which it would make; nothing is put there.
                cache_dir=str(self._folder),
                specific_model_path=str(self._folder),
                local_files_only=True,
                threads=THREADS,
                providers=["CPUExecutionProvider"],
            )
        except Exception as error:  # noqa: BLE001 - as above; tokenizers raises a bare Exception
            raise self._broken() from _without_words(error)

    def _broken(self) -> EmbedderUnavailable:
        return EmbedderUnavailable(
            f"The files of the embedding model {NAME} are damaged; remove the folder"
            f" {self._folder} and run `llamora-server model pull {NAME}`."
        )


def _without_words(error: Exception) -> Exception:
    """The failure's type alone; what it says may hold a text."""
    return RuntimeError(type(error).__name__)
