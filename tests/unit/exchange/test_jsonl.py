"""JSON Lines in and out: everything usable comes in once, and what goes out comes in again."""

import gzip
import io
import json
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, change_settings, new_account, texts, write

from llamora.exchange import ExchangeError, Imported, jsonl, reading
from llamora.journal.journal import Journal
from llamora.journal.writing import Opening, Quote, Recap
from llamora.kernel import new_id
from llamora.storage import Store
from llamora.traces.traces import Traces

DAY = date(2024, 2, 29)
LINE = {"date": "2024-02-29", "text": "The heron came back."}
MakeFile = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> MakeFile:
    """A file of lines; what is not text or bytes becomes JSON."""

    def make(*lines: Any, name: str = "journal.jsonl", end: bytes = b"\n") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(_line(line) + end for line in lines))
        return path

    return make


def _line(line: Any) -> bytes:
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line)).encode()


def exported(journal: Journal) -> bytes:
    to = io.BytesIO()
    jsonl.write(journal, to)
    return to.getvalue()


def another(store: Store, clock: TurnableClock, name: str = "grace", **settings: Any) -> Journal:
    return Journal.open(store, new_account(store, name, **settings), clock)


def numbers(result: Imported) -> dict[int, str]:
    return {skipped.number: skipped.reason for skipped in result.skipped}


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


# --- in -------------------------------------------------------------------------------------------


async def test_traces_come_in_and_go_out_with_their_entry(
    ada: Journal, store: Store, clock: TurnableClock, file: MakeFile
) -> None:
    lines = (
        {**LINE, "traces": ["Heron", "🌫", "heron", "Night walk"]},
        {**LINE, "text": "Without.", "traces": []},
        {**LINE, "text": "Alike.", "traces": ["heron"]},
    )
    result = await jsonl.read(ada, file(*lines))
    assert (result.added, result.unnamed) == (3, 0)
    traces = Traces(store, ada)
    assert {t.name: traces.count(t.id) for t in traces.all()} == {
        "heron": 2, "night-walk": 1, "🌫️": 1
    }  # fmt: skip
    out = [json.loads(line) for line in exported(ada).splitlines()]
    assert [line.get("traces") for line in out] == [["heron", "🌫️", "night-walk"], None, ["heron"]]
    grace = another(store, clock)
    path = file(exported(ada).rstrip(b"\n"))
    await jsonl.read(grace, path)
    assert exported(grace) == exported(ada)
    assert_sound(store, grace.vault)


async def test_an_entry_is_not_lost_for_a_trace_that_cannot_be_kept(
    ada: Journal, file: MakeFile
) -> None:
    odd = ["", "x" * 65, "🌫️ fog", 7, None, ["nested"], "rain"]
    many = {**LINE, "text": "Many.", "traces": [f"trace {n}" for n in range(60)]}
    result = await jsonl.read(ada, file({**LINE, "traces": odd}, many))
    assert (result.added, result.unnamed) == (2, 6 + 10)
    out = [json.loads(line)["traces"] for line in exported(ada).splitlines()]
    assert out == [["rain"], [f"trace-{n}" for n in range(50)]]
    result = await jsonl.read(ada, file({**LINE, "text": "No list.", "traces": "rain"}))
    assert numbers(result) == {1: "its traces are not a list"}


async def test_a_line_becomes_an_entry_on_its_day(ada: Journal, store: Store, file: MakeFile):
    result = await jsonl.read(ada, file(LINE))
    assert (result.added, result.already, result.bad) == (1, 0, 0)
    [thread] = ada.read(DAY)
    assert (thread.entry.text, thread.entry.at) == ("The heron came back.", None)
    assert_sound(store, ada.vault)


async def test_importing_twice_adds_nothing_twice(ada: Journal, file: MakeFile):
    twins = file(LINE, LINE, {**LINE, "text": "A second."})
    assert (await jsonl.read(ada, twins)).added == 3
    again = await jsonl.read(ada, twins)
    assert (again.added, again.already) == (0, 3)
    assert len(ada.read(DAY)) == 3


async def test_an_entry_edited_since_is_not_imported_again(ada: Journal, file: MakeFile):
    path = file(LINE)
    await jsonl.read(ada, path)
    [thread] = ada.read(DAY)
    await ada.revise(thread.entry.id, 1, "The heron stayed away.")
    assert (await jsonl.read(ada, path)).added == 0
    assert texts(ada, DAY) == [("The heron stayed away.",)]


async def test_a_journals_own_export_adds_nothing_to_it(ada: Journal, file: MakeFile):
    await write(ada, "Written here.")
    await write(ada, "Written here.")
    path = file(name="own.jsonl")
    jsonl.write_file(ada, path)
    result = await jsonl.read(ada, path)
    assert (result.added, result.already) == (0, 2)


async def test_a_longer_file_adds_only_what_is_new(ada: Journal, file: MakeFile):
    await jsonl.read(ada, file(LINE))
    result = await jsonl.read(ada, file(LINE, {**LINE, "text": "And the ducks."}))
    assert (result.added, result.already) == (1, 1)


async def test_the_order_within_a_day_is_that_of_the_file(ada: Journal, file: MakeFile):
    await jsonl.read(ada, file(*({**LINE, "text": word} for word in ("c", "a", "b"))))
    assert texts(ada, DAY) == [("c",), ("a",), ("b",)]


async def test_more_lines_than_a_batch_all_arrive(ada: Journal, store: Store, file: MakeFile):
    count = jsonl.BATCH * 2 + 1
    heard: list[tuple[int, int]] = []
    result = await jsonl.read(
        ada,
        file(*({**LINE, "text": f"Entry {n}"} for n in range(count))),
        progress=lambda done, total: heard.append((done, total)),
    )
    assert result.added == count
    assert heard == [(200, count), (400, count), (count, count)]
    assert len(assert_sound(store, ada.vault)) == count


async def test_an_import_cut_short_is_finished_by_the_next(
    ada: Journal, store: Store, file: MakeFile, monkeypatch: pytest.MonkeyPatch
):
    path = file(*({**LINE, "text": f"Entry {n}"} for n in range(500)))
    kept, calls = ada.write_many, []

    async def dies(entries: Any, *more: Any) -> None:
        calls.append(len(entries))
        if len(calls) == 2:
            raise KeyboardInterrupt
        await kept(entries)

    monkeypatch.setattr(ada, "write_many", dies)
    with pytest.raises(KeyboardInterrupt):
        await jsonl.read(ada, path)
    assert len(assert_sound(store, ada.vault)) == 200
    monkeypatch.undo()
    result = await jsonl.read(ada, path)
    assert (result.added, result.already) == (300, 200)
    assert [text for (text,) in texts(ada, DAY)] == [f"Entry {n}" for n in range(500)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "it is not JSON"),
        ("{", "it is not JSON"),
        ('{"date": "2024-02-29", "text": 1' + "0" * 5000 + "}", "it is not JSON"),
        (b'{"date": "2024-02-29", "text": "\xff"}', "it is not UTF-8 text"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"date": "2024-02-29", "text": "a", "x": ' + '{"a":' * 50_000, "it is nested too deeply"),
        ("7", "it is not an object with a date and a text"),
        ('["2024-02-29", "text"]', "it is not an object with a date and a text"),
        ({"text": "a"}, "it has no date or no text"),
        ({"date": "2024-02-29"}, "it has no date or no text"),
        ({**LINE, "date": "2023-02-29"}, "its date is not a day such as 2024-02-29"),
        ({**LINE, "date": "20240229"}, "its date is not a day such as 2024-02-29"),
        ({**LINE, "date": "yesterday"}, "its date is not a day such as 2024-02-29"),
        ({**LINE, "date": None}, "its date is not a day such as 2024-02-29"),
        ({**LINE, "date": "0999-12-31"}, "its year is not between 1000 and 9999"),
        ({**LINE, "date": "10000-01-01"}, "its year is not between 1000 and 9999"),
        ({**LINE, "date": "-2024-01-01"}, "its year is not between 1000 and 9999"),
        ({**LINE, "date": "2026-11-23"}, "its day has not arrived yet"),
        ({**LINE, "text": ""}, "its text is blank"),
        ({**LINE, "text": " \r\n\t"}, "its text is blank"),
        ({**LINE, "text": 12}, "its text is not text"),
        ({**LINE, "text": "é" * 32_001}, "its text is longer than 64,000 bytes"),
        ({**LINE, "zone": "Mars/Olympus"}, "there is no time zone of that name"),
        ({**LINE, "zone": "../../etc/passwd"}, "there is no time zone of that name"),
        ({**LINE, "zone": ["UTC"]}, "there is no time zone of that name"),
        ({**LINE, "time": "25:00"}, "its time is not a time of day such as 07:42"),
        ({**LINE, "time": "noon"}, "its time is not a time of day such as 07:42"),
        ({**LINE, "time": 742}, "its time is not a time of day such as 07:42"),
        ({**LINE, "at": "2024-02-29T06:42:10"}, "a moment in it is not one such as"),
        ({**LINE, "at": "0001-01-01T00:00:00+05:00"}, "a moment in it is not one such as"),
        ({**LINE, "at": 5}, "a moment in it is not one such as"),
        (
            {**LINE, "date": "1000-01-01", "time": "00:30", "zone": "Asia/Tokyo"},
            "its year is not between 1000 and 9999",
        ),
        ({**LINE, "responses": "yes"}, "its responses are not a list"),
        ({**LINE, "responses": [{}]}, "a response to it has no text"),
        (
            {**LINE, "responses": [{"text": "a", "engine": "oracle"}]},
            "a response to it is not one that Llamora knows",
        ),
        (
            {**LINE, "responses": [{"text": "a", "quotes": [{"text": "b"}]}]},
            "a quote in a response to it has no date or text",
        ),
    ],
)
async def test_a_bad_line_is_told_by_its_number_and_skipped(
    ada: Journal, store: Store, file: MakeFile, line: Any, reason: str
):
    good = {**LINE, "text": "The next one is fine."}
    result = await jsonl.read(ada, file("", line, good))
    assert result.added == 1
    [(number, said)] = numbers(result).items()
    assert number == 2
    assert said.startswith(reason)
    assert_sound(store, ada.vault)


async def test_a_line_without_end_is_skipped_without_being_held(
    ada: Journal, file: MakeFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "LINE_BYTES", 1000)
    monkeypatch.setattr(reading, "MIB", 100)
    result = await jsonl.read(ada, file(LINE, "x" * 5000, {**LINE, "text": "After it."}))
    assert (result.added, list(numbers(result))) == (2, [2])


async def test_a_day_that_has_begun_where_it_was_written_comes_in(
    ada: Journal, file: MakeFile, clock: TurnableClock
) -> None:
    clock.set(2026, 11, 22, 12, 30)  # on Kiritimati it is half past two, tomorrow
    tomorrow = {**LINE, "date": "2026-11-23", "zone": "Pacific/Kiritimati"}
    result = await jsonl.read(ada, file(tomorrow, {**LINE, "date": "2026-11-24"}))
    assert (result.added, result.bad) == (1, 1)


async def test_reasons_never_repeat_the_line(ada: Journal, file: MakeFile):
    result = await jsonl.read(ada, file('{"text": "secret heron"', {**LINE, "zone": "heron"}))
    assert "heron" not in str(numbers(result))


async def test_only_the_first_thousand_bad_lines_are_kept(ada: Journal, file: MakeFile):
    result = await jsonl.read(ada, file(*["no"] * 1200))
    assert (result.bad, len(result.skipped)) == (1200, 1000)


async def test_a_mark_at_the_front_and_windows_line_ends_are_tolerated(
    ada: Journal, file: MakeFile
):
    result = await jsonl.read(ada, file(b"\xef\xbb\xbf" + _line(LINE), "", LINE, end=b"\r\n"))
    assert (result.added, result.bad) == (2, 0)


async def test_the_last_line_needs_no_line_end(ada: Journal, file: MakeFile):
    assert (await jsonl.read(ada, file(LINE, end=b""))).added == 1


async def test_text_is_kept_as_if_it_had_been_typed(ada: Journal, file: MakeFile):
    odd = r'{"date": "2024-02-29", "text": "one\r\ntwo\u0000 \ud800 {\"a\": 1}"}'
    await jsonl.read(ada, file(odd))
    assert texts(ada, DAY) == [('one\ntwo ? {"a": 1}',)]


async def test_a_day_takes_no_more_than_its_table_can_list(
    ada: Journal, file: MakeFile, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jsonl, "DAY_ITEMS", 3)
    lines = [{**LINE, "text": f"Entry {n}"} for n in range(5)]
    result = await jsonl.read(ada, file(*lines))
    assert (result.added, set(numbers(result).values())) == (3, {"its day is full"})
    assert (await jsonl.read(ada, file(*lines))).already == 3


# --- time -----------------------------------------------------------------------------------------


async def test_a_time_is_the_wall_clocks_in_its_zone(ada: Journal, file: MakeFile):
    await jsonl.read(ada, file({**LINE, "time": "07:42", "zone": "Europe/Vienna"}))
    [thread] = ada.read(DAY)
    assert thread.entry.at == datetime(2024, 2, 29, 6, 42, tzinfo=UTC)
    assert thread.entry.zone == "Europe/Vienna"


async def test_a_time_without_a_zone_is_in_the_diarists(
    store: Store, clock: TurnableClock, file: MakeFile
):
    grace = another(store, clock, zone="Asia/Tokyo", day_starts_at=4)
    await jsonl.read(grace, file({**LINE, "time": "01:30:05"}))
    [thread] = grace.read(DAY)
    assert thread.entry.at == datetime(2024, 2, 29, 16, 30, 5, tzinfo=UTC)
    assert thread.entry.zone == "Asia/Tokyo"


async def test_a_moment_is_taken_before_a_time(ada: Journal, file: MakeFile):
    at = "2024-02-29T23:30:00.25-08:00"
    await jsonl.read(ada, file({**LINE, "time": "07:42", "at": at}))
    [thread] = ada.read(DAY)
    assert thread.entry.at == datetime(2024, 3, 1, 7, 30, tzinfo=UTC)
    assert thread.entry.day == DAY


# --- files ----------------------------------------------------------------------------------------


async def test_gzip_is_known_by_its_first_bytes(ada: Journal, tmp_path: Path):
    path = tmp_path / "journal"
    path.write_bytes(gzip.compress(_line(LINE) + b"\n"))
    assert (await jsonl.read(ada, path)).added == 1


async def test_a_bomb_is_refused_before_anything_is_taken_in(ada: Journal, tmp_path: Path):
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress((_line(LINE) + b"\n") * 300_000))
    with pytest.raises(ExchangeError, match="unpacks to far more"):
        await jsonl.read(ada, path)
    assert not ada.days.written


@pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:40] + b"\0\0\0\0" + b[44:]])
async def test_a_damaged_gzip_is_refused_whole(
    ada: Journal, tmp_path: Path, damage: Callable[[bytes], bytes]
):
    path = tmp_path / "journal.jsonl.gz"
    lines = (_line({**LINE, "text": f"Entry {n * 7919 % 1000}"}) + b"\n" for n in range(1000))
    path.write_bytes(damage(gzip.compress(b"".join(lines))))
    with pytest.raises(ExchangeError, match="damaged gzip"):
        await jsonl.read(ada, path)
    assert not ada.days.written


async def test_too_large_a_file_is_refused(file: MakeFile):
    with (
        pytest.raises(ExchangeError, match="larger than"),
        reading.lines_of(file(LINE), most=10),
    ):
        pass


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
async def test_what_cannot_be_read_is_said(ada: Journal, tmp_path: Path, name: str):
    with pytest.raises(ExchangeError, match="cannot be read"):
        await jsonl.read(ada, tmp_path / name)


# --- out ------------------------------------------------------------------------------------------


async def test_an_export_of_an_import_of_an_export_is_the_same(
    ada: Journal, store: Store, clock: TurnableClock, tmp_path: Path, file: MakeFile
):
    await jsonl.read(ada, file(LINE, LINE, {**LINE, "text": "With a zone.", "zone": "Asia/Tokyo"}))
    older = ada.read(DAY)[0].entry
    await change_settings(store, ada.vault, zone="Europe/Vienna", day_starts_at=4)
    ada.follow()
    clock.set(2026, 11, 22, 1, 30)
    first = await write(ada, "# Späte Stunde\n\n“quoted” \\ 🦆\u2003")
    await write(ada, '{"looks": "like JSON"}')
    await answer(ada, first, "Slept well?", model="tiny", engine="model", state="stopped")
    await answer(ada, first, "", engine="echo", quotes=(Quote(older.id, older.day, "The heron"),))
    one = exported(ada)

    grace = another(store, clock)
    path = tmp_path / "one.jsonl"
    path.write_bytes(one)
    result = await jsonl.read(grace, path)
    assert (result.added, result.bad) == (5, 0)
    assert exported(grace) == one
    assert_sound(store, grace.vault)

    for day in ada.days.written:
        assert texts(grace, day) == texts(ada, day)
    moved = grace.read(first.day)[0]
    assert (moved.entry.at, moved.entry.zone) == (first.at, first.zone)
    assert [r.state for r in moved.responses] == ["stopped", "done"]
    [quote] = moved.responses[1].quotes
    assert grace.entry(quote.entry).text == older.text
    assert quote.entry != older.id


async def test_a_line_says_all_that_is_known(ada: Journal):
    entry = await write(ada, "Frost.")
    await answer(ada, entry, "Was it cold?", model="tiny")
    assert json.loads(exported(ada)) == {
        "date": "2026-11-22",
        "text": "Frost.",
        "zone": "UTC",
        "time": "09:30:00",
        "at": "2026-11-22T09:30:00Z",
        "responses": [
            {
                "text": "Was it cold?",
                "engine": "model",
                "model": "tiny",
                "state": "done",
                "at": "2026-11-22T09:30:00Z",
            }
        ],
    }


async def test_days_go_out_oldest_first(ada: Journal, file: MakeFile):
    await jsonl.read(
        ada, file({**LINE, "date": "2024-03-01"}, LINE, {**LINE, "date": "1666-09-02"})
    )
    dates = [json.loads(line)["date"] for line in exported(ada).splitlines()]
    assert dates == ["1666-09-02", "2024-02-29", "2024-03-01"]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
async def test_an_exported_file_is_its_owners_alone_and_replaces_what_was_there(
    ada: Journal, tmp_path: Path, name: str
):
    await write(ada, "Frost.")
    path = tmp_path / name
    path.write_text("older")
    assert jsonl.write_file(ada, path) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    raw = path.read_bytes()
    assert json.loads(gzip.decompress(raw) if name.endswith("gz") else raw)["text"] == "Frost."
    assert [each for each in names(tmp_path) if each.startswith(".")] == []


async def test_an_export_that_fails_leaves_what_was_there(
    ada: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await write(ada, "Frost.")
    path = tmp_path / "out.jsonl"
    path.write_text("older")
    monkeypatch.setattr(jsonl, "stamp", lambda at: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jsonl.write_file(ada, path)
    assert path.read_text() == "older"
    assert [each for each in names(tmp_path) if each != "data"] == ["out.jsonl"]


@pytest.mark.parametrize(
    ("name", "said"), [("no/such/out", "cannot be written"), (".", "not a file")]
)
async def test_where_an_export_cannot_go_is_said(
    ada: Journal, tmp_path: Path, name: str, said: str
):
    with pytest.raises(ExchangeError, match=said):
        jsonl.write_file(ada, tmp_path / name)


async def test_openings_and_recaps_are_left_out_and_in_nobodys_way(
    ada: Journal, tmp_path: Path
) -> None:
    entry = await write(ada, "The beans are in.")
    read, day = ((entry.id, 1),), entry.day
    await ada.begin_opening(Opening(new_id(), day, 1, "Retold.", ada.now(), read=read))
    await ada.begin_opening(Opening(new_id(), date(2026, 1, 1), 1, "Retold.", ada.now()))
    await ada.keep_recap(Recap(new_id(), day, 1, "Retold.", ada.now(), read=read))
    assert jsonl.write_file(ada, tmp_path / "out.jsonl") == 1
    assert "Retold" not in (tmp_path / "out.jsonl").read_text()
    result = await jsonl.read(ada, tmp_path / "out.jsonl")
    assert (result.added, result.already, result.unread) == (0, 1, 0)
