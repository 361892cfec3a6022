"""Compares the index with what it is an index of.

An index that is wrong loses no word of anyone's, but hides some: so each writing is read anew, and
its passages and the words of its segment are compared with it. What search has not taken in yet is
counted, and is no problem. The searches that are remembered are opened, too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from llamora.journal.journal import Journal
from llamora.journal.writing import Writing
from llamora.search import records
from llamora.search.indexing import indexed, is_searchable
from llamora.search.part import Embedded, Part
from llamora.search.passages import cut
from llamora.search.recent import QUERY
from llamora.storage import Store, ledger
from llamora.vault import Unreadable


@dataclass
class Report:
    """What the index holds and what is wrong with it; each problem is a sentence with ids only."""

    passages: int = 0
    segments: int = 0
    waiting: int = 0
    """Writings that are not indexed yet."""
    problems: list[str] = field(default_factory=list[str])

    @property
    def sound(self) -> bool:
        return not self.problems


def verify(store: Store, journal: Journal, *, progress: Callable[[int, int], None]) -> Report:
    """Opens every record of the index and compares it with the journal's writings."""
    return _Look(store, journal).through(progress)


class _Look:
    def __init__(self, store: Store, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._vault = journal.vault
        self._report = Report()
        pulse = ledger.pulse(store, self._vault.owner)
        cursor = records.cursor(store, self._vault)
        self._behind = pulse is None or cursor is None or cursor < pulse.last_change
        self._rows: dict[bytes, tuple[int, Embedded]] = {}
        self._in_segment: dict[bytes, tuple[Part, int, bytes]] = {}
        self._terms: dict[int, _Terms] = {}

    def through(self, progress: Callable[[int, int], None]) -> Report:
        self._passages()
        self._segments()
        listed = list(self._journal.listed().items())
        for done, (id, revision) in enumerate(listed, 1):
            self._writing(id, revision)
            progress(done, len(listed))
        self._strays({id for id, _ in listed})
        self._queries()
        return self._report

    def _passages(self) -> None:
        for id, revision, sealed in self._store.rows(
            "SELECT id, revision, sealed FROM passages WHERE owner = ?", (self._vault.owner,)
        ):
            try:
                one = records.open_passages(self._vault, id, revision, sealed)
            except Unreadable:
                self._problem(f"The passages of {id.hex()} cannot be opened; search makes them.")
                continue
            self._rows[id] = (revision, one)
            self._report.passages += len(one.spans)

    def _segments(self) -> None:
        for id, revision, sealed in self._store.rows(
            "SELECT id, revision, sealed FROM segments WHERE owner = ?", (self._vault.owner,)
        ):
            self._report.segments += 1
            try:
                found = records.open_segment(self._vault, id, revision, sealed)
            except Unreadable:
                self._problem(f"The segment {id.hex()} cannot be opened; search makes it anew.")
                continue
            if isinstance(found, Part):
                for n in range(found.writings):
                    self._in_segment[found.ids[n].tobytes()] = (found, n, id)

    def _writing(self, id: bytes, revision: int) -> None:
        try:
            writing = self._journal.find(id)
        except Unreadable:
            return  # the journal's own verification tells of it
        if writing is None or not is_searchable(writing):
            return
        held, one = self._rows.get(id, (0, None))
        if one is None or held != revision:
            self._report.waiting += 1
            if not self._behind:
                self._problem(f"The {writing.kind.word} {id.hex()} is not in the index.")
            return
        if one.spans != [(start, end - start) for start, end in cut(writing.text)]:
            self._problem(f"The passages of {id.hex()} are of another text.")
        elif id in self._in_segment and not self._agrees(writing, one):
            segment = self._in_segment[id][2].hex()
            self._problem(f"The segment {segment} holds {id.hex()} otherwise than it is.")

    def _agrees(self, writing: Writing, one: Embedded) -> bool:
        """Whether a writing is in its segment as it is in the journal."""
        part, n, _ = self._in_segment[writing.id]
        if part.revisions[n] != writing.revision:
            return True  # revised since: search passes over it
        first, end = int(part.first[n]), int(part.first[n + 1])
        terms = self._terms.setdefault(id(part), _Terms(part))
        read = indexed(writing, one)
        return (
            part.days[n] == writing.day.toordinal()
            and part.kinds[n] == writing.kind
            and list(zip(part.starts[first:end], part.sizes[first:end], strict=True)) == one.spans
            and (
                part.make != one.make or part.vectors[first:end].tobytes() == one.vectors.tobytes()
            )
            and [terms.of(passage) for passage in range(first, end)]
            == [
                sorted(zip(found, times, strict=True))
                for found, times in zip(read.terms, read.times, strict=True)
            ]
        )

    def _strays(self, listed: set[bytes]) -> None:
        for id in self._rows.keys() - listed:
            if not self._behind:
                self._problem(f"The index holds {id.hex()}, which is in the journal no more.")

    def _queries(self) -> None:
        for id, hashed, sealed in self._store.rows(
            "SELECT id, query, sealed FROM queries WHERE owner = ?", (self._vault.owner,)
        ):
            try:
                self._vault.open(QUERY, id, sealed, query=hashed)
            except Unreadable:
                self._problem(f"The remembered search {id.hex()} cannot be opened.")

    def _problem(self, sentence: str) -> None:
        self._report.problems.append(sentence)


class _Terms:
    """The terms of a part passage by passage, as its postings have them the other way round."""

    def __init__(self, part: Part) -> None:
        terms, passages, times = part.postings.all()
        order = np.lexsort((terms, passages))
        self._terms, self._times = terms[order], times[order]
        self._ends = np.searchsorted(passages[order], np.arange(part.passages + 1))

    def of(self, passage: int) -> list[tuple[int, int]]:
        a, b = self._ends[passage], self._ends[passage + 1]
        return list(zip(self._terms[a:b].tolist(), self._times[a:b].tolist(), strict=True))
