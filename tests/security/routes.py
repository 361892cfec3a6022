"""Every route of a server, from its own map, so that none can be forgotten."""

from dataclasses import dataclass

from tests.support.server import Server
from tests.support.visitor import TODAY

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
METHODS = ("GET", "HEAD", "OPTIONS", *UNSAFE)
NO_ID = "0" * 32


@dataclass(frozen=True)
class Route:
    """An address with its blanks filled in, and the methods that it takes."""

    endpoint: str
    path: str
    methods: frozenset[str]
    takes_id: bool


def every_route(
    server: Server,
    entry: str = NO_ID,
    response: str = NO_ID,
    query: str = NO_ID,
    trace: str = NO_ID,
) -> list[Route]:
    values = {
        "trace": trace,
        "day": TODAY,
        "month": "2026-11",
        "year": "2026",
        "section": "account",
        "path": "icons/favicon.svg",
    }
    address = server.quart.url_map.bind("localhost")
    routes: list[Route] = []
    for rule in server.quart.url_map.iter_rules():
        room = rule.rule.split("/")[1]
        id = {"responses": response, "search": query, "traces": trace}.get(room, entry)
        filled = {name: (values | {"id": id})[name] for name in rule.arguments}
        method = next(iter(rule.methods or ()))
        path = address.build(rule.endpoint, filled, method=method)
        routes.append(
            Route(rule.endpoint, path, frozenset(rule.methods or ()), "id" in rule.arguments)
        )
    assert len({route.endpoint for route in routes}) > 20
    return routes
