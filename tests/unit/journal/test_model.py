"""The journal against a model of it as simple as a list, step by step, restarts included."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from tests.support.clock import TurnableClock
from tests.support.journals import answer, assert_sound, new_account, write

from llamora.journal import drafts
from llamora.journal.errors import Conflict, NotFound, TooLate
from llamora.journal.journal import Journal
from llamora.storage import Store

T = TypeVar("T")

ids = Bundle("ids")
days_ago = st.integers(0, 2)
letters = st.characters(exclude_characters="\r\0\u2028\u2029", exclude_categories=["Cs"])
words = st.text(letters, min_size=1, max_size=20)
texts = words.filter(lambda text: bool(text.strip()))
second = st.booleans()


@dataclass(frozen=True)
class Line:
    """An entry or an answer, as the model has it."""

    id: bytes
    text: str
    revision: int = 1
    to: bytes = b""


class JournalMachine(RuleBasedStateMachine):
    """Each step asks one of two journals on one file, and the model; then all three are alike."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = TurnableClock()
        self.store = Store.open(Path(self.folder.name) / "llamora.sqlite3")
        self.vault = new_account(self.store)
        self.journals = [Journal.open(self.store, self.vault, self.clock) for _ in range(2)]
        self.today = self.clock.now().date()
        self.days: dict[date, list[Line]] = {}
        self.erased: dict[bytes, tuple[float, date, int, list[Line]]] = {}
        self.drafts: dict[date, str] = {}

    def teardown(self) -> None:
        self.store.close()
        self.runner.close()
        self.vault.wipe()
        self.folder.cleanup()

    def ask(self, second: bool, question: Callable[[Journal], Awaitable[T]]) -> T:
        async def asked() -> T:
            return await question(self.journals[second])

        return self.runner.run(asked())

    def find(self, id: bytes) -> tuple[date, int] | None:
        return next(
            (
                (day, n)
                for day, lines in self.days.items()
                for n, x in enumerate(lines)
                if x.id == id
            ),
            None,
        )

    def thread(self, id: bytes) -> list[Line]:
        lines = [line for day in self.days.values() for line in day]
        return [line for line in lines if line.id == id] + [line for line in lines if line.to == id]

    @initialize(target=ids)
    def nothing_yet(self) -> object:
        return multiple()

    @rule(target=ids, text=texts, ago=days_ago, second=second)
    def write(self, text: str, ago: int, second: bool) -> bytes:
        day = self.today - timedelta(days=ago)
        entry = self.ask(second, lambda journal: write(journal, text, day))
        self.days.setdefault(day, []).append(Line(entry.id, text))
        self.drafts.pop(day, None)
        return entry.id

    @rule(id=ids, text=texts, stale=st.sampled_from([0, 0, 0, 1]), second=second)
    def revise(self, id: bytes, text: str, stale: int, second: bool) -> None:
        found = self.find(id)
        if found is None:
            with pytest.raises(NotFound):
                self.ask(second, lambda journal: journal.revise(id, 1, text))
            return
        day, n = found
        line = self.days[day][n]
        seen = line.revision - stale
        if stale and text != line.text:
            with pytest.raises(Conflict) as refused:
                self.ask(second, lambda journal: journal.revise(id, seen, text))
            assert refused.value.current.text == line.text
            return
        self.ask(second, lambda journal: journal.revise(id, seen, text))
        if text != line.text:
            self.days[day][n] = replace(line, text=text, revision=line.revision + 1)

    @rule(id=ids, second=second)
    def erase(self, id: bytes, second: bool) -> None:
        found = self.find(id)
        if found is None:
            with pytest.raises(NotFound):
                self.ask(second, lambda journal: journal.erase(id))
            return
        day, n = found
        self.ask(second, lambda journal: journal.erase(id))
        taken = self.thread(id)
        self.erased[id] = self.clock.monotonic(), day, n, taken
        self.days[day] = [line for line in self.days[day] if line not in taken]

    @precondition(lambda self: self.erased)
    @rule(data=st.data(), second=second)
    def restore(self, data: st.DataObject, second: bool) -> None:
        id = data.draw(st.sampled_from(list(self.erased)))
        if self.find(id):
            self.ask(second, lambda journal: journal.restore(id))
            return
        when, day, n, taken = self.erased[id]
        if self.clock.monotonic() - when > 60:
            with pytest.raises(TooLate):
                self.ask(second, lambda journal: journal.restore(id))
            return
        self.ask(second, lambda journal: journal.restore(id))
        lines = self.days[day]
        while n < len(lines) and lines[n].to:
            n += 1
        lines[n:n] = taken

    @rule(id=ids, ago=days_ago, second=second)
    def move(self, id: bytes, ago: int, second: bool) -> None:
        to = self.today - timedelta(days=ago)
        found = self.find(id)
        if found is None:
            with pytest.raises(NotFound):
                self.ask(second, lambda journal: journal.move(id, to, None))
            return
        before = self.journals[second].entry(id)
        self.ask(second, lambda journal: journal.move(id, to, None))
        if (before.day, before.at) == (to, None):
            return
        taken = [replace(line, revision=line.revision + 1) for line in self.thread(id)]
        self.days[found[0]] = [x for x in self.days[found[0]] if x.id != id and x.to != id]
        self.days.setdefault(to, []).extend(taken)

    @precondition(lambda self: any(self.days.values()))
    @rule(data=st.data(), text=words, second=second)
    def answer(self, data: st.DataObject, text: str, second: bool) -> None:
        lines = [line for day in self.days.values() for line in day]
        id = data.draw(st.sampled_from([line.id for line in lines if not line.to]))
        found = self.find(id)
        assert found is not None
        day, n = found
        entry = self.journals[second].entry(id)
        said = self.ask(second, lambda journal: answer(journal, entry, text))
        after = n + len(self.thread(id))
        self.days[day].insert(after, Line(said.id, text, to=id))

    @rule(id=ids, second=second)
    def erase_an_answer(self, id: bytes, second: bool) -> None:
        _, *answers = self.thread(id) or [None]
        if answers:
            first = answers[0]
            assert first is not None
            self.ask(second, lambda journal: journal.erase_response(first.id))
            for day, lines in self.days.items():
                self.days[day] = [line for line in lines if line.id != first.id]

    @rule(text=words, ago=days_ago, second=second)
    def keep_a_draft(self, text: str, ago: int, second: bool) -> None:
        day = self.today - timedelta(days=ago)
        self.ask(second, lambda journal: journal.keep_draft(drafts.of_day(day), text))
        if text.strip():
            self.drafts[day] = text
        else:
            self.drafts.pop(day, None)

    @rule(seconds=st.sampled_from([1, 20, 61]), second=second)
    def time_passes(self, seconds: int, second: bool) -> None:
        self.clock.advance(seconds)
        self.ask(second, lambda journal: journal.sweep())

    @rule(second=second)
    def another_process_starts(self, second: bool) -> None:
        self.journals[second] = Journal.open(self.store, self.vault, self.clock)

    @rule()
    def everything_restarts(self) -> None:
        path = self.store.path
        self.store.close()
        self.store = Store.open(path)
        self.journals = [Journal.open(self.store, self.vault, self.clock) for _ in range(2)]

    @invariant()
    def the_file_is_sound(self) -> None:
        held = assert_sound(self.store, self.vault)
        lines = {line.id: line for day in self.days.values() for line in day}
        assert {id: (x.text, x.revision) for id, x in held.items()} == {
            id: (line.text, line.revision) for id, line in lines.items()
        }

    @invariant()
    def both_journals_show_what_the_model_has(self) -> None:
        written = {day: lines for day, lines in self.days.items() if lines}
        for journal in self.journals:
            journal.follow()
            assert journal.days.written == sorted(written)
            for day, lines in written.items():
                flat = [
                    Line(x.id, x.text, x.revision, b"" if x is thread.entry else thread.entry.id)
                    for thread in journal.read(day)
                    for x in (thread.entry, *thread.responses)
                ]
                assert flat == lines
            for ago in range(3):
                day = self.today - timedelta(days=ago)
                draft = journal.draft(drafts.of_day(day))
                assert (draft[0] if draft else None) == self.drafts.get(day)


def _settings(examples: int, steps: int) -> settings:
    return settings(max_examples=examples, stateful_step_count=steps)


TestJournal = JournalMachine.TestCase
TestJournal.settings = _settings(40, 30)


@pytest.mark.slow
class TestJournalAtLength(JournalMachine.TestCase):
    settings = _settings(1_000, 50)
