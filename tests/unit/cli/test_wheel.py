"""What is installed from a wheel serves the journal as a checkout does."""

import http.client
import os
import socket
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from llamora.settings import CHECKOUT, FRONTEND

HATCH = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d"]


@pytest.mark.skipif(not (FRONTEND / "dist/manifest.json").is_file(), reason="assets not built")
def test_a_wheel_brings_the_built_frontend_and_serves_it(tmp_path: Path):
    subprocess.run([*HATCH, str(tmp_path)], cwd=CHECKOUT, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "lib/site"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(site)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if "LLAMORA" not in name}
    given = {
        "PYTHONPATH": os.pathsep.join([str(site), os.environ["PYTHONPATH"]]),
        "XDG_DATA_HOME": str(tmp_path),
        "LLAMORA_APP__PORT": str(port),
    }
    serving = subprocess.Popen(
        [sys.executable, "-P", "-m", "llamora", "prod"],
        env=kept | given,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert serving.stdout
        assert "is open at" in serving.stdout.readline()
        page = _get(port, "/login")
        style = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert style.startswith("/static/app-")
        assert "@layer" in _get(port, style)
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
    assert (tmp_path / "llamora/llamora.sqlite3").is_file()


def _get(port: int, path: str) -> str:
    with closing(http.client.HTTPConnection("localhost", port, timeout=30)) as visit:
        visit.request("GET", path)
        answer = visit.getresponse()
        assert answer.status == 200, path
        return answer.read().decode()
