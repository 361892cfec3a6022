"""`llamora-server search`: a query a line, an answer a line."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.upstream import DONE, Call, Script, beside, chunk, hangs_up, streams
from tests.unit.cli.test_program import PASSWORD, Llamora, ada, lines, llamora, password

from llamora.cli.journals import rooms_of, vault_of
from llamora.companion.model import Unreachable
from llamora.settings import load

__all__ = ["ada", "lines", "llamora", "password"]


def answers(out: str) -> list[dict]:
    return [json.loads(line) for line in out.splitlines()]


def test_each_line_of_stdin_is_answered_with_a_line(llamora: Llamora, ada: list[str], lines: Path):
    llamora("import", *ada, lines)
    ran = llamora("search", *ada, stdin="heron\n\nrain\n(((*[.+\nform:x \0 heron\n")
    assert ran.code == 0
    heron, nothing, rain, signs, odd = answers(ran.out)
    (first, *_) = heron["results"]
    assert heron["query"] == "heron"
    assert first.keys() == {"entry", "date", "score", "snippet"}
    assert (first["date"], first["snippet"]) == ("2024-02-29", "The heron came back.")
    assert len(bytes.fromhex(first["entry"])) == 16
    assert rain["results"][0]["date"] == "2024-02-28"
    assert nothing == {"query": "", "results": []}
    assert signs == {"query": "(((*[.+", "results": []}
    assert odd["results"][0]["date"] == "2024-02-29"
    assert "There is no word in this to look for." in ran.err
    assert "There is no “form:”" in ran.err


def test_a_query_can_be_an_argument(llamora: Llamora, ada: list[str], lines: Path):
    llamora("import", *ada, lines)
    (answer,) = answers(llamora("search", *ada, "heron or rain", "--limit", "1").out)
    assert len(answer["results"]) == 1


def test_what_was_written_since_is_found(
    llamora: Llamora, ada: list[str], lines: Path, tmp_path: Path
):
    llamora("import", *ada, lines)
    llamora("search", *ada, "heron")
    more = tmp_path / "more.jsonl"
    more.write_text(json.dumps({"date": "2025-01-01", "text": "A kingfisher at last."}))
    llamora("import", *ada, more)
    (answer,) = answers(llamora("search", *ada, "kingfisher").out)
    assert answer["results"][0]["date"] == "2025-01-01"
    assert "Search index: 3 passages; all sound." in llamora("verify", *ada).out


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_a_limit_that_is_none_is_wrong_usage(llamora: Llamora, ada: list[str], limit: str):
    assert llamora("search", *ada, "heron", "--limit", limit).code == 2


def test_the_wrong_password_finds_nothing(
    llamora: Llamora, ada: list[str], lines: Path, tmp_path: Path
):
    llamora("import", *ada, lines)
    wrong = tmp_path / "wrong"
    wrong.write_text("not the heron of the pond")
    ran = llamora("search", "--user", "ada", "--password-file", wrong, "heron")
    assert (ran.code, ran.out) == (1, "")
    ran = llamora("search", "--user", "ada", "--password-file", "-")
    assert ran.code == 2


# In other words

HERON = streams(chunk('{"words": ["heron"]}'), chunk(finish="stop"), DONE)


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], list[Call]]]:
    """Connects a model that answers so; `connect(script)` gives what it is asked."""
    with ExitStack() as models:

        def connected(script: Script) -> list[Call]:
            model = models.enter_context(beside(script))
            monkeypatch.setenv("LLAMORA_LLM__UPSTREAM__HOST", model.url)
            monkeypatch.setenv("LLAMORA_LLM__CHAT__MAX_RETRIES", "0")
            return model.calls

        yield connected


def test_other_words_are_asked_for_and_told(
    llamora: Llamora, ada: list[str], lines: Path, connect: Callable[[Script], list[Call]]
):
    llamora("import", *ada, lines)
    calls = connect(HERON)
    ran = llamora("search", *ada, "--other-words", stdin="zzzz bird\non:2024\n")
    assert ran.code == 0, ran.err
    bird, dated = answers(ran.out)
    assert list(bird) == ["query", "other_words", "results"]
    assert bird["other_words"] == ["heron"]
    assert bird["results"][0]["date"] == "2024-02-29"
    assert dated["other_words"] == []
    assert len(dated["results"]) == 2
    (asked,) = [call for call in calls if call.method == "POST"]
    assert "zzzz bird" in str(asked.body)
    assert "came back" not in str(asked.body)


def test_without_the_option_no_model_is_asked(
    llamora: Llamora, ada: list[str], lines: Path, connect: Callable[[Script], list[Call]]
):
    llamora("import", *ada, lines)
    calls = connect(HERON)
    (answer,) = answers(llamora("search", *ada, "zzzz bird").out)
    assert list(answer) == ["query", "results"]
    assert calls == []


def test_a_model_that_fails_is_a_sentence_and_the_query_is_answered(
    llamora: Llamora, ada: list[str], lines: Path, connect: Callable[[Script], list[Call]]
):
    llamora("import", *ada, lines)
    connect(hangs_up)
    ran = llamora("search", *ada, "heron", "--other-words")
    assert ran.code == 0
    (answer,) = answers(ran.out)
    assert (answer["other_words"], answer["results"][0]["date"]) == ([], "2024-02-29")
    assert ran.err.count(Unreachable.sentence) == 1


def test_without_a_model_there_are_no_other_words(
    llamora: Llamora, ada: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    ran = llamora("search", *ada, "heron", "--other-words")
    assert (ran.code, ran.out) == (1, "")
    assert "No model is connected to ask for other words" in ran.err
    monkeypatch.setenv("LLAMORA_LLM__LOCAL__MODEL_PATH", str(tmp_path / "tiny.gguf"))
    ran = llamora("search", *ada, "heron", "--other-words")
    assert (ran.code, ran.out) == (1, "")
    assert "answers on its pages only" in ran.err


def test_where_the_companion_is_off_no_model_is_asked(
    llamora: Llamora, ada: list[str], connect: Callable[[Script], list[Call]]
):
    calls = connect(HERON)
    settings = load()
    with rooms_of(settings) as rooms, vault_of(rooms, "ada", PASSWORD) as vault:
        wanted = replace(rooms.accounts.settings(vault), companion=False)
        asyncio.run(rooms.accounts.save_settings(vault, wanted))
    ran = llamora("search", *ada, "heron", "--other-words")
    assert (ran.code, ran.out) == (1, "")
    assert "switched off" in ran.err
    assert calls == []
