"""Labels that a text offers of itself."""

from tests.support.indexes import shelf_of

from llamora.search.labels import labels
from llamora.search.wordllama import Basis, WordLlama

COMMON = [
    f"Got up, went to the office and worked until evening. Then home to supper and bed, day {n}."
    for n in range(30)
]


def of(text: str, *others: str, limit: int = 4, language: str = "en") -> list[str]:
    """The labels of the first of these entries."""
    texts = (text, *others)
    shelf = shelf_of(*texts, language=language)
    vector = WordLlama(Basis()).query(text)

    def read(id: bytes) -> str:
        return texts[int.from_bytes(id, "big") - 1]

    return labels(text, shelf, vector, limit, read)


def test_the_first_entry_of_a_journal_has_labels() -> None:
    found = of("Went for a long walk with Luna by the reservoir. The heron was there again.")
    assert set(found) == {"luna", "reservoir", "walk", "heron"}


def test_what_comes_back_labels_better_than_what_stands_once() -> None:
    others = [f"The heron was at the weir once more, visit {n}." for n in range(6)]
    found = of("The heron flew over the ladder.", *others, *COMMON)
    assert found[0] == "heron"


def test_what_most_entries_have_is_no_label() -> None:
    found = of("Went to the office. Saw the dentist about the tooth.", *COMMON)
    assert "office" not in found
    assert "dentist" in found


def test_two_words_that_keep_together_are_one_label() -> None:
    others = [f"Bought parmesan cheese at the market, {n}." for n in range(4)]
    found = of("There was parmesan cheese in the cellar.", *others, *COMMON)
    assert "parmesan cheese" in found
    assert "cheese" not in found


def test_a_name_is_a_label_without_its_title_and_its_genitive() -> None:
    others = [f"Met Priya again, {n}." for n in range(4)]
    assert of("Walked to Priya's house.", *others, *COMMON)[0] == "priya"


def test_dates_numbers_and_little_words_are_none() -> None:
    assert of("On Monday, 12 May 2024, at half past nine, it was the 2nd time this year.") == []
    assert of("") == []
    assert of("!!! ... 42") == []


def test_no_more_are_offered_than_were_asked_for() -> None:
    text = "Cheese, wine, bread, apples, cake, soup, salmon, chocolate."
    assert len(of(text, limit=3)) == 3
    assert of(text, limit=0) == []


def test_other_scripts_have_labels() -> None:
    assert (
        of("今天和小李去图书馆看书。", "昨天在图书馆。", "图书馆。", language="zh")[0] == "图书馆"
    )
    japanese = of("公園でコーヒーを飲んだ。図書館で本を読んだ。", language="ja")
    assert "コーヒー" in japanese
    assert "собакой" in of("Сегодня мы гуляли с собакой у реки.", language="ru")
    german = of(
        "Heute war ich beim Zahnarzt, danach mit meiner Schwester im Garten.", language="de"
    )
    assert {"zahnarzt", "schwester", "garten"} <= set(german)
    assert of("วันนี้ไปเดินเล่นในสวน", language="th") == []
