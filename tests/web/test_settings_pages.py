"""The settings pages."""

from tests.support.visitor import Visitor, words

SECTIONS = (
    "account",
    "appearance",
    "companion",
    "keys",
    "factors",
    "sessions",
    "history",
    "silence",
    "data",
)
APPEARANCE = {"theme": "system", "hour12": "", "day_starts_at": "0"}


async def test_each_section_opens_and_names_the_others(ada: Visitor) -> None:
    for section in SECTIONS:
        page = await ada.visit(f"/settings/{section}")
        assert page.status_code == 200
        for other in SECTIONS:
            assert f'href="/settings/{other}"' in page.text


async def test_what_is_saved_is_in_force_and_shown(ada: Visitor) -> None:
    await ada.write("the heron")
    saved = await ada.send(
        "/settings/appearance",
        {"theme": "dark", "hour12": "on", "spellcheck": "on", "day_starts_at": "0"},
    )
    assert (saved.status_code, saved.headers["Location"]) == (303, "/settings/appearance?saved=1")
    page = await ada.visit(saved.headers["Location"])
    assert "Saved." in words(page.text)
    assert 'value="dark" checked' in page.text
    day = await ada.day()
    assert 'data-theme="dark"' in day
    assert 'spellcheck="true"' in day
    assert "9:30 am" in words(day)


async def test_spelling_is_not_checked_unless_asked_for(ada: Visitor) -> None:
    """Enhanced spell checking sends what is typed away."""
    assert 'spellcheck="true"' not in await ada.day()


IMPOSSIBLE = [
    ("appearance", {**APPEARANCE, "theme": "blink"}),
    ("appearance", {**APPEARANCE, "day_starts_at": "7"}),
    ("appearance", {**APPEARANCE, "day_starts_at": "-1"}),
    ("appearance", {**APPEARANCE, "day_starts_at": "noon"}),
    ("appearance", {}),
    ("account", {"do": "zone", "zone": "Mars/Olympus"}),
    ("account", {"do": "zone", "zone": "../../etc/passwd"}),
    ("account", {"do": "zone", "zone": ""}),
    ("account", {"do": "zone", "zone": "x" * 5_000}),
]


async def test_a_value_that_cannot_be_is_refused_and_changes_nothing(ada: Visitor) -> None:
    for section, form in IMPOSSIBLE:
        before = (await ada.visit(f"/settings/{section}")).text
        refused = await ada.send(f"/settings/{section}", form)
        assert refused.status_code == 422, form
        assert (await ada.visit(f"/settings/{section}")).text == before


async def test_a_form_that_asks_for_nothing_known_is_a_mistake(ada: Visitor) -> None:
    for form in ({}, {"do": "everything"}):
        for section in ("account", "keys"):
            assert (await ada.send(f"/settings/{section}", form)).status_code == 400
    for section in ("sessions", "history"):
        assert (await ada.send(f"/settings/{section}", {})).status_code == 404
    assert (await ada.send("/settings/nothing", {})).status_code == 404


async def test_the_companion_can_be_switched_off_and_then_offers_nothing(ada: Visitor) -> None:
    entry = await ada.write("the heron")
    assert f"/entries/{entry}/responses" in await ada.day()

    await ada.send("/settings/companion", {})
    assert f"/entries/{entry}/responses" not in await ada.day()
    assert (await ada.send(f"/entries/{entry}/responses", {"key": "k"})).status_code == 404

    await ada.send("/settings/companion", {"companion": "on"})
    assert f"/entries/{entry}/responses" in await ada.day()


async def test_without_a_model_the_page_says_that_echo_answers(ada: Visitor) -> None:
    assert "Echo" in words((await ada.visit("/settings/companion")).text)
