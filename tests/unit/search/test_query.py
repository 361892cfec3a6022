"""What is typed into the search field means what a careful reader would take it to mean."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llamora.search.query import LONGEST, Query, parse, without_dates

TODAY = date(2026, 11, 22)  # a Sunday


def said(text: str, today: date = TODAY) -> dict[str, Any]:
    """What was understood, without what is empty and without the typed text itself."""
    found = vars(parse(text, today))
    return {name: value for name, value in found.items() if value and name != "typed"}


def days(text: str, today: date = TODAY) -> str:
    """The period a text narrows to: “2019-01-01..2019-12-31”, with nothing at an open end."""
    query = parse(text, today)
    return f"{query.since or ''}..{query.until or ''}"


def problem(text: str) -> str:
    """The one sentence about what was not understood."""
    (sentence,) = parse(text, TODAY).problems
    return sentence


# Words and phrases


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("", {}),
        ("  heron \n on\tthe  ice ", {"words": "heron on the ice"}),
        ('the "grey heron" again', {"words": "the grey heron again", "phrases": ("grey heron",)}),
        ("“a b” „c d“ »e f« «g h»", {"phrases": ("a b", "c d", "e f", "g h")}),
        ('" grey   heron "', {"words": "grey heron", "phrases": ("grey heron",)}),
        ('"a" "a"', {"words": "a a", "phrases": ("a",)}),
        ('"grey heron", she said', {"words": "grey heron she said"}),
        ('"" heron " "', {"words": "heron"}),
        ('said:"hello there"', {"words": "said: hello there", "phrases": ("hello there",)}),
        ('5" nails and 6" nails', {"words": '5" nails and 6" nails'}),
        ("heron -rain", {"words": "heron", "without": ("rain",)}),
        ("-rain -Rain -rain", {"without": ("rain", "Rain")}),
        ('heron -"a b" -“c d”', {"words": "heron", "without_phrases": ("a b", "c d")}),
        ('heron -""', {"words": "heron"}),
        ("well-known", {"words": "well-known"}),
        ("-well-known", {"without": ("well-known",)}),
        ("heron - ice -- snow — rain", {"words": "heron ice snow rain"}),
        ("--force", {"words": "--force"}),
        ("-🌧", {"without": ("🌧",)}),
        (":-) -) ;)", {"words": ":-) -) ;)"}),
        ("a.*b [x] (y)+ $^ \\d {2}", {"words": "a.*b [x] (y)+ $^ \\d {2}"}),
        ("über straße 日本語 שלום", {"words": "über straße 日本語 שלום"}),
    ],
)
def test_words_and_phrases(text: str, understood: dict[str, Any]) -> None:
    found = said(text)
    assert {name: found.get(name) for name in understood} == understood
    assert set(found) <= {*understood, "words", "phrases"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('heron "on the ice on:2019 -x last summer', "heron on the ice on:2019 -x last summer"),
        ('heron -"on the ice', "heron on the ice"),
        ('heron trace:"on the ice', "heron on the ice"),
        ("heron “", "heron"),
    ],
)
def test_what_follows_an_unclosed_quotation_mark_is_nothing_but_words(
    text: str, words: str
) -> None:
    query = parse(text, TODAY)
    assert query.words == words
    assert (query.since, query.phrases, query.without, query.traces) == (None, (), (), ())
    assert problem(text).startswith("A quotation mark is not closed")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "http://a.b/c",
            "https://a.b",
            "12:30",
            "note: that",
            "note:",
            "C:\\x",
            "c:\\x",
            ":)",
            "x:)",
        ),
        *("Re:union", "mailto:ada@example.org", "water:cold", "one:two", "trace://x", "a:b", "::"),
        *("is:)", "From:Ada", "well:known"),
    ],
)
def test_what_only_looks_like_an_operator_is_a_word(text: str) -> None:
    assert said(f"{text} heron") == {"words": f"{text} heron"}


# Operators


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("on:2019", "2019-01-01..2019-12-31"),
        ("ON:2019-05", "2019-05-01..2019-05-31"),
        ("on:2020-2", "2020-02-01..2020-02-29"),
        ("on:2019-05-17", "2019-05-17..2019-05-17"),
        ("on:2019,", "2019-01-01..2019-12-31"),
        ("before:2019", "..2018-12-31"),
        ("before:2019-05-17", "..2019-05-16"),
        ("after:2019", "2020-01-01.."),
        ("After:2019-05", "2019-06-01.."),
        ("after:2018 before:2020", "2019-01-01..2019-12-31"),
        ("on:2019 after:2019-03", "2019-04-01..2019-12-31"),
        ("on:today", "2026-11-22..2026-11-22"),
        ("on:yesterday", "2026-11-21..2026-11-21"),
        ("on:march", "2026-03-01..2026-03-31"),
        ("on:December", "2025-12-01..2025-12-31"),
        ("on:november", "2026-11-01..2026-11-30"),
        ("on:friday", "2026-11-20..2026-11-20"),
        ("on:summer", "2026-06-01..2026-08-31"),
        ("on:christmas", "2025-12-24..2025-12-26"),
        ("on:march 2024", "2024-03-01..2024-03-31"),
        ("on:2 september 1666", "1666-09-02..1666-09-02"),
        ("before:christmas 2019", "..2019-12-23"),
        ('after:"last summer"', "2026-09-01.."),
        ("on:1990s", "1990-01-01..1999-12-31"),
        ("after:1000 before:9999", "1001-01-01..9998-12-31"),
    ],
)
def test_an_operator_says_a_date(text: str, period: str) -> None:
    query = parse(f"heron {text} ice", TODAY)
    assert query.words == "heron ice"
    assert not query.problems
    assert days(text) == period


def test_a_trace_and_whose_words() -> None:
    assert said("trace:Work trace:“Two  Words” TRACE:ｗｏｒｋ trace:🌊, heron") == {
        "words": "heron",
        "traces": ("work", "two words", "🌊"),
    }
    assert said("by:me heron") == {"words": "heron", "by": "me"}
    assert said("BY:Companion by:companion") == {"by": "companion"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("on:2019-13", "“on:2019-13” says no date; write a year, a month or a day, like"),
        ("on:2019-02-30", "“on:2019-02-30” says no date"),
        ("on:20190517", "“on:20190517” says no date"),
        ("on:0999", "“on:0999” says no date"),
        ("after:soon", "“after:soon” says no date; write a year, a month or a day, like “after:20"),
        ("on:last week of march", "“on:last” says no date"),
        ('on:"2019 or so"', "“on:2019 or so” says no date"),
        ("before:", "There is nothing behind “before:”; write a year"),
        ("on: 2019", "There is nothing behind “on:”"),
        ("trace:", "There is nothing behind “trace:”"),
        ('trace:""', "There is nothing behind “trace:”"),
        ("by:", "There is nothing behind “by:”; write “by:me” or “by:companion”."),
        ("by:someone", "Nobody is called “someone” here; write “by:me” or “by:companion”."),
        ("by:me by:companion", "Nothing is by both; “by:companion” is left out."),
        ("after:9999", "There is no day after “9999”."),
        ("before:1000", "There is no day before “1000”."),
        ("-trace:work", "Only words and phrases can be left out with “-”, not “trace:”."),
        ("-on:2019", "Only words and phrases can be left out with “-”, not “on:”."),
        ("tag:work", "There is no “tag:”; did you mean “trace:”?"),
        ("form:2019", "There is no “form:”; did you mean “after:”?"),
        ("from:2019", "There is no “from:”; did you mean “after:”?"),
        ("to:2019", "There is no “to:”; did you mean “before:”?"),
        ("in:2019", "There is no “in:”; did you mean “on:”?"),
        ("befor:2019", "There is no “befor:”; did you mean “before:”?"),
        ("afer:2019", "There is no “afer:”; did you mean “after:”?"),
        ('trce:"two words"', "There is no “trce:”; did you mean “trace:”?"),
        ("-since:2019", "There is no “since:”; did you mean “after:”?"),
        (f"by:{'x' * 99}", f"Nobody is called “{'x' * 40}…” here"),
    ],
)
def test_a_wrong_operator_is_told_and_not_searched_for(text: str, sentence: str) -> None:
    assert problem(text).startswith(sentence)
    query = parse(f"heron {text}", TODAY)
    assert query.words.split()[0] == "heron"
    assert text not in query.words
    assert (query.since, query.until, query.traces, query.without) == (None, None, (), ())


def test_dates_that_exclude_one_another_are_told() -> None:
    assert problem("after:2020 before:2019") == (
        "Nothing can be before “2019” and fit the other dates, so it is left out."
    )
    assert days("after:2020 before:2019") == "2021-01-01.."
    query = parse("last summer on:2019", TODAY)
    assert (query.words, days("last summer on:2019")) == (
        "last summer",
        "2019-01-01..2019-12-31",
    )
    assert query.problems == (
        "“last summer” lies outside the dates beside it, so it is searched for as words.",
    )


def test_the_same_problem_is_told_once() -> None:
    assert len(parse("tag:a tag:b on:x on:x", TODAY).problems) == 2


# Dates in words


@pytest.mark.parametrize(
    ("text", "label", "period"),
    [
        ("today", "22 November 2026", "2026-11-22..2026-11-22"),
        ("yesterday", "21 November 2026", "2026-11-21..2026-11-21"),
        ("this week", "16 to 22 November 2026", "2026-11-16..2026-11-22"),
        ("last week", "9 to 15 November 2026", "2026-11-09..2026-11-15"),
        ("this weekend", "21 to 22 November 2026", "2026-11-21..2026-11-22"),
        ("last weekend", "14 to 15 November 2026", "2026-11-14..2026-11-15"),
        ("this month", "November 2026", "2026-11-01..2026-11-30"),
        ("last month", "October 2026", "2026-10-01..2026-10-31"),
        ("this year", "2026", "2026-01-01..2026-12-31"),
        ("Last Year", "2025", "2025-01-01..2025-12-31"),
        ("last summer", "June to August 2026", "2026-06-01..2026-08-31"),
        ("last autumn", "September to November 2025", "2025-09-01..2025-11-30"),
        ("last fall", "September to November 2025", "2025-09-01..2025-11-30"),
        ("this fall", "September to November 2026", "2026-09-01..2026-11-30"),
        ("last winter", "December 2025 to February 2026", "2025-12-01..2026-02-28"),
        ("this winter", "December 2026 to February 2027", "2026-12-01..2027-02-28"),
        ("summer 2019", "June to August 2019", "2019-06-01..2019-08-31"),
        ("summer of 2019", "June to August 2019", "2019-06-01..2019-08-31"),
        ("in the summer of 2019", "June to August 2019", "2019-06-01..2019-08-31"),
        ("winter 1661", "December 1661 to February 1662", "1661-12-01..1662-02-28"),
        ("winter 2023", "December 2023 to February 2024", "2023-12-01..2024-02-29"),
        ("in march 2024", "March 2024", "2024-03-01..2024-03-31"),
        ("March 2024", "March 2024", "2024-03-01..2024-03-31"),
        ("march of 2024", "March 2024", "2024-03-01..2024-03-31"),
        ("may 2024", "May 2024", "2024-05-01..2024-05-31"),
        ("sept 2024", "September 2024", "2024-09-01..2024-09-30"),
        ("2 september 1666", "2 September 1666", "1666-09-02..1666-09-02"),
        ("on the 2nd of September, 1666", "2 September 1666", "1666-09-02..1666-09-02"),
        ("september 2 1666", "2 September 1666", "1666-09-02..1666-09-02"),
        ("september 2nd, 1666", "2 September 1666", "1666-09-02..1666-09-02"),
        ("2019-05-17", "17 May 2019", "2019-05-17..2019-05-17"),
        ("in 2019", "2019", "2019-01-01..2019-12-31"),
        ("during the year 2019", "2019", "2019-01-01..2019-12-31"),
        ("christmas 2019", "24 to 26 December 2019", "2019-12-24..2019-12-26"),
        ("christmas day 2019", "25 December 2019", "2019-12-25..2019-12-25"),
        ("Christmas Eve 2019", "24 December 2019", "2019-12-24..2019-12-24"),
        ("new year 2020", "31 December 2019 to 2 January 2020", "2019-12-31..2020-01-02"),
        ("twelfth night 1661", "5 to 7 January 1661", "1661-01-05..1661-01-07"),
        ("st valentine’s day 2020", "14 February 2020", "2020-02-14..2020-02-14"),
        ("may day 1669", "1 May 1669", "1669-05-01..1669-05-01"),
        ("hallowe'en 2018", "31 October 2018", "2018-10-31..2018-10-31"),
        ("guy fawkes 1664", "5 November 1664", "1664-11-05..1664-11-05"),
        ("christmas of 2019", "24 to 26 December 2019", "2019-12-24..2019-12-26"),
        ("last christmas", "24 to 26 December 2025", "2025-12-24..2025-12-26"),
        ("new year's eve 1664", "31 December 1664", "1664-12-31..1664-12-31"),
        ("New Year’s Day 1665", "1 January 1665", "1665-01-01..1665-01-01"),
        ("last new year's eve", "31 December 2025", "2025-12-31..2025-12-31"),
        ("last march", "March 2026", "2026-03-01..2026-03-31"),
        ("last november", "November 2025", "2025-11-01..2025-11-30"),
        ("last december", "December 2025", "2025-12-01..2025-12-31"),
        ("on monday", "16 November 2026", "2026-11-16..2026-11-16"),
        ("last saturday", "21 November 2026", "2026-11-21..2026-11-21"),
        ("on last sunday", "15 November 2026", "2026-11-15..2026-11-15"),
        ("3 days ago", "19 November 2026", "2026-11-19..2026-11-19"),
        ("a day ago", "21 November 2026", "2026-11-21..2026-11-21"),
        ("three weeks ago", "26 October to 1 November 2026", "2026-10-26..2026-11-01"),
        ("one month ago", "October 2026", "2026-10-01..2026-10-31"),
        ("11 months ago", "December 2025", "2025-12-01..2025-12-31"),
        ("two years ago", "2024", "2024-01-01..2024-12-31"),
        ("the 1990s", "1990 to 1999", "1990-01-01..1999-12-31"),
        ("in the 1660s", "1660 to 1669", "1660-01-01..1669-12-31"),
    ],
)
def test_a_date_said_in_words_narrows(text: str, label: str, period: str) -> None:
    query = parse(f"the heron {text}, again", TODAY)
    assert query.dates
    assert query.dates.label == label
    assert query.words == "the heron again"
    assert query.phrases == ()
    assert query.problems == ()
    assert without_dates(query.typed, query.dates) == "the heron again"
    assert days(text) == period
    alone = parse(text, TODAY)
    assert alone.is_only_narrowing
    assert not alone.words


@pytest.mark.parametrize(
    "text",
    [
        *(
            "may",
            "march",
            "spring",
            "fall",
            "friday",
            "summer",
            "winter",
            "august",
            "2019",
            "christmas",
        ),
        *(
            "in march",
            "on the march",
            "the fall",
            "in spring",
            "on fridays",
            "in the 90s",
            "the 90s",
        ),
        *(
            "in 1200 steps",
            "31 february 2024",
            "0 march 2024",
            "2019-02-30",
            "2019-05",
            "summer 19",
        ),
        *("yesterday's", "last summer's", "today’s", "in 2019-05", "in 2019ish", "xmarch 2024"),
        *("9999 years ago", "2026 years ago", "ago", "some days ago", "ſummer 2019", "march 20245"),
        *(
            "the last week of school",
            "last sunday in advent",
            "last\u00admarch",
            "long-last summer",
        ),
    ],
)
def test_what_may_mean_something_else_is_only_words(text: str) -> None:
    assert said(f"heron {text} ice") == {"words": f"heron {text} ice"}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "before last summer",
            "since march 2024",
            "until christmas 2019",
            "the day before yesterday",
        ),
        *("from march 2024 to may 2024", "between march 2024 and may 2024", "not today"),
        *("20 may 2020–3 june 2020", "march 2024 - may 2024", "after the summer of 2019"),
    ],
)
def test_an_end_of_a_span_of_time_is_not_taken_for_all_of_it(text: str) -> None:
    query = parse(text, TODAY)
    assert (query.since, query.until, query.dates) == (None, None, None)


def test_a_place_behind_a_date_is_no_end_of_a_span() -> None:
    assert parse("last summer to Paris", TODAY).words == "to Paris"


def test_only_the_first_of_several_dates_is_read() -> None:
    query = parse("heron last summer or in 2019 or today", TODAY)
    assert query.dates
    assert (query.dates.text, query.dates.spans) == ("last summer", ((6, 17),))
    assert query.words == "heron or in 2019 or today"


def test_a_date_is_shown_as_it_was_typed_without_its_preposition() -> None:
    query = parse("in the Summer  of 2019 heron", TODAY)
    assert query.dates
    assert query.dates.text == "Summer  of 2019"


def test_within_quotation_marks_and_behind_a_minus_nothing_is_a_date() -> None:
    assert said('"last summer" heron') == {
        "words": "last summer heron",
        "phrases": ("last summer",),
    }
    assert parse('last "a" summer 2019', TODAY).words == "last a"
    assert parse('last "summer" 2019', TODAY).words == "last summer 2019"
    assert parse("last -rainy summer", TODAY).dates is None
    assert parse("-today", TODAY).without == ("today",)


def test_when_dates_are_not_to_be_read_their_words_stay() -> None:
    query = parse("heron last summer on:2026 -today", TODAY, read_dates=False)
    assert query.words == "heron last summer"
    assert (query.since, query.until) == (date(2026, 1, 1), date(2026, 12, 31))
    assert query.dates
    assert query.dates.text == "on:2026"


def test_words_and_operators_narrow_together() -> None:
    text = "heron last summer after:2026-06 before:2026-08-15"
    assert days(text) == "2026-07-01..2026-08-14"
    query = parse(text, TODAY)
    assert query.dates
    assert (query.dates.text, query.dates.label) == ("last summer", "June to August 2026")


@pytest.mark.parametrize(
    ("text", "label", "without"),
    [
        ("on:2019-05 heron", "May 2019", "heron"),
        ("after:2018 heron before:2021", "2019 to 2020", "heron"),
        ("heron after:2018", "from 1 January 2019", "heron"),
        ("before:2019 heron", "until 31 December 2018", "heron"),
        ("on:2024-04 after:2024-04-28", "29 to 30 April 2024", ""),
        ("after:2023-12-30 before:2024-01-03", "31 December 2023 to 2 January 2024", ""),
    ],
)
def test_the_date_of_operators_can_be_shown_and_removed_too(
    text: str, label: str, without: str
) -> None:
    query = parse(text, TODAY)
    assert query.dates
    assert query.dates.label == label
    assert without_dates(query.typed, query.dates) == without


@pytest.mark.parametrize(
    ("text", "today", "period"),
    [
        ("last winter", date(2026, 1, 31), "2024-12-01..2025-02-28"),
        ("this winter", date(2026, 1, 31), "2025-12-01..2026-02-28"),
        ("this winter", date(2026, 4, 1), "2025-12-01..2026-02-28"),
        ("this winter", date(2026, 12, 1), "2026-12-01..2027-02-28"),
        ("last christmas", date(2026, 12, 26), "2025-12-24..2025-12-26"),
        ("last christmas", date(2026, 12, 27), "2026-12-24..2026-12-26"),
        ("last summer", date(2026, 8, 31), "2025-06-01..2025-08-31"),
        ("last month", date(2026, 1, 31), "2025-12-01..2025-12-31"),
        ("2 months ago", date(2024, 2, 29), "2023-12-01..2023-12-31"),
        ("this week", date(2026, 1, 1), "2025-12-29..2026-01-04"),
        ("on sunday", date(2026, 11, 22), "2026-11-15..2026-11-15"),
        ("last year", date(1000, 1, 1), ".."),
        ("this winter", date(9999, 12, 31), ".."),
    ],
)
def test_how_long_ago_depends_on_the_day(text: str, today: date, period: str) -> None:
    assert days(text, today) == period


# The whole


def test_a_query_is_empty_or_only_narrows() -> None:
    for text in ("", " ", "-", '""', "on:soon", "tag:x", "\0", "\u200f"):
        assert parse(text, TODAY).is_empty, text
    for text in ("-rain", '-"a b"', "trace:x", "by:me", "on:2019", "today"):
        query = parse(text, TODAY)
        assert query.is_only_narrowing, text
        assert not query.is_empty
    both = parse("heron today", TODAY)
    assert not both.is_only_narrowing
    assert not both.is_empty


def test_a_long_text_is_cut_at_a_word() -> None:
    text = "heron " * 100
    query = parse(text, TODAY)
    assert query.typed == text.strip()
    assert query.words == " ".join(["heron"] * 85)
    assert query.problems == (
        "Only the first 512 characters are searched for; the rest was left out.",
    )
    assert parse("x" * LONGEST, TODAY).problems == ()
    assert parse("x" * 50_000, TODAY).words == "x" * LONGEST
    assert parse("x" * 511 + " yes", TODAY).words == "x" * 511
    assert parse("x" * 510 + " yes", TODAY).words == "x" * 510
    assert parse("x" * 512 + " yes", TODAY).words == "x" * 512


def test_marks_that_cannot_be_seen_hide_no_operator() -> None:
    assert said("\u200fon:2019\u202c\u2066heron\u2069\x07ice") == said("on:2019 heron ice")
    assert parse("last\u00a0summer\u2003heron", TODAY).words == "heron"


def test_a_character_that_cannot_be_written_is_a_question_mark() -> None:
    query = parse("her\ud800on\0s", TODAY)
    assert (query.typed, query.words) == ("her?ons", "her?ons")


PIECES = st.sampled_from(
    [
        *(
            '"',
            "“",
            "»",
            "-",
            " ",
            "on:",
            "by:",
            "trace:",
            "before:",
            "form:",
            "2019",
            "-05",
            "last ",
        ),
        *("summer", "in ", "the ", "of ", "march ", "2 ", " ago", "9999 ", "weeks", "\0", "\ud800"),
        *("\u200f", "\n", "x", "ß", "🌧", "(", ",", ":", "—", "christmas", "1990s", "\x1c", "\x85"),
    ],
)


@given(
    st.one_of(st.text(st.characters()), st.lists(PIECES, max_size=30).map("".join)),
    st.dates(),
    st.booleans(),
)
@example("last winter", date.min, True)
@example("this week", date.max, True)
@example('-"', TODAY, True)
@example("ﬁ in 2019", TODAY, True)
def test_any_text_is_read_and_read_alike(text: str, today: date, read_dates: bool) -> None:
    query = parse(text, today, read_dates=read_dates)
    assert query == parse(text, today, read_dates=read_dates)
    assert isinstance(query, Query)
    for each in (query.typed, query.words, *query.phrases, *query.without, *query.problems):
        assert "\0" not in each
        each.encode()
    assert query.words == " ".join(query.words.split())
    assert query.since is None or query.until is None or query.since <= query.until
    if query.dates:
        assert query.dates.since <= query.dates.until
        assert query.dates.label
        assert len(without_dates(query.typed, query.dates)) < len(query.typed)


@given(st.dates(date(1000, 1, 2), date(9999, 12, 30)), st.integers(0, 5000))
def test_every_period_has_a_name(since: date, length: int) -> None:
    until = since + timedelta(days=min(length, (date(9999, 12, 30) - since).days))
    text = f"after:{since - timedelta(days=1)} before:{until + timedelta(days=1)}"
    query = parse(text, TODAY)
    assert (query.since, query.until) == (since, until)
    assert query.dates
    assert str(until.year) in query.dates.label
