"""Whom the program may connect to: what the settings name, and nobody else."""

from pathlib import Path

import pytest
from tests.support.server import journal_settings

from llamora.reach import ANY_PORT, Door, Reach, found_of

HOST = "models.example.org"
REACH = Reach.to(
    answers=f"https://{HOST}/v1", search="http://127.0.0.1:8080", here=False, own="journal.lan"
)
FOUND = {found_of(HOST, "192.0.2.7"), found_of(HOST, "2001:db8::7")}


def test_nothing_is_named_and_nobody_is_reached(tmp_path: Path) -> None:
    reach = journal_settings(tmp_path / "data/llamora.sqlite3").reach
    assert reach.doors == ()
    for host, port in (("127.0.0.1", 80), ("::1", 5000), ("192.0.2.1", 443), ("localhost", 1)):
        assert not reach.may_connect(host, port, set())


def test_the_settings_open_the_doors_that_they_name(tmp_path: Path) -> None:
    reach = journal_settings(
        tmp_path / "data/llamora.sqlite3",
        LLM__CHAT__BASE_URL="https://Models.Example.org/v1",
        EMBEDDING__MAKE="endpoint",
        EMBEDDING__MODEL="bge",
        EMBEDDING__BASE_URL="http://[::1]:8081",
    ).reach
    assert reach.doors == (Door(HOST, 443, "answers"), Door("::1", 8081, "search"))


def test_an_embedding_address_that_is_not_used_opens_none(tmp_path: Path) -> None:
    path = tmp_path / "data/llamora.sqlite3"
    assert journal_settings(path, EMBEDDING__BASE_URL="http://127.0.0.1:8081").reach.doors == ()


def test_a_model_that_is_run_here_has_any_port_of_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "data/llamora.sqlite3"
    reach = journal_settings(path, LLM__LOCAL__MODEL_PATH=tmp_path / "m.gguf").reach
    assert reach.doors == (Door("127.0.0.1", ANY_PORT, "here"),)
    assert reach.may_connect("127.0.0.1", 49_152, set())
    assert not reach.may_connect("127.0.0.2", 49_152, set())


@pytest.mark.parametrize(
    ("host", "port"),
    [
        (HOST, 443),
        (f"{HOST.upper()}.", 443),
        ("192.0.2.7", 443),
        ("2001:db8:0::7", 443),
        ("::ffff:192.0.2.7", 443),
        ("127.0.0.1", 8080),
        ("::ffff:127.0.0.1", 8080),
    ],
)
def test_a_door_is_open_by_its_name_and_by_the_addresses_that_were_found(
    host: str, port: int
) -> None:
    assert REACH.may_connect(host, port, FOUND)


@pytest.mark.parametrize(
    ("host", "port"),
    [
        (HOST, 80),
        ("192.0.2.7", 80),
        ("192.0.2.8", 443),
        (f"{HOST}.evil.example", 443),
        (f"evil.{HOST}", 443),
        ("", 443),
        ("127.0.0.1", 443),
        ("127.0.0.1", 8081),
        ("127.0.0.2", 8080),
        ("::1", 8080),
        ("0.0.0.0", 8080),
        ("journal.lan", 443),
    ],
)
def test_whatever_is_beside_a_door_is_shut(host: str, port: int) -> None:
    assert not REACH.may_connect(host, port, FOUND)


def test_an_address_that_nobody_looked_up_is_not_the_doors() -> None:
    assert not REACH.may_connect("192.0.2.7", 443, set())
    assert not REACH.may_connect("192.0.2.7", 443, {found_of("other.example", "192.0.2.7")})


@pytest.mark.parametrize("name", [HOST, HOST.title(), "journal.lan", "localhost", "", "192.0.2.1"])
def test_names_of_doors_and_what_needs_nobody_may_be_looked_up(name: str) -> None:
    assert REACH.may_look_up(name)


@pytest.mark.parametrize("name", ["example.org", f"evil.{HOST}", "heron.localhost", "192.0.2.1.x"])
def test_no_other_name_may_be(name: str) -> None:
    assert not REACH.may_look_up(name)
