"""The vectors of docs/spec/vault-format.md, read by the project and by a decoder of its own."""

import json
import re
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import decoder
import make_vectors
import project
import pytest
from decoder import Refused
from hypothesis import given, settings
from hypothesis import strategies as st

from llamora.journal.day_table import DayTable
from llamora.vault import (
    Place,
    Purpose,
    RecoveryCode,
    RuntimeKey,
    Unreadable,
    Vault,
    Wrap,
    normalise_password,
    session_id,
)
from llamora.vault.cookie_key import CookieKey
from llamora.vault.padding import CLASSES, padded_size
from llamora.vault.pae import pae
from llamora.vault.record import SHORTEST

HERE = Path(__file__).parent
SPEC = HERE.parents[1] / "docs" / "spec" / "vault-format.md"

Case = dict[str, Any]
Answer = Any


def cases(name: str) -> list[Case]:
    return json.loads((HERE / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def each(name: str) -> pytest.MarkDecorator:
    """Every case of a file, by its name."""
    found = cases(name)
    return pytest.mark.parametrize("case", found, ids=[c.get("name") or c["what"] for c in found])


def value(given: Case) -> Any:
    """A visible column as SQLite would hand it over."""
    ((kind, what),) = given.items()
    return {"blob": bytes.fromhex}.get(kind, lambda v: None if kind == "null" else v)(what)


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def hold(case: Case, expected: Answer, ours: Callable[[], Answer], theirs: Callable[[], Answer]):
    """Both give the expected answer, or both refuse: theirs with the class the vector names."""
    if "error" not in case:
        assert ours() == expected
        assert theirs() == expected
        return
    with pytest.raises(Refused) as why:
        theirs()
    assert str(why.value) == case["error"]
    with pytest.raises((Unreadable, ValueError)) as refusal:
        ours()
    if not case["error"].startswith(("code", "password")):
        assert refusal.type is Unreadable


@each("records")
def test_a_record_opens_where_it_was_sealed_and_nowhere_else(case: Case):
    deks = {int(n): h(dek) for n, dek in case["deks"].items()}
    row = {column: value(v) for column, v in case["visible"]}
    place = Place(case["table"], case["column"], Purpose(case["purpose"]), tuple(row))
    owner, id, sealed = h(case["owner"]), h(case["id"]), h(case["sealed"])
    expected = case.get("opens", {})

    def ours() -> Answer:
        opened = project.vault(owner, deks).open(place, id, sealed, **row)
        return {"header": opened.header, "raw": opened.raw.hex(), "epoch": opened.epoch}

    def theirs() -> Answer:
        keys = {n: decoder.subkey(dek, owner, case["purpose"]) for n, dek in deks.items()}
        epoch, header, raw = decoder.open_record(
            keys, case["table"], case["column"], owner, id, list(row.values()), sealed
        )
        return {"header": header, "raw": raw.hex(), "epoch": epoch}

    hold(case, expected, ours, theirs)


@each("wraps")
def test_a_wrap_opens_with_its_secret_and_its_own_row(case: Case):
    wrap = Wrap(
        h(case["id"]),
        h(case["owner"]),
        case["kind"],
        case["epoch"],
        value(case["salt"]),
        value(case["m"]),
        value(case["t"]),
        h(case["sealed"]),
    )
    secret = h(case["secret"])
    hold(
        case,
        case.get("dek"),
        lambda: project.dek(Vault.from_wrap(wrap, secret)).hex(),
        lambda: decoder.open_wrap(secret, **vars(wrap)).hex(),
    )


@each("chains")
def test_a_chain_link_opens_one_older_epoch(case: Case):
    owner, dek, epoch, sealed = h(case["owner"]), h(case["dek"]), case["epoch"], h(case["sealed"])

    def ours() -> Answer:
        vault = project.vault(owner, {epoch: dek})
        vault.follow_chain(sealed)
        (older,) = set(vault._epochs) - {epoch}  # pyright: ignore[reportPrivateUsage]
        return older, project.dek(vault, older).hex()

    def theirs() -> Answer:
        older, key = decoder.open_chain(dek, owner, epoch, sealed)
        return older, key.hex()

    hold(case, (case.get("older"), case.get("older_dek")), ours, theirs)


@each("sessions")
def test_a_session_opens_with_cookie_row_and_running_server_together(case: Case):
    runtime, secret = h(case["runtime"]), h(case["secret"])
    row = (h(case["owner"]), h(case["id"]), value(case["expires"]), h(case["sealed"]))

    def ours() -> Answer:
        vault, header = RuntimeKey(bytearray(runtime)).open(secret, *row)
        return project.dek(vault).hex(), header

    def theirs() -> Answer:
        _, header, dek = decoder.open_session(runtime, secret, *row)
        return dek.hex(), header

    hold(case, (case.get("dek"), case.get("header")), ours, theirs)


@each("cookies")
def test_a_cookie_opens_in_its_installation_session_and_time_only(case: Case):
    secret, sealed = h(case["secret"]), h(case["sealed"])
    owner, id, expires = h(case["owner"]), h(case["id"]), value(case["expires"])

    def ours() -> Answer:
        vault, header = CookieKey(secret).open(owner, id, expires, sealed)
        return project.dek(vault).hex(), header

    def theirs() -> Answer:
        installation = decoder.subkey(bytes(32), bytes(16), "cookie secret", secret)
        keys = {1: decoder.subkey(installation, owner, "cookie", id)}
        row = ("cookie", "value", owner, id, [expires], sealed)
        _, header, dek = decoder.open_record(keys, *row)
        decoder.check(len(dek) == 32, "key")
        return dek.hex(), header

    hold(case, (case.get("dek"), case.get("header")), ours, theirs)


@each("hashes")
def test_keys_and_hashes_come_out_the_same(case: Case):
    if case["what"] == "session-id":
        secret = h(case["secret"])
        assert session_id(secret).hex() == decoder.session_id(secret).hex() == case["value"]
        return
    dek, owner = h(case["dek"]), h(case["owner"])
    vault = project.vault(owner, {1: dek})
    match case["what"]:
        case "subkey":
            ours = bytes(
                project.sodium.ffi.buffer(project.subkey(vault, Purpose(case["purpose"])), 32)
            )
            theirs = decoder.subkey(dek, owner, case["purpose"])
        case "day-hash":
            ours = vault.day_hash(date.fromisoformat(case["text"]))
            theirs = decoder.hashed(dek, owner, "day-hash", case["text"])
        case "place-hash":
            ours = vault.place_hash(case["text"])
            theirs = decoder.hashed(dek, owner, "place-hash", case["text"])
        case "query-hash":
            ours = vault.query_hash(case["text"])
            theirs = decoder.hashed(dek, owner, "query-hash", case["text"])
        case "root-term":
            day = h(case["id"]), case["counter"]
            ours = vault.root_term(*day).to_bytes(32, "big")
            theirs = decoder.root_term(dek, owner, *day).to_bytes(32, "big")
        case _:
            words = h(case["id"]), case["kind"], h(case["text"])
            ours = vault.digest(*words)
            theirs = decoder.digest(dek, owner, *words)
            assert vault.digest_matches(ours, 1, *words)
    assert ours.hex() == theirs.hex() == case["value"]


@each("encodings")
def test_lists_and_sizes_are_laid_out_the_same(case: Case):
    match case["what"]:
        case "pae":
            parts = [h(part) for part in case["parts"]]
            assert pae(*parts).hex() == decoder.pae(*parts).hex() == case["value"]
        case "size":
            first = 0 if case["small"] else 1
            fits = next(size for size in decoder.CLASSES[first:] if size > case["length"])
            assert padded_size(case["length"], small=case["small"]) == fits == case["value"]
        case _:
            assert list(CLASSES) == decoder.CLASSES == case["value"]


@each("secrets")
def test_codes_and_passwords_are_read_the_same(case: Case):
    if case["what"] == "code":
        typed = case["typed"]
        hold(
            case,
            case.get("value"),
            lambda: RecoveryCode.read(typed).symbols,
            lambda: decoder.read_code(typed),
        )
    else:
        text = case["text"]
        hold(
            case,
            case.get("value"),
            lambda: normalise_password(text).hex(),
            lambda: decoder.password(text).hex(),
        )


@each("day_tables")
def test_a_day_table_lists_what_the_day_holds(case: Case):
    raw = h(case["raw"])

    def ours() -> Answer:
        table = DayTable.read(bytes(16), 1, raw)
        items = [(i.id, int(i.kind), i.revision, list(i.traces)) for i in table.items]
        return table.day, table.entries, items

    rows = [
        (h(id), kind, revision, [h(trace) for trace in traces])
        for id, kind, revision, traces in case.get("items", ())
    ]
    day = date.fromisoformat(case["date"]) if "date" in case else None
    hold(case, (day, case.get("entries"), rows), ours, lambda: decoder.day_table(raw))


def test_the_committed_vectors_are_what_the_script_writes():
    for name, made in make_vectors.FILES.items():
        committed = (HERE / "vectors" / f"{name}.json").read_text(encoding="utf-8")
        assert committed == make_vectors.text_of(made()), f"{name}: run make_vectors.py"


def test_there_are_enough_vectors_and_every_class_of_refusal_has_one():
    every = [case for name in make_vectors.FILES for case in cases(name)]
    assert len(every) >= 150
    section = SPEC.read_text(encoding="utf-8").split("\n## 9.")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE))
    assert {case["error"] for case in every if "error" in case} == named


def test_an_altered_vector_is_noticed():
    """The control: were a vector wrong, both readers would fail it."""
    case = next(c for c in cases("records") if "opens" in c)
    altered = case["sealed"][:-2] + ("00" if case["sealed"][-2:] != "00" else "01")
    with pytest.raises(Unreadable):
        test_a_record_opens_where_it_was_sealed_and_nowhere_else(case | {"sealed": altered})
    with pytest.raises(pytest.fail.Exception):
        test_a_record_opens_where_it_was_sealed_and_nowhere_else(case | {"error": "tag"})


def test_the_decoder_is_small_and_knows_nothing_of_the_project():
    source = (HERE / "decoder.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 150
    assert "llamora" not in source
    assert "project" not in decoder.__dict__
    assert sys.modules["decoder"].__file__ == str(HERE / "decoder.py")


headers = st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.lists(st.text()))


@settings(max_examples=150, deadline=None)
@given(headers, st.binary(max_size=2000), st.sampled_from(sorted(project.PLACES)), st.data())
def test_whatever_the_vault_seals_the_decoder_reads(
    header: Case, raw: bytes, table: str, data: st.DataObject
):
    place = project.PLACES[table]
    seed = data.draw(st.binary(min_size=4, max_size=4)).hex()
    owner, id, dek = (
        make_vectors.some(seed + what, n) for what, n in (("o", 16), ("i", 16), ("d", 32))
    )
    row = project.a_row(place, make_vectors.some)
    sealed = project.vault(owner, {3: dek}).seal(place, id, header, raw, **row)
    assert len(sealed) >= SHORTEST
    keys = {3: decoder.subkey(dek, owner, place.purpose.value)}
    values = list(row.values())
    opened = decoder.open_record(keys, table, "sealed", owner, id, values, sealed)
    assert opened == (3, header, raw)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6))
def test_lists_of_any_shape_are_laid_out_the_same(parts: list[bytes]):
    assert pae(*parts) == decoder.pae(*parts)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("0123456789OILUoil*~$=- AZ", min_size=20, max_size=32))
def test_whatever_is_typed_for_a_code_is_read_the_same(typed: str):
    def answer(read: Callable[[str], str]) -> str | None:
        try:
            return read(typed)
        except (Refused, ValueError):
            return None

    assert answer(lambda t: RecoveryCode.read(t).symbols) == answer(decoder.read_code)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=120) | st.binary(max_size=80).map(lambda b: b"\1\x07\xea\x0b\x16\0\0\0" + b)
)
def test_whatever_stands_for_a_day_table_is_read_the_same(raw: bytes):
    def ours() -> Answer:
        table = DayTable.read(bytes(16), 1, raw)
        return table.day, [(i.id, int(i.kind), i.revision, list(i.traces)) for i in table.items]

    def theirs() -> Answer:
        day, _, items = decoder.day_table(raw)
        return day, items

    def answer(read: Callable[[], Answer]) -> Answer:
        try:
            return read()
        except (Refused, Unreadable):
            return None

    assert answer(ours) == answer(theirs)
