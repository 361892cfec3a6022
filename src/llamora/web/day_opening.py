"""What a day's page shows of its opening."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from llamora.journal import markdown
from llamora.journal.writing import Opening
from llamora.web.unlocked import OpenJournal
from llamora.web.wording import day_title


@dataclass(frozen=True)
class Quoted:
    """A sentence of the diarist's, its signs of Markdown left out, and where it stands."""

    text: str
    day: str
    entry: str
    title: str


@dataclass(frozen=True)
class OpeningView:
    """`state` is "none" when there is nothing to show, "wanted" when the page is to ask for one,
    "folded" when there is one behind a fold, "writing", "said", "changed" when all there is to say
    is that it can be made anew, or "failed"."""

    day: str
    state: str
    id: str = ""
    html: Markup | str = ""
    quotes: Sequence[Quoted] = ()
    engine: str = ""
    who: str = ""
    has_changed: bool = False
    has_reading: bool = False
    was_stopped: bool = False
    could_begin: bool = False
    """Whether the diarist may ask for one where there is none."""
    is_fresh: bool = False
    """Whether it comes into a page that is being read, where nothing may jump."""
    is_held: bool = False
    """Whether the diarist has just folded it, unfolded it or let it rest, and is still there."""


def opening_view(opened: OpenJournal, day: date, *, is_fresh: bool = False) -> OpeningView | None:
    """None for a day to come, and for a diarist who wants no companion."""
    if not opened.settings.companion or day > opened.journal.today():
        return None
    openings, iso = opened.companion.openings, day.isoformat()
    opening, generation = openings.of(day), openings.generation(day)
    if opening is None or (not _says(opening) and not openings.is_alive(opening)):
        is_rested = opening is not None and opening.state == "rested"
        id = opening.id.hex() if opening else ""
        could = openings.could_begin(day)
        failed = generation and generation.response.state == "failed"
        state = "none"
        if could and failed and not is_rested:
            state = "failed" if generation and generation.response.engine == "model" else "none"
        elif could and not is_rested and day == opened.journal.today():
            state = "folded" if opened.settings.opening_folded else "wanted"
        return OpeningView(iso, state, id, could_begin=could, is_fresh=is_fresh)
    if opened.settings.opening_folded:
        return OpeningView(iso, "folded", opening.id.hex())
    is_writing = openings.is_alive(opening)
    if not is_writing and openings.is_withdrawn(opening):
        return OpeningView(iso, "changed", opening.id.hex(), has_changed=True, is_fresh=is_fresh)
    return OpeningView(
        iso,
        "writing" if is_writing else "said",
        opening.id.hex(),
        _html(opened, opening, is_writing=is_writing),
        [_quoted(quote.text, quote.day, quote.entry, opened) for quote in opening.quotes],
        opening.engine,
        opening.model,
        has_changed=not is_writing and openings.has_changed(opening),
        has_reading=not is_writing and opening.reading is not None,
        was_stopped=opening.state == "stopped",
        is_fresh=is_fresh,
    )


def _says(opening: Opening) -> bool:
    return bool(opening.text.strip() or opening.quotes)


def _html(opened: OpenJournal, opening: Opening, *, is_writing: bool) -> Markup:
    generation = opened.companion.openings.generation(opening.day)
    if is_writing and generation:  # it changes while its revision stays, so it is kept nowhere
        return Markup(generation.html)  # noqa: S704 - sanitised as it was rendered
    html = None if is_writing else opened.rendered.get(opening.id, opening.revision)
    if html is None:
        html = markdown.render_said(opening.text)
        if not is_writing:
            opened.rendered.put(opening.id, opening.revision, html)
    return Markup(html)  # noqa: S704 - sanitised by render


def _quoted(text: str, day: date, entry: bytes, opened: OpenJournal) -> Quoted:
    words = [
        "".join(markdown.plain_inline(token.children or []))
        for token in markdown.parse(text, {})
        if token.type == "inline"
    ]
    plain = " ".join(" ".join(words).split()) or text
    return Quoted(plain, day.isoformat(), entry.hex(), day_title(day, opened.journal.today()))
