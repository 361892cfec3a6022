"""A page says when what is written and searched for leaves the machine to be found by meaning."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.accounts import registered
from tests.support.server import journal_settings, serving
from tests.support.visitor import Visitor

from llamora.settings import Embedding

SENT = "What you write and search for is sent to"


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://models.example.org/v1", "models.example.org"), ("http://127.0.0.1:9", ""), ("", "")],
)
async def test_a_remote_embedding_model_is_named_on_every_page(
    tmp_path: Path, address: str, host: str
) -> None:
    account = registered(tmp_path)
    make = "endpoint" if address else "built-in"
    embedding = Embedding(make=make, base_url=address, model="some")
    settings = replace(journal_settings(account.path), embedding=embedding)
    async with serving(settings) as server, Visitor(server) as ada:
        assert SENT not in (await ada.visit("/login")).text
        await ada.enter()
        for path in (f"/days/{server.clock.now().date()}", "/settings/account"):
            page = (await ada.visit(path)).text
            assert (SENT in page) == bool(host)
            assert not host or host in page
