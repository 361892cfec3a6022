"""Where one may be led (bar 28): to pages of our own, and nowhere else."""

from tests.support.visitor import SCRIPT, TODAY, Visitor, fields

ELSEWHERE = [
    "http://evil.example",
    "https://evil.example/",
    "HTTPS://evil.example/days/2026-11-22",
    "//evil.example",
    "///evil.example",
    "////evil.example/days/2026-11-22",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/%09/evil.example",
    "/%2f%2fevil.example",
    "/%5cevil.example",
    "/%0d%0aLocation:%20http://evil.example",
    "/days/2026-11-22\r\nSet-Cookie: a=b",
    "/days/2026-11-22\r\nLocation: http://evil.example",
    " http://evil.example",
    "\thttp://evil.example",
    "\0http://evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:http://localhost:5000/x",
    "file:///etc/passwd",
    "evil.example",
    "localhost:5000@evil.example",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "http://localhost:5000@evil.example/",
    "http://localhost:5000.evil.example/",
    "http://localhost:5000/days/2026-11-22",
    "/days/2026-11-22/../../..//evil.example",
    "/./\\evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/days/2026-11-22?next=//evil.example",
    "/days/2026-11-22#@evil.example",
    "/;@evil.example",
    "/@evil.example",
    "/logout",
    "/lock",
    "/login",
    "/register",
    "/recover",
    "/static/css/app.css",
    "/healthz",
    "/nothing/at/all",
    "/days/2026-02-30",
    "/days/2026-11-22/entries",
    "/entries/xyz",
    "/responses/" + "0" * 32 + "/stream",
    "/entries/" + "0" * 32 + "/restoration",
    "／／evil.example",
    "/\u2028/evil.example",
    "/\u00a0/evil.example",
    "/days/２０２６-11-22",
    "/" + "a" * 5_000,
    ".",
    "",
]
OURS = [
    "/",
    f"/days/{TODAY}",
    "/days/1666-09-02",
    "/calendar/2026-11",
    "/calendar/2026",
    "/settings/appearance",
    "/entries/" + "0" * 32 + "/edit",
]


async def test_signing_in_never_leads_elsewhere(stranger: Visitor) -> None:
    for next in ELSEWHERE:
        stranger.take({})
        door = await stranger.http.get("/login", params={"next": next})
        assert door.status_code == 200
        assert fields(door.text).get("next", "") == "", next
        assert "evil" not in door.text

        wrong = await stranger.sign_in("Ada", "not it", next=next)
        assert "evil" not in wrong.text
        opened = await stranger.sign_in(next=next)
        assert (opened.status_code, opened.headers["Location"]) == (303, "/"), next
        assert len(opened.headers.get_list("set-cookie")) <= 2


async def test_signing_in_leads_to_our_own_pages(stranger: Visitor) -> None:
    """The control."""
    for next in OURS:
        stranger.take({})
        door = await stranger.http.get("/login", params={"next": next})
        assert fields(door.text)["next"] == next
        assert (await stranger.sign_in(next=next)).headers["Location"] == next


async def test_the_page_a_script_was_on_is_only_believed_when_it_is_ours(
    stranger: Visitor,
) -> None:
    for current in [*ELSEWHERE, "http://evil.example/days/2026-11-22"]:
        if set("\r\n\0") & set(current):
            continue  # no server passes such a header on
        headers = {**SCRIPT, "HX-Current-URL": current.encode()}
        answer = await stranger.http.get(f"/entries/{'0' * 32}", headers=headers)
        assert answer.status_code == 401
        led = answer.headers["HX-Redirect"]
        assert led in ("/login", "/login?next=%2Fdays%2F2026-11-22")
        assert "evil" not in led


async def test_no_page_of_ours_leads_elsewhere(ada: Visitor, stranger: Visitor) -> None:
    for path in ("//evil.example/", "/\\evil.example", "///evil.example//", "/%2f/evil.example"):
        for visitor in (ada, stranger):
            answer = await visitor.http.get(visitor.origin + path)
            location = answer.headers.get("Location", "")
            assert not location or location.startswith(("/", visitor.origin + "/"))
            assert not location.startswith(("//", "/\\"))
