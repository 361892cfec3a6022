"""Looks at what lies on the disk: who can read it, whether it is sound, what copies there are."""

import os
import shutil
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from llamora.cli.doctor.finding import Finding, note, ok, wrong
from llamora.cli.say import counted
from llamora.settings import SECRETS, Settings
from llamora.storage import StoreError, migrate
from llamora.storage.backup import check
from llamora.storage.connection import PRAGMAS, connect
from llamora.storage.copying import sidecars

BEFORE_UPGRADE = "-before-upgrade-to-schema-"
OLD_BACKUP = timedelta(days=7)
LEAST_FREE = 100 * 2**20  # bytes
_OTHERS = 0o077
_LEAST_SIGNS = 12  # different ones in a secret of 32 characters and more
_WELL_KNOWN = ("change", "default", "example", "secret", "password", "llamora", "12345")


def permissions(settings: Settings, configuration: Iterable[Path]) -> list[Finding]:
    """Who else may read the data folder, and the files in it or besides that hold secrets."""
    about, folder, database = "permissions", settings.data_folder, settings.database.path
    found: list[Finding] = []
    if folder.is_dir() and folder.stat().st_mode & _OTHERS:
        found.append(wrong(about, f"Others may enter {folder}; run `chmod 700 {folder}`."))
    copies = [path for _, path in backups_in([folder], database)]
    private = [database, *sidecars(database), folder / SECRETS, *copies]
    private += [path for path in configuration if _holds_a_secret(path)]
    if settings.app.tls_key:
        private.append(settings.app.tls_key)
    for path in private:
        if path.is_file() and path.stat().st_mode & _OTHERS:
            found.append(wrong(about, f"Others may read {path}; run `chmod 600 {path}`."))
        elif path.is_file() and path.stat().st_uid not in (os.getuid(), 0):
            found.append(wrong(about, f"{path} belongs to another user; see how that came to be."))
    return found or [ok(about, "The data folder and what is private in it are yours alone.")]


def secrets(settings: Settings) -> list[Finding]:
    """Whether the secrets are this installation's own."""
    about = "secrets"
    named = {"SECRET_KEY": settings.secret_key, "COOKIES.secret": settings.cookies.secret}
    remove = f"; remove it, and a new one is made in {settings.data_folder / SECRETS}."
    found = [
        wrong(about, f"{name} looks like somebody's example{remove}")
        for name, value in named.items()
        if len(set(value)) < _LEAST_SIGNS or any(word in value.lower() for word in _WELL_KNOWN)
    ]
    if settings.secret_key == settings.cookies.secret:
        found.append(wrong(about, f"SECRET_KEY and COOKIES.secret are the same{remove}"))
    return found or [ok(about, "Both are there, long, and different from each other.")]


def database(path: Path, *, full: bool) -> list[Finding]:
    """Pragmas, schema and soundness of the file, without any key."""
    if not path.is_file():
        return [note("database", f"There is no journal at {path} yet; the first account makes it.")]
    try:
        return [_pragmas(path), _schema(path), _integrity(path, full=full)]
    except StoreError as error:
        return [wrong("database", f"{error} The file is {path}.")]


def backups(folders: Iterable[Path], path: Path, now: datetime) -> list[Finding]:
    """The last backup, and copies that migrations left."""
    found = backups_in(folders, path)
    made = [when for when, copy in found if BEFORE_UPGRADE not in copy.name]
    left = [copy for _, copy in found if BEFORE_UPGRADE in copy.name]
    if not path.is_file():
        return []
    run = "run `llamora-server backup --to FOLDER`, and name the folder here by --backups."
    if not made:
        findings = [note("backup", f"None was found; {run}")]
    elif now - max(made) > OLD_BACKUP:
        findings = [note("backup", f"The last one is {_days(now - max(made))} old; {run}")]
    else:
        findings = [ok("backup", f"{_many(made)}, the last one {_days(now - max(made))} old.")]
    if left:
        lie = (
            f"{counted(len(left), 'copy', 'copies')} from before an upgrade lie in {left[0].parent}"
        )
        advice = "each opens with the password of its day. Delete them when all is well."
        findings.append(note("old copies", f"{lie}; {advice}"))
    return findings


def space(folder: Path, path: Path) -> list[Finding]:
    """Whether the file can grow, and be copied."""
    about = "disk space"
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    size = path.stat().st_size if path.is_file() else 0
    said = f"{free / 2**20:,.0f} MiB are free at {folder}"
    if free < LEAST_FREE:
        return [wrong(about, f"Only {said}; make room, or what is written cannot be kept.")]
    if free < 2 * size:
        return [note(about, f"{said}, too little for two copies of the journal; make room.")]
    return [ok(about, f"{said}.")]


def backups_in(folders: Iterable[Path], path: Path) -> list[tuple[datetime, Path]]:
    """The copies of a database in these folders, each with the time it was written."""
    found: dict[Path, datetime] = {}
    for folder in folders:
        if folder.is_dir():
            for copy in folder.glob(f"{path.stem}-*{path.suffix}"):
                found[copy] = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
    return sorted((when, copy) for copy, when in found.items())


def _holds_a_secret(path: Path) -> bool:
    try:
        text = path.read_text("utf-8", "replace").lower()
    except OSError:
        return False
    return "api_key" in text or "secret" in text


def _pragmas(path: Path) -> Finding:
    about = "pragmas"
    with closing(connect(path, journal=None, query_only=True)) as connection:  # reads each back
        ((mode,),) = connection.rows("PRAGMA journal_mode")
    if mode != "wal":
        return note(about, f"The journal mode is {mode}; the next start makes it wal.")
    names = ", ".join(name for name, _, _ in PRAGMAS)
    return ok(about, f"wal, and these take as they should: {names}.")


def _schema(path: Path) -> Finding:
    about, status = "schema", migrate.status(path)
    if status.pending:
        said = f"{status.schema} of {status.newest}"
        return note(about, f"{said}; starting the server or `migrate up` brings it up to date.")
    return ok(about, f"{status.schema}, the newest.")


def _integrity(path: Path, *, full: bool) -> Finding:
    about = "integrity"
    advice = "Keep this file, and restore a backup beside it."
    if full:
        report = check(path)
        if report.sound:
            return ok(about, "Every page, index, key and record has its form.")
        return wrong(about, f"{report.problems[0]}. {advice}")
    with closing(connect(path, journal=None, query_only=True)) as connection:
        first = connection.rows("PRAGMA quick_check(1)")[0][0]
    if first != "ok":
        return wrong(about, f"{first}. {advice}")
    return ok(about, "Quick check passed; --full looks at indexes and records, too.")


def _days(age: timedelta) -> str:
    return counted(max(age.days, 0), "day")


def _many(made: list[datetime]) -> str:
    return "One" if len(made) == 1 else f"{len(made):,}"
