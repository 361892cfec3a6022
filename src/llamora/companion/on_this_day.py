"""On this day: what the diarist wrote on the same date in earlier years, a sentence of each.

Only entries, in the diarist's own words: no quotation, no response, nothing that rests. No model
has a part in it.
"""

from calendar import isleap
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from llamora.companion.resting import Resting
from llamora.journal import markdown
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry, Kind
from llamora.search.sentences import beginning, sentences
from llamora.vault import Unreadable

SENTENCE_CHARACTERS = 120
FEWEST_CHARACTERS = 20
"""A sentence shorter than this says little by itself."""

LOOKED_THROUGH = 1_000
"""Characters of an entry in which a sentence is looked for."""

LOOKED_AT = 20
"""Entries of a day that are opened for one: a day may hold thousands of a word each."""

KEPT_SENTENCES = 2_000

_ENDS = (".", "!", "?", "…", "。", "！", "？")
_CLOSING = "\"'”’»」』）)]"


@dataclass(frozen=True)
class Glimpse:
    """One sentence of an entry, and where it stands."""

    day: date
    entry: bytes
    sentence: str


@dataclass(frozen=True)
class Sentence:
    """A sentence, verbatim; cut, with an ellipsis, when it is not whole."""

    text: str
    whole: bool


class OnThisDay:
    """Looks back from the days of one unlocked journal, on the event loop.

    The sentences it chose are kept with it, by entry and revision, and go when it goes.
    """

    def __init__(self, journal: Journal, resting: Resting) -> None:
        self._journal = journal
        self._resting = resting
        self._chosen: OrderedDict[tuple[bytes, int], Sentence | None] = OrderedDict()

    def earlier(self, day: date) -> list[Glimpse]:
        """A glimpse of each day of that date that was written in an earlier year, newest first."""
        written = self._journal.days.written
        if not written:
            return []
        found = (self._of_day(other) for other in earlier_dates(day, written[0].year))
        return [glimpse for glimpse in found if glimpse]

    def of(self, id: bytes) -> Glimpse | None:
        """A glimpse of one entry; None while it rests. Raises `NotFound`."""
        entry = self._journal.entry(id)
        return self._of_entry(entry.day, id, entry.revision)

    def _of_day(self, day: date) -> Glimpse | None:
        """The first entry with a whole sentence, of the first few that do not rest; the first of
        these with any words if there is none."""
        table = self._journal.days.table(day)
        cut: Glimpse | None = None
        awake = (
            item
            for item in (table.items if table else ())
            if item.kind is Kind.ENTRY and self._resting.may_resurface(item.id, day)
        )
        for item in islice(awake, LOOKED_AT):
            glimpse = self._of_entry(day, item.id, item.revision)
            if glimpse and self._is_whole(item.id, item.revision):
                return glimpse
            cut = cut or glimpse
        return cut

    def _of_entry(self, day: date, id: bytes, revision: int) -> Glimpse | None:
        if not self._resting.may_resurface(id, day):
            return None
        sentence = self._sentence(id, revision)
        return Glimpse(day, id, sentence.text) if sentence else None

    def _is_whole(self, id: bytes, revision: int) -> bool:
        sentence = self._sentence(id, revision)
        return sentence is not None and sentence.whole

    def _sentence(self, id: bytes, revision: int) -> Sentence | None:
        key = (id, revision)
        if key in self._chosen:
            self._chosen.move_to_end(key)
            return self._chosen[key]
        try:
            found = self._journal.find(id)
        except Unreadable:
            return None  # it stands on its day as what it is
        chosen = telling(found.text) if isinstance(found, Entry) else None
        if found and found.revision == revision:
            self._chosen[key] = chosen
            if len(self._chosen) > KEPT_SENTENCES:
                self._chosen.popitem(last=False)
        return chosen


def earlier_dates(day: date, first_year: int) -> Iterator[date]:
    """The same date in earlier years, down to that one, newest first.

    A 29 February is seen from 29 Februaries; in a year without one, from its 28 February too.
    """
    last_of_february = (day.month, day.day) == (2, 28) and not isleap(day.year)
    for year in range(day.year - 1, first_year - 1, -1):
        if last_of_february and isleap(year):
            yield date(year, 2, 29)
        if (day.month, day.day) != (2, 29) or isleap(year):
            yield day.replace(year=year)


def telling(text: str) -> Sentence | None:
    """The first whole sentence of an entry's prose that is neither very short nor long; without
    one, how its prose begins. Markdown's signs are left out; None when there are no words."""
    begun = ""
    for paragraph in _paragraphs(text[:LOOKED_THROUGH]):
        for start, end in sentences(paragraph):
            sentence = paragraph[start:end].strip()
            is_whole = sentence.rstrip(_CLOSING).endswith(_ENDS)
            if is_whole and FEWEST_CHARACTERS <= len(sentence) <= SENTENCE_CHARACTERS:
                return Sentence(sentence, whole=True)
            if len(sentence) > len(begun) and len(begun) < FEWEST_CHARACTERS:
                begun = sentence
    return Sentence(_shortened(begun), whole=False) if begun else None


def _paragraphs(text: str) -> list[str]:
    """The words of each paragraph; where there are none, of headings and lists. No quotations."""
    prose: list[str] = []
    other: list[str] = []
    quoted, before = 0, ""
    for token in markdown.parse(text, {}):
        if token.type in ("blockquote_open", "blockquote_close"):
            quoted += token.nesting
        elif token.type == "inline" and not quoted:
            words = " ".join(markdown.plain_inline(token.children or []).split())
            (prose if before == "paragraph_open" and token.level == 1 else other).append(words)
        before = token.type
    return prose if any(prose) else other


def _shortened(sentence: str) -> str:
    """Its beginning and an ellipsis, if it is long."""
    if len(sentence) <= SENTENCE_CHARACTERS:
        return sentence
    return beginning(sentence, SENTENCE_CHARACTERS).rstrip(" ,;:–—-") + "…"
