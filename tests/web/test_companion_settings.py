"""Who answers, and how it is: the settings page of the companion, and its trial."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support import tiny_gguf
from tests.support.accounts import Registered
from tests.support.llama import Llama, llama
from tests.support.server import ScriptedModel, journal_settings, serving
from tests.support.visitor import Visitor, words

from llamora.cli.llama import llama_for, wanted_by
from llamora.companion.model import Health, Unreachable

__all__ = ["llama"]

PAGE = "/settings/companion"
TRIAL = "/settings/companion/trial"


@asynccontextmanager
async def _ada(
    account: Registered, settings: dict[str, Any], **more: Any
) -> AsyncIterator[Visitor]:
    the_settings = journal_settings(account.path, **settings)
    async with serving(the_settings, **more) as server, Visitor(server) as ada:
        yield await ada.enter()


def ada_with(
    account: Registered, model: ScriptedModel | None = None, **settings: Any
) -> AbstractAsyncContextManager[Visitor]:
    return _ada(account, settings, model=model)


async def page(ada: Visitor) -> str:
    return words((await ada.visit(PAGE)).text)


async def test_the_real_model_says_what_it_is_and_answers_when_it_is_tried(
    account: Registered, llama: Llama
):
    settings = {"LLM__UPSTREAM__HOST": llama.url, "LLM__CHAT__API_KEY": llama.api_key}
    async with _ada(account, settings) as ada:
        said = await page(ada)
        assert "ready" in said
        assert f"{llama.context:,} tokens" in said
        assert llama.url in said
        tried = await ada.send(TRIAL)
        assert tried.status_code == 200
        assert "It answers: " in words(tried.text)
        assert "Model tiny" in words(tried.text)


async def test_a_model_that_is_away_is_a_sentence_on_both(account: Registered):
    async with ada_with(account, LLM__UPSTREAM__HOST="http://127.0.0.1:1") as ada:
        assert Unreachable.sentence in await page(ada)
        tried = await ada.send(TRIAL)
        assert tried.status_code == 200
        assert words(tried.text).count(Unreachable.sentence) == 2


async def test_nothing_of_the_journal_is_sent_in_a_trial(account: Registered):
    model = ScriptedModel("Yes, <b>here</b>.")
    async with ada_with(account, model) as ada:
        await ada.write("the heron")
        tried = await ada.send(TRIAL)
        assert "Yes, &lt;b&gt;here&lt;/b&gt;." in tried.text
    (asked,) = model.asked
    assert "heron" not in str(asked)


async def test_a_model_that_never_ends_is_left_after_a_line(account: Registered):
    model = ScriptedModel(*(f"word{n} " for n in range(1000)))
    async with ada_with(account, model) as ada:
        tried = words((await ada.send(TRIAL)).text)
    assert 30 < tried.count("word") < 80
    assert model.left == 1


async def test_where_the_companion_is_off_no_model_is_asked_anything(account: Registered):
    model = Watched()
    async with ada_with(account, model) as ada:
        assert "Try it" in await page(ada)
        assert model.looked == 1
        await ada.send(PAGE, {})
        assert "Try it" not in await page(ada)
        assert (await ada.send(TRIAL)).status_code == 404
    assert (model.looked, model.asked) == (1, [])


class Watched(ScriptedModel):
    looked = 0

    async def health(self) -> Health:
        self.looked += 1
        return await super().health()


async def test_echo_has_nothing_to_try(ada: Visitor):
    assert "Try it" not in await page(ada)
    assert (await ada.send(TRIAL)).status_code == 404


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (Health("asleep"), "not loaded; it is when you first ask"),
        (Health("loading"), "being loaded"),
        (Health("unknown"), "not asked, as the server’s settings want it"),
        (Health("ready", "", 8192, 1_234_567_890, 2.34), "1,235 MB"),
        (Health("ready", "", 8192, 1_234_567_890, 2.34), "2.3 seconds"),
    ],
)
async def test_each_state_is_said(account: Registered, health: Health, said: str):
    class Model(ScriptedModel):
        async def health(self) -> Health:
            return health

    async with ada_with(account, Model()) as ada:
        assert said in await page(ada)


async def test_a_model_that_is_run_here_is_loaded_by_a_trial_and_not_by_the_page(
    account: Registered, tmp_path: Path
):
    file = tiny_gguf.write(tmp_path / "tiny.gguf")
    settings = {"LLM__LOCAL__MODEL_PATH": file, "LLM__LOCAL__THREADS": 1}
    wanted = wanted_by(journal_settings(account.path, **settings))
    assert wanted
    async with llama_for(wanted) as llama, _ada(account, settings, llama=llama.line()) as ada:
        for _ in range(2):
            said = await page(ada)
            assert "llama.cpp, run by this server" in said
            assert "Model tiny" in said
            assert "not loaded" in said
            assert str(tmp_path) not in said, "where it lies is nobody's business"
        tried = words((await ada.send(TRIAL)).text)
        assert "It answers: " in tried
        assert "4,096 tokens" in tried, "it was made for no more"
        assert "MB" in tried
        assert "Loaded in" in tried
