"""The language of a text is told where the text tells it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from llamora.search.language import LEAST_CHARACTERS, detect

TEXTS = {
    "en": "This morning the heron stood by the water again and did not move for an hour.",
    "de": "Heute Morgen stand der Reiher wieder am Wasser und rührte sich eine Stunde lang nicht.",
    "fr": "Ce matin le héron se tenait encore au bord de l'eau et n'a pas bougé pendant une heure.",
    "es": "Esta mañana la garza estaba otra vez junto al agua y no se movió durante una hora.",
    "it": "Questa mattina l'airone era di nuovo vicino all'acqua e non si è mosso per un'ora.",
    "nl": "Vanmorgen stond de reiger weer bij het water en hij bewoog een uur lang niet.",
    "sv": "I morse stod hägern vid vattnet igen och rörde sig inte på en timme.",
    "ru": "Сегодня утром цапля снова стояла у воды и целый час не шевелилась.",
    "ja": "今朝もまた鷺が水辺に立っていて、一時間も動かなかったので、私はずっと見ていました。",
    "zh": "今天早上那只苍鹭又站在水边，整整一个小时一动也不动，我一直看着它，然后才回家吃早饭。",
    "no": "I morges sto hegren ved vannet igjen og rørte seg ikke på en hel time, så jeg dro.",
}


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_a_text(language: str) -> None:
    assert detect(TEXTS[language], "xx") == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Guten Morgen",
        "x" * (LEAST_CHARACTERS - 1),
        "\n" * 500 + "Guten Morgen" + " " * 500,
        "🪶 " * 50,
        "…!? " * 50,
        "12:30 " * 20,
        "\ud800" * 60,
        "\x00" * 60,
        "asdf qwer yxcv jklö " * 4,
    ],
    ids=ascii,
)
def test_a_text_that_does_not_tell_is_in_the_journals_language(text: str) -> None:
    assert detect(text, "xx") == "xx"


def test_line_ends_do_not_matter() -> None:
    assert detect(TEXTS["de"].replace(" ", "\r\n\u2028"), "xx") == "de"


def test_a_long_text_is_told_by_its_beginning() -> None:
    assert detect(TEXTS["es"] * 20 + "x" * 60_000, "xx") == "es"


def test_threads_detect_alike() -> None:
    asked = list(TEXTS) * 50
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda language: detect(TEXTS[language], "xx"), asked)) == asked
