"""Lines of a file from elsewhere, plain or gzip, measured before the first is given out."""

import gzip
import io
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from llamora.exchange.errors import ExchangeError

MIB = 1024 * 1024
LINE_BYTES = 4 * MIB
"""An entry of 64,000 bytes and more than a dozen of the longest responses."""
FILE_BYTES = 2048 * MIB
GZIP_RATIO = 100
SMALL_ANYWAY = MIB  # a short file of one repeated line is no bomb
SKIPPED_NAMED = 1000
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Skipped:
    """A place in the file, counted from 1, that was passed over, and why."""

    number: int
    reason: str


@dataclass
class Imported:
    """What an import came to. `skipped` names the first thousand places; `bad` counts them all."""

    added: int = 0
    already: int = 0
    bad: int = 0
    skipped: list[Skipped] = field(default_factory=list[Skipped])

    def skip(self, number: int, reason: str) -> None:
        self.bad += 1
        if len(self.skipped) < SKIPPED_NAMED:
            self.skipped.append(Skipped(number, reason))


@dataclass(frozen=True)
class Lines:
    """The lines of an open file: how many there are, and each with its number from 1.

    A line longer than `LINE_BYTES` is given as None.
    """

    total: int
    _file: io.BufferedReader

    def __iter__(self) -> Iterator[tuple[int, bytes | None]]:
        number = 0
        while line := self._file.readline(LINE_BYTES + 1):
            number += 1
            if len(line) <= LINE_BYTES:
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                continue
            while line and not line.endswith(b"\n"):
                line = self._file.readline(MIB)
            yield number, None


@contextmanager
def lines_of(path: Path, *, most: int = FILE_BYTES) -> Generator[Lines]:
    """The file's lines, once all of it has been seen to be sound and of a bearable size.

    A bomb or a damaged file is refused here, before anything of it was taken in.

    Raises:
        ExchangeError: it cannot be read, is too large, or its gzip is damaged.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == _GZIP
            size = raw.seek(0, io.SEEK_END)
            total = _count_lines(_from_start(raw, packed=packed), size, packed=packed, most=most)
            yield Lines(total, _from_start(raw, packed=packed))
    except (EOFError, zlib.error, gzip.BadGzipFile) as e:
        raise ExchangeError(f"{path.name} is a damaged gzip file; nothing was imported.") from e
    except OSError as e:
        raise ExchangeError(f"{path} cannot be read: {e.strerror or 'it is no file'}.") from e


def _from_start(raw: BinaryIO, *, packed: bool) -> io.BufferedReader:
    raw.seek(0)
    if packed:
        # A reader of its own, so that this one is not closed with it.
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), MIB)  # pyright: ignore[reportArgumentType]
    return raw  # pyright: ignore[reportReturnType]


def _count_lines(file: io.BufferedReader, size: int, *, packed: bool, most: int) -> int:
    limit = min(most, max(SMALL_ANYWAY, size * GZIP_RATIO)) if packed else most
    seen, lines, last = 0, 0, b"\n"
    while chunk := file.read(MIB):
        seen += len(chunk)
        if seen > most:
            raise ExchangeError(f"The file is larger than {most // MIB:,} MiB; split it.")
        if seen > limit:
            raise ExchangeError("The file unpacks to far more than a journal would; nothing was.")
        lines += chunk.count(b"\n")
        last = chunk[-1:]
    return lines + (last != b"\n")
