"""The headers of every answer (bar 20): each route, method and state."""

import httpx
import pytest
from tests.security.routes import METHODS, every_route
from tests.support.accounts import Registered
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import LINK, SCRIPT, VISIT, Visitor

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; manifest-src 'self'"
)
EXACT = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}
SWITCHED_OFF = ("camera", "geolocation", "microphone", "payment", "usb")
HSTS = "strict-transport-security"
CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}


def wrong(answer: httpx.Response, *, secure: bool = False, public: bool = False) -> list[str]:
    """What is wrong with the headers of an answer; `public` for a static file."""
    headers = answer.headers
    found = [f"{name}: {headers.get(name)}" for name, v in EXACT.items() if headers.get(name) != v]
    for name in EXACT:
        if len(headers.get_list(name)) > 1:
            found.append(f"{name} twice")
    policy = headers.get("permissions-policy", "")
    found += [f"{feature} allowed" for feature in SWITCHED_OFF if f"{feature}=()" not in policy]
    if not public and headers.get("cache-control") != "no-store":
        found.append(f"cache-control: {headers.get('cache-control')}")
    if (HSTS in headers) != secure:
        found.append(HSTS)
    found += [name for name in headers if name.startswith("access-control-")]
    found += [name for name in ("server", "x-powered-by", "etag") if name in headers and not public]
    if not headers.get("content-type") and answer.content:
        found.append("no content type")
    return found


async def test_every_answer_carries_them(server: Server, ada: Visitor, stranger: Visitor) -> None:
    entry = await ada.write("the heron")
    response = await ada.answered(entry)
    cookies = ada.steal()
    states = {"a visit": VISIT, "a script": SCRIPT, "elsewhere": CROSS, "a link": LINK}
    found: list[str] = []
    asked = 0
    for route in every_route(server, entry, response):
        for method in METHODS:
            for state, headers in states.items():
                for who in (ada, stranger):
                    answer = await who.http.request(
                        method, route.path, headers={**headers, "Origin": who.origin}
                    )
                    public = route.endpoint == "static" and answer.status_code < 400
                    label = f"{method} {route.path} {state} {answer.status_code}: "
                    found += [label + problem for problem in wrong(answer, public=public)]
                    if answer.status_code >= 500:
                        found.append(label + "an error")
                    asked += 1
        if route.path in ("/lock", "/logout", "/login"):
            await ada.take(cookies).enter()
            cookies = ada.steal()
    assert not found
    assert asked > 700


@pytest.mark.parametrize("path", ["/nothing", "/static/nothing", "/entries/1", "/%ff"])
async def test_errors_carry_them(ada: Visitor, path: str) -> None:
    for headers in (VISIT, SCRIPT, CROSS):
        assert not wrong(await ada.http.get(path, headers=headers))


async def test_the_gates_own_answers_carry_them(server: Server) -> None:
    for host, path, status in (
        ("evil.example", "/login", 421),
        ("127.0.0.1", "/login", 307),
        ("127.0.0.1", "/static/icons/favicon.svg", 307),
    ):
        async with Visitor(server, host=host) as visitor:
            answer = await visitor.visit(path)
            assert answer.status_code == status
            assert not wrong(answer)


async def test_answers_differ_by_who_asks_and_how_and_say_so(ada: Visitor) -> None:
    for path in ("/calendar/2026-11", "/days/2026-11-22", "/settings/account", "/login"):
        for headers in (VISIT, SCRIPT):
            vary = (await ada.http.get(path, headers=headers)).headers["vary"]
            assert {"HX-Request-Type", "Cookie"} <= {part.strip() for part in vary.split(",")}


async def test_under_tls_they_ask_for_tls_for_ever(account: Registered) -> None:
    settings = journal_settings(account.path, COOKIES__FORCE_SECURE="true")
    async with (
        serving(settings) as server,
        Visitor(server, secure=True) as ada,
        Visitor(server, host="evil.example", secure=True) as lost,
    ):
        await ada.enter()
        for path in ("/days/2026-11-22", "/nothing", "/", "/static/nothing"):
            assert not wrong(await ada.visit(path), secure=True)
        assert not wrong(await lost.visit("/"), secure=True)


async def test_a_missing_or_changed_header_is_noticed(ada: Visitor) -> None:
    """The control: the look above sees each of them."""
    answer = await ada.visit("/login")
    assert not wrong(answer)
    for name in (*EXACT, "permissions-policy", "cache-control"):
        changed = httpx.Response(200, headers=[h for h in answer.headers.items() if h[0] != name])
        assert wrong(changed), name
    for name, value in (
        ("Access-Control-Allow-Origin", "*"),
        ("Server", "uvicorn"),
        ("Content-Security-Policy", "default-src *"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Cache-Control", "private"),
    ):
        added = httpx.Response(200, headers=[*answer.headers.items(), (name, value)])
        assert wrong(added), name
