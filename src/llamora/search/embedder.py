"""What search asks of an embedding model: texts in, vectors of unit length out.

`Embedder` is a protocol at the world's edge. `bge` and `endpoint` are two of its makes. NumPy is
imported here, so nothing that loads at the server's start imports this module.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Calls block: make them in a thread. One embedder may be called from several at once."""

    @property
    def name(self) -> str:
        """Which model made a vector, such as "bge-small-en-v1.5"; kept beside each vector, for only
        those of one name can be compared."""
        ...

    def passages(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, of shape (len(texts), d): of unit length, or zeros for a text
        without content.

        Raises:
            EmbedderUnavailable: the model cannot be asked just now.
        """
        ...

    def query(self, text: str) -> Vectors:
        """The vector of a question, of shape (d,): of unit length, or zeros when it has no content.

        Raises:
            EmbedderUnavailable: the model cannot be asked just now.
        """
        ...


class EmbedderUnavailable(Exception):
    """Nothing can be found by meaning just now. `sentence` says why and what to do, and `str()`
    also what still works. Neither holds a word of a text, nor a key."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"{sentence} Words still find.")
        self.sentence = sentence


def has_content(text: str) -> bool:
    """Whether there is something to embed; what is left out gets zeros."""
    return bool(text.strip())


def encodable(text: str) -> str:
    """Half a surrogate pair would make the whole request unsendable."""
    return text.encode("utf-8", "replace").decode()


def of_unit_length(rows: NDArray[np.floating]) -> Vectors:
    """The rows of a matrix scaled to length 1; a row of zeros stays what it is. All are finite.

    Each is first scaled by its largest number, so that no square leaves the range of floats.
    """
    rows = rows.astype(np.float64)
    for measure in (_largest, _length):
        by = measure(rows)
        rows = rows / np.where(by > 0, by, 1)
    return rows.astype(np.float32)


def _largest(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.abs(rows).max(axis=1, keepdims=True, initial=0)


def _length(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.norm(rows, axis=1, keepdims=True)
