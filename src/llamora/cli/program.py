"""The commands of `llamora-server`. What a command needs is imported when it runs.

Exit codes: 0 done, 1 failed, 2 wrong usage. A failure is one sentence on stderr.
"""

import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from llamora.cli.process import harden, orderly_end
from llamora.cli.say import Failure, counted, note, progress

SAID_OF_LINES = 50
"""So many skipped lines are named one by one."""

program = typer.Typer(
    name="llamora-server",
    help="Llamora: a journal of days, encrypted, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
account = typer.Typer(help="Make, list and remove accounts.", no_args_is_help=True)
assets = typer.Typer(help="Build the frontend.", no_args_is_help=True)
migrate = typer.Typer(help="See and move the database's schema.", no_args_is_help=True)
model = typer.Typer(help="Get, look at and run models.", no_args_is_help=True)
program.add_typer(account, name="account")
program.add_typer(assets, name="assets")
program.add_typer(migrate, name="migrate")
program.add_typer(model, name="model")

User = Annotated[str, typer.Option("--user", help="Name of the account.")]
PasswordFile = Annotated[
    str | None,
    typer.Option("--password-file", help="File that holds the password; - is stdin."),
]
Format = Annotated[str, typer.Option("--format", help="The file's format: jsonl.")]
Mode = Annotated[str, typer.Option("--mode", help="dev (with source maps) or prod (minified).")]


def run(arguments: list[str]) -> int:
    """Runs one command and returns its exit code, or exits with it."""
    harden()
    try:
        return program(arguments, prog_name="llamora-server") or 0
    except Exception as e:
        if not isinstance(e, _told()):
            raise
        note(_sentence(e))
        return 1


def _sentence(error: Exception) -> str:
    from llamora.storage.ledger import Stale

    if isinstance(error, Stale):  # its own speaks to someone at a page
        return "The password or the key was replaced meanwhile; run the command again."
    return str(error)


def _told() -> tuple[type[Exception], ...]:
    """The errors whose text is a sentence for the person. Only rooms in use can have raised."""
    from llamora.accounts.errors import AccountsError
    from llamora.exchange.errors import ExchangeError
    from llamora.journal.errors import JournalError
    from llamora.settings import BadSetting
    from llamora.storage.errors import StoreError
    from llamora.vault import Unreadable

    return (
        Failure,
        AccountsError,
        BadSetting,
        ExchangeError,
        JournalError,
        StoreError,
        Unreadable,
    )


# --- serving --------------------------------------------------------------------------------------


@program.command()
def dev(
    reload: Annotated[bool, typer.Option(help="Start anew when a source file changes.")] = True,
) -> None:
    """Serve the journal here, and start anew when a source file changes."""
    from llamora.cli.server import Manner, serve
    from llamora.settings import load

    raise typer.Exit(serve(load(), Manner(reload=reload)))


@program.command()
def prod(
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer.")] = 1,
) -> None:
    """Serve the journal with the built assets, without reloading."""
    from llamora.cli.assets import is_built
    from llamora.cli.server import Manner, serve
    from llamora.settings import load

    if not is_built():
        raise Failure("The assets are not built yet; run `llamora-server assets build` first.")
    raise typer.Exit(serve(load(), Manner(workers=workers)))


@assets.command("build")
def assets_build(mode: Mode = "prod") -> None:
    """Build frontend/dist once."""
    _assets(watch=False, mode=mode)


@assets.command("watch")
def assets_watch(mode: Mode = "dev") -> None:
    """Build frontend/dist again after each change."""
    _assets(watch=True, mode=mode)


def _assets(*, watch: bool, mode: str) -> None:
    from llamora.cli.assets import build

    if mode not in ("dev", "prod"):
        raise typer.BadParameter("it is dev or prod", param_hint="--mode")
    os.umask(0o022)  # nothing private is built, and another user may be the one who serves it
    raise typer.Exit(build(watch=watch, minified=mode == "prod"))


# --- accounts -------------------------------------------------------------------------------------


@account.command("add")
def account_add(
    name: str,
    password_file: PasswordFile = None,
    zone: Annotated[str, typer.Option(help="The diarist's time zone, such as Europe/Vienna.")] = "",
) -> None:
    """Make an account and print its recovery code, which is shown this once."""
    import asyncio

    from llamora.accounts import Settings as Diarist
    from llamora.cli.journals import rooms_of
    from llamora.cli.passwords import read_password
    from llamora.settings import load

    settings, password = load(), read_password(password_file, twice=True)
    diarist = Diarist(zone=zone, zone_known=True) if zone else Diarist()
    with rooms_of(settings) as rooms:
        opened = asyncio.run(rooms.accounts.register(name, password, diarist))
        note("Keep this recovery code: it opens the journal when the password is lost.")
        print(opened.code, flush=True)
        code = rooms.accounts.code_id(opened.vault)
        asyncio.run(rooms.accounts.take_code(opened.vault, code))
        opened.vault.wipe()


@account.command("invite")
def account_invite(
    days: Annotated[int, typer.Option("--days", min=1, max=365, help="Good for so long.")] = 7,
) -> None:
    """Print a one-time code with which somebody may begin a journal here."""
    import asyncio
    from datetime import timedelta

    from llamora.cli.journals import rooms_of
    from llamora.settings import load

    settings = load()
    with rooms_of(settings) as rooms:
        code = asyncio.run(rooms.accounts.invite(timedelta(days=days)))
    note(f"It makes one account within {counted(days, 'day')}; hand it over in private.")
    if settings.features.disable_registration:
        note("New accounts are refused here until FEATURES.disable_registration is unset.")
    elif not settings.features.invitation_only:
        note("Nobody is asked for it here until FEATURES.invitation_only is set.")
    print(code)


@account.command("list")
def account_list() -> None:
    """Print the name of each account."""
    from llamora.cli.journals import must_exist, rooms_of
    from llamora.settings import load

    settings = load()
    must_exist(settings)
    with rooms_of(settings) as rooms:
        for name in rooms.accounts.names():
            print(name)


@account.command("remove")
def account_remove(
    name: str,
    password_file: PasswordFile = None,
    without_password: Annotated[
        bool,
        typer.Option("--without-password", help="For who holds the file and not the password."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask to type the name once more.")
    ] = False,
) -> None:
    """Erase an account and everything in it, for good. Asks for its password, or to be sure."""
    import asyncio

    from llamora.cli.journals import must_exist, rooms_of, vault_of
    from llamora.cli.passwords import read_password
    from llamora.settings import load

    if without_password and password_file is not None:
        raise typer.BadParameter(
            "it is given instead of a password", param_hint="--without-password"
        )
    if yes and not without_password:
        raise typer.BadParameter("it goes with --without-password", param_hint="--yes")
    settings = load()
    must_exist(settings)
    if without_password:
        note("Whoever holds the file can delete what is in it, so no password is asked for.")
        if not yes:
            _be_sure(name)
    password = "" if without_password else read_password(password_file)
    with rooms_of(settings) as rooms:
        if without_password or rooms.accounts.is_being_erased(name):
            asyncio.run(rooms.accounts.remove(name))
        else:
            with vault_of(rooms, name, password) as vault:
                asyncio.run(rooms.accounts.erase(vault, name, password))
        if rooms.accounts.is_being_erased(name):  # a full disk, say, and nothing was raised
            raise Failure(
                f"{name} opens with nothing any more, but its rows could not be deleted, and its "
                "keys may still lie in the file. Free some space and run this again."
            )
    print(f"{name} and everything in it was erased. Backups made before still hold it.")


def _be_sure(name: str) -> None:
    from llamora.cli.passwords import typed_line

    if typed_line(f"Type {name} to erase it for good: ") != name:
        raise Failure("That is another name; nothing was done.")


@program.command("rotate-key")
def rotate_key(user: User, password_file: PasswordFile = None) -> None:
    """Replace the key of a journal, and seal everything in it anew. The journal may be in use; run
    again, it goes on where it was cut off."""
    import asyncio

    from llamora.app import rotation_of
    from llamora.cli import rotating
    from llamora.cli.journals import must_exist, rooms_of, vault_of
    from llamora.cli.passwords import read_password
    from llamora.settings import load

    settings = load()
    must_exist(settings)
    password = read_password(password_file)
    with rooms_of(settings) as rooms, vault_of(rooms, user, password) as vault:
        rotation = rotation_of(rooms.store, vault)
        asyncio.run(rotating.begin(rooms, rotation, vault, password))
        with progress("Sealing days anew") as heard:
            asyncio.run(rotating.finish(rotation, heard))


# --- in and out -----------------------------------------------------------------------------------


@program.command("import")
def import_(
    path: Path, user: User, password_file: PasswordFile = None, format: Format = "jsonl"
) -> None:
    """Add the entries of a file to a journal. Running it twice adds nothing twice."""
    import asyncio

    from llamora.accounts import Kind
    from llamora.cli.journals import journal_of
    from llamora.cli.passwords import read_password
    from llamora.exchange import jsonl
    from llamora.settings import load

    _only_jsonl(format)
    settings, password = load(), read_password(password_file)
    with (
        journal_of(settings, user, password, Kind.IMPORTED) as journal,
        progress("Reading lines") as heard,
    ):
        result = asyncio.run(jsonl.read(journal, path, progress=heard))
    for skipped in result.skipped[:SAID_OF_LINES]:
        note(f"Line {skipped.number:,} was skipped: {skipped.reason}.")
    if result.bad > SAID_OF_LINES:
        note(f"So were {result.bad - SAID_OF_LINES:,} more.")
    print(
        f"{counted(result.added, 'entry', 'entries')} added, {result.already:,} there already, "
        f"{counted(result.bad, 'line')} skipped."
    )
    if result.unnamed:
        note(f"{counted(result.unnamed, 'trace')} could not be kept; see docs/command-line.md.")
    if result.unread:
        note(
            f"{counted(result.unread, 'record')} of this journal cannot be opened; "
            "`llamora-server verify` says more."
        )
    if result.bad and not (result.added or result.already):
        raise Failure("No line of the file could be used; see docs/command-line.md for its form.")


@program.command()
def export(
    user: User,
    to: Annotated[str, typer.Option("--to", help="File to write; - is stdout.")],
    password_file: PasswordFile = None,
    format: Format = "jsonl",
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is there.")] = False,
) -> None:
    """Write a journal to a file that `import` reads. The file is plain text."""
    from llamora.accounts import Kind
    from llamora.cli.journals import journal_of
    from llamora.cli.passwords import read_password
    from llamora.exchange import jsonl
    from llamora.settings import load

    _only_jsonl(format)
    settings = load()
    if to != "-":
        _spare_what_is_there(Path(to), settings.database.path, replace=replace)
    password = read_password(password_file)
    with (
        orderly_end(),
        journal_of(settings, user, password, Kind.EXPORTED) as journal,
        progress("Writing days") as heard,
    ):
        if to == "-":
            written = jsonl.write(journal, sys.stdout.buffer, progress=heard)
            sys.stdout.buffer.flush()
        else:
            written = jsonl.write_file(journal, Path(to), progress=heard)
    note(f"{counted(written, 'entry', 'entries')} exported.")
    note("What was exported is plain text: anyone who has it can read the journal.")


def _spare_what_is_there(to: Path, database: Path, *, replace: bool) -> None:
    from llamora.settings import SECRETS

    if not to.exists():
        return
    own = [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]
    if any(each.exists() and to.samefile(each) for each in (*own, database.parent / SECRETS)):
        raise Failure(f"{to} is part of the journal itself; name another file.")
    if not replace and to.is_file() and to.stat().st_size:
        raise Failure(f"{to} is there already; give --replace if it is to be replaced.")


def _only_jsonl(format: str) -> None:
    if format != "jsonl":
        raise typer.BadParameter(f"{format!r} is not one of: jsonl", param_hint="--format")


# --- searching ---------------------------------------------------------------------------------


@program.command()
def search(
    user: User,
    query: Annotated[str | None, typer.Argument(help="What to find; else a query a line.")] = None,
    password_file: PasswordFile = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most results of a query.")] = 10,
    other_words: Annotated[
        bool, typer.Option("--other-words", help="Ask the model for other words first.")
    ] = False,
) -> None:
    """Find entries by meaning and by words. One JSON line answers each query."""
    import asyncio

    from llamora.cli.journals import search_of
    from llamora.cli.passwords import read_password
    from llamora.cli.searching import answer
    from llamora.settings import load

    if query is None and password_file == "-":  # noqa: S105 - the sign for stdin
        raise typer.BadParameter(
            "stdin is read for queries, so the password needs a file", param_hint="--password-file"
        )
    settings, password = load(), read_password(password_file)
    queries = [query] if query is not None else _lines_of_stdin()
    finding = search_of(settings, user, password, other_words=other_words)
    with finding as (search, asks), progress("Indexing entries") as heard:
        asyncio.run(answer(search, queries, limit, asks, progress=heard))


def _lines_of_stdin() -> Iterator[str]:
    for line in sys.stdin.buffer:
        yield line.decode(errors="replace")


# --- keeping --------------------------------------------------------------------------------------


@program.command()
def backup(to: Annotated[Path, typer.Option("--to", help="Folder to write it in.")]) -> None:
    """Copy the database, sealed as it is, to a new file; the journal may be in use."""
    from llamora.cli.journals import must_exist
    from llamora.settings import load
    from llamora.storage import backup as storage

    settings = load()
    must_exist(settings)
    print(storage.backup(settings.database.path, to))


@program.command()
def restore(
    backup: Path,
    to: Annotated[Path, typer.Option("--to", help="Where the database is to be.")],
    replace: Annotated[bool, typer.Option("--replace", help="Replace what is there.")] = False,
) -> None:
    """Put a backup in its place. Llamora must not be running there."""
    from llamora.storage import AlreadyThere
    from llamora.storage import backup as storage

    if to.is_dir():
        raise Failure(f"{to} is a folder; name the file that the database is to be.")
    try:
        storage.restore(backup, to, replace=replace)
    except AlreadyThere as e:
        raise Failure(f"{to} is there already; give --replace if it is to be replaced.") from e
    print(f"Restored to {to}.")


@program.command()
def doctor(
    user: Annotated[str | None, typer.Option("--user", help="Name of the account.")] = None,
    password_file: PasswordFile = None,
    full: Annotated[bool, typer.Option("--full", help="Look at every page and record.")] = False,
    backups: Annotated[
        list[Path] | None, typer.Option("--backups", help="Folder that backups are made in.")
    ] = None,
) -> None:
    """Look whether this installation is as it should be, and say what to do where it is not."""
    from llamora.cli.doctor.look import look, tell
    from llamora.cli.journals import header_of
    from llamora.cli.passwords import read_password
    from llamora.settings import load

    if user is None and password_file is not None:
        raise typer.BadParameter("a password belongs to an account", param_hint="--user")
    settings = load()
    header = partial(header_of, settings, user, read_password(password_file)) if user else None
    wrong = 0
    for each in look(settings, backups or [], full=full, header=header):
        tell(each)
        wrong += each.mark == "wrong"
    if wrong:
        raise typer.Exit(1)


@program.command()
def verify(
    user: Annotated[str | None, typer.Option("--user", help="Name of the account.")] = None,
    password_file: PasswordFile = None,
    read_data: Annotated[
        bool, typer.Option("--read-data", help="Insist on opening every record; needs --user.")
    ] = False,
) -> None:
    """Look through the database for damage; with a password, open and compare every record."""
    from llamora.cli.journals import must_exist
    from llamora.cli.passwords import read_password
    from llamora.settings import load

    if user is None and (read_data or password_file is not None):
        raise typer.BadParameter("records open only with a password", param_hint="--user")
    settings = load()
    must_exist(settings)
    password = read_password(password_file) if user is not None else ""
    sound = _verify_structure(settings.database.path)
    if user is not None and sound:
        sound = _verify_journal(settings, user, password)
    if not sound:
        raise Failure("Something is wrong; keep this file, and restore a backup beside it.")


def _verify_structure(path: Path) -> bool:
    from llamora.storage.backup import check

    report = check(path)
    for problem in report.problems:
        print(problem)
    if report.sound:
        rows = ", ".join(f"{name} {count:,}" for name, count in sorted(report.rows.items()))
        print(f"The file is sound (schema {report.schema}). Rows: {rows}.")
    return report.sound


def _verify_journal(settings, user: str, password: str) -> bool:
    from llamora.accounts.verify import verify as verify_account
    from llamora.cli.journals import rooms_of, vault_of
    from llamora.journal.journal import Journal
    from llamora.journal.verify import verify as look
    from llamora.traces.verify import verify as verify_traces

    with (
        rooms_of(settings) as rooms,
        vault_of(rooms, user, password) as vault,
        progress("Opening days") as heard,
    ):
        with rooms.store.snapshot() as seen:
            report = look(seen, vault, progress=heard)
            labels = verify_traces(seen, vault)
            account = verify_account(seen, vault)
        index = _verify_index(rooms.store, Journal.open(rooms.store, vault, rooms.clock))
    problems = [*report.problems, *labels.problems, *account.problems]
    for problem in problems:
        print(problem)
    held = ", ".join(
        (
            counted(report.entries, "entry", "entries"),
            counted(report.responses, "response"),
            counted(report.days, "day"),
            counted(labels.traces, "trace"),
            counted(report.drafts, "draft"),
            counted(report.notes, "note"),
        )
    )
    found = "all sound" if not problems else counted(len(problems), "problem")
    print(f"{user}: {held}; {found}.")
    for problem in index.problems:
        print(problem)
    waiting = f", {counted(index.waiting, 'writing')} not indexed yet" if index.waiting else ""
    found = "all sound" if index.sound else counted(len(index.problems), "problem")
    print(f"Search index: {counted(index.passages, 'passage')}{waiting}; {found}.")
    return not problems and index.sound


def _verify_index(store, journal):
    from llamora.search.verify import verify as look

    with progress("Comparing the index") as heard:
        return look(store, journal, progress=heard)


@migrate.command("status")
def migrate_status() -> None:
    """Say where the database's schema stands."""
    from llamora.settings import load
    from llamora.storage.migrate import status

    found = status(load().database.path)
    print(f"Schema {found.schema} of {found.newest}.")
    for step in found.pending:
        print(f"Pending: {step}")


@migrate.command("up")
def migrate_up() -> None:
    """Bring the schema up to date; a backup is made first."""
    from llamora.settings import load
    from llamora.storage.migrate import up

    applied = up(load().database.path)
    for step in applied:
        print(f"Applied: {step}")
    if not applied:
        print("The schema is up to date.")


# --- models ---------------------------------------------------------------------------------------


@model.command("pull")
def model_pull(
    name: Annotated[
        str,
        typer.Argument(
            help="bge-small-en-v1.5; or a GGUF file, by its address or as OWNER/REPOSITORY/FILE on"
            " Hugging Face."
        ),
    ],
    source: Annotated[
        str, typer.Option("--from", help="Address with bge's files, if not Hugging Face's.")
    ] = "",
    sha256: Annotated[str, typer.Option("--sha256", help="What the model's file must have.")] = "",
) -> None:
    """Fetch a model into the data folder; run again, it goes on where it was cut off."""
    from llamora.cli import models
    from llamora.search import bge
    from llamora.settings import load

    if sha256 and not models.is_sha256(sha256.lower()):
        raise typer.BadParameter("it has 64 digits from 0 to f", param_hint="--sha256")
    data = load().data_folder
    if name == bge.NAME:
        folder = bge.folder_in(data)
        models.pull(folder, source or bge.SOURCE, sha256.lower())
        print(f"{name} is in {folder}{models.lacking_extra()}.")
        note(f'To use it, set EMBEDDING.make to "{name}".')
        return
    address = models.gguf_address(name)
    if not address or source:
        raise typer.BadParameter(
            f"{name!r} is not {bge.NAME}, nor a file that ends in .gguf by its address or as"
            " OWNER/REPOSITORY/FILE",
            param_hint="NAME",
        )
    file = models.pull_gguf(data / "models", address, sha256.lower())
    print(f"{file.name} is in {file.parent}, SHA-256 {models.sha256_of(file)}.")
    note(f'To use it, set LLM.local.model_path to "{file}".')


@model.command("status")
def model_status() -> None:
    """Say which models could be used and which are; load the one that is run here."""
    from llamora.cli import models
    from llamora.settings import load

    for line in models.status(load()):
        print(line)


@model.command("serve")
def model_serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine.")] = 8080,
) -> None:
    """Run the model of LLM.local.model_path for other programs, until Ctrl-C. Prints the address
    and the key that they need."""
    import asyncio
    from dataclasses import replace

    from llamora.cli.llama import serve, wanted_by
    from llamora.settings import load

    wanted = wanted_by(load())
    if wanted is None:
        raise Failure("LLM.local.model_path is not set; `llamora-server model pull` gets a model.")
    asyncio.run(serve(replace(wanted, port=port)))
