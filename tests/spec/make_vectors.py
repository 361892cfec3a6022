"""Writes tests/spec/vectors/*.json: `python tests/spec/make_vectors.py`.

The vectors are sealed by the project with fixed keys and nonces, so that this script always
writes the same bytes, and read back by the project and by decoder.py. Each invalid one is a
valid one with a single thing wrong, and names the class of §9 that it falls into.
"""

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import decoder
import project

from llamora.journal.day_table import Item, pack
from llamora.journal.writing import Kind
from llamora.vault import KdfPolicy, Place, Purpose, RecoveryCode, Wrap, sodium
from llamora.vault.cookie_key import COOKIE
from llamora.vault.keys import WRAP, normalise_password, stretch
from llamora.vault.padding import CLASSES, pad, padded_size
from llamora.vault.pae import le64, pae
from llamora.vault.record import binding
from llamora.vault.session_keys import SESSION, session_id
from llamora.vault.vault import CHAIN

FOLDER = Path(__file__).parent / "vectors"
Case = dict[str, Any]


def some(label: str, size: int) -> bytes:
    """Bytes that look random and are always the same."""
    return hashlib.shake_256(label.encode()).digest(size)


OWNER = some("owner", 16)
OTHER = some("other owner", 16)
ID = some("id", 16)
DEKS = {1: some("dek 1", 32), 2: some("dek 2", 32)}
WRITING = project.PLACES["writings"]
HEADER = {"v": 1, "kind": "entry", "date": "2026-11-22"}
TEXT = "The heron came back. Ein Reiher, 鷺 🪶".encode()


def front(header: bytes) -> bytes:
    return struct.pack(">I", len(header)) + header


def packed(header: Case, raw: bytes = b"") -> bytes:
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return front(text.encode()) + raw


def subkey(purpose: Purpose, epoch: int, owner: bytes) -> bytes:
    made = project.vault(owner, DEKS)
    return bytes(sodium.ffi.buffer(project.subkey(made, purpose, epoch), 32))


def value(given: Any) -> Case:
    """A visible column with its type in the open."""
    match given:
        case bytes():
            return {"blob": given.hex()}
        case str():
            return {"text": given}
        case int():
            return {"int": given}
        case None:
            return {"null": True}
        case _:
            return {"real": given}


def sealed(
    place: Place = WRITING,
    visible: Case | None = None,
    *,
    plaintext: bytes | None = None,
    padded: bytes | None = None,
    epoch: int = 1,
    owner: bytes = OWNER,
    id: bytes = ID,
    head: bytes | None = None,
) -> bytes:
    small = place.purpose in (Purpose.TRACE, Purpose.QUERY)
    plaintext = packed(HEADER, TEXT) if plaintext is None else plaintext
    padded = pad(plaintext, small=small) if padded is None else padded
    row = project.a_row(place, some) if visible is None else visible
    key = subkey(place.purpose, epoch, owner)
    nonce = hashlib.shake_256(key + padded + binding(place, owner, id, b"", row)).digest(24)
    return project.forge(key, epoch, place, owner, id, padded, row, nonce, head)


def record(name: str, bytes_: bytes, place: Place = WRITING, **other: Any) -> Case:
    row = project.a_row(place, some) | other.pop("visible", {})
    case: Case = {
        "name": name,
        "deks": {str(n): dek.hex() for n, dek in other.pop("deks", {1: DEKS[1]}).items()},
        "owner": other.pop("owner", OWNER).hex(),
        "id": other.pop("id", ID).hex(),
        "table": place.table,
        "column": place.column,
        "purpose": place.purpose.value,
        "visible": [[column, value(row[column])] for column in place.visible],
        "sealed": bytes_.hex(),
    }
    return case | other


def opens(header: Case = HEADER, raw: bytes = TEXT, epoch: int = 1) -> Case:
    return {"opens": {"header": header, "raw": raw.hex(), "epoch": epoch}}


def flipped(whole: bytes, byte: int, bit: int = 0) -> bytes:
    changed = bytearray(whole)
    changed[byte] ^= 1 << bit
    return bytes(changed)


def elsewhere(given: Any) -> Any:
    """The value of a visible column, changed as little as possible."""
    match given:
        case bytes():
            return flipped(given, 0)
        case str():
            return given + "a"
        case _:
            return given + 1


def records() -> Iterator[Case]:
    for place in project.PLACES.values():
        owner = ID if place.table == "accounts" else OWNER
        whole = sealed(place, owner=owner)
        yield record(f"{place.table}: as written", whole, place, owner=owner, **opens())
        row = project.a_row(place, some)
        for column in place.visible:
            changed = {column: elsewhere(row[column])}
            name = f"{place.table}: {column} edited"
            yield record(name, whole, place, owner=owner, visible=changed, error="tag")
        yield record(f"{place.table}: other id", whole, place, owner=owner, id=OTHER, error="tag")
        yield record(f"{place.table}: other owner", whole, place, owner=OTHER, error="tag")
    yield from well_formed()
    yield from misplaced()
    yield from misshapen()
    yield from badly_filled()


def well_formed() -> Iterator[Case]:
    yield record("no raw bytes", sealed(plaintext=packed({"v": 1})), **opens({"v": 1}, b""))
    yield record("empty header", sealed(plaintext=packed({})), **opens({}, b""))
    unicode = {"v": 1, "zone": "Europe/Zürich", "😀": ["é", "e\u0301", "\u2028", '"\\']}
    yield record("header beyond ASCII", sealed(plaintext=packed(unicode)), **opens(unicode, b""))
    for size, what in ((255, "fills its class"), (256, "is one too long for its class")):
        raw = some("raw", size - len(packed({"v": 1})))
        yield record(
            f"plaintext {what}", sealed(plaintext=packed({"v": 1}, raw)), **opens({"v": 1}, raw)
        )
    for raw, what in ((b"\x80", "0x80"), (b"\x80\0\0", "0x80 and zeros"), (bytes(9), "zeros")):
        name = f"raw bytes end in {what}"
        yield record(name, sealed(plaintext=packed({"v": 1}, raw)), **opens({"v": 1}, raw))
    trace = project.PLACES["traces"]
    for size in (127, 128):
        raw = some("raw", size - len(packed({"v": 1})))
        whole = sealed(trace, plaintext=packed({"v": 1}, raw))
        yield record(f"a trace of {size} bytes", whole, trace, **opens({"v": 1}, raw))
    big = some("raw", 5000)
    yield record(
        "five thousand bytes", sealed(plaintext=packed({"v": 1}, big)), **opens({"v": 1}, big)
    )
    wide = pad(packed(HEADER, TEXT)) + bytes(768 - 256)
    yield record("a class larger than needed", sealed(padded=wide), **opens())
    ring = {"deks": DEKS}
    yield record("old epoch in a ring of two", sealed(), **ring, **opens())
    yield record("new epoch in a ring of two", sealed(epoch=2), **ring, **opens(epoch=2))
    for revision in (0, 2**31, 2**63 - 1):
        row = project.a_row(WRITING, some) | {"revision": revision}
        yield record(f"revision {revision}", sealed(visible=row), visible=row, **opens())


def misplaced() -> Iterator[Case]:
    whole = sealed()
    days = project.PLACES["days"]
    yield record("a writing among the days", whole, days, error="tag")
    column = Place("writings", "text", Purpose.CONTENT, WRITING.visible)
    yield record("another column", whole, column, error="tag")
    drafted = Place("writings", "sealed", Purpose.DRAFT, WRITING.visible)
    yield record("a key of another purpose", whole, drafted, error="tag")
    swapped = Place("writings", "sealed", Purpose.CONTENT, ("revision", "day"))
    yield record("visible columns in another order", whole, swapped, error="tag")
    fewer = Place("writings", "sealed", Purpose.CONTENT, ("day",))
    yield record("a visible column left out", whole, fewer, error="tag")
    yield record("another DEK", whole, deks={1: DEKS[2]}, error="tag")
    yield record("epoch not in the ring", sealed(epoch=2), error="epoch")
    yield record("epoch 0", sealed(head=b"\1\1\0\0\0\0"), error="epoch")
    yield record("epoch rewritten", flipped(flipped(whole, 5), 5, 1), deks=DEKS, error="tag")
    row = project.a_row(WRITING, some)
    retyped = {
        "a blob as text": {"day": "a" * 16},
        "a number as its eight bytes": {"revision": le64(row["revision"])},
        "a number as its digits": {"revision": str(row["revision"])},
        "a shorter blob": {"day": row["day"][:-1]},
        "a longer blob": {"day": row["day"] + b"\0"},
        "an empty blob": {"day": b""},
    }
    for name, changed in retyped.items():
        yield record(name, whole, visible=changed, error="tag")
    text = sealed(visible=row | {"day": "a" * 16})
    yield record("text as a blob", text, visible={"day": b"a" * 16}, error="tag")
    for name, wrong in (("no value", None), ("a real number", 1.5), ("a negative number", -1)):
        yield record(name, whole, visible={"revision": wrong}, error="column")
    yield record("a number beyond 2^64", whole, visible={"revision": 1 << 64}, error="column")


def misshapen() -> Iterator[Case]:
    whole = sealed()
    for size in (0, 1, 6, 29, 46, 173, 175, len(whole) - 1):
        yield record(f"{size} bytes of it", whole[:size], error="length")
    yield record("one byte more", whole + b"\0", error="length")
    yield record("cut to the shortest record", whole[:174], error="tag")
    yield record("zeros up to the next class", whole + bytes(128), error="tag")
    for version in (0, 2, 255):
        head = bytes((version, 1)) + b"\0\0\0\1"
        yield record(f"version {version}", sealed(head=head), error="version")
    for algorithm in (0, 2, 255):
        head = bytes((1, algorithm)) + b"\0\0\0\1"
        yield record(f"algorithm {algorithm}", sealed(head=head), error="algorithm")
    for name, byte in (("nonce", 6), ("nonce", 29), ("ciphertext", 30), ("tag", -16), ("tag", -1)):
        for bit in (0, 7):
            yield record(f"{name} byte {byte} bit {bit}", flipped(whole, byte, bit), error="tag")
    yield record("a tag of zeros", whole[:-16] + bytes(16), error="tag")


def badly_filled() -> Iterator[Case]:
    text = packed(HEADER, TEXT)
    paddings = {
        "nothing but zeros": bytes(256),
        "no 0x80": text + bytes(256 - len(text)),
        "0x40 for 0x80": text + b"\x40" + bytes(255 - len(text)),
        "a one after the zeros": text + b"\x80" + bytes(254 - len(text)) + b"\1",
        "a one amid the zeros": text + b"\x80\0\1" + bytes(253 - len(text)),
    }
    for name, padded in paddings.items():
        yield record(name, sealed(padded=padded), error="padding")
    fillings = {
        "no header length": b"",
        "half a header length": b"\0\0\0",
        "header longer than the record": front(b'{"v":1}' + bytes(9))[:-9],
        "header length of 4 GiB": b"\xff\xff\xff\xff{}",
        "header of no bytes": front(b""),
        "header not JSON": front(b"{'v':1}"),
        "header cut short": front(b'{"v":1'),
        "header with more behind it": front(b'{"v":1}]'),
        "header a list": front(b"[1]"),
        "header a number": front(b"1"),
        "header null": front(b"null"),
        "header a string": front(b'"v"'),
        "header not UTF-8": front(b'{"v":"\xff"}'),
        "header in UTF-16": front('{"v":1}'.encode("utf-16-le")),
        "header with a byte order mark": front(b'\xef\xbb\xbf{"v":1}'),
        "header with NaN": front(b'{"v":NaN}'),
        "header with Infinity": front(b'{"v":-Infinity}'),
    }
    for name, plaintext in fillings.items():
        yield record(name, sealed(plaintext=plaintext), error="header")


SECRET = b"correct horse battery staple"


def wraps() -> Iterator[Case]:
    policy = KdfPolicy(8, 1)
    bare = Wrap(ID, OWNER, "password", 1, some("salt", 16), policy.memory_mib, policy.passes, b"")

    def made(honest: Wrap = bare, plaintext: bytes | None = None, **lies: Any) -> Wrap:
        """A wrap sealed for an honest row, in a row that may say something else."""
        place = sodium.ffi.new("unsigned char[32]")
        stretch(SECRET, honest.salt, honest.m, honest.t, place)
        kek = bytes(sodium.ffi.buffer(place, 32))
        padded = pad(packed({"v": 1}, DEKS[1]) if plaintext is None else plaintext)
        nonce = hashlib.shake_256(kek + padded).digest(24)
        row = honest.visible()
        whole = project.forge(kek, honest.epoch, WRAP, OWNER, ID, padded, row, nonce)
        return replace(honest, sealed=whole, **lies)

    def case(name: str, wrap: Wrap, secret: bytes = SECRET, **other: Any) -> Case:
        return {
            "name": name,
            "secret": secret.hex(),
            "id": wrap.id.hex(),
            "owner": wrap.owner.hex(),
            "kind": wrap.kind,
            "epoch": wrap.epoch,
            "salt": value(wrap.salt),
            "m": value(wrap.m),
            "t": value(wrap.t),
            "sealed": wrap.sealed.hex(),
            **other,
        }

    fine: Case = {"dek": DEKS[1].hex()}
    yield case("as written", made(), **fine)
    yield case("two passes", made(replace(bare, t=2)), **fine)
    yield case("16 MiB", made(replace(bare, m=16)), **fine)
    yield case("epoch 7", made(replace(bare, epoch=7)), **fine)
    code = RecoveryCode("0123456789ABCDEFGHJKMNPQ")
    recovery = replace(bare, kind="recovery")
    yield case("another kind", made(recovery), **fine)
    yield case("the code for the password", made(), code.secret, error="tag")
    yield case("a password that differs in case", made(), SECRET.title(), error="tag")
    yield case("an empty password", made(), b"", error="tag")
    yield case("kind edited", made(kind="recovery"), error="tag")
    yield case("epoch edited", made(epoch=2), error="epoch")
    yield case("salt edited", made(salt=flipped(bare.salt, 15)), error="tag")
    yield case("more memory", made(m=9), error="tag")
    yield case("more passes", made(t=2), error="tag")
    yield case("other id", made(id=OTHER), error="tag")
    yield case("other owner", made(owner=OTHER), error="tag")
    for m in (0, 7, 1025, 1 << 31, -8, 8.0, None):
        yield case(f"memory of {m} MiB", made(m=m), error="kdf")
    for t in (0, 17, 1 << 31, -1, 1.0):
        yield case(f"{t} passes", made(t=t), error="kdf")
    for salt in (b"", bare.salt[:15], bare.salt + b"\0", "a" * 16):
        yield case(f"a salt of {len(salt)}, {type(salt).__name__}", made(salt=salt), error="kdf")
    for size in (0, 31, 33):
        short = made(plaintext=packed({"v": 1}, some("dek", size)))
        yield case(f"a key of {size} bytes", short, error="key")


def chains() -> Iterator[Case]:
    key = subkey(Purpose.CHAIN, 2, OWNER)

    def case(name: str, plaintext: bytes, epoch: int = 2, **other: Any) -> Case:
        padded = pad(plaintext) if plaintext else bytes(256)
        nonce = hashlib.shake_256(key + padded).digest(24)
        whole = project.forge(key, 2, CHAIN, OWNER, OWNER, padded, {"epoch": 2}, nonce)
        keys = {"owner": OWNER.hex(), "dek": DEKS[2].hex(), "epoch": epoch}
        return {"name": name, **keys, "sealed": whole.hex()} | other

    link = packed({"v": 1, "older": 1}, DEKS[1])
    yield case("as written", link, older=1, older_dek=DEKS[1].hex())
    yield case("another DEK", link, dek=DEKS[1].hex(), error="tag")
    yield case("another owner", link, owner=OTHER.hex(), error="tag")
    yield case("another epoch", link, epoch=3, error="epoch")
    for older in (0, 2, 3, -1, "1", 1.0, True, None):
        named = packed({"v": 1, "older": older}, DEKS[1])
        yield case(f"older is {older!r}", named, error="chain")
    yield case("older is missing", packed({"v": 1}, DEKS[1]), error="chain")
    yield case("nothing but zeros", b"", error="padding")
    yield case("no key", packed({"v": 1, "older": 1}), error="key")
    yield case("half a key", packed({"v": 1, "older": 1}, DEKS[1][:16]), error="key")


def sessions() -> Iterator[Case]:
    runtime, secret = some("runtime", 32), some("secret", 32)
    key = hashlib.blake2b(
        secret, digest_size=32, key=runtime, salt=OWNER, person=b"session".ljust(16, b"\0")
    ).digest()
    id, expires = session_id(secret), 1_790_000_000
    header = {"v": 1, "begun": 1_789_900_000, "generation": 3}

    def case(name: str, plaintext: bytes | None = None, **other: Any) -> Case:
        padded = pad(packed(header, DEKS[1]) if plaintext is None else plaintext)
        nonce = hashlib.shake_256(key + padded).digest(24)
        row = {"expires": expires}
        whole = project.forge(key, 1, SESSION, OWNER, id, padded, row, nonce)
        return {
            "name": name,
            "runtime": runtime.hex(),
            "secret": secret.hex(),
            "owner": OWNER.hex(),
            "id": id.hex(),
            "expires": value(expires),
            "sealed": whole.hex(),
        } | other

    yield case("as written", dek=DEKS[1].hex(), header=header)
    yield case("another secret", secret=flipped(secret, 0).hex(), error="tag")
    yield case("after a restart", runtime=flipped(runtime, 31).hex(), error="tag")
    yield case("a day longer", expires=value(expires + 86_400), error="tag")
    yield case("expires as text", expires=value(str(expires)), error="tag")
    yield case("expires is nothing", expires=value(None), error="column")
    yield case("another row", id=OTHER.hex(), error="tag")
    yield case("another owner", owner=OTHER.hex(), error="tag")
    for size in (0, 31, 33):
        yield case(f"a secret of {size} bytes", secret=some("s", size).hex(), error="secret")
    yield case("no key in it", packed(header), error="key")


def cookies() -> Iterator[Case]:
    secret, expires, header = some("cookies", 40), 1_790_000_000, {"v": 1, "generation": 3}
    installation = decoder.subkey(bytes(32), bytes(16), "cookie secret", secret)
    key = decoder.subkey(installation, OWNER, "cookie", ID)

    def case(name: str, dek: bytes = DEKS[1], **other: Any) -> Case:
        padded = pad(packed(header, dek))
        nonce = hashlib.shake_256(key + padded).digest(24)
        row = {"expires": expires}
        whole = project.forge(key, 1, COOKIE, OWNER, ID, padded, row, nonce)
        return {
            "name": name,
            "secret": secret.hex(),
            "owner": OWNER.hex(),
            "id": ID.hex(),
            "expires": value(expires),
            "sealed": whole.hex(),
        } | other

    yield case("as written", dek=DEKS[1], header=header) | {"dek": DEKS[1].hex()}
    yield case("another installation", secret=some("others", 40).hex(), error="tag")
    yield case("another session", id=OTHER.hex(), error="tag")
    yield case("another owner", owner=OTHER.hex(), error="tag")
    yield case("a day longer", expires=value(expires + 86_400), error="tag")
    yield case("no key in it", b"", error="key")


def hashes() -> Iterator[Case]:
    vault = project.vault(OWNER, {1: DEKS[1]})
    keyed = {"dek": DEKS[1].hex(), "owner": OWNER.hex()}
    for purpose in Purpose:
        key = subkey(purpose, 1, OWNER).hex()
        yield {"what": "subkey", **keyed, "purpose": purpose.value, "value": key}
    for day in (date(1000, 1, 1), date(1666, 9, 2), date(2026, 11, 22), date(9999, 12, 31)):
        found = vault.day_hash(day).hex()
        yield {"what": "day-hash", **keyed, "text": day.isoformat(), "value": found}
    for place in ("", "day:2026-11-22", f"entry:{ID.hex()}", "stop:é"):
        found = vault.place_hash(place).hex()
        yield {"what": "place-hash", **keyed, "text": place, "value": found}
    for query in ("", "heron on the ice", "straße 鷺"):
        found = vault.query_hash(query).hex()
        yield {"what": "query-hash", **keyed, "text": query, "value": found}
    for counter in (0, 1, 2**32, 2**63 - 1):
        term = f"{vault.root_term(ID, counter):064x}"
        yield {"what": "root-term", **keyed, "id": ID.hex(), "counter": counter, "value": term}
    for kind, text in (("entry", b""), ("entry", TEXT), ("response", TEXT), ("entr", b"y" + TEXT)):
        found = vault.digest(ID, kind, text).hex()
        words = {"kind": kind, "text": text.hex()}
        yield {"what": "digest", **keyed, "id": ID.hex(), **words, "value": found}
    for n in range(2):
        secret = some(f"secret {n}", 32)
        yield {"what": "session-id", "secret": secret.hex(), "value": session_id(secret).hex()}


def encodings() -> Iterator[Case]:
    lists: list[list[bytes]] = [[], [b""], [b"", b""], [b"a"], [b"a", b"b"], [b"ab"], [b"ab", b""]]
    lists += [[b"", b"ab"], [le64(1), b"a"], [pae(b"a")], [b"\0" * 8], [bytes(300)]]
    for parts in lists:
        yield {"what": "pae", "parts": [p.hex() for p in parts], "value": pae(*parts).hex()}
    for length in (0, 1, 127, 128, 129, 255, 256, 383, 384, 511, 512, 65535, 65536, (48 << 20) - 1):
        for small in (False, True):
            size = padded_size(length, small=small)
            yield {"what": "size", "length": length, "small": small, "value": size}
    yield {"what": "classes", "value": list(CLASSES)}


def secrets() -> Iterator[Case]:
    for n in range(4):
        symbols = "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[b % 32] for b in some(f"code {n}", 24))
        yield {"what": "code", "typed": str(RecoveryCode(symbols)), "value": symbols}
    every = [RecoveryCode(f"{n:024d}") for n in range(400)]
    checks = {code.groups[-1][-1]: code.symbols for code in every}
    for check in "*~$=U0Z":
        yield {"what": "code", "typed": checks[check] + check, "value": checks[check]}
    code = RecoveryCode("0110ABCDEFGHJKMNPQRSTV10")
    whole = str(code)
    spellings: list[str] = [
        whole.lower(),
        whole.replace("-", " "),
        whole.replace("-", ""),
        whole.replace("-", "–") + "\n",
        whole.replace("0", "O").replace("1", "I"),
        whole.replace("0", "o").replace("1", "l").replace("-", "\u00a0"),
    ]
    for typed in spellings:
        yield {"what": "code", "typed": typed, "value": code.symbols}
    plain = whole.replace("-", "")
    wrong = {
        "code-length": ["", plain[:-1], plain + "0", "-" * 25, plain + " " * 200],
        "code-symbol": ["U" + plain[1:], "é" + plain[1:], plain[:5] + "*" + plain[6:]],
        "code-check": [
            "2" + plain[1:],
            plain[:-1] + "!",
            plain[1] + plain[2] + plain[1] + plain[3:],
        ],
    }
    for error, typings in wrong.items():
        for typed in typings:
            yield {"what": "code", "typed": typed, "error": error}
    for text in (
        "pässword",
        "pa\u0308ssword",
        "ﬁne",
        "Å",
        "\u212b",
        "１２３",
        "",
        "\0",
        "a" * 1024,
    ):
        yield {"what": "password", "text": text, "value": normalise_password(text).hex()}
    yield {"what": "password", "text": "é" * 513, "error": "password-length"}
    yield {"what": "password", "text": "ﷺ" * 57, "error": "password-length"}
    yield {"what": "password", "text": "\ud800", "error": "password-text"}


def day_tables() -> Iterator[Case]:
    def case(name: str, raw: bytes, **other: Any) -> Case:
        return {"name": name, "raw": raw.hex(), **other}

    def holds(day: date, entries: int, items: list[Item]) -> Case:
        rows = [
            [i.id.hex(), int(i.kind), i.revision, [trace.hex() for trace in i.traces]]
            for i in items
        ]
        return {"date": day.isoformat(), "entries": entries, "items": rows}

    day = date(2026, 11, 22)
    entry = Item(ID, Kind.ENTRY, 3, (some("trace 1", 16), some("trace 2", 16)))
    answer = Item(OTHER, Kind.RESPONSE, 2**32 - 1)
    yield case(
        "an entry and its response", pack(day, [entry, answer]), **holds(day, 1, [entry, answer])
    )
    for other in (date(1000, 1, 1), date(9999, 12, 31), date(2024, 2, 29)):
        yield case(f"{other}, empty", pack(other, []), **holds(other, 0, []))
    every = [Item(some(k.word, 16), k, 1) for k in Kind]
    yield case("every kind", pack(day, every), **holds(day, 1, every))
    most = [Item(ID, Kind.ENTRY, 1, tuple(some(f"t{n}", 16) for n in range(255)))]
    yield case("255 traces", pack(day, most), **holds(day, 1, most))
    fine = pack(day, [entry, answer])
    yield case("nothing", b"", error="table")
    yield case("half a head", fine[:8], error="table")
    yield case("version 0", b"\0" + fine[1:], error="table")
    yield case("version 2", b"\2" + fine[1:], error="table")
    yield case("month 13", fine[:3] + b"\x0d" + fine[4:], error="table")
    yield case("month 0", fine[:3] + b"\0" + fine[4:], error="table")
    yield case("31 November", fine[:4] + b"\x1f" + fine[5:], error="table")
    yield case("year 0", fine[:1] + b"\0\0" + fine[3:], error="table")
    yield case("an item more than there is", fine[:8] + b"\3" + fine[9:], error="table")
    yield case("an item fewer than there is", fine[:8] + b"\1" + fine[9:], error="table")
    yield case("one byte fewer", fine[:-1], error="table")
    yield case("one byte more", fine + b"\0", error="table")
    yield case("kind 0", fine[:25] + b"\0" + fine[26:], error="table")
    yield case("kind 6", fine[:25] + b"\6" + fine[26:], error="table")
    yield case("a trace more than there is", fine[:30] + b"\xff" + fine[31:], error="table")


FILES: dict[str, Callable[[], Iterator[Case]]] = {
    "records": records,
    "wraps": wraps,
    "chains": chains,
    "sessions": sessions,
    "cookies": cookies,
    "hashes": hashes,
    "encodings": encodings,
    "secrets": secrets,
    "day_tables": day_tables,
}


def text_of(cases: Iterator[Case]) -> str:
    """One case a line, so that a change shows as one line."""
    return "[\n" + ",\n".join(json.dumps(case, sort_keys=True) for case in cases) + "\n]\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, cases in FILES.items():
        (FOLDER / f"{name}.json").write_text(text_of(cases()), encoding="utf-8")
