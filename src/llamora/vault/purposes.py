"""Every use a key is put to (§3). One subkey per purpose, so no two uses can be confused."""

from enum import Enum


class Purpose(Enum):
    """A purpose and its 16-byte BLAKE2b personalisation: the value, padded with zeros."""

    CONTENT = "content"  # writings, day rows, account rows, change notes
    VECTOR = "vector"  # passages and their vectors
    TRACE = "trace"
    QUERY = "query"
    DRAFT = "draft"
    INDEX = "index"  # segments of the search index
    DAY_HASH = "day-hash"
    TRACE_HASH = "trace-hash"
    QUERY_HASH = "query-hash"
    PLACE_HASH = "place-hash"  # where a draft belongs
    DIGEST = "digest"  # HMAC-SHA256 of a writing
    CHAIN = "chain"  # the epoch before, sealed under this one
    CHECK = "check"  # the terms of the account's root

    @property
    def person(self) -> bytes:
        return self.value.encode().ljust(16, b"\0")


SMALL = frozenset({Purpose.TRACE, Purpose.QUERY})
"""Purposes whose records are all alike and short: they start at the 128-byte class (§5)."""
