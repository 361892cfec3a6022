"""The traces on an entry: kept, dropped, suggested, completed, and seen in short."""

import asyncio
import re

import pytest
from tests.support.accounts import Registered
from tests.support.clock import TurnableClock
from tests.support.server import ScriptedModel, Server, journal_settings, serving
from tests.support.traces import the_open
from tests.support.visitor import TODAY, Visitor, fields, words

PILL = re.compile(r'href="/traces/([0-9a-f]{32})" data-popover="[^"]*"[^>]*>(.*?)</a>', re.DOTALL)
DROP = re.compile(
    r'hx-delete="/entries/[0-9a-f]{32}/traces/([0-9a-f]{32})".*?data-name="([^"]*)"', re.DOTALL
)
OPTION = re.compile(r'role="option"[^>]*data-name="([^"]*)"')


@pytest.fixture
async def heron(ada: Visitor) -> str:
    """An entry of Ada's."""
    return await ada.write("The **heron** came back to the reservoir.")


async def pills(visitor: Visitor, day: str = TODAY) -> list[str]:
    """The names on the cards of a day."""
    return [words(name) for _, name in PILL.findall(await visitor.day(day))]


async def completed(visitor: Visitor, entry: str, typed: str) -> list[str]:
    answer = await visitor.htmx("POST", f"/entries/{entry}/traces/completion", {"name": typed})
    assert answer.status_code == 200
    return OPTION.findall(answer.text)


# Keeping


async def test_a_kept_trace_is_a_pill_that_leads_to_its_page(ada: Visitor, heron: str) -> None:
    sent = await ada.send(f"/entries/{heron}/traces", {"name": " Night  Walk "})
    assert (sent.status_code, sent.headers["Location"]) == (303, f"/entries/{heron}/traces")
    ((id, name),) = PILL.findall(await ada.day())
    assert words(name) == "night-walk"
    assert (await ada.visit(f"/traces/{id}")).status_code == 200


async def test_a_script_gets_the_pills_that_changed(ada: Visitor, heron: str) -> None:
    kept = await ada.htmx("POST", f"/entries/{heron}/traces", {"name": "heron"})
    assert kept.status_code == 200
    assert f'hx-target="#kept-{heron}"' in kept.text
    assert [name for _, name in DROP.findall(kept.text)] == ["heron"]
    on_card = await ada.htmx("POST", f"/entries/{heron}/traces?card=1", {"name": "reservoir"})
    assert [words(name) for _, name in PILL.findall(on_card.text)] == ["heron", "reservoir"]


async def test_the_same_twice_and_from_two_tabs_is_kept_once(ada: Visitor, heron: str) -> None:
    await asyncio.gather(
        *(ada.htmx("POST", f"/entries/{heron}/traces", {"name": "heron"}) for _ in range(8))
    )
    assert await pills(ada) == ["heron"]


async def test_keep_and_drop_in_two_tabs_end_in_one_of_the_two(ada: Visitor, heron: str) -> None:
    trace = await ada.keep(heron, "heron")
    await ada.keep(heron, "reservoir")
    address = f"/entries/{heron}/traces"
    answers = await asyncio.gather(
        *(ada.htmx("DELETE", f"{address}/{trace}") for _ in range(4)),
        *(ada.htmx("POST", address, {"name": "heron"}) for _ in range(4)),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(await pills(ada)) in (["heron", "reservoir"], ["reservoir"])


async def test_an_emoji_is_kept_by_its_shortcode_and_called_by_its_name(
    ada: Visitor, heron: str
) -> None:
    for typed in (":tada:", "🎉"):
        await ada.send(f"/entries/{heron}/traces", {"name": typed})
    page = await ada.day()
    assert [words(name) for _, name in PILL.findall(page)] == ["🎉"]
    assert 'role="img" aria-label="party popper"' in page


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "needs a letter"),
        ("   ", "needs a letter"),
        ("---", "needs a letter"),
        ("\u202e\u2066\u200b", "needs a letter"),
        ("\x07", "needs a letter"),
        ("x" * 65, "at most 64 characters, and this has 65"),
        ("x" * 100_000, "at most 64 characters"),
        ("🎉🎉", "one emoji"),
        ("party 🎉", "words or an emoji"),
    ],
)
async def test_what_can_name_no_trace_is_refused_beside_the_field(
    ada: Visitor, heron: str, typed: str, why: str
) -> None:
    address = f"/entries/{heron}/traces"
    for refused in (
        await ada.send(address, {"name": typed}),
        await ada.htmx("POST", address, {"name": typed}),
    ):
        assert refused.status_code == 422
        assert why in words(refused.text)
        assert f'id="error-{heron}"' in refused.text
    assert await pills(ada) == []


async def test_what_was_refused_stands_in_the_field_still(ada: Visitor, heron: str) -> None:
    refused = await ada.send(f"/entries/{heron}/traces", {"name": 'party "🎉" <b>'})
    assert fields(refused.text)["name"] == 'party "🎉" <b>'
    assert "The heron came back" in words(refused.text)  # on its day


async def test_signs_that_cannot_be_seen_and_markup_leave_only_words(
    ada: Visitor, heron: str
) -> None:
    for typed in ("he\u200bron", "\u202eheron\u202c", "<b>Heron</b>", "he\0ron"):
        await ada.send(f"/entries/{heron}/traces", {"name": typed, "exact": "1"})
    assert await pills(ada) == ["heron", "b-heron-b"]


async def test_one_that_carries_its_fill_says_so(ada: Visitor, heron: str) -> None:
    for n in range(50):
        await ada.htmx("POST", f"/entries/{heron}/traces", {"name": f"trace {n}", "exact": "1"})
    refused = await ada.htmx("POST", f"/entries/{heron}/traces", {"name": "one more"})
    assert refused.status_code == 422
    assert "at most 50 traces" in words(refused.text)


async def test_a_name_whose_trace_does_not_open_is_refused_beside_the_field(
    server: Server, ada: Visitor, heron: str
) -> None:
    """It was answered as an address that is not there, and a rename to it as a form sent twice."""
    reeds = await ada.keep(heron, "reeds")
    await ada.keep(await ada.write("Rain."), "rain")
    rain = bytes.fromhex(await ada.keep(heron, "rain"))
    harm = "UPDATE traces SET sealed = zeroblob(length(sealed)) WHERE id = ?"
    await the_open(server).journal.transact(lambda tx: tx.execute(harm, (rain,)))
    for answer in (
        await ada.htmx("POST", f"/entries/{heron}/traces", {"name": "rain"}),
        await ada.htmx("PUT", f"/traces/{reeds}", {"name": "rain"}),
    ):
        assert answer.status_code == 422
        assert "The trace of that name cannot be opened" in words(answer.text)


async def test_an_entry_that_is_gone_takes_no_trace(ada: Visitor, heron: str) -> None:
    trace = await ada.keep(heron, "heron")
    await ada.send(f"/entries/{heron}", method="DELETE")
    address = f"/entries/{heron}/traces"
    for answer in (
        await ada.visit(address),
        await ada.send(address, {"name": "heron"}),
        await ada.htmx("POST", address, {"name": "heron"}),
        await ada.htmx("DELETE", f"{address}/{trace}"),
        await ada.htmx("POST", f"{address}/suggestions"),
        await ada.htmx("POST", f"{address}/completion", {"name": "he"}),
        await ada.htmx("GET", f"/traces/{trace}/popover"),
    ):
        assert answer.status_code == 404
    await ada.send(f"/entries/{heron}/restoration")
    assert await pills(ada) == ["heron"]  # it comes back with the entry


async def test_a_form_without_a_name_is_a_clients_mistake(ada: Visitor, heron: str) -> None:
    for path in ("", "/completion"):
        answer = await ada.htmx("POST", f"/entries/{heron}/traces{path}", {"other": "heron"})
        assert answer.status_code == 400


# Another spelling


@pytest.mark.parametrize("typed", ["walks", "Walking", "wálk"])
async def test_another_spelling_is_offered_what_is_there_and_keeps_nothing(
    ada: Visitor, heron: str, typed: str
) -> None:
    other = await ada.write("Walked home.", "2026-11-20")
    await ada.keep(other, "walk")
    address = f"/entries/{heron}/traces"
    for asked in (
        await ada.send(address, {"name": typed}),
        await ada.htmx("POST", address, {"name": typed}),
    ):
        assert asked.status_code == 409
        assert "You have a trace for this: walk" in words(asked.text)
        assert f"Keep “{typed.lower()}” as well" in words(asked.text)
    assert await pills(ada) == []


async def test_whoever_insists_keeps_both(ada: Visitor, heron: str) -> None:
    await ada.keep(heron, "walk")
    kept = await ada.htmx("POST", f"/entries/{heron}/traces", {"name": "walks", "exact": "1"})
    assert kept.status_code == 200
    assert await pills(ada) == ["walk", "walks"]


# Dropping


async def test_a_dropped_trace_can_be_kept_again(ada: Visitor, heron: str) -> None:
    trace = await ada.keep(heron, "heron")
    dropped = await ada.htmx("DELETE", f"/entries/{heron}/traces/{trace}")
    assert "Dropped “heron”." in words(dropped.text)
    assert await pills(ada) == []
    again = fields(dropped.text)
    assert again == {"name": "heron", "exact": "1"}
    await ada.htmx("POST", f"/entries/{heron}/traces", again)
    ((id, _),) = PILL.findall(await ada.day())
    assert id == trace


async def test_without_scripts_what_was_dropped_is_named_and_can_be_kept_again(
    ada: Visitor, heron: str
) -> None:
    trace = await ada.keep(heron, "heron")
    sent = await ada.send(f"/entries/{heron}/traces/{trace}", method="DELETE")
    assert sent.status_code == 303
    assert "heron" not in sent.headers["Location"]
    page = await ada.visit(sent.headers["Location"])
    assert "Dropped “heron”. Undo" in words(page.text)
    await ada.keep(heron, "heron")
    page = await ada.visit(sent.headers["Location"])  # the same address later
    assert "Dropped" not in words(page.text)


async def test_dropping_twice_is_dropping_once(ada: Visitor, heron: str) -> None:
    trace = await ada.keep(heron, "heron")
    address = f"/entries/{heron}/traces/{trace}"
    first, second = await ada.htmx("DELETE", address), await ada.htmx("DELETE", address)
    assert first.status_code == second.status_code == 200
    assert "Dropped" in words(first.text)
    assert "Dropped" not in words(second.text)


# The picker


async def test_a_visit_to_the_picker_shows_it_in_its_day(ada: Visitor, heron: str) -> None:
    await ada.keep(heron, "reservoir")
    await ada.write("Another.")
    page = await ada.visit(f"/entries/{heron}/traces")
    assert page.status_code == 200
    assert "Another." in words(page.text)
    assert page.text.count("Something memorable…") == 1
    assert [name for _, name in DROP.findall(page.text)] == ["reservoir"]


async def test_a_script_gets_the_picker_alone_and_the_cards_foot_back(
    ada: Visitor, heron: str
) -> None:
    picker = await ada.htmx("GET", f"/entries/{heron}/traces")
    foot = await ada.htmx("GET", f"/entries/{heron}?foot=1")
    for piece in (picker, foot):
        assert piece.status_code == 200
        assert piece.text.count(f'id="foot-{heron}"') == 1
        assert "came back" not in words(piece.text)


# Suggesting


async def test_suggestions_come_from_the_traces_in_use(ada: Visitor, heron: str) -> None:
    for day in ("2026-11-18", "2026-11-19", "2026-11-20"):
        await ada.keep(await ada.write("The heron at the reservoir.", day), "heron")
    answer = await ada.htmx("POST", f"/entries/{heron}/traces/suggestions")
    assert answer.status_code == 200
    assert "Keep as a trace?" in words(answer.text)
    assert 'value="heron"' in answer.text
    assert await pills(ada) == []  # none is applied by itself


async def test_without_scripts_suggestions_are_asked_for_by_a_button(
    ada: Visitor, heron: str
) -> None:
    assert "Suggest some" in words((await ada.visit(f"/entries/{heron}/traces")).text)
    other = await ada.write("The heron at the reservoir.", "2026-11-20")
    await ada.keep(other, "heron")
    page = await ada.send(f"/entries/{heron}/traces/suggestions")
    assert page.status_code == 200
    assert 'value="heron"' in page.text
    assert "Suggest some" not in words(page.text)


@pytest.mark.parametrize(
    "said",
    [
        "I would suggest the following labels for this entry: heron and reservoir.",
        '{"traces": ["heron',
        '{"traces": [' + ", ".join(f'"name {n}"' for n in range(500)) + "]}",
        '{"traces": ["<script>alert(1)</script>", "\\u202eevil"]}',
    ],
)
async def test_whatever_a_model_says_four_names_are_the_most(
    account: Registered, said: str
) -> None:
    model = ScriptedModel(said)
    async with (
        serving(journal_settings(account.path), model=model) as server,
        Visitor(server) as ada,
    ):
        await ada.enter()
        entry = await ada.write("The heron came back to the reservoir.")
        answer = await ada.htmx("POST", f"/entries/{entry}/traces/suggestions")
        assert answer.status_code == 200
        offered = re.findall(r'name="name" value="([^"]*)"', answer.text)
        assert len(offered) <= 4
        assert "<script" not in answer.text
        assert "\u202e" not in answer.text
        assert await pills(ada) == []


async def test_without_a_companion_what_is_used_most_is_suggested(ada: Visitor, heron: str) -> None:
    await ada.send("/settings/companion", {"do": "companion"})
    for day, name in (("2026-11-18", "rain"), ("2026-11-19", "rain"), ("2026-11-20", "soup")):
        await ada.keep(await ada.write("Something else.", day), name)
    answer = await ada.htmx("POST", f"/entries/{heron}/traces/suggestions")
    assert re.findall(r'name="name" value="([^"]*)"', answer.text) == ["rain", "soup"]


# Completing


async def test_what_is_typed_is_completed_by_the_traces_in_use(ada: Visitor, heron: str) -> None:
    for day in ("2026-11-18", "2026-11-19"):
        await ada.keep(await ada.write("Rain.", day), "reservoir")
    other = await ada.write("More.", "2026-11-17")
    for name in ("rest", "the-rest", "café", "heron"):
        await ada.keep(other, name)
    assert await completed(ada, heron, "Re") == ["reservoir", "rest", "the-rest"]
    assert await completed(ada, heron, "cafe") == ["café"]
    assert await completed(ada, heron, "ron") == ["heron"]
    assert await completed(ada, heron, "on") == []  # two letters begin a word
    await ada.keep(heron, "reservoir")
    assert await completed(ada, heron, "re") == ["rest", "the-rest"]  # it has that one


async def test_emoji_are_completed_by_their_shortcodes(ada: Visitor, heron: str) -> None:
    assert "🎉" in await completed(ada, heron, ":tad")
    answer = await ada.htmx("POST", f"/entries/{heron}/traces/completion", {"name": ":tada"})
    assert ":tada: " in words(answer.text) + " "


@pytest.mark.parametrize("typed", ["", " ", ":", "::", "<b>", "\u202e", "%_", "x" * 5_000, "🎉🎉"])
async def test_what_means_nothing_completes_to_nothing(
    ada: Visitor, heron: str, typed: str
) -> None:
    await ada.keep(heron, "heron")
    assert await completed(ada, heron, typed) == []


# A trace in short


async def test_a_pills_popover_tells_how_often_when_and_how_its_latest_entries_begin(
    ada: Visitor, heron: str
) -> None:
    for day in ("2026-11-10", "2026-11-12", "2026-11-14", "2026-11-19"):
        trace = await ada.keep(
            await ada.write(f"**Rain** on {day}, " + "on and on " * 20, day), "rain"
        )
    await ada.keep(heron, "rain")
    card = await ada.htmx("GET", f"/traces/{trace}/popover?entry={heron}")
    said = words(card.text)
    assert "rain 5 entries · last used today" in said
    assert "Rain on 2026-11-19, on and on" in said
    assert "2026-11-10" not in said
    assert "heron" not in said  # the one it is looked at from is in sight
    assert all(
        len(o) <= 81 and o.endswith("…") for o in re.findall(r'"opening"[^>]*>([^<]*)<', card.text)
    )
    assert f'hx-delete="/entries/{heron}/traces/{trace}?card=1"' in card.text
    elsewhere = await ada.htmx("GET", f"/traces/{trace}/popover")
    assert "hx-delete" not in elsewhere.text
    assert "heron" in words(elsewhere.text)


async def test_without_a_model_a_popover_has_its_two_lines_made_at_once(
    ada: Visitor, heron: str
) -> None:
    """They were there only for whoever had been on the trace's page."""
    trace = await ada.keep(heron, "heron")
    path = f"/traces/{trace}/popover?entry={heron}"
    asks = f'hx-post="/traces/{trace}/summary?short=1"'
    assert asks not in (await ada.htmx("GET", path)).text  # one entry is its own summary
    for day in ("2026-11-10", "2026-11-12"):
        await ada.keep(await ada.write(f"The heron stood there on {day}.", day), "heron")
    assert asks in (await ada.htmx("GET", path)).text
    made = await ada.htmx("POST", f"/traces/{trace}/summary?short=1")
    assert made.text.count("<p") == 1
    assert "“The heron stood there on 2026-11-10.”" in words(made.text)
    again = await ada.htmx("GET", path)
    assert asks not in again.text
    assert "“The heron stood there on 2026-11-10.”" in words(again.text)


async def test_a_popover_has_no_model_write(account: Registered) -> None:
    async with (
        serving(journal_settings(account.path), model=ScriptedModel("Herons.")) as server,
        Visitor(server) as ada,
    ):
        await ada.sign_in()
        trace = ""
        for day in ("2026-11-10", "2026-11-11", "2026-11-12"):
            trace = await ada.keep(await ada.write(f"The heron on {day}.", day), "heron")
        card = await ada.htmx("GET", f"/traces/{trace}/popover")
        assert "/summary" not in card.text


async def test_what_was_dropped_meanwhile_cannot_be_dropped_from_its_popover(
    ada: Visitor, heron: str
) -> None:
    trace = await ada.keep(await ada.write("Rain.", "2026-11-19"), "rain")
    for entry in (heron, "nonsense", "0" * 32, ""):
        card = await ada.htmx("GET", f"/traces/{trace}/popover?entry={entry}")
        assert card.status_code == 200
        assert "hx-delete" not in card.text


async def test_a_visit_to_a_popover_leads_to_the_trace(ada: Visitor, heron: str) -> None:
    trace = await ada.keep(heron, "heron")
    led = await ada.visit(f"/traces/{trace}/popover")
    assert (led.status_code, led.headers["Location"]) == (303, f"/traces/{trace}")


# What others see


async def test_no_name_is_in_an_address_or_a_log(
    ada: Visitor, server: Server, heron: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    trace = await ada.keep(heron, "velvetkestrel")
    await completed(ada, heron, "velvetk")
    sent = await ada.send(f"/entries/{heron}/traces/{trace}", method="DELETE")
    await ada.htmx("POST", f"/entries/{heron}/traces", {"name": "velvetkestrel " * 9})
    page = (await ada.visit(f"/entries/{heron}/traces")).text + await ada.day()
    assert "velvetkestrel" not in caplog.text
    addresses = re.findall(r'(?:href|action|hx-\w+|data-popover)="([^"]*)"', page)
    assert not [address for address in addresses if "velvet" in address]
    assert "velvet" not in sent.headers["Location"]
    assert "velvet" not in re.findall(r"<title>.*?</title>", page, re.DOTALL)[0]


async def test_a_trace_says_nothing_once_the_journal_is_locked(
    ada: Visitor, heron: str, clock: TurnableClock
) -> None:
    trace = await ada.keep(heron, "heron")
    await ada.send("/lock")
    for method, path in (("GET", f"/traces/{trace}/popover"), ("GET", f"/entries/{heron}/traces")):
        answer = await ada.htmx(method, path)
        assert answer.status_code == 401
        assert "heron" not in answer.text
