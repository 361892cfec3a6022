"""Pre-authentication encoding: many byte strings as one, with no two lists alike (§4).

PAE(p1…pn) = LE64(n) ‖ LE64(len p1) ‖ p1 ‖ … The form is PASETO's; joining with a separator
would let parts trade bytes with their neighbours.
"""

import struct

_LE64 = struct.Struct("<Q").pack


def pae(*parts: bytes) -> bytes:
    """The one byte string that stands for exactly these parts in this order."""
    out = [_LE64(len(parts))]
    for part in parts:
        out.append(_LE64(len(part)))
        out.append(part)
    return b"".join(out)


def le64(number: int) -> bytes:
    """A whole number from 0 as eight bytes, least significant first.

    Raises:
        ValueError: it does not fit.
    """
    try:
        return _LE64(number)
    except struct.error as e:
        raise ValueError("A number that a record is bound to lies between 0 and 2^64-1.") from e
