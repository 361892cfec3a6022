"""A model that goes round in circles is noticed; poems and lists that come back are not."""

import time
from textwrap import dedent

import pytest

from llamora.companion.loops import SEEN, Loops

QUAY = ["rope", "crab", "net", "gull", "boat", "buoy", "lamp", "rust", "salt"]
BEFORE = "You wrote about the heron, and about the cold water.\n\n"


def kept(text: str, *, size: int = 3) -> str | None:
    """What is kept of a text that comes in pieces; None when all of it is."""
    loops = Loops()
    for at in range(0, len(text), size):
        worth = loops.hear(text[at : at + size])
        if worth is not None:
            return text[:worth]
    return None


LINES = "The tide goes out. The mud shines. The heron waits for what the water leaves behind. "

LOOPS = {
    "a word": "no " * 200,
    "a letter": "a" * 1_000,
    "a sign": "🌧" * 400,
    "nothing but line ends": "\n" * 1_000,
    "a phrase": "and then again " * 40,
    "a line": "I hear the rain.\n" * 30,
    "a line with a mark": "- I hear the rain.\n" * 30,
    "a numbered line": "".join(f"{n}. I hear the rain.\n" for n in range(1, 40)),
    "a paragraph": (LINES + "\n\n") * 6,
    "a long paragraph": (LINES * 2 + "And then it rained on the boats all night. " * 2 + "\n\n")
    * 5,
    "a question": "What did you see? " * 30,
    "CJK": "雨が降っていた。" * 60,
    "right to left": "חזר האנפה אל המים. " * 40,
    "two lines in turn": "The tide is out.\nThe tide is in.\n" * 20,
    "a row of a table": "| rain | rain |\n" * 40,
    "half a tag": "</s><|im_end|>" * 40,
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_is_noticed_and_said_once(name):
    loop = LOOPS[name]
    worth = kept(BEFORE + loop)
    assert worth is not None
    assert worth.startswith(BEFORE.rstrip())
    unit = loop[: len(loop) // 3]
    assert len(worth) < len(BEFORE) + max(len(unit), 40)


def test_a_loop_is_noticed_soon():
    loops, heard = Loops(), 0
    for _ in range(1_000):
        heard += 15
        if loops.hear("and then again ") is not None:
            break
    assert heard <= 320


HONEST = {
    "a villanelle's refrains": dedent("""\
        The heron stands and will not go away.
        The river takes the colour of the sky.
        I count the boats that leave us every day.

        The reeds are bent, the morning water grey.
        I asked it once and did not ask it why.
        The heron stands and will not go away.

        My mother said that nothing comes to stay.
        The gulls have eaten, and the boats go by.
        I count the boats that leave us every day.

        The heron stands and will not go away.
        I count the boats that leave us every day.
        """),
    "a chant": "Never, never, never, never, never.\n" + "Row, row, row your boat,\n" * 3 + "home.",
    "laughter": "ha" * 60 + " you wrote, and meant it.",
    "a ruled line": "Before.\n\n" + "-" * 120 + "\n\n" + "=" * 120 + "\n\nAfter.",
    "a table": "| day | rain | boats |\n|-----|------|-------|\n"
    + "".join(f"| 2026-11-{n:02} | {n % 7} | {n % 3} |\n" for n in range(1, 31)),
    "a list": "".join(
        f"- {what} on the quay\n" for what in QUAY
    ) * 2,
    "a numbered list": "".join(
        f"{n}. You wrote of the {what}.\n"
        for n, what in enumerate(QUAY, 1)
    ),
    "sentences that begin alike": "".join(
        f"You wrote that the {what} was cold. " for what in QUAY
    ),
    "a tally": "".join(f"{n}:00 rain, {n * 3} mm\n" for n in range(24)),
    "a list that is mostly empty": "- [ ] \n" * 30,
    "a digit that goes on": "Pi is 3." + "1415926535" * 12 + ", you joked.",
    "a line four times": "I will not go to the sea again.\n" * 4,
    "a stanza twice": (LINES * 3 + "\n\n") * 2 + "And so it ends.",
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("size", [1, 7, 400])
def test_honest_repetition_is_left_alone(name, size):
    assert kept(BEFORE + HONEST[name] + "\n\nThat is all there is.", size=size) is None


def test_the_cost_of_a_piece_does_not_grow_with_the_answer():
    loops = Loops()
    pieces = [f"word{n * 7919 % 1_000} " for n in range(20_000)]

    def seconds(some: list[str]) -> float:
        began = time.process_time()
        for piece in some:
            assert loops.hear(piece) is None
        return time.process_time() - began

    first, last = seconds(pieces[500:2_000]), seconds(pieces[-1_500:])
    assert last < 3 * first
    assert len(loops._recent) == SEEN
    assert last / 1_500 < 0.001
