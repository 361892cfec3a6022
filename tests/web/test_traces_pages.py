"""Returning by traces over HTTP: the list, a trace's page and its pieces, what is done with one."""

import re
from datetime import date, timedelta

import pytest
from tests.support.accounts import OTHER_PASSWORD, Registered
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.traces import bring_in, entry, keep, many, the_open
from tests.support.visitor import TODAY, Visitor, fields, words

ROW = re.compile(r'<li><a href="/traces/([0-9a-f]{32})"[^>]*><span dir="auto">\s*<[^>]*>([^<]*)<')
OFFER = re.compile(r'name="chosen" value="(\w+)">\s*<[^>]*>([^<]+)<')
NAME = re.compile(r"<h1[^>]*>\s*<[^>]*>([^<]*)<")
TITLE = re.compile(r"<title>(.*?)</title>")
DOT = re.compile(r'<a class="(heat-\d[^"]*)" href="(/days/[^"]+)" aria-label="([^"]+)"')
TODAY_DATE = date.fromisoformat(TODAY)


def listed(html: str) -> list[str]:
    return [name for _, name in ROW.findall(html)]


@pytest.fixture
async def ids(server: Server, ada: Visitor) -> dict[str, str]:
    """Ada's traces: heron on three days, letters on two, Emil once and long ago."""
    return await bring_in(
        server,
        entry(date(2026, 11, 20), "The heron came back.", "heron", "reservoir"),
        entry(date(2026, 11, 20), "And stayed.", "heron", hour=17),
        entry(date(2026, 3, 9), "A heron, a letter.", "heron", "letters"),
        entry(date(2024, 1, 31), "Saw the first heron; wrote about it.", "heron"),
        entry(date(2026, 11, 21), "Nothing from the north.", "letters"),
        entry(date(2021, 7, 4), "Emil has gone.", "emil"),
    )


# The list


async def test_without_a_trace_the_page_says_what_they_are(ada: Visitor) -> None:
    page = await ada.visit("/traces")
    assert page.status_code == 200
    assert "a word or an emoji that you keep on an entry" in words(page.text)
    assert "Find a trace" not in page.text


async def test_the_bar_leads_to_the_traces_and_back(ada: Visitor) -> None:
    day, traces = await ada.day(), (await ada.visit("/traces")).text
    assert re.search(r'<a href="/" aria-current="true"', day)
    assert re.search(r'<a href="/traces" aria-keyshortcuts="v"', day)
    assert re.search(r'<a href="/" aria-keyshortcuts="v"', traces)
    assert re.search(r'<a href="/traces" aria-current="true"', traces)
    assert (await ada.visit("/settings/account")).text.count('aria-keyshortcuts="v"') == 1


async def test_the_list_is_ordered_as_it_was_last_wished(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    assert listed((await ada.visit("/traces")).text) == ["heron", "letters", "emil", "reservoir"]
    done = await ada.send("/traces/order", {"order": "name"})
    assert (done.status_code, done.headers["Location"]) == (303, "/traces")
    assert listed((await ada.visit("/traces")).text) == ["emil", "heron", "letters", "reservoir"]
    done = await ada.send("/traces/order", {"order": "recent", "here": ids["emil"]})
    assert done.headers["Location"] == f"/traces/{ids['emil']}"
    async with Visitor(server) as elsewhere:
        page = (await (await elsewhere.enter()).visit("/traces")).text
        assert listed(page) == ["letters", "heron", "reservoir", "emil"]
        assert "yesterday" in words(page)
    assert (await ada.send("/traces/order", {"order": "size"})).status_code == 400


async def test_a_trace_is_found_as_its_name_is_typed(server: Server, ada: Visitor) -> None:
    day = TODAY_DATE
    names = ("heron", "night-heron", "sherry", "élan", "🎹", "ночь", "zoë-and-i")
    await bring_in(server, *(entry(day, f"Of {name}.", name) for name in names))

    async def find(typed: str) -> list[str]:
        return listed((await ada.htmx("POST", "/traces/list", {"find": typed})).text)

    assert await find("her") == ["heron", "night-heron", "sherry"]
    assert await find(" Night H") == ["night-heron"]
    assert await find("ELAN") == ["élan"]
    assert await find(":musical_keyboard:") == await find("keyboard") == await find("🎹") == ["🎹"]
    assert await find("НОЧ") == ["ночь"]
    assert await find("zoe and") == ["zoë-and-i"]
    assert len(await find("")) == len(names)
    nothing = await ada.htmx("POST", "/traces/list", {"find": "<b>zeppelin</b>\0" * 50})
    assert "No trace is called so." in words(nothing.text)
    assert "zeppelin" not in nothing.text


async def test_a_long_list_comes_in_stretches(server: Server, ada: Visitor) -> None:
    ids = await bring_in(server, *many(250, TODAY_DATE))
    await ada.send("/traces/order", {"order": "name"})
    page = (await ada.visit("/traces")).text
    assert listed(page) == [f"trace-{n:04d}" for n in range(100)]
    assert re.findall(r"hx-vals='\{\"from\": (\d+)\}'", page) == ["100", "200"]
    piece = await ada.htmx("POST", "/traces/list", {"from": "200", "find": "trace-0"})
    assert listed(piece.text) == [f"trace-{n:04d}" for n in range(200, 250)]
    assert "<ol" not in piece.text
    here = (await ada.visit(f"/traces/{ids['trace-0217']}")).text
    assert len(listed(here)) == 150, "the first stretch, and that of the trace"
    assert re.search(rf'href="/traces/{ids["trace-0217"]}" aria-current="page"', here)


async def test_without_scripts_one_turns_the_pages_of_the_list(
    server: Server, ada: Visitor
) -> None:
    await bring_in(server, *many(250, TODAY_DATE))
    first = (await ada.visit("/traces")).text
    assert '<noscript><p class="pager">' in first
    assert "/traces?from=100" in first
    last = (await ada.visit("/traces?from=200")).text
    assert len(listed(last)) == 50
    assert "/traces?from=100" in last
    assert "/traces?from=300" not in last
    beyond = (await ada.visit("/traces?from=90000")).text  # what was the end when it was followed
    assert listed(beyond) == listed(last)
    assert "/traces?from=100" in beyond
    assert (await ada.visit("/traces?from=-1")).status_code == 400
    assert (await ada.send("/traces/list", {"find": "heron"})).headers["Location"] == "/traces"


# A trace


async def test_a_trace_says_how_often_since_when_and_beside_what(
    ada: Visitor, ids: dict[str, str]
) -> None:
    page = (await ada.visit(f"/traces/{ids['heron']}")).text
    assert NAME.findall(page) == ["heron"]
    assert "4 entries · since January 2024" in words(page)
    assert "frequently appears with" in words(page)
    assert re.search(
        rf'class="pill" href="/traces/{ids["letters"]}" title="together on 1 entry"', page
    )
    alone = words((await ada.visit(f"/traces/{ids['emil']}")).text)
    assert "1 entry · since July 2021" in alone
    assert "frequently appears" not in alone


async def test_no_name_is_in_an_address_or_a_title(ada: Visitor, ids: dict[str, str]) -> None:
    for path in ("/traces", f"/traces/{ids['heron']}", f"/traces/{ids['heron']}/edit"):
        page = (await ada.visit(path)).text
        title = "Traces · Llamora" if path == "/traces" else "Trace · Llamora"
        assert TITLE.findall(page) == [title]
        addresses = re.findall(r'(?:href|action|hx-\w+)="(/[^"]*)"', page)
        assert not [each for each in addresses if "heron" in each or "letters" in each]


async def test_a_year_shows_the_days_and_leads_to_them(ada: Visitor, ids: dict[str, str]) -> None:
    page = (await ada.visit(f"/traces/{ids['heron']}")).text
    assert "December 2025 – November 2026" in words(page)
    dots = DOT.findall(page)
    assert [kind for kind, *_ in dots] == ["heat-1", "heat-2"]
    assert [label for *_, label in dots] == [
        "Monday, 9 March · 1 entry",
        "Friday, 20 November · 2 entries",
    ]
    first = dots[1][1].partition("#entry-")[2]
    assert "The heron came back." in (await ada.htmx("GET", f"/entries/{first}")).text
    assert page.count('<i class="today"></i>') == 1
    assert page.count('<i class="ahead"></i>') == 8


async def test_a_trace_of_today_alone_has_its_day_marked_as_both(
    server: Server, ada: Visitor
) -> None:
    """The first day hid that it is today."""
    ids = await bring_in(server, entry(TODAY_DATE, "The quince blossoms.", "quince"))
    page = (await ada.visit(f"/traces/{ids['quince']}")).text
    (dot,) = re.findall(r'<a class="heat-1[^>]*>', page)
    assert 'class="heat-1 today first"' in dot
    assert "1 entry · today · the first day" in dot


async def test_the_years_before_are_a_step_away(ada: Visitor, ids: dict[str, str]) -> None:
    path = f"/traces/{ids['heron']}/heatmap"
    page = (await ada.visit(f"/traces/{ids['heron']}")).text
    assert f"{path}/2025-11" in page
    assert f"{path}/2026-12" not in page
    piece = await ada.htmx("GET", f"{path}/2024-11")
    assert "<html" not in piece.text
    assert "December 2023 – November 2024" in words(piece.text)
    assert [label for *_, label in DOT.findall(piece.text)] == [
        "Wednesday, 31 January 2024 · 1 entry · the first day"
    ]
    assert f"{path}/2025-11" in piece.text
    assert f"{path}/2023-11" not in piece.text, "there is nothing before"
    visited = await ada.visit(f"{path}/2024-11")
    assert NAME.findall(visited.text) == ["heron"]
    assert "December 2023 – November 2024" in words(visited.text)
    for month in ("1000-01", "9999-12"):
        assert (await ada.htmx("GET", f"{path}/{month}")).status_code == 200
    assert (await ada.htmx("GET", f"{path}/2024-13")).status_code == 404


async def test_a_trace_of_long_ago_shows_the_year_it_was_last_used_in(
    ada: Visitor, ids: dict[str, str]
) -> None:
    page = words((await ada.visit(f"/traces/{ids['emil']}")).text)
    assert "August 2020 – July 2021" in page


async def test_a_day_in_short_is_told_to_the_page_and_a_visit_goes_on(
    ada: Visitor, ids: dict[str, str]
) -> None:
    piece = await ada.htmx("GET", "/days/2026-11-20/recap")
    assert "The heron came back." in piece.text
    assert (await ada.htmx("GET", "/days/2026-11-19/recap")).text.strip() == ""
    visited = await ada.visit("/days/2026-11-20/recap")
    assert (visited.status_code, visited.headers["Location"]) == (303, "/days/2026-11-20")


async def test_the_history_shows_the_entries_that_carry_it_newest_day_first(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    await ada.write("Nothing to do with it.", "2026-11-20")
    page = words((await ada.visit(f"/traces/{ids['heron']}")).text)
    order = ["20 November", "The heron came back.", "And stayed.", "9 March", "31 January 2024"]
    places = [page.rindex(each) for each in order]
    assert places == sorted(places)
    assert "Nothing to do with it." not in page


async def test_the_history_comes_ten_days_at_a_time(server: Server, ada: Visitor) -> None:
    days = [TODAY_DATE - timedelta(days=3 * n) for n in range(25)]
    ids = await bring_in(server, *(entry(day, f"On {day}.", "heron") for day in days))
    path = f"/traces/{ids['heron']}"
    page, shown = (await ada.visit(path)).text, list[str]()
    while True:
        shown += re.findall(r"On (\d{4}-\d\d-\d\d)\.", page)
        following = re.search(rf"{path}/entries\?before=(\d{{4}}-\d\d-\d\d)", page)
        if not following:
            break
        visited = words((await ada.visit(following[0])).text)
        assert "From the latest on" in visited
        assert f"On {following[1]}." not in visited
        page = (await ada.htmx("GET", following[0])).text
        assert "<html" not in page
    assert shown == [day.isoformat() for day in days]
    assert (await ada.visit(f"{path}/entries?before=soon")).status_code == 400


async def test_responses_stand_beneath_their_entries(account: Registered) -> None:
    model = ScriptedModel("It waits for nobody.")
    settings = journal_settings(account.path)
    async with serving(settings, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        written = await ada.write("The heron came back.")
        response = await ada.answered(written)
        (heron,) = await keep(server, written, "heron")
        page = (await ada.visit(f"/traces/{heron}")).text
        assert f'id="response-{response}"' in page
        assert "It waits for nobody." in words(page)


async def test_an_entry_that_does_not_open_keeps_its_place(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    opened = the_open(server)
    (id, *_) = opened.traces.uses(bytes.fromhex(ids["heron"]))[date(2026, 11, 20)]
    await opened.journal.transact(
        lambda tx: tx.execute("UPDATE writings SET sealed = zeroblob(400) WHERE id = ?", (id,))
    )
    page = words((await ada.visit(f"/traces/{ids['heron']}")).text)
    assert "This entry cannot be opened" in page
    assert "And stayed." in page


# The summary


async def test_a_summary_is_made_by_the_page_and_then_read(account: Registered) -> None:
    model = ScriptedModel("It comes when the water is **low**.")
    settings = journal_settings(account.path)
    async with serving(settings, model=model) as server, Visitor(server) as ada:
        await ada.enter()
        days = [TODAY_DATE - timedelta(days=n) for n in range(3)]
        ids = await bring_in(server, *(entry(day, f"A heron on {day}.", "heron") for day in days))
        path = f"/traces/{ids['heron']}/summary"
        page = (await ada.visit(f"/traces/{ids['heron']}")).text
        assert f'hx-post="{path}" hx-trigger="load"' in page
        assert f'<noscript><form method="post" action="{path}">' in page
        assert not model.asked, "a visit makes nothing"
        made = await ada.htmx("POST", path)
        assert "It comes when the water is <strong>low</strong>." in made.text
        assert "hx-trigger" not in made.text
        read = (await ada.visit(f"/traces/{ids['heron']}")).text
        assert "the water is <strong>low</strong>" in read
        assert 'hx-trigger="load"' not in read
        assert "<strong>low" in (await ada.htmx("GET", path)).text
        assert (await ada.send(path)).headers["Location"] == f"/traces/{ids['heron']}"
        assert len(model.asked) == 1

        first = the_open(server).journal.read(days[0])[0].entry.id.hex()
        revision = {"text": "No heron at all.", "revision": "1"}
        await ada.send(f"/entries/{first}", revision, "PUT")
        stale = (await ada.visit(f"/traces/{ids['heron']}")).text
        assert "the water is <strong>low</strong>" in stale, "what was said is shown meanwhile"
        assert f'hx-post="{path}" hx-trigger="load"' in stale


async def test_a_summary_that_fails_says_so_and_can_be_asked_for_again(
    account: Registered,
) -> None:
    settings = journal_settings(account.path)
    async with serving(settings, model=ScriptedModel("")) as server, Visitor(server) as ada:
        await ada.enter()
        days = [TODAY_DATE - timedelta(days=n) for n in range(3)]
        ids = await bring_in(server, *(entry(day, f"A heron on {day}.", "heron") for day in days))
        for answer in (
            await ada.htmx("POST", f"/traces/{ids['heron']}/summary"),
            await ada.send(f"/traces/{ids['heron']}/summary"),
        ):
            assert answer.status_code == 200
            assert "Try again" in words(answer.text)
            assert 'hx-trigger="load"' not in answer.text


async def test_without_a_model_the_most_telling_sentences_are_quoted(
    ada: Visitor, ids: dict[str, str]
) -> None:
    piece = await ada.htmx("POST", f"/traces/{ids['heron']}/summary")
    assert "<blockquote" in piece.text
    assert "#entry-" in piece.text


async def test_little_is_not_summed_up_nor_anything_when_nobody_may(
    ada: Visitor, ids: dict[str, str]
) -> None:
    assert "trace-summary" not in (await ada.visit(f"/traces/{ids['letters']}")).text
    assert "trace-summary" in (await ada.visit(f"/traces/{ids['heron']}")).text
    await ada.send("/settings/companion", {})
    assert "trace-summary" not in (await ada.visit(f"/traces/{ids['heron']}")).text
    assert (await ada.htmx("POST", f"/traces/{ids['heron']}/summary")).status_code == 404


# Renaming


async def test_a_trace_is_renamed(ada: Visitor, ids: dict[str, str]) -> None:
    path = f"/traces/{ids['heron']}"
    form = await ada.visit(f"{path}/edit")
    assert fields(form.text)["name"] == "heron"
    done = await ada.send(path, {"name": "Grey Heron"}, "PUT")
    assert (done.status_code, done.headers["Location"]) == (303, path)
    assert NAME.findall((await ada.visit(path)).text) == ["grey-heron"]
    assert "grey-heron" in listed((await ada.visit("/traces")).text)
    done = await ada.htmx("PUT", path, {"name": "heron"})
    assert (done.status_code, done.headers["HX-Redirect"]) == (200, path)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "needs a letter"),
        ("\u202e\u0007", "needs a letter"),
        ("a" * 65, "at most 64 characters"),
        ("🎹🎹", "one emoji"),
    ],
)
async def test_a_name_that_cannot_be_is_told_beside_it(
    ada: Visitor, ids: dict[str, str], typed: str, said: str
) -> None:
    answer = await ada.send(f"/traces/{ids['heron']}", {"name": typed}, "PUT")
    assert answer.status_code == 422
    assert said in words(answer.text)
    assert fields(answer.text)["name"] == typed
    piece = await ada.htmx("PUT", f"/traces/{ids['heron']}", {"name": typed})
    assert (piece.status_code, "<html" in piece.text) == (422, False)


async def test_markup_in_a_name_is_no_markup(ada: Visitor, ids: dict[str, str]) -> None:
    await ada.send(f"/traces/{ids['heron']}", {"name": "<b>bold</b>"}, "PUT")
    assert NAME.findall((await ada.visit(f"/traces/{ids['heron']}")).text) == ["b-bold-b"]


@pytest.mark.parametrize("typed", ["letters", "Letter"])
async def test_a_name_that_is_taken_or_nearly_offers_to_merge(
    ada: Visitor, ids: dict[str, str], typed: str
) -> None:
    answer = await ada.send(f"/traces/{ids['heron']}", {"name": typed}, "PUT")
    assert answer.status_code == 409
    assert fields(answer.text)["chosen"] == ids["letters"]
    assert "Merge the two" in words(answer.text)
    assert NAME.findall((await ada.visit(f"/traces/{ids['heron']}")).text) == ["heron"]
    insists = await ada.send(f"/traces/{ids['heron']}", {"name": typed, "anyway": "1"}, "PUT")
    assert insists.status_code == (303 if typed == "Letter" else 409)


# Merging


async def test_a_merge_is_shown_before_it_is_made(ada: Visitor, ids: dict[str, str]) -> None:
    path = f"/traces/{ids['heron']}/merge"
    offered = (await ada.visit(path)).text
    assert f'name="chosen" value="{ids["letters"]}"' in offered, "its company is offered"
    preview = await ada.send(path, {"into": "Letters"})
    assert preview.status_code == 200
    assert "4 entries will carry the second for the first." in words(preview.text)
    assert "Both stand on 1 of them already." in words(preview.text)
    assert (await ada.visit(f"/traces/{ids['heron']}")).status_code == 200, "nothing moved yet"
    form = {"chosen": fields(preview.text)["chosen"], "confirmed": "1"}
    done = await ada.send(path, form)
    assert (done.status_code, done.headers["Location"]) == (303, f"/traces/{ids['letters']}")
    assert (await ada.visit(f"/traces/{ids['heron']}")).status_code == 404
    assert "5 entries" in words((await ada.visit(f"/traces/{ids['letters']}")).text)


async def test_what_a_trace_can_be_merged_into_is_completed(
    ada: Visitor, ids: dict[str, str]
) -> None:
    path = f"/traces/{ids['heron']}/merge/completions"
    found = await ada.htmx("POST", path, {"into": "res"})
    assert OFFER.findall(found.text) == [(ids["reservoir"], "reservoir")]
    assert "heron" not in (await ada.htmx("POST", path, {"into": "heron"})).text


async def test_another_spelling_is_offered_to_be_merged_into_before_all_company(
    server: Server, ada: Visitor
) -> None:
    """It was promised and never offered."""
    both = entry(date.fromisoformat(TODAY), "We walked to the weir.", "walks", "weir")
    ids = await bring_in(server, both, entry(date.fromisoformat(TODAY), "Again.", "walk"))
    form = await ada.htmx("GET", f"/traces/{ids['walks']}/merge")
    assert [name for _, name in OFFER.findall(form.text)] == ["walk", "weir"]


async def test_an_emoji_is_called_by_its_name_wherever_its_trace_is_named(
    server: Server, ada: Visitor
) -> None:
    """It was drawn as text, and without a name, in the list, the head and the offers."""
    ids = await bring_in(
        server, entry(date.fromisoformat(TODAY), "It will not fit.", "🎹", "letters")
    )
    drawn = '<span class="emoji" role="img" aria-label="musical keyboard">🎹</span>'
    page = (await ada.visit(f"/traces/{ids['🎹']}")).text
    assert re.search(rf"<li><a [^>]*><span dir=\"auto\">\s*{drawn}", page)
    assert re.search(rf"<h1[^>]*>\s*{drawn}", page)
    assert drawn in (await ada.htmx("GET", f"/traces/{ids['letters']}/merge")).text
    path = f"/traces/{ids['letters']}/merge"
    assert drawn in (await ada.htmx("POST", path, {"chosen": ids["🎹"]})).text


@pytest.mark.parametrize("into", ["", "zeppelin", "heron", "<b>", "🎹🎹"])
async def test_nothing_is_merged_into_what_is_not_there(
    ada: Visitor, ids: dict[str, str], into: str
) -> None:
    form = {"into": into, "confirmed": "1"}
    answer = await ada.send(f"/traces/{ids['heron']}/merge", form)
    assert answer.status_code == 422
    assert fields(answer.text)["into"] == into
    for chosen in (ids["heron"], "0" * 32, "no id"):
        form = {"chosen": chosen, "confirmed": "1"}
        piece = await ada.htmx("POST", f"/traces/{ids['heron']}/merge", form)
        assert piece.status_code == 422
    assert "4 entries" in words((await ada.visit(f"/traces/{ids['heron']}")).text)


# Erasing and resting


async def test_a_trace_is_erased_everywhere_and_the_entries_stay(
    ada: Visitor, ids: dict[str, str]
) -> None:
    path = f"/traces/{ids['heron']}"
    asked = words((await ada.visit(f"{path}/erasure")).text)
    assert "Take this trace off 4 entries and erase it?" in asked
    done = await ada.send(path, method="DELETE")
    assert (done.status_code, done.headers["Location"]) == (303, "/traces")
    assert "heron" not in listed((await ada.visit("/traces")).text)
    assert "The heron came back." in words(await ada.day("2026-11-20"))
    assert (await ada.send(path, method="DELETE")).status_code == 404


async def test_a_trace_rests_and_is_brought_back(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    path = f"/traces/{ids['heron']}"
    piece = await ada.htmx("PUT", f"{path}/rest")
    assert "It rests" in words(piece.text)
    assert "<html" not in piece.text
    assert the_open(server).traces.get(bytes.fromhex(ids["heron"])).resting
    assert "It rests" in words((await ada.visit(path)).text)
    done = await ada.send(f"{path}/rest", method="DELETE")
    assert (done.status_code, done.headers["Location"]) == (303, path)
    assert "It rests" not in words((await ada.visit(path)).text)


async def test_it_is_said_what_becomes_of_what_rests(ada: Visitor, ids: dict[str, str]) -> None:
    heron, merged = f"/traces/{ids['heron']}", {"chosen": ids["letters"]}
    for path, rests in ((heron, False), (f"/traces/{ids['letters']}", True)):
        if rests:
            await ada.htmx("PUT", f"{path}/rest")
        merge = words((await ada.htmx("POST", f"{heron}/merge", merged)).text)
        assert ("All of them rest then." in merge) is rests
        erase = words((await ada.htmx("GET", f"{path}/erasure")).text)
        assert ("What it let rest may be brought up again." in erase) is rests


async def test_each_form_stands_alone_for_a_script_and_on_its_page_for_a_visit(
    ada: Visitor, ids: dict[str, str]
) -> None:
    for form in ("edit", "merge", "erasure"):
        path = f"/traces/{ids['heron']}/{form}"
        piece, visited = await ada.htmx("GET", path), await ada.visit(path)
        assert 'id="trace-head"' in piece.text
        assert "<html" not in piece.text
        assert "And stayed." in words(visited.text)
        assert "Leave it" in words(visited.text)
    back = await ada.htmx("GET", f"/traces/{ids['heron']}")
    assert "<html" not in back.text
    assert NAME.findall(back.text) == ["heron"]


# Others


async def test_another_account_finds_nothing_of_it(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    async with Visitor(server) as bea:
        await bea.register("Bea", OTHER_PASSWORD)
        assert "heron" not in (await bea.visit("/traces")).text
        assert (await bea.visit(f"/traces/{ids['heron']}")).status_code == 404
        found = await bea.htmx("POST", "/traces/list", {"find": "heron"})
        assert listed(found.text) == []
        merged = await bea.send(f"/traces/{ids['heron']}/merge", {"into": "letters"})
        assert merged.status_code == 404


async def test_a_locked_journal_leads_back_to_the_trace(
    server: Server, ada: Visitor, ids: dict[str, str]
) -> None:
    async with Visitor(server) as stranger:
        asked = await stranger.visit(f"/traces/{ids['heron']}")
        assert asked.status_code == 303
        assert asked.headers["Location"].endswith(f"next=%2Ftraces%2F{ids['heron']}")
        opened = await stranger.sign_in(next=f"/traces/{ids['heron']}")
        assert opened.headers["Location"] == f"/traces/{ids['heron']}"
