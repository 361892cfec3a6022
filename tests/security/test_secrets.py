"""The secrets of an installation (bar 30)."""

import stat
from pathlib import Path

from tests.support.accounts import registered
from tests.support.server import journal_settings, serving
from tests.support.visitor import Visitor

from llamora.settings import Settings


def made(folder: Path) -> Settings:
    folder.mkdir()
    return journal_settings(registered(folder).path)


def secrets_of(settings: Settings) -> list[str]:
    return [settings.secret_key, settings.cookies.secret]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    everything = secrets_of(one) + secrets_of(other)
    assert len(set(everything)) == 4
    assert all(len(secret) >= 32 for secret in everything)
    again = journal_settings(one.database.path)
    assert secrets_of(again) == secrets_of(one), "and each keeps its own"


async def test_what_lies_in_the_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    settings = made(tmp_path / "one")
    async with serving(settings) as server, Visitor(server) as ada:
        await ada.enter()
        await ada.write("the heron")
        files = [path for path in settings.data_folder.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"secrets.toml", "llamora.sqlite3"}
        assert {path.name: mode(path) for path in files} == {path.name: 0o600 for path in files}
        assert mode(settings.data_folder) == 0o700


async def test_no_secret_is_shown_anywhere(tmp_path: Path) -> None:
    settings = made(tmp_path / "one")
    async with serving(settings) as server, Visitor(server) as ada:
        await ada.enter()
        for path in ("/settings/account", "/settings/companion", "/days/2026-11-22", "/nothing"):
            text = (await ada.visit(path)).text
            assert not [secret for secret in secrets_of(settings) if secret in text]


async def test_a_cookie_of_one_installation_opens_nothing_in_another(tmp_path: Path) -> None:
    one, other = made(tmp_path / "one"), made(tmp_path / "other")
    async with (
        serving(one) as here,
        serving(other) as there,
        Visitor(here) as ada,
        Visitor(there) as thief,
    ):
        await ada.enter()
        thief.take(ada.steal())
        assert (await thief.visit("/days/2026-11-22")).status_code == 303
