"""Which embedder makes new vectors, and which ones the vectors that are there can be asked of."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from llamora.search.embedder import Embedder, EmbedderUnavailable, Vectors
from llamora.search.wordllama import Basis, WordLlama, version_of

QUERY_SECONDS = 2.0
"""How long a search waits for a question's vector at most: then it finds by words."""


class Embedders:
    """The embedder of the settings (None: the built-in one), and others that may still be asked
    while their vectors are being replaced."""

    def __init__(self, chosen: Embedder | None = None, others: Sequence[Embedder] = ()) -> None:
        self._chosen = chosen
        self._others = others
        self._waiting: Future[Vectors] | None = None
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

    def query(self, make: str, text: str) -> Vectors | None:
        """A question's vector by the embedder of that name; None when that is not here any more.

        Raises:
            EmbedderUnavailable: it cannot be asked, or takes too long for someone who waits.
        """
        embedder = self.of(make)
        if embedder is None or isinstance(embedder, WordLlama):
            return embedder and embedder.query(text)
        late = EmbedderUnavailable("The embedding model takes too long to answer.")
        if self._waiting is not None and not self._waiting.done():
            raise late  # it is still at the last question
        # A thread for each question, so that one that hangs holds up nothing else.
        thread = ThreadPoolExecutor(1, thread_name_prefix="question")
        self._waiting = thread.submit(embedder.query, text)
        thread.shutdown(wait=False)
        try:
            return self._waiting.result(QUERY_SECONDS)
        except TimeoutError:
            raise late from None

    def of(self, make: str) -> Embedder | None:
        """The embedder of that name; None when it is not here any more."""
        version = version_of(make)
        if version is not None:
            basis = self.bases.get(version)
            return WordLlama(basis) if basis else None
        known = (*([self._chosen] if self._chosen else []), *self._others)
        return next((embedder for embedder in known if embedder.name == make), None)
