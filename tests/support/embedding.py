"""A small honest embedder: the same words give the same vector, other words another one."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from llamora.search.embedder import EmbedderUnavailable, Vectors, of_unit_length
from llamora.search.words import words


class WordsEmbedder:
    """Each word adds one to a lane of its own. `down` makes it unreachable."""

    def __init__(self, name: str = "lanes", lanes: int = 48) -> None:
        self.name = name
        self.lanes = lanes
        self.down = False
        self.asked = 0

    def passages(self, texts: Sequence[str]) -> Vectors:
        if self.down:
            raise EmbedderUnavailable("The embedding model cannot be reached.")
        self.asked += len(texts)
        rows = np.zeros((len(texts), self.lanes))
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                row[blake2b(f"{self.name} {word.folded}".encode()).digest()[0] % self.lanes] += 1
        return of_unit_length(rows)

    def query(self, text: str) -> Vectors:
        return self.passages([text])[0]
