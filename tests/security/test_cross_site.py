"""Requests from elsewhere (bar 22): what another page can make a browser send."""

import itertools
from contextlib import closing

import pytest
from tests.security.routes import UNSAFE, every_route
from tests.support.accounts import PASSWORD, Registered
from tests.support.server import Server, Watch
from tests.support.traces import keep, the_open
from tests.support.visitor import SCRIPT, TODAY, Visitor

OWN = "http://localhost:5000"
SITES = (None, "none", "same-origin", "same-site", "cross-site", "", "Same-Origin", "garbage")
ORIGINS = (
    None,
    OWN,
    "null",
    "",
    "http://evil.example",
    "http://localhost:5001",
    "https://localhost:5000",
    "http://localhost",
    "http://127.0.0.1:5000",
    "http://localhost:5000.evil.example",
    "http://localhost:5000/",
    f"{OWN} http://evil.example",
)
MODES = {
    "a form": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "a frame": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    "a script": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
    "an image": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "an old browser": {},
}
HOSTILE = [
    {"Sec-Fetch-Site": "cross-site", **MODES["a form"], "Origin": "http://evil.example"},
    {"Sec-Fetch-Site": "cross-site", **MODES["a form"], "Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", **MODES["a script"], "Origin": OWN},
    {"Sec-Fetch-Site": "same-site", **MODES["a form"], "Origin": "http://localhost:5001"},
    {"Sec-Fetch-Site": "none", **MODES["a script"]},
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {},
]


@pytest.mark.parametrize("name", ["Sec-Fetch-Site", "Origin", "Sec-Fetch-Mode"])
async def test_what_a_browser_says_once_is_not_believed_twice(ada: Visitor, name: str) -> None:
    honest = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": OWN}
    twice = [*honest.items(), (name, honest[name])]
    assert (await ada.http.post("/lock", headers=twice)).status_code == 403
    assert (await ada.http.post("/lock", headers=list(honest.items()))).status_code == 303


def may(site: str | None, origin: str | None, mode: str) -> bool:
    """The rule in other words: our own pages; a person at the address bar; an old browser that
    says it comes from us."""
    if site is None:
        return origin == OWN
    return site == "same-origin" or (site == "none" and mode == "a form")


def said(site: str | None, origin: str | None, mode: str) -> dict[str, str]:
    headers = dict(MODES[mode]) if site is not None else {}
    if site is not None:
        headers["Sec-Fetch-Site"] = site
    if origin is not None:
        headers["Origin"] = origin
    return headers


async def test_each_site_and_origin_is_let_in_or_refused_by_the_rule(stranger: Visitor) -> None:
    let_in = 0
    for site, origin, mode in itertools.product(SITES, ORIGINS, MODES):
        answer = await stranger.http.post("/lock", headers=said(site, origin, mode))
        expected = may(site, origin, mode)
        assert (answer.status_code != 403) is expected, (site, origin, mode)
        let_in += expected
    assert 0 < let_in < len(SITES) * len(ORIGINS) * len(MODES) / 2


async def test_no_unsafe_route_acts_for_another_site(
    account: Registered, server: Server, ada: Visitor
) -> None:
    entry = await ada.write("the heron stood in the shallow water", "2026-11-20")
    entry = await ada.write("the heron came back to the shallow water")
    response = await ada.answered(entry)
    (trace,) = await keep(server, entry, "heron")
    # The index is written in the background; what is looked for here is whether anyone else writes.
    await (await the_open(server).search()).close()
    form = {
        "text": "x",
        "key": "k",
        "revision": "1",
        "day": "2026-11-20",
        "do": "code",
        "name": "Ada",
        "password": PASSWORD,
    }
    tried = 0
    with closing(Watch(account.path)) as watch:
        for route in every_route(server, entry, response, trace=trace):
            for method in route.methods.intersection(UNSAFE):
                for headers in HOSTILE:
                    answers = [
                        await ada.http.request(method, route.path, data=form, headers=headers)
                    ]
                    if method != "POST":
                        path = f"{route.path}?_method={method}"
                        answers.append(await ada.http.post(path, data=form, headers=headers))
                    for answer in answers:
                        assert answer.status_code == 403, (method, route.path, headers)
                        assert "set-cookie" not in answer.headers
                        assert "clear-site-data" not in answer.headers
                        assert "x</textarea>" not in answer.text
                        tried += 1
                assert not watch.wrote(), (method, route.path)
        assert tried > 150
        # The control: the same from our own page does act.
        own = {"Sec-Fetch-Site": "same-origin", **MODES["a form"]}
        assert (await ada.http.delete(f"/entries/{entry}", headers=own)).status_code == 303
        assert watch.wrote()


async def test_pieces_and_streams_are_not_read_from_elsewhere(ada: Visitor) -> None:
    entry = await ada.write("the heron")
    response = await ada.answered(entry)
    paths = (
        f"/days/{TODAY}",
        f"/entries/{entry}",
        f"/entries/{entry}/edit",
        "/calendar/2026-11",
        f"/responses/{response}",
        f"/responses/{response}/stream",
        "/settings/account",
        "/recovery-code",
        "/static/icons/favicon.svg",
    )
    for path in paths:
        for site in ("cross-site", "same-site", "", "garbage"):
            for mode in ("a frame", "a script", "an image", "an old browser"):
                for method in ("GET", "HEAD"):
                    headers = {**MODES[mode], "Sec-Fetch-Site": site}
                    answer = await ada.http.request(method, path, headers=headers)
                    assert answer.status_code == 403, (path, site, mode)
                    assert "heron" not in answer.text


async def test_a_link_from_elsewhere_opens_the_page(ada: Visitor) -> None:
    """The control: following a link to one's own journal is a visit like any other."""
    for site in ("cross-site", "same-site", "same-origin", "none"):
        headers = {**MODES["a form"], "Sec-Fetch-Site": site}
        assert (await ada.http.get(f"/days/{TODAY}", headers=headers)).status_code == 200
    assert (await ada.http.get(f"/days/{TODAY}", headers=SCRIPT)).status_code == 200
    assert (await ada.http.get(f"/days/{TODAY}")).status_code == 200, "an old browser"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND", "TRACE"])
async def test_a_method_in_the_address_of_a_visit_is_only_words(ada: Visitor, method: str) -> None:
    entry = await ada.write("the heron")
    for headers in ({}, {**MODES["a form"], "Sec-Fetch-Site": "cross-site"}):
        await ada.http.get(f"/entries/{entry}?_method={method}", headers=headers)
        await ada.http.head(f"/entries/{entry}?_method={method}", headers=headers)
    assert "the heron" in await ada.day()


async def test_headers_that_claim_another_method_are_only_words(ada: Visitor) -> None:
    entry = await ada.write("the heron")
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        await ada.visit(f"/entries/{entry}", **{name: "DELETE"})
    assert "the heron" in await ada.day()
