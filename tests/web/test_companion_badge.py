"""Every page says where the companion's model is, while it is elsewhere and may be asked."""

from pathlib import Path

import pytest
from tests.support.accounts import registered
from tests.support.server import journal_settings, serving
from tests.support.visitor import Visitor

SENT = "What the companion reads is sent to"


@pytest.mark.parametrize(
    ("address", "host"),
    [("https://models.example.org/v1", "models.example.org"), ("http://127.0.0.1:9/v1", "")],
)
async def test_a_remote_model_is_named_on_every_page_until_the_companion_is_off(
    tmp_path: Path, address: str, host: str
) -> None:
    account = registered(tmp_path)
    named = {"LLM__CHAT__BASE_URL": address, "LLM__UPSTREAM__SKIP_HEALTH_CHECK": True}
    settings = journal_settings(account.path, **named)
    async with serving(settings) as server, Visitor(server) as ada:
        assert SENT not in (await ada.visit("/login")).text
        await ada.enter()
        entry = await ada.write("the heron came back", "2026-11-20")
        await ada.keep(entry, "heron")
        trace = (await ada.visit("/traces")).text.partition('href="/traces/')[2][:32]
        pages = [
            f"/days/{server.clock.now().date()}",
            "/days/2026-11-20",
            f"/entries/{entry}/asking",
            "/traces",
            f"/traces/{trace}",
            "/search",
            "/settings/account",
            "/settings/companion",
        ]
        for path in pages:
            shown = await ada.visit(path)
            assert shown.status_code == 200, path
            assert (SENT in shown.text) == bool(host), path
            assert not host or host in shown.text
        await ada.send("/settings/companion", {})
        for path in pages:
            assert SENT not in (await ada.visit(path)).text, path
