"""What a diarist can set."""

from typing import Any

import pytest
from tests.support.accounts import House, Registered

from llamora.accounts import BadSetting, Settings
from llamora.storage import ledger


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zone", "Mars/Olympus"),
        ("zone", "../../etc/passwd"),
        ("zone", ""),
        ("theme", "neon"),
        ("clock_hours", 13),
        ("day_starts_at", 7),
        ("day_starts_at", -1),
        ("day_starts_at", True),
        ("display_name", "x" * 61),
        ("display_name", "two\nlines"),
        ("spellcheck", 1),
        ("companion", None),
        ("remember_searches", 0),
        ("trace_order", "size"),
    ],
)
def test_an_impossible_setting_names_its_field(field: str, value: Any):
    with pytest.raises(BadSetting) as refused:
        Settings(**{field: value})
    assert refused.value.field == field


async def test_settings_are_kept_and_sealed(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    assert home.accounts.settings(vault) == Settings("Ada", "Europe/London")
    chosen = Settings(
        display_name="Ada L.",
        zone="Pacific/Auckland",
        theme="dark",
        clock_hours=12,
        spellcheck=True,
        day_starts_at=4,
        companion=False,
        remember_searches=False,
        trace_order="recent",
    )
    await home.accounts.save_settings(vault, chosen)
    assert home.accounts.settings(vault) == chosen
    await home.store.truncate()
    assert b"Auckland" not in ada.path.read_bytes()


async def test_what_a_later_version_set_survives(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)

    def add(header: dict[str, Any]) -> None:
        header["settings"] |= {"ink": "green", "theme": "sepia"}

    await home.store.write(lambda tx: ledger.change(tx, vault, add))
    assert home.accounts.settings(vault).theme == "system"
    await home.accounts.save_settings(vault, Settings("Ada", theme="light"))
    assert home.accounts.settings(vault).remember_searches
    kept = ledger.read(home.store, vault).header["settings"]
    assert (kept["ink"], kept["theme"]) == ("green", "light")
