"""Words of a text as search compares them: found, folded, stemmed and hashed.

A word is a run of letters or digits, with apostrophes inside; where a script puts nothing between
words, each pair of neighbouring characters is one, and so is each Chinese character, which often is
a word alone. An emoji is a word. Case and compatibility forms are folded, and so are accents, but
only after stemming, which may need them.
"""

import re
import threading
import unicodedata
import zlib
from functools import lru_cache
from typing import NamedTuple

_chinese = "\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_unspaced = f"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff{_chinese}"
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters, between whose words nothing stands."""
_marks = "".join(chr(c) for c in range(0x300, 0xE00) if unicodedata.category(chr(c))[0] == "M")
"""Accents and vowels that are written to a letter: they belong to its word."""
_letter = f"[^\\W_{_unspaced}]"
_letters = f"{_letter}+(?:[{_marks}]+{_letter}*)*"
_emoji = "[\u2600-\u27bf\U0001f300-\U0001faff]"
_word = re.compile(f"[{_unspaced}]+|{_letters}(?:['’]{_letters})*|{_emoji}")
_is_unspaced = re.compile(f"[{_unspaced}]")
_is_chinese = re.compile(f"[{_chinese}]")
_accent = re.compile("[\u0300-\u036f]")

LONGEST_WORD = 64
"""Characters of a word that count; what is longer was never typed as a word."""

SNOWBALL = {
    "ar": "arabic",
    "hy": "armenian",
    "eu": "basque",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "nl": "dutch",
    "en": "english",
    "eo": "esperanto",
    "et": "estonian",
    "fi": "finnish",
    "fr": "french",
    "de": "german",
    "el": "greek",
    "hi": "hindi",
    "hu": "hungarian",
    "id": "indonesian",
    "ga": "irish",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "no": "norwegian",
    "fa": "persian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "es": "spanish",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""The languages that have a Snowball stemmer, by their two letters."""

_eliding = frozenset({"fr", "it", "ca"})
"""Where an article is written to its word: l'été is été."""


class Word(NamedTuple):
    """A word where it stands: `text[start:end]`, folded but for its accents."""

    start: int
    end: int
    folded: str


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    if not _is_unspaced.search(text):
        return [
            Word(match.start(), match.end(), fold(match.group()[:LONGEST_WORD]))
            for match in _word.finditer(text)
        ]
    found: list[Word] = []
    for match in _word.finditer(text):
        run, start = match.group(), match.start()
        if not _is_unspaced.match(run):
            found.append(Word(start, match.end(), fold(run[:LONGEST_WORD])))
            continue
        for at in range(len(run)):
            if len(run) == 1 or _is_chinese.match(run, at):
                found.append(Word(start + at, start + at + 1, fold(run[at])))
            if at + 1 < len(run):
                found.append(Word(start + at, start + at + 2, fold(run[at : at + 2])))
    return found


@lru_cache(1 << 14)
def fold(word: str) -> str:
    """A word without case and compatibility forms; typographic apostrophes are plain ones."""
    # Folding the case can take a letter and its accent apart again.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word).casefold())
    return folded.replace("’", "'").replace("\u02bc", "'")


@lru_cache(1 << 14)
def bare(word: str) -> str:
    """A folded word without accents."""
    if word.isascii():
        return word
    return unicodedata.normalize("NFC", _accent.sub("", unicodedata.normalize("NFKD", word)))


def stem(word: str, language: str) -> str:
    """What a folded word is compared by; without a stemmer for the language, the word itself."""
    if language in _eliding:
        word = word.rpartition("'")[2] or word
    stemmed = _stemmed(word, language) if language in SNOWBALL else word
    return stemmed if stemmed.isascii() else bare(stemmed)


def term(stemmed: str) -> int:
    """The number a stem is indexed under, 32 bits: two of 100,000 words share one by chance once,
    and a word asked for meets another in one case of 40,000. It hides nothing and need not: it is
    only ever sealed."""
    return zlib.crc32(stemmed.encode(errors="replace"))


@lru_cache(1 << 12)
def term_of(word: str, language: str) -> int:
    """The number of a folded word's stem."""
    return term(stem(word, language))


@lru_cache(1 << 15)
def terms_of(word: str, language: str) -> tuple[int, ...]:
    """The numbers a folded word of a text is found by: that of its stem, and where the stemmer
    needs its accents, that of the word as it is typed without them."""
    own = term(stem(word, language))
    if word.isascii() or not (plain := bare(word)).isascii():
        return (own,)
    return tuple({own: None, term_of(plain, language): None})


def forget() -> None:
    """Lets go of the words that were read lately: nothing of a locked journal stays in memory."""
    for kept in (fold, bare, term_of, terms_of):
        kept.cache_clear()


_here = threading.local()


def _stemmed(word: str, language: str) -> str:
    """By this thread's own stemmer: one is not made to be shared."""
    stemmers = getattr(_here, "stemmers", None)
    if stemmers is None:
        stemmers = _here.stemmers = {}
    if language not in stemmers:
        import Stemmer

        stemmers[language] = Stemmer.Stemmer(SNOWBALL[language], 0)
    return stemmers[language].stemWord(word)
