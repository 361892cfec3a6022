"""What is shown while an answer grows is what stays when it is done."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.journal import markdown
from llamora.journal.growing import JOINTS, LONG, MOST, Growing
from llamora.journal.markdown import render_said as render

WORDS = ["the", "heron", "came", "back", "over", "quiet", "water", "until", "evening"]

word = st.sampled_from(WORDS)
plain_words = st.lists(word, min_size=1, max_size=12).map(" ".join)
phrase = st.one_of(
    plain_words,
    plain_words.map("*{}*".format),
    plain_words.map("**{}**".format),
    plain_words.map("`{}`".format),
    plain_words.map("[{}](https://example.org/a)".format),
    plain_words.map("_{}_ :tada:".format),
    st.sampled_from(["1. ", "- ", "# ", "2 < 3 & 4", r"\*not\*", "a_b"]),
)
line = st.lists(phrase, min_size=1, max_size=6).map(lambda some: "So " + " ".join(some))
items = st.lists(line, min_size=1, max_size=40)
paragraph = st.lists(line, min_size=1, max_size=12).map("\n".join)
block = st.one_of(
    paragraph,
    st.lists(line, min_size=1, max_size=30).map(" ".join),
    line.map("## {}".format),
    items.map(lambda some: "\n".join(f"- {each}" for each in some)),
    items.map(lambda some: "\n\n".join(f"* {each}" for each in some)),
    items.map(lambda some: "\n".join(f"{n}. {each}" for n, each in enumerate(some, 3))),
    items.map(lambda some: "\n".join(f"- [x] {each}" for each in some)),
    items.map(lambda some: "\n".join(f"- {each}\n  - deeper\n    still" for each in some)),
    items.map(lambda some: "| a | b |\n|---|:-:|\n" + "\n".join(f"| {e} | 1 |" for e in some)),
    st.lists(plain_words | st.just(""), max_size=60).map(
        lambda some: "```python\n" + "\n".join(some) + "\n```"
    ),
    items.map(lambda some: "\n".join(f"> {each}" for each in some)),
    st.just("---"),
)
# Two lists with the same mark in a row are one list, loose from there on: a rule keeps them apart.
ordinary = st.lists(block, min_size=1, max_size=6).map(lambda some: "\n\n***\n\n".join(some) + "\n")


def chunked(text: str, sizes: list[int]) -> list[str]:
    chunks, at = [], 0
    while at < len(text):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(text[at : at + size])
        at += size
    return chunks


def seamless(pieces: list[str]) -> str:
    """What a browser has that moves the children of a `.more` into the element before it."""
    page = ""
    for piece in pieces:
        more = re.match(r"<(\w+)[^>]* class=\"(?:[a-z]+ )*more\"[^>]*>\n?", piece)
        if more:
            inner = JOINTS[more[1]]
            end = (f"</{inner}>" if inner else "") + ("\n" if inner == "tbody" else "")
            end += f"</{more[1]}>\n"
            assert page.endswith(end)
            page = page.removesuffix(end)
            piece = (
                re.sub(rf"^<{inner}>\n?", "", piece[more.end() :])
                if inner == "tbody"
                else (piece[more.end() :].removeprefix(f"<{inner}>"))
            )
        page += piece
    return page


def grow(chunks: list[str]) -> list[str]:
    """Everything settled by the chunks, and at last the tail."""
    growing = Growing()
    settled = [html for chunk in chunks if (html := growing.feed(chunk))]
    return [*settled, growing.tail()]


def tokens(text: str) -> list[str]:
    return re.findall(r"\s*\S+\s*?|\s+", text)


# The word count makes some of these many times as long as what the tail may hold.
SENTENCE = "the heron came back over *quiet* water and stood there. "
ENDLESS = {
    "list": "".join(f"- {SENTENCE}\n" for _ in range(400)),
    "numbered list": "".join(f"{n}. {SENTENCE}\n" for n in range(5, 405)),
    "loose list": "".join(f"- {SENTENCE}\n\n" for _ in range(400)),
    "table": "| a | b |\n|:--|--:|\n" + "".join(f"| {SENTENCE} | {n} |\n" for n in range(400)),
    "fence": "~~~\n" + "".join(f"{SENTENCE}\n\n" for _ in range(400)) + "~~~\n",
    "paragraph": SENTENCE * 400,
    "lines": f"{SENTENCE}\n" * 400,
    "blocks": f"{SENTENCE}\n\n" * 400,
}


@settings(max_examples=60, deadline=None)
@given(ordinary, st.lists(st.integers(1, 60), min_size=1, max_size=20))
def test_however_the_text_comes_what_has_grown_is_what_is_rendered_at_the_end(text, sizes):
    assert seamless(grow(chunked(text, sizes))) == render(text)


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_block_is_settled_as_it_grows(kind):
    text = ENDLESS[kind]
    growing, pieces, longest = Growing(), [], 0
    for number, token in enumerate(tokens(text)):
        pieces.append(growing.feed(token))
        if number % 20 == 0:
            longest = max(longest, len(growing.tail()))
    pieces = [*filter(None, pieces), growing.tail()]
    assert longest < 3 * LONG
    assert len(pieces) > 15
    assert seamless(pieces) == render(text)


HOSTILE = {
    "brackets": "[a [a " * 5_000, "images": "![[a](" * 5_000, "stars": "2 * 3 is six. " * 2_000,
    "lines": "a\na\n" * 5_000, "one word": "a" * 30_000, "quote": "> heron came\n> " * 2_000,
    "one item": "- a\n" + "   - heron came back\n" * 1_500, "cell": "|a|\n|-|\n|" + "a " * 15_000,
    "references": "[a]: https://a.b\n" * 2_000, "blank": " " * 30_000,
    "lazy": "> " * 20 + "a\n" * 5_000,
}  # fmt: skip


def letters(html: str) -> str:
    return re.sub(r"<[^>]*>|&\w+;|[^a-z]", "", html)


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_cut_is_settled_all_the_same(kind, monkeypatch):
    read = []
    parse = markdown.parse
    monkeypatch.setattr(markdown, "parse", lambda text, env: read.append(text) or parse(text, env))
    growing, text = Growing(), HOSTILE[kind]
    page = ""
    for chunk in chunked(text, [1_000]):
        page += growing.feed(chunk)
        growing.tail()
    page += growing.tail()
    assert max(map(len, read)) < MOST + 2 * 1_000
    assert letters(page) == letters(render(text))


@pytest.mark.parametrize("line", ["one two " * 4_000, "onetwo" * 5_000])
def test_a_fence_stays_one_though_a_line_of_it_is_cut(line):
    text = f"before\n\n~~~\n{line}\nthree\n~~~\n\n*after*\n"
    pieces = grow(chunked(text, [700]))
    assert len(pieces) > 3
    assert seamless(pieces) == render(text)


def test_a_paragraph_stays_one_though_it_is_cut_where_a_mark_stands_open():
    text = "2 * 3 is six. " * 2_000
    assert seamless(grow(chunked(text, [700]))) == render(text)


def test_line_ends_of_any_kind_cut_anywhere_are_line_ends():
    text = "one\n\n- two\n- three\n\nfour\nfive\n"
    for end in ("\r\n", "\r"):
        for sizes in ([1], [2], [3], [100]):
            assert seamless(grow(chunked(text.replace("\n", end), sizes))) == render(text)


def test_half_a_line_is_shown_but_never_settled():
    growing = Growing()
    assert growing.feed("first\n\nsecond") == ""
    assert growing.tail() == '<p dir="auto">first</p>\n<p dir="auto">second</p>\n'
    assert growing.feed("\n---") == '<p dir="auto">first</p>\n'
    assert growing.tail() == '<h4 dir="auto">second</h4>\n'
    assert growing.feed("-\n") == ""
    assert growing.tail() == '<h4 dir="auto">second</h4>\n'


def test_asking_for_the_tail_changes_nothing():
    text = ENDLESS["numbered list"][:4000] + "\n[a]: https://example.org\n\n[a]\n"
    asked, not_asked, settled = Growing(), Growing(), []
    for token in tokens(text):
        settled.append((asked.feed(token), not_asked.feed(token)))
        asked.tail()
    assert all(one == other for one, other in settled)
    assert asked.tail() == not_asked.tail()


def test_a_numbered_list_counts_on_when_its_pieces_are_only_appended():
    pieces = grow(tokens(ENDLESS["numbered list"]))
    assert '<ol start="5"' in pieces[0]
    counted = 5
    for piece in pieces[1:]:
        counted += pieces[pieces.index(piece) - 1].count("<li>")
        assert f'<ol start="{counted}"' in piece


def test_what_settles_is_sanitised():
    growing = Growing()
    html = growing.feed("<script>alert(1)</script>\n\n[x](javascript:alert(1))\n\nend\n")
    assert "<script" not in html
    assert "href" not in html


@pytest.mark.parametrize(
    "odd", ["", "\n", " ", "\r", "\r\n", "|", "```", "- ", "1.", "[", "\u2028"]
)
def test_odd_and_empty_beginnings_are_harmless(odd):
    growing = Growing()
    assert growing.feed("") == ""
    assert growing.feed(odd) == ""
    assert growing.tail() == render(odd)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab \n`~*_[]()|-#>1.<&\\:!\t\r", max_size=400), st.integers(1, 30))
def test_any_text_at_all_is_taken(text, size):
    growing = Growing()
    for chunk in chunked(text, [size]):
        growing.feed(chunk)
        growing.tail()
