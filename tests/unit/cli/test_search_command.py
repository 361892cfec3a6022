"""`llamora-server search`: a query a line, an answer a line."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.test_program import Llamora, ada, lines, llamora, password

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
