"""Whole copies of the database: to a temporary name, checked, on the disk, then renamed."""

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from llamora.storage.connection import BeforeExecute, connect, make_folder, named_os
from llamora.storage.errors import Damaged

SIDECARS = ("-wal", "-shm", "-journal")


def copy_whole(
    source: Path,
    target: Path,
    *,
    before_naming: Callable[[], None] | None = None,
    before_execute: BeforeExecute | None = None,
) -> None:
    """Copies a database that may be in use, as it is at one moment, over `target`.

    The copy is one file, 0600, that opens alone: it has no log of its own. It is checked and
    synced before it gets its name, so under that name there is never half a copy. With the copy
    finished, `before_naming` makes way for it, or raises, and then there is no copy.

    Raises:
        Damaged: the source, and so the copy, is not sound; there is no copy then.
        StoreFull, StoreBusy, Unreachable: as their names say.
    """
    make_folder(target.parent)
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-", suffix="~")
        os.close(handle)
        partial = Path(name)
        try:
            _fill(source, partial, before_execute)
            _sync(partial)
            if before_execute:
                before_execute("-- name the copy")
            if before_naming:
                before_naming()
            partial.replace(target)
        except BaseException:
            for leftover in (partial, *sidecars(partial)):
                leftover.unlink(missing_ok=True)
            raise
        _sync(target.parent)
    except OSError as error:
        raise named_os(error) from error


def free_name(folder: Path, stem: str, suffix: str) -> Path:
    """A name in the folder with the UTC time in it that no file there has."""
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    path, n = folder / f"{stem}-{moment}{suffix}", 1
    while path.exists():
        n += 1
        path = folder / f"{stem}-{moment}-{n}{suffix}"
    return path


def sidecars(path: Path) -> list[Path]:
    """The files SQLite may keep beside a database."""
    return [path.with_name(path.name + ending) for ending in SIDECARS]


def _fill(source: Path, partial: Path, before_execute: BeforeExecute | None) -> None:
    with (
        closing(
            connect(source, journal=None, query_only=True, before_execute=before_execute)
        ) as origin,
        closing(connect(partial, journal="delete", before_execute=before_execute)) as copy,
    ):
        origin.copy_into(copy)
        # The pages say that the source keeps a write-ahead log; the copy must not.
        copy.set_pragma("journal_mode", "delete", "delete")
        if copy.unsound():
            raise Damaged


def _sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open a folder, and does not need to
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
