"""What a diarist typed into the search field: words, phrases, operators, dates. Pure.

Nothing that is typed raises. What looks like an operator and is not understood is told in a
sentence and not searched for; whatever else is not understood is a word.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import NamedTuple

from llamora.search import dates
from llamora.search.dates import FIRST_DAY, LAST_DAY, DateWords, Period
from llamora.search.words import words

LONGEST = 512
"""How many characters of what was typed are searched for."""


@dataclass(frozen=True)
class Query:
    """What to look for and what to narrow it by.

    `typed` is the whole text, trimmed. `words` is what ranks: the free text, the words of phrases
    too, without operators and without the date that `dates` names. `phrases` must stand in the
    text; `without` and `without_phrases` must not. `since` and `until` are what is left when all
    dates are taken together, both inclusive. `traces` are trace names in NFKC and lower case.
    `by` is "", "me" or "companion". Each of `problems` is a sentence about a piece that was not
    understood and is not searched for. `others` are words and phrases that the page may hold
    instead of those typed: they count for less, and narrow nothing.
    """

    typed: str
    words: str
    phrases: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    without_phrases: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    traces: tuple[str, ...] = ()
    by: str = ""
    dates: DateWords | None = None
    problems: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for and nothing to narrow by."""
        return not self.words and not self._is_narrowed

    @property
    def is_only_narrowing(self) -> bool:
        """Whether it only says among which entries: those are then listed, the newest first."""
        return not self.words and self._is_narrowed

    @property
    def has_free_words(self) -> bool:
        """Whether there are words in it that other words could stand for: not those of a phrase,
        which is exact."""
        exact = Counter(word.folded for phrase in self.phrases for word in words(phrase))
        return bool(Counter(word.folded for word in words(self.words)) - exact)

    @property
    def _is_narrowed(self) -> bool:
        narrowing = (self.since, self.until, self.traces, self.by, self.without)
        return any(narrowing) or bool(self.without_phrases)


def parse(text: str, today: date, *, read_dates: bool = True) -> Query:
    """What the typed text asks for; `today` is the diarist's day.

    Without `read_dates` a date in words is nothing but words; operators are read all the same.
    """
    typed = text.replace("\0", "").encode(errors="replace").decode().strip()
    reading = _Reading(_cut(typed), today)
    if len(typed) > LONGEST:
        reading.problems.append(
            f"Only the first {LONGEST} characters are searched for; the rest was left out."
        )
    reading.read()
    if read_dates:
        reading.read_date_words()
    since, until = reading.period or (None, None)
    return Query(
        typed,
        reading.words(),
        _once(reading.phrases),
        _once(reading.without),
        _once(reading.without_phrases),
        since if since != FIRST_DAY else None,
        until if until != LAST_DAY else None,
        _once(reading.traces),
        reading.by,
        reading.dates(),
        _once(reading.problems),
    )


def without_dates(typed: str, dates: DateWords) -> str:
    """What was typed, without the date that `dates` names; `typed` is that of the same query."""
    kept, at = [], 0
    for start, end in dates.spans:
        kept.append(typed[at:start])
        at = end
    return " ".join(" ".join([*kept, typed[at:]]).split())


def _once(each: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each))


def _cut(typed: str) -> str:
    """As many whole words as may be searched for, with one plain space for each white space,
    control character and mark of direction: none of them is part of a word."""
    short = typed[:LONGEST]
    if len(typed) > LONGEST and not (short[-1].isspace() or typed[LONGEST].isspace()):
        short = short.rsplit(maxsplit=1)[0]
    return "".join(" " if c.isspace() or c in _MARKS or _is_control(c) else c for c in short)


_MARKS = frozenset(
    "\u061c\u200b\u200e\u200f\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def _is_control(c: str) -> bool:
    return unicodedata.category(c) == "Cc"


# The pieces


QUOTES = '"“”„‟«»'
_DATED = ("on", "before", "after")
_OPERATORS = (*_DATED, "trace", "by")
_ELSEWHERE = {
    "at": "on",
    "author": "by",
    "date": "on",
    "day": "on",
    "during": "on",
    "from": "after",
    "has": "trace",
    "in": "on",
    "is": "by",
    "label": "trace",
    "month": "on",
    "newer": "after",
    "older": "before",
    "since": "after",
    "tag": "trace",
    "tags": "trace",
    "to": "before",
    "until": "before",
    "when": "on",
    "who": "by",
    "year": "on",
}
"""What other programs call theirs, and which of ours comes nearest."""

_NAMED = re.compile(r"(-?)([a-z]+):(?!//)", re.IGNORECASE | re.ASCII)
_PHRASE = re.compile(rf"[{QUOTES}]([^{QUOTES}]*)[{QUOTES}][,;.!?]*")
# A mark of inches or the like, behind a letter or digit, opens no phrase: 5" nails.
_PLAIN = re.compile(rf"[^ ](?:[^ {QUOTES}]|(?<=\w)[{QUOTES}])*")
_WHOLE = re.compile(r"[^ ]*")


class _Value(NamedTuple):
    """What stands behind an operator, and where it ends."""

    text: str
    end: int


class _Reading:
    """One way through the text, from left to right, and what was found on it."""

    def __init__(self, text: str, today: date) -> None:
        self.text = text
        self.today = today
        self.phrases: list[str] = []
        self.without: list[str] = []
        self.without_phrases: list[str] = []
        self.traces: list[str] = []
        self.by = ""
        self.problems: list[str] = []
        self.period: Period | None = None
        self._dated: list[tuple[int, int]] = []  # where operators that say a date stand
        self._in_words: DateWords | None = None
        # The text with nothing but its free words, and with those and the phrases, in place.
        self._free = [" " if c == " " else "\0" for c in text]
        self._ranked = [" "] * len(text)

    def read(self) -> None:
        at = 0
        while at < len(self.text):
            at = at + 1 if self.text[at] == " " else self._piece(at)

    def read_date_words(self) -> None:
        """Takes the first date said in words out of the free words, and narrows by it."""
        said = dates.find("".join(self._free), self.today)
        if said is None:
            return
        both = _both(self.period, Period(said.since, said.until))
        if both is None:
            self.problems.append(
                f"“{said.text}” lies outside the dates beside it, so it is searched for as words."
            )
            return
        self.period, self._in_words = both, said
        for start, end in said.spans:
            self._ranked[start:end] = " " * (end - start)

    def words(self) -> str:
        said = "".join(self._ranked).split()
        return " ".join(word for word in said if word.strip("-–—"))

    def dates(self) -> DateWords | None:
        if self._in_words or self.period is None:
            return self._in_words
        said = " ".join(self.text[start:end] for start, end in self._dated)
        return DateWords(said, dates.label(*self.period), *self.period, spans=tuple(self._dated))

    def _piece(self, at: int) -> int:
        """Reads the piece that begins here; where it ends."""
        if named := _NAMED.match(self.text, at):
            minus, name = named[1], named[2]
            if name.lower() in _OPERATORS:
                return self._operator(at, named.end(), name.lower(), bool(minus))
            if (ours := _meant(name)) and self._begins_a_value(named.end()):
                self._tell(f"There is no “{name}:”; did you mean “{ours}:”?")
                return self._value(named.end()).end
        if self.text[at] in QUOTES:
            return self._phrase(at)
        if self.text[at] == "-" and self.text[at + 1 : at + 2] not in ("", " ", "-"):
            return self._minus(at)
        return self._plain(at)

    def _plain(self, at: int) -> int:
        word = _PLAIN.match(self.text, at)
        return self._keep(at, word.end() if word else at + 1)

    def _keep(self, start: int, end: int) -> int:
        self._free[start:end] = self._ranked[start:end] = self.text[start:end]
        return end

    def _phrase(self, at: int) -> int:
        found = _PHRASE.match(self.text, at)
        if found is None:
            return self._unclosed(at)
        if phrase := " ".join(found[1].split()):
            self.phrases.append(phrase)
            self._ranked[found.start(1) : found.end(1)] = found[1]
        return found.end()

    def _unclosed(self, at: int) -> int:
        """A quotation mark without another: whatever stands behind it is nothing but words."""
        self._tell("A quotation mark is not closed; what follows it is searched for as words.")
        self._ranked[at + 1 :] = self.text[at + 1 :]
        return len(self.text)

    def _minus(self, at: int) -> int:
        if self.text[at + 1] in QUOTES:
            found = _PHRASE.match(self.text, at + 1)
            if found is None:
                return self._unclosed(at + 1)
            if phrase := " ".join(found[1].split()):
                self.without_phrases.append(phrase)
            return found.end()
        word = _PLAIN.match(self.text, at + 1)
        end = word.end() if word else at + 1
        if not _says_something(self.text[at + 1 : end]):
            return self._keep(at, end)
        self.without.append(self.text[at + 1 : end])
        return end

    # Operators

    def _operator(self, at: int, start: int, name: str, minus: bool) -> int:
        if self.text[start : start + 1] in tuple(QUOTES) and not _PHRASE.match(self.text, start):
            return self._unclosed(start)
        value = self._value(start)
        if name in _DATED and (said := dates.at(self.text, start, self.today)):
            value = _Value(self.text[start : max(value.end, said[1])], max(value.end, said[1]))
        if minus:
            self._tell(f"Only words and phrases can be left out with “-”, not “{name}:”.")
        elif name in _DATED:
            self._date(at, name, value)
        elif name == "trace":
            self._trace(value.text)
        else:
            self._by(value.text)
        return value.end

    def _value(self, start: int) -> _Value:
        if phrase := _PHRASE.match(self.text, start):
            return _Value(phrase[1].strip(), phrase.end())
        whole = _WHOLE.match(self.text, start)
        end = whole.end() if whole else start
        return _Value(self.text[start:end], end)

    def _begins_a_value(self, at: int) -> bool:
        return self.text[at : at + 1].isalnum() or bool(_PHRASE.match(self.text, at))

    def _date(self, at: int, name: str, value: _Value) -> None:
        named = dates.at(value.text, 0, self.today)
        if named is None or value.text[named[1] :].strip(" ,.;:!?)]"):
            said = f"“{name}:{_short(value.text)}” says no date" if value.text else _bare(name)
            self._tell(f"{said}; write a year, a month or a day, like “{name}:2019-05-17”.")
            return
        side = _side(name, named[0])
        both = side and _both(self.period, side)
        if both is None:
            self._tell(
                f"Nothing can be {name} “{_short(value.text)}” and fit the other dates, "
                "so it is left out."
                if side
                else f"There is no day {name} “{_short(value.text)}”."
            )
            return
        self.period = both
        self._dated.append((at, value.end))

    def _trace(self, value: str) -> None:
        name = " ".join(unicodedata.normalize("NFKC", value).lower().split()).rstrip(",;.")
        if name:
            self.traces.append(name)
        else:
            self._tell(f"{_bare('trace')}; write the name of a trace behind it.")

    def _by(self, value: str) -> None:
        who = value.lower().rstrip(",;.")
        if who not in ("me", "companion"):
            said = f"Nobody is called “{_short(value)}” here" if value else _bare("by")
            self._tell(f"{said}; write “by:me” or “by:companion”.")
        elif self.by not in ("", who):
            self._tell(f"Nothing is by both; “by:{who}” is left out.")
        else:
            self.by = who

    def _tell(self, sentence: str) -> None:
        self.problems.append(sentence)


def _meant(name: str) -> str | None:
    """Which of our operators somebody means who writes this name before a colon; None when none.

    Of short names only those that other programs have, and of longer ones only those that begin
    alike: too many words are near to “on” and “by”, and “water” is near to “after”.
    """
    if not name.islower():
        return None
    if len(name) > 2:
        known = [
            each for each in (*_OPERATORS, *_ELSEWHERE) if len(each) > 2 and each[0] == name[0]
        ]
        name = next(iter(get_close_matches(name, known, 1, 0.75)), "")
    return name if name in _OPERATORS else _ELSEWHERE.get(name)


def _side(name: str, period: Period) -> Period | None:
    """The days on, before or after a period; None when the calendar has none."""
    if name == "before":
        before = period.since > FIRST_DAY
        return Period(FIRST_DAY, period.since - timedelta(days=1)) if before else None
    if name == "after":
        after = period.until < LAST_DAY
        return Period(period.until + timedelta(days=1), LAST_DAY) if after else None
    return period


def _both(one: Period | None, other: Period) -> Period | None:
    """The days that are in both; None when there are none."""
    if one is None:
        return other
    both = Period(max(one.since, other.since), min(one.until, other.until))
    return both if both.since <= both.until else None


def _bare(name: str) -> str:
    return f"There is nothing behind “{name}:”"


def _short(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:40].rstrip()}…"


def _says_something(word: str) -> bool:
    """Whether there is more in it than punctuation, so that it can stand in a text as a word."""
    return any(unicodedata.category(c)[0] in "LNSM" for c in word)
