"""`llamora-server`, `llamora` and `python -m llamora`: one program.

`_worker` and `_llama` are how a server process starts its children; they are not for people and
skip the command line's imports. Each of these processes connects to nobody that the settings do
not name, from its first step on.
"""

import sys
from functools import cache

from llamora import silence
from llamora.reach import Reach


def main() -> None:
    # The model that is run here listens, and reaches nobody.
    silence.process.begin(Reach if sys.argv[1:2] == ["_llama"] else _as_settings_say)
    if sys.argv[1:2] == ["_worker"]:
        from llamora.cli.worker import main as work

        sys.exit(work(sys.argv[2:]))
    if sys.argv[1:2] == ["_llama"]:
        from llamora.cli.llama_child import main as serve

        sys.exit(serve(sys.argv[2:]))
    from llamora.cli.program import run

    sys.exit(run(sys.argv[1:]))


@cache
def _as_settings_say() -> Reach:
    """Read when somebody first wants to go out, which hardly any command does."""
    from llamora.settings import load

    return load().reach


if __name__ == "__main__":
    main()
