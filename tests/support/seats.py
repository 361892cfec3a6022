"""Fixtures: a server with Ada's account, her browser, signed in, and a stranger's."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.accounts import Registered, registered
from tests.support.clock import TurnableClock
from tests.support.server import Server, journal_settings, serving
from tests.support.visitor import Visitor


@pytest.fixture
def account(tmp_path: Path) -> Registered:
    """A file in which Ada has registered."""
    return registered(tmp_path)


@pytest.fixture
async def server(account: Registered, clock: TurnableClock) -> AsyncIterator[Server]:
    async with serving(journal_settings(account.path), clock=clock) as server:
        yield server


@pytest.fixture
async def stranger(server: Server) -> AsyncIterator[Visitor]:
    """A browser that nobody has signed in with."""
    async with Visitor(server) as visitor:
        yield visitor


@pytest.fixture
async def ada(server: Server) -> AsyncIterator[Visitor]:
    async with Visitor(server) as visitor:
        yield await visitor.enter()
