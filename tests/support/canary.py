"""Looking for words where none may be read."""

import base64
from collections.abc import Iterable
from pathlib import Path


def forms(word: str) -> dict[str, bytes]:
    """What a word looks like raw, in UTF-16, in hex and in base64 at each of its three offsets."""
    raw = word.encode()
    found = {
        "raw": raw,
        "utf-16-le": word.encode("utf-16-le"),
        "utf-16-be": word.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for shift in range(3):
        # The characters at both ends also hold bits of the neighbours, so they are left off.
        whole = base64.b64encode(bytes(shift) + raw)
        ends = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        found[f"base64+{shift}"] = whole[slice(*ends)]
        found[f"urlsafe+{shift}"] = whole[slice(*ends)].translate(bytes.maketrans(b"+/", b"-_"))
    return found


def sightings(words: Iterable[str], folder: Path) -> list[str]:
    """Each file, word and form that can be read in the folder, names of files included."""
    wanted = [(word, form, raw) for word in words for form, raw in forms(word).items()]
    return [
        f"{path.name}: {word} ({form})"
        for path, content in contents(folder).items()
        for word, form, raw in wanted
        if raw in content or raw in path.name.encode()
    ]


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file in the folder and what is in it."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
