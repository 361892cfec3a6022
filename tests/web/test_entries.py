"""An entry: read, edit, erase and undo, move."""

import re

import pytest
from tests.support.clock import TurnableClock
from tests.support.server import Server
from tests.support.visitor import TODAY, Visitor, fields, words


@pytest.fixture
async def heron(ada: Visitor) -> str:
    """An entry of Ada's."""
    return await ada.write("the heron came back")


async def test_a_link_to_an_entry_leads_to_its_place_on_its_day(ada: Visitor, heron: str) -> None:
    led = await ada.visit(f"/entries/{heron}")
    assert (led.status_code, led.headers["Location"]) == (303, f"/days/{TODAY}#entry-{heron}")
    piece = await ada.htmx("GET", f"/entries/{heron}")
    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert "the heron came back" in words(piece.text)


async def test_an_edit_replaces_the_text(ada: Visitor, heron: str) -> None:
    form = fields((await ada.visit(f"/entries/{heron}/edit")).text)
    assert form["text"] == "the heron came back"

    kept = await ada.send(
        f"/entries/{heron}", {"text": "the heron left", "revision": form["revision"]}, "PUT"
    )
    assert (kept.status_code, kept.headers["Location"]) == (303, f"/days/{TODAY}#entry-{heron}")
    page = words(await ada.day())
    assert "the heron left" in page
    assert "came back" not in page


async def test_a_script_gets_the_edited_entry_alone(ada: Visitor, heron: str) -> None:
    piece = await ada.htmx("PUT", f"/entries/{heron}", {"text": "the heron left", "revision": "1"})
    assert piece.status_code == 200
    assert "<html" not in piece.text
    assert f'id="entry-{heron}"' in piece.text
    assert "the heron left" in words(piece.text)


async def test_a_stale_edit_shows_both_texts_and_loses_neither(ada: Visitor, heron: str) -> None:
    await ada.send(f"/entries/{heron}", {"text": "kept <i>first</i>", "revision": "1"}, "PUT")
    mine = {"text": "typed <b>meanwhile</b>", "revision": "1"}

    for refused in (
        await ada.send(f"/entries/{heron}", mine, "PUT"),
        await ada.htmx("PUT", f"/entries/{heron}", mine),
    ):
        assert refused.status_code == 409
        assert "kept <i>first</i>" in words(refused.text)
        assert fields(refused.text)["text"] == mine["text"]
        assert fields(refused.text)["revision"] == "2"
    assert "kept" in words(await ada.day()), "nothing was overwritten"

    settled = await ada.send(f"/entries/{heron}", {**mine, "revision": "2"}, "PUT")
    assert settled.status_code == 303
    assert "meanwhile" in words(await ada.day())


async def test_keeping_what_stands_there_already_is_no_conflict(ada: Visitor, heron: str) -> None:
    form = {"text": "the heron left", "revision": "1"}
    for _ in range(2):
        kept = await ada.send(f"/entries/{heron}", form, "PUT")
        assert kept.status_code == 303


async def test_an_edit_to_nothing_or_too_much_comes_back_with_a_sentence(
    ada: Visitor, heron: str
) -> None:
    for text, sentence in (("  ", "no words to keep"), ("x" * 64_001, "64,000 bytes")):
        for refused in (
            await ada.send(f"/entries/{heron}", {"text": text, "revision": "1"}, "PUT"),
            await ada.htmx("PUT", f"/entries/{heron}", {"text": text, "revision": "1"}),
        ):
            assert refused.status_code == 422
            assert sentence in words(refused.text)
            assert fields(refused.text)["text"] == text
            assert fields(refused.text)["revision"] == "1"
    assert "the heron came back" in words(await ada.day())


async def test_the_draft_of_an_edit_comes_back_with_the_revision_it_began_from(
    ada: Visitor, heron: str
) -> None:
    draft = {"text": "the heron lef", "revision": "1"}
    assert (await ada.htmx("PUT", f"/entries/{heron}/draft", draft)).status_code == 200
    restored = fields((await ada.visit(f"/entries/{heron}/edit")).text)
    assert (restored["text"], restored["revision"]) == ("the heron lef", "1")

    fresh = await ada.visit(f"/entries/{heron}/edit?fresh=1")
    assert fields(fresh.text)["text"] == "the heron came back"

    await ada.send(f"/entries/{heron}", {"text": "the heron left", "revision": "1"}, "PUT")
    edit = fields((await ada.visit(f"/entries/{heron}/edit")).text)
    assert (edit["text"], edit["revision"]) == ("the heron left", "2")


async def test_an_edit_that_came_back_to_what_stands_leaves_no_draft(
    ada: Visitor, heron: str
) -> None:
    draft = {"revision": "1", "key": "k", "seen": ""}
    await ada.htmx("PUT", f"/entries/{heron}/draft", {"text": "the heron came backx", **draft})
    assert "unfinished changes" in words(await ada.day())
    await ada.htmx("PUT", f"/entries/{heron}/draft", {"text": "the heron came back", **draft})
    assert "unfinished changes" not in words(await ada.day())


async def test_a_conflict_has_seen_no_draft_of_others(ada: Visitor, heron: str) -> None:
    other = {"text": "as one says", "revision": "1", "key": "one", "seen": ""}
    await ada.htmx("PUT", f"/entries/{heron}/draft", other)
    await ada.send(
        f"/entries/{heron}", {"text": "two", "revision": "1", "key": "two", "seen": ""}, "PUT"
    )
    mine = {"text": "three", "revision": "1", "key": "three", "seen": ""}
    conflict = await ada.send(f"/entries/{heron}", mine, "PUT")
    assert conflict.status_code == 409
    form = fields(conflict.text)
    assert (form["key"], form["seen"], form["revision"]) == ("three", "", "2")
    await ada.send(f"/entries/{heron}", {**mine, "revision": "2"}, "PUT")
    assert fields((await ada.visit(f"/entries/{heron}/edit")).text)["text"] == "as one says"


async def test_a_revision_that_is_no_number_is_a_mistake_of_the_client(
    ada: Visitor, heron: str
) -> None:
    for revision in ("", "one", "-1", "1.5", "１", "9" * 30, "0x1"):
        refused = await ada.send(f"/entries/{heron}", {"text": "x", "revision": revision}, "PUT")
        assert refused.status_code == 400
    assert (await ada.send(f"/entries/{heron}", {"text": "x"}, "PUT")).status_code == 400


async def test_erasing_asks_calmly_first_and_can_be_undone_for_a_minute(
    ada: Visitor, heron: str, clock: TurnableClock
) -> None:
    asked = await ada.visit(f"/entries/{heron}/erasure")
    assert "Erase this entry?" in words(asked.text)
    assert "the heron came back" in words(await ada.day()), "asking erases nothing"

    erased = await ada.send(f"/entries/{heron}", method="DELETE")
    assert erased.status_code == 303
    page = await ada.visit(erased.headers["Location"])
    assert "Erased. Undo" in words(page.text)
    assert "Erased. Undo" in words((await ada.visit(erased.headers["Location"])).text), "reloading"
    assert "the heron" not in words(await ada.day())

    clock.advance(seconds=59)
    back = await ada.send(f"/entries/{heron}/restoration")
    assert (back.status_code, back.headers["Location"]) == (303, f"/days/{TODAY}#entry-{heron}")
    assert "the heron came back" in words(await ada.day())


async def test_a_script_erases_and_undoes_in_place(ada: Visitor, heron: str) -> None:
    erased = await ada.htmx("DELETE", f"/entries/{heron}")
    assert erased.status_code == 200
    assert "<html" not in erased.text
    assert f'id="entry-{heron}"' in erased.text
    back = await ada.htmx("POST", f"/entries/{heron}/restoration")
    assert back.status_code == 200
    assert "the heron came back" in words(back.text)
    again = await ada.htmx("POST", f"/entries/{heron}/restoration")
    assert again.status_code == 200, "a second press"


async def test_what_was_erased_in_place_can_still_be_brought_back_after_a_reload(
    ada: Visitor, heron: str, clock: TurnableClock
) -> None:
    await ada.htmx("DELETE", f"/entries/{heron}")
    clock.advance(seconds=20)
    page = await ada.day()
    assert "Erased. Undo" in words(page)
    assert 'data-seconds="40"' in page
    clock.advance(seconds=41)
    assert "Undo" not in words(await ada.day())


async def test_an_edit_of_what_was_erased_elsewhere_keeps_its_words_in_sight(
    ada: Visitor, heron: str
) -> None:
    await ada.send(f"/entries/{heron}", method="DELETE")
    edit = {"text": "the heron stayed", "revision": "1"}
    told = await ada.send(f"/entries/{heron}", edit, "PUT")
    assert told.status_code == 404
    assert "copy them first" in words(told.text)
    assert "the heron stayed" in told.text
    draft = await ada.htmx("PUT", f"/entries/{heron}/draft", edit)
    assert (draft.status_code, "copy them" in words(draft.text)) == (404, True)


async def test_an_entry_that_was_added_later_is_moved_without_a_time_it_never_had(
    ada: Visitor,
) -> None:
    entry = await ada.write("of long ago", "2026-03-09")
    form = fields((await ada.visit(f"/entries/{entry}/day")).text)
    assert form["time"] == ""
    await ada.send(f"/entries/{entry}/day", {"day": "2026-03-08", "time": ""}, "PUT")
    assert "added 22 November" in words(await ada.day("2026-03-08"))


async def test_a_day_is_written_in_one_way(ada: Visitor, heron: str) -> None:
    for day in ("20200101", "2020-W01-1", "2020-1-1", " 2020-01-01", "２０２０-01-01"):
        refused = await ada.send(f"/entries/{heron}/day", {"day": day, "time": ""}, "PUT")
        assert refused.status_code == 422, day


async def test_after_a_minute_it_is_gone(
    ada: Visitor, heron: str, server: Server, clock: TurnableClock
) -> None:
    await ada.send(f"/entries/{heron}", method="DELETE")
    clock.advance(seconds=61)
    for _ in range(2):
        late = await ada.send(f"/entries/{heron}/restoration")
        assert late.status_code == 410
        assert "more than a minute ago" in words(late.text)
        await server.sweep()


async def test_what_was_erased_is_missing_everywhere(ada: Visitor, heron: str) -> None:
    await ada.send(f"/entries/{heron}", method="DELETE")
    for method, path in (
        ("GET", f"/entries/{heron}"),
        ("GET", f"/entries/{heron}/edit"),
        ("GET", f"/entries/{heron}/erasure"),
        ("GET", f"/entries/{heron}/day"),
        ("PUT", f"/entries/{heron}"),
        ("PUT", f"/entries/{heron}/day"),
        ("PUT", f"/entries/{heron}/draft"),
        ("DELETE", f"/entries/{heron}"),
        ("POST", f"/entries/{heron}/responses"),
    ):
        form = {"text": "x", "revision": "1", "day": TODAY, "time": ""}
        answer = await ada.htmx(method, path, None if method == "GET" else form)
        assert answer.status_code == 404, (method, path)


async def test_an_entry_can_be_moved_to_another_day(ada: Visitor, heron: str) -> None:
    form = fields((await ada.visit(f"/entries/{heron}/day")).text)
    assert (form["day"], form["time"]) == (TODAY, "09:30")

    moved = await ada.send(f"/entries/{heron}/day", {"day": "2026-11-20", "time": "07:42"}, "PUT")
    assert moved.status_code == 303
    assert moved.headers["Location"] == f"/days/2026-11-20#entry-{heron}"
    assert "the heron" not in words(await ada.day())
    there = words(await ada.day("2026-11-20"))
    assert "the heron came back" in there
    assert "07:42" in there


async def test_a_script_is_told_where_the_entry_went(ada: Visitor, heron: str) -> None:
    form = {"day": "2026-11-20", "time": "07:42"}
    moved = await ada.htmx("PUT", f"/entries/{heron}/day", form)
    assert moved.status_code == 200
    assert re.search(rf'href="/days/2026-11-20#entry-{heron}"', moved.text)


async def test_its_time_can_be_changed_and_taken_away(ada: Visitor, heron: str) -> None:
    await ada.send(f"/entries/{heron}/day", {"day": TODAY, "time": "06:15"}, "PUT")
    assert "06:15" in words(await ada.day())
    await ada.send(f"/entries/{heron}/day", {"day": TODAY, "time": ""}, "PUT")
    page = words(await ada.day())
    assert "the heron came back" in page
    assert "06:15" not in page


IMPOSSIBLE = [
    ({"day": "2026-11-23", "time": "07:42"}, "has not arrived yet"),
    ({"day": "0999-12-31", "time": "07:42"}, "begins in the year 1000"),
    ({"day": "2026-02-30", "time": "07:42"}, "give a day"),
    ({"day": "", "time": "07:42"}, "give a day"),
    ({"day": "yesterday", "time": ""}, "give a day"),
    ({"day": TODAY, "time": "25:00"}, "give a time"),
    ({"day": TODAY, "time": "7"}, "give a time"),
    ({"day": TODAY, "time": "07:42:61"}, "give a time"),
    ({}, "give a day"),
]


async def test_a_day_or_time_that_cannot_be_is_refused_with_a_sentence(
    ada: Visitor, heron: str
) -> None:
    for form, sentence in IMPOSSIBLE:
        for refused in (
            await ada.send(f"/entries/{heron}/day", form, "PUT"),
            await ada.htmx("PUT", f"/entries/{heron}/day", form),
        ):
            assert refused.status_code == 422, form
            assert sentence in words(refused.text)
            assert f"/entries/{heron}/day" in refused.text, "the form is there again"
    assert "the heron came back" in words(await ada.day())
