"""An entry is shown as it was meant, and nothing in it can act."""

import re
import subprocess
import sys
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.journal import markdown as module
from llamora.journal.markdown import ALLOWED, plain, render, render_said

LIMIT = 64_000


def tags(html: str) -> set[str]:
    return set(re.findall(r"<(\w+)", html))


def test_a_diarys_markdown_is_shown():
    html = render(
        "# A day\n\nIt *was* **fine**, ~~not~~ `really`.\n\n> said she\n\n- one\n- two\n\n"
        "3. three\n4. four\n\n```\ncode <b>\n```\n\n---\n"
    )
    assert html == (
        '<h3 dir="auto">A day</h3>\n'
        '<p dir="auto">It <em>was</em> <strong>fine</strong>, <s>not</s> <code>really</code>.</p>\n'
        '<blockquote dir="auto">\n<p>said she</p>\n</blockquote>\n'
        '<ul dir="auto">\n<li>one</li>\n<li>two</li>\n</ul>\n'
        '<ol start="3" dir="auto">\n<li>three</li>\n<li>four</li>\n</ol>\n'
        '<pre dir="auto" tabindex="0"><code>code &lt;b&gt;\n</code></pre>\n<hr>\n'
    )


def test_headings_leave_the_first_two_levels_to_the_page():
    html = render("".join(f"{'#' * level} {level}\n\n" for level in range(1, 7)))
    assert re.findall(r"<(h\d) dir=\"auto\">(\d)", html) == [
        ("h3", "1"), ("h4", "2"), ("h5", "3"), ("h6", "4"), ("h6", "5"), ("h6", "6"),
    ]  # fmt: skip


def test_a_line_break_is_kept():
    assert render("one\ntwo") == '<p dir="auto">one<br>\ntwo</p>\n'


def test_a_tables_alignment_is_a_class():
    html = render("|a|b|c|d|\n|:-|:-:|-:|-|\n|1|2|3|4|\n")
    assert '<td class="align-left">1' in html
    assert '<td class="align-center">2' in html
    assert '<td class="align-right">3' in html
    assert "<td>4" in html
    assert "style" not in html


def test_a_task_list_shows_what_is_done():
    html = render("- [ ] wash\n- [x] **rest**\n- [link] no\n\n[ ] no")
    assert html.count('class="tasks"') == 1
    assert '<li class="task"><span class="box" role="img" aria-label="open">☐</span> wash' in html
    assert 'aria-label="done">☑</span> <strong>rest</strong>' in html
    assert "<li>[link] no" in html
    assert '<p dir="auto">[ ] no</p>' in html


def test_html_is_text():
    html = render('<script>alert(1)</script>\n\n<img src=x onerror="alert(1)"> a <b>b</b>')
    assert tags(html) == {"p"}
    assert '&lt;img src=x onerror="alert(1)"&gt;' in html


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///a",
        "//elsewhere.example/x", "/days/2020-01-01", "days", "#a", "?q", "http:", "https:x", "http://",
        "&#106;avascript:alert(1)", "java\tscript:alert(1)", "blob:a/b", "\\\\host\\x",
    ],
)  # fmt: skip
def test_a_link_to_anything_but_the_web_or_mail_stays_as_it_was_written(address):
    for text in (f"[x]({address})", f"![x]({address})", f"[x]\n\n[x]: {address}", f"x <{address}>"):
        html = render(text)
        assert "href" not in html
        assert "x" in html


def test_a_link_says_nothing_about_where_it_was_followed_from():
    html = render('[x](https://example.org/a?b=1&c=2 "t") <mailto:a@example.org>')
    assert html.count('rel="noopener noreferrer nofollow"') == 2
    assert 'href="https://example.org/a?b=1&amp;c=2" title="t"' in html
    assert 'href="mailto:a@example.org"' in html
    assert "target" not in html


def test_an_image_is_a_link_and_is_never_fetched():
    html = render("![a *heron*](https://example.org/h.png) [in ![b](https://c.d/e)](https://f.g)")
    assert '<a href="https://example.org/h.png"' in html
    assert ">a heron</a>" in html
    assert ">in b</a>" in html
    assert tags(html) == {"p", "a"}
    assert ">https://example.org/h.png</a>" in render("![](https://example.org/h.png)")


def test_a_bare_address_is_a_link_without_the_sentences_punctuation():
    html = render("See https://example.org/a_(b), (http://c.d/e). Not xhttp://f.g or `http://h.i`.")
    assert re.findall(r"href=\"([^\"]+)\"[^>]*>([^<]+)<", html) == [
        ("https://example.org/a_(b)", "https://example.org/a_(b)"),
        ("http://c.d/e", "http://c.d/e"),
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (":tada:", "🎉"), ("a :heart: b", "a ❤️ b"), (":+1::tada:", "👍🎉"), (":thumbs_up:", "👍"),
        ("*:tada:*", "<em>🎉</em>"), ("[:tada:](http://a.b)", ">🎉</a>"), ("# :tada:", "🎉</h3>"),
        (r"\:tada:", ">:tada:<"), (r":tada\:", ">:tada:<"), ("`:tada:`", "<code>:tada:"),
        ("```\n:tada:\n```", "<code>:tada:"), ("    :tada:", "<code>:tada:"),
        (":no_such_thing:", ":no_such_thing:"), ("12:100:30", "12:100:30"),
        ("a:tada:", ">a:tada:<"),
        ("<http://a.b/:tada:>", ">http://a.b/:tada:<"), ("http://a.b/:tada:/c", "/:tada:/c<"),
    ],
)  # fmt: skip
def test_a_shortcode_is_an_emoji_where_it_is_meant_as_one(written, shown):
    assert shown in render(written)


@pytest.mark.parametrize(
    "text", ['{"a": [1, 2]}', "42", "3.14", "null", "a = b;", "%s {0} {{ x }}"]
)
def test_text_that_looks_like_data_is_text(text):
    shown = re.sub(r"<[^>]+>", "", render(text)).strip()
    assert shown.replace("&quot;", '"') == text


def test_right_to_left_writing_finds_its_own_direction():
    html = render("שלום\n\n- אחת\n- שתיים\n\n> مرحبا\n\n|א|\n|-|\n|ב|\n")
    assert re.findall(r"<(\w+)[^>]* dir=\"auto\"", html) == ["p", "ul", "blockquote", "table"]


@pytest.mark.parametrize("nested", ["> ", "- ", "1. ", "> - "])
def test_what_is_nested_too_deeply_is_still_there(nested):
    html = render(nested * 300 + "heron\n" + "heron\n" * 3)
    assert html.count("heron") == 4
    assert plain(nested * 300 + "heron").endswith("heron")


HOSTILE = {
    "brackets": "[" * LIMIT, "images": "![" * (LIMIT // 2), "links": "[a](b" * (LIMIT // 5),
    "quotes": ">" * LIMIT, "lists": "- " * (LIMIT // 2), "emphasis": "*a _b **c " * (LIMIT // 10),
    "stars": "*" * LIMIT, "ticks": "".join("`" * n + " " for n in range(350)),
    "parentheses": "https://a.b/" + ")" * LIMIT, "cells": "|" * 30_000 + "\n" + "|-" * 15_000,
    "escapes": "\\" * LIMIT, "entities": "&a" * (LIMIT // 2), "colons": ":a" * (LIMIT // 2),
    "references": "".join(f"[{n}]: /u\n" for n in range(LIMIT // 10)), "tildes": "~~a" * 20_000,
    "angles": "<http://" * (LIMIT // 8), "nulls": "\0" * LIMIT, "one word": "a" * LIMIT,
    "lines": "\n" * LIMIT, "lazy quote": "> " * 20 + "a\n" * 5_000, "surrogates": "😀" * 16_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_of_the_greatest_length_is_rendered_like_any_other(kind):
    html = render(HOSTILE[kind])
    assert tags(html) <= set(ALLOWED)
    assert len(html) < 100 * LIMIT


@pytest.mark.parametrize("written", ["[", "![", "[a ", "![[a](", "[a\n", "[x ![y](http://a.b)"])
def test_the_links_of_a_thicket_of_brackets_are_left_as_they_were_written(written):
    parser = module._parser()
    looked = []
    find = parser.helpers.parseLinkLabel
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            parser.helpers, "parseLinkLabel", lambda *args: looked.append(args) or find(*args)
        )
        html = render(written * 5_000 + "*end*")
        assert looked == []
        render("[a](https://a.b)")
        assert looked, "so it would have been seen"
    assert html.count("[") == 5_000 * written.count("[")
    assert html.endswith("<em>end</em></p>\n")


def test_brackets_as_anyone_writes_them_leave_links_alone():
    text = (
        "[1] [2] " * 500 + r"\[" * 20 + "`[[0]]` [[[[see [this](https://a.b)]]]] ![b](https://c.d)"
    )
    assert render(text).count("<a ") == 2
    assert render("- [ ] [a](https://a.b)\n" * 300).count("<a ") == 300


def test_lines_in_a_thicket_of_quotations_are_all_there_and_read_a_few_times_only():
    html = render("> " * 19 + "a\n" * 30_000)
    assert re.sub(r"<[^>]*>", "", html).count("a") == 30_000
    assert html.count("<blockquote") < 4
    ordinary = ("> > what she said\n" * 40 + "\n") * 100
    assert render(ordinary).count("<blockquote") == 200


def test_a_list_after_a_thicket_of_quotations_is_still_a_list():
    html = render("> " * 19 + "a\n" * 30_000 + "\n- one\n- two\n\n  three\n")
    assert html.endswith("<li>\n<p>two</p>\n<p>three</p>\n</li>\n</ul>\n")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>\"'&/=:;()[]!`*_~#-|\\ \nabhrefjsstyle:on\x00\u2028", max_size=300))
def test_nothing_but_the_allowed_tags_and_attributes_ever_comes_out(text):
    html = render(text)
    assert tags(html) <= set(ALLOWED)
    for tag in re.findall(r"<[a-z][^>]*>", html):
        for name in re.findall(r"\s([a-z-]+)=\"", tag):
            assert name in {"dir", "href", "title", "rel", "class", "start", "role", "aria-label"}


def test_plain_text_is_one_line_of_words():
    text = (
        "# A *day*\n\nwith [a link](http://a.b) :tada: `c`\nand ![b](http://c.d)\n\n"
        "- [x] done\n\n|a|b|\n|-|-|\n|1|2|\n\n```\nx  <y>\n```"
    )
    assert plain(text) == "A day with a link 🎉 c and b ☑ done a b 1 2 x <y>"
    assert plain("") == ""


def test_nothing_is_shown_of_nothing():
    assert render("") == render(" \n\t\n") == ""


def test_the_parser_is_not_loaded_before_it_is_needed():
    program = (
        "import sys, llamora.journal.markdown, llamora.journal.growing;"
        "print([m for m in ('markdown_it', 'nh3', 'emoji') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("```buy milk", "buy milk"),
        ("~~~ remember to call\n~~~", "remember to call"),
        ("```python\nprint()\n```", "print()"),
        ("[1]: https://example.com/a", "[1]: https://example.com/a"),
        ("text\n\n[^1]: https://example.com", "[^1]: https://example.com"),
    ],
)
def test_what_looks_like_a_sign_of_markdown_and_is_words_is_seen(text: str, seen: str) -> None:
    shown = unescape(re.sub("<[^>]*>", "", render(text)))
    assert seen in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[a walk](https://evil.example/?q=secret)", "a walk (https://evil.example/?q=secret)"),
        ("see https://a.example/b.", "see https://a.example/b."),
        ("<https://a.example>", "https://a.example"),
        ("![pixel](https://evil.example/x.gif)", "pixel"),
        ("[*soft*](mailto:a@b.example) and **more**", "soft (mailto:a@b.example) and more"),
        (
            "- [one](https://a.example)\n\n| a |\n|---|\n| [b](https://b.example) |",
            "https://b.example",
        ),
    ],
)
def test_what_a_model_said_leads_nowhere(text, shown):
    html = render_said(text)
    assert "<a" not in html
    assert "href" not in html
    assert shown in unescape(re.sub(r"<[^>]+>", "", html))
    assert "<a" in render(text)  # what the diarist writes does
