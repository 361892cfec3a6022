"""What is typed is completed from what the diarist still writes."""

import pytest
from tests.support.indexes import entry, indexed, shelf_of

from llamora.search.completing import complete
from llamora.search.index import Layer, Shelf
from llamora.search.part import Part

SHELF = shelf_of(
    "The heron and the herons, heronry. Heronries by the hill.",
    "A café, a cafeteria, and the École. Heron! L'été.",
    "a\u0301rbol arbusto",
)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("her", ["heron", "heronries", "heronry", "herons"]),
        ("HER", ["heron", "heronries", "heronry", "herons"]),
        ("ice HeroN", ["ice heronries", "ice heronry", "ice herons"]),
        ("the hil", ["the hill"]),
        ("caf", ["cafeteria", "café"]),
        ("Cafe", ["cafeteria", "café"]),
        ("café", []),
        ("éco", ["école"]),
        ("eco", ["école"]),
        ("arb", ["arbusto", "árbol"]),
        ("l’et", ["l'été"]),
        ("h", []),
        ("", []),
        ("her ", []),
        ("her.", []),
        ("xyz", []),
        ("-her", []),
        ("by:her", []),
        ('"the her', []),
        ('"the" her', ['"the" heron', '"the" heronries', '"the" heronry', '"the" herons']),
        ("東京", []),
        ("\ud800", []),
        ("x" * 60_000, []),
    ],
    ids=lambda given: ascii(given)[:30],
)
def test_what_is_offered(typed: str, offered: list[str]) -> None:
    assert complete(SHELF, typed, 6) == offered


def test_what_is_written_most_comes_first_and_no_more_than_wanted() -> None:
    shelf = shelf_of("herons heronry", "herons heronry heronry", "heronry")
    assert complete(shelf, "her", 6) == ["heronry", "herons"]
    assert complete(shelf, "her", 1) == ["heronry"]
    assert complete(shelf, "her", 0) == []
    assert complete(Shelf(), "her", 6) == []


def test_words_are_counted_over_all_layers() -> None:
    first, second = shelf_of("heronry heronry herons"), shelf_of("herons herons")
    shelf = Shelf((*first.layers, *second.layers))
    assert complete(shelf, "her", 6) == ["herons", "heronry"]


def test_a_word_that_was_erased_everywhere_is_not_offered() -> None:
    shelf = Shelf((Layer.of(Part.of(indexed("a secretword", "a heron"))),))
    assert complete(shelf, "secr", 6) == ["secretword"]
    less = shelf.without(entry("", 1).id)
    assert complete(less, "secr", 6) == []
    assert complete(less, "her", 6) == ["heron"]
