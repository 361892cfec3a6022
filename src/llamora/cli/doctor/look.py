"""All looks in order, and how they are told."""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from llamora.cli.doctor import files, keys, machine, network
from llamora.cli.doctor.finding import Finding, wrong
from llamora.settings import Settings, configuration_files
from llamora.storage import StoreError

_COLOURS = {"ok": "green", "note": "yellow", "wrong": "bold red"}


def look(
    settings: Settings,
    folders: Sequence[Path],
    *,
    full: bool,
    header: Callable[[], dict[str, Any]] | None,
) -> Iterator[Finding]:
    """Every finding. `folders` are where backups lie besides the data folder; `header` opens an
    account's row, if its password was given."""
    path, folder, now = settings.database.path, settings.data_folder, datetime.now(UTC)
    here = machine.Machine()
    yield from files.permissions(settings, configuration_files())
    yield from files.secrets(settings)
    sound = files.database(path, full=full)
    yield from sound
    if path.is_file() and not any(each.mark == "wrong" for each in sound):
        yield from _of_file("key policy", lambda: keys.policy(path, settings.crypto))
        longest = timedelta(seconds=settings.session.absolute_ttl)
        yield from _of_file("clock", lambda: machine.clock(path, now, longest))
        if header is not None:
            yield from keys.recovery(header(), now)
    yield from files.backups([folder, folder / "backups", *folders], path, now)
    yield from files.space(folder, path)
    yield from machine.swap(here)
    yield from machine.cores(here)
    yield from machine.locked_memory(here)
    yield from machine.versions()
    yield from network.address(settings)
    yield from network.models(settings)


def tell(finding: Finding) -> None:
    """A line on stdout: the mark, what was looked at, and the sentence."""
    line = f"{finding.mark:<5}  {finding.about}: {finding.says}"
    if not sys.stdout.isatty():
        print(line, flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    text = Text(line)
    text.stylize(_COLOURS[finding.mark], 0, 5)
    Console().print(text, soft_wrap=True)


def _of_file(about: str, looking: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return looking()
    except StoreError as error:
        return [wrong(about, str(error))]
