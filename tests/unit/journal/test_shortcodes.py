"""Emoji by what their names begin with."""

import pytest

from llamora.journal.shortcodes import beginning


def test_names_that_begin_so_come_first_the_shortest_before_longer_ones() -> None:
    found = beginning(":heart", 3)
    assert found[0] == ("heart", "❤️")
    assert all(name.startswith("heart") for name, _ in found)
    assert ("tada", "🎉") in beginning("tad", 6)
    assert ("party_popper", "🎉") in beginning("popper", 6)


def test_an_emoji_is_named_once_and_skin_tones_only_for_whoever_asks() -> None:
    found = beginning("wav", 30)
    assert len({emoji for _, emoji in found}) == len(found)
    assert not any("skin_tone" in name for name, _ in found)
    assert any("skin_tone" in name for name, _ in beginning("waving_hand_light_skin", 6))


@pytest.mark.parametrize("begun", ["", ":", " : ", "no emoji is called so", "\u202e"])
def test_nothing_begins_with_nothing(begun: str) -> None:
    assert beginning(begun, 6) == []
