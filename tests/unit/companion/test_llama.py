"""The real llama.cpp answers, and is left in peace when nobody listens any more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace

import httpx
import pytest
from tests.support.llama import Llama, serving
from tests.support.tiny_gguf import write

from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import Message, Overflow, Unreachable, WrongKey, whole

ASKED = [Message("system", "Be kind."), Message("user", "The heron came back.")]


def settings_for(llama: Llama) -> ModelSettings:
    return ModelSettings(host=llama.url, api_key=llama.api_key)


@pytest.fixture
async def model(llama: Llama) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(settings_for(llama))
    yield endpoint
    await endpoint.aclose()


async def test_it_answers_in_short_plain_sentences(model):
    tokens = [token async for token in model.stream(ASKED, max_tokens=100)]
    said = "".join(token.text for token in tokens)
    assert said.startswith(("You w", "The evening was quiet."))
    assert said.endswith(".")
    assert tokens[-1].finish == "stop"
    assert model.name == "tiny"


async def test_its_window_is_known(model, llama):
    assert await model.window() == llama.context


async def test_an_answer_that_may_not_be_long_ends_with_length(model):
    ends = [token.finish async for token in model.stream(ASKED, max_tokens=2)]
    assert ends[-1] == "length"


async def test_a_prompt_beyond_its_window_is_an_overflow_that_names_the_window(model, llama):
    long = [Message("user", "The evening was quiet. " * 2000)]
    with pytest.raises(Overflow) as overflow:
        await anext(model.stream(long, max_tokens=10))
    assert overflow.value.n_ctx == llama.context
    assert overflow.value.n_prompt
    assert overflow.value.n_prompt > llama.context


async def test_it_wants_its_key(llama):
    endpoint = Endpoint(replace(settings_for(llama), api_key="sk-other", model="tiny"))
    with pytest.raises(WrongKey):
        await anext(endpoint.stream(ASKED, max_tokens=10))
    await endpoint.aclose()


async def test_leaving_frees_its_only_slot(tmp_path):
    """Were the slot not freed, the next answer would begin only when this one had filled a window
    of 65,536 tokens, and be too late."""
    model = write(tmp_path / "tiny.gguf", context=65_536)
    with serving(model, context=65_536) as server:
        endless = replace(
            settings_for(server),
            parameters={"ignore_eos": True},
            parameter_allowlist=("ignore_eos",),
            first_seconds=10,
        )
        endpoint = Endpoint(endless)
        for _ in range(3):
            async with aclosing(endpoint.stream(ASKED, max_tokens=60_000)) as tokens:
                assert (await anext(tokens)).text
            await cancelled(endpoint)
        await endpoint.aclose()


async def cancelled(endpoint: Endpoint) -> None:
    """An answer whose reader is cancelled after the first word."""
    heard = asyncio.Event()

    async def read() -> None:
        async for _ in endpoint.stream(ASKED, max_tokens=60_000):
            heard.set()

    reader = asyncio.create_task(read())
    await asyncio.wait([reader, asyncio.create_task(heard.wait())], return_when="FIRST_COMPLETED")
    assert heard.is_set()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader


async def test_a_schema_gets_valid_json_out_of_it(model):
    schema = {
        "type": "object",
        "properties": {"traces": {"type": "array", "items": {"type": "string"}, "maxItems": 5}},
        "required": ["traces"],
        "additionalProperties": False,
    }
    asked = [Message("user", "Which traces?")]
    for _ in range(10):
        said = await whole(model, asked, max_tokens=200, schema=schema, characters=4_000)
        assert all(isinstance(trace, str) for trace in json.loads(said)["traces"])


async def test_it_serves_the_model_and_nothing_else(llama):
    headers = {"Authorization": f"Bearer {llama.api_key}", "Origin": "https://example.org"}
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{llama.url}/v1/models")).status_code == 401
        for path in ("/", "/slots"):
            assert (await client.get(llama.url + path, headers=headers)).status_code >= 400
        allowed = (await client.get(f"{llama.url}/v1/models", headers=headers)).headers
        assert allowed.get("Access-Control-Allow-Origin", "") == ""


async def test_an_answer_ends_with_the_server(tmp_path):
    model = write(tmp_path / "tiny.gguf")
    assert model.stat().st_size < 1_000_000
    with serving(model, context=512) as server:
        endpoint = Endpoint(settings_for(server))
        assert await endpoint.window() == 512
    with pytest.raises(Unreachable):
        await anext(endpoint.stream(ASKED, max_tokens=10))
    await endpoint.aclose()
