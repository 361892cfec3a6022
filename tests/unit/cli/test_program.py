"""The commands as a person or a script meets them: what they print, and how they end."""

import gzip
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from llamora.accounts import Kind, erasing
from llamora.cli import assets, passwords, program
from llamora.cli.journals import rooms_of, vault_of
from llamora.cli.say import Failure
from llamora.settings import load
from llamora.storage import Store, StoreFull
from llamora.vault import RecoveryCode

PASSWORD = "a heron at the grey pond"
LINES = [
    {"date": "2024-02-28", "text": "Rain."},
    {"date": "2024-02-29", "text": "The heron came back.", "time": "07:42"},
]


class Ran:
    """How a command ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


Llamora = Callable[..., Ran]


@pytest.fixture
def llamora(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Llamora:
    """Runs a command here, as `llamora-server` would in a process of its own."""
    monkeypatch.setenv("LLAMORA_DATABASE__PATH", str(tmp_path / "data/llamora.sqlite3"))
    monkeypatch.setenv("LLAMORA_CRYPTO__KDF_MEMORY_MIB", "64")
    # What a process does to itself cannot be undone for the tests after this one.
    monkeypatch.setattr(program, "harden", lambda: None)
    monkeypatch.setattr(program.os, "umask", lambda mask: 0)

    def run(*arguments: str | Path, stdin: str = "") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        capfd.readouterr()
        try:
            code = program.run([str(each) for each in arguments])
        except SystemExit as e:
            code = e.code if isinstance(e.code, int) else 1
        sys.stdout.flush()
        said = capfd.readouterr()
        return Ran(code, said.out, said.err)

    return run


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


@pytest.fixture
def ada(llamora: Llamora, password: Path) -> list[str]:
    """The options that open the journal of an account."""
    assert llamora("account", "add", "ada", "--password-file", password).code == 0
    return ["--user", "ada", "--password-file", str(password)]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return path


# --- accounts -------------------------------------------------------------------------------------


def test_a_new_account_prints_its_recovery_code_and_nothing_else(llamora: Llamora, password: Path):
    ran = llamora("account", "add", "Ada", "--password-file", password)
    assert ran.code == 0
    assert str(RecoveryCode.read(ran.out.strip())) == ran.out.strip()
    assert "Keep this recovery code" in ran.err
    assert llamora("account", "list").out == "ada\n"


def test_the_zone_that_was_given_is_the_diarists_choice(llamora: Llamora, password: Path):
    """A browser elsewhere must not replace it at the first sign-in."""
    done = llamora("account", "add", "ada", "--password-file", password, "--zone", "Europe/Vienna")
    assert done.code == 0
    with rooms_of(load()) as rooms, vault_of(rooms, "ada", PASSWORD) as vault:
        settings = rooms.accounts.settings(vault)
    assert (settings.zone, settings.zone_known) == ("Europe/Vienna", True)


def test_a_name_that_is_taken_is_one_sentence(llamora: Llamora, ada: list[str], password: Path):
    ran = llamora("account", "add", "ADA", "--password-file", password)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "This name is taken; please choose another.\n"


def test_closed_registration_is_for_the_web_only(
    llamora: Llamora, password: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLAMORA_FEATURES__DISABLE_REGISTRATION", "true")
    assert llamora("account", "add", "ada", "--password-file", password).code == 0


@pytest.mark.parametrize(
    ("setting", "remark"),
    [
        ("INVITATION_ONLY", ""),
        ("DISABLE_REGISTRATION", "New accounts are refused here"),
        ("", "Nobody is asked for it here"),
    ],
)
def test_an_invitation_is_one_line_and_a_remark_says_when_it_is_of_no_use(
    llamora: Llamora, monkeypatch: pytest.MonkeyPatch, setting: str, remark: str
):
    if setting:
        monkeypatch.setenv(f"LLAMORA_FEATURES__{setting}", "true")
    one, other = llamora("account", "invite"), llamora("account", "invite", "--days", "1")
    assert (one.code, other.code) == (0, 0)
    assert len(one.out.strip()) >= 22
    assert len({one.out, other.out}) == 2
    assert "within 7 days" in one.err
    assert "within 1 day;" in other.err
    assert ("FEATURES" in one.err) is bool(remark)
    assert remark in one.err
    for days in ("0", "366", "x"):
        assert llamora("account", "invite", "--days", days).code == 2


def test_who_runs_the_server_needs_no_invitation(
    llamora: Llamora, password: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLAMORA_FEATURES__INVITATION_ONLY", "true")
    assert llamora("account", "add", "ada", "--password-file", password).code == 0


def test_removing_an_account_takes_its_password(
    llamora: Llamora, ada: list[str], password: Path, tmp_path: Path
):
    wrong = tmp_path / "wrong"
    wrong.write_text("another heron entirely")
    assert llamora("account", "remove", "ada", "--password-file", wrong).code == 1
    assert llamora("account", "list").out == "ada\n"
    ran = llamora("account", "remove", "ada", "--password-file", password)
    assert ran.code == 0
    assert "Backups made before still hold it." in ran.out
    assert llamora("account", "list").out == ""
    again = llamora("account", "remove", "ada", "--password-file", password)
    assert (again.code, again.out) == (1, "")


def test_an_account_that_is_not_gone_yet_is_not_said_to_be(
    llamora: Llamora, ada: list[str], password: Path, monkeypatch: pytest.MonkeyPatch
):
    async def full(store: Store) -> list[str]:
        raise StoreFull

    remove = ("account", "remove", "ada", "--password-file", password)
    with monkeypatch.context() as broken:
        broken.setattr(erasing, "finish", full)
        ran = llamora(*remove)
    assert (ran.code, ran.out) == (1, "")
    assert "its rows could not be deleted" in ran.err
    assert llamora(*remove).code == 0
    with rooms_of(load()) as rooms:
        assert rooms.store.rows("SELECT * FROM accounts") == []


def test_who_holds_the_file_removes_an_account_by_typing_its_name(
    llamora: Llamora, ada: list[str], monkeypatch: pytest.MonkeyPatch
):
    without = ("account", "remove", "ada", "--without-password")
    ran = llamora(*without)
    assert ran.code == 1
    assert "There is no terminal to type the name on" in ran.err
    for typed, code, left in (("ad", 1, "ada\n"), ("", 1, "ada\n"), ("ada", 0, "")):
        monkeypatch.setattr(passwords, "typed_line", lambda ask, typed=typed: typed)
        ran = llamora(*without)
        assert (ran.code, llamora("account", "list").out) == (code, left), typed
        assert "can delete what is in it" in ran.err
    assert llamora(*without, "--yes").err.endswith("`llamora-server account list` names them.\n")


def test_a_script_says_that_it_is_sure(llamora: Llamora, ada: list[str], password: Path):
    assert llamora("account", "remove", "ada", "--yes").code == 2
    both = ("account", "remove", "ada", "--without-password", "--password-file", password)
    assert llamora(*both).code == 2
    assert llamora("account", "remove", "ada", "--without-password", "--yes").code == 0
    assert llamora("account", "list").out == ""


@pytest.mark.parametrize("how", [["--without-password", "--yes"], ["--password-file", "-"]])
def test_removing_again_ends_what_was_cut_off(llamora: Llamora, ada: list[str], how: list[str]):
    with rooms_of(load()) as rooms:
        rooms.store.write_now(lambda tx: tx.execute("UPDATE accounts SET epoch = 0"))
    assert llamora("account", "list").out == ""
    assert llamora("account", "remove", "ada", *how, stdin=PASSWORD).code == 0
    with rooms_of(load()) as rooms:
        assert rooms.store.rows("SELECT * FROM accounts") == []


# --- in and out -----------------------------------------------------------------------------------


def test_what_was_imported_is_exported(
    llamora: Llamora, ada: list[str], lines: Path, tmp_path: Path
):
    ran = llamora("import", *ada, "--format", "jsonl", lines)
    assert (ran.code, ran.out) == (0, "2 entries added, 0 there already, 0 lines skipped.\n")
    again = llamora("import", *ada, "--format", "jsonl", lines)
    assert again.out == "0 entries added, 2 there already, 0 lines skipped.\n"

    to = tmp_path / "out.jsonl.gz"
    ran = llamora("export", *ada, "--format", "jsonl", "--to", to)
    assert (ran.code, ran.out) == (0, "")
    assert "plain text: anyone who has it can read the journal." in ran.err
    found = [json.loads(line) for line in gzip.decompress(to.read_bytes()).splitlines()]
    assert [(line["date"], line["text"]) for line in found] == [
        (line["date"], line["text"]) for line in LINES
    ]


def test_what_was_taken_out_and_in_is_told_in_the_accounts_history(
    llamora: Llamora, ada: list[str], lines: Path, tmp_path: Path
):
    llamora("import", *ada, lines)
    llamora("export", *ada, "--to", tmp_path / "out.jsonl")
    llamora("verify", *ada)
    with rooms_of(load()) as rooms, vault_of(rooms, "ada", PASSWORD) as vault:
        told = [event.kind for event in rooms.accounts.happened(vault).events]
    assert sorted(told) == [Kind.EXPORTED, Kind.IMPORTED]


def test_an_export_takes_the_place_of_nothing_unasked(
    llamora: Llamora, ada: list[str], lines: Path, tmp_path: Path
):
    llamora("import", *ada, lines)
    precious = tmp_path / "notes.txt"
    precious.write_text("precious")
    ran = llamora("export", *ada, "--to", precious)
    assert (ran.code, precious.read_text()) == (1, "precious")
    assert ran.err == f"{precious} is there already; give --replace if it is to be replaced.\n"
    assert llamora("export", *ada, "--to", precious, "--replace").code == 0
    assert len(precious.read_text().splitlines()) == len(LINES)


@pytest.mark.parametrize("name", ["llamora.sqlite3", "secrets.toml", "../link"])
def test_an_export_never_takes_the_place_of_the_journal(
    llamora: Llamora, ada: list[str], tmp_path: Path, name: str
):
    (tmp_path / "link").symlink_to(tmp_path / "data/llamora.sqlite3")
    ran = llamora("export", *ada, "--to", tmp_path / "data" / name, "--replace")
    assert ran.code == 1
    assert ran.err.endswith("is part of the journal itself; name another file.\n")
    assert llamora("verify", *ada).code == 0


def test_an_export_to_stdout_is_only_the_export(llamora: Llamora, ada: list[str], lines: Path):
    llamora("import", *ada, lines)
    ran = llamora("export", *ada, "--to", "-")
    assert [json.loads(line)["text"] for line in ran.out.splitlines()] == [
        line["text"] for line in LINES
    ]


def test_bad_lines_are_named_and_the_rest_comes_in(llamora: Llamora, ada: list[str], lines: Path):
    lines.write_text("nonsense\n" + lines.read_text() + '{"date": "2024-13-01", "text": "a"}\n')
    ran = llamora("import", *ada, lines)
    assert (ran.code, ran.out) == (0, "2 entries added, 0 there already, 2 lines skipped.\n")
    assert "Line 1 was skipped: it is not JSON.\n" in ran.err
    assert "Line 4 was skipped: its date is not a day such as 2024-02-29.\n" in ran.err


def test_a_file_of_nothing_usable_fails(llamora: Llamora, ada: list[str], lines: Path):
    lines.write_text("no\n" * 60)
    ran = llamora("import", *ada, lines)
    assert ran.code == 1
    assert ran.err.count("was skipped") == 50
    assert "So were 10 more." in ran.err


def test_the_password_may_come_from_stdin(llamora: Llamora, ada: list[str], lines: Path):
    ran = llamora("import", "--user", "ada", "--password-file", "-", lines, stdin=PASSWORD + "\n")
    assert ran.code == 0


def test_a_wrong_password_is_one_sentence(
    llamora: Llamora, ada: list[str], lines: Path, password: Path
):
    password.write_text("not a heron at all")
    for arguments in (("import", *ada, lines), ("export", *ada, "--to", "-"), ("verify", *ada)):
        ran = llamora(*arguments)
        assert ran.code == 1
        assert ran.err == "That name and password do not go together.\n"


def test_a_format_that_is_not_known_is_wrong_usage(llamora: Llamora, ada: list[str], lines: Path):
    ran = llamora("import", *ada, "--format", "papyrus", lines)
    assert ran.code == 2
    assert "'papyrus' is not one of: jsonl" in ran.err


# --- keeping --------------------------------------------------------------------------------------


def test_a_backup_restored_holds_the_journal(
    llamora: Llamora,
    ada: list[str],
    lines: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    llamora("import", *ada, lines)
    kept = Path(llamora("backup", "--to", tmp_path / "backups").out.strip())
    assert kept.parent == tmp_path / "backups"
    elsewhere = tmp_path / "elsewhere/journal.sqlite3"
    ran = llamora("restore", kept, "--to", elsewhere)
    assert (ran.code, ran.out) == (0, f"Restored to {elsewhere}.\n")
    monkeypatch.setenv("LLAMORA_DATABASE__PATH", str(elsewhere))
    assert len(llamora("export", *ada, "--to", "-").out.splitlines()) == 2


def test_restoring_over_a_journal_must_be_said(llamora: Llamora, ada: list[str], tmp_path: Path):
    kept = llamora("backup", "--to", tmp_path / "backups").out.strip()
    there = tmp_path / "data/llamora.sqlite3"
    ran = llamora("restore", kept, "--to", there)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert llamora("restore", kept, "--to", there, "--replace").code == 0
    assert llamora("restore", kept, "--to", tmp_path).code == 1


def test_verify_finds_a_sound_journal_sound(llamora: Llamora, ada: list[str], lines: Path):
    llamora("import", *ada, lines)
    assert llamora("verify").out.startswith("The file is sound (schema ")
    ran = llamora("verify", *ada, "--read-data")
    assert ran.code == 0
    assert (
        "ada: 2 entries, 0 responses, 2 days, 0 traces, 0 drafts, 2 notes; all sound.\n" in ran.out
    )


def test_verify_finds_a_flipped_byte_of_the_data(
    llamora: Llamora, ada: list[str], lines: Path, store_at: Callable[[], SimpleNamespace]
):
    llamora("import", *ada, lines)
    store_at().flip("writings")
    assert llamora("verify").code == 0
    ran = llamora("verify", *ada, "--read-data")
    assert ran.code == 1
    assert "cannot be opened." in ran.out
    assert ran.err.endswith("Something is wrong; keep this file, and restore a backup beside it.\n")


def test_verify_finds_a_flipped_byte_of_the_history(
    llamora: Llamora, ada: list[str], lines: Path, store_at: Callable[[], SimpleNamespace]
):
    llamora("import", *ada, lines)
    store_at().flip("events")
    assert llamora("verify").code == 0
    ran = llamora("verify", *ada, "--read-data")
    assert ran.code == 1
    assert "of the history cannot be opened.\n" in ran.out


@pytest.fixture
def store_at(tmp_path: Path) -> Callable[[], SimpleNamespace]:
    """A hand in the database."""
    from llamora.storage import Store

    def flip(table: str) -> None:
        store = Store.open(tmp_path / "data/llamora.sqlite3")
        found = store.row(f"SELECT id, sealed FROM {table}")
        assert found
        sealed = found[1][:-1] + bytes([found[1][-1] ^ 1])
        store.write_now(
            lambda tx: tx.execute(f"UPDATE {table} SET sealed = ? WHERE id = ?", (sealed, found[0]))
        )
        store.close()

    return lambda: SimpleNamespace(flip=flip)


def test_verify_reads_data_only_with_a_password(llamora: Llamora, ada: list[str]):
    ran = llamora("verify", "--read-data")
    assert ran.code == 2
    assert "--user" in ran.err


def test_the_schema_is_told_and_moved(llamora: Llamora):
    ran = llamora("migrate", "status")
    assert ran.out.startswith("Schema 0 of ")
    assert "Pending: 0001_" in ran.out
    assert "Applied: 0001_" in llamora("migrate", "up").out
    assert llamora("migrate", "up").out == "The schema is up to date.\n"


@pytest.mark.parametrize(
    "arguments", [("account", "list"), ("backup", "--to", "x"), ("verify",)], ids=str
)
def test_a_command_that_only_reads_makes_no_journal(
    llamora: Llamora, tmp_path: Path, arguments: tuple[str, ...]
):
    ran = llamora(*arguments)
    assert ran.code == 1
    assert ran.err.startswith("There is no journal at ")
    assert not (tmp_path / "data/llamora.sqlite3").exists()


# --- usage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [("nonsense",), ("dev", "--nonsense"), ("import",), ("prod", "--workers", "0"), ("assets",)],
    ids=str,
)
def test_wrong_usage_ends_with_two(llamora: Llamora, arguments: tuple[str, ...]):
    assert llamora(*arguments).code == 2


def test_a_setting_that_is_wrong_is_one_sentence(llamora: Llamora, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LLAMORA_APP__PORT", "a heron")
    ran = llamora("dev")
    assert ran.code == 1
    assert ran.err.startswith("LLAMORA_APP__PORT")
    assert ran.err.count("\n") == 1


def test_serving_without_built_assets_names_the_command_that_builds_them(
    llamora: Llamora, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(assets, "is_built", lambda: False)
    ran = llamora("prod")
    assert (ran.code, ran.err) == (
        1,
        "The assets are not built yet; run `llamora-server assets build` first.\n",
    )


def test_assets_are_built_when_their_manifest_is_there(tmp_path: Path):
    assert not assets.is_built(tmp_path)
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/manifest.json").write_text("{}")
    assert assets.is_built(tmp_path)


def test_building_assets_without_node_says_what_is_missing(
    llamora: Llamora, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(assets.shutil, "which", lambda name: None)
    ran = llamora("assets", "build")
    assert (ran.code, ran.err) == (
        1,
        "Node.js is missing, and the assets are built with it; install Node.js 18 or later.\n",
    )


def test_a_mode_that_is_none_is_wrong_usage(llamora: Llamora):
    assert llamora("assets", "watch", "--mode", "fast").code == 2


# --- passwords ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("heron", "heron"),
        ("heron\n", "heron"),
        ("heron\r\n", "heron"),
        ("heron\n\n", "heron\n"),
        (" heron ", " heron "),
        ("", ""),
    ],
)
def test_one_newline_at_the_end_is_not_of_the_password(tmp_path: Path, written: str, meant: str):
    path = tmp_path / "password"
    path.write_bytes(written.encode())
    assert passwords.read_password(str(path)) == meant


def test_a_password_file_that_will_not_do_is_said(tmp_path: Path):
    for content, said in ((b"\xff\xfe", "not UTF-8"), (b"a" * 70_000, "too long")):
        path = tmp_path / "password"
        path.write_bytes(content)
        with pytest.raises(Failure, match=said):
            passwords.read_password(str(path))
    with pytest.raises(Failure, match="cannot be read"):
        passwords.read_password(str(tmp_path / "missing"))


def test_without_a_terminal_or_a_file_there_is_no_password(llamora: Llamora):
    ran = llamora("account", "add", "ada")
    assert ran.code == 1
    assert "use --password-file" in ran.err


def test_a_typed_password_is_typed_twice(monkeypatch: pytest.MonkeyPatch):
    typed = iter(["heron", "herons", "heron", "heron"])
    monkeypatch.setattr(passwords, "getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with pytest.raises(Failure, match="differ"):
        passwords.read_password(None, twice=True)
    assert passwords.read_password(None, twice=True) == "heron"
