"""Every sealed column of the schema has its place, bound to every column that can be seen."""

import pkgutil
from collections import Counter
from dataclasses import dataclass
from importlib import import_module

import llamora
from llamora.storage import Store
from llamora.vault import Place

# What only serves people holds no places, and takes long to import.
NOT_ROOMS = {"llamora.web", "llamora.cli", "llamora.app", "llamora.__main__"}
NOT_TABLES = {"cookie"}
# A session's row holds keys, or, when the cookie itself carries them, none.
KINDS = {("sessions", "sealed"): 2}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    required: bool


def schema(store: Store) -> dict[str, list[Column]]:
    """Each table that holds something of an account, and its columns in order."""
    return {
        table: [
            Column(name, type, bool(required))
            for name, type, required in store.rows(
                'SELECT name, type, "notnull" FROM pragma_table_info(?) ORDER BY cid', (table,)
            )
        ]
        for (table,) in store.rows(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'migrations'"
        )
    }


def places() -> set[Place]:
    """Every place that any room names."""
    found: set[Place] = set()
    for module in pkgutil.walk_packages(llamora.__path__, "llamora.", onerror=lambda _: None):
        if not any(module.name == no or module.name.startswith(f"{no}.") for no in NOT_ROOMS):
            names = vars(import_module(module.name)).values()
            found |= {value for value in names if isinstance(value, Place)}
    return found


def test_each_sealed_column_is_bound_to_all_that_can_be_seen_beside_it(store: Store) -> None:
    expected = {
        (table, column.name): tuple(
            other.name for other in columns if other.name not in ("id", "owner", "sealed")
        )
        for table, columns in schema(store).items()
        for column in columns
        if column.name == "sealed"
    }
    found = [place for place in places() if place.table not in NOT_TABLES]
    for place in found:
        assert place.visible == expected[place.table, place.column], place
    in_use = Counter((place.table, place.column) for place in found)
    assert in_use == {column: KINDS.get(column, 1) for column in expected}
    # Where a column has more than one kind of record, each has a key of its own.
    assert len({(place.table, place.column, place.purpose) for place in found}) == len(found)


def test_nothing_else_of_a_row_could_hold_words(store: Store) -> None:
    """Text stands in clear in three columns, each with a handful of values or a public name."""
    text = {
        (table, column.name)
        for table, columns in schema(store).items()
        for column in columns
        if column.type == "TEXT"
    }
    assert text == {("accounts", "name"), ("wraps", "kind"), ("cursors", "follower")}


def test_every_column_is_required_and_of_a_plain_type(store: Store) -> None:
    for columns in schema(store).values():
        for column in columns:
            assert column.required
            assert column.type in ("BLOB", "TEXT", "INTEGER")
