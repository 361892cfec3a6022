"""What runs beside the requests: it is begun with the server, and comes often enough."""

import asyncio

import pytest
from tests.support.accounts import Registered
from tests.support.server import journal_settings, serving

from llamora import app
from llamora.storage import Store


def test_the_background_steps_come_as_often_as_the_documents_say() -> None:
    assert app.SWEEP_SECONDS <= 1
    assert app.FLUSH_SECONDS <= 60
    assert app.TIDY_SECONDS <= 60


async def test_what_was_deleted_leaves_the_log_by_itself(
    account: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied = asyncio.Event()
    tidy = Store.tidy

    async def noted(store: Store) -> bool:
        done = await tidy(store)
        if written.is_set():
            tidied.set()
        return done

    written = asyncio.Event()
    monkeypatch.setattr(Store, "tidy", noted)
    monkeypatch.setattr(app, "TIDY_SECONDS", 0.01)
    log = account.path.with_name(account.path.name + "-wal")
    async with serving(journal_settings(account.path)) as server:
        store = server.rooms.accounts._store
        await store.write(lambda tx: tx.execute("UPDATE accounts SET last_change = last_change"))
        written.set()
        async with asyncio.timeout(30):
            await tidied.wait()
        assert log.stat().st_size == 0
