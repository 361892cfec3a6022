"""Every route stands in the documents, and nothing that is not there does."""

import re
from pathlib import Path

from quart import Quart
from tests.support.server import journal_settings

from llamora.app import build
from llamora.vault import RuntimeKey

ROOT = Path(__file__).resolve().parents[2]
LISTED = re.compile(r"^\| `([A-Z]+) (/[^`]*)`", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def routes_of(app: Quart) -> set[tuple[str, str]]:
    """Method and path of each rule, written as the document writes them."""
    return {
        (method, re.sub(r"<\w+:", "<", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def the_app(folder: Path) -> Quart:
    gate = build(journal_settings(folder / "journal.sqlite3"), RuntimeKey())
    return gate._app  # pyright: ignore


async def test_every_route_is_listed_and_every_listed_route_exists(tmp_path: Path):
    text = (ROOT / "docs/routes.md").read_text("utf-8")
    assert set(LISTED.findall(text)) == routes_of(the_app(tmp_path))


def test_a_route_that_is_not_listed_would_be_noticed():
    assert LISTED.findall("| `GET /nowhere` | x |\n") == [("GET", "/nowhere")]


def test_every_link_in_the_documents_leads_somewhere():
    broken = [
        f"{page.name}: {target}"
        for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert not broken, broken
