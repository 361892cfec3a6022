"""Nothing in the file but a name can be guessed with a dictionary."""

import hashlib
from collections.abc import Iterator

from tests.support.accounts import House, Registered
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from llamora.accounts import Entered
from llamora.storage import Store

TABLES = ("accounts", "wraps", "chain", "sessions", "changes")


def hashes(word: bytes) -> Iterator[bytes]:
    """What a careless design might have stored for a word."""
    yield word
    for name in ("md5", "sha1", "sha256", "sha512"):
        yield hashlib.new(name, word).digest()
    for size in (16, 32, 64):
        yield hashlib.blake2b(word, digest_size=size).digest()


def stored(store: Store) -> set[bytes]:
    """Every value in clear in the file, and each record's front and end."""
    values: set[bytes] = set()
    for table in TABLES:
        for row in store.rows(f"SELECT * FROM {table}"):
            for value in row:
                if isinstance(value, bytes):
                    values |= {value[:n] for n in (16, 20, 32, 64)} | {value[-16:], value[-32:]}
                else:
                    values.add(str(value).encode())
    return values


async def test_a_dictionary_with_the_truth_in_it_finds_only_the_name(home: House, ada: Registered):
    vault = await home.accounts.sign_in(ada.name, ada.password)
    await home.sessions.begin(Entered(vault, 1), "Firefox on Linux")
    words = {word for words in FREQUENCY_LISTS.values() for word in words}
    words |= {f"{word}1" for word in words} | {word.capitalize() for word in words}
    assert len(words) > 200_000
    truth = {
        ada.password,
        ada.code,
        ada.code.replace("-", ""),
        ada.code.replace("-", "")[:-1],
        "Ada",
        "Europe/London",
        "Firefox on Linux",
        "system",
    }
    found = stored(home.store)
    hits = {word for word in words | truth for value in hashes(word.encode()) if value in found}
    assert hits == {"ada", "password", "recovery"}  # the name, and the kinds of wraps
    await home.store.truncate()
    file = ada.path.read_bytes()
    assert not [word for word in truth - {"system"} if word.encode() in file]

    planted = hashlib.sha256(ada.password.encode()).digest()
    await home.store.write(lambda tx: tx.execute("UPDATE wraps SET salt = ?", (planted,)))
    assert planted in stored(home.store)
