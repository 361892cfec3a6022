"""What templates see of the traces pages: the list, a trace's head, a year of it, its history."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from markupsafe import Markup

from llamora.journal import markdown
from llamora.journal.errors import NotFound
from llamora.journal.journal import Thread, Unopened
from llamora.journal.summaries import Summary
from llamora.journal.writing import Kind
from llamora.traces.completing import complete
from llamora.traces.names import plain, spoken
from llamora.traces.traces import Trace, Traces
from llamora.vault import Unreadable
from llamora.web.hypermedia import address_of
from llamora.web.pills import TraceView, trace_view, trace_views
from llamora.web.unlocked import OpenJournal
from llamora.web.views import EntryView, QuoteView, Views
from llamora.web.wording import MONTHS, _, ago, day_title, in_entries, number

PAGE = 100
"""Traces of the list that are sent at once."""
OFFERED = 8
MONTHS_SHOWN = 12
HISTORY_DAYS = 10
HISTORY_ENTRIES = 20
"""A piece of the history is full with so many days, or when it has so many entries."""
SUMMED_FROM = 3
"""Entries from which on there is something to sum up."""


@dataclass(frozen=True)
class RowView:
    """A trace in the list; `note` is how often it was used, or when last."""

    id: str
    name: str
    spoken: str
    note: str
    here: bool


@dataclass(frozen=True)
class PieceView:
    """A stretch of the list; one without rows is asked for as it comes into sight."""

    start: int
    rows: list[RowView]


@dataclass(frozen=True)
class ListView:
    total: int
    order: str
    pieces: list[PieceView]
    count: str
    earlier: int | None
    """Where the stretch before and the one after begin, for whoever turns pages."""
    later: int | None


@dataclass(frozen=True)
class HeadView:
    """A trace above what it touches. `mode` is "read", or which form stands there."""

    id: str
    name: str
    spoken: str
    count: str
    since: str
    resting: bool
    beside: list[tuple[TraceView, str]]
    """Traces that it keeps company with, and on how many entries."""
    mode: str = "read"
    typed: str = ""
    error: str = ""
    other: TraceView | None = None
    """The trace to merge into, if one is offered or chosen."""
    spelled: str = ""
    """The name as it would be kept, when it may be another spelling of `other`'s."""
    merging: str = ""
    offers: Sequence[TraceView] = ()


@dataclass(frozen=True)
class DotView:
    """A day of the year that is shown; one on which the trace was not used has no `href`. `mark` is
    any of "today", "first" and "ahead"."""

    href: str = ""
    level: int = 0
    words: str = ""
    mark: str = ""


@dataclass(frozen=True)
class MonthView:
    title: str
    begins: int
    """The weekday of its first, 1 to 7."""
    name: str
    dots: list[DotView]


@dataclass(frozen=True)
class YearView:
    title: str
    months: list[MonthView]
    previous: str | None
    next: str | None


@dataclass(frozen=True)
class SummaryView:
    """`wanted` says that it is to be made, or made anew, by whoever looks at it."""

    html: Markup
    quotes: list[QuoteView]
    who: str
    wanted: bool
    error: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.html and not self.quotes


@dataclass(frozen=True)
class PastDayView:
    iso: str
    title: str
    entries: list[EntryView]


@dataclass(frozen=True)
class HistoryView:
    """Days, newest first; what comes before `following`, if anything, is the next piece."""

    days: list[PastDayView]
    following: str | None
    before: str = ""


# The list


def ordered(traces: Traces, order: str) -> list[Trace]:
    """All traces as the diarist likes them listed."""
    found = traces.all()
    if order == "name":
        found.sort(key=lambda trace: _by_name(trace.name))
    elif order == "count":
        found.sort(key=lambda trace: traces.count(trace.id), reverse=True)
    else:
        found.sort(key=lambda trace: traces.last_used(trace.id) or date.min, reverse=True)
    return found


def list_view(
    traces: Traces,
    found: Sequence[Trace],
    order: str,
    today: date,
    *,
    here: bytes | None = None,
    start: int | None = None,
) -> ListView:
    """The list, with its first stretch and that of `here`, or with the one from `start` on."""
    filled = {0}
    at = next((n for n, trace in enumerate(found) if trace.id == here), None)
    if start is not None:
        filled = {min(start, max(0, len(found) - 1)) // PAGE}
    elif at is not None:
        filled |= {at // PAGE}
    pieces = [
        piece_view(traces, found, order, today, n, here=here)
        if n // PAGE in filled
        else PieceView(n, [])
        for n in range(0, len(found), PAGE)
    ]
    last = max(filled) * PAGE
    return ListView(
        total=len(found),
        order=order,
        pieces=pieces,
        count=_("%s traces") % number(len(found)) if len(found) != 1 else _("1 trace"),
        earlier=last - PAGE if last else None,
        later=last + PAGE if last + PAGE < len(found) else None,
    )


def piece_view(
    traces: Traces,
    found: Sequence[Trace],
    order: str,
    today: date,
    start: int,
    *,
    here: bytes | None = None,
) -> PieceView:
    def note(trace: Trace) -> str:
        if order != "recent":
            return number(traces.count(trace.id))
        last = traces.last_used(trace.id)
        return ago(last, today) if last else ""

    return PieceView(
        start,
        [
            RowView(trace.id.hex(), trace.name, spoken(trace.name), note(trace), trace.id == here)
            for trace in found[start : start + PAGE]
        ],
    )


def offers(traces: Traces, trace: Trace, typed: str) -> list[TraceView]:
    """Traces that another may be merged into: those that are meant by what is typed; before that,
    other spellings of it and its company."""
    if typed.strip():
        found = complete(traces, typed, OFFERED, kept={trace.id})
    else:
        beside = (other for other, _count in traces.beside(trace.id, OFFERED))
        found = list(dict.fromkeys((*traces.alike(trace.name), *beside)))
    return trace_views([other for other in found if other != trace][:OFFERED])


# A trace


def head_view(traces: Traces, trace: Trace) -> HeadView:
    since = traces.since(trace.id)
    return HeadView(
        id=trace.id.hex(),
        name=trace.name,
        spoken=spoken(trace.name),
        count=in_entries(traces.count(trace.id)),
        since=_("since %s") % month_title(since) if since else "",
        resting=trace.resting,
        beside=[
            (trace_view(other), _("together on %s") % in_entries(n))
            for other, n in traces.beside(trace.id)
        ],
    )


def month_title(day: date) -> str:
    return f"{_(MONTHS[day.month - 1])} {day.year}"


def year_view(uses: Mapping[date, Sequence[bytes]], today: date, end: date | None) -> YearView:
    """Twelve months that end with the month of `end`; with this month if it was used in the year
    to now, else with the last one in which it was."""
    newest, first = next(iter(uses), today), min(uses, default=today)
    if end is None:
        end = today if _month(today) - _month(newest) < MONTHS_SHOWN else newest
    last = max(_month(today), _month(newest))
    shown = range(max(_month(end) - MONTHS_SHOWN + 1, 12), _month(end) + 1)
    following = min(_month(end) + MONTHS_SHOWN, last)
    begin, close = _first_of(shown[0]), _first_of(shown[-1])
    return YearView(
        title=f"{month_title(begin)} – {month_title(close)}",
        months=[_month_view(_first_of(n), uses, today, first) for n in shown],
        previous=_iso_month(_month(end) - MONTHS_SHOWN) if _month(first) < shown[0] else None,
        next=_iso_month(following) if following > _month(end) else None,
    )


async def history(opened: OpenJournal, trace: bytes, before: date | None) -> HistoryView:
    """The latest days before that one on which a trace stands, with the entries that carry it.

    Opens these entries and what answers them, and nothing else.
    """
    today = opened.journal.today()
    chosen: list[tuple[date, Thread | Unopened]] = []
    uses, taken = opened.traces.uses(trace), 0
    left = [day for day in uses if before is None or day < before]
    for day in left[:HISTORY_DAYS]:
        taken += 1
        found = (_standing(opened, day, entry) for entry in uses[day])
        chosen += [(day, thread) for thread in found if thread]
        if len(chosen) >= HISTORY_ENTRIES:
            break
    entries = await Views(opened).entries([thread for _day, thread in chosen])
    days = [
        PastDayView(iso, day_title(date.fromisoformat(iso), today), list(group))
        for iso, group in groupby(entries, key=lambda entry: entry.day)
    ]
    following = left[taken - 1].isoformat() if taken < len(left) else None
    return HistoryView(days, following, before.isoformat() if before else "")


def may_be_summed(opened: OpenJournal, trace: bytes) -> bool:
    """Whether there is something to sum up, and somebody who may."""
    return opened.settings.companion and opened.traces.count(trace) >= SUMMED_FROM


def summary_view(summary: Summary | None, today: date, error: str = "") -> SummaryView:
    html = markdown.render_said(summary.text) if summary and summary.text else ""
    return SummaryView(
        html=Markup(html),  # noqa: S704 - sanitised by render
        quotes=[
            QuoteView(
                text=quote.text,
                day=quote.day.isoformat(),
                title=day_title(quote.day, today),
                entry=quote.entry.hex(),
                html=Markup(markdown.render(quote.text)),  # noqa: S704 - sanitised by render
            )
            for quote in (summary.quotes if summary else ())
        ],
        who=summary.model if summary else "",
        wanted=summary is None or summary.is_stale,
        error=error,
    )


# Below: steps of the above


def _by_name(name: str) -> tuple[bool, str]:
    """Words by their letters, and pictures after them."""
    return not any(map(str.isalnum, name)), plain(name)


def _month(day: date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _iso_month(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _month_view(
    begin: date, uses: Mapping[date, Sequence[bytes]], today: date, first: date
) -> MonthView:
    title = month_title(begin)
    dots: list[DotView] = []
    for n in range(monthrange(begin.year, begin.month)[1]):
        day = begin + timedelta(days=n)
        entries = uses.get(day, ())
        marks = {
            "today": day == today,
            "ahead": day > today,
            "first": day == first and bool(entries),
        }
        mark = " ".join(each for each, has in marks.items() if has)
        if not entries:
            dots.append(DotView(mark=mark))
            continue
        said = [_("today")] * marks["today"] + [_("the first day")] * marks["first"]
        words = " · ".join((day_title(day, today), in_entries(len(entries)), *said))
        href = f"{address_of('days.show', day=day)}#entry-{entries[0].hex()}"
        dots.append(DotView(href, min(len(entries), 3), words, mark))
    return MonthView(title, begin.isoweekday(), title[:3], dots)


def _standing(opened: OpenJournal, day: date, entry: bytes) -> Thread | Unopened | None:
    """An entry with its responses; None for one that went since it was counted."""
    try:
        return opened.journal.thread(entry)
    except NotFound:
        return None
    except Unreadable:
        return Unopened(entry, day, Kind.ENTRY)
