"""Another account (bar 23): Bea's session with Ada's ids finds nothing, in the same bytes."""

import httpx
from tests.security.routes import NO_ID, UNSAFE, every_route
from tests.support.server import Server
from tests.support.visitor import TODAY, VISIT, Visitor, words

FORM = {
    "name": "heron",
    "text": "Bea was here",
    "key": "a key of Bea's",
    "revision": "1",
    "day": "2026-11-20",
    "time": "07:42",
    "confirmed": "1",
}


async def test_anothers_ids_are_missing_ids_to_the_byte(
    server: Server, ada: Visitor, bea: Visitor
) -> None:
    entry = await ada.write("the heron came back")
    await ada.htmx("PUT", f"/entries/{entry}/draft", {"text": "the her", "revision": "1"})
    echoed = await ada.write("the heron came back to the water", "2026-11-20")
    response = await ada.answered(entry)
    erased = await ada.write("soon gone")
    await ada.send(f"/entries/{erased}", method="DELETE")
    query = await ada.remembered("where the heron stood")
    trace = await ada.keep(entry, "reservoir")

    compared = 0
    missing = every_route(server, NO_ID, NO_ID)
    for theirs in (
        every_route(server, entry, response, query, trace),
        every_route(server, erased, echoed),
        every_route(server, response, entry),
    ):
        for route, nothing in zip(theirs, missing, strict=True):
            if not route.takes_id:
                continue
            for method in sorted(route.methods):
                for send in (plain, script):
                    answer = await send(bea, method, route.path)
                    control = await send(bea, method, nothing.path)
                    label = (method, route.path)
                    assert answer.status_code == control.status_code, label
                    assert answer.content == control.content, label
                    assert list(answer.headers.raw) == list(control.headers.raw), label
                    if method != "OPTIONS":
                        expected = 410 if route.endpoint == "entries.undo" else 404
                        assert answer.status_code == expected, label
                    compared += 1
    assert compared > 80

    page = words(await ada.day())
    assert "the heron came back" in page
    assert "Bea" not in page
    assert (await ada.visit(f"/responses/{response}")).status_code != 404
    assert (await ada.visit(f"/search/queries/{query}")).status_code == 200
    assert "reservoir" in page
    assert "reservoir" in words((await ada.visit(f"/traces/{trace}")).text)
    assert (await ada.send(f"/entries/{erased}/restoration")).status_code == 303


async def test_the_owner_is_answered(server: Server, ada: Visitor) -> None:
    """The control: the same requests find something when they are Ada's."""
    entry = await ada.write("the heron came back")
    await ada.write("the heron came back to the water", "2026-11-20")
    response = await ada.answered(entry)
    query = await ada.remembered("where the heron stood")
    trace = await ada.keep(entry, "reservoir")
    for route in every_route(server, entry, response, query, trace):
        if route.takes_id and "GET" in route.methods:
            assert (await plain(ada, "GET", route.path)).status_code in (200, 303), route.path


async def test_a_page_of_hers_holds_nothing_of_anothers(ada: Visitor, bea: Visitor) -> None:
    await ada.write("the heron came back")
    await ada.draft("half a thought")
    await ada.remembered("the heron")
    assert "heron" not in (await bea.visit("/search")).text
    assert "heron" not in (await bea.visit("/traces")).text
    found = await bea.search("heron")
    assert "Nothing found." in found.text
    assert "came back" not in found.text
    assert "heron" not in await bea.day()
    assert "half a thought" not in await bea.day()
    assert "data-written" not in (await bea.visit("/calendar/2026-11")).text


async def test_the_same_key_in_two_accounts_is_two_forms(ada: Visitor, bea: Visitor) -> None:
    form = {"text": "the heron", "key": "one key"}
    one = await ada.send(f"/days/{TODAY}/entries", form)
    other = await bea.send(f"/days/{TODAY}/entries", form)
    assert one.headers["Location"] != other.headers["Location"]


async def plain(visitor: Visitor, method: str, path: str) -> httpx.Response:
    headers = dict(VISIT)
    if method in UNSAFE:
        headers |= {"Sec-Fetch-Site": "same-origin", "Origin": visitor.origin}
    form = FORM if method in UNSAFE else None
    return await visitor.http.request(method, path, data=form, headers=headers)


async def script(visitor: Visitor, method: str, path: str) -> httpx.Response:
    return await visitor.htmx(method, path, FORM if method in UNSAFE else None)
