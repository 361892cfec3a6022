"""What does not open keeps nothing else from going out or coming in, and is said."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, texts, write
from tests.unit.journal.damage import flip_day, flip_writing

from llamora.exchange import jsonl
from llamora.journal.journal import Journal
from llamora.storage import Store

MONDAY, TUESDAY = date(2026, 11, 16), date(2026, 11, 17)


def said(lines: bytes) -> list[str]:
    return [json.loads(line)["text"] for line in lines.splitlines()]


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def file(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("name", ["out.jsonl", "-"])
async def test_an_export_goes_on_past_a_damaged_writing_and_counts_it(
    ada: Journal, store: Store, tmp_path: Path, name: str
) -> None:
    lost, kept = await write(ada, "lost", MONDAY), await write(ada, "kept", MONDAY)
    unheard = await answer(ada, kept, "unheard")
    await answer(ada, kept, "heard")
    await write(ada, "after", TUESDAY)
    for id in (lost.id, unheard.id):
        flip_writing(store, id)
    to, path = io.BytesIO(), tmp_path / name
    with pytest.raises(jsonl.Incomplete, match="2 entries exported, but 2 records are") as told:
        jsonl.write(ada, to) if name == "-" else jsonl.write_file(ada, path)
    assert (told.value.written, told.value.unread) == (2, 2)
    lines = to.getvalue() if name == "-" else path.read_bytes()
    assert said(lines) == ["kept", "after"]
    assert [r["text"] for r in json.loads(lines.splitlines()[0])["responses"]] == ["heard"]
    assert [each for each in names(tmp_path) if each.startswith(".")] == []


async def test_an_export_counts_what_a_damaged_day_holds(
    ada: Journal, store: Store, clock: TurnableClock
) -> None:
    for text in ("lost", "lost too"):
        await write(ada, text, MONDAY)
    await write(ada, "after", TUESDAY)
    flip_day(store, ada, MONDAY)
    to = io.BytesIO()
    with pytest.raises(jsonl.Incomplete) as told:
        jsonl.write(Journal.open(store, ada.vault, clock), to)
    assert said(to.getvalue()) == ["after"]
    assert (told.value.written, told.value.unread) == (1, 3)


async def test_an_import_goes_on_past_a_damaged_day_and_names_its_lines(
    ada: Journal, store: Store, clock: TurnableClock, tmp_path: Path
) -> None:
    await write(ada, "lost", MONDAY)
    await write(ada, "here", TUESDAY)
    flip_day(store, ada, MONDAY)
    again = Journal.open(store, ada.vault, clock)
    lines = [("2026-11-16", "new"), ("2026-11-17", "here"), ("2026-11-17", "new")]
    result = await jsonl.read(
        again, file(tmp_path, *({"date": day, "text": text} for day, text in lines))
    )
    assert (result.added, result.already, result.bad, result.unread) == (1, 1, 1, 2)
    [skipped] = result.skipped
    assert (skipped.number, "its day" in skipped.reason) == (1, True)
    assert texts(again, TUESDAY) == [("here",), ("new",)]


async def test_an_import_brings_back_what_was_written_here_and_leaves_what_it_brought_before(
    ada: Journal, store: Store, tmp_path: Path
) -> None:
    """The export of a sound day mends it, beside the place of what does not open."""
    own = await write(ada, "written here", MONDAY)
    line = {"date": "2026-11-16", "text": "brought"}
    await jsonl.read(ada, file(tmp_path, line))
    brought = ada.read(MONDAY)[1].entry
    for id in (own.id, brought.id):
        flip_writing(store, id)
    path = file(tmp_path, {"date": "2026-11-16", "text": "written here"}, line)
    for added, already in ((1, 0), (0, 1)):
        result = await jsonl.read(ada, path)
        assert (result.added, result.already, result.unread) == (added, already, 2)
        [skipped] = result.skipped
        assert (skipped.number, "it is in the journal already" in skipped.reason) == (2, True)
    assert texts(ada, MONDAY) == [("written here",)]


async def test_what_is_whole_says_nothing_of_damage(ada: Journal, tmp_path: Path) -> None:
    await write(ada, "here", MONDAY)
    assert jsonl.write(ada, io.BytesIO()) == 1
    assert (await jsonl.read(ada, file(tmp_path))).unread == 0
