"""What the templates of search see: results, how to narrow them, searches offered again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from quart import url_for

from llamora.journal.writing import Kind
from llamora.search.query import without_dates
from llamora.traces.names import spoken
from llamora.web.wording import _, ago, day_title, number

if TYPE_CHECKING:
    from llamora.search.find import Found, Result
    from llamora.search.follow import Progress
    from llamora.search.recent import Remembered
    from llamora.search.snippets import Piece

PAGE = 10
"""Results that are shown at once."""
MOST_BARS = 60
"""Years that a histogram shows one by one, those without a result too."""


@dataclass(frozen=True)
class NameView:
    """A trace that is only named; `spoken` is what it is called when it is an emoji."""

    name: str
    spoken: str


@dataclass(frozen=True)
class ResultView:
    href: str
    iso: str
    day: str
    ago: str
    by_companion: bool
    pieces: "tuple[Piece, ...]"
    before: bool
    after: bool
    traces: tuple[NameView, ...]


@dataclass(frozen=True)
class PillView:
    """The date that narrows a search; `without` is the query when it is taken away."""

    label: str
    without: str


@dataclass(frozen=True)
class BarView:
    """A year and how much of it was found; `height` in hundredths of the highest."""

    year: int
    count: int
    words: str
    height: int
    labelled: bool


@dataclass(frozen=True)
class FoundView:
    """A page of results. `following` is the offset of the next, None at the end. `others` are the
    other words that were searched with; when a model could be asked for some, `may_ask`, and
    `unsaid` is why it just had none."""

    typed: str
    dates: str
    results: list[ResultView]
    offset: int
    following: int | None
    count: str
    notes: tuple[str, ...]
    pill: PillView | None
    by: str
    since: str
    until: str
    years: list[BarView] = field(default_factory=list)
    catching_up: str = ""
    others: tuple[str, ...] = ()
    may_ask: bool = False
    unsaid: str = ""

    @property
    def is_nothing(self) -> bool:
        return not self.results and not self.offset


@dataclass(frozen=True)
class Offer:
    """A query to be taken over: `begun` is what stands in the field already. `id` is that of a
    remembered one."""

    query: str
    begun: str
    rest: str
    id: str = ""


def found_view(
    found: "Found", today: date, progress: "Progress | None", *, read_dates: bool
) -> FoundView:
    query, end = found.query, found.offset + PAGE
    named = query.dates
    return FoundView(
        typed=query.typed,
        dates="" if read_dates else "off",
        results=[_result(result, today) for result in found.results],
        offset=found.offset,
        following=end if end < found.total else None,
        count=_count(found.total),
        notes=found.notes,
        pill=PillView(named.label, without_dates(query.typed, named)) if named else None,
        by=query.by,
        since=query.since.isoformat() if query.since else "",
        until=query.until.isoformat() if query.until else "",
        years=_bars(found.years),
        catching_up=_catching_up(progress),
        others=query.others,
    )


def offers(
    typed: str, completions: Sequence[str], remembered: "Sequence[Remembered]", limit: int
) -> tuple[list[Offer], list[Offer]]:
    """What completes the typed text, and the remembered searches that begin, or have a word that
    begins, as it does."""
    completing = [Offer(f"{each} ", *_cut(each, typed)) for each in completions]
    begun = typed.strip().casefold()
    again = [
        Offer(each.text, "", each.text, each.id.hex())
        for each in remembered
        if f" {begun}" in f" {each.text.casefold()}" and each.text.casefold() != begun
    ]
    return completing, again[:limit]


def _cut(whole: str, typed: str) -> tuple[str, str]:
    """A completion as the part that is typed and the part that is not; where they differ in more
    than their length, as when accents are left out, all of its last word is new."""
    if whole.casefold().startswith(typed.casefold()):
        return whole[: len(typed)], whole[len(typed) :]
    start = whole.rfind(" ") + 1
    return whole[:start], whole[start:]


def _result(result: "Result", today: date) -> ResultView:
    response = result.kind is Kind.RESPONSE
    id, shown = result.writing.hex(), result.snippet
    place = url_for(
        "days.show",
        day=result.day.isoformat(),
        passage=f"{id}.{shown.start}-{shown.end}",
        _anchor=f"{'response' if response else 'entry'}-{id}",
    )
    return ResultView(
        href=place,
        iso=result.day.isoformat(),
        day=day_title(result.day, today),
        ago=ago(result.day, today),
        by_companion=response,
        pieces=shown.pieces,
        before=shown.before,
        after=shown.after,
        traces=tuple(NameView(name, spoken(name)) for name in result.traces),
    )


def _count(total: int) -> str:
    if total == 0:
        return _("Nothing found.")
    return _("%s results") % number(total) if total > 1 else _("1 result")


def _bars(years: Mapping[int, int]) -> list[BarView]:
    """One bar a year from the first to the last; of a very long time only those with results."""
    if len(years) < 2:
        return []
    first, last, most = min(years), max(years), max(years.values())
    shown = list(range(first, last + 1))
    if len(shown) > MOST_BARS:
        shown = sorted(years)
    step = next(n for n in (1, 2, 5, 10, 10_000) if len(shown) <= 12 * n or n == 10_000)
    return [
        BarView(
            year,
            years.get(year, 0),
            _count(years[year]) if year in years else _("nothing"),
            max(2, round(100 * years.get(year, 0) / most)),
            year % step == 0 or (step == 10_000 and year in (first, last)),
        )
        for year in shown
    ]


def _catching_up(progress: "Progress | None") -> str:
    if progress is None:
        return ""
    said = {
        "index": _("Still reading %s of %s entries; older ones may be missing."),
        "embed": _("%s of %s entries are read anew for their meaning; all of them can be found."),
    }[progress.what]
    return said % (number(progress.done), number(progress.total))
