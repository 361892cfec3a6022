"""`llamora-server`, `llamora` and `python -m llamora`: one program.

`_worker` and `_llama` are how a server process starts its children; they are not for people and
skip the command line's imports.
"""

import sys


def main() -> None:
    if sys.argv[1:2] == ["_worker"]:
        from llamora.cli.worker import main as work

        sys.exit(work(sys.argv[2:]))
    if sys.argv[1:2] == ["_llama"]:
        from llamora.cli.llama_child import main as serve

        sys.exit(serve(sys.argv[2:]))
    from llamora.cli.program import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
