"""What a day's page shows of earlier years of its date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from llamora.companion.on_this_day import Glimpse
from llamora.journal.errors import NotFound
from llamora.web.ids import read_id
from llamora.web.unlocked import OpenJournal
from llamora.web.wording import _, day_number, day_title

YEARS_SHOWN = 3
"""Earlier years beyond these wait until they are asked for."""


@dataclass(frozen=True)
class GlimpseView:
    """One entry of an earlier year, as it is seen from the page of a day; or, when it was let rest
    from there, the place where it stood."""

    entry: str
    day: str
    label: str
    title: str
    sentence: str
    seen_from: str
    rests: bool = False


@dataclass(frozen=True)
class Earlier:
    """The latest of the earlier years, what is behind them, and in words how many years that is."""

    shown: Sequence[GlimpseView] = ()
    more: Sequence[GlimpseView] = ()
    more_years: str = ""


def earlier(opened: OpenJournal, day: date) -> Earlier:
    """What that day's page shows; nothing for a diarist who does not want it."""
    if not opened.settings.on_this_day or day > opened.journal.today():
        return Earlier()
    found = [_view(opened, each, day) for each in opened.on_this_day.earlier(day)]
    years = list(dict.fromkeys(view.day[:4] for view in found))
    near = years[:YEARS_SHOWN]
    shown = [view for view in found if view.day[:4] in near]
    return Earlier(shown, found[len(shown) :], _more(len(years) - len(near)))


def glimpse(opened: OpenJournal, id: bytes, seen_from: date) -> GlimpseView | None:
    """An entry as it stands there, or the place that it left; None when neither is there.

    Raises:
        NotFound: the entry is gone.
    """
    if id in opened.journal.rests.entries:
        entry = opened.journal.entry(id)
        return _view(opened, Glimpse(entry.day, id, ""), seen_from, rests=True)
    found = opened.on_this_day.of(id)
    return _view(opened, found, seen_from) if found else None


def just_rested(opened: OpenJournal, id: str, seen_from: date) -> GlimpseView | None:
    """The place that an entry left, for the page that comes after a form; None unless it rests."""
    named = read_id(id)
    try:
        view = glimpse(opened, named, seen_from) if named else None
    except NotFound:  # an address that anyone may have typed
        return None
    return view if view and view.rests else None


def _more(years: int) -> str:
    return _("and one more year") if years == 1 else _("and %d more years") % years


def _view(
    opened: OpenJournal, found: Glimpse, seen_from: date, *, rests: bool = False
) -> GlimpseView:
    today = opened.journal.today()
    same = (found.day.month, found.day.day) == (seen_from.month, seen_from.day)
    return GlimpseView(
        entry=found.entry.hex(),
        day=found.day.isoformat(),
        label=str(found.day.year) if same else day_number(found.day, today),
        title=day_title(found.day, today),
        sentence=found.sentence,
        seen_from=seen_from.isoformat(),
        rests=rests,
    )
