"""An entry's Markdown as HTML that is safe to put into the page.

`render` is for every writing, the diarist's and the companion's alike; both count as untrusted.
What it promises:

* HTML in the text is shown as text. What the parser makes goes through an allow-list of tags,
  attributes and classes; no `style`, no `id`, no image is ever let out.
* Links go to http, https or mailto, or they stay the text they were written as. An image becomes
  a link to it under its alternative text: looking at a page never fetches anything.
* Nothing that was written disappears, however it is nested, but for the signs of Markdown itself
  and for cells that a table's row has beyond its head. Time grows with the length of the text,
  whatever it is: 64 KiB of ordinary prose take about 0.2 s, so long texts are rendered in a thread.
  What would take far longer is shown with less: see `NESTING`, `QUOTED_LINES` and `BRACKETS`.
* Headings start at `h3`, since the page owns `h1` and `h2`. Each outermost block has
  `dir="auto"`, and what is inside follows it.

The parser is imported at the first call. All functions may be called from any thread.
"""

import re
from collections.abc import Iterator, MutableMapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from llamora.journal.shortcodes import with_emoji

if TYPE_CHECKING:
    import nh3
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

Env = dict[str, Any]  # what the parser carries along

# A block nested deeper is shown as plain text in its place. The parser's time on hostile text grows
# with this number; ten levels of lists fit.
NESTING = 20

# The parser reads a line once more for each quotation round it. When a text has asked for so many
# readings, what else is quoted is shown as plain text; a diary page asks for some hundreds.
QUOTED_LINES = 40_000

# Links of a paragraph whose square brackets stand deeper within each other are left as they were
# written: for each of them the parser would look for its end anew.
BRACKETS = 10

ALLOWED = {
    "p": set(), "br": set(), "hr": set(),
    "h3": set(), "h4": set(), "h5": set(), "h6": set(),
    "ul": set(), "ol": {"start"}, "li": set(), "blockquote": set(), "pre": {"tabindex"},
    "code": set(),
    "em": set(), "strong": set(), "s": set(), "a": {"href", "title"},
    "span": {"role", "aria-label"},
    "table": {"tabindex"}, "thead": set(), "tbody": set(), "tr": set(), "th": set(), "td": set(),
    "*": {"dir"},
}  # fmt: skip
ALIGNED = {"align-left", "align-center", "align-right"}
CLASSES = {
    "p": {"more"}, "pre": {"more"}, "ol": {"more", "tasks"}, "ul": {"more", "tasks"},
    "table": {"more"}, "li": {"task"}, "span": {"box"}, "th": ALIGNED, "td": ALIGNED,
}  # fmt: skip

LINK = re.compile(r"(?:https?://[^/?#\s]|mailto:\S)", re.IGNORECASE)
BARE_LINK = re.compile(r"(?<!\w)https?://[^\s<>\"]+", re.IGNORECASE)
TASK = re.compile(r"\[([ xX])\](?:\s|$)")
SPACE = re.compile(r"\s+")
BRACKET = re.compile(r"\\.|\[|\]", re.DOTALL)


def render(text: str) -> str:
    """`text` as sanitised HTML; an empty string when nothing is to be seen."""
    env: Env = {}
    return to_html(parse(text, env), env)


def render_said(text: str) -> str:
    """What a model wrote, as `render` does, but with its links as plain text, address and all: one
    press on words of its choice must not carry words of the diary away."""
    env: Env = {}
    return to_html(parse(text, env), env, links=False)


def plain(text: str) -> str:
    """`text` without its markup, on one line, for snippets. Not HTML: escape it when shown."""
    return SPACE.sub(" ", " ".join(_words(parse(text, {})))).strip()


def parse(text: str, env: Env) -> list["Token"]:
    """The tokens of `text`, ready for `to_html`."""
    return _parser().parse(text, env)


def outline(text: str) -> list["Token"]:
    """The blocks of `text` only (what starts and ends on which line), at a tenth of the price."""
    return _outliner().parse(text, {})


def parse_words(text: str, env: Env) -> list["Token"]:
    """The inside of one paragraph as the parser first reads it, escaped characters apart."""
    found: list[Token] = []
    parser = _parser()
    parser.inline.parse(text, parser, env, found)
    return found


def to_html(tokens: Sequence["Token"], env: Env, *, links: bool = True) -> str:
    """Tokens, or a balanced stretch of them, as sanitised HTML; without `links`, these as text."""
    parser = _parser()
    if not links:
        tokens = [_unlinked(token) if token.children else token for token in tokens]
    return _cleaner().clean(parser.renderer.render(tokens, parser.options, env))


@cache
def _parser() -> "MarkdownIt":
    parser = _new_parser()
    # Before text_join, a backslash-escaped character still stands apart from the text round it;
    # that is what makes `\:tada:` escapable.
    parser.core.ruler.before("text_join", "diary", _shape)
    parser.add_render_rule("fence", _code)
    parser.add_render_rule("code_block", _code)
    parser.add_render_rule("task_box", _box)
    return parser


@cache
def _outliner() -> "MarkdownIt":
    parser = _new_parser()
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


@cache
def _cleaner() -> "nh3.Cleaner":
    import nh3

    return nh3.Cleaner(
        tags=set(ALLOWED) - {"*"},
        attributes=ALLOWED,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def _new_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt
    from markdown_it.parser_block import ParserBlock
    from markdown_it.parser_inline import ParserInline
    from markdown_it.rules_block import StateBlock

    class DiaryBlocks(ParserBlock):
        def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
            """Where the parser would leave out what is nested too deeply, keep it as text."""
            fits = state.level < NESTING
            if state.parentType == "blockquote":  # a list item's lines are read but once
                lines = state.env.get("quoted_lines", 0) + endLine - startLine
                state.env["quoted_lines"] = lines
                fits = fits and lines <= QUOTED_LINES
            if fits:
                super().tokenize(state, startLine, endLine)
                return
            state.push("paragraph_open", "p", 1).map = [startLine, endLine]
            inner = state.push("inline", "", 0)
            inner.content = state.getLines(startLine, endLine, state.blkIndent, False).strip()
            inner.map = [startLine, endLine]
            inner.children = []
            state.push("paragraph_close", "p", -1)
            state.line = endLine

    class DiaryInline(ParserInline):
        def parse(
            self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list["Token"]
        ) -> list["Token"]:
            """Where brackets stand too deeply, read all but the links."""
            reading = without_links.parse if _bracket_depth(src) > BRACKETS else super().parse
            return reading(src, md, env, tokens)

    class DiaryMarkdown(MarkdownIt):
        def validateLink(self, url: str) -> bool:  # noqa: N802
            return LINK.match(url) is not None

    options = {"html": False, "breaks": True, "xhtmlOut": False, "maxNesting": NESTING}
    more = ["table", "strikethrough"]
    # A line such as `[1]: https://…`, which would vanish, is a line like any other.
    parser = DiaryMarkdown("commonmark", options).enable(more).disable("reference")
    without_links = MarkdownIt("commonmark", options).enable(more).disable(["link", "image"]).inline
    blocks, inline = DiaryBlocks(), DiaryInline()
    blocks.ruler = parser.block.ruler
    inline.ruler, inline.ruler2 = parser.inline.ruler, parser.inline.ruler2
    parser.block, parser.inline = blocks, inline
    return parser


def _bracket_depth(text: str) -> int:
    """How deep square brackets stand within each other at most; one left open counts to the end."""
    depth = deepest = 0
    for found in BRACKET.finditer(text):
        if found[0] == "[":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] == "]":
            depth = max(0, depth - 1)
    return deepest


def _shape(state: "StateCore") -> None:
    """One walk over the parsed text that makes it ours: see the module's promises."""
    lists: list[Token] = []
    for at, token in enumerate(state.tokens):
        if token.level == 0 and token.nesting >= 0 and token.type != "hr":
            token.attrSet("dir", "auto")
        if token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(token)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
        elif token.type == "table_open":
            token.attrSet("tabindex", "0")  # a wide one scrolls; the keyboard must reach it
        elif token.type in ("th_open", "td_open"):
            align = str(token.attrs.pop("style", "")).removeprefix("text-align:")
            if align:
                token.attrSet("class", f"align-{align}")
        elif token.type == "inline":
            children = list(_inline(state.md, token.children or []))
            item = state.tokens[at - 2] if at > 1 else None
            if item and item.type == "list_item_open" and _tick(children):
                item.attrSet("class", "task")
                lists[-1].attrSet("class", "tasks")
            token.children = children


def _inline(md: "MarkdownIt", children: list["Token"]) -> Iterator["Token"]:
    """Images become links; bare addresses become links; shortcodes become emoji."""
    links = 0
    as_written = False  # inside <https://…>, where the text is the address itself
    for token in children:
        if token.type == "link_open":
            links += 1
            as_written = token.info == "auto"
        elif token.type == "link_close":
            links -= 1
            as_written = False
        if token.type == "image":
            alt = plain_inline(token.children or []) or str(token.attrs["src"])
            yield from [_text(alt)] if links else _link(str(token.attrs["src"]), alt)
        elif token.type == "text" and not as_written:
            yield from (
                _linked(md, token.content) if not links else [_text(with_emoji(token.content))]
            )
        else:
            yield token


def _linked(md: "MarkdownIt", text: str) -> Iterator["Token"]:
    done = 0
    for found in BARE_LINK.finditer(text):
        address = _without_end(found[0])
        target = md.normalizeLink(address)
        if not md.validateLink(target):
            continue
        yield _text(with_emoji(text[done : found.start()]))
        yield from _link(target, address)
        done = found.start() + len(address)
    yield _text(with_emoji(text[done:]))


def _without_end(address: str) -> str:
    """An address in running text, without the sentence's own punctuation after it."""
    opened, closed = address.count("("), address.count(")")
    end = len(address)
    while end:
        last = address[end - 1]
        if last == ")" and closed > opened:
            closed -= 1
        elif last not in ".,;:!?'*_~]":
            break
        end -= 1
    return address[:end]


def _link(target: str, text: str) -> list["Token"]:
    from markdown_it.token import Token

    return [
        Token("link_open", "a", 1, attrs={"href": target}, info="auto"),
        _text(text),
        Token("link_close", "a", -1, info="auto"),
    ]


def _unlinked(inline: "Token") -> "Token":
    """The words of a link, and behind them in brackets where it leads unless they say so."""
    children: list[Token] = []
    leads = ""
    for token in inline.children or []:
        if token.type == "link_open":
            leads = "" if token.info == "auto" else str(token.attrs["href"])
        elif token.type == "link_close":
            children += [_text(f" ({leads})")] if leads else []
        else:
            children.append(token)
    return inline.copy(children=children)


def _text(content: str) -> "Token":
    from markdown_it.token import Token

    return Token("text", "", 0, content=content)


def _tick(children: list["Token"]) -> bool:
    """Turn a leading `[ ]` or `[x]` of a list item into its box; say whether there was one."""
    from markdown_it.token import Token

    found = TASK.match(children[0].content) if children and children[0].type == "text" else None
    if not found:
        return False
    children[0].content = children[0].content[found.end() :]
    children.insert(0, Token("task_box", "span", 0, info=found[1].strip()))
    return True


def _box(_renderer: object, tokens: Sequence["Token"], at: int, _options: object, _env: Env) -> str:
    # A character, not an <input>: a disabled form control without a label helps nobody.
    word, sign = ("done", "☑") if tokens[at].info else ("open", "☐")
    return f'<span class="box" role="img" aria-label="{word}">{sign}</span> '


def _code(renderer: Any, tokens: Sequence["Token"], at: int, _options: object, _env: Env) -> str:
    token = tokens[at]
    code, info = token.content, token.info.strip()
    if info and (" " in info or not code.strip()):  # words, and not the name of a language
        code = f"{info}\n{code}"
    # A long line scrolls inside its block, which the keyboard must be able to reach.
    attrs = f'{renderer.renderAttrs(token)} tabindex="0"'
    return f"<pre{attrs}><code>{escape(code)}</code></pre>\n"


def _words(tokens: list["Token"]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield plain_inline(token.children or [])
        elif token.type in ("fence", "code_block"):
            yield token.content


def plain_inline(children: Sequence["Token"]) -> str:
    """The words of one paragraph; line breaks become spaces."""
    pieces = []
    for token in children:
        if token.type in ("softbreak", "hardbreak"):
            pieces.append(" ")
        elif token.type == "image":
            pieces.append(plain_inline(token.children or []))
        elif token.type == "task_box":
            pieces.append("☑ " if token.info else "☐ ")
        else:
            pieces.append(token.content)
    return "".join(pieces)
