"""What a search found is marked where it is shown, and nothing else about the page changes."""

import re
from html import unescape

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.journal import markdown
from llamora.journal.markdown import ALLOWED, CLASSES, render
from llamora.web.marking import Passage, mark

ID = bytes(range(16))
MARK = re.compile(r'<mark class="found">(.*?)</mark>', re.DOTALL)
PIECES = st.sampled_from([
    "fox", "the", "the ", "**far", "bank**", "*so", "still*", "~~was~~", "`co de`", "_", "\\*", "é",
    "\n\n", "\n", "\n- ", "\n- [x] ", "\n1. ", "\n> ", "\n# ", "\n```\n", "\n```py\n", "\n    ",
    "\n\n|fox|*the*|\n|-|:-:|\n|bank||\n", "[map](https://a.example/fox/the)", "https://b.example/the",
    "![the fox](https://a.example/b)", '[fox](https://a.example "the > fox")', ":fox_face:", "🦊",
    "❤️", "&amp;", "&eacute;", "&", "<b>", "</mark>", '"', "'s", "日本語の", "\u00a0", "\ufeff",
    "\u202e",
])  # fmt: skip
PAGES = st.lists(PIECES, max_size=30).map(" ".join) | st.lists(PIECES, max_size=30).map("".join)


def found(text: str, passage: str) -> list[str]:
    """The marked pieces of a page, as they are read, when `passage` was found in its source."""
    html = render(text)
    marked = mark(html, text, *stretch(text, passage))
    assert unmarked(marked) == html
    return [unescape(re.sub("<[^>]*>", "", piece)) for piece in MARK.findall(marked)]


def stretch(text: str, passage: str, nth: int = 0) -> tuple[int, int]:
    start = -1
    for _ in range(nth + 1):
        start = text.index(passage, start + 1)
    return start, start + len(passage)


def unmarked(html: str) -> str:
    return html.replace('<mark class="found">', "").replace("</mark>", "")


def place(text: str, passage: str, nth: int) -> int:
    """Which of the shown words the mark begins at."""
    before, sign, _ = mark(render(text), text, *stretch(text, passage, nth)).partition("<mark")
    assert sign
    return len(re.findall(r"\w+", re.sub("<[^>]*>", " ", before)))


def test_the_words_of_a_passage_are_marked():
    text = "Fog on the canal. A fox on the far bank. Coffee."
    assert found(text, "A fox on the far bank.") == ["A fox on the far bank."]
    assert found(text, text) == [text]


@pytest.mark.parametrize(
    ("text", "passage", "pieces"),
    [
        ("A *fox* on the **far bank**.", "*fox* on the **far", ["fox", " on the ", "far"]),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree", ["one", "\ntwo", "three"]),
        ("# Head\n\n- one\n- two\n\nend", "# Head\n\n- one\n- two", ["Head", "one", "two"]),
        ("> said *she*", "> said *she*", ["said ", "she"]),
        ("see [the map](https://a.example/the/map) now", "[the map](https://a.example/the/map)",
         ["the map"]),
        ("see ![the map](https://a.example/the) now", "the) now", ["now"]),
        ("see https://a.example/x?y=1&z=2 now", "https://a.example/x?y=1&z=2",
         ["https://a.example/x?y=1&z=2"]),
        ("salt & <b>pepper</b> fine", "salt & <b>pepper</b>", ["salt & <b>pepper</b"]),
        ("fish &amp; chips, caf&eacute; au lait", "fish &amp; chips, caf&eacute; au lait",
         ["fish & chips, café au lait"]),
        ("it :fox_face: ran off", "it :fox_face: ran", ["it 🦊 ran"]),
        ("so\n\n```python\nfox = the(bank)\nend\n```\n", "fox = the(bank)", ["fox = the(bank)"]),
        ("- [x] leeks\n- [ ] the bread", "leeks\n- [ ] the bread", ["leeks", "☐", " the bread"]),
        ("| day | deed |\n|---|---|\n| one | *two* |", "day | deed |\n|---|---|\n| one | *two*",
         ["day", "deed", "one", "two"]),
        ("\u00e9t\u00e9 \u00e0 la mer, d’été", "à la mer, d’été", ["à la mer, d’été"]),
        ("日本語の文章です。犬が走る。", "文章です。", ["文章です。"]),
        ("שלום עולם יפה", "עולם יפה", ["עולם יפה"]),
        ("She said “no, never” and left", "no, never", ["“no, never”"]),
        ("un**believ**able things", "un**believ**able", ["un", "believ", "able"]),
        (r"snake\_case and \*stars\*", r"snake\_case and \*stars\*", ["snake_case and *stars*"]),
        ("the heart ❤️ beats", "heart ❤️", ["heart ❤️"]),
    ],
)  # fmt: skip
def test_a_passage_is_found_across_the_signs_of_markdown(text, passage, pieces):
    assert found(text, passage) == pieces


def test_of_words_that_repeat_those_of_the_passage_are_marked():
    text = "the heron came. " * 20
    assert [place(text, "heron came", n) for n in range(20)] == [3 * n + 1 for n in range(20)]
    linked = "A [walk](https://walk.example/the/walk) is a walk. A walk is a walk, **a walk**."
    assert place(linked, "walk is a walk,", 0) == 6
    assert place(linked, "walk**", 0) == 11


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=40), st.data())
def test_however_often_words_repeat_it_is_these_that_are_marked(said, data):
    first = data.draw(st.integers(0, len(said) - 1))
    last = data.draw(st.integers(first, len(said) - 1))
    text = " ".join(said)
    html = mark(render(text), text, 2 * first, 2 * last + 1)
    before, passage, after = text[: 2 * first], text[2 * first : 2 * last + 1], text[2 * last + 1 :]
    assert html == f'<p dir="auto">{before}<mark class="found">{passage}</mark>{after}</p>\n'


def test_what_cannot_be_found_marks_nothing():
    text = "A fox [here](https://far.example/bank) ran."
    html = render(text)
    for passage in ("https://far.example/bank", "(", "."):
        assert mark(html, text, *stretch(text, passage)) == html
    assert mark(html, "entirely different words", 0, 9) == html
    assert mark("", "", 0, 0) == ""
    assert mark("", "a word", 0, 6) == ""


@pytest.mark.parametrize(
    ("start", "end"), [(-1, 3), (3, 3), (5, 2), (0, 6), (6, 9), (0, 10**9), (10**9, 10**9 + 1)]
)
def test_a_stretch_that_the_text_does_not_have_marks_nothing(start, end):
    assert mark(render("a fox"), "a fox", start, end) == render("a fox")


def test_a_mark_stands_in_text_only_though_an_attribute_holds_the_same_words():
    text = '[fox](https://a.example/fox "a > fox") and **fox**'
    assert found(text, text) == ["fox", " and ", "fox"]
    html = '<p><a href="/fox" title="a > fox &quot;fox&quot;">fox</a></p>'  # as some write it
    assert mark(html, "fox", 0, 3) == html.replace(
        ">fox</a>", '><mark class="found">fox</mark></a>'
    )


def test_a_text_of_the_greatest_length_is_marked_to_its_end():
    text = "a fox, *a* fox\n\n" * 4_000
    assert found(text, text) == ["a fox, ", "a", " fox"] * 4_000


@given(PAGES, st.integers(-2, 300), st.integers(-2, 300))
@settings(max_examples=300, deadline=None)
def test_without_the_marks_the_page_is_what_it_was(text, start, end):
    html = render(text)
    assert unmarked(mark(html, text, start, end)) == html


@given(PAGES, st.integers(0, 40), st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_the_sanitiser_has_nothing_to_mend_in_a_marked_page(text, start, length):
    marked = mark(render(text), text, start, start + length)
    assert sanitised(marked) == marked


@given(PAGES, PAGES, st.integers(0, 40), st.integers(0, 60))
@settings(max_examples=300, deadline=None)
def test_another_texts_page_is_left_whole(text, other, start, length):
    html = render(other)
    marked = mark(html, text, start, start + length)
    assert unmarked(marked) == html
    assert sanitised(marked) == marked


def test_the_sanitiser_would_mend_a_mark_that_is_out_of_place():
    astray = '<table><mark class="found">\n<tbody></tbody></mark></table>'
    assert sanitised(astray) != astray


def sanitised(html: str) -> str:
    """What the writing's own sanitiser makes of it, when it lets marks through."""
    return nh3.Cleaner(
        tags={*ALLOWED, "mark"} - {"*"},
        attributes=ALLOWED,
        allowed_classes={**CLASSES, "mark": {"found"}},
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    ).clean(html)


def test_the_sanitiser_of_these_tests_is_the_writings_own():
    text = "# a\n\n- [x] [b](https://c.example) `d`\n\n|e|f|\n|:-:|-|\n|g|h|"
    assert sanitised(render(text)) == render(text)
    assert "mark" not in ALLOWED
    assert markdown.render("<mark>a</mark>") == '<p dir="auto">&lt;mark&gt;a&lt;/mark&gt;</p>\n'


def test_a_passage_is_read_as_it_was_written():
    passage = Passage(ID, 12, 345)
    assert str(passage) == "000102030405060708090a0b0c0d0e0f.12-345"
    assert Passage.read(str(passage)) == passage


@pytest.mark.parametrize(
    "address",
    [
        "", ".", "x", "\0", "1-2", "{id}", "{id}.", "{id}.1", "{id}.1-", "{id}.-1-2", "{id}.1-2 ",
        "{id}.1-2\n", "{id}.1-" + "9" * 5_000, "{id}.¹-2", "{id}.٣-٤", "{id}.0x1-2", "{id}.1.0-2",
        "0{id}.1-2", "{id}0.1-2", ID.hex().upper() + ".1-2", ID.hex()[1:] + ".1-2",
    ],
)  # fmt: skip
def test_anything_else_is_no_passage(address):
    assert Passage.read(address.replace("{id}", ID.hex())) is None
