"""Looks at the machine: where memory may go, what is installed, whether the clock can be right."""

import os
import re
import resource
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import metadata
from pathlib import Path

from llamora import __version__
from llamora.cli.doctor.finding import Finding, note, ok, wrong
from llamora.cli.process import dumpable
from llamora.storage.connection import OLDEST_SQLITE, connect
from llamora.vault.keypage import KeyPage

OLDEST_PYTHON = (3, 11)
LEAST_LOCKED = 1 << 20  # bytes: a page of keys for each of many open journals
_REQUIRED = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=([0-9.]+)$")


def _locks() -> bool:
    page = KeyPage()
    page.wipe()
    return page.locked


@dataclass(frozen=True)
class Machine:
    """What is asked of the system, so that a test can be another one."""

    proc: Path = Path("/proc")
    sys: Path = Path("/sys")
    core_limit: int = field(default_factory=lambda: resource.getrlimit(resource.RLIMIT_CORE)[0])
    dumpable: bool = field(default_factory=dumpable)
    lock_limit: int = field(default_factory=lambda: resource.getrlimit(resource.RLIMIT_MEMLOCK)[0])
    locks: Callable[[], bool] = _locks


def swap(machine: Machine) -> list[Finding]:
    """Text that was read may be swapped out, unlike keys."""
    about = "swap"
    try:
        lines = (machine.proc / "swaps").read_text().splitlines()[1:]
    except OSError:
        return [
            note(about, "The system does not say whether it swaps; see that swap is encrypted.")
        ]
    places = [line.split()[0] for line in lines if line.strip()]
    bare = [place for place in places if not _is_safe(place, machine.sys)]
    if bare:
        said = f"{', '.join(bare)} may not be encrypted, and text in memory can be written there"
        return [note(about, f"{said}; encrypt it, or switch it off with `swapoff`.")]
    return [ok(about, "It is encrypted or in memory." if places else "There is none.")]


def cores(machine: Machine) -> list[Finding]:
    """Whether a crash could write our memory to the disk."""
    about = "core dumps"
    if machine.dumpable:
        return [wrong(about, "Other programs of yours may read this process; report it.")]
    if machine.core_limit:
        return [wrong(about, "The limit on core files is not 0; report it.")]
    try:
        pattern = (machine.proc / "sys/kernel/core_pattern").read_text().strip()
    except OSError:
        pattern = ""
    # The limit says nothing to a program that takes dumps; that this cannot be dumped does.
    taker = " The system hands dumps to a program, which gets none of ours."
    return [ok(about, "Switched off in every process of ours." + taker * pattern.startswith("|"))]


def locked_memory(machine: Machine) -> list[Finding]:
    """Whether pages of keys can be kept from being swapped out."""
    about = "locked memory"
    advice = "raise LimitMEMLOCK of the service, or `ulimit -l`."
    if not machine.locks():
        return [note(about, f"None is allowed, so keys may be swapped out; {advice}")]
    limit = machine.lock_limit
    if limit != resource.RLIM_INFINITY and limit < LEAST_LOCKED:
        return [note(about, f"{limit // 1024} KiB are allowed, enough for few journals; {advice}")]
    return [ok(about, "Keys are kept out of swap.")]


def versions() -> list[Finding]:
    """What the program stands on, and whether it is as new as the program asks."""
    about = "versions"
    python = ".".join(map(str, sys.version_info[:3]))
    found = _packages(about, _required())
    if sys.version_info < OLDEST_PYTHON:
        found.append(wrong(about, f"Python {python} is too old; install 3.11 or later."))
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        found.append(wrong(about, f"SQLite {sqlite3.sqlite_version} is too old; install 3.37."))
    said = [f"{name} {metadata.version(name)}" for name in ("PyNaCl", "Quart", "uvicorn")]
    return found or [
        ok(
            about,
            f"Llamora {__version__}, Python {python}, SQLite"
            f" {sqlite3.sqlite_version}, "
            f"{', '.join(said)}.",
        )
    ]


def clock(path: Path, now: datetime, longest: timedelta) -> list[Finding]:
    """Whether the clock stands where it can; sessions and days go by it."""
    about = "clock"
    seconds = now.timestamp()
    behind = [
        file
        for file in (Path(__file__), path)
        if file.exists() and file.stat().st_mtime > seconds + 300
    ]
    if behind:
        return [wrong(about, f"It is behind {behind[0]}, which is older; set it.")]
    if path.is_file():
        with closing(connect(path, journal=None, query_only=True)) as connection:
            last = connection.rows("SELECT max(expires) FROM sessions")[0][0] or 0
        if last > seconds + longest.total_seconds() + 300:
            return [
                note(
                    about,
                    "A session ends later than one can; the clock was ahead, or is"
                    " behind. Signing in and out again makes sure.",
                )
            ]
    return [ok(about, f"{now:%Y-%m-%d %H:%M} UTC, and nothing here is later.")]


def _is_safe(place: str, sys: Path) -> bool:
    """Whether a place of swap is memory, or a device that dm-crypt encrypts."""
    name = Path(os.path.realpath(place)).name
    if name.startswith("zram"):
        return True
    try:
        return (sys / "block" / name / "dm/uuid").read_text().startswith("CRYPT-")
    except OSError:
        return False


def _required() -> list[str]:
    try:
        return metadata.requires("llamora") or []
    except metadata.PackageNotFoundError:  # unpacked, and not installed
        return []


def _packages(about: str, required: list[str]) -> list[Finding]:
    found: list[Finding] = []
    for line in required:
        if match := _REQUIRED.match(line):
            name, least = match.groups()
            try:
                installed = metadata.version(name)
            except metadata.PackageNotFoundError:
                found.append(wrong(about, f"{name} is missing; install Llamora again."))
                continue
            if _numbers(installed) < _numbers(least):
                says = f"{name} {installed} is older than {least}; install Llamora again."
                found.append(wrong(about, says))
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
