"""A second reader of what search seals (docs/spec/vault-format.md §8), beside `decoder`."""

import struct
import zlib

ARRAYS = "fIIIIIIHHBBBbIIIIBB"
"""The number in each of a segment's arrays, in the order of the table."""


def term(stem: str) -> int:
    return zlib.crc32(stem.encode())


def passages(header: dict, raw: bytes) -> list[dict]:
    """Each passage: where it stands, and its vector."""
    n = header["passages"]
    padded = 1
    while padded < n:
        padded *= 2
    d = header["dimensions"]
    assert len(raw) == (10 + d) * padded
    assert not any(raw[10 * n : 10 * padded])
    assert not any(raw[10 * padded + d * n :])
    found = []
    for k in range(n):
        start, size, scale = struct.unpack_from("<IHf", raw, 10 * k)
        vector = struct.unpack_from(f"<{d}b", raw, 10 * padded + d * k)
        found.append({"start": start, "size": size, "vector": [scale * v for v in vector]})
    return found


def segment(header: dict, raw: bytes) -> tuple[list[dict], dict[str, tuple[int, int]]]:
    """Each writing with its passages, and each word with how often it is written and its term."""
    arrays, at = {}, 0
    for width in (4, 2, 1):
        for n, form in enumerate(ARRAYS):
            if struct.calcsize("<" + form) == width:
                arrays[n] = struct.unpack_from(f"<{header['arrays'][n]}{form}", raw, at)
                at += width * header["arrays"][n]
    dimensions = len(arrays[12]) // len(arrays[0])
    held = [
        {
            "start": arrays[4][n],
            "size": arrays[7][n],
            "length": arrays[8][n],
            "vector": [scale * v for v in arrays[12][dimensions * n : dimensions * (n + 1)]],
            "times": {},
        }
        for n, scale in enumerate(arrays[0])
    ]
    for n, each in enumerate(arrays[13]):
        docs = arrays[17][arrays[15][n] : arrays[15][n + 1]]
        repeats = iter(arrays[18][arrays[16][n] : arrays[16][n + 1]])
        passage = count = 0
        for number in numbers(docs):
            passage, count = passage + number // 2, count + 1
            held[passage]["times"][each] = next(repeats) if number % 2 else 1
        assert count == arrays[14][n]
        assert next(repeats, None) is None
    writings = [
        {
            "id": bytes(arrays[9][16 * n : 16 * n + 16]),
            "revision": arrays[1][n],
            "day": arrays[2][n],
            "kind": arrays[10][n],
            "language": header["languages"][arrays[11][n]],
            "passages": held[arrays[3][n] : arrays[3][n + 1]],
        }
        for n in range(len(arrays[1]))
    ]
    listed = raw[at:].decode().split("\n") if raw[at:] else []
    return writings, dict(zip(listed, zip(arrays[5], arrays[6], strict=True), strict=True))


def numbers(stream):
    value = shift = 0
    for byte in stream:
        value |= byte % 128 << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
    assert not shift


def basis(raw: bytes) -> tuple[tuple[int, ...], tuple[float, ...]]:
    assert len(raw) == 4 * 32_256
    return struct.unpack("<32000I", raw[:128_000]), struct.unpack("<256f", raw[128_000:])
