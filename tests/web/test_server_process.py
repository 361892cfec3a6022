"""The server's processes: started, restarted, ended, and the key that goes from one to the next.

A small application stands in for the journal; the last test starts the real one.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 30.0
"""Seconds that a busy machine may take; nothing here is measured."""

APP = """
import asyncio, ctypes, hashlib, json, os, resource, sys
WORD = "first"

def build(settings, runtime, first_token=None, llama=None):
    key = bytes(runtime.hand_down())
    told = {
        "word": WORD,
        "pid": os.getpid(),
        "key": hashlib.sha256(key).hexdigest(),
        "key_is_elsewhere": key.hex() in str(sys.argv) or key in b"".join(os.environb.values()),
        "token": first_token,
        "umask": os.umask(0o077),
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
        "inheritable": [n for n in range(3, 30) if _inheritable(n)],
    }

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                step = (await receive())["type"]
                await send({"type": step + ".complete"})
                if step == "lifespan.shutdown":
                    return
        if scope["path"] == "/boom":
            raise ValueError("the heron came back")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/stream":
            while True:
                await send({"type": "http.response.body", "body": b".", "more_body": True})
                await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    return app

def _inheritable(number):
    try:
        return os.get_inheritable(number)
    except OSError:
        return False
"""

PARENT = """
import json, sys
from pathlib import Path
from llamora.cli.process import harden
from llamora.cli.server import Manner, serve
from llamora.settings import load
harden()
manner = json.loads(sys.argv[1])
watched = tuple(Path(each) for each in manner.pop("watched", ()))
sys.exit(serve(load(), Manner(**manner, watched=watched)))
"""


class Server:
    """A running server with its files, and a browser of the simplest kind."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.source = folder / "source"
        self.source.mkdir()
        self.app = self.source / "small_app.py"
        self.app.write_text(APP)
        self.process: subprocess.Popen[str]

    def start(self, command: list[str] | None = None, **manner: Any) -> str:
        """Starts it and returns the line it prints, or what it says when there is none."""
        manner.setdefault("app", "small_app:build")
        with (self.folder / "stderr").open("w") as said:
            self.process = subprocess.Popen(
                command or [sys.executable, "-c", PARENT, json.dumps(manner)],
                env=self.environment(),
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "LLAMORA" not in name}
        return kept | {
            "PYTHONPATH": str(self.source),
            "LLAMORA_APP__PORT": str(self.port),
            "LLAMORA_DATABASE__PATH": str(self.folder / "data/llamora.sqlite3"),
        }

    @property
    def said(self) -> str:
        return (self.folder / "stderr").read_text()

    def get(self, path: str = "/", host: str = "127.0.0.1") -> dict[str, Any]:
        with closing(http.client.HTTPConnection(host, self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse().read()
        return json.loads(answer) if answer.startswith(b"{") else {}

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first answer that is as wanted."""
        for _ in _patiently():
            with suppress(OSError, http.client.HTTPException):
                if wanted(told := self.get()):
                    return told
        raise AssertionError(f"never came: {self.said}")

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, free_port())
    yield server
    server.process.kill()
    server.process.wait()
    if server.process.stdout:
        server.process.stdout.close()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _patiently() -> Iterator[None]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        yield
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    """Whether the process has ended; as an orphan nobody may have taken note of that yet."""
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def until_gone(pid: int) -> bool:
    return any(is_gone(pid) for _ in _patiently())


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as one:
            one.bind(("::1", 0))
    except OSError:
        return False
    return True


# --- beginning and end ----------------------------------------------------------------------------


def test_it_says_in_one_line_where_the_journal_is(server: Server):
    assert server.start() == (
        f"Llamora is open at http://localhost:{server.port} "
        f"(also http://llamora.localhost:{server.port})"
    )
    assert server.get()["word"] == "first"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_localhost_is_ours_in_both_its_forms(server: Server):
    server.start()
    assert server.get(host="::1")["pid"] == server.get(host="127.0.0.1")["pid"]


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_children(server: Server, sent: signal.Signals):
    server.start(workers=2)
    child = server.get()["pid"]
    server.process.send_signal(sent)
    assert server.process.wait(PATIENCE) == 0
    assert is_gone(child)
    assert server.said == ""


def test_an_open_stream_does_not_keep_it_from_ending(server: Server):
    server.start()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as reader:
        reader.request("GET", "/stream")
        assert reader.getresponse().read(1) == b"."
        assert server.end() == 0
    assert server.said == ""


def test_children_end_when_their_parent_is_killed(server: Server):
    server.start()
    child = server.get()["pid"]
    server.process.kill()
    assert until_gone(child)


def test_a_worker_that_dies_is_replaced(server: Server):
    server.start()
    before = server.get()
    os.kill(before["pid"], signal.SIGKILL)
    after = server.until(lambda told: told["pid"] != before["pid"])
    assert after["key"] == before["key"]
    assert "ended by itself" in server.said


# --- the runtime key ------------------------------------------------------------------------------


def test_all_workers_have_the_same_key_and_it_is_nowhere_to_be_read(server: Server):
    server.start(workers=2)
    first = server.get()
    other = server.until(lambda told: told["pid"] != first["pid"])
    assert first["key"] == other["key"]
    assert not first["key_is_elsewhere"]


def test_two_servers_have_different_keys(server: Server):
    server.start()
    first = server.get()["key"]
    server.end()
    assert server.process.stdout
    server.process.stdout.close()
    server.start()
    assert server.get()["key"] != first


def test_starting_anew_after_an_edit_keeps_the_key(server: Server):
    server.start(reload=True, watched=[str(server.source)])
    before = server.get()
    edit(server, '"first"', '"second"')
    after = server.until(lambda told: told.get("word") == "second")
    assert (after["key"], after["pid"] != before["pid"]) == (before["key"], True)


def test_a_broken_edit_waits_for_a_better_one(server: Server):
    server.start(reload=True, watched=[str(server.source)])
    edit(server, '"first"', '"first" nonsense')
    for _ in _patiently():
        if "tried again when a file changes" in server.said:
            break
    edit(server, '"first" nonsense', '"third"')
    assert server.until(lambda told: told.get("word") == "third")


def edit(server: Server, old: str, new: str) -> None:
    """Changes the application, again until it is noticed: the watch may only be beginning."""
    text, before = server.app.read_text().replace(old, new), server.said
    for n, _ in enumerate(_patiently()):
        if n % 20 == 0:
            server.app.write_text(text)
        if server.said != before:
            return
    raise AssertionError("no edit was noticed")


# --- refusals -------------------------------------------------------------------------------------


def llamora(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "llamora", *arguments]


def test_a_port_in_use_is_one_sentence(server: Server):
    with socket.socket() as other:
        other.bind(("127.0.0.1", server.port))
        other.listen()
        assert server.start(llamora("dev", "--no-reload")) == ""
        assert server.process.wait(PATIENCE) == 1
    assert server.said == (
        f"Port {server.port} is in use; end the program that uses it, "
        "or choose another with APP.port (LLAMORA_APP__PORT).\n"
    )


def test_a_server_that_cannot_begin_says_why_and_ends(server: Server):
    server.app.write_text(
        "from llamora.storage import SchemaTooNew\n"
        "def build(settings, runtime, first_token=None, llama=None):\n    raise SchemaTooNew\n"
    )
    assert server.start() == ""
    assert server.process.wait(PATIENCE) == 1
    assert server.said == (
        "The journal was written by a newer Llamora; update Llamora to open it.\n"
    )


def test_beyond_loopback_needs_more_than_an_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    more = server.environment() | {"LLAMORA_APP__HOST": "0.0.0.0"}
    monkeypatch.setattr(server, "environment", lambda: more)
    assert server.start(llamora("dev", "--no-reload")) == ""
    assert server.process.wait(PATIENCE) == 1
    assert "APP.trusted_hosts must name the hosts" in server.said
    assert server.said.count("\n") == 1


def test_beyond_loopback_the_first_account_asks_for_a_token(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    more = server.environment() | {
        "LLAMORA_APP__HOST": "0.0.0.0",
        "LLAMORA_APP__TRUSTED_HOSTS": "journal.example.org",
        "LLAMORA_APP__ALLOW_PLAIN_HTTP": "true",
    }
    monkeypatch.setattr(server, "environment", lambda: more)
    port = server.port
    assert server.start() == f"Llamora is open at http://journal.example.org:{port}"
    assert server.process.stdout
    said = server.process.stdout.readline().strip()
    assert said == f"The first account asks for this token: {server.get()['token']}"
    assert len(server.get()["token"]) == 16


def test_on_this_machine_nobody_is_asked_for_a_token(server: Server):
    server.start()
    assert server.get()["token"] is None


def test_a_certificate_that_is_none_is_refused_before_a_worker_begins(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    (server.folder / "bad.pem").write_text("nothing")
    more = server.environment() | {
        "LLAMORA_APP__TLS_CERT": str(server.folder / "bad.pem"),
        "LLAMORA_APP__TLS_KEY": str(server.folder / "bad.pem"),
    }
    monkeypatch.setattr(server, "environment", lambda: more)
    assert server.start(llamora("dev", "--no-reload")) == ""
    assert server.process.wait(PATIENCE) == 1
    assert server.said == (
        "APP.tls_cert and APP.tls_key are not a certificate and its unencrypted key in PEM.\n"
    )


def test_a_model_that_may_not_be_asked_stops_the_start_with_one_sentence(
    server: Server, monkeypatch: pytest.MonkeyPatch
):
    more = server.environment() | {"LLAMORA_LLM__UPSTREAM__HOST": "https://169.254.169.254"}
    monkeypatch.setattr(server, "environment", lambda: more)
    assert server.start(llamora("dev", "--no-reload")) == ""
    assert server.process.wait(PATIENCE) == 1
    assert server.said == "LLM.upstream.host cannot be used: it is link-local.\n"


# --- what a process keeps to itself ---------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="dumpable is Linux's")
def test_a_worker_leaves_no_core_and_makes_private_files(server: Server):
    server.start()
    told = server.get()
    assert (told["umask"], told["core"], told["dumpable"]) == (0o077, [0, 0], 0)
    assert told["inheritable"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="dumpable is Linux's")
def test_the_parent_leaves_no_core_and_makes_private_files(server: Server):
    server.start()
    about = Path(f"/proc/{server.process.pid}")
    assert "Umask:\t0077" in (about / "status").read_text()
    [core] = [each for each in (about / "limits").read_text().splitlines() if "core" in each]
    assert core.split()[4:6] == ["0", "0"]


def test_the_log_has_the_place_of_an_error_and_none_of_its_words(server: Server):
    server.start()
    server.get("/boom")
    for _ in _patiently():
        if "ValueError" in server.said:
            break
    assert "small_app.py" in server.said
    assert "heron" not in server.said


def test_the_parent_never_imports_the_web():
    script = (
        "import sys, llamora.__main__, llamora.cli.program, llamora.cli.server, watchfiles\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'quart', 'numpy', 'uvicorn',"
        " 'jinja2', 'httpx'}), [m for m in sys.modules if m.startswith(('llamora.app',"
        " 'llamora.web', 'llamora.journal'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] []"


# --- the whole ------------------------------------------------------------------------------------


def test_the_journal_itself_starts_answers_and_ends(server: Server):
    assert server.start(llamora("dev", "--no-reload")).startswith("Llamora is open at")
    with closing(http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE)) as visit:
        visit.request("GET", "/login")
        answer = visit.getresponse()
        page = answer.read()
    assert answer.status == 200, page
    assert answer.getheader("server") is None
    assert server.end() == 0
    assert server.said == ""
