"""How a vault comes back between two requests, and what is needed for it (vault-format §7)."""

import pytest

from llamora.vault import Place, Purpose, RuntimeKey, Unreadable, Vault, new_secret, session_id
from llamora.vault.cookie_key import CookieKey
from llamora.vault.session_keys import HALF_OPEN, SESSION

OWNER, ID = b"o" * 16, b"i" * 16
WRITING = Place("writings", "sealed", Purpose.CONTENT)


def test_a_session_brings_the_vault_back_and_what_it_remembered():
    vault, runtime, secret = Vault.new(OWNER), RuntimeKey(), new_secret()
    sealed = vault.seal(WRITING, ID, {"v": 1}, b"words")
    row = session_id(secret)
    session = runtime.seal(secret, vault, row, 100, {"v": 1, "generation": 3})
    again, header = runtime.open(secret, OWNER, row, 100, session)
    assert header == {"v": 1, "generation": 3}
    assert again.open(WRITING, ID, sealed).raw == b"words"


def test_nothing_less_than_all_of_it_is_enough():
    vault, runtime, secret = Vault.new(OWNER), RuntimeKey(), new_secret()
    row = session_id(secret)
    session = runtime.seal(secret, vault, row, 100, {"v": 1})
    for attempt in (
        lambda: RuntimeKey().open(secret, OWNER, row, 100, session),
        lambda: runtime.open(new_secret(), OWNER, row, 100, session),
        lambda: runtime.open(b"", OWNER, row, 100, session),
        lambda: runtime.open(secret, ID, row, 100, session),
        lambda: runtime.open(secret, b"", row, 100, session),
        lambda: runtime.open(secret, OWNER, ID, 100, session),
        lambda: runtime.open(secret, OWNER, row, 101, session),
        lambda: runtime.open(secret, OWNER, row, 100, session[:-1] + b"\0\0"),
    ):
        with pytest.raises(Unreadable):
            attempt()


def test_a_worker_that_was_handed_the_key_opens_its_parents_sessions():
    vault, runtime, secret = Vault.new(OWNER), RuntimeKey(), new_secret()
    handed = bytearray(runtime.hand_down())
    worker = RuntimeKey(handed)
    assert handed == bytes(32)  # taken over, not copied
    row = session_id(secret)
    session = runtime.seal(secret, vault, row, 100, {"v": 1})
    assert worker.open(secret, OWNER, row, 100, session)[0].owner == OWNER


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_runtime_key_has_32_bytes(size: int):
    with pytest.raises(ValueError, match="32 bytes"):
        RuntimeKey(bytearray(size))


def test_a_row_is_found_by_a_hash_that_names_no_cookie():
    secret = new_secret()
    assert len(secret) == 32
    assert len(session_id(secret)) == 16
    assert session_id(secret) == session_id(secret) != session_id(new_secret())
    assert session_id(secret) not in secret


def test_a_cookie_brings_the_vault_back_in_its_own_installation_and_session_only():
    vault, key = Vault.new(OWNER), CookieKey(b"s" * 32)
    sealed = vault.seal(WRITING, ID, {"v": 1}, b"words")
    cookie = key.seal(vault, ID, 100, {"v": 1, "generation": 3})
    again, header = CookieKey(b"s" * 32).open(OWNER, ID, 100, cookie)
    assert header == {"v": 1, "generation": 3}
    assert again.open(WRITING, ID, sealed).raw == b"words"
    for attempt in (
        lambda: CookieKey(b"t" * 32).open(OWNER, ID, 100, cookie),
        lambda: key.open(ID, ID, 100, cookie),
        lambda: key.open(b"", ID, 100, cookie),
        lambda: key.open(OWNER, OWNER, 100, cookie),
        lambda: key.open(OWNER, b"", 100, cookie),
        lambda: key.open(OWNER, ID, 101, cookie),
        lambda: key.open(OWNER, ID, 100, cookie[:-1]),
    ):
        with pytest.raises(Unreadable):
            attempt()


def test_a_short_secret_makes_no_cookies():
    with pytest.raises(ValueError, match="32 bytes"):
        CookieKey(b"s" * 31)


def test_a_challenge_is_of_one_secret_one_purpose_and_one_runtime_key():
    runtime, other = RuntimeKey(), RuntimeKey()
    made = runtime.challenge(bytes(32), b"door")
    assert len(made) == 32
    assert made == runtime.challenge(bytes(32), b"door")
    others = [
        runtime.challenge(bytes(32), b"enrol"),
        runtime.challenge(bytes(31) + b"\x01", b"door"),
        other.challenge(bytes(32), b"door"),
    ]
    assert made not in others
    for short in (b"", bytes(31), bytes(33)):
        with pytest.raises(Unreadable):
            runtime.challenge(short, b"door")


def test_what_is_half_open_holds_until_its_end_and_is_never_a_session():
    vault, runtime, secret = Vault.new(OWNER), RuntimeKey(), new_secret()
    row = session_id(secret)
    for place, other in ((HALF_OPEN, SESSION), (SESSION, HALF_OPEN)):
        sealed = runtime.seal(secret, vault, row, 100, {"v": 1}, place)
        assert runtime.open(secret, OWNER, row, 100, sealed, place)[0].owner == OWNER
        for expires, where in ((101, place), (100, other)):
            with pytest.raises(Unreadable):
                runtime.open(secret, OWNER, row, expires, sealed, where)
