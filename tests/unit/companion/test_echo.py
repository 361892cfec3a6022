"""Echo says nothing of its own."""

from datetime import UTC, date, datetime

import pytest

from llamora.companion.echo import PASSAGE_CHARACTERS, closest
from llamora.journal.writing import Entry
from llamora.kernel import new_id


def entry(day: int, text: str) -> Entry:
    at = datetime(2026, 11, day, 12, tzinfo=UTC)
    return Entry(new_id(), date(2026, 11, day), 1, text, at)


@pytest.mark.parametrize(
    "older",
    [
        "A heron stood there. Nothing else.", "heron " + "and the quiet water " * 100,
        "heron " + "a" * 2_000, "heron\t" + "and\twater\t" * 200, "heron" + "水" * 2_000,
        "heron " * 119 + "herons" + "x" * 400,
    ],
)  # fmt: skip
def test_a_passage_stands_in_the_entry_word_for_word(older):
    now = entry(
        22, "The heron came back." if " " in older or "\t" in older else "heron" + "水" * 2_000
    )
    quotes = closest(now, [now, entry(2, older)])
    assert len(quotes) == 1
    passage = quotes[0].text
    assert passage in older
    assert passage == passage.strip()
    assert len(passage) <= 2 * PASSAGE_CHARACTERS
    rest = older[older.index(passage) + len(passage) :]
    assert not rest or not rest[0].isalnum() or not passage.split()[1:], "no word is cut"


def test_only_older_words_are_earlier_words():
    now = entry(10, "A heron at the weir.")
    later, older = entry(22, "The heron at the weir again."), entry(2, "No heron yet.")
    assert [quote.entry for quote in closest(now, [older, now, later])] == [older.id]


@pytest.mark.parametrize(
    ("older", "now"),
    [
        ("今日は川でアオサギを見た。静かだった。", "またアオサギが来た。"),
        ("昨天在河边看到一只苍鹭。", "苍鹭又来了。"),
        ("आज नदी किनारे सारस दिखा।", "सारस फिर आया।"),
        ("رأيت مالك الحزين، عند النهر", "هل عاد الحزين؟"),
        ("שלום־עולם", "שלום"),
        ("เมื่อวานเห็นนกกระสาที่แม่น้ำ", "นกกระสากลับมาแล้ว"),
        ("Une aigrette près de l’étang.", "L’aigrette est revenue."),
    ],
)
def test_words_are_found_in_every_script(older: str, now: str):
    before, entry_now = entry(2, older), entry(22, now)
    assert [quote.entry for quote in closest(entry_now, [before, entry_now])] == [before.id]


def test_words_that_only_the_entry_itself_has_leave_room_for_those_it_shares():
    shared = "planted tomatoes beside the old wall"
    new = " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(60))
    older = entry(2, f"Today I {shared} again.")
    now = entry(22, f"{shared} {new}")
    assert [quote.entry for quote in closest(now, [now, older])] == [older.id]
