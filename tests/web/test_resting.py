"""On this day, and what was let rest: the page, its forms with scripts and without, echoes."""

import re

from tests.support.visitor import TODAY, Visitor, words

LAST_YEAR = "2025-11-22"
YEARS = "/entries/{}/rest?seen_from=" + TODAY


def line(page: str) -> str:
    """What a page says of earlier years; empty when it says nothing."""
    found = re.search(r'<section class="on-this-day".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


async def test_a_day_shows_the_same_date_in_earlier_years(ada: Visitor) -> None:
    assert not line(await ada.day())
    entry = await ada.write("Moved the desk to the *window* at last. Then tea.", LAST_YEAR)
    await ada.write("The heron stood in the water.", "2024-11-22")
    shown = line(await ada.day())
    assert f'href="/days/{LAST_YEAR}#entry-{entry}"' in shown
    assert "“<bdi>Moved the desk to the window at last.</bdi>”" in shown
    assert words(shown).index("2025") < words(shown).index("2024")
    # Seen from a past day, its own earlier years; from the earliest, none.
    seen = words(line(await ada.day(LAST_YEAR)))
    assert "2024" in seen
    assert "desk" not in seen
    assert not line(await ada.day("2024-11-22"))


async def test_beyond_three_years_the_rest_waits_until_it_is_asked_for(ada: Visitor) -> None:
    for year in range(2019, 2026):
        await ada.write(f"The heron came back in {year}.", f"{year}-11-22")
    shown, _, more = line(await ada.day()).partition("<details")
    assert re.findall(r"back in (\d+)", shown) == ["2025", "2024", "2023"]
    assert "and 4 more years" in more
    assert re.findall(r"back in (\d+)", more) == ["2022", "2021", "2020", "2019"]


async def test_a_29_february_is_named_where_it_is_seen_from_the_28th(ada: Visitor) -> None:
    await ada.write("A day that comes every four years.", "2024-02-29")
    await ada.write("An ordinary Wednesday in winter.", "2024-02-28")
    seen = words(line(await ada.day("2026-02-28")))
    assert "On this day 29 February 2024 “ A day that comes" in seen
    assert "29 February 2024 2024 “ An ordinary Wednesday" in seen
    assert "more year" not in seen


async def test_what_is_shown_is_text(ada: Visitor) -> None:
    await ada.write("The <b>heron</b> & the <script>alert(1)</script> stood.", LAST_YEAR)
    shown = line(await ada.day())
    assert "<script>" not in shown
    assert "&lt;b&gt;heron&lt;/b&gt;" in shown


async def test_a_future_day_looks_back_at_nothing(ada: Visitor) -> None:
    await ada.write("The heron stood in the water.", "2025-11-23")
    assert not line(await ada.day("2026-11-23"))


async def test_without_scripts_an_entry_is_let_rest_and_brought_back(ada: Visitor) -> None:
    entry = await ada.write("The letter is still unsent.", LAST_YEAR)
    rested = await ada.send(YEARS.format(entry) + "&_method=PUT")
    assert rested.status_code == 303
    assert rested.headers["Location"] == f"/days/{TODAY}?rested={entry}#on-this-day"
    page = line((await ada.visit(rested.headers["Location"])).text)
    assert "Resting. Undo" in words(page)
    assert "letter" not in page
    assert not line(await ada.day())
    # Where it stands it says so, and is brought back from there or by the undo.
    assert "rests bring it back" in words(await ada.day(LAST_YEAR))
    undone = await ada.send(YEARS.format(entry) + "&_method=DELETE")
    assert undone.status_code == 303
    page = (await ada.visit(undone.headers["Location"])).text
    assert "letter" in line(page)
    assert "Resting." not in page
    assert "bring it back" not in await ada.day(LAST_YEAR)


async def test_with_scripts_only_its_line_changes(ada: Visitor) -> None:
    entry = await ada.write("The letter is still unsent.", LAST_YEAR)
    rested = await ada.htmx("PUT", YEARS.format(entry))
    assert rested.status_code == 200
    assert words(rested.text) == "Resting. Undo"
    again = await ada.htmx("PUT", YEARS.format(entry))
    assert again.text == rested.text
    back = await ada.htmx("DELETE", YEARS.format(entry))
    assert "The letter is still unsent." in words(back.text)
    assert back.text.lstrip().startswith("<li")


async def test_brought_back_on_a_day_that_rests_it_stays_unseen(ada: Visitor) -> None:
    entry = await ada.write("The letter is still unsent.", LAST_YEAR)
    await ada.htmx("PUT", YEARS.format(entry))
    await ada.htmx("PUT", f"/days/{LAST_YEAR}/rest")
    back = await ada.htmx("DELETE", YEARS.format(entry))
    assert (back.status_code, back.text) == (200, "")


async def test_an_entry_is_let_rest_and_brought_back_where_it_stands(ada: Visitor) -> None:
    entry = await ada.write("The letter is still unsent.")
    assert "Let it rest instead" in (await ada.htmx("GET", f"/entries/{entry}/erasure")).text
    rested = await ada.htmx("PUT", f"/entries/{entry}/rest")
    assert "rests bring it back" in words(rested.text)
    assert "Let it rest" not in (await ada.htmx("GET", f"/entries/{entry}/erasure")).text
    back = await ada.htmx("DELETE", f"/entries/{entry}/rest")
    assert "bring it back" not in back.text
    for method in ("PUT", "DELETE"):
        sent = await ada.send(f"/entries/{entry}/rest", method=method)
        assert sent.headers["Location"] == f"/days/{TODAY}#entry-{entry}"


async def test_a_day_is_let_rest_and_brought_back(ada: Visitor) -> None:
    await ada.write("The letter is still unsent.", LAST_YEAR)
    assert "Let this day rest" in await ada.day(LAST_YEAR)
    assert "Let this day rest" not in await ada.day()
    assert "Let this day rest" not in await ada.day("2025-11-20")
    rested = await ada.htmx("PUT", f"/days/{LAST_YEAR}/rest")
    assert "This day rests" in words(rested.text)
    assert "This day rests" in words(await ada.day(LAST_YEAR))
    assert not line(await ada.day())
    back = await ada.htmx("DELETE", f"/days/{LAST_YEAR}/rest")
    assert words(back.text) == "Let this day rest"
    assert line(await ada.day())
    for method, said in (("PUT", "This day rests"), ("DELETE", "Let this day rest")):
        sent = await ada.send(f"/days/{LAST_YEAR}/rest", method=method)
        assert sent.headers["Location"] == f"/days/{LAST_YEAR}#day-rest"
        assert said in words(await ada.day(LAST_YEAR))


async def test_what_cannot_rest_is_answered_in_words(ada: Visitor) -> None:
    entry = await ada.write("The heron.", LAST_YEAR)
    gone = await ada.write("Gone.", LAST_YEAR)
    response = await ada.answered(entry)
    await ada.send(f"/entries/{gone}", method="DELETE")
    for id in ("0" * 32, gone, response):
        for path in (f"/entries/{id}/rest", YEARS.format(id)):
            assert (await ada.htmx("PUT", path)).status_code == 404, path
    assert (await ada.htmx("PUT", "/days/2026-11-23/rest")).status_code == 409
    for day in ("", "2026-02-30", "today", "20261122", "0999-01-01", "2026-11-22<b>"):
        path = f"/entries/{entry}/rest?seen_from={day}"
        assert (await ada.htmx("PUT", path)).status_code == 400, day
    for id in ("", "x", "0" * 32, gone, entry[:-1], "é"):
        assert "Undo" not in line((await ada.visit(f"/days/{TODAY}?rested={id}")).text)


async def test_the_line_can_be_switched_off(ada: Visitor) -> None:
    await ada.write("The heron stood in the water.", LAST_YEAR)
    form = {"theme": "system", "hour12": "", "day_starts_at": "0"}
    await ada.send("/settings/appearance", form)
    assert not line(await ada.day())
    assert (
        'name="on_this_day" value="on" checked'
        not in (await ada.visit("/settings/appearance")).text
    )
    await ada.send("/settings/appearance", {**form, "on_this_day": "on"})
    assert line(await ada.day())


async def test_an_echo_does_not_quote_what_rests(ada: Visitor) -> None:
    first = await ada.write("The ladder leaned on the wall of the boathouse.", "2026-11-19")
    second = await ada.write("The ladder is still at the boathouse.", "2026-11-20")
    entry = await ada.write("Ruth asked about the ladder, which is at the boathouse.")
    await ada.htmx("PUT", f"/entries/{first}/rest")
    await ada.answered(entry)
    page = await ada.day()
    assert f"#entry-{second}" in page
    assert f"#entry-{first}" not in page
    await ada.htmx("PUT", "/days/2026-11-20/rest")
    await ada.htmx("DELETE", f"/entries/{first}/rest")
    other = await ada.write("Asked again about the ladder at the boathouse.")
    await ada.answered(other)
    piece = (await ada.htmx("GET", f"/entries/{other}")).text
    assert f"#entry-{first}" in piece
    assert f"#entry-{second}" not in piece
    # What is asked for by the diarist is found as ever.
    assert second in (await ada.search("ladder")).text


async def test_a_trace_that_rests_takes_its_entries_with_it(ada: Visitor) -> None:
    entry = await ada.write("The ladder leaned on the wall of the boathouse.", LAST_YEAR)
    await ada.htmx("POST", f"/entries/{entry}/traces", {"name": "boathouse"})
    traced = re.search(r"/traces/([0-9a-f]{32})", await ada.day(LAST_YEAR))
    assert traced
    assert line(await ada.day())
    await ada.htmx("PUT", f"/traces/{traced[1]}/rest")
    assert not line(await ada.day())
    await ada.htmx("DELETE", f"/traces/{traced[1]}/rest")
    assert line(await ada.day())
