"""A file in the middle of a rotation, and after it, as a stranger reads it by the document (§6).

The reader is the independent decoder; nothing of the vault takes part.
"""

import sqlite3
from pathlib import Path
from typing import Any

import decoder
import pytest
from tests.support.accounts import PASSWORD, UNTHROTTLED, Registered, house, registered
from tests.support.turning import Rooms, cut_after, fill

from llamora.accounts import rotation as rotating
from llamora.journal import resealing

PURPOSES = {
    "writings": ("content", "day, revision"),
    "days": ("content", "day, revision"),
    "drafts": ("draft", "place, revision"),
    "traces": ("trace", "name, revision"),
    "queries": ("query", "query"),
    "passages": ("vector", "revision"),
    "segments": ("index", "revision"),
}


@pytest.fixture
def ada(tmp_path: Path) -> Registered:
    return registered(tmp_path)


class Reader:
    """All that a stranger with the password needs: the file and the decoder."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path)
        owner, epoch = self.rows("SELECT id, epoch FROM accounts")[0]
        (wrap,) = self.rows(
            "SELECT id, owner, kind, epoch, salt, m, t, sealed FROM wraps WHERE kind = 'password'"
        )
        self.owner, self.epoch = owner, epoch
        self.deks = {epoch: decoder.open_wrap(decoder.password(PASSWORD), *wrap)}
        for sealed, at in self.rows("SELECT sealed, epoch FROM chain"):
            older, dek = decoder.open_chain(self.deks[epoch], owner, at, sealed)
            self.deks[older] = dek

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._file.execute(sql).fetchall()

    def opened(self, table: str) -> list[tuple[int, bytes, list[Any], dict[str, Any], bytes]]:
        """Epoch, id, visible columns, header and raw bytes of each row of a table."""
        purpose, columns = PURPOSES[table]
        keys = {e: decoder.subkey(dek, self.owner, purpose) for e, dek in self.deks.items()}
        found: list[tuple[int, bytes, list[Any], dict[str, Any], bytes]] = []
        for id, *visible, sealed in self.rows(f"SELECT id, {columns}, sealed FROM {table}"):
            epoch, header, raw = decoder.open_record(
                keys, table, "sealed", self.owner, id, visible, sealed
            )
            found.append((epoch, id, visible, header, raw))
        return found

    def check(self) -> set[int]:
        """Compares rows, hashes, digests and root, each by the key of its own epoch; the epochs."""
        for epoch, id, (day, _), header, raw in self.opened("writings"):
            dek = self.deks[epoch]
            assert decoder.hashed(dek, self.owner, "day-hash", header["date"]) == day
            made = decoder.digest(dek, self.owner, id, header["kind"], raw)
            assert made.hex() == header["digest"]
        for epoch, _, (place, _), header, _ in self.opened("drafts"):
            dek = self.deks[epoch]
            assert decoder.hashed(dek, self.owner, "place-hash", header["place"]) == place
        for epoch, _, (name, _), _, raw in self.opened("traces"):
            dek = self.deks[epoch]
            assert decoder.hashed(dek, self.owner, "trace-hash", raw.decode()) == name
        root, seen = 0, set[int]()
        for epoch, id, (_, revision), _, _ in self.opened("days"):
            seen.add(epoch)
            root += decoder.root_term(self.deks[epoch], self.owner, id, revision)
        assert self._root() == f"{root % (1 << 256):064x}"
        return seen | {epoch for table in PURPOSES for epoch, *_ in self.opened(table)}

    def _root(self) -> str:
        columns = "name, epoch, generation, last_change, sealed"
        ((*visible, sealed),) = self.rows(f"SELECT {columns} FROM accounts")
        keys = {self.epoch: decoder.subkey(self.deks[self.epoch], self.owner, "content")}
        opened = decoder.open_record(
            keys, "accounts", "sealed", self.owner, self.owner, visible, sealed
        )
        return opened[1]["root"]


async def test_a_stranger_reads_the_file_before_during_and_after(
    ada: Registered, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(rotating, "BATCH", 1)
    monkeypatch.setattr(resealing, "DAY_RECORDS", 1)
    with house(ada.path, UNTHROTTLED) as home:
        ours = Rooms.of(home, await home.accounts.sign_in(ada.name, ada.password))
        await fill(ours)
        assert Reader(ada.path).check() == {1}
        await home.accounts.rotate(ours.vault, ada.password)
        assert Reader(ada.path).check() == {1}
        assert not await cut_after(ours.rotation, 3)
        assert Reader(ada.path).check() == {1, 2}
        await ours.rotation.finish()
        reader = Reader(ada.path)
        assert reader.check() == {2}
        assert list(reader.deks) == [2]
