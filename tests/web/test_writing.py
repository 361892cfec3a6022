"""Writing on a day, and the draft of what is not kept yet."""

import asyncio
import re

from tests.support.clock import TurnableClock
from tests.support.server import Server
from tests.support.visitor import TODAY, Visitor, fields, words

ODD = [
    '{"date": "2026-11-22", "text": [1, 2]}',
    "0",
    "null",
    "-1e9",
    "{{ config }} {% raw %} ${7*7} %s %(x)s",
    "'; DROP TABLE writings; --",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202eright to left\u202c and שלום and العربية",
    "👩\u200d👩\u200d👧 e\u0301",
    "tab\tand\x0bvertical",
]


async def test_what_is_written_stands_on_the_page_until_it_is_erased(ada: Visitor) -> None:
    id = await ada.write("The *heron* came back.\n\n- one\n- two")

    page = await ada.day()

    assert f'id="entry-{id}"' in page
    assert "<em>heron</em>" in page
    assert re.search(r"<li[^>]*>one</li>", page)
    assert "09:30" in page


async def test_a_plain_form_is_led_to_what_it_wrote(ada: Visitor) -> None:
    kept = await ada.send(f"/days/{TODAY}/entries", {"text": "the heron", "key": "k"})
    assert kept.status_code == 303
    assert re.fullmatch(rf"/days/{TODAY}#entry-[0-9a-f]{{32}}", kept.headers["Location"])


async def test_a_script_gets_the_entry_and_a_fresh_form_and_no_page(ada: Visitor) -> None:
    await ada.draft("the her")
    form = {"text": "the heron", "key": "a key"}
    piece = await ada.htmx("POST", f"/days/{TODAY}/entries", form)

    assert piece.status_code == 201
    assert "HX-Request-Type" in piece.headers["Vary"]
    assert "<html" not in piece.text
    assert "the heron" in words(piece.text)
    left = fields(piece.text)
    assert left["text"] == ""
    assert left["key"] not in ("", "a key")


async def test_the_same_address_answers_a_visit_with_the_page(ada: Visitor) -> None:
    id = await ada.write("the heron")
    for path in (f"/entries/{id}/edit", "/calendar/2026-11"):
        page = await ada.visit(path)
        piece = await ada.htmx("GET", path)
        assert "<html" in page.text
        assert "<html" not in piece.text
        for answer in (page, piece):
            assert answer.status_code == 200
            assert "HX-Request-Type" in answer.headers["Vary"]


async def test_entries_stand_in_the_order_in_which_they_were_written(
    ada: Visitor, clock: TurnableClock
) -> None:
    for text in ("first of them", "second of them", "third of them"):
        await ada.write(text)
        clock.advance(minutes=1)
    page = words(await ada.day())
    assert page.index("first of") < page.index("second of") < page.index("third of")


async def test_a_blank_entry_is_refused_with_a_sentence(ada: Visitor) -> None:
    for text in ("", " ", "\n\n\t ", "\u00a0\u2003", "\0"):
        for ask in (ada.send, lambda path, form: ada.htmx("POST", path, form)):
            refused = await ask(f"/days/{TODAY}/entries", {"text": text, "key": "k"})
            assert refused.status_code == 422, text
            assert "There are no words to keep yet." in words(refused.text)


async def test_an_entry_that_is_too_long_comes_back_whole_to_be_shortened(ada: Visitor) -> None:
    text = "\nÄ heron. " * 5_900 + "END"
    for ask in (ada.send, lambda path, form: ada.htmx("POST", path, form)):
        refused = await ask(f"/days/{TODAY}/entries", {"text": text, "key": "k"})
        assert refused.status_code == 422
        assert "An entry holds 64,000 bytes" in words(refused.text)
        assert fields(refused.text)["text"] == text
    assert not await written(ada)


async def test_an_entry_of_exactly_the_limit_is_kept(ada: Visitor) -> None:
    await ada.write("é" * 32_000)


async def test_text_that_looks_like_something_else_is_text_like_any_other(ada: Visitor) -> None:
    for text in ODD:
        id = await ada.write(text)
        edit = await ada.visit(f"/entries/{id}/edit")
        assert fields(edit.text)["text"] == text
    page = await ada.day()
    assert "<script>alert" not in page
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", page)


async def test_pressing_twice_writes_once(ada: Visitor) -> None:
    form = {"text": "the heron", "key": "one form"}
    answers = [await ada.send(f"/days/{TODAY}/entries", form) for _ in range(2)]
    answers += await asyncio.gather(
        *(ada.send(f"/days/{TODAY}/entries", form) for _ in range(4)),
        *(ada.htmx("POST", f"/days/{TODAY}/entries", form) for _ in range(2)),
    )
    assert {answer.status_code for answer in answers} == {303, 201}
    assert len(await written(ada)) == 1


async def test_the_same_words_from_another_form_are_another_entry(ada: Visitor) -> None:
    for key in ("one", "two", "", ""):
        await ada.send(f"/days/{TODAY}/entries", {"text": "the heron", "key": key})
    assert len(await written(ada)) == 4


async def test_past_days_can_be_added_to_quietly(ada: Visitor) -> None:
    await ada.write("remembered later", "2019-04-01")
    page = await ada.day("2019-04-01")
    assert "remembered later" in words(page)
    assert "added 22 November" in words(page)


async def test_a_future_day_says_so_and_takes_nothing(ada: Visitor) -> None:
    for day in ("2026-11-23", "2027-01-01", "9999-12-31"):
        page = await ada.visit(f"/days/{day}")
        assert page.status_code == 200
        assert "This day has not arrived yet." in words(page.text)
        assert "text" not in fields(page.text)
        for refused in (
            await ada.send(f"/days/{day}/entries", {"text": "too soon", "key": "k"}),
            await ada.htmx("POST", f"/days/{day}/entries", {"text": "too soon", "key": "k"}),
            await ada.draft("too soon", day),
        ):
            assert refused.status_code == 409
            assert "has not arrived yet" in words(refused.text)
    for day in ("2026-11-23", "9999-12-31"):
        assert not await written(ada, day)


async def test_words_refused_by_a_future_day_are_not_lost(ada: Visitor) -> None:
    """A page left open, then a clock set back: the words come along on the error page."""
    refused = await ada.send("/days/2026-11-23/entries", {"text": "too soon", "key": "k"})
    assert fields(refused.text)["kept"] == "too soon"


async def test_a_draft_is_there_when_one_comes_back(server: Server, ada: Visitor) -> None:
    text = "\n half a thought, and </textarea>"
    saved = await ada.draft(text)
    assert (saved.status_code, words(saved.text)) == (200, "draft saved")
    await ada.send("/lock")

    async with Visitor(server) as other:
        await other.enter()
        page = await other.day()
    assert fields(page)["text"] == text
    assert "saved" in words(page)


async def test_an_empty_draft_lets_it_go(ada: Visitor) -> None:
    await ada.draft("half a thought")
    await ada.draft("  ")
    assert fields(await ada.day())["text"] == ""


async def test_a_form_that_does_not_arrive_whole_leaves_the_draft_alone(ada: Visitor) -> None:
    entry = await ada.write("the heron")
    for path in (f"/days/{TODAY}/draft", f"/entries/{entry}/draft"):
        await ada.htmx("PUT", path, {"text": "half a thought", "revision": "1"})
        for form in ({}, {"key": "k"}):
            assert (await ada.htmx("PUT", path, form)).status_code == 400
    assert fields(await ada.day())["text"] == "half a thought"
    edit = await ada.visit(f"/entries/{entry}/edit")
    assert fields(edit.text)["text"] == "half a thought"


async def test_keeping_an_entry_lets_its_draft_go_and_no_other(ada: Visitor) -> None:
    await ada.draft("half a thought")
    await ada.draft("another day's", "2026-11-20")
    await ada.write("a whole thought")
    assert fields(await ada.day())["text"] == ""
    assert fields(await ada.day("2026-11-20"))["text"] == "another day's"


async def test_a_draft_that_is_too_long_is_said_to_be(ada: Visitor) -> None:
    assert (await ada.draft("x" * 64_001)).status_code == 200, "too long for an entry only"
    refused = await ada.draft("x" * 256_001)
    assert refused.status_code == 422
    assert 'data-ok="no"' in refused.text


async def test_a_form_renders_with_what_it_needs_to_take_nobodys_words(ada: Visitor) -> None:
    """Two tabs on one day: neither the draft nor the entry of one takes the other's words."""
    one, two = fields(await ada.day()), fields(await ada.day())
    path = f"/days/{TODAY}/draft"
    for form, text in ((one, "an hour of writing"), (two, "b")):
        draft = {"text": text, "key": form["key"], "seen": form["seen"]}
        assert (await ada.htmx("PUT", path, draft)).status_code == 200
    assert fields(await ada.day())["text"] == "an hour of writing\n\nb"
    entry = {"text": "b, and kept", "key": two["key"], "seen": two["seen"]}
    assert (await ada.send(f"/days/{TODAY}/entries", entry)).status_code == 303
    three = fields(await ada.day())
    assert three["text"] == "an hour of writing"
    entry = {"text": "an hour", "key": three["key"], "seen": three["seen"]}
    assert (await ada.send(f"/days/{TODAY}/entries", entry)).status_code == 303
    assert fields(await ada.day())["text"] == ""


async def test_a_form_shown_again_has_seen_no_more_than_before(ada: Visitor) -> None:
    two, path = fields(await ada.day()), f"/days/{TODAY}/draft"
    await ada.htmx("PUT", path, {"text": "words of tab one", "key": "one", "seen": ""})
    blank = {"text": " ", "key": two["key"], "seen": two["seen"]}
    again = await ada.send(f"/days/{TODAY}/entries", blank)
    assert again.status_code == 422
    form = fields(again.text)
    assert (form["key"], form["seen"]) == (two["key"], "")
    await ada.htmx("PUT", path, {"text": "second", "key": form["key"], "seen": form["seen"]})
    assert fields(await ada.day())["text"] == "words of tab one\n\nsecond"


async def test_midnight_does_not_misfile_what_was_being_written(
    stranger: Visitor, clock: TurnableClock
) -> None:
    clock.set(2026, 11, 22, 23, 59)
    ada = await stranger.enter()
    await ada.draft("begun before midnight")
    clock.advance(minutes=2)

    assert (await ada.visit("/")).headers["Location"] == "/days/2026-11-23"
    assert fields(await ada.day("2026-11-23"))["text"] == ""
    assert fields(await ada.day(TODAY))["text"] == "begun before midnight"
    await ada.write("ended after midnight", TODAY)
    assert "ended after midnight" in words(await ada.day(TODAY))


async def written(visitor: Visitor, day: str = TODAY) -> list[str]:
    """The ids of the entries on a day's page."""
    return re.findall(r'class="written[^>]*id="entry-([0-9a-f]{32})"', await visitor.day(day))
