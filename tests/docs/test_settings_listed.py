"""Every setting is listed for people, with its default, in the two places they look."""

import tomllib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import pytest

from llamora.settings import leaves, load

ROOT = Path(__file__).resolve().parents[2]


def _writer():
    loader = SourceFileLoader("write_settings", str(ROOT / "bin/settings"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


WRITER = _writer()


@pytest.mark.parametrize("file", WRITER.FILES)
def test_the_listing_is_what_the_settings_say(file):
    assert (ROOT / file).read_text("utf-8") == WRITER.FILES[file](), (
        f"run .venv/bin/python bin/settings to write {file} again"
    )


def test_the_toml_listing_read_as_settings_changes_nothing(tmp_path):
    plain = load(tmp_path, {})
    (tmp_path / "config").mkdir()
    listing = (ROOT / "config/settings.toml").read_text("utf-8")
    (tmp_path / "config/settings.local.toml").write_text(listing, "utf-8")
    assert load(tmp_path, {}) == plain
    assert tomllib.loads(listing)["APP"]["port"] == 5000


def test_each_setting_stands_on_the_page():
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    assert all(f"`{leaf.name}`" in page for leaf in leaves().values())
