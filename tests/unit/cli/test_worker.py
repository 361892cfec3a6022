"""What a worker hands to the server it is: seen from outside, on the real program."""

import http.client
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.llamora_server import Program

from llamora.cli.connection import HEAD_BYTES

SECONDS = 30


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path, free_port(), APP__ROOT_PATH="/journal")
    program.start()
    yield program
    program.end()


def visit(program: Program, path: str, **headers: str) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    with closing(http.client.HTTPConnection("localhost", program.port, SECONDS)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.getheader("location", ""), answer.read().decode()


def test_under_a_path_that_the_proxy_takes_off_every_address_has_it(program: Program):
    status, leads, _ = visit(program, "/")
    assert (status, leads) == (303, "/journal/register"), "nobody has a journal yet"
    status, _, page = visit(program, "/login")
    addresses = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert status == 200
    assert len(addresses) > 3
    assert [each for each in addresses if not each.startswith("/journal/")] == []
    assert visit(program, "/journal/login")[0] == 404, "as docs/deployment.md says"
    # And what it is served by is the connection of our own, with an end to its patience.
    assert visit(program, "/login", **{"x-long": "x" * HEAD_BYTES})[0] == 431


def test_a_prompt_that_cannot_be_used_is_one_sentence(tmp_path: Path):
    (tmp_path / "respond.txt.j2").write_text("{% block system %}{% endblock %}")
    given = {
        "LLAMORA_DATABASE__PATH": str(tmp_path / "data/llamora.sqlite3"),
        "LLAMORA_APP__PORT": str(free_port()),
        "LLAMORA_PROMPTS__TEMPLATE_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-m", "llamora", "dev", "--no-reload"],
        env=dict(os.environ) | given,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "The prompt respond.txt.j2 lacks its block user.\n"
