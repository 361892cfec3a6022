"""A follower to step by hand, and what can be found with it."""

from datetime import date

from llamora.journal.journal import Journal
from llamora.search.embedders import Embedders
from llamora.search.find import Finder, Found
from llamora.search.follow import Follower
from llamora.search.query import parse
from llamora.search.verify import Report, verify
from llamora.storage import Store

TODAY = date(2026, 11, 22)


def never() -> bool:
    return False


def follow(store: Store, journal: Journal, embedders: Embedders | None = None) -> Follower:
    """A follower that has taken in everything."""
    follower = Follower(store, journal, embedders or Embedders())
    follower.load()
    catch_up(follower)
    return follower


def catch_up(follower: Follower) -> None:
    assert follower.catch_up(never)


def find(follower: Follower, journal: Journal, typed: str, limit: int = 10) -> Found:
    """What `Search.find` answers at this moment."""
    embedders = follower._embedders  # pyright: ignore[reportPrivateUsage]
    finder = Finder(journal, follower.shelf, follower.lexicon, embedders)
    query = parse(typed, TODAY)
    return finder.page(query, finder.ranking(query), 0, limit)


def found(follower: Follower, journal: Journal, typed: str) -> list[bytes]:
    """The writings that answer, best first."""
    return [result.writing for result in find(follower, journal, typed).results]


def checked(store: Store, journal: Journal) -> Report:
    report = verify(store, journal, progress=lambda done, total: None)
    assert report.problems == []
    return report
