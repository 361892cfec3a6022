"""The settings choose the embedder, and choosing costs nothing."""

from pathlib import Path

import pytest

from llamora.app import embedder_of
from llamora.search.embedder import EmbedderUnavailable
from llamora.settings import Embedding


def test_an_endpoint_is_asked_as_the_settings_say(tmp_path: Path):
    settings = Embedding(
        make="endpoint",
        base_url="https://api.example.org/v1",
        model="nomic-embed-text",
        passage_prefix="search_document: ",
    )
    embedder = embedder_of(settings, tmp_path)
    assert embedder is not None
    assert embedder.name == "endpoint nomic-embed-text after 'search_document: '"


def test_bge_lies_in_the_data_folder(tmp_path: Path):
    embedder = embedder_of(Embedding(make="bge-small-en-v1.5"), tmp_path)
    assert embedder is not None
    assert embedder.name == "bge-small-en-v1.5"
    with pytest.raises(EmbedderUnavailable, match="model pull bge-small"):
        embedder.query("heron")
    assert list(tmp_path.iterdir()) == []


def test_the_built_in_one_is_made_for_each_journal(tmp_path: Path):
    assert embedder_of(Embedding(), tmp_path) is None
