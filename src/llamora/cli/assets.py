"""The built frontend: whether it is there, and how it is made."""

import shutil
import subprocess
from pathlib import Path

from llamora.cli.say import Failure
from llamora.settings import CHECKOUT, FRONTEND


def is_built(frontend: Path = FRONTEND) -> bool:
    return (frontend / "dist/manifest.json").is_file()


def build(*, watch: bool, minified: bool, root: Path = CHECKOUT) -> int:
    """Runs the build of `package.json` and returns its exit code.

    Raises:
        Failure: there is no Node, or there are no sources.
    """
    if not (root / "package.json").is_file():
        raise Failure("The frontend's sources are not here; build assets in a checkout.")
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise Failure(
            "Node.js is missing, and the assets are built with it; install Node.js 18 or later."
        )
    if not (root / "node_modules").is_dir() and (failed := _run([npm, "ci"], root)):
        return failed
    mode = "prod" if minified else "dev"
    script = "watch" if watch else "build"
    return _run([npm, "run", "--silent", script, "--", f"--mode={mode}"], root)


def _run(command: list[str], root: Path) -> int:
    try:
        return subprocess.run(command, cwd=root, check=False).returncode
    except KeyboardInterrupt:  # how a watch is ended
        return 0
