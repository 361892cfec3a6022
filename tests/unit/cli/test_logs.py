"""What a server process writes about a failure: its type and its place, never its words."""

import subprocess
import sys

import pytest

WORDS = "the heron came back"
PREPARED = f"""
import asyncio, gc, logging, threading
from llamora.cli.logs import log_failure, write_to_stderr

def boom(*_):
    raise ValueError({WORDS!r})

async def late():
    boom()

async def in_a_loop(work):
    asyncio.get_running_loop().set_exception_handler(log_failure)
    kept = work()
    await asyncio.sleep(0.01)
    del kept
    gc.collect()

def caught():
    try:
        boom()
    except ValueError as e:
        return e

class Lost:
    __del__ = boom

write_to_stderr()
"""


def said(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PREPARED + script], capture_output=True, text=True, check=False
    )
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    "script",
    [
        "logging.getLogger('any').error('failed', exc_info=caught())",
        "logging.getLogger('any.other').error('failed: %s', caught())",
        "logging.getLogger('asyncio').error('failed: %(why)r', {'why': caught()})",
        "logging.getLogger('any').error(caught())",
        "asyncio.run(in_a_loop(lambda: asyncio.create_task(late())))",
        "asyncio.run(in_a_loop(lambda: asyncio.get_running_loop().call_soon(boom, 'heron')))",
        "threading.Thread(target=boom).start()",
        "Lost()",
        "boom()",
    ],
)
def test_a_failure_is_told_by_its_type_and_not_by_its_words(script: str):
    told = said(script)
    assert "ValueError" in told
    assert "heron" not in told


def test_an_uncaught_failure_says_where_it_happened():
    told = said("asyncio.run(in_a_loop(lambda: asyncio.create_task(late())))")
    assert "in late" in told
    assert "in boom" in told


def test_what_the_loop_says_of_no_exception_names_the_work_and_no_arguments():
    told = said(
        "async def live():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    task = loop.create_task(late(), name='heron')\n"
        "    log_failure(loop, {'message': 'heron', 'task': task})\n"
        "    task.cancel()\n"
        "asyncio.run(live())"
    )
    assert told == "ERROR llamora: Something failed in late\n"


def test_a_line_that_cannot_be_written_is_not_shown_with_its_arguments():
    assert said(f"logging.getLogger('any').error('%d herons', {WORDS!r})") == ""


def test_python_alone_would_have_told_the_words():
    alone = (
        "import sys, logging; logging.basicConfig(force=True); sys.excepthook = sys.__excepthook__"
    )
    assert WORDS in said(f"{alone}; boom()")
    assert WORDS in said(f"{alone}; logging.error('failed: %s', caught())")
