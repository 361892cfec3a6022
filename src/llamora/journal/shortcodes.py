"""Emoji by name: `:tada:` in an entry is shown as 🎉.

The names are those of the `emoji` package (Unicode's own and the common aliases, in English); its
table is read when the first shortcode is met, never at start. Which stretches of an entry are
text, and so may hold a shortcode at all, is for `markdown` to say.
"""

import re
from functools import cache

# A word or digit just outside the colons means a time, a ratio or a path, not a shortcode.
SHORTCODE = re.compile(r"(?<!\w):([\w+’-]{1,80}):(?!\w)")


def with_emoji(text: str) -> str:
    """`text` with each known shortcode replaced; unknown ones stay as they were written."""
    if ":" not in text:
        return text
    return SHORTCODE.sub(lambda found: _named().get(found[1], found[0]), text)


def beginning(begun: str, limit: int) -> list[tuple[str, str]]:
    """Names that begin so, then those with a later word that does, each with its emoji; the
    shortest first, and one name for an emoji. Skin tones are for whoever names them."""
    begun = begun.strip(": ").lower().replace(" ", "_")
    if not begun:
        return []
    later, tones = f"_{begun}", "skin" in begun
    found = sorted(
        (not name.startswith(begun), len(name), name)
        for name in _named()
        if (name.startswith(begun) or later in name) and (tones or "skin_tone" not in name)
    )
    first: dict[str, str] = {}
    for _, _, name in found:
        first.setdefault(_named()[name], name)
    return [(name, character) for character, name in first.items()][:limit]


@cache
def _named() -> dict[str, str]:
    import emoji

    wanted = emoji.STATUS["fully_qualified"], emoji.STATUS["component"]
    return {
        name.strip(":"): character
        for character, about in emoji.EMOJI_DATA.items()
        if about["status"] in wanted
        for name in (about["en"], *about.get("alias", ()))
    }
