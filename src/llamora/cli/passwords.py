"""Passwords from a prompt or a file, never from the arguments, which every user can list."""

import sys
from getpass import getpass
from pathlib import Path

from llamora.cli.say import Failure

LONGEST_FILE = 64 * 1024


def read_password(file: str | None, *, twice: bool = False) -> str:
    """The password in `file` (`-` is stdin), without one newline at its end, or as typed.

    Raises:
        Failure: it cannot be read, or was typed differently the second time.
    """
    if file is None:
        return _typed(twice=twice)
    try:
        raw = _raw(file)
        text = raw.decode()
    except OSError as e:
        raise Failure(f"The password file {file} cannot be read: {e.strerror}.") from e
    except UnicodeDecodeError as e:
        raise Failure("The password file is not UTF-8 text.") from e
    if len(raw) > LONGEST_FILE:
        raise Failure("The password file is too long to hold a password.")
    return text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")


def typed_line(ask: str) -> str:
    """A line that someone types on the terminal, to be sure of what cannot be undone.

    Raises:
        Failure: there is no terminal.
    """
    if not sys.stdin.isatty():
        raise Failure("There is no terminal to type the name on; give --yes to be sure without.")
    print(ask, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().removesuffix("\n")


def _raw(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(LONGEST_FILE + 1)
    with Path(file).open("rb") as opened:
        return opened.read(LONGEST_FILE + 1)


def _typed(*, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise Failure("There is no terminal to ask for the password on; use --password-file.")
    password = getpass("Password: ")
    if twice and getpass("The same again: ") != password:
        raise Failure("The two passwords differ; nothing was done.")
    return password
