"""No test reaches beyond the machine, and one that tried would be found out."""

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.network import NetworkClosed, attempts, expected_attempts


@pytest.mark.parametrize(
    ("family", "address"),
    [
        (socket.AF_INET, ("192.0.2.1", 80)),
        (socket.AF_INET, ("0.0.0.0", 80)),
        (socket.AF_INET6, ("2001:db8::1", 80, 0, 0)),
        (socket.AF_INET6, ("::ffff:192.0.2.1", 80, 0, 0)),
    ],
)
def test_a_connection_beyond_the_machine_is_refused_and_recorded(
    family: socket.AddressFamily, address: tuple[object, ...]
) -> None:
    with socket.socket(family) as tcp, socket.socket(family, socket.SOCK_DGRAM) as udp:
        with expected_attempts() as found:
            with pytest.raises(NetworkClosed):
                tcp.connect(address)
            with pytest.raises(NetworkClosed):
                tcp.connect_ex(address)
            with pytest.raises(NetworkClosed):
                udp.sendto(b"?", address)
        assert [attempt.split()[1] for attempt in found] == [address[0]] * 3


def test_a_name_is_not_looked_up() -> None:
    with expected_attempts() as found:
        with pytest.raises(NetworkClosed):
            socket.getaddrinfo("llamora.example", 443)
        with pytest.raises(NetworkClosed):
            socket.gethostbyname("llamora.example")
        with pytest.raises(NetworkClosed):
            socket.create_connection(("llamora.example", 443))
    assert len(found) == 3


async def test_the_event_loop_is_held_to_it_too() -> None:
    with expected_attempts() as found:
        with pytest.raises(NetworkClosed):
            await asyncio.open_connection("192.0.2.1", 80)
        with pytest.raises(NetworkClosed):
            await asyncio.open_connection("llamora.example", 80)
    assert found


@pytest.mark.parametrize("options", [[], ["-P"]])
def test_a_process_that_a_test_starts_is_held_to_it_and_found_out(
    refused_in_children: Path, options: list[str]
) -> None:
    leave = "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    left = subprocess.run(
        [sys.executable, *options, "-c", leave], capture_output=True, text=True, check=False
    )
    assert "NetworkClosed" in left.stderr
    assert refused_in_children.read_text() == "socket.connect 192.0.2.1\n"
    refused_in_children.write_text("")


async def test_loopback_and_unix_sockets_stay_open(tmp_path: Path) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    local = await asyncio.start_unix_server(greet, tmp_path / "door")
    async with server, local:
        for reader, writer in (
            await asyncio.open_connection("localhost", port),
            await asyncio.open_unix_connection(tmp_path / "door"),
        ):
            assert await reader.read() == b"hello"
            writer.close()
            await writer.wait_closed()
    assert not attempts
