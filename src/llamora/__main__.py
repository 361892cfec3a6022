"""`llamora-server`, `llamora` and `python -m llamora`: one program.

`_worker` is how a server process starts its children; it is not for people and skips the
command line's imports.
"""

import sys


def main() -> None:
    if sys.argv[1:2] == ["_worker"]:
        from llamora.cli.worker import main as work

        sys.exit(work(sys.argv[2:]))
    from llamora.cli.program import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
