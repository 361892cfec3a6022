"""bge-small-en-v1.5 from a folder on this machine. The network is closed, here as everywhere."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tests.support import network, tiny_bge

from llamora.search import bge
from llamora.search.bge import BgeEmbedder
from llamora.search.embedder import EmbedderUnavailable


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bge.write(tmp_path_factory.mktemp("models") / bge.NAME)


@pytest.fixture(scope="session")
def embedder(folder: Path) -> BgeEmbedder:
    return BgeEmbedder(folder)


def sentence(embedder: BgeEmbedder) -> str:
    with pytest.raises(EmbedderUnavailable) as raised:
        embedder.passages(["the heron"])
    assert raised.value.sentence.endswith(".")
    assert ". " not in raised.value.sentence
    assert "heron" not in f"{raised.value} {raised.value.__cause__!r}"
    return raised.value.sentence


def test_rows_are_of_unit_length_in_the_order_of_the_texts(embedder: BgeEmbedder):
    texts = ["the heron came back", "rain", " \n", "heron", "heron"] * 8
    rows = embedder.passages(texts)
    assert (rows.dtype, rows.shape) == (np.float32, (40, 384))
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0, 1, 1] * 8, abs=1e-5)
    assert rows[3] @ rows[4] == pytest.approx(1, abs=1e-5)
    assert rows[3] @ rows[0] > 0.3 > rows[3] @ rows[1]
    assert embedder.passages([]).shape == (0, 384)


def test_a_question_is_asked_as_the_model_card_says(embedder: BgeEmbedder):
    asked = embedder.query("heron")
    assert asked.shape == (384,)
    as_told = "Represent this sentence for searching relevant passages: heron"
    assert asked == pytest.approx(embedder.passages([as_told])[0], abs=1e-5)
    assert not embedder.query(" \n").any()


def test_half_a_surrogate_pair_does_no_harm(embedder: BgeEmbedder):
    assert embedder.passages(["heron \ud83d"]).any()


def test_several_threads_may_ask_at_once(folder: Path):
    embedder = BgeEmbedder(folder)
    with ThreadPoolExecutor(4) as threads:
        rows = list(threads.map(embedder.query, ["heron"] * 20))
    assert all(np.allclose(row, rows[0], atol=1e-5) for row in rows)


def test_a_missing_file_says_what_to_run_and_the_next_text_finds_it(folder: Path, tmp_path: Path):
    elsewhere = tmp_path / bge.NAME
    embedder = BgeEmbedder(elsewhere)
    assert "`llamora-server model pull bge-small-en-v1.5`" in sentence(embedder)
    assert not elsewhere.exists(), "and nothing is made"
    tiny_bge.write(elsewhere)
    (elsewhere / "tokenizer.json").rename(tmp_path / "aside")
    assert "model pull" in sentence(embedder)
    (tmp_path / "aside").rename(elsewhere / "tokenizer.json")
    assert embedder.query("heron").any()


@pytest.mark.parametrize("name", bge.FILES)
def test_a_broken_file_is_said_and_so_is_the_way_out(name: str, tmp_path: Path):
    folder = tiny_bge.write(tmp_path / bge.NAME)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    said = sentence(BgeEmbedder(folder))
    assert "damaged" in said
    assert str(folder) in said


def test_another_model_under_this_name_is_said_to_be_damaged(tmp_path: Path):
    folder = tiny_bge.write(tmp_path / bge.NAME, width=32)
    assert "damaged" in sentence(BgeEmbedder(folder))


def test_without_the_extra_it_says_which(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "fastembed", None)
    assert "extra `bge`" in sentence(BgeEmbedder(folder))


def test_it_says_nothing_and_leaves_nothing_and_reports_to_nobody(folder: Path, tmp_path: Path):
    """In a process of its own, with nothing in its environment that would keep onnxruntime quiet.

    Its reports go out by sockets of its own, which no hook of Python's sees; but then it makes
    itself an identifier and a store in the home and the temporary folder first.
    """
    broken = tiny_bge.write(tmp_path / "broken")
    (broken / bge.MODEL_FILE).write_bytes(b"no model")
    code = f"""
from pathlib import Path
from llamora.search.bge import BgeEmbedder
from llamora.search.embedder import EmbedderUnavailable
print(BgeEmbedder(Path({str(folder)!r})).query("heron").any())
try:
    BgeEmbedder(Path({str(broken)!r})).query("heron")
except EmbedderUnavailable:
    print("unavailable")
"""
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PYTHONPATH", network.RECORD)}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**kept, "HOME": str(home), "TMPDIR": str(home)},
    )
    assert (ran.stdout, ran.stderr) == ("True\nunavailable\n", "")
    assert list(home.iterdir()) == []
    assert {each.name for each in folder.iterdir()} == set(bge.FILES)
