"""What templates see: days, entries and responses, ready to be shown."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from markupsafe import Markup

from llamora.accounts import Settings
from llamora.companion.companion import Companion
from llamora.journal import drafts, markdown
from llamora.journal.days import FIRST_DAY, LAST_DAY, month_grid
from llamora.journal.journal import ENTRY_BYTES, Journal, Thread, Unopened
from llamora.journal.writing import Entry, Kind, Response, Writing, stamp
from llamora.kernel import day_of
from llamora.kernel import zone as zone_of
from llamora.traces.traces import Trace
from llamora.web.day_opening import OpeningView, opening_view
from llamora.web.looking_back import Earlier, earlier
from llamora.web.marking import Passage, mark
from llamora.web.pills import PickerView, TraceView, trace_views
from llamora.web.unlocked import OpenJournal
from llamora.web.wording import MONTHS, WEEKDAYS, _, clock, day_number, day_title, weekday

BIG_TEXT = 8_000
"""Characters of Markdown from which rendering goes to a thread."""


@dataclass(frozen=True)
class QuoteView:
    text: str
    day: str
    title: str
    entry: str
    html: Markup


@dataclass(frozen=True)
class ResponseView:
    id: str
    entry: str
    html: Markup
    who: str
    engine: str
    state: str
    sentence: str
    time: str
    quotes: list[QuoteView] = field(default_factory=list)
    attached: list[TraceView] = field(default_factory=list)
    """The traces that were attached when it was asked for."""
    has_reading: bool = False
    """Whether it is known what a model read for it."""


@dataclass(frozen=True)
class EntryView:
    id: str
    day: str
    revision: int
    html: Markup
    text: str
    time: str
    stamp: str
    clock: str
    responses: list[ResponseView]
    traces: list[TraceView] = field(default_factory=list)
    attachable: bool = False
    """Whether there are traces to attach to an answer."""
    likely: list[TraceView] = field(default_factory=list)
    """Those that are offered for it, its own first."""
    mode: str = "read"
    draft: str = ""
    draft_restored: bool = False
    unfinished: bool = False
    """Whether an edit of it was begun and not kept."""
    rests: bool = False
    """Whether it was let rest itself."""
    kept_back: bool = False
    """Whether no model may be told of it."""
    key: str = ""
    seen: str = ""
    error: str = ""
    theirs: str = ""
    typed_day: str = ""
    picker: PickerView | None = None
    limit: int = ENTRY_BYTES


@dataclass(frozen=True)
class DayView:
    date: date
    iso: str
    title: str
    short: str
    weekday: str
    number: str
    is_today: bool
    is_future: bool
    is_written: bool
    previous: str | None
    next: str | None
    previous_written: str | None
    next_written: str | None
    turns_at: str | None
    first_visit: bool
    entries: list[EntryView]
    erased: dict[str, int]
    """Entries that can still be brought back, and for how many seconds."""
    draft: str
    draft_saved: str
    key: str
    seen: str
    limit: int
    zone: str
    damaged: bool
    """Whether something in the journal does not open."""
    closed: bool
    """Whether it is this day's own row."""
    rests: bool
    earlier: Earlier
    opening: OpeningView | None = None
    has_recap: bool = False


class Views:
    """Makes views of one open journal, with a passage marked where it is shown."""

    def __init__(self, opened: OpenJournal, passage: Passage | None = None) -> None:
        self._opened = opened
        self._passage = passage
        self._journal: Journal = opened.journal
        self._companion: Companion = opened.companion
        self._settings: Settings = opened.settings
        self._elsewhere: dict[bytes, str] = {}  # what other processes are writing, as HTML
        self._marked: dict[bytes, str] = {}  # the writing with the passage; no cache holds it

    async def day(
        self,
        day: date,
        threads: Sequence[Thread | Unopened] | None = None,
        *,
        drafted: bool = True,
    ) -> DayView:
        """A day; without its draft for a form that is to be empty."""
        journal = self._journal
        today = journal.today()
        back, opening = Earlier(), None
        if threads is None:
            threads, back = journal.standing(day), earlier(self._opened, day)
            opening = opening_view(self._opened, day)
        days = journal.days
        draft = journal.draft(drafts.of_day(day)) if drafted and day <= today else None
        return DayView(
            date=day,
            iso=day.isoformat(),
            title=day_title(day, today),
            short=f"{weekday(day)} {day_number(day, today)}",
            weekday=weekday(day),
            number=day_number(day, today),
            is_today=day == today,
            is_future=day > today,
            is_written=days.is_written(day),
            previous=(day - timedelta(days=1)).isoformat() if day > FIRST_DAY else None,
            next=(day + timedelta(days=1)).isoformat() if day < min(today, LAST_DAY) else None,
            previous_written=_iso(days.previous_written(day)),
            next_written=_iso(days.next_written(day)),
            turns_at=stamp(journal.turns_at(day)) if day == today else None,
            first_visit=not days.written and not journal.damaged,
            entries=await self.entries(threads),
            erased={id.hex(): left.seconds for id, left in journal.erased(day).items()},
            draft=draft.text if draft else "",
            draft_saved=_("draft saved") if draft else "",
            key=secrets.token_hex(16),
            seen=draft.mark if draft else "",
            limit=ENTRY_BYTES,
            zone=journal.zone,
            damaged=journal.damaged > 0 or any(isinstance(t, Unopened) for t in threads),
            closed=journal.is_damaged(day),
            rests=day in journal.rests.days,
            earlier=back,
            opening=opening,
            has_recap=self._has_recap(day),
        )

    def _has_recap(self, day: date) -> bool:
        """Whether a model said what the day held, and it is known what it read for that."""
        told = self._journal.recap(day) if self._opened.settings.companion else None
        return told is not None and told.reading is not None

    async def entries(self, threads: Sequence[Thread | Unopened]) -> list[EntryView]:
        entries: list[Writing] = [t.entry for t in threads if isinstance(t, Thread)]
        writings = [*entries, *(r for t in threads for r in t.responses)]
        await self._render_all(writings)
        await self._mark_in(writings)
        drafted = self._journal.drafted(entry.id for entry in entries)
        traced: dict[bytes, list[Trace]] = {}
        for day in {entry.day for entry in entries}:
            traced |= self._opened.traces.on_day(day)
        attachable = self._opened.traces.are_there
        return [
            self._entry(t, t.entry.id in drafted, traced, attachable=attachable)
            if isinstance(t, Thread)
            else self._unopened(t)
            for t in threads
        ]

    async def entry(self, thread: Thread, **more: object) -> EntryView:
        (view,) = await self.entries([thread])
        draft = self._journal.draft(drafts.of_entry(thread.entry.id)) if view.unfinished else None
        form = {"key": secrets.token_hex(16), "seen": draft.mark if draft else ""}
        return replace(view, **(form | more))  # pyright: ignore[reportArgumentType]

    async def response(self, response: Response, sentence: str = "") -> ResponseView:
        await self._render_all([response])
        traced = self._opened.traces.on_day(response.day)
        return self._response(response, traced, sentence)

    def calendar_month(self, first: date) -> dict[str, object]:
        """The month that begins on `first`."""
        today = self._journal.today()
        last_month = date(today.year, today.month, 1)
        weeks = [
            [self._cell(day, today) if day else None for day in week]
            for week in month_grid(first.year, first.month)
        ]
        previous = (first - timedelta(days=1)) if first > FIRST_DAY else None
        following = (first + timedelta(days=32)).replace(day=1) if first < last_month else None
        return {
            "kind": "month",
            "title": f"{_(MONTHS[first.month - 1])} {first.year}",
            "previous": previous.isoformat()[:7] if previous else None,
            "next": following.isoformat()[:7] if following else None,
            "today": today.isoformat(),
            "weeks": weeks,
            "weekdays": [_(name) for name in WEEKDAYS],
        }

    def calendar_year(self, year: int) -> dict[str, object]:
        today = self._journal.today()
        months = [
            {
                "title": _(name),
                "value": f"{year:04d}-{number:02d}",
                "days": [
                    self._cell(day, today) if day else None
                    for week in month_grid(year, number)
                    for day in week
                ],
            }
            for number, name in enumerate(MONTHS, 1)
        ]
        return {
            "kind": "year",
            "title": str(year),
            "previous": str(year - 1) if year > FIRST_DAY.year else None,
            "next": str(year + 1) if year < today.year else None,
            "today": today.isoformat(),
            "months": months,
        }

    def _cell(self, day: date, today: date) -> dict[str, object]:
        return {
            "n": day.day,
            "iso": day.isoformat(),
            "written": self._journal.days.is_written(day),
            "is_today": day == today,
            "is_future": day > today,
            "title": day_title(day, today),
        }

    def _entry(
        self,
        thread: Thread,
        unfinished: bool,
        traced: Mapping[bytes, list[Trace]],
        *,
        attachable: bool,
    ) -> EntryView:
        entry = thread.entry
        later = added_later(entry, self._journal.day_starts_at)
        return EntryView(
            id=entry.id.hex(),
            day=entry.day.isoformat(),
            revision=entry.revision,
            html=self._html(entry),
            text=entry.text,
            time=self._time(entry),
            stamp=stamp(entry.at) if entry.at else "",
            clock="" if later or not entry.local else f"{entry.local:%H:%M}",
            responses=[self._response(r, traced) for r in thread.responses],
            traces=trace_views(traced.get(entry.id, [])),
            attachable=attachable,
            unfinished=unfinished,
            rests=entry.id in self._journal.rests.entries,
            kept_back=entry.id in self._journal.rests.kept_back,
        )

    def _unopened(self, lost: Unopened) -> EntryView:
        """The place of what does not open."""
        return EntryView(
            id=lost.id.hex(),
            day=lost.day.isoformat(),
            revision=0,
            html=Markup(),
            text="",
            time="",
            stamp="",
            clock="",
            responses=[self._response(r, {}) for r in lost.responses],
            mode="unopened" if lost.kind is Kind.ENTRY else "unopened response",
        )

    def _time(self, entry: Entry) -> str:
        """When it was written; for a day added to later, on which day it was added."""
        if entry.at is None or entry.local is None:
            return ""
        if not added_later(entry, self._journal.day_starts_at):
            return clock(entry.local, self._settings.clock_hours)
        written_on = day_of(entry.at, entry.zone or "UTC", self._journal.day_starts_at)
        return _("added %s") % day_number(written_on, self._journal.today())

    def _response(
        self, response: Response, traced: Mapping[bytes, list[Trace]], sentence: str = ""
    ) -> ResponseView:
        state = response.state
        if state == "writing" and not self._companion.is_alive(response):
            state = "cut"
        generation = self._companion.generation(response.id)
        if not sentence and generation:
            sentence = generation.sentence
        if not sentence:
            sentence = {
                "stopped": "You stopped it here.",
                "cut": "It broke off here.",
            }.get(state, "")
        today = self._journal.today()
        local = response.at.astimezone(zone_of(self._journal.zone))
        time = clock(local, self._settings.clock_hours)
        if abs((local.date() - response.day).days) > 1:
            time = day_number(local.date(), today)
        return ResponseView(
            id=response.id.hex(),
            entry=response.entry.hex(),
            html=self._html(response),
            who=response.model,
            engine=response.engine,
            state=state,
            sentence=sentence,
            time=time,
            quotes=[
                QuoteView(
                    q.text,
                    q.day.isoformat(),
                    day_title(q.day, today),
                    q.entry.hex(),
                    Markup(markdown.render(q.text)),  # noqa: S704 - sanitised by render
                )
                for q in response.quotes
            ],
            attached=trace_views(traced.get(response.id, [])),
            has_reading=response.reading is not None,
        )

    def _html(self, writing: Writing) -> Markup:
        if isinstance(writing, Response) and writing.state == "writing":
            # It changes while its revision stays, so it is kept nowhere.
            generation = self._companion.generation(writing.id)
            html = generation.html if generation else self._elsewhere.get(writing.id, "")
            return Markup(html)  # noqa: S704 - sanitised as it was rendered
        html = self._opened.rendered.get(writing.id, writing.revision)
        if html is None:
            html = _rendered(writing)
            self._opened.rendered.put(writing.id, writing.revision, html)
        html = self._marked.get(writing.id, html)
        return Markup(html)  # noqa: S704 - sanitised by render, and marking keeps it so

    async def _render_all(self, writings: Sequence[Writing]) -> None:
        """Renders what was never shown before, in a thread when it is much."""
        rendered = self._opened.rendered
        growing = [
            w
            for w in writings
            if isinstance(w, Response)
            and w.state == "writing"
            and not self._companion.generation(w.id)
        ]
        fresh = [
            w
            for w in writings
            if not (isinstance(w, Response) and w.state == "writing")
            and rendered.get(w.id, w.revision) is None
        ]
        todo = [*growing, *fresh]
        if not growing and sum(len(w.text) for w in todo) <= BIG_TEXT:
            return
        pages = await asyncio.to_thread(lambda: [_rendered(w) for w in todo])
        for writing, html in zip(todo, pages, strict=True):
            if writing in growing:
                self._elsewhere[writing.id] = html
            else:
                rendered.put(writing.id, writing.revision, html)

    async def _mark_in(self, writings: Sequence[Writing]) -> None:
        """Marks the passage where it is among these, in a thread: a long text takes a while."""
        passage = self._passage
        for writing in writings:
            growing = isinstance(writing, Response) and writing.state == "writing"
            if passage and passage.writing == writing.id and not growing:
                html = str(self._html(writing))
                self._marked[writing.id] = await asyncio.to_thread(
                    mark, html, writing.text, passage.start, passage.end
                )


def added_later(entry: Entry, day_starts_at: int) -> bool:
    """Whether it was written on another day than it is about, so that its time says nothing."""
    if entry.at is None:
        return False
    written_on = day_of(entry.at, entry.zone or "UTC", day_starts_at)
    return abs((written_on - entry.day).days) > 1


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _rendered(writing: Writing) -> str:
    is_told = isinstance(writing, Response) and writing.engine == "model"
    return markdown.render_said(writing.text) if is_told else markdown.render(writing.text)
