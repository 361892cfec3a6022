"""A file of plain text that appears whole at its name, or not at all, whatever happens meanwhile.

While it is written it has no name, so that even a process that is killed leaves nothing to be
read. Where the file system knows no files without a name, it has a hidden one until then.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_OWNER_ONLY = 0o600


@contextmanager
def appearing(path: Path) -> Generator[BinaryIO]:
    """The file to write to. It is at `path` when the block is done; what was there is replaced.

    Raises:
        OSError: there is no such folder, or no room.
    """
    _drop_left(path)
    handle = _nameless(path.parent)
    hidden = path.with_name(f".{path.name}-{secrets.token_hex(4)}~")
    if named := handle is None:
        handle = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(handle, "wb") as file:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX)  # in use, and not left behind
            yield file
            file.flush()
            os.fsync(file.fileno())
            if not named:
                # Absolute, so that no folder is needed; given one, Python follows the link.
                door = _door(file.fileno())
                os.link(door, hidden, src_dir_fd=file.fileno(), follow_symlinks=True)
            hidden.replace(path)
    finally:
        with suppress(FileNotFoundError):
            hidden.unlink()


def _nameless(folder: Path) -> int | None:
    """A new file without a name; None where there is no such thing, or no way to name it later."""
    try:
        handle = os.open(folder, os.O_WRONLY | os.O_TMPFILE, _OWNER_ONLY)
    except (AttributeError, OSError):  # not Linux; not this file system
        return None
    if Path(_door(handle)).exists():
        return handle
    os.close(handle)
    return None


def _door(handle: int) -> str:
    return f"/proc/self/fd/{handle}"


def _drop_left(path: Path) -> None:
    """Removes what an export to `path` left when it was killed."""
    left = re.compile(re.escape(f".{path.name}-") + "[a-z0-9_]{8}~")
    for name in os.listdir(path.parent):
        each = path.with_name(name)
        if left.fullmatch(name) and each.is_file() and not each.is_symlink():
            with suppress(OSError), each.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # refused while it is written
                each.unlink()
