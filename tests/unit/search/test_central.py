"""The most central sentences of some texts, word for word."""

from collections.abc import Sequence

from tests.support.indexes import shelf_of

from llamora.search.central import Sentence, central
from llamora.search.wordllama import Basis, WordLlama

BUILT_IN = WordLlama(Basis())


def said(*texts: str, limit: int = 2) -> Sequence[Sentence]:
    return central(texts, shelf_of(*texts), BUILT_IN, limit)


def test_the_sentence_that_says_most_is_the_diarists_own() -> None:
    text = (
        "Slept badly. We planted tomatoes and beans in the garden bed by the wall. "
        "Then the garden bed was watered and the beans were tied up. So to bed."
    )
    (first,) = said(text, limit=1)
    assert "garden bed" in first.text
    assert text[first.start : first.end] == first.text
    assert first.weight == 1


def test_sentences_come_in_the_order_in_which_they_stand() -> None:
    texts = (
        "The heron stood in the reeds by the weir. The plumber mended the kitchen tap.",
        "Two herons fished below the weir this morning. Nothing else.",
    )
    found = said(*texts, limit=3)
    assert [(one.index, one.start) for one in found] == sorted(
        (one.index, one.start) for one in found
    )
    assert {one.index for one in found} == {0, 1}
    for one in found:
        assert texts[one.index][one.start : one.end] == one.text


def test_what_says_the_same_twice_is_said_once() -> None:
    sentence = "The heron stood in the reeds by the weir."
    assert len(said(f"{sentence} {sentence} {sentence}", limit=3)) == 1


def test_signs_of_markdown_are_left_before_the_sentence() -> None:
    (found,) = said("- [x] Phoned the roofer about the broken slates", limit=1)
    assert found.text == "Phoned the roofer about the broken slates"


def test_a_sentence_without_an_end_is_taken_clause_by_clause() -> None:
    clause = "and by coach to the dock, where the ships lay ready and the men were paid; "
    (found,) = said("Up betimes; " + clause * 8, limit=1)
    assert len(found.text) < 100


def test_an_empty_text_says_nothing() -> None:
    assert said("", "***", "\n\n") == []
    assert said("The heron stood in the reeds.", limit=0) == []


def test_a_very_long_text_is_read_from_its_first_page_to_its_last() -> None:
    many = "\n".join(f"On page {n} the heron came back to the weir again." for n in range(4_000))
    (found,) = said(many, limit=1)
    assert "heron" in found.text


def test_any_script_has_sentences() -> None:
    found = said("今天和小李去图书馆看书，后来在公园散步。图书馆很安静。", limit=1)
    assert [one.text for one in found] == ["今天和小李去图书馆看书，后来在公园散步。"]
