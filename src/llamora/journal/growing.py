"""A model's Markdown that is still being written, shown as it grows.

A `Growing` takes the text in whatever pieces it comes and gives out HTML in two parts: **settled**
stretches, each rendered once and never again, and the **tail**, the unfinished end, rendered anew
whenever somebody wants to look. The browser appends what is settled and replaces the tail.

Every settled stretch stands by itself: whole elements, sanitised, fit to be appended. Where a list,
a table, a fence or a paragraph grows too long to be kept in the tail, it is cut inside, and the
first element of what follows (settled or tail) carries the class `more`: it goes on where the
element before it left off. Appended plainly it reads well enough (a numbered list counts on); a
browser that wants it seamless moves the children of an appended `.more` element into the element
before it. `JOINTS` says which part of an element its children are.

Settled stretches and tail together are what `markdown.render_said` makes of the whole text, with
these exceptions, which is why the finished text is rendered in one go at the end and replaces all:
a list whose first blank line comes after its first items were settled, a link whose address is
only named later on, and whatever is longer than `MOST` without a place to cut it: that is settled
as it stands, and what follows begins afresh.

The cost of a piece does not grow with the text, whatever the text is. What is cut is decided on
complete lines only: half a line may still turn out to be anything.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llamora.journal import markdown
from llamora.journal.markdown import Env

if TYPE_CHECKING:
    from markdown_it.token import Token

# Characters an unfinished list, table, fence or paragraph may have before it is cut inside.
LONG = 1_000
# A paragraph that could not be cut (a bracket stands open) is tried again when it has grown by:
AGAIN = 400
# Characters of the tail beyond which it is settled wherever that may be.
MOST = 8_000

JOINTS = {"ul": "", "ol": "", "p": "", "table": "tbody", "pre": "code"}

# A paragraph goes on behind this, or its next words "1. " or "- " would begin a list.
WORD_JOINER = "\u2060"
GUARD = WORD_JOINER + " "

BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")


class Growing:
    def __init__(self) -> None:
        self._tail = ""  # what is not settled
        self._head = ""  # source that must stand before the tail for it to be read rightly
        self._open = (
            ""  # the type of the token that the tail goes on with, "" when it starts afresh
        )
        self._number = 0  # in an ordered list: the number of the tail's first item
        self._loose = False  # in a list: its items are paragraphs
        self._cut_at = 0  # how long the tail must be before its blocks are looked at again
        self._words_at = LONG  # the same for a paragraph that grows without an end
        self._after_return = False
        self._env: Env = {}

    def feed(self, text: str) -> str:
        """Take the next piece of text; return the HTML that is settled by it, often none."""
        text = self._newlines(text)
        self._tail += text
        settled = ""
        while "\n" in text and len(self._tail) >= self._cut_at and (piece := self._settle()):
            settled += piece
        while len(self._tail) >= self._words_at and (piece := self._settle_words()):
            settled += piece
        while len(self._tail) > MOST:
            settled += self._settle_as_it_stands()
        return settled

    def tail(self) -> str:
        """The unfinished end as HTML. It changes nothing, so it may be asked for at any time."""
        env: Env = {}
        return markdown.to_html(
            self._shaped(markdown.parse(self._head + self._tail, env)), env, links=False
        )

    def _newlines(self, text: str) -> str:
        """CRLF and CR as LF, though a CRLF may come in two pieces."""
        if self._after_return and text.startswith("\n"):
            text = text[1:]
        self._after_return = text.endswith("\r") or (self._after_return and not text)
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def _settle(self) -> str:
        """Settle all but the last block; failing that, all but the end of a long one."""
        if not self._head and (blank := BLANK_LINES.match(self._tail)):
            self._tail = self._tail[blank.end() :]
        source = self._head + self._tail[: self._tail.rfind("\n") + 1]
        blocks = [t for t in markdown.outline(source) if t.level == 0 and t.map and t.nesting >= 0]
        lines = source.split("\n")
        if len(blocks) > 1:
            return self._cut(lines, _map(blocks[-1])[0], reopen="")
        if not blocks or len(source) - len(self._head) < LONG:
            return ""
        # Should there be no place for a cut, each further look waits for a tenth more to have come.
        self._cut_at = len(self._tail) * 11 // 10
        block = blocks[0]
        if block.type in ("bullet_list_open", "ordered_list_open"):
            return self._cut_list(lines, source)
        if block.type == "table_open":
            last_row = source.rstrip().count("\n")
            head = "\n".join(lines[:2]) + "\n"
            return self._cut(lines, last_row, reopen=block.type, head=head)
        if block.type == "fence" and _is_open(block):
            return self._cut(lines, len(lines) - 2, reopen=block.type, head=lines[0] + "\n")
        return ""

    def _cut_list(self, lines: list[str], source: str) -> str:
        tokens = markdown.outline(source)
        items = [t for t in tokens if t.type == "list_item_open" and t.level == 1]
        if len(items) < 2:
            return ""
        number = self._number or int(tokens[0].attrs.get("start", 1))
        loose = any(t.type == "paragraph_open" and t.level == 2 and not t.hidden for t in tokens)
        settled = self._cut(lines, _map(items[-1])[0], reopen=tokens[0].type, loose=loose)
        self._number = number + len(items) - 1
        self._loose = self._loose or loose
        return settled

    def _cut(
        self, lines: list[str], at: int, *, reopen: str, head: str = "", loose: bool = False
    ) -> str:
        """Settle the lines before line `at`; the tail begins there, behind `head`."""
        text = "\n".join(lines[:at]) + "\n"
        if len(text) <= len(self._head) or (reopen and text == head):
            return ""
        self._loose = self._loose or loose
        tokens = self._shaped(markdown.parse(text, self._env))
        self._tail = self._tail[len(text) - len(self._head) :]
        self._head, self._open, self._cut_at, self._words_at = head, reopen, 0, LONG
        if not reopen:
            self._number, self._loose = 0, False
        return markdown.to_html(tokens, self._env, links=False)

    def _settle_words(self) -> str:
        """Settle the beginning of a long paragraph, up to a space where nothing stands open."""
        self._words_at = len(self._tail) + AGAIN
        source = self._head + self._tail
        blocks = [t for t in markdown.outline(source) if t.level == 0 and t.nesting >= 0]
        if [t.type for t in blocks] != ["paragraph_open"] or _map(blocks[0])[0] > 0:
            return ""
        last_line = source.rfind("\n", 0, len(source) - 1)
        at = source.rfind(" ", 0, len(source) - 1 if last_line < 0 else last_line)
        text = source[: at + 1].rstrip(" ")
        if len(text) <= len(self._head) or text.endswith("\\"):
            return ""
        tokens = self._shaped(markdown.parse(text, self._env))
        if len(tokens) != 3 or not _closed(markdown.parse_words(text, self._env)):
            return ""
        rest = source[at + 1 :].lstrip(" ")
        if not rest.startswith("\n"):  # the space that a paragraph's end would lose
            tokens[1].children = [*(tokens[1].children or []), *markdown.parse_words(" ", {})]
        self._tail = rest
        self._head, self._open, self._cut_at, self._words_at = GUARD, "paragraph_open", 0, LONG
        return markdown.to_html(tokens, self._env, links=False)

    def _settle_as_it_stands(self) -> str:
        """Settle the beginning of a tail that had no place for a cut, at a line's end or a space.

        It may cut through a list item, a link or a word; the cost of showing an answer must not
        depend on what a model makes of its text.
        """
        ends = (self._tail.rfind("\n", MOST // 2, MOST) + 1, self._tail.rfind(" ", MOST // 2, MOST))
        at = next((end for end in ends if end > 0), MOST)
        source = self._head + self._tail[:at]
        tokens = self._shaped(markdown.parse(source, self._env))
        last = [t for t in markdown.outline(source) if t.level == 0 and t.map and t.nesting >= 0]
        self._tail = self._tail[at:]
        self._head, self._open, self._cut_at, self._words_at = "", "", 0, LONG
        self._number, self._loose = 0, False
        if last and last[-1].type == "fence" and _is_open(last[-1]):
            head = source.split("\n")[_map(last[-1])[0]]
            self._head, self._open = head + "\n", "fence"
        elif last and last[-1].type == "paragraph_open" and not source.endswith("\n"):
            self._head, self._open = GUARD, "paragraph_open"
        else:  # the rest of an indented block is no block of code
            self._tail = self._tail.lstrip(" \t")
        return markdown.to_html(tokens, self._env, links=False)

    def _shaped(self, tokens: list["Token"]) -> list["Token"]:
        """What was parsed behind the head, as the continuation of what is settled."""
        if not tokens:
            return tokens
        first = tokens[0]
        if self._loose and first.type in ("bullet_list_open", "ordered_list_open"):
            _loosen(tokens)
        if first.type != self._open:
            return tokens
        first.attrJoin("class", "more")
        if first.type == "ordered_list_open":
            first.attrSet("start", str(self._number))
        elif first.type == "table_open":
            names = [t.type for t in tokens]
            del tokens[1 : names.index("thead_close") + 1]
        elif first.type == "paragraph_open":
            _unguard(tokens[1])
        return tokens


def _map(token: "Token") -> list[int]:
    assert token.map is not None
    return token.map


def _is_open(fence: "Token") -> bool:
    """Whether the line that ends it is yet to come."""
    first, end = _map(fence)
    lines = fence.content.count("\n") + (fence.content[-1:] not in ("", "\n"))
    return lines == end - first - 1


def _loosen(tokens: Sequence["Token"]) -> None:
    """The items of the first list are paragraphs, since an earlier item of it was."""
    for token in tokens:
        if token.level == 0 and token.nesting < 0:
            return
        if token.level == 2 and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = False


def _unguard(inline: "Token") -> None:
    for token in inline.children or ():
        if token.type == "text" and token.content.startswith(WORD_JOINER):
            token.content = token.content.removeprefix(GUARD).removeprefix(WORD_JOINER)
            return


def _closed(children: Sequence["Token"]) -> bool:
    """Whether no later word can change how these are read: no mark waits for its other half."""
    return not any(t.type == "text" and not set("*_`[]<~").isdisjoint(t.content) for t in children)
