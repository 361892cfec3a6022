"""Known and unknown names (bar 25): the same bytes, derivations and statements."""

import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.accounts import NAME, OTHER_PASSWORD, PASSWORD, Registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import Visitor

from llamora.vault import RecoveryCode, sodium

UNKNOWN = "Eve"
assert len(UNKNOWN) == len(NAME)


class Work:
    """What a request asked of the machine."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.derivations: list[tuple[int, int]] = []
        self._lock = threading.Lock()

    def __call__(self, statement: str) -> None:
        with self._lock:
            self.statements.append(statement)

    def take(self) -> tuple[list[str], list[tuple[int, int]]]:
        done = self.statements, self.derivations
        self.statements, self.derivations = [], []
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work, real = Work(), sodium.argon2id

    def counted(secret: bytes, salt: bytes, memory: int, passes: int, out: Any) -> None:
        work.derivations.append((memory, passes))
        real(secret, salt, memory, passes, out)

    monkeypatch.setattr(sodium, "argon2id", counted)
    return work


@pytest.fixture
async def server(account: Registered, clock: TurnableClock, work: Work) -> AsyncIterator[Server]:
    settings = journal_settings(account.path)
    async with serving(settings, clock=clock, before_execute=work) as server:
        async with Visitor(server) as somebody:
            await somebody.sign_in("Warm", "whoever comes first opens a connection")
        yield server


@pytest.mark.parametrize("path", ["/login", "/recover"])
async def test_a_stranger_cannot_tell_a_known_name_from_an_unknown_one(
    stranger: Visitor, work: Work, path: str
) -> None:
    form = {"password": OTHER_PASSWORD, "code": str(RecoveryCode.new())}
    seen = []
    for name in (NAME, UNKNOWN):
        await stranger.visit(path)
        work.take()
        answer = await stranger.send(path, {"name": name, **form})
        body = answer.text.replace(name, "NAME")
        seen.append((answer.status_code, body, list(answer.headers.raw), *work.take()))
    known, unknown = seen
    assert known == unknown
    assert known[0] in (401, 422)
    assert len(known[4]) == 1, "one derivation"


async def test_who_has_the_password_can(stranger: Visitor, work: Work) -> None:
    """The control: the comparison sees a difference where there is one."""
    work.take()
    await stranger.sign_in(UNKNOWN, PASSWORD)
    unknown = work.take()
    assert (await stranger.sign_in(NAME, PASSWORD)).status_code == 303
    assert work.take() != unknown


async def test_names_that_cannot_be_cost_the_same(stranger: Visitor, work: Work) -> None:
    work.take()
    await stranger.sign_in(UNKNOWN, OTHER_PASSWORD)
    plain = work.take()
    for name in ("", "a b", "x" * 5_000, "\u202e", "' OR 1=1 --", "%00"):
        assert (await stranger.sign_in(name, OTHER_PASSWORD)).status_code == 401
        assert work.take() == plain, name
