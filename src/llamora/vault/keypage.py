"""One page of memory for keys: locked against swapping, left out of core dumps, wiped at the end.

Keys are 32-byte slots handled by pointer. `bytes` objects would be copied by the interpreter
and stay in freed memory; a page that is written in place and zeroed leaves nothing (measured).
"""

import ctypes
import mmap
import os
import sys
import weakref
from functools import partial

from llamora.vault.errors import Locked
from llamora.vault.sodium import KEY_BYTES, Pointer, ffi, wipe

_SIZE = mmap.PAGESIZE
_DONTDUMP = 16
_DONTFORK = 10
_libc = ctypes.CDLL(None)


class KeyPage:
    """A page of 32-byte slots. Not shared with forked children."""

    def __init__(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._page = mmap.mmap(-1, _SIZE, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        self._base: Pointer = ffi.from_buffer("unsigned char[]", self._page)
        address = ctypes.c_void_p(int(ffi.cast("uintptr_t", self._base)))
        length = ctypes.c_size_t(_SIZE)
        # Best effort: a low RLIMIT_MEMLOCK must not keep anyone from their journal.
        self.locked = _libc.mlock(address, length) == 0
        # These numbers are Linux's; elsewhere they mean other things (10 is "page this out").
        if sys.platform == "linux":
            for advice in (_DONTDUMP, _DONTFORK):
                _libc.madvise(address, length, ctypes.c_int(advice))
        self._used = 0
        self.wiped = False
        # Also when it is forgotten, and when the program ends with it still in use.
        weakref.finalize(self, _wipe_at_last, os.getpid(), self._base)

    def slot(self) -> Pointer:
        """A pointer to 32 zero bytes that live until the page is wiped.

        Raises:
            Locked: the page is wiped.
            MemoryError: the page is full.
        """
        if self.wiped:
            raise Locked
        if (self._used + 1) * KEY_BYTES > _SIZE:
            raise MemoryError("A key page is full.")
        start = self._used * KEY_BYTES
        self._used += 1
        # A sum of pointers keeps nothing alive; the page stays mapped because this refers to it.
        # Not a view of the page: a memoryview in a reference cycle crashes the collector, which
        # clears it while cffi still holds its buffer.
        return ffi.gc(self._base + start, partial(_nothing, self._base))

    def wipe(self) -> None:
        """Zeroes every key. Pointers handed out stay valid and read zeros, whoever holds them."""
        self.wiped = True
        wipe(self._base, _SIZE)


def _wipe_at_last(pid: int, base: Pointer) -> None:
    # A forked child has no such page, only the memory of one.
    if os.getpid() == pid:
        wipe(base, _SIZE)


def _nothing(page: Pointer, slot: Pointer) -> None:
    """Frees no slot: the page goes as a whole, with the last that refers to it."""
