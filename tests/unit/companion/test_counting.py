"""Context is measured with the model's own tokenizer, where the estimate would leave some out."""

from tests.support.journals import write
from tests.support.server import ScriptedModel

from llamora.companion.budget import estimate
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources


class Counting(ScriptedModel):
    """A model whose tokens are half as many as is guessed."""

    def __init__(self, window: int) -> None:
        super().__init__("It came.", window=window)
        self.counted = 0

    async def count(self, text: str) -> int:
        self.counted += 1
        return estimate(text) // 2


async def prompt_of(sources: Sources, model: ScriptedModel) -> str:
    """What the model is told of a day with a long morning and a short evening."""
    ada = sources.journal
    await write(ada, "heron " * 1200)
    entry = await write(ada, "the evening")
    companion = Companion(sources, model, Prompts(), CompanionLimits(reply_tokens=256))
    response = await companion.respond(entry.id, "key")
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    (asked,) = model.asked
    return asked[-1].text


async def test_what_fits_by_the_models_own_count_is_kept(sources: Sources):
    model = Counting(window=2000)
    assert "heron" in await prompt_of(sources, model)
    assert model.counted == 1


async def test_without_a_count_the_estimate_leaves_it_out(sources: Sources):
    assert "heron" not in await prompt_of(sources, ScriptedModel("It came.", window=2000))


async def test_nothing_is_counted_where_all_fits_anyway(sources: Sources):
    model = Counting(window=8000)
    assert "heron" in await prompt_of(sources, model)
    assert model.counted == 0
