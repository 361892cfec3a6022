"""No template asks for what the Content-Security-Policy refuses, or for htmx to evaluate text."""

import re
from pathlib import Path

import pytest

ROOMS = Path(__file__).resolve().parents[2] / "src/llamora"

JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
REFUSED = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)[^>]*>", re.IGNORECASE),
    "an event attribute": re.compile(r"\son[a-z]+\s*=", re.IGNORECASE),
    "hx-on": re.compile(r"\b(?:data-)?hx-on\b", re.IGNORECASE),
    "a value to evaluate": re.compile(
        r"\bhx-[a-z:-]+\s*=\s*[\"'][^\"']*?(?:\bjs|javascript):", re.IGNORECASE
    ),
    "a trigger filter": re.compile(
        r"\bhx-trigger(?::[a-z]+)*\s*=\s*(?:\"[^\"]*\[|'[^']*\[)", re.IGNORECASE
    ),
    "a javascript address": re.compile(r"[\"'\s=]javascript:", re.IGNORECASE),
    "an address elsewhere": re.compile(
        r"<(?:script|link|img|iframe|source)\b[^>]*\s(?:src|href)\s*=\s*[\"']?(?:https?:)?//",
        re.IGNORECASE,
    ),
    "text let through unescaped": re.compile(r"\|\s*safe\b|autoescape\s+false"),
}


def refused(template: str) -> list[str]:
    # A comment keeps its line breaks, so that what follows keeps its place.
    text = JINJA_COMMENT.sub(lambda found: "\n" * found[0].count("\n"), template)
    return [
        f"line {text.count(chr(10), 0, found.start()) + 1}: {what}"
        for what, pattern in REFUSED.items()
        for found in pattern.finditer(text)
    ]


def templates() -> list[Path]:
    return sorted(ROOMS.rglob("templates/**/*.html"))


def test_no_template_holds_what_the_policy_refuses():
    assert templates()
    wrong = {
        str(path.relative_to(ROOMS)): lines
        for path in templates()
        if (lines := refused(path.read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("what", "template"),
    [
        ("a style attribute", '<p class="a" style="color: red">'),
        ("a style attribute", "<p\n  style='{{ x }}'>"),
        ("a style element", "<style>p {}</style>"),
        ("an inline script", "<script>go()</script>"),
        ("an inline script", '<script type="module">go()</script>'),
        ("an event attribute", '<button onclick="go()">'),
        ("hx-on", '<form hx-on:submit="go()">'),
        ("hx-on", '<form hx-on::after-swap="go()">'),
        ("a value to evaluate", "<form hx-vals='js:{a: 1}'>"),
        ("a value to evaluate", '<a hx-headers="javascript:x()">'),
        ("a value to evaluate", '<a hx-confirm="js:ask()">'),
        ("a trigger filter", "<input hx-trigger=\"keyup[key=='Enter'] delay:1s\">"),
        ("a javascript address", '<a href="javascript:go()">'),
        ("an address elsewhere", '<script src="https://cdn.example/x.js"></script>'),
        ("an address elsewhere", '<link rel="stylesheet" href="//cdn.example/x.css">'),
        ("text let through unescaped", "{{ entry.text | safe }}"),
    ],
)
def test_each_refused_thing_is_caught(what, template):
    assert any(line.endswith(what) for line in refused(template))


def test_what_is_allowed_is_let_be():
    assert not refused(
        "{# style= and hx-on are refused #}\n"
        '<script type="module" src="{{ static(\'js/app.js\') }}"></script>'
        '<form hx-post="/x" hx-trigger="submit, keydown from:body" hx-vals=\'{"a": 1}\'>'
        '<link rel="stylesheet" href="{{ static(\'css/app.css\') }}">'
        '<p class="style">on = off; notes[0]</p>'
    )


# --- every visible sentence can be translated -----------------------------------------------------

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
SPOKEN = re.compile(r"\s(?:aria-label|title|placeholder|alt|data-say-\w+)=\"([^\"]*)\"")
CLASS = re.compile(r"\{% block (?:room|section_name) %\}\w+")
TAG = re.compile(r"<[^>]*>|[\w-]+=\"[^\"]*\"")
"""Tags, and the attributes in a partial that holds nothing else."""
WORD = re.compile(r"[^\W\d_]{2,}")
SHOWN_AS_IT_IS = {"Llamora", "XXXXX", "Ctrl", "Enter", "Esc"}
"""A name, a form and what stands on keys."""


def untranslated(template: str) -> list[str]:
    """Words that a reader sees or hears and that do not pass `_()`."""
    text = JINJA.sub("", CLASS.sub("", JINJA_COMMENT.sub("", template)))
    heard = [*SPOKEN.findall(text), TAG.sub(" ", text)]
    return [word for part in heard for word in WORD.findall(part) if word not in SHOWN_AS_IT_IS]


def test_every_visible_sentence_passes_the_translation():
    wrong = {path.name: found for path in templates() if (found := untranslated(path.read_text()))}
    assert wrong == {}


@pytest.mark.parametrize(
    "template", ["<p>Hello</p>", '<a title="Hello">{{ x }}</a>', "{% if x %}Hello{% endif %}"]
)
def test_a_sentence_that_does_not_is_noticed(template: str):
    assert untranslated(template) == ["Hello"]
    assert untranslated(template.replace("Hello", '{{ _("Hello") }}')) == []
