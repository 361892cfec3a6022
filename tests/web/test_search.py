"""Search over HTTP: the page, its pieces, what is remembered."""

import asyncio
import logging
import re

import pytest
from tests.support.accounts import OTHER_PASSWORD, Registered
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor, fields, words

RESULT = re.compile(
    r'class="result[^"]*" href="/days/(\d{4}-\d\d-\d\d)\?passage=([0-9a-f]{32})\.(\d+)-(\d+)'
    r'#(entry|response)-([0-9a-f]{32})"'
)


async def ask(visitor: Visitor, query: str, **more: str) -> str:
    """The page of results."""
    answer = await visitor.search(query, **more)
    assert answer.status_code == 200, answer.status_code
    return answer.text


def found(html: str) -> list[str]:
    """The days of the results."""
    return [day for day, *_ in RESULT.findall(html)]


def typed(html: str) -> str:
    """What stands in the page's field."""
    return fields(html)["query"]


async def read_in(visitor: Visitor, writings: int) -> None:
    """Waits until so many writings are in the index; it follows, the journal waits for nothing."""
    for _ in range(200):
        everything = await visitor.htmx("POST", "/search", {"query": "after:1000"})
        if f"{writings} results" in words(everything.text):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("they were not read in")


@pytest.fixture
async def years(ada: Visitor) -> Visitor:
    """Ada, with a garden in several years."""
    for day in ("2019-05-17", "2019-08-01", "2021-03-09", "2024-06-02", TODAY):
        await ada.write(f"The garden as it was on the day {day}, with beans.", day)
    await ada.write("A letter from the north, and no more than that.", "2020-01-01")
    await read_in(ada, 6)
    return ada


# Finding


async def test_the_page_shows_a_field_and_how_to_ask(ada: Visitor) -> None:
    page = await ada.visit("/search")
    assert page.status_code == 200
    assert 'role="search"' in page.text
    assert "on:2019-05" in words(page.text)


async def test_a_result_says_when_and_why_and_leads_to_its_passage(years: Visitor) -> None:
    html = await ask(years, "a letter from the north")
    (first, *_) = RESULT.findall(html)
    day, id, start, end, kind, anchor = first
    assert (day, kind, id, start) == ("2020-01-01", "entry", anchor, "0")
    assert int(end) == len("A letter from the north, and no more than that.")
    assert "6 years ago Wednesday, 1 January 2020" in words(html)
    assert "<mark>letter</mark>" in html
    assert (await years.visit(f"/days/{day}?passage={id}.{start}-{end}")).status_code == 200


async def test_a_new_entry_is_found_and_its_text_is_only_text(ada: Visitor) -> None:
    await ada.write("The heron said <b>no</b> & <script>alert(1)</script> left.")
    await ada.write("Another.")
    await read_in(ada, 2)
    html = await ask(ada, "heron")
    assert "&lt;script&gt;" in html
    assert "<b>no" not in html


async def test_a_response_is_told_from_the_diarists_words(account: Registered) -> None:
    model = ScriptedModel("The heron waits for nobody.")
    async with (
        serving(journal_settings(account.path), model=model) as server,
        Visitor(server) as ada,
    ):
        await ada.enter()
        entry = await ada.write("the heron came back to the shallow water")
        response = await ada.answered(entry)
        await read_in(ada, 2)
        html = await ask(ada, "heron by:companion")
        assert [r[1] for r in RESULT.findall(html)] == [response]
        assert [r[4:] for r in RESULT.findall(html)] == [("response", response)]
        assert 'class="who-wrote">Companion' in html
        assert [r[5] for r in RESULT.findall(await ask(ada, "heron by:me"))] == [entry]


async def test_nothing_found_is_said_kindly(years: Visitor) -> None:
    page = words(await ask(years, "zeppelin on:2019"))
    assert "Nothing found." in page
    assert "whole journal" in page


async def test_what_was_not_understood_is_told(years: Visitor) -> None:
    assert "did you mean “on:”" in words(await ask(years, "garden in:2019"))
    assert "not closed" in words(await ask(years, '"garden beans'))


# Pieces


async def test_a_script_gets_the_results_alone(years: Visitor) -> None:
    piece = await years.htmx("POST", "/search", {"query": "garden"})
    assert piece.status_code == 200
    assert len(found(piece.text)) == 5
    assert "<html" not in piece.text
    assert "HX-Request-Type" in piece.headers["Vary"]


async def test_an_empty_field_has_no_results(years: Visitor) -> None:
    assert (await years.htmx("POST", "/search", {"query": "  "})).text.strip() == ""
    assert "How to ask" in words(await ask(years, ""))


async def test_more_results_come_ten_at_a_time_each_once(ada: Visitor) -> None:
    for n in range(45):
        await ada.write(f"beans, bed number {n}", f"2025-{n // 28 + 1:02d}-{n % 28 + 1:02d}")
    await read_in(ada, 45)
    html = await ask(ada, "beans")
    first = found(html)
    form = {"query": "beans", "offset": fields(html)["offset"]}
    second = await ada.htmx("POST", "/search", form)
    assert "<section" not in second.text
    last = await ada.htmx("POST", "/search", {**form, "offset": "40"})
    plain = await ask(ada, "beans", offset="40")
    assert "From result 41 on" in words(plain)
    assert found(plain) == found(last.text)
    assert [len(first), len(found(second.text)), len(found(last.text))] == [10, 10, 5]
    assert len({*first, *found(second.text), *found(last.text)}) == 25
    assert "More results" in words(second.text)
    assert "More results" not in words(last.text)
    assert found((await ada.htmx("POST", "/search", {**form, "offset": "99999"})).text) == []


async def test_the_last_word_is_completed_from_what_was_written(years: Visitor) -> None:
    await ask(years, "garden")
    offered = await years.htmx("POST", "/search/completions", {"query": "the gar"})
    assert 'data-query="the garden "' in offered.text
    none = await years.htmx("POST", "/search/completions", {"query": "zzz"})
    assert none.text.strip() == ""


# Narrowing


async def test_each_year_has_a_bar_that_narrows_to_it(years: Visitor) -> None:
    html = await ask(years, "garden")
    bars = dict(re.findall(r'name="year" value="(\d+)" title="\d+: ([^"]+)"', html))
    assert list(bars) == [str(year) for year in range(2019, 2027)]
    assert (bars["2019"], bars["2020"], bars["2021"]) == ("2 results", "nothing", "1 result")
    narrowed = await ask(years, "garden", year="2019")
    assert typed(narrowed) == "garden on:2019"
    assert sorted(found(narrowed)) == ["2019-05-17", "2019-08-01"]


async def test_from_and_to_rewrite_the_query(years: Visitor) -> None:
    html = await ask(years, "garden last summer", since="2020-01-01", until="2024-12-31")
    assert typed(html) == "garden after:2019 before:2025"
    assert sorted(found(html)) == ["2021-03-09", "2024-06-02"]
    assert 'name="since" value="2020-01-01"' in html
    wider = await ask(years, typed(html), since="", until="")
    assert typed(wider) == "garden"


async def test_dates_that_stand_as_they_are_leave_the_query_alone(years: Visitor) -> None:
    said = "garden in may 2019"
    html = await ask(years, said, since="2019-05-01", until="2019-05-31", by="anyone")
    assert typed(html) == said


async def test_who_wrote_narrows(years: Visitor) -> None:
    html = await ask(years, "garden", by="me")
    assert typed(html) == "garden by:me"
    assert 'value="me" aria-pressed="true"' in html
    assert typed(await ask(years, "garden by:me", by="anyone")) == "garden"


async def test_a_date_in_words_is_a_pill_that_can_be_taken_away(years: Visitor) -> None:
    html = await ask(years, "garden in may 2019")
    assert found(html) == ["2019-05-17"]
    assert "May 2019" in words(html)
    without = re.search(r'class="without".*?name="query" value="([^"]*)"', html, re.DOTALL)
    assert without
    assert without[1] == "garden"
    assert len(found(await ask(years, without[1]))) == 5
    assert len(found(await ask(years, "garden in may 2019", dates="off"))) > 1


async def test_days_that_are_none_are_refused_beside_their_fields(years: Visitor) -> None:
    for since, until in (("yesterday", ""), ("", "2019-02-30"), ("2020-01-01", "2019-01-01")):
        refused = await years.search("garden", since=since, until=until)
        assert refused.status_code == 422
        assert 'id="dates-error"' in refused.text
        assert typed(refused.text) == "garden"


# Remembering


async def test_a_search_that_was_sent_is_offered_again_and_can_be_forgotten(years: Visitor) -> None:
    await ask(years, "garden beans")
    offered = await years.htmx("POST", "/search/completions", {"query": ""})
    assert "garden beans" in words(offered.text)
    id = await years.remembered("garden beans")
    assert f'data-forget="/search/queries/{id}"' in offered.text
    gone = await years.send(f"/search/queries/{id}", method="DELETE")
    assert (gone.status_code, gone.headers["Location"]) == (303, "/search")
    assert "garden beans" not in (await years.visit("/search")).text
    assert (await years.htmx("DELETE", f"/search/queries/{id}")).status_code == 404


async def test_the_results_of_a_remembered_search_can_be_visited(years: Visitor) -> None:
    sent = await years.send("/search", {"query": "garden beans"})
    assert sent.status_code == 303
    assert re.fullmatch(r"/search/queries/[0-9a-f]{32}", sent.headers["Location"])
    pages = [(await years.visit(sent.headers["Location"])).text for _ in range(2)]
    assert typed(pages[0]) == "garden beans"
    assert found(pages[0]) == found(pages[1])
    await years.send("/lock")
    await years.enter()
    assert typed((await years.visit(sent.headers["Location"])).text) == "garden beans"


async def test_what_is_not_remembered_has_an_address_until_the_journal_is_locked(
    years: Visitor, server: Server
) -> None:
    await years.send("/settings/account", {"do": "searches"})
    sent = await years.send("/search", {"query": "garden beans"})
    address = sent.headers["Location"]
    assert typed((await years.visit(address)).text) == "garden beans"
    async with Visitor(server) as bea:
        await bea.register("Bea", OTHER_PASSWORD)
        assert (await bea.visit(address)).status_code == 404
    await years.send("/lock")
    await server.sweep()
    await years.enter()
    assert (await years.visit(address)).status_code == 404


async def test_a_remembered_search_is_offered_while_it_is_typed(years: Visitor) -> None:
    await years.remembered("letters from the north")
    for begun, offered in (("lett", True), ("north", True), ("etters", False)):
        answer = await years.htmx("POST", "/search/completions", {"query": begun})
        assert ('data-query="letters from the north"' in answer.text) is offered, begun


async def test_results_while_typing_are_not_remembered(years: Visitor) -> None:
    await ask(years, "garden")
    for begun in ("be", "bean", "beans"):
        await years.htmx("POST", "/search", {"query": begun})
        await years.htmx("POST", "/search/completions", {"query": begun})
    assert "bean" not in (await years.visit("/search")).text


async def test_all_are_forgotten_at_once(years: Visitor) -> None:
    await years.remembered("one thing")
    await years.remembered("another thing")
    assert (await years.send("/search/queries", method="DELETE")).status_code == 303
    assert "thing" not in words((await years.visit("/search")).text)


async def test_switched_off_nothing_is_remembered_and_what_was_is_gone(years: Visitor) -> None:
    id = await years.remembered("garden beans")
    saved = await years.send("/settings/account", {"do": "searches"})
    assert saved.headers["Location"] == "/settings/account?saved=1"
    assert (
        'name="remember_searches" value="on" checked'
        not in (await years.visit("/settings/account")).text
    )
    await ask(years, "a letter")
    await years.htmx("POST", "/search/queries", {"query": "a letter"})
    page = (await years.visit("/search")).text
    assert "Searches are not remembered." in words(page)
    assert (await years.visit(f"/search/queries/{id}")).status_code == 404
    await years.send("/settings/account", {"do": "searches", "remember_searches": "on"})
    page = (await years.visit("/search")).text
    assert "letter" not in page
    assert "beans" not in page


async def test_a_search_is_remembered_once(years: Visitor) -> None:
    for spelling in ("garden beans", "Garden  Beans ", "garden beans"):
        await ask(years, spelling)
    assert (await years.visit("/search")).text.count('class="recent"') == 1


# What must not happen

BAD = [
    "",
    " ",
    "\0",
    "gar\0den",
    "x" * 600,
    "garden " * 2_000,
    '"',
    '"unclosed',
    '-"',
    "-",
    "()[]{}*+?^$|\\",
    "%' OR 1=1 --",
    "<script>alert(1)</script>",
    "the and of",
    "on:",
    "on:yesterday after:2030 before:1000",
    "by:nobody trace: -trace:x",
    "🦊🦊",
    "\u202egarden\u202c",
    "\ud83d",
    "naïve café ẞ",
    "在花园里",
    "в саду прошлым летом",
    "\n\n\tgarden\r\n",
]


async def test_nothing_that_is_typed_is_an_error(years: Visitor) -> None:
    for query in BAD:
        query = query.encode(errors="replace").decode()
        for path in ("/search", "/search/completions", "/search/queries"):
            for answer in (
                await years.send(path, {"query": query}),
                await years.htmx("POST", path, {"query": query}),
                await years.search(query),
            ):
                assert answer.status_code < 400, (path, query)
                assert "<script>alert" not in answer.text
    for body in (b"query=%ff%fe", b"query=%ed%a0%80", b"", b"query", b"query=a&query=b"):
        answer = await years.http.post(
            "/search",
            content=body,
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Sec-Fetch-Site": "same-origin",
            },
        )
        assert answer.status_code == 303, body
        assert (await years.visit(answer.headers["Location"])).status_code == 200


async def test_numbers_that_are_none_are_a_mistake(years: Visitor) -> None:
    for more in (
        {"offset": "-1"},
        {"offset": "x"},
        {"offset": "9" * 30},
        {"year": "0"},
        {"year": "12345"},
        {"year": "²"},
        {"by": "nobody"},
    ):
        answer = await years.send("/search", {"query": "garden", **more})
        assert answer.status_code == 400, more
    assert (await years.search("garden", offset="9" * 18)).status_code == 200


async def test_a_query_stands_in_no_address_title_or_log(
    years: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    html = await ask(years, "garden beans")
    heads = [
        (await years.send("/search/queries", {"query": "garden beans"})).headers,
        (await years.htmx("POST", "/search", {"query": "garden beans"})).headers,
        (await years.htmx("POST", "/search/completions", {"query": "garden beans"})).headers,
    ]
    addresses = re.findall(r'(?:href|src|action|hx-\w+|data-forget)="([^"]*)"', html)
    assert addresses
    title = re.search(r"<title>(.*?)</title>", html)
    assert title
    for text in (*addresses, title[1], str(heads), caplog.text):
        assert "garden" not in text
        assert "beans" not in text


async def test_another_account_finds_and_is_offered_nothing(years: Visitor, server: Server) -> None:
    await ask(years, "garden beans")
    async with Visitor(server) as bea:
        await bea.register("Bea", OTHER_PASSWORD)
        assert "Nothing found." in await ask(bea, "garden")
        page = (await bea.visit("/search")).text
        offered = await bea.htmx("POST", "/search/completions", {"query": "bea"})
        assert "beans" not in page + offered.text


async def test_a_locked_journal_is_not_searched(years: Visitor, stranger: Visitor) -> None:
    await ask(years, "garden")
    await years.send("/lock")
    for visitor in (years, stranger):
        for path in ("/search", "/search/completions", "/search/queries"):
            refused = await visitor.send(path, {"query": "garden"})
            assert refused.status_code == 401
            assert "beans" not in refused.text
        led = await visitor.visit("/search")
        assert led.headers["Location"] == "/login?next=%2Fsearch"
    assert (await years.sign_in(next="/search")).headers["Location"] == "/search"


async def test_a_result_names_its_traces_within_its_one_link(server: Server, ada: Visitor) -> None:
    entry = await ada.write("A heron stood in the reeds.")
    (opened,) = server.rooms.journals._open.values()  # pyright: ignore[reportPrivateUsage]
    for name in ("reservoir", "<b>", "🎹"):
        await opened.traces.keep(bytes.fromhex(entry), name)
    html = await ask(ada, "trace:reservoir")
    assert len(found(html)) == 1
    (row,) = re.findall(r'<a class="result".*?</a>', html, re.DOTALL)
    assert re.findall(r"<bdi>(.*?)</bdi>", row) == ["reservoir", "b"]
    assert '<span class="emoji" role="img" aria-label="musical keyboard">🎹</span>' in row
    assert row.count("<a ") == 1
    completions = await ada.htmx("POST", "/search/completions", {"query": "trace:res"})
    assert 'data-query="trace:reservoir "' in completions.text
