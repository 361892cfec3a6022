"""A server with two accounts: Ada, who has something to hide, and Bea, who is curious."""

from collections.abc import AsyncIterator

import pytest
from tests.support.accounts import OTHER_PASSWORD
from tests.support.seats import account as account
from tests.support.seats import ada as ada
from tests.support.seats import server as server
from tests.support.seats import stranger as stranger
from tests.support.server import Server
from tests.support.visitor import Visitor


@pytest.fixture
async def bea(server: Server) -> AsyncIterator[Visitor]:
    async with Visitor(server) as visitor:
        await visitor.register("Bea", OTHER_PASSWORD)
        yield visitor
