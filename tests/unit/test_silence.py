"""What a process tried to reach is judged, refused in a way that everybody understands, and kept in
mind. The hook itself is looked at in a process of its own, for it cannot be taken off again."""

import json
import subprocess
import sys

import pytest

from llamora.reach import Door, Reach
from llamora.silence import LONGEST, MOST, THE_REST, Silence, Silent

DOOR = Door("models.example.org", 443, "answers")


@pytest.fixture
def silence() -> Silence:
    silence = Silence()
    silence.know(lambda: Reach((DOOR,)))
    return silence


def told(silence: Silence) -> dict[str, tuple[bool, int]]:
    return {each.what: (each.allowed, each.times) for each in silence.attempts}


def test_what_is_refused_and_what_is_let_through_is_counted(silence: Silence) -> None:
    silence.learn(DOOR.host, [(0, 0, 0, "", ("192.0.2.7", 0))])
    for _ in range(3):
        silence.judge("socket.connect", (None, ("192.0.2.7", 443)))
        with pytest.raises(Silent):
            silence.judge("socket.connect", (None, ("192.0.2.7", 80)))
    with pytest.raises(Silent):
        silence.judge("socket.sendto", (None, ("2001:db8::1", 53, 0, 0)))
    with pytest.raises(Silent):
        silence.judge("socket.sendmsg", (None, ("192.0.2.1", 53)))
    for event in ("socket.getaddrinfo", "socket.gethostbyname"):
        with pytest.raises(Silent):
            silence.judge(event, (b"news.example.org", 443, 0, 0, 0))
    assert told(silence) == {
        "192.0.2.7:443": (True, 3),
        "192.0.2.7:80": (False, 3),
        "[2001:db8::1]:53": (False, 1),
        "192.0.2.1:53": (False, 1),
        "news.example.org": (False, 2),
    }
    assert [each.allowed for each in silence.attempts] == [False] * 4 + [True]


def test_the_name_of_an_address_is_asked_of_nobody(silence: Silence) -> None:
    silence.judge("socket.gethostbyaddr", ("127.0.0.1",))
    for event, what in (("gethostbyaddr", "192.0.2.1"), ("getnameinfo", ("192.0.2.1", 80))):
        with pytest.raises(Silent):
            silence.judge(f"socket.{event}", (what,))
    assert told(silence) == {"192.0.2.1": (False, 2)}


def test_sockets_of_this_machine_without_an_address_are_nobodys_business(silence: Silence) -> None:
    silence.judge("socket.connect", (None, "/run/door"))
    silence.judge("socket.connect", (None, b"\0door"))
    silence.judge("socket.sendto", (None, None))
    silence.judge("open", ("heron", "r", 0))
    assert told(silence) == {}


def test_a_refusal_is_what_a_network_that_is_not_there_says(silence: Silence) -> None:
    with pytest.raises(OSError, match="may not"):
        silence.judge("socket.getaddrinfo", ("news.example.org", 443, 0, 0, 0))
    assert issubclass(Silent, ConnectionRefusedError)


def test_the_record_is_short_and_has_an_end(silence: Silence) -> None:
    for n in range(MOST + 20):
        with pytest.raises(Silent):
            silence.ask_to_look_up(f"{n}.\u202e\n" + "a" * 500)
    attempts = silence.attempts
    assert len(attempts) == MOST + 1
    assert all(len(each.what) <= LONGEST and each.what.isprintable() for each in attempts)
    assert told(silence)[THE_REST] == (False, 20)


def test_a_door_for_one_file_is_shut_after_it(silence: Silence) -> None:
    fetching = Door("files.example.org", 443, "fetching")
    with silence.opened(fetching):
        silence.ask_to_look_up("files.example.org")
        silence.ask_to_connect("files.example.org", 443)
    with pytest.raises(Silent):
        silence.ask_to_connect("files.example.org", 443)


def test_settings_that_cannot_be_read_let_nobody_out() -> None:
    def broken() -> Reach:
        raise ValueError

    silence = Silence()
    silence.know(broken)
    with pytest.raises(Silent):
        silence.ask_to_connect("127.0.0.1", 80)


def test_only_what_a_door_is_found_to_be_is_learnt(silence: Silence) -> None:
    silence.learn("other.example", [(0, 0, 0, "", ("192.0.2.9", 0))])
    with pytest.raises(Silent):
        silence.ask_to_connect("192.0.2.9", 443)


PROGRAM = """
import asyncio, json, socket, sys, threading
from llamora.reach import Reach
from llamora.silence import process

with socket.create_server(("127.0.0.1", 0)) as door:
    port = door.getsockname()[1]
    process.begin(lambda: Reach.to(
        answers=f"http://localhost:{port}", search="", here=False, own=""))
    from llamora.cli.loop import Loop
    import httpx

    async def out(loop):
        said = []
        async def attempt(work):
            try:
                await work
                said.append("ok")
            except Exception as e:
                said.append(type(e).__name__)
        async with httpx.AsyncClient(trust_env=False) as client:
            await attempt(client.get("http://192.0.2.1/"))
            await attempt(client.get("http://heron.example/"))
        await attempt(asyncio.open_connection("192.0.2.2", 80))
        await attempt(asyncio.open_connection("heron.example", 80))
        await attempt(loop.getaddrinfo("heron.example", 80))
        await attempt(loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("192.0.2.3", 53)))
        await attempt(loop.getnameinfo(("192.0.2.4", 80)))
        await attempt(asyncio.to_thread(socket.create_connection, ("192.0.2.5", 80)))
        _, writer = await asyncio.open_connection("localhost", port)
        writer.close()
        return said

    with asyncio.Runner(loop_factory=Loop if sys.argv[1] == "uvloop" else None) as runner:
        async def main():
            return await out(asyncio.get_running_loop())
        said = runner.run(main())
print(json.dumps([said, [[a.what.replace(str(port), "PORT"), a.allowed, a.times]
                         for a in process.attempts]]))
"""


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_every_way_out_of_a_process_is_asked_about(loop: str, free_network: dict[str, str]) -> None:
    """Above all that of the event loop which the server uses: it connects in machine code."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, loop],
        env=free_network,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, attempts = json.loads(done.stdout)
    assert said == ["ConnectError"] * 2 + ["Silent"] * 6
    refused = {what: times for what, allowed, times in attempts if not allowed}
    assert refused.keys() >= {"192.0.2.1:80", "192.0.2.2:80", "heron.example", "192.0.2.5:80"}
    assert refused["heron.example"] == 3
    assert refused["192.0.2.4"] == 1
    let_through = {what for what, allowed, _ in attempts if allowed}
    assert "127.0.0.1:PORT" in let_through
    assert let_through <= {"127.0.0.1:PORT", "[::1]:PORT"}


def test_without_the_word_of_the_loop_nothing_would_be_heard(free_network: dict[str, str]) -> None:
    """The control: uvloop as it comes connects past every audit hook."""
    unwatched = (
        "import asyncio, socket, sys, uvloop\n"
        "heard = []\n"
        "sys.addaudithook(lambda event, _: heard.append(event) if 'connect' in event else None)\n"
        "with socket.create_server(('127.0.0.1', 0)) as door:\n"
        "    async def main():\n"
        "        _, writer = await asyncio.open_connection(*door.getsockname())\n"
        "        writer.close()\n"
        "    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:\n"
        "        runner.run(main())\n"
        "print(heard)\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", unwatched],
        env=free_network,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr
