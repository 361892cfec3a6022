"""However a model's server behaves, an answer ends in a state that has a name."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest
from tests.support.upstream import (
    ANSWER,
    BEGUN,
    LOADING,
    TOO_LONG,
    WAYS,
    WHOLE,
    Call,
    Script,
    Upstream,
    answers,
    chunk,
    repeats,
    streams,
    then_waits,
)

from llamora.companion import endpoint as module
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.model import (
    BadAddress,
    Message,
    ModelError,
    Overflow,
    Redirected,
    Refused,
    Unreachable,
    Withdrawn,
    whole,
)

ASKED = [Message("system", "Be kind."), Message("user", "The heron came back.")]
SETTINGS = ModelSettings(host="http://127.0.0.1:1", api_key="sk-quiet")


@asynccontextmanager
async def model_at(url: str, settings: ModelSettings = SETTINGS) -> AsyncIterator[Endpoint]:
    endpoint = Endpoint(replace(settings, host=url))
    try:
        yield endpoint
    finally:
        await endpoint.aclose()


async def listen(endpoint: Endpoint) -> tuple[str, str, ModelError | None]:
    """What was said, how it finished and what went wrong."""
    said, finish = [], ""
    try:
        async with aclosing(endpoint.stream(ASKED, max_tokens=50)) as tokens:
            async for token in tokens:
                said = [*([] if token.anew else said), token.text]
                finish = token.finish
    except ModelError as error:
        return "".join(said), finish, error
    return "".join(said), finish, None


async def nothing_left(server: Upstream, before: set[asyncio.Task]) -> None:
    """Every socket is closed and every task is over; waits as long as that takes, within reason."""
    async with asyncio.timeout(5):
        await server.left()
        while asyncio.all_tasks() - before:  # noqa: ASYNC110
            await asyncio.sleep(0)


async def with_script(
    script: Script, settings: ModelSettings = SETTINGS
) -> tuple[str, str, ModelError | None]:
    async with Upstream(script) as server, model_at(server.url, settings) as endpoint:
        return await listen(endpoint)


@pytest.mark.parametrize("name", WAYS)
async def test_each_way_of_misbehaving_ends_in_a_named_state_and_leaves_nothing_behind(
    name, monkeypatch, caplog
):
    caplog.set_level(logging.DEBUG)
    way = WAYS[name]
    monkeypatch.setattr(module, "LOADING_SECONDS", 0.05)
    first, between, total = way.patience
    settings = replace(
        SETTINGS, first_seconds=first, between_seconds=between, total_seconds=total, max_retries=2
    )
    before = asyncio.all_tasks()
    async with Upstream(way.script) as server:
        running = asyncio.all_tasks()
        async with model_at(server.url, settings) as endpoint:
            said, finish, error = await listen(endpoint)
            await nothing_left(server, running)
        assert said == way.said
        assert (error and error.code) == (way.error and way.error.code)
        assert error or finish == way.finish
        assert way.posts == len(server.posts) or name == "loads for ever"
        for words in (ANSWER, "heron", "sk-quiet"):
            assert words not in f"{error} {error and error.sentence} {caplog.text}"
    assert asyncio.all_tasks() == before


def test_there_are_more_ways_than_were_asked_for():
    assert len(WAYS) >= 33


async def test_nobody_there_is_unreachable():
    async with model_at("http://127.0.0.1:1") as endpoint:
        said, _, error = await listen(endpoint)
    assert said == ""
    assert isinstance(error, Unreachable)


async def test_the_request_says_what_was_set_and_only_what_may_be_said():
    settings = replace(
        SETTINGS,
        model="org/heron",
        temperature=0.5,
        stop=("###",),
        parameters={"top_k": 40, "logit_bias": {}, "stream": False, "messages": [], "model": "x"},
        parameter_allowlist=("top_k", "stream", "messages", "model", "temperature"),
    )
    async with Upstream(streams(WHOLE)) as server, model_at(server.url, settings) as endpoint:
        await listen(endpoint)
        assert [call.method for call in server.calls] == ["POST"]
        call = server.posts[0]
    assert call.path == "/v1/chat/completions"
    assert call.headers["authorization"] == "bearer sk-quiet"
    assert call.body == {
        "temperature": 0.5, "stop": ["###"], "top_k": 40, "model": "org/heron", "stream": True,
        "max_tokens": 50, "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "The heron came back."},
        ],
    }  # fmt: skip


async def test_the_first_model_listed_is_asked_and_its_folder_is_nobodys_business():
    async with Upstream(streams(WHOLE)) as server, model_at(server.url) as endpoint:
        assert endpoint.name == ""
        await listen(endpoint)
        await listen(endpoint)
        assert endpoint.name == "heron-7b"
        assert [call.path for call in server.calls].count("/v1/models") == 1
        assert server.posts[0].body["model"] == "/home/ada/models/heron-7b.gguf"


@pytest.mark.parametrize(
    "listed", [{}, {"data": []}, {"data": [{}]}, [], "x", {"data": [{"id": 7}]}]
)
async def test_a_server_that_lists_no_model_is_asked_without_one(listed):
    async with (
        Upstream(streams(WHOLE), models=listed or {"data": None}) as server,
        model_at(server.url) as endpoint,
    ):
        assert await listen(endpoint) == (ANSWER, "stop", None)
        assert "model" not in server.posts[0].body
        assert endpoint.name == "x"  # as the answer itself says


async def test_proxies_in_the_environment_are_not_asked(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await with_script(streams(WHOLE)) == (ANSWER, "stop", None)


async def test_a_redirect_is_never_followed():
    async with Upstream(streams(WHOLE)) as elsewhere:
        moved = answers("307 Moved", b"", f"Location: {elsewhere.url}/v1/chat/completions")
        said, _, error = await with_script(moved)
        assert elsewhere.calls == []
    assert said == ""
    assert isinstance(error, Redirected)


async def test_an_overflow_says_how_large_the_window_is():
    _, _, error = await with_script(answers("400 Bad Request", TOO_LONG))
    assert isinstance(error, Overflow)
    assert (error.n_ctx, error.n_prompt) == (1024, 5419)
    said = "This model's maximum context length is 8192 tokens, however you asked for 9000."
    _, _, error = await with_script(answers("400 Bad Request", {"error": {"message": said}}))
    assert isinstance(error, Overflow)
    assert error.n_ctx == 8192


SCHEMA = {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}


def refusing(status: str, *, also_without: bool = False) -> Script:
    """A server that does not know what a schema is."""

    async def script(call: Call) -> None:
        if also_without or "response_format" in call.body:
            await answers(status, {"error": {"message": "unknown field"}})(call)
        else:
            await streams(WHOLE)(call)

    return script


async def asked_for_json(endpoint: Endpoint) -> str:
    return await whole(endpoint, ASKED, max_tokens=50, schema=SCHEMA, characters=1_000)


async def test_a_schema_goes_with_the_request_that_has_one_and_with_no_other():
    async with Upstream(streams(WHOLE)) as server, model_at(server.url) as endpoint:
        assert await asked_for_json(endpoint) == ANSWER
        await listen(endpoint)
        with_schema, without = (call.body for call in server.posts)
    form = {"name": "reply", "strict": True, "schema": SCHEMA}
    assert with_schema["response_format"] == {"type": "json_schema", "json_schema": form}
    assert "response_format" not in without


@pytest.mark.parametrize("status", ["400 Bad Request", "422 No", "500 Oops", "501 Not Yet"])
async def test_a_server_that_refuses_schemas_is_asked_without_from_then_on(status):
    async with Upstream(refusing(status)) as server, model_at(server.url) as endpoint:
        assert await asked_for_json(endpoint) == ANSWER
        assert await asked_for_json(endpoint) == ANSWER
        assert ["response_format" in call.body for call in server.posts] == [True, False, False]


async def test_a_server_that_refuses_either_way_did_not_mind_the_schema():
    script = refusing("400 Bad Request", also_without=True)
    async with Upstream(script) as server, model_at(server.url) as endpoint:
        for _ in range(2):
            with pytest.raises(Refused):
                await asked_for_json(endpoint)
        assert ["response_format" in call.body for call in server.posts] == [True, False] * 2


@pytest.mark.parametrize("status", ["401 No", "404 No", "429 Slow Down"])
async def test_what_is_no_matter_of_schemas_is_not_asked_twice(status):
    async with Upstream(refusing(status)) as server, model_at(server.url) as endpoint:
        with pytest.raises(ModelError):
            await asked_for_json(endpoint)
        assert len(server.posts) == 1


async def test_a_whole_answer_is_left_off_where_it_has_grown_too_long():
    running = asyncio.all_tasks()
    async with Upstream(repeats(chunk("word "))) as server, model_at(server.url) as endpoint:
        running |= asyncio.all_tasks()
        said = await whole(endpoint, ASKED, max_tokens=50, characters=12)
        assert said == "word word wo"
        await nothing_left(server, running)


async def test_what_may_not_be_sent_any_more_is_not_even_after_a_long_wait():
    allowed = iter([True, True, False])
    async with Upstream(LOADING) as server, model_at(server.url) as endpoint:
        answer = endpoint.stream(ASKED, max_tokens=50, may_send=lambda: next(allowed))
        with pytest.raises(Withdrawn):
            await anext(answer)
        assert len(server.posts) == 2


@pytest.mark.parametrize("script", [then_waits(BEGUN), repeats(chunk("word "), pause=0.01)])
async def test_cancelling_closes_the_connection(script):
    running = asyncio.all_tasks()
    async with Upstream(script) as server, model_at(server.url) as endpoint:
        running |= asyncio.all_tasks()
        heard = asyncio.Event()

        async def read() -> None:
            async for _ in endpoint.stream(ASKED, max_tokens=50):
                heard.set()

        reader = asyncio.create_task(read())
        await heard.wait()
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await nothing_left(server, running)


async def test_cancelling_before_the_first_word_closes_the_connection():
    async with Upstream(then_waits(headers=False)) as server, model_at(server.url) as endpoint:
        running = asyncio.all_tasks()
        reader = asyncio.create_task(listen(endpoint))
        while not server.posts:  # noqa: ASYNC110
            await asyncio.sleep(0)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        await nothing_left(server, running)


async def test_closing_the_stream_closes_the_connection():
    async with Upstream(then_waits(BEGUN)) as server, model_at(server.url) as endpoint:
        async with aclosing(endpoint.stream(ASKED, max_tokens=50)) as tokens:
            assert (await anext(tokens)).text == ANSWER[:9]
        async with asyncio.timeout(5):
            await server.left()


async def test_a_slow_reader_is_not_a_slow_model():
    settings = replace(SETTINGS, between_seconds=1.0)
    async with (
        Upstream(streams(chunk("one "), chunk("two"), chunk(finish="stop"))) as server,
        model_at(server.url, settings) as endpoint,
    ):
        said = []
        async for token in endpoint.stream(ASKED, max_tokens=50):
            said.append(token.text)
            await asyncio.sleep(1.2)
    assert "".join(said) == "one two"


async def test_an_answer_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(module, "ANSWER_LIMIT", 1000)
    said, finish, error = await with_script(repeats(chunk("word ")))
    assert (finish, error) == ("length", None)
    assert 1000 < len(said) < 100_000


async def test_a_letter_that_cannot_be_sent_does_not_stop_the_rest():
    async with Upstream(streams(WHOLE)) as server, model_at(server.url) as endpoint:
        async for _ in endpoint.stream([Message("user", "half \ud83d a pair")], max_tokens=5):
            pass
        assert server.posts[0].body["messages"][0]["content"] == "half ? a pair"


@pytest.mark.parametrize(
    ("props", "ctx_size", "window"),
    [
        ({"default_generation_settings": {"n_ctx": 1024}}, 0, 1024),
        ({"default_generation_settings": {"n_ctx": 1024}}, 8192, 1024),
        ({"default_generation_settings": {}}, 8192, 8192),
        ({"default_generation_settings": {"n_ctx": "many"}}, 0, 4096),
        (["odd"], 0, 4096),
        (None, 0, 4096),
        (None, 2048, 2048),
    ],
)
async def test_the_window_is_the_servers_word_or_the_setting_or_small(props, ctx_size, window):
    settings = replace(SETTINGS, ctx_size=ctx_size)
    async with (
        Upstream(streams(WHOLE), props=props) as server,
        model_at(server.url, settings) as endpoint,
    ):
        assert await endpoint.window() == window
        assert await endpoint.window() == window
        assert [call.path for call in server.calls] == ["/props"]


async def test_the_window_of_a_server_that_is_away_is_guessed_and_asked_again():
    async with model_at("http://127.0.0.1:1") as endpoint:
        assert await endpoint.window() == 4096
        assert endpoint._window == 0


def paths(settings: ModelSettings) -> Sequence[str]:
    endpoint = Endpoint(settings)
    return endpoint._at(""), endpoint._at("/models"), endpoint._at("/props", root=True)


@pytest.mark.parametrize(
    ("settings", "chat", "models", "props"),
    [
        (ModelSettings(host="http://127.0.0.1:81"), "http://127.0.0.1:81/v1/chat/completions",
         "http://127.0.0.1:81/v1/models", "http://127.0.0.1:81/props"),
        (ModelSettings(host="http://localhost:81/llm/"), "http://localhost:81/llm/v1/chat/completions",
         "http://localhost:81/llm/v1/models", "http://localhost:81/llm/props"),
        (ModelSettings(host="http://[::1]:81/v1"), "http://[::1]:81/v1/chat/completions",
         "http://[::1]:81/v1/models", "http://[::1]:81/props"),
        (ModelSettings(host="http://a.localhost", endpoint="/api/chat/completions"),
         "http://a.localhost/api/chat/completions", "http://a.localhost/api/models",
         "http://a.localhost/api/props"),
        (ModelSettings(host="http://127.0.0.1:81", base_url="https://api.example.org/v1"),
         "https://api.example.org/v1/chat/completions", "https://api.example.org/v1/models",
         "https://api.example.org/props"),
        (ModelSettings(base_url="https://api.example.org/openai/"),
         "https://api.example.org/openai/chat/completions", "https://api.example.org/openai/models",
         "https://api.example.org/openai/props"),
    ],
)  # fmt: skip
def test_an_address_is_taken_as_it_is_given(settings, chat, models, props):
    assert paths(settings) == (chat, models, props)


@pytest.mark.parametrize(
    "address",
    [
        "", "127.0.0.1:81", "ftp://127.0.0.1", "file:///etc/passwd", "http://", "http:///v1",
        "http://127.0.0.1:99999", "http://[::1", "http://ada:pw@127.0.0.1", "http://:@127.0.0.1",
        "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", "http://example.org", "http://192.168.0.9:81",
        "http://10.0.0.1", "http://0.0.0.0:81", "http://[2001:db8::1]", "http://localhost.example.org",
        "https://169.254.169.254", "https://[fe80::1]", "https://[fe80::1%25eth0]",
        "https://[::ffff:169.254.169.254]", "https://169.254.1.1.", "https://[fd00:ec2::254]",
        "https://[64:ff9b::a9fe:a9fe]", "https://[64:ff9b:1::169.254.169.254]",
        "https://[2002:a9fe:a9fe::1]", "https://[::169.254.169.254]",
    ],
)  # fmt: skip
def test_an_address_that_prompts_must_not_go_to_is_refused_before_anything_is_sent(address):
    with pytest.raises(BadAddress) as refused:
        Endpoint(ModelSettings(host=address))
    assert "ada:" not in str(refused.value)
    with pytest.raises(BadAddress):
        Endpoint(ModelSettings(base_url=address or "x"))


@pytest.mark.parametrize(
    ("address", "remote"),
    [
        ("http://127.0.0.1:81", ""), ("http://127.8.8.8", ""), ("http://[::1]", ""),
        ("http://localhost", ""), ("https://llama.localhost", ""),
        ("http://[::ffff:127.0.0.1]", ""),
        ("https://api.example.org/v1", "api.example.org"), ("https://192.168.0.9", "192.168.0.9"),
    ],
)  # fmt: skip
def test_a_model_elsewhere_is_known_as_such(address, remote):
    assert Endpoint(ModelSettings(host=address)).remote == remote


def test_plain_http_beyond_this_machine_needs_the_setting():
    settings = ModelSettings(host="http://192.168.0.9:81", allow_plain_http=True)
    assert Endpoint(settings).remote == "192.168.0.9"
    with pytest.raises(BadAddress):
        Endpoint(replace(settings, host="http://169.254.0.9:81"))


@pytest.mark.parametrize("key", ["a\nb", "sk é", "two words", "tab\t"])
def test_a_key_that_would_break_a_header_is_refused(key):
    with pytest.raises(BadAddress) as refused:
        Endpoint(ModelSettings(host="http://127.0.0.1", api_key=key))
    assert key not in str(refused.value)


def test_settings_do_not_show_the_key():
    assert "sk-quiet" not in repr(SETTINGS)


@pytest.mark.parametrize("host", ["metadata.example", "2852039166", "0xa9fea9fe"])
async def test_a_name_that_leads_to_a_link_local_address_is_refused(host, monkeypatch):
    async def found(*_: object, **__: object) -> list[tuple]:
        return [(2, 1, 6, "", ("169.254.169.254", 0))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    async with model_at(f"https://{host}") as endpoint:
        _, _, error = await listen(endpoint)
    assert isinstance(error, BadAddress)


@pytest.mark.parametrize("found", [["10.0.0.9"], ["127.0.0.1", "10.0.0.9"], ["2001:db8::1"]])
@pytest.mark.parametrize("host", ["localhost", "llama.localhost"])
async def test_a_name_of_this_machine_that_leads_elsewhere_is_refused(host, found, monkeypatch):
    async def misled(*_: object, **__: object) -> list[tuple]:
        return [(2, 1, 6, "", (address, 0)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", misled)
    async with model_at(f"http://{host}:81") as endpoint:
        _, _, error = await listen(endpoint)
    assert isinstance(error, BadAddress)


async def test_a_name_that_nobody_knows_is_unreachable(monkeypatch):
    async def unknown(*_: object, **__: object) -> list[tuple]:
        raise OSError

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with model_at("https://nowhere.example") as endpoint:
        _, _, error = await listen(endpoint)
    assert isinstance(error, Unreachable)


def test_every_error_has_one_calm_sentence_and_its_own_code():
    kinds, todo = set(), [ModelError]
    while todo:
        kinds.add(kind := todo.pop())
        todo += kind.__subclasses__()
    kinds.discard(module.Dropped)
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert kind.sentence.endswith(".")
        assert "!" not in kind.sentence


def test_the_client_is_not_loaded_before_it_is_needed():
    program = (
        "import sys, llamora.companion.endpoint, llamora.companion.prompt;"
        "print([m for m in ('httpx', 'jinja2', 'numpy') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"
