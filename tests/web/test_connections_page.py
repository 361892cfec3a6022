"""The page that says what the program may connect to, and what it tried."""

import pytest
from tests.support.server import Server
from tests.support.visitor import Visitor, words

from llamora.reach import Reach
from llamora.silence import Silence, Silent


async def shown(ada: Visitor, server: Server, silence: Silence) -> str:
    server.quart.extensions["silence"] = silence
    page = await ada.visit("/settings/silence")
    assert page.status_code == 200
    return words(page.text)


def watching(**named: str) -> Silence:
    silence = Silence()
    given = {"answers": "", "search": "", "own": "", **named}
    silence.know(lambda: Reach.to(here=False, **given))
    return silence


async def test_with_no_model_it_may_connect_to_nothing_and_tried_nothing(
    ada: Visitor, server: Server
) -> None:
    page = await shown(ada, server, watching())
    assert "To nothing at all." in page
    assert "Nothing, since it was started on" in page
    assert "refused" not in page


async def test_doors_are_listed_with_what_they_are_for(ada: Visitor, server: Server) -> None:
    page = await shown(
        ada,
        server,
        watching(answers="https://models.example.org/v1", search="http://127.0.0.1:8081"),
    )
    assert "models.example.org 443 the companion’s answers" in page
    assert "127.0.0.1 8081 finding by meaning" in page


async def test_attempts_are_listed_refused_ones_first_and_marked(
    ada: Visitor, server: Server
) -> None:
    silence = watching(answers="http://192.0.2.7:8080")
    for _ in range(1_200):
        silence.ask_to_connect("192.0.2.7", 8080)
    with pytest.raises(Silent):
        silence.ask_to_connect("192.0.2.1", 443)
    with pytest.raises(Silent):
        silence.ask_to_look_up("<script>heron</script>")
    page = await shown(ada, server, silence)
    assert "<script>heron" not in (await ada.visit("/settings/silence")).text
    assert page.index("192.0.2.1:443 once") < page.index("192.0.2.7:8080 1,200 times")
    assert page.count(" refused ") == 2
    assert page.count(" let through ") == 1
    assert "Please report it." in page


async def test_several_processes_say_that_each_has_a_list_of_its_own(
    ada: Visitor, server: Server
) -> None:
    silence = watching()
    silence.one_of = 3
    assert "3 processes answer here" in await shown(ada, server, silence)


async def test_a_server_that_nobody_watches_says_so(ada: Visitor, server: Server) -> None:
    page = await shown(ada, server, Silence())
    assert "Nobody keeps watch" in page
    assert "Nothing, since" not in page


async def test_there_is_nothing_to_change(ada: Visitor) -> None:
    assert (await ada.send("/settings/silence", {})).status_code == 404
