"""How a model's server is, as far as can be told without a word of the diary; and its tokenizer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from tests.support.llama import Llama
from tests.support.upstream import Call, Script, Upstream, answers

from llamora.companion import endpoint as module
from llamora.companion.budget import estimate
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import Health, TooSlow, Unreachable, WrongKey

TEXT = "The evening was quiet. heron"
PROPS = {"default_generation_settings": {"n_ctx": 2048}}


@asynccontextmanager
async def model_at(url: str, **settings: Any) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(ModelSettings(host=url, **settings))
    try:
        yield endpoint
    finally:
        await endpoint.aclose()


class Server(Upstream):
    """One that answers at `/health` and `/v1/models` as told, too."""

    def __init__(self, health: Script, listed: Script, **more: Any) -> None:
        super().__init__(answers("200 OK", {"tokens": [1, 2, 3]}), **more)
        self._ways = {"/health": health, "/v1/models": listed}

    async def _read(self, reader: Any, writer: Any) -> Call:
        call = await super()._read(reader, writer)
        if way := self._ways.get(call.path):
            self.calls.append(call)
            await way(call)
            raise ConnectionError  # it is answered
        return call


FINE = answers("200 OK", {"status": "ok"})
LISTED = answers("200 OK", {"data": [{"id": "heron"}]})
MISSING = answers("404 Not Found", b"nothing here", kind="text/plain")
LOADING = answers(
    "503 Service Unavailable", {"error": {"message": "Loading model", "type": "unavailable_error"}}
)


@pytest.mark.parametrize(
    ("health", "listed", "props", "said"),
    [
        (FINE, LISTED, PROPS, Health("ready", window=2048)),
        (MISSING, LISTED, None, Health("ready", window=4096)),
        (answers("200 OK", b""), LISTED, None, Health("ready", window=4096)),
        (MISSING, MISSING, None, Health("ready", window=4096)),
        (LOADING, LOADING, None, Health("loading")),
        (FINE, answers("401 Unauthorized", {}), None, Health("failed", WrongKey.sentence)),
    ],
    ids=["llama.cpp", "hosted", "vLLM", "lists none", "loading", "wrong key"],
)
async def test_a_server_says_how_it_is(health: Script, listed: Script, props: Any, said: Health):
    async with Server(health, listed, props=props) as server, model_at(server.url) as model:
        assert await model.health() == said
        assert server.posts == []


async def test_one_that_is_away_or_silent_has_failed(monkeypatch: pytest.MonkeyPatch):
    async with model_at("http://127.0.0.1:1") as model:
        assert await model.health() == Health("failed", Unreachable.sentence)
    monkeypatch.setattr(module, "HEALTH_SECONDS", 0.1)

    async def silent(call: Call) -> None:
        await call.until_left()

    async with Server(silent, silent) as server, model_at(server.url) as model:
        assert await model.health() == Health("failed", TooSlow.sentence)


async def test_one_that_is_not_to_be_asked_is_not_asked():
    async with Upstream(FINE) as server, model_at(server.url, ask_window=False) as model:
        assert await model.health() == Health("unknown")
        assert await model.window() == 4096
        assert await model.count(TEXT) == estimate(TEXT)
        assert server.calls == []


async def test_only_what_has_shown_itself_to_be_llama_is_sent_text_to_count():
    async with Upstream(FINE) as server, model_at(server.url) as model:
        await model.window()
        assert await model.count(TEXT) == estimate(TEXT)
        assert server.posts == []
    async with Server(FINE, LISTED, props=PROPS) as server, model_at(server.url) as model:
        assert await model.count(TEXT) == estimate(TEXT), "nothing is known of it yet"
        await model.window()
        assert await model.count(TEXT) == 3
        assert [(call.path, call.body) for call in server.posts] == [
            ("/tokenize", {"content": TEXT})
        ]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"tokens": 3}', b"null"])
async def test_a_count_that_cannot_be_read_is_guessed(body: bytes):
    async with Upstream(answers("200 OK", body), props=PROPS) as server, model_at(server.url) as m:
        await m.window()
        assert await m.count(TEXT) == estimate(TEXT)


async def test_the_real_one_says_it_is_well_and_counts(llama: Llama):
    settings = ModelSettings(host=llama.url, api_key=llama.api_key)
    model = Endpoint(settings)
    assert await model.health() == Health("ready", window=llama.context)
    assert await model.count(TEXT) == 6 < estimate(TEXT)
    await model.aclose()
    model = Endpoint(replace(settings, api_key="sk-other"))
    assert await model.health() == Health("failed", WrongKey.sentence)
    await model.aclose()
