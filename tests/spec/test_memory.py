"""Keys stay in their page and are gone after the wipe (bar 12).

A child process works with keys that its parent knows; the parent looks through the child's
memory from outside, so that looking leaves no copies of its own. Linux only, where there is
/proc; the child is fresh for each test.
"""

import mmap
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import project
import pytest
from decoder import subkey
from make_vectors import some
from nacl import pwhash

from llamora.vault import Purpose, session_id
from llamora.vault.keypage import KeyPage

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

OWNER, ID, DEK, RUNTIME = some("owner", 16), some("id", 16), some("dek", 32), some("runtime", 32)
SECRET, COOKIE = b"correct horse battery staple", some("cookie", 32)

CHILD = """
import gc, os, sys
from datetime import date
from llamora.vault import Place, Purpose, RuntimeKey, Vault, Wrap, Unreadable
from llamora.vault import sodium

runtime = bytearray(32)
os.readv(0, [runtime])
fields = sys.stdin.readline().split()
owner, id, salt, sealed, cookie, row = (bytes.fromhex(f) for f in fields[:6])
wrap = Wrap(id, owner, "password", 1, salt, 8, 1, sealed)
runtime_key = RuntimeKey(runtime)
vault = Vault.from_wrap(wrap, b"correct horse battery staple")
place = Place("writings", "sealed", Purpose.CONTENT, ("day", "revision"))
for n in range(300):
    columns = {"day": vault.day_hash(date(2026, 11, 22)), "revision": n}
    record = vault.seal(place, id, {"v": 1, "n": n}, b"words " * n, **columns)
    vault.open(place, id, record, **columns)
    vault.digest(id, "entry", b"words")
    vault.root_term(id, n)
    vault.place_hash("day:2026-11-22")
    try:
        vault.open(place, id, record, **{**columns, "revision": n + 1})
    except Unreadable:
        pass
vault.wrap(id, "password", b"another", type("P", (), {"memory_mib": 8, "passes": 1}))
session = runtime_key.seal(cookie, vault, row, 7, {"v": 1})
again, _ = runtime_key.open(cookie, owner, row, 7, session)
again.wipe()
del again
if "careless" in fields:
    kept = bytes(sodium.ffi.buffer(vault._epochs[1].dek, 32))
gc.collect()
address = int(sodium.ffi.cast("uintptr_t", vault._epochs[1].page._base))
print("unlocked", vault._epochs[1].page.locked, address, flush=True)
sys.stdin.readline()
vault.wipe()
runtime_key._page.wipe()
print("locked", flush=True)
sys.stdin.readline()
"""


@cache
def needles() -> dict[str, bytes]:
    """Every key the child ever holds, by name."""
    wrap_salt = some("salt", 16)
    keys = {purpose.value: subkey(DEK, OWNER, purpose.value) for purpose in Purpose}
    return keys | {
        "dek": DEK,
        "runtime": RUNTIME,
        "kek": pwhash.argon2id.kdf(32, SECRET, wrap_salt, opslimit=1, memlimit=8 << 20),
        "session": subkey(RUNTIME, OWNER, "session", COOKIE),
    }


PASSING = {"kek", "session"}
"""Keys that live for one call only."""


@contextmanager
def child(*words: str) -> Generator[subprocess.Popen[bytes], None, None]:
    """A process that has opened the vault and used it, and waits."""
    policy = project.CHEAP
    honest = project.vault(OWNER, {1: DEK})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("llamora.vault.vault.new_salt", lambda: some("salt", 16))
        wrap = honest.wrap(ID, "password", SECRET, policy)
    row = session_id(COOKIE)
    fields = [f.hex() for f in (OWNER, ID, wrap.salt, wrap.sealed, COOKIE, row)]
    command = [sys.executable, "-c", CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        process.stdin.write(RUNTIME + " ".join([*fields, *words]).encode() + b"\n")
        process.stdin.flush()
        try:
            yield process
        finally:
            process.kill()


def told(process: subprocess.Popen[bytes]) -> list[str]:
    assert process.stdout
    return process.stdout.readline().decode().split()


def go_on(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def copies(pid: int) -> dict[str, int]:
    """How often each key stands in a process's writable memory."""
    found = dict.fromkeys(needles(), 0)
    looked = 0
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, flags = line.split()[:2]
            if not flags.startswith("rw"):
                continue
            start, end = (int(side, 16) for side in span.split("-"))
            memory.seek(start)
            try:
                held = memory.read(end - start)
            except OSError:  # [vvar] and its like
                continue
            looked += len(held)
            for name, key in needles().items():
                found[name] += held.count(key)
    assert looked > 5_000_000
    return found


def test_no_key_is_left_in_memory_after_the_wipe():
    with child() as process:
        assert told(process)[0] == "unlocked"
        # The control: while the journal is unlocked each lasting key is found, in its page.
        before = copies(process.pid)
        assert {name for name, count in before.items() if count} == set(before) - PASSING
        go_on(process)
        assert told(process) == ["locked"]
        assert copies(process.pid) == dict.fromkeys(before, 0)


def test_one_careless_copy_of_a_key_would_be_found():
    """The control of the control: a `bytes` of the key survives the wipe and is seen."""
    with child("careless") as process:
        assert told(process)[0] == "unlocked"
        go_on(process)
        assert told(process) == ["locked"]
        after = copies(process.pid)
        assert after.pop("dek") >= 1
        assert sum(after.values()) == 0


def flags_at(address: int, pid: str = "self") -> set[str]:
    """What the kernel does with the memory at an address: the VmFlags of its mapping."""
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if found := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            start, end = (int(side, 16) for side in found.groups())
            inside = start <= address < end
        elif inside and line.startswith("VmFlags:"):
            return set(line.split()[1:])
    raise AssertionError("no such mapping")


def test_a_key_page_is_locked_in_memory_and_left_out_of_core_dumps_and_forks():
    with child() as process:
        _, locked, address = told(process)
        flags = flags_at(int(address), str(process.pid))
        assert {"dd", "dc"} <= flags  # not dumped, not copied to a forked child
        if locked != "True":
            pytest.skip("this machine allows no locked memory")
        assert "lo" in flags
    # The control: an ordinary page is none of these.
    ordinary = mmap.mmap(-1, mmap.PAGESIZE)
    ffi = project.sodium.ffi
    address = int(ffi.cast("uintptr_t", ffi.from_buffer(ordinary)))
    assert not {"lo", "dd", "dc"} & flags_at(address)


def test_a_wiped_page_reads_zeros_wherever_it_was_pointed_at():
    page = KeyPage()
    slots = [page.slot() for _ in range(4)]
    for slot in slots:
        project.sodium.random_into(slot, 32)
    page.wipe()
    assert all(bytes(project.sodium.ffi.buffer(slot, 32)) == bytes(32) for slot in slots)
