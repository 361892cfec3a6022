"""A GET never writes."""

import asyncio
from contextlib import closing

from tests.support.accounts import PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, Watch
from tests.support.visitor import TODAY, Visitor


async def test_no_visit_fragment_or_stream_writes(
    account: Registered, server: Server, ada: Visitor, stranger: Visitor, clock: TurnableClock
) -> None:
    old = await ada.write("the heron stood in the shallow water", "2026-11-20")
    entry = await ada.write("the heron came back to the shallow water")
    response = await ada.answered(entry)
    erased = await ada.write("soon gone")
    query = await ada.remembered("the heron")
    await ada.htmx("PUT", f"/entries/{entry}/draft", {"text": "the her", "revision": "1"})
    await ada.draft("half a thought")
    await ada.send(f"/entries/{erased}", method="DELETE")
    await ada.send("/settings/keys", {"do": "code", "password": PASSWORD})
    # What is written is taken into the index, all of it before anything is visited.
    await ada.search("heron")
    with closing(Watch(account.path)) as watch:
        for _ in range(20):
            await asyncio.sleep(1)
            if not watch.wrote():
                break
    values = {
        "day": TODAY,
        "month": "2026-11",
        "year": "2026",
        "id": entry,
        "section": "account",
        "path": "css/app.css",
    }
    paths = {
        rule.rule: server.quart.url_map.bind("localhost").build(
            rule.endpoint, {name: values[name] for name in rule.arguments}
        )
        for rule in server.quart.url_map.iter_rules()
        if "GET" in (rule.methods or ())
    }
    more = [
        f"/responses/{response}",
        f"/responses/{response}/stream",
        f"/entries/{old}/edit?fresh=1",
        f"/entries/{erased}",
        "/days/2026-11-20",
        "/days/2026-11-23",
        f"/search/queries/{query}",
        "/settings/companion",
        "/settings/appearance?saved=1",
        "/login?next=/days/2026-11-20",
        "/nothing",
        f"/entries/{entry}?_method=DELETE",
    ]
    assert len(paths) > 15

    with closing(Watch(account.path)) as watch:
        for path in [*paths.values(), *more]:
            for visitor in (ada, stranger):
                for answer in (
                    await visitor.visit(path),
                    await visitor.htmx("GET", path),
                    await visitor.http.head(path),
                    await visitor.http.options(path),
                ):
                    assert answer.status_code < 500, path
                assert not watch.wrote(), path
        # The control: a write is seen.
        await ada.draft("half a thought more")
        assert watch.wrote()
