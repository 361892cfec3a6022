"""What a trace may be called: words in kebab-case, in any script, or exactly one emoji.

Whatever is typed, imported or suggested passes through `canonical`, so that no two traces are two
spellings of one name.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from llamora.journal.shortcodes import with_emoji

LONGEST = 64
"""Characters of a name, after it is made canonical."""

_APOSTROPHES = re.compile("['’ʼ]")
_JOINERS = "\u200c\u200d"  # Persian and Indic words are spelled with them, and emoji are joined
_VARIATION = "\ufe0f"
_WORD = frozenset("LMN")  # letters, marks and numbers


class BadName(ValueError):
    """What was typed can name no trace; `str()` is a sentence that says why."""


def canonical(typed: str) -> str:
    """The name that was meant.

    Raises:
        BadName: nothing is left of it, it is too long, or words and emoji stand together.
    """
    text = with_emoji(unicodedata.normalize("NFKC", typed).strip())
    emoji, rest = _split(text)
    name = _kebab(rest)
    if not emoji and not name:
        raise BadName("A trace needs a letter, a number or an emoji.")
    if emoji and name:
        raise BadName("A trace is words or an emoji; keep the two as two traces.")
    if len(emoji) > 1:
        raise BadName("A trace is one emoji; keep each as a trace of its own.")
    if len(name) > LONGEST:
        raise BadName(f"A trace has at most {LONGEST} characters, and this has {len(name):,}.")
    return emoji[0] if emoji else name


def is_emoji(name: str) -> bool:
    """Whether a canonical name is an emoji."""
    return bool(name) and bool(_split(name)[0])


def spoken(name: str) -> str:
    """What the emoji is called that a canonical name is; "" for words, which speak for
    themselves."""
    if not is_emoji(name):
        return ""
    import emoji

    return emoji.EMOJI_DATA[name]["en"].strip(":").replace("_", " ")


def alike(name: str, languages: Sequence[str] = ("en",)) -> frozenset[str]:
    """Keys of a canonical name. Two names with a key in common are taken for two spellings of one
    thing: they differ in a word's ending, in accents or in where the hyphens stand.

    `languages` are codes of two letters; those that have no stemmer are passed over.
    """
    if is_emoji(name):
        return frozenset((plain(name),))
    joined = plain(name.replace("-", ""))
    stems = ["-".join(_stem(code, word) for word in name.split("-")) for code in languages]
    return frozenset(
        (joined, *(f"{code}:{stem}" for code, stem in zip(languages, stems, strict=True)))
    )


def _split(text: str) -> tuple[list[str], str]:
    """The emoji in a text, fully qualified, and what else there is."""
    if text.isascii():
        return [], text  # digits and # count as the beginnings of emoji, which nobody means here
    import emoji

    found, rest, end = list[str](), list[str](), 0
    for one in emoji.emoji_list(text):
        if one["emoji"].isascii():
            continue
        found.append(_qualified(one["emoji"]))
        rest.append(text[end : one["match_start"]])
        end = one["match_end"]
    return found, "".join((*rest, text[end:]))


def _qualified(character: str) -> str:
    """The one spelling of an emoji: with the variation selectors that Unicode asks for."""
    import emoji

    bare = character.replace(_VARIATION, "")
    if character in emoji.EMOJI_DATA and _is_qualified(character):
        return character
    spellings = (c for c in _by_bare().get(bare, ()) if _is_qualified(c))
    return next(spellings, character)


def _is_qualified(character: str) -> bool:
    import emoji

    wanted = emoji.STATUS["fully_qualified"], emoji.STATUS["component"]
    return emoji.EMOJI_DATA[character]["status"] in wanted


@cache
def _by_bare() -> dict[str, list[str]]:
    import emoji

    spelled: dict[str, list[str]] = {}
    for character in emoji.EMOJI_DATA:
        spelled.setdefault(character.replace(_VARIATION, ""), []).append(character)
    return spelled


def _kebab(text: str) -> str:
    text = _APOSTROPHES.sub("", text.lower())
    # Lower-casing may leave what NFKC would compose: "İ" becomes an i and a dot.
    text = unicodedata.normalize("NFKC", text)
    kept = "".join(map(_letter, text))
    parts = (part.strip(_JOINERS) for part in kept.split("-"))
    return "-".join(part for part in parts if any(unicodedata.category(c)[0] in "LN" for c in part))


def _letter(character: str) -> str:
    """The character if a word may hold it, else a hyphen, or nothing for what cannot be seen."""
    category = unicodedata.category(character)
    if character in _JOINERS or category[0] in _WORD:
        return character
    return "" if category in ("Cf", "Cc", "Cs") and not character.isspace() else "-"


def plain(text: str) -> str:
    """A name to be compared: without accents, the combining marks that follow a Latin, Greek or
    Cyrillic letter."""
    if text.isascii():
        return text
    spelled = unicodedata.normalize("NFD", text.replace(_VARIATION, ""))
    return "".join(c for c in spelled if not "\u0300" <= c <= "\u036f")


def _stem(code: str, word: str) -> str:
    stemmer = _stemmer(code)
    return stemmer.stemWord(word) if stemmer else word


@cache
def _stemmer(code: str):
    import Stemmer

    try:
        return Stemmer.Stemmer(code, 0)  # without a cache: what it stems is the diarist's
    except KeyError:
        return None
