"""`llamora-server doctor`: each look at something good and at something bad, on real files."""

import os
import resource
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.accounts import NAME, PASSWORD, registered
from tests.support.commands import Llamora
from tests.support.commands import llamora as llamora
from tests.support.server import journal_settings
from tests.support.upstream import Call, Upstream

from llamora.cli.doctor import files, keys, machine, network
from llamora.cli.doctor.finding import Finding
from llamora.cli.doctor.machine import Machine
from llamora.settings import Crypto, Settings, configuration_files
from llamora.storage import migrate
from llamora.storage.backup import backup

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A file with Ada's account, whose password is cheap to guess, as everywhere in tests."""
    path = registered(tmp_path).path
    path.parent.chmod(0o700)
    return path


@pytest.fixture
def settings(journal: Path) -> Settings:
    return journal_settings(journal)


def the(found: list[Finding]) -> Finding:
    [finding] = found
    assert finding.says.endswith(".")
    return finding


def marks(found: list[Finding]) -> list[str]:
    assert all(each.says.endswith(".") for each in found)
    return [each.mark for each in found]


# --- files ----------------------------------------------------------------------------------------


def test_what_is_yours_alone_is_ok(settings: Settings) -> None:
    assert the(files.permissions(settings, configuration_files())).mark == "ok"


def test_whatever_others_may_read_is_named_with_the_command_that_mends_it(
    settings: Settings, tmp_path: Path
) -> None:
    folder, configuration = settings.data_folder, tmp_path / ".env"
    configuration.write_text("LLAMORA_LLM__CHAT__API_KEY=k")
    configuration.chmod(0o600)
    kept = backup(settings.database.path, folder)
    for path in (settings.database.path, folder / "secrets.toml", configuration, kept):
        path.chmod(0o640)
        said = the(files.permissions(settings, [configuration]))
        assert (said.mark, f"`chmod 600 {path}`" in said.says) == ("wrong", True)
        path.chmod(0o600)
    folder.chmod(0o755)
    assert f"`chmod 700 {folder}`" in the(files.permissions(settings, [configuration])).says


def test_settings_that_hold_no_secret_may_be_read(settings: Settings, tmp_path: Path) -> None:
    configuration = tmp_path / "settings.local.toml"
    configuration.write_text("[APP]\nport = 5001\n")
    configuration.chmod(0o644)
    assert the(files.permissions(settings, [configuration])).mark == "ok"


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_wrong(settings: Settings) -> None:
    os.chown(settings.database.path, 12345, 12345)
    assert os.getuid() == 0
    assert "another user" in the(files.permissions(settings, [])).says


def test_the_files_that_a_key_may_stand_in_are_looked_at(tmp_path: Path) -> None:
    names = [str(path.relative_to(tmp_path)) for path in configuration_files(tmp_path)]
    assert names == ["config/settings.local.toml", "config/.secrets.toml", ".env"]


def test_secrets_of_an_installation_of_its_own_are_ok(settings: Settings) -> None:
    assert the(files.secrets(settings)).mark == "ok"


@pytest.mark.parametrize(
    "value",
    ["x" * 40, "change-me-" + "dTq7Zf0wLk3RnVbY8sHpXc2J", "abababababababababababababababab"],
)
def test_an_example_is_no_secret(settings: Settings, value: str) -> None:
    said = the(files.secrets(replace(settings, secret_key=value)))
    assert said.mark == "wrong"
    assert "SECRET_KEY" in said.says
    assert value not in said.says
    cookies = replace(settings.cookies, secret=value)
    assert "COOKIES.secret" in the(files.secrets(replace(settings, cookies=cookies))).says


def test_one_secret_for_two_purposes_is_wrong(settings: Settings) -> None:
    same = replace(settings, secret_key=settings.cookies.secret)
    assert "the same" in the(files.secrets(same)).says


@pytest.mark.parametrize("full", [False, True])
def test_a_sound_file_is_ok(journal: Path, full: bool) -> None:
    found = files.database(journal, full=full)
    assert marks(found) == ["ok"] * 3
    assert [each.about for each in found] == ["pragmas", "schema", "integrity"]


@pytest.mark.parametrize("full", [False, True])
def test_a_damaged_page_is_wrong(journal: Path, full: bool) -> None:
    with sqlite3.connect(journal) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = file.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'wraps'").fetchone()[0]
        size = file.execute("PRAGMA page_size").fetchone()[0]
    file.close()
    with journal.open("r+b") as raw:
        raw.seek((root - 1) * size)
        raw.write(os.urandom(64))
    assert "wrong" in marks(files.database(journal, full=full))


def test_only_the_full_look_sees_a_row_that_is_no_record(journal: Path) -> None:
    with sqlite3.connect(journal) as file:
        file.execute("UPDATE accounts SET sealed = x'00'")
    file.close()
    assert files.database(journal, full=False)[2].mark == "ok"
    assert files.database(journal, full=True)[2].mark == "wrong"


def test_a_file_that_is_none_of_ours_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "llamora.sqlite3"
    path.write_bytes(b"heron" * 1000)
    assert the(files.database(path, full=False)).mark == "wrong"


def test_no_journal_yet_is_a_note(tmp_path: Path) -> None:
    assert the(files.database(tmp_path / "none.sqlite3", full=True)).mark == "note"


def test_another_journal_mode_and_an_older_schema_are_notes(tmp_path: Path) -> None:
    path = tmp_path / "llamora.sqlite3"
    migrate.up(path, migrations=migrate.shipped()[:1])
    assert files.database(path, full=False)[1].mark == "note"
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA journal_mode=delete").fetchone() == ("delete",)
    file.close()
    assert files.database(path, full=False)[0].mark == "note"


def test_a_schema_of_a_later_version_is_wrong(journal: Path) -> None:
    with sqlite3.connect(journal) as file:
        file.execute("INSERT INTO migrations VALUES (9999, 'later', 'x')")
    file.close()
    assert the(files.database(journal, full=False)).mark == "wrong"


def test_backups_are_found_beside_the_file_and_in_a_folder_of_ones_choice(
    journal: Path, tmp_path: Path
) -> None:
    assert the(files.backups([journal.parent], journal, NOW)).mark == "note"
    for folder in (tmp_path / "elsewhere", journal.parent):
        kept = backup(journal, folder)
        assert the(files.backups([folder], journal, NOW)).mark == "ok"
        kept.unlink()
        assert the(files.backups([folder], journal, NOW)).mark == "note"


def test_an_old_backup_and_what_a_migration_left_are_notes(journal: Path, tmp_path: Path) -> None:
    kept = backup(journal, tmp_path / "backups")
    assert the(files.backups([kept.parent], journal, NOW + 6 * DAY)).mark == "ok"
    assert "8 days old" in the(files.backups([kept.parent], journal, NOW + 8.1 * DAY)).says
    left = journal.with_name(f"{journal.stem}-before-upgrade-to-schema-9-20261122T093000Z.sqlite3")
    left.write_bytes(b"")
    assert [each.about for each in files.backups([journal.parent], journal, NOW)] == [
        "backup",
        "old copies",
    ]


def test_space_is_ok_and_too_little_is_not(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert the(files.space(journal.parent / "not/there", journal)).mark == "ok"
    usage = files.shutil.disk_usage(journal.parent)
    size = journal.stat().st_size
    for free, mark in ((files.LEAST_FREE - 1, "wrong"), (files.LEAST_FREE, "ok")):
        monkeypatch.setattr(
            files.shutil, "disk_usage", lambda _, free=free: usage._replace(free=free)
        )
        assert the(files.space(journal.parent, journal)).mark == mark
    monkeypatch.setattr(files, "LEAST_FREE", 0)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=2 * size - 1))
    assert the(files.space(journal.parent, journal)).mark == "note"


# --- keys -----------------------------------------------------------------------------------------


def with_wraps(path: Path, sql: str) -> list[Finding]:
    with sqlite3.connect(path) as file:
        file.execute("UPDATE wraps SET m = 128, t = 3")
        file.execute(sql)
    file.close()
    return keys.policy(path, Crypto())


def test_wraps_as_costly_as_asked_are_ok(journal: Path) -> None:
    assert the(with_wraps(journal, "SELECT 1")).mark == "ok"
    code = "UPDATE wraps SET m = 64 WHERE kind = 'recovery'"
    assert the(with_wraps(journal, code)).mark == "ok", "a code is 120 bits"


@pytest.mark.parametrize(
    ("sql", "mark", "says"),
    [
        ("UPDATE wraps SET m = 64 WHERE kind = 'password'", "note", "signing in"),
        ("UPDATE wraps SET m = 63 WHERE kind = 'password'", "wrong", "signing in"),
        ("UPDATE wraps SET t = 2 WHERE kind = 'password'", "wrong", "signing in"),
        ("UPDATE wraps SET m = 32 WHERE kind = 'recovery'", "wrong", "new code"),
        ("UPDATE wraps SET m = 4096 WHERE kind = 'password'", "wrong", "no version"),
        ("UPDATE wraps SET t = 0 WHERE kind = 'recovery'", "wrong", "no version"),
        ("DELETE FROM wraps WHERE kind = 'password'", "wrong", "no password"),
        ("DELETE FROM wraps WHERE kind = 'recovery'", "note", "no recovery code"),
        ("INSERT INTO chain SELECT id, 1, x'00' FROM accounts", "note", "being replaced"),
        ("UPDATE wraps SET kind = 'passkey', m = 0, t = 0 WHERE kind = 'recovery'", "note", "code"),
    ],
)
def test_what_the_wraps_lack_is_said(journal: Path, sql: str, mark: str, says: str) -> None:
    said = the(with_wraps(journal, sql))
    assert said.mark == mark
    assert says in said.says


@pytest.mark.parametrize(
    ("kept", "mark"),
    [
        (None, "note"),
        ("nonsense", "note"),
        (1e300, "note"),
        ((NOW - 200 * DAY).isoformat(), "note"),
        ((NOW - 20 * DAY).isoformat(), "ok"),
        ((NOW - 20 * DAY).replace(tzinfo=None).isoformat(), "ok"),
        (int((NOW - 20 * DAY).timestamp()), "ok"),
    ],
    ids=["never", "nonsense", "endless", "long ago", "lately", "without a zone", "in seconds"],
)
def test_when_the_code_was_rehearsed_is_said(kept: object, mark: str) -> None:
    assert the(keys.recovery({keys.REHEARSED: kept}, NOW)).mark == mark


def test_a_code_that_nobody_has_is_said():
    found = the(keys.recovery({keys.UNTAKEN: True}, NOW))
    assert found.mark == "note"
    assert "Nobody has said that they have it" in found.says
    assert "Settings, Password" in found.says, "where the page has it"


# --- the machine ----------------------------------------------------------------------------------

HEAD = "Filename\t\t\t\tType\t\tSize\tUsed\tPriority\n"


@pytest.fixture
def other(tmp_path: Path) -> Machine:
    """Another machine, with files of its own."""
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    (proc / "sys/kernel").mkdir(parents=True)
    (proc / "sys/kernel/core_pattern").write_text("core\n")
    (proc / "swaps").write_text(HEAD)
    (sys / "block/dm-1/dm").mkdir(parents=True)
    (sys / "block/dm-1/dm/uuid").write_text("CRYPT-PLAIN-swap\n")
    (sys / "block/dm-2/dm").mkdir(parents=True)
    (sys / "block/dm-2/dm/uuid").write_text("LVM-abc\n")
    return Machine(proc, sys, 0, False, resource.RLIM_INFINITY, lambda: True)


@pytest.mark.parametrize(
    ("places", "mark"),
    [
        ((), "ok"),
        (("/dev/zram0",), "ok"),
        (("/dev/dm-1", "/dev/zram0"), "ok"),
        (("/dev/dm-2",), "note"),
        (("/dev/sda2",), "note"),
        (("/dev/dm-1", "/swapfile"), "note"),
    ],
)
def test_swap_that_is_not_known_to_be_encrypted_is_a_note(
    other: Machine, places: tuple[str, ...], mark: str
) -> None:
    lines = [f"{place} partition\t1024\t0\t-2\n" for place in places]
    (other.proc / "swaps").write_text(HEAD + "".join(lines))
    assert the(machine.swap(other)).mark == mark


def test_a_system_that_does_not_say_is_a_note(other: Machine) -> None:
    (other.proc / "swaps").unlink()
    assert the(machine.swap(other)).mark == "note"


def test_processes_that_cannot_be_dumped_are_ok(other: Machine) -> None:
    assert the(machine.cores(other)).mark == "ok"
    (other.proc / "sys/kernel/core_pattern").write_text("|/usr/lib/collect %p\n")
    assert "to a program" in the(machine.cores(other)).says


def test_processes_that_can_be_are_wrong(other: Machine) -> None:
    assert the(machine.cores(replace(other, dumpable=True))).mark == "wrong"
    assert the(machine.cores(replace(other, core_limit=-1))).mark == "wrong"


def test_what_a_process_does_to_itself_is_what_is_looked_at() -> None:
    look = (
        "from llamora.cli.doctor.machine import Machine, cores\n"
        "from llamora.cli.process import harden\n"
        "import resource\n"
        "print(cores(Machine(core_limit=1))[0].mark)\n"
        "harden()\n"
        "print(cores(Machine())[0].mark)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", look], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["wrong", "ok"]


def test_locked_memory_that_is_not_to_be_had_is_a_note(other: Machine) -> None:
    assert the(machine.locked_memory(other)).mark == "ok"
    assert the(machine.locked_memory(replace(other, locks=lambda: False))).mark == "note"
    little = the(machine.locked_memory(replace(other, lock_limit=64 * 1024)))
    assert (little.mark, "64 KiB" in little.says) == ("note", True)


def test_versions_are_said_and_a_package_that_is_older_than_asked_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "SQLite" in the(machine.versions()).says
    monkeypatch.setattr(
        machine.metadata,
        "requires",
        lambda _: ["pynacl>=9999", "no-such-heron>=1", "uvicorn[standard]>=0.1", "x; extra == 'y'"],
    )
    assert marks(machine.versions()) == ["wrong", "wrong"]
    monkeypatch.setattr(machine, "OLDEST_PYTHON", (9, 0))
    monkeypatch.setattr(machine, "OLDEST_SQLITE", (9, 0, 0))
    assert marks(machine.versions()) == ["wrong"] * 4


def test_a_clock_that_stands_before_what_was_written_is_wrong(journal: Path) -> None:
    longest = timedelta(hours=24)
    assert the(machine.clock(journal, NOW + DAY, longest)).mark == "ok"
    assert the(machine.clock(journal, NOW - 365 * DAY, longest)).mark == "wrong"


def test_a_session_that_ends_too_late_is_a_note(journal: Path) -> None:
    longest, later = timedelta(hours=24), int((NOW + 3 * DAY).timestamp())
    with sqlite3.connect(journal) as file:
        insert = "INSERT INTO sessions SELECT x'00', id, ?, x'00' FROM accounts"
        file.execute(insert, (later,))
    file.close()
    assert the(machine.clock(journal, NOW + 60 * timedelta(seconds=1), longest)).mark == "note"
    assert the(machine.clock(journal, NOW + 3 * DAY, longest)).mark == "ok"


# --- the network ----------------------------------------------------------------------------------


def test_loopback_needs_nothing(settings: Settings) -> None:
    assert the(network.address(settings)).mark == "ok"


def test_beyond_it_whatever_is_open_is_said(journal: Path, tmp_path: Path) -> None:
    beyond = {"APP__HOST": "192.0.2.1", "APP__TRUSTED_HOSTS": "journal.example.org"}
    plain = journal_settings(journal, **beyond, APP__ALLOW_PLAIN_HTTP=True)
    assert marks(network.address(plain)) == ["note", "note"]
    assert "COOKIES.force_secure" in network.address(plain)[0].says
    broken = tmp_path / "broken.pem"
    broken.write_text("heron")
    tls = {"APP__TLS_CERT": broken, "APP__TLS_KEY": broken}
    closed = {"FEATURES__DISABLE_REGISTRATION": True}
    assert marks(network.address(journal_settings(journal, **beyond, **tls, **closed))) == ["wrong"]


def test_a_certificate_that_can_be_used_is_ok(journal: Path, tmp_path: Path) -> None:
    pair = tmp_path / "pair.pem"
    make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=journal.example.org"]
    subprocess.run(
        ["openssl", *make, "-keyout", pair, "-out", f"{pair}.crt"], check=True, capture_output=True
    )
    settings = journal_settings(
        journal,
        APP__HOST="192.0.2.1",
        APP__TRUSTED_HOSTS="journal.example.org",
        APP__TLS_CERT=f"{pair}.crt",
        APP__TLS_KEY=pair,
        FEATURES__DISABLE_REGISTRATION=True,
    )
    assert the(network.address(settings)).mark == "ok"


def test_with_nothing_configured_nobody_is_asked(settings: Settings) -> None:
    assert marks(network.models(settings)) == ["ok", "ok"]


def test_a_model_that_is_not_there_is_wrong(journal: Path, tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    settings = journal_settings(
        journal,
        LLM__UPSTREAM__HOST=nobody,
        EMBEDDING__MAKE="endpoint",
        EMBEDDING__BASE_URL=nobody,
        EMBEDDING__MODEL="m",
    )
    assert marks(network.models(settings)) == ["wrong", "wrong"]
    here = journal_settings(journal, LLM__LOCAL__MODEL_PATH=tmp_path / "none.gguf")
    assert network.models(here)[0].mark == "wrong"
    (tmp_path / "none.gguf").write_bytes(b"GGUF")
    assert network.models(here)[0].mark == "ok"


async def test_a_model_that_answers_is_ok(journal: Path) -> None:
    import asyncio

    async def vectors(call: Call) -> None:
        body = b'{"data": [{"index": 0, "embedding": [0.6, 0.8]}]}'
        await call.respond("200 OK", "application/json", body)

    async with Upstream(vectors) as upstream:
        settings = journal_settings(
            journal,
            LLM__UPSTREAM__HOST=upstream.url,
            EMBEDDING__MAKE="endpoint",
            EMBEDDING__BASE_URL=upstream.url,
            EMBEDDING__MODEL="m",
        )
        assert marks(await asyncio.to_thread(network.models, settings)) == ["ok", "ok"]


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def hardened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line does it, but not to the process of the tests."""
    monkeypatch.setattr(machine, "cores", lambda _: [])


@pytest.mark.usefixtures("hardened")
def test_notes_alone_are_0_and_every_line_has_its_mark(llamora: Llamora, tmp_path: Path) -> None:
    (tmp_path / "pw").write_text(PASSWORD)
    assert llamora("account", "add", NAME, "--password-file", str(tmp_path / "pw"))[0] == 0
    code, out, err = llamora("doctor", "--user", NAME, "--password-file", str(tmp_path / "pw"))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert len(lines) >= 15
    assert {line.split()[0] for line in lines} <= {"ok", "note"}
    assert "recovery code: It was never rehearsed" in out
    assert PASSWORD not in out


@pytest.mark.usefixtures("hardened")
def test_something_wrong_is_1(llamora: Llamora, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    (tmp_path / "data").chmod(0o755)
    code, out, _ = llamora("doctor")
    assert code == 1
    assert [line for line in out.splitlines() if line.startswith("wrong  permissions: ")]


def test_a_password_without_an_account_is_wrong_usage(llamora: Llamora) -> None:
    assert llamora("doctor", "--password-file", "-")[0] == 2


@pytest.mark.usefixtures("hardened")
def test_it_changes_nothing(llamora: Llamora, tmp_path: Path) -> None:
    journal = registered(tmp_path).path
    assert llamora("doctor")[0] in (0, 1)  # makes the secrets, if nobody has
    before = {path: (path.read_bytes(), path.stat().st_mode) for path in journal.parent.iterdir()}
    llamora("doctor", "--full")
    after = {path: (path.read_bytes(), path.stat().st_mode) for path in journal.parent.iterdir()}
    assert {path for path in before if path.suffix != ".sqlite3-shm"} <= set(after)
    assert before[journal] == after[journal]
