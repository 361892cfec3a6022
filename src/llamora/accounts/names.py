"""Names of accounts: which there can be, and when two are the same.

`accounts.name` holds the folded form, so that the column's own uniqueness is the rule "compared
casefolded"; how the diarist writes their name is a setting, and sealed.
"""

import unicodedata

from llamora.accounts.errors import BadName

LONGEST = 30
_OTHERS = frozenset("_.-")
# Letters and marks by category that nobody can see: two names would look alike.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")


def shown(name: str) -> str:
    """A name as its owner writes it, in NFKC.

    Raises:
        BadName: it is no name.
    """
    # Before normalising, which may make a text 18 times as long.
    text = unicodedata.normalize("NFKC", name.strip()) if len(name) <= 8 * LONGEST else ""
    if not 1 <= len(text) <= LONGEST:
        raise BadName
    after_letter = False
    for character in text:
        kind = unicodedata.category(character)
        # Many scripts write vowels as marks; a mark needs a letter to stand on.
        letter = kind[0] == "L" or (kind in ("Mn", "Mc") and after_letter)
        if character in _INVISIBLE or "\ufe00" <= character <= "\ufe0f":
            raise BadName
        if not (letter or kind == "Nd" or character in _OTHERS):
            raise BadName
        after_letter = letter
    return text


def folded(name: str) -> str:
    """The form by which names are kept and compared.

    Raises:
        BadName: it is no name.
    """
    text = shown(name)
    while (again := unicodedata.normalize("NFKC", text.casefold())) != text:
        text = again
    return text
