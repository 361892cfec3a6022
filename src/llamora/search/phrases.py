"""Phrases: words that must follow each other exactly, whatever stands between them but words."""

from dataclasses import dataclass

from llamora.search.words import bare, words


@dataclass(frozen=True)
class Phrase:
    """The words of a phrase, without case and accents; not stemmed, for a phrase is exact."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Phrase":
        return cls(tuple(bare(word.folded) for word in words(text)))

    @property
    def spelled(self) -> str:
        """Its words with a space before, between and behind them: one phrase stands in another when
        this stands in that."""
        return f" {' '.join(self.words)} "

    def stands_in(self, text: str) -> bool:
        return self.place_in(text) is not None

    def place_in(self, text: str) -> tuple[int, int] | None:
        """Where it first stands in a text, in code points."""
        found = words(text)
        spelled = [bare(word.folded) for word in found]
        size = len(self.words)
        at = 0
        while size:
            try:
                at = spelled.index(self.words[0], at)
            except ValueError:
                return None
            if tuple(spelled[at : at + size]) == self.words:
                return found[at].start, found[at + size - 1].end
            at += 1
        return None
