"""An emoji that fits a text, and none where none does."""

import emoji
import pytest
from tests.support.indexes import shelf_of

from llamora.search.labels import telling
from llamora.search.pictures import _emoji, picture
from llamora.search.wordllama import Basis, WordLlama
from llamora.traces.names import canonical


def of(text: str) -> str | None:
    return picture(telling(text, shelf_of(text), WordLlama(Basis()).query(text)))


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("Couldn't sleep. Lay awake thinking about it.", "😴"),
        ("Baked two loaves of bread with the new oven.", "🍞"),
        ("The plumber came at last and the boiler works.", "🔧"),
        ("Played chess with Tom in the park.", "♟️"),
    ],
)
def test_an_entry_gets_the_emoji_of_what_it_is_about(text: str, fits: str) -> None:
    assert of(text) == fits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I do not know what to make of it all.",
        "We discussed the quarterly strategy and agreed on the next steps.",
        "Heute war ich mit meiner Schwester im Garten und habe Tomaten gepflanzt.",
    ],
)
def test_where_nothing_fits_nothing_is_offered(text: str) -> None:
    assert of(text) is None


def test_a_name_is_not_pictured() -> None:
    assert of("Had a long talk about nothing in particular with Rose and Robin.") not in (
        "🌹",
        "🐦",
    )


def test_every_one_is_an_emoji() -> None:
    assert len(set(_emoji().values())) > 150
    for character in _emoji().values():
        assert character in emoji.EMOJI_DATA, character
        assert canonical(character) == character
