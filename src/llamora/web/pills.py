"""What templates see of the traces on an entry: pills, the picker, a pill's popover."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from llamora.companion.suggest_traces import Suggestion
from llamora.journal import markdown
from llamora.journal.errors import NotFound
from llamora.journal.journal import UNDO, Journal
from llamora.journal.summaries import Summary
from llamora.search.sentences import beginning
from llamora.traces.names import spoken
from llamora.traces.traces import Trace, Traces
from llamora.vault import Unreadable
from llamora.web.hypermedia import address_of
from llamora.web.wording import ago, day_title, in_entries, number

OPENINGS = 3
"""Entries that a popover shows."""
OPENING = 80
"""Characters of an entry that tell which one it is."""
_ENOUGH = 6 * OPENING
"""Characters of Markdown that hold so many words of it."""


@dataclass(frozen=True)
class TraceView:
    """A name on a pill; `spoken` is what it is called when it is an emoji."""

    id: str
    name: str
    spoken: str
    href: str


@dataclass(frozen=True)
class SuggestionView:
    name: str
    spoken: str
    is_new: bool


@dataclass(frozen=True)
class OptionView:
    """A name to take over; `note` is what stands beside it."""

    name: str
    spoken: str
    note: str


@dataclass(frozen=True)
class PickerView:
    """What the picker of an entry has to say to the last wish: an error about what was `typed`,
    another spelling of it that is there already, or what was dropped and can be kept again."""

    typed: str = ""
    error: str = ""
    otherwise: TraceView | None = None
    dropped: TraceView | None = None
    seconds: int = UNDO.seconds
    suggestions: list[SuggestionView] | None = None
    """None before anyone asked for them."""


@dataclass(frozen=True)
class OpeningView:
    entry: str
    day: str
    title: str
    ago: str
    text: str


@dataclass(frozen=True)
class PopoverView:
    """A trace, as seen from an entry that carries it; `entry` is empty when seen from nowhere.
    `awaited` says that the summary is asked for by whoever looks, and there in a moment."""

    trace: TraceView
    entry: str
    count: str
    used: str
    summary: str
    openings: list[OpeningView]
    awaited: bool = False


def trace_view(trace: Trace) -> TraceView:
    return TraceView(trace.id.hex(), trace.name, spoken(trace.name), page_of(trace.id))


def trace_views(traces: Iterable[Trace]) -> list[TraceView]:
    return [trace_view(trace) for trace in traces]


def suggestion_views(suggestions: Iterable[Suggestion]) -> list[SuggestionView]:
    return [SuggestionView(each.name, spoken(each.name), each.is_new) for each in suggestions]


def options(traces: Iterable[Trace], of: Traces) -> list[OptionView]:
    return [
        OptionView(trace.name, spoken(trace.name), number(of.count(trace.id))) for trace in traces
    ]


def emoji_options(named: Iterable[tuple[str, str]]) -> list[OptionView]:
    """Emoji with the shortcodes that they go by."""
    return [OptionView(emoji, spoken(emoji), f":{name}:") for name, emoji in named]


def page_of(trace: bytes) -> str:
    """The address of a trace's own page."""
    return address_of("traces.show", id=trace)


def popover_view(
    trace: Trace, entry: bytes | None, journal: Journal, traces: Traces, summary: Summary | None
) -> PopoverView:
    today, used = journal.today(), traces.last_used(trace.id)
    return PopoverView(
        trace_view(trace),
        entry.hex() if entry else "",
        in_entries(traces.count(trace.id)),
        ago(used, today) if used else "",
        in_short(summary),
        _openings(journal, traces, trace.id, entry, today),
    )


def in_short(summary: Summary | None) -> str:
    """The summary without its markup, on one line."""
    if summary is None:
        return ""
    if summary.text:
        return markdown.plain(summary.text[:_ENOUGH])
    return " · ".join(f"“{markdown.plain(quote.text)}”" for quote in summary.quotes[:2])


def _openings(
    journal: Journal, traces: Traces, trace: bytes, besides: bytes | None, today: date
) -> list[OpeningView]:
    """How the latest entries with a trace begin, besides the one it is looked at from. One that
    does not open is passed over."""
    found: list[OpeningView] = []
    for day, entries in traces.uses(trace).items():
        for id in reversed(entries):
            if len(found) == OPENINGS:
                return found
            if id == besides:
                continue
            try:
                text = _opening(journal.entry(id).text)
            except (NotFound, Unreadable):
                continue
            title = day_title(day, today)
            found.append(OpeningView(id.hex(), day.isoformat(), title, ago(day, today), text))
    return found


def _opening(text: str) -> str:
    """The first words of an entry."""
    words = markdown.plain(text[:_ENOUGH])
    begun = beginning(words, OPENING)
    return begun if begun == words else f"{begun}…"
