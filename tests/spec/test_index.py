"""What search seals is what docs/spec/vault-format.md §8 says, read by a decoder of its own."""

from dataclasses import replace

import decoder
import index_decoder
import project
import pytest
from tests.support.indexes import any_indexed, entry, indexed, seal

from llamora.search import records
from llamora.search.indexing import index
from llamora.search.part import Indexed, Part
from llamora.search.wordllama import WordLlama, count
from llamora.vault import Vault

OWNER, DEK, ID = b"o" * 16, b"d" * 32, b"i" * 16


@pytest.fixture
def vault() -> Vault:
    return project.vault(OWNER, {1: DEK})


def opened(table: str, purpose: str, id: bytes, revision: int, sealed: bytes):
    key = decoder.subkey(DEK, OWNER, purpose)
    return decoder.open_record({1: key}, table, "sealed", OWNER, id, [revision], sealed)[1:]


def expected(one: Indexed) -> list[dict]:
    return [
        {
            "start": start,
            "size": size,
            "length": one.lengths[n],
            "vector": pytest.approx((one.vectors[n] * one.scales[n]).tolist()),
            "times": dict(zip(one.terms[n], one.times[n], strict=True)),
        }
        for n, (start, size) in enumerate(one.spans)
    ]


def placed(one: Indexed) -> list[dict]:
    return [
        {name: passage[name] for name in ("start", "size", "vector")} for passage in expected(one)
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_passages_of_a_writing_are_as_the_document_says(vault: Vault, seed: int) -> None:
    one = any_indexed(seed)
    sealed = seal(vault, one)
    header, raw = opened("passages", "vector", one.id, one.revision, sealed)
    assert index_decoder.passages(header, raw) == placed(one)
    assert header == {
        "v": 1,
        "make": "tiny",
        "language": one.language,
        "passages": len(one.spans),
        "dimensions": 8,
    }


def test_a_term_is_the_hash_of_the_stem(vault: Vault) -> None:
    (one,) = indexed("Herons", language="en")
    header, raw = opened("segments", "index", ID, 1, records.seal_part(vault, ID, Part.of([one])))
    ((writing,), _) = index_decoder.segment(header, raw)
    assert writing["passages"][0]["times"] == {index_decoder.term("heron"): 1}


def test_a_segment_is_as_the_document_says(vault: Vault) -> None:
    several = [any_indexed(seed) for seed in range(60)]
    sealed = records.seal_part(vault, ID, Part.of(several))
    header, raw = opened("segments", "index", ID, 1, sealed)
    writings, _ = index_decoder.segment(header, raw)
    assert writings == [
        {
            "id": one.id,
            "revision": one.revision,
            "day": one.day.toordinal(),
            "kind": int(one.kind),
            "language": one.language,
            "passages": expected(one),
        }
        for one in several
    ]
    assert set(header) == {"v", "kind", "make", "languages", "arrays"}


def test_a_segment_lists_the_words_of_entries(vault: Vault) -> None:
    part = Part.of(indexed("Herons by the ice", "the heron", language="en"))
    header, raw = opened("segments", "index", ID, 1, records.seal_part(vault, ID, part))
    _, words = index_decoder.segment(header, raw)
    heron = index_decoder.term("heron")
    assert (words["heron"], words["herons"]) == ((1, heron), (1, heron))
    assert words["the"][0] == 2
    assert list(words) == sorted(words)


def test_a_basis_is_as_the_document_says(vault: Vault) -> None:
    made = count(["a grey heron", "the ice"], 4)
    header, raw = opened("segments", "index", ID, 1, records.seal_basis(vault, ID, made))
    counts, mean = index_decoder.basis(raw)
    assert made.counts is not None
    assert made.mean is not None
    assert list(counts) == made.counts.tolist()
    assert list(mean) == made.mean.tolist()
    assert header == {"v": 1, "kind": "basis", "version": 4, "passages": 2}
    (one,) = index([entry("heron")], WordLlama(made), "en")
    assert one.make == "wordllama-256 4"


def test_a_reader_of_something_else_would_notice(vault: Vault) -> None:
    one = any_indexed(2)
    other = replace(one, spans=[(start + 1, size) for start, size in one.spans])
    header, raw = opened("passages", "vector", one.id, one.revision, seal(vault, other))
    assert index_decoder.passages(header, raw) != placed(one)
