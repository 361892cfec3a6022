"""Days by address, and the calendar."""

import re

from tests.support.clock import TurnableClock
from tests.support.visitor import TODAY, Visitor, fields, words

NO_ADDRESSES = [
    "/days/0999-12-31",
    "/days/0000-00-00",
    "/days/10000-01-01",
    "/days/2026-02-30",
    "/days/2025-02-29",
    "/days/2026-13-01",
    "/days/2026-1-1",
    "/days/20261122",
    "/days/2026-W47-7",
    "/days/+026-11-22",
    "/days/２０２６-11-22",
    "/days/today",
    "/days/",
    "/calendar/2026-00",
    "/calendar/2026-13",
    "/calendar/0999-12",
    "/calendar/0999",
    "/calendar/10000",
    "/calendar/26",
    "/calendar/",
    "/entries/" + "0" * 31,
    "/entries/" + "0" * 33,
    "/entries/" + "A" * 32,
    "/entries/" + "g" * 32,
    "/entries/" + "0" * 32,
    "/entries/" + "0" * 32 + "/edit",
    "/entries/1",
    "/responses/" + "0" * 32,
    "/responses/" + "0" * 32 + "/stream",
    "/settings/nothing",
    "/settings/account/more",
    "/static/",
    "/static/nothing.css",
    "/static/../app.py",
    "/static/%2e%2e/%2e%2e/pyproject.toml",
    "/static/..%2f..%2fpyproject.toml",
    "/static/js",
    "/static/%00",
    "/nothing",
    "/%ff%fe",
    "/" + "a" * 9_000,
]


async def test_an_address_that_is_none_is_a_page_that_says_so(ada: Visitor) -> None:
    for path in NO_ADDRESSES:
        missing = await ada.visit(path)
        assert missing.status_code == 404, path
        assert "There is nothing here" in words(missing.text)


async def test_the_first_and_the_last_day_and_month_have_pages(ada: Visitor) -> None:
    for path in (
        "/days/1000-01-01",
        "/days/9999-12-31",
        "/days/2024-02-29",
        "/calendar/1000-01",
        "/calendar/9999-12",
        "/calendar/1000",
        "/calendar/9999",
    ):
        assert (await ada.visit(path)).status_code == 200, path
    await ada.write("the first of all days", "1000-01-01")
    assert "the first of all days" in words(await ada.day("1000-01-01"))


async def test_a_day_leads_to_its_neighbours_and_to_the_written_ones(ada: Visitor) -> None:
    for day in ("1066-10-14", "2026-11-19"):
        await ada.write("something", day)

    page = await ada.day("2026-11-21")
    assert hrefs(page) >= {"/days/2026-11-20", "/days/2026-11-22", "/days/2026-11-19"}
    page = await ada.day("2026-11-18")
    assert hrefs(page) >= {"/days/1066-10-14", "/days/2026-11-19"}
    assert "/days/2026-11-23" not in hrefs(await ada.day(TODAY)), "the future is no link"
    assert "/days/0999-12-31" not in hrefs(await ada.day("1000-01-01"))


async def test_the_calendar_marks_the_written_days(ada: Visitor) -> None:
    await ada.write("something", "2026-11-19")
    id = await ada.write("something else", "2026-11-20")
    assert marked(await calendar(ada, "2026-11")) == {"2026-11-19", "2026-11-20"}

    await ada.send(f"/entries/{id}", method="DELETE")
    assert marked(await calendar(ada, "2026-11")) == {"2026-11-19"}
    await ada.send(f"/entries/{id}/restoration")
    assert marked(await calendar(ada, "2026-11")) == {"2026-11-19", "2026-11-20"}
    year = words(await calendar(ada, "2026"))
    assert "November , days written: 2" in year


async def test_the_calendar_steps_by_month_and_year_and_knows_today(ada: Visitor) -> None:
    month = await calendar(ada, "2026-10")
    assert hrefs(month) >= {"/calendar/2026-09", "/calendar/2026-11", "/calendar/2026", "/"}
    assert 'aria-current="date"' in await calendar(ada, "2026-11")
    assert "/days/2026-11-23" not in hrefs(await calendar(ada, "2026-11"))
    assert hrefs(await calendar(ada, "2020")) >= {"/calendar/2019", "/calendar/2021"}
    assert hrefs(await calendar(ada, "2026-12")) & {"/calendar/2027-01"} == set()


async def test_a_day_may_begin_at_four(ada: Visitor, clock: TurnableClock) -> None:
    form = {"theme": "system", "hour12": "", "day_starts_at": "4"}
    assert (await ada.send("/settings/appearance", form)).status_code == 303
    clock.set(2026, 11, 23, 3, 59)
    await ada.enter()
    assert (await ada.visit("/")).headers["Location"] == f"/days/{TODAY}"
    clock.advance(minutes=1)
    assert (await ada.visit("/")).headers["Location"] == "/days/2026-11-23"


async def test_what_is_written_stays_on_its_day_when_the_zone_changes(
    ada: Visitor, clock: TurnableClock
) -> None:
    await ada.write("in London")
    assert (
        await ada.send("/settings/account", {"do": "zone", "zone": "Pacific/Auckland"})
    ).status_code == 303
    clock.advance(hours=0.75)

    assert (await ada.visit("/")).headers["Location"] == f"/days/{TODAY}"
    clock.advance(hours=0.75)
    assert (await ada.visit("/")).headers["Location"] == "/days/2026-11-23", "11:00 UTC"
    assert "in London" in words(await ada.day(TODAY))
    assert "09:30" in words(await ada.day(TODAY))


async def test_the_first_visit_is_explained_until_something_is_written(ada: Visitor) -> None:
    assert "yours alone" in words(await ada.day())
    await ada.write("something")
    assert "yours alone" not in words(await ada.day())
    assert fields(await ada.day())["text"] == ""


def hrefs(html: str) -> set[str]:
    return set(re.findall(r'href="([^"#]*)', html))


def marked(html: str) -> set[str]:
    return set(re.findall(r'href="/days/([\d-]+)" data-written', html))


async def calendar(visitor: Visitor, value: str) -> str:
    page = await visitor.visit(f"/calendar/{value}")
    piece = await visitor.htmx("GET", f"/calendar/{value}")
    assert page.status_code == piece.status_code == 200
    assert piece.text.strip() in page.text, "the popover is the page's calendar"
    return piece.text
