"""What docs/spec says is what the code does."""

import ast
import re
from pathlib import Path

import llamora
from llamora.accounts.policy import AccountsPolicy
from llamora.vault import Purpose, record
from llamora.vault.keys import MEMORY_MIB, PASSES, RECOVERY_POLICY

ROOT = Path(__file__).resolve().parents[2]
FORMAT = (ROOT / "docs" / "spec" / "vault-format.md").read_text(encoding="utf-8")
THREATS = (ROOT / "docs" / "spec" / "threat-model.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    return FORMAT.split(f"\n## {number}. ")[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, without their backticks."""
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in lines
    ]


def test_the_document_names_every_purpose_and_no_other():
    assert [row[0] for row in rows(section(3))] == [purpose.value for purpose in Purpose]


def places_in(source: str) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """Every `Place(…)` a module writes out: table, column, purpose, visible columns."""
    found: set[tuple[str, str, str, tuple[str, ...]]] = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Place"
        ):
            table, column, purpose, *rest = node.args
            assert isinstance(purpose, ast.Attribute)
            visible = ast.literal_eval(rest[0]) if rest else ()
            key = Purpose[purpose.attr].value
            found.add((ast.literal_eval(table), ast.literal_eval(column), key, visible))
    return found


def test_the_document_names_every_place_with_its_visible_columns():
    written = {
        (table, column): (key, tuple(n.strip() for n in visible.split(",") if n.strip()))
        for table, column, key, visible, _ in rows(section(4))
    }
    used = set[tuple[str, str, str, tuple[str, ...]]]()
    for path in Path(llamora.__file__).parent.rglob("*.py"):
        used |= places_in(path.read_text(encoding="utf-8"))
    assert len(used) >= 8
    own_keys = {"wraps", "sessions", "cookie"}
    for table, column, purpose, visible in used:
        key, columns = written[table, column]
        assert columns == visible
        assert key == purpose or table in own_keys


def test_the_numbers_in_the_document_are_the_codes():
    assert f"{record.SHORTEST} bytes to 48 MiB" in section(9)
    assert record.LONGEST == (48 << 20) + record.OVERHEAD
    assert record.OVERHEAD == 46
    assert (MEMORY_MIB[0], MEMORY_MIB[-1], PASSES[0], PASSES[-1]) == (8, 1024, 1, 16)
    policy = AccountsPolicy()
    assert (policy.kdf.memory_mib, policy.kdf.passes) == (128, 3)
    assert (RECOVERY_POLICY.memory_mib, RECOVERY_POLICY.passes) == (64, 3)


def test_comments_that_cite_a_section_cite_one_that_exists():
    cited = {
        int(number)
        for path in (Path(llamora.__file__).parent / "vault").glob("*.py")
        for number in re.findall(r"§(\d+)", path.read_text(encoding="utf-8"))
    }
    there = {int(number) for number in re.findall(r"^## (\d+)\. ", FORMAT, re.MULTILINE)}
    assert there == set(range(1, 11))
    assert cited
    assert cited <= there


def test_every_test_the_threat_model_names_exists():
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", THREATS))
    assert len(named) >= 20
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert named - there == set()
