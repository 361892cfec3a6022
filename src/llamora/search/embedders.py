"""Which embedder makes new vectors, and which ones the vectors that are there can be asked of."""

from collections.abc import Sequence

from llamora.search.embedder import Embedder
from llamora.search.wordllama import Basis, WordLlama, version_of


class Embedders:
    """The embedder of the settings (None: the built-in one), and others that may still be asked
    while their vectors are being replaced."""

    def __init__(self, chosen: Embedder | None = None, others: Sequence[Embedder] = ()) -> None:
        self._chosen = chosen
        self._others = others
        self.bases: dict[int, Basis] = {0: Basis()}
        """What the built-in vectors of this journal rest on, by version."""

    @property
    def is_built_in(self) -> bool:
        return self._chosen is None

    @property
    def basis(self) -> Basis:
        """The newest."""
        return self.bases[max(self.bases)]

    @property
    def built_in(self) -> WordLlama:
        return WordLlama(self.basis)

    @property
    def target(self) -> Embedder:
        """What new vectors are made by."""
        return self._chosen or self.built_in

    def of(self, make: str) -> Embedder | None:
        """The embedder of that name; None when it is not here any more."""
        version = version_of(make)
        if version is not None:
            basis = self.bases.get(version)
            return WordLlama(basis) if basis else None
        known = (*([self._chosen] if self._chosen else []), *self._others)
        return next((embedder for embedder in known if embedder.name == make), None)
