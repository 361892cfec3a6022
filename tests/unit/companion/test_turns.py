"""The queue before a model: so many at once, fair between accounts, and nobody lost in it."""

import asyncio
from collections import Counter
from contextlib import aclosing
from random import Random
from typing import Any

import pytest
from tests.support.server import ScriptedModel

from llamora.companion.model import Message, Unreachable
from llamora.companion.turns import InTurn, Turns

ASKED = [Message("user", "Anything?")]


async def take(turns: Turns, account: bytes, heard: list[int] | None = None) -> None:
    """Waits for a place, and hears how many are let in before."""
    async with aclosing(turns.take(account)) as places:
        async for ahead in places:
            if heard is not None:
                heard.append(ahead)


async def said(model: Any) -> tuple[str, list[int]]:
    """What a model says, and how many were told to come before it."""
    text, ahead = "", list[int]()
    async with aclosing(model.stream(ASKED, max_tokens=10)) as tokens:
        async for token in tokens:
            text += token.text
            if token.ahead is not None:
                ahead.append(token.ahead)
    return text, ahead


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_accounts_take_turns_whoever_asks_for_more() -> None:
    turns, order = Turns(1), list[str]()
    await take(turns, b"x")

    async def one(account: str) -> None:
        await take(turns, account.encode())
        order.append(account)

    tasks = [asyncio.create_task(one(name)) for name in ("a", "a", "a", "b", "a", "c", "b")]
    await settle()
    assert order == []
    for _ in tasks:
        turns.give_back()
        await settle()
    assert order == ["a", "b", "c", "a", "b", "a", "a"]


async def test_each_hears_how_many_come_before_it() -> None:
    turns = Turns(1)
    await take(turns, b"x")
    heard: dict[str, list[int]] = {name: [] for name in ("a1", "a2", "b1", "b2")}
    tasks = [
        asyncio.create_task(take(turns, name[:1].encode(), told)) for name, told in heard.items()
    ]
    await settle()
    for _ in tasks:
        turns.give_back()
        await settle()
    # Those who came later only push back who has had more before them.
    assert heard == {"a1": [0], "a2": [1, 2, 1, 0], "b1": [1, 0], "b2": [3, 2, 1, 0]}


@pytest.mark.parametrize("seed", range(20))
async def test_no_place_is_lost_or_made_whoever_leaves(seed: int) -> None:
    chance, turns = Random(seed), Turns(2)
    inside = Counter[str]()

    async def one() -> None:
        await take(turns, chance.choice((b"a", b"b", b"c")))
        inside["now"] += 1
        inside["most"] = max(inside["most"], inside["now"])
        try:
            await asyncio.sleep(0)
        finally:
            inside["now"] -= 1
            turns.give_back()

    tasks = [asyncio.create_task(one()) for _ in range(60)]
    for task in chance.sample(tasks, 25):
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert inside["most"] <= 2
    assert (turns._free, turns._queues) == (2, {})


async def test_an_answer_waits_its_turn_and_says_so() -> None:
    model, turns = ScriptedModel("So.", hold_at=0), Turns(1)
    ada, grace = InTurn(model, turns, b"ada"), InTurn(model, turns, b"grace")
    first = asyncio.create_task(said(ada))
    await settle()
    second, third = asyncio.create_task(said(grace)), asyncio.create_task(said(ada))
    await settle()
    assert len(model.asked) == 1
    for _ in range(3):
        model.go_on(1)
        await asyncio.sleep(0.01)
    assert await first == ("So.", [])
    assert await second == ("So.", [1])
    assert await third == ("So.", [2, 1])


async def test_a_failure_and_a_reader_who_leaves_give_the_place_back() -> None:
    turns = Turns(1)
    with pytest.raises(Unreachable):
        await said(InTurn(ScriptedModel(Unreachable()), turns, b"ada"))
    held = ScriptedModel("Never.", hold_at=0)
    leaving = asyncio.create_task(said(InTurn(held, turns, b"ada")))
    await settle()
    waiting = asyncio.create_task(said(InTurn(held, turns, b"ada")))
    await settle()
    for task in (waiting, leaving):
        task.cancel()
    await asyncio.gather(leaving, waiting, return_exceptions=True)
    assert (await said(InTurn(ScriptedModel("Free."), turns, b"grace")))[0] == "Free."
