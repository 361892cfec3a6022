"""The cookies themselves: names, flags, and when they change."""

from http.cookies import Morsel, SimpleCookie

import httpx
from tests.support.accounts import NAME, PASSWORD, Registered
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import TODAY, Visitor


def cookies(answer: httpx.Response) -> dict[str, Morsel[str]]:
    found: dict[str, Morsel[str]] = {}
    for line in answer.headers.get_list("set-cookie"):
        parsed: SimpleCookie = SimpleCookie(line)
        found.update(parsed.items())
    return found


def loose(cookie: Morsel[str], *, secure: bool) -> list[str]:
    """Which of its flags are not as they should be."""
    expected = {
        "httponly": True,
        "samesite": "Lax",
        "path": "/",
        "domain": "",
        "secure": True if secure else "",
    }
    return [name for name, value in expected.items() if cookie[name] != value]


async def test_on_plain_loopback_the_port_is_in_the_name(stranger: Visitor) -> None:
    """Cookies know no ports, and other local programs have some too."""
    opened = cookies(await stranger.sign_in())
    session = opened["llamora_5000"]
    assert not loose(session, secure=False)
    assert session["max-age"] == session["expires"] == "", "it goes with the browser"
    assert len(session.value) >= 43, "256 bits"


async def test_under_tls_the_name_forbids_everyone_else_to_set_it(account: Registered) -> None:
    settings = journal_settings(account.path, COOKIES__FORCE_SECURE="true")
    async with serving(settings) as server, Visitor(server, secure=True) as ada:
        opened = cookies(await ada.sign_in())
        assert not loose(opened["__Host-llamora"], secure=True)
        assert (await ada.visit(f"/days/{TODAY}")).status_code == 200
        left = cookies(await ada.send("/lock"))
        assert not loose(left["__Host-llamora-who"], secure=True)
        assert not loose(left["__Host-llamora"], secure=True), "or it would not be dropped"


async def test_a_flag_that_is_missing_is_noticed() -> None:
    """The control of the looks above."""
    good = "llamora_5000=x; Secure; HttpOnly; Path=/; SameSite=Lax"
    answer = httpx.Response(200, headers=[("Set-Cookie", good)])
    assert not loose(cookies(answer)["llamora_5000"], secure=True)
    for part in (" Secure;", " HttpOnly;", " Path=/;", " SameSite=Lax"):
        answer = httpx.Response(200, headers=[("Set-Cookie", good.replace(part, ""))])
        assert loose(cookies(answer)["llamora_5000"], secure=True), part


async def test_the_session_is_another_one_after_each_sign_in(
    server: Server, stranger: Visitor
) -> None:
    seen: list[str] = []
    for _ in range(3):
        await stranger.enter()
        seen.append(stranger.steal()["llamora_5000"])
    assert len(set(seen)) == 3


async def test_a_cookie_planted_before_does_not_survive_the_sign_in(
    server: Server, ada: Visitor, stranger: Visitor
) -> None:
    """Session fixation: somebody else's own session, and one that was made up."""
    for planted in (ada.steal()["llamora_5000"], "A" * 43):
        stranger.take({"llamora_5000": planted})
        await stranger.sign_in(NAME, PASSWORD)
        assert stranger.steal()["llamora_5000"] != planted


async def test_only_signing_in_and_out_sets_cookies(ada: Visitor, stranger: Visitor) -> None:
    await ada.write("the heron")
    for path in ("/", f"/days/{TODAY}", "/login", "/settings/account", "/nothing"):
        for visitor in (ada, stranger):
            assert "set-cookie" not in (await visitor.visit(path)).headers
    assert "set-cookie" not in (await stranger.sign_in(NAME, "wrong")).headers
