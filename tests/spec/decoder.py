"""A second reader of docs/spec/vault-format.md, which shares no line with the project.

Unlike the vault it says why it refuses (§9), so that every vector can fail in one way only.
"""

import hashlib
import hmac
import json
import struct
import unicodedata
from calendar import monthrange
from datetime import date

from nacl import bindings, exceptions, pwhash

CODE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CLASSES = [128] + [size for k in range(18) for size in (256 << k, 384 << k) if size <= 48 << 20]


class Refused(Exception):
    """Its text is one of the classes of §9."""


def check(fine: bool, otherwise: str) -> None:
    if not fine:
        raise Refused(otherwise)


def pae(*parts: bytes) -> bytes:
    return struct.pack("<Q", len(parts)) + b"".join(struct.pack("<Q", len(p)) + p for p in parts)


def subkey(dek: bytes, owner: bytes, purpose: str, data: bytes = b"") -> bytes:
    person = purpose.encode().ljust(16, b"\0")
    return hashlib.blake2b(data, digest_size=32, key=dek, salt=owner, person=person).digest()


def column(value) -> bytes:
    if type(value) is int and 0 <= value < 1 << 64:
        return b"i" + struct.pack("<Q", value)
    check(type(value) in (str, bytes), "column")
    return b"t" + value.encode() if isinstance(value, str) else b"b" + bytes(value)


def open_record(keys, table, name, owner, id, visible, sealed):
    """(epoch, header, raw bytes); `keys` maps an epoch to the key that seals this column."""
    check(isinstance(sealed, bytes) and len(sealed) - 46 in CLASSES, "length")
    check(sealed[0] == 1, "version")
    check(sealed[1] == 1, "algorithm")
    epoch = int.from_bytes(sealed[2:6], "big")
    check(epoch in keys, "epoch")
    columns = [column(value) for value in visible]
    aad = pae(b"record", sealed[:6], table.encode(), name.encode(), owner, id, *columns)
    try:
        padded = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            sealed[30:], aad, sealed[6:30], keys[epoch]
        )
    except exceptions.CryptoError:
        raise Refused("tag") from None
    text, mark, zeros = padded.rpartition(b"\x80")
    check(mark != b"" and not zeros.strip(b"\0"), "padding")
    return epoch, *split(text)


def split(text: bytes):
    end = 4 + int.from_bytes(text[:4], "big")
    check(end <= len(text), "header")
    try:
        header = json.loads(text[4:end].decode(), parse_constant=lambda _: check(False, "header"))
    except (ValueError, RecursionError):
        raise Refused("header") from None
    check(isinstance(header, dict), "header")
    return header, text[end:]


def open_dek(keys, table, owner, id, visible, sealed):
    epoch, header, dek = open_record(keys, table, "sealed", owner, id, visible, sealed)
    check(len(dek) == 32, "key")
    return epoch, header, dek


def open_wrap(secret, id, owner, kind, epoch, salt, m, t, sealed):
    check(type(m) is type(t) is int and 8 <= m <= 1024 and 1 <= t <= 16, "kdf")
    check(type(salt) is bytes and len(salt) == 16, "kdf")
    kek = pwhash.argon2id.kdf(32, secret, salt, opslimit=t, memlimit=m << 20)
    return open_dek({epoch: kek}, "wraps", owner, id, [kind, epoch, salt, m, t], sealed)[2]


def open_chain(dek, owner, epoch, sealed):
    keys = {epoch: subkey(dek, owner, "chain")}
    _, header, older = open_dek(keys, "chain", owner, owner, [epoch], sealed)
    number = header.get("older")
    check(type(number) is int and 0 < number < epoch, "chain")
    return number, older


def open_session(runtime, secret, owner, id, expires, sealed):
    check(len(secret) == 32, "secret")
    keys = dict.fromkeys(range(1, 100), subkey(runtime, owner, "session", secret))
    return open_dek(keys, "sessions", owner, id, [expires], sealed)


def hashed(dek: bytes, owner: bytes, purpose: str, text: str) -> bytes:
    key, data = subkey(dek, owner, purpose), pae(text.encode())
    return hashlib.blake2b(data, digest_size=16, key=key).digest()


def root_term(dek: bytes, owner: bytes, day_id: bytes, counter: int) -> int:
    data, key = pae(day_id, struct.pack("<Q", counter)), subkey(dek, owner, "check")
    return int.from_bytes(hashlib.blake2b(data, digest_size=32, key=key).digest(), "big")


def digest(dek: bytes, owner: bytes, id: bytes, kind: str, text: bytes) -> bytes:
    return hmac.digest(subkey(dek, owner, "digest"), pae(id, kind.encode(), text), "sha256")


def session_id(secret: bytes) -> bytes:
    return hashlib.blake2b(b"session id" + secret, digest_size=16).digest()


def day_table(raw: bytes):
    check(len(raw) >= 9 and raw[0] == 1, "table")
    _, year, month, day, entries, count = struct.unpack(">BHBBHH", raw[:9])
    items, at = [], 9
    for _ in range(count):
        check(len(raw) >= at + 22, "table")
        id, kind, revision, traces = struct.unpack(">16sBIB", raw[at : at + 22])
        check(1 <= kind <= 5, "table")
        ids = [raw[at + 22 + 16 * n : at + 38 + 16 * n] for n in range(traces)]
        items.append((id, kind, revision, ids))
        at += 22 + 16 * traces
    check(at == len(raw), "table")
    check(1 <= month <= 12 and year > 0 and 1 <= day <= monthrange(year, month)[1], "table")
    return date(year, month, day), entries, items


def read_code(typed: str) -> str:
    fold = str.maketrans("OIL", "011", " -\u2010\u2011\u2012\u2013\u2014\u00a0\t\r\n")
    folded = typed.upper().translate(fold)
    check(len(typed) <= 200 and len(folded) == 25, "code-length")
    check(all(c in CODE for c in folded[:24]), "code-symbol")
    value = sum(CODE.index(c) << 5 * n for n, c in enumerate(reversed(folded[:24])))
    check((CODE + "*~$=U")[value % 37] == folded[24], "code-check")
    return folded[:24]


def password(text: str) -> bytes:
    check(not any("\ud800" <= c <= "\udfff" for c in text), "password-text")
    check(len(raw := unicodedata.normalize("NFKC", text).encode()) <= 1024, "password-length")
    return raw
