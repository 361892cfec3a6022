"""From writings to what the index holds of them: passages, their terms and their vectors."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from llamora.journal.writing import Entry, Response, Writing
from llamora.search.embedder import Embedder
from llamora.search.language import detect
from llamora.search.part import MOST_TIMES, Embedded, Indexed, quantised
from llamora.search.passages import cut
from llamora.search.words import terms_of, words

Spans = Sequence[tuple[int, int]]

SHORTEST_COMPLETED = 3
"""Letters of the shortest word that is worth completing."""


def is_searchable(writing: Writing) -> bool:
    """Whether a writing has words of its own: not a response that is still being written, none
    that only quotes, and nothing that retells other writings."""
    if not isinstance(writing, Entry | Response):
        return False
    if isinstance(writing, Response) and (writing.engine == "echo" or writing.state == "writing"):
        return False
    return bool(writing.text.strip())


def index(
    writings: Sequence[Writing], embedder: Embedder, language: str, fixed: bool = False
) -> list[Indexed]:
    """What search holds of these writings, but for those without content; `language` is that of
    texts too short to tell, or of all when it is `fixed`. Takes half a millisecond a passage: call
    in a thread.

    Raises:
        EmbedderUnavailable
    """
    writings = [writing for writing in writings if writing.text.strip()]
    spans = [[(a, b - a) for a, b in cut(writing.text)] for writing in writings]
    spoken = [language if fixed else detect(writing.text, language) for writing in writings]
    made = embedded([writing.text for writing in writings], spans, spoken, embedder)
    return [indexed(writing, one) for writing, one in zip(writings, made, strict=True)]


def embedded(
    texts: Sequence[str], spans: Sequence[Spans], languages: Sequence[str], embedder: Embedder
) -> list[Embedded]:
    """What is sealed of texts whose passages are known.

    Raises:
        EmbedderUnavailable
    """
    if not texts:
        return []
    passages = [
        text[start : start + size]
        for text, each in zip(texts, spans, strict=True)
        for start, size in each
    ]
    vectors, scales = quantised(embedder.passages(passages))
    ends = np.cumsum([len(each) for each in spans])[:-1]
    parted = zip(languages, spans, np.split(vectors, ends), np.split(scales, ends), strict=True)
    return [
        Embedded(language, embedder.name, list(each), own_vectors, own_scales)
        for language, each, own_vectors, own_scales in parted
    ]


def indexed(writing: Writing, one: Embedded) -> Indexed:
    """What search holds of a writing whose passages are embedded already."""
    read = [
        [word.folded for word in words(writing.text[start : start + size])]
        for start, size in one.spans
    ]
    counts = [
        Counter(term for word in each for term in terms_of(word, one.language)) for each in read
    ]
    own = (word for each in read for word in each) if isinstance(writing, Entry) else ()
    return Indexed(
        language=one.language,
        make=one.make,
        spans=one.spans,
        vectors=one.vectors,
        scales=one.scales,
        id=writing.id,
        revision=writing.revision,
        day=writing.day,
        kind=writing.kind,
        lengths=[len(each) for each in read],
        terms=[list(count) for count in counts],
        times=[[min(n, MOST_TIMES) for n in count.values()] for count in counts],
        vocabulary=Counter(word for word in own if _is_worth_completing(word)),
    )


def _is_worth_completing(word: str) -> bool:
    return len(word) >= SHORTEST_COMPLETED and not word[0].isdigit()
