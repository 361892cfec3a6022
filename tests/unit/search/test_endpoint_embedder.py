"""An embedding server is asked as it can answer, and however it behaves there is a sentence."""

import asyncio
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from tests.support.llama import Llama
from tests.support.network import expected_attempts
from tests.support.upstream import (
    Call,
    Script,
    Upstream,
    answers,
    endless_body,
    hangs_up,
    raw,
    refusal,
    then_waits,
)

from llamora.search.embedder import EmbedderUnavailable, Vectors
from llamora.search.endpoint import EndpointEmbedder, EndpointSettings

TEXT = "The heron came back."
SETTINGS = EndpointSettings(base_url="http://127.0.0.1:1", model="tiny", api_key="sk-quiet")
IMPATIENT = replace(SETTINGS, silent_seconds=0.3, total_seconds=0.5)


def embedder_at(url: str, settings: EndpointSettings = SETTINGS) -> EndpointEmbedder:
    return EndpointEmbedder(replace(settings, base_url=url))


async def passages(embedder: EndpointEmbedder, *texts: str) -> Vectors:
    return await asyncio.to_thread(embedder.passages, texts)


def sentence(embedder: EndpointEmbedder, texts: Sequence[str] = (TEXT,)) -> str:
    """Why it cannot be asked; one sentence, and then what still works."""
    with pytest.raises(EmbedderUnavailable) as raised:
        embedder.passages(texts)
    said = raised.value.sentence
    assert said.endswith(".")
    assert ". " not in said
    assert str(raised.value) == f"{said} Words still find."
    assert raised.value.__cause__ is None
    return said


# --- the real llama.cpp ---------------------------------------------------------------------------


def real(llama: Llama, **more: object) -> EndpointEmbedder:
    settings = replace(SETTINGS, api_key=llama.api_key, **more)  # pyright: ignore[reportArgumentType]
    return embedder_at(llama.url, settings)


def test_a_real_server_gives_rows_of_unit_length_in_the_order_of_the_texts(embedding_llama):
    embedder = real(embedding_llama, batch=2)
    texts = ["The evening was quiet.", "heron", "You walked by the river.", "", "heron"]
    rows = embedder.passages(texts)
    assert rows.dtype == np.float32
    assert rows.shape == (5, 128)
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0, 1], abs=1e-5)
    assert rows[1] == pytest.approx(rows[4])
    assert rows[1] == pytest.approx(embedder.query("heron"), abs=1e-5)
    assert rows[1] @ rows[0] < 0.99


def test_a_text_beyond_what_a_real_server_takes_stands_by_its_beginning(embedding_llama):
    embedder = real(embedding_llama)
    long = "The evening was quiet. " * 300
    rows = embedder.passages(["heron", long, "The evening was quiet."])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert rows[1] @ rows[2] > 0.9 > rows[1] @ rows[0]


def test_a_real_server_wants_its_key(embedding_llama):
    said = sentence(embedder_at(embedding_llama.url))
    assert "EMBEDDING.api_key" in said


def test_a_real_server_that_only_chats_is_told_how_to_embed(llama):
    assert "--embeddings" in sentence(real(llama))


# --- what is asked --------------------------------------------------------------------------------


def data(*vectors: object) -> dict[str, object]:
    return {"data": [{"index": at, "embedding": each} for at, each in enumerate(vectors)]}


async def honest(call: Call) -> None:
    """A vector that tells how long the text was; listed last first, which is allowed."""
    rows = data(*([len(text), 1.0] for text in call.body["input"]))["data"]
    await answers("200 OK", {"data": rows[::-1]})(call)  # pyright: ignore[reportIndexIssue]


def taking(most: int, longest: int, status: str, message: str) -> Script:
    async def script(call: Call) -> None:
        texts = call.body["input"]
        if len(texts) > most or any(len(text) > longest for text in texts):
            await answers(status, refusal(int(status[:3]), message, "server_error"))(call)
        else:
            await honest(call)

    return script


def slope(rows: Vectors) -> list[float]:
    """How long each text was that the server was given."""
    return [round(float(row[0] / row[1]), 3) if row.any() else 0 for row in rows]


async def test_the_request_says_what_the_interface_asks_for_and_nothing_else():
    async with Upstream(honest) as server:
        embedder = embedder_at(f"{server.url}/v1", replace(SETTINGS, passage_prefix="passage: "))
        await passages(embedder, TEXT)
        [call] = server.calls
    assert (call.method, call.path) == ("POST", "/v1/embeddings")
    assert call.headers["authorization"] == "bearer sk-quiet"
    wanted = {"model": "tiny", "input": [f"passage: {TEXT}"], "encoding_format": "float"}
    assert call.body == wanted


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("", "/v1/embeddings"),
        ("/", "/v1/embeddings"),
        ("/v1", "/v1/embeddings"),
        ("/api/v3/", "/api/v3/embeddings"),
    ],
)
async def test_a_bare_address_means_v1_and_one_with_a_path_means_it(base, path):
    async with Upstream(honest) as server:
        await passages(embedder_at(server.url + base), TEXT)
        assert server.calls[0].path == path


async def test_texts_go_in_batches_and_come_back_in_order():
    async with Upstream(honest) as server:
        embedder = embedder_at(server.url, replace(SETTINGS, batch=2))
        rows = await passages(embedder, "a", "  \n", "abc", "ab", "abcd", "a\ud800b")
        assert [len(call.body["input"]) for call in server.calls] == [2, 2, 1]
    assert slope(rows) == [1, 0, 3, 2, 4, 3]


async def test_a_question_has_its_own_prefix_and_no_say_in_the_name():
    settings = replace(SETTINGS, query_prefix="search_query: ", passage_prefix="search_document: ")
    async with Upstream(honest) as server:
        embedder = embedder_at(server.url, settings)
        row = await asyncio.to_thread(embedder.query, "heron")
        assert row.shape == (2,)
        assert server.calls[0].body["input"] == ["search_query: heron"]
    assert embedder.name == "endpoint tiny after 'search_document: '"
    assert EndpointEmbedder(SETTINGS).name == "endpoint tiny"


async def test_without_content_nothing_of_the_journal_is_sent():
    async with Upstream(honest) as server:
        embedder = embedder_at(server.url)
        assert (await passages(embedder)).shape == (0, 0)
        rows = await passages(embedder, "", "\n ")
        assert [call.body["input"] for call in server.calls] == [["a"]]
        assert rows.tolist() == [[0, 0], [0, 0]]
        assert (await asyncio.to_thread(embedder.query, " ")).tolist() == [0, 0]
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("500 Oops", "input (812 tokens) is too large to process. increase the batch size"),
        ("400 No", "This model's maximum context length is 8192 tokens"),
        ("400 No", "the input length exceeds the context length"),
        ("413 No", "inputs must have less than 512 tokens"),
        ("422 No", "batch size 16 > maximum allowed batch size 3"),
    ],
)
async def test_what_is_too_large_is_split_and_then_shortened(status, message):
    async with Upstream(taking(3, 60, status, message)) as server:
        rows = await passages(embedder_at(server.url), *("ab" * n for n in range(1, 9)), "x" * 200)
    assert slope(rows) == [*range(2, 18, 2), 50]


async def test_a_server_that_takes_nothing_is_given_up_soon():
    async with Upstream(answers("413 No", b"")) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url), [TEXT] * 16)
        assert len(server.calls) < 12
    assert "very short" in said


# --- what is answered -----------------------------------------------------------------------------

ONE = [0.6, 0.8]
GARBAGE: dict[str, Script] = {
    "a page": answers("200 OK", b"<html>The heron", kind="text/html"),
    "nothing": answers("200 OK", b""),
    "a list": answers("200 OK", [1, 2]),
    "null": answers("200 OK", b"null"),
    "an error": answers("200 OK", refusal(500, TEXT, "x")),
    "no rows": answers("200 OK", {"data": []}),
    "too many rows": answers("200 OK", data(ONE, ONE)),
    "a row twice": answers("200 OK", {"data": [{"index": 1, "embedding": ONE}]}),
    "rows without a place": answers("200 OK", {"data": [{"embedding": ONE}]}),
    "no numbers": answers("200 OK", data([])),
    "base64": answers("200 OK", data("AACAPwAAgD8=")),
    "words": answers("200 OK", data(["heron", "pond"])),
    "a vector for each token": answers("200 OK", data([ONE, ONE])),
    "not a number": answers("200 OK", b'{"data": [{"index": 0, "embedding": [NaN, 1]}]}'),
    "beyond all numbers": answers("200 OK", b'{"data": [{"index": 0, "embedding": [1e999]}]}'),
    "a null": answers("200 OK", data([None, 1])),
    "very wide": answers("200 OK", data([0] * 20_000)),
    "nested beyond reason": answers("200 OK", b"[" * 200_000),
    "packed though not asked to": answers("200 OK", b"\x1f\x8b\x08", "Content-Encoding: gzip"),
    "without end": endless_body,
    "not HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "cut": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
    "hangs up": hangs_up,
}
REFUSALS: dict[str, tuple[Script, str]] = {
    "307": (answers("307 Moved", b"", "Location: http://127.0.0.1:9/x"), "its final address"),
    "401": (answers("401 No", refusal(401, TEXT, "auth")), "EMBEDDING.api_key"),
    "403": (answers("403 No", b""), "EMBEDDING.api_key"),
    "404": (answers("404 No", {"error": f"model {TEXT} not found"}), "EMBEDDING.model"),
    "400": (answers("400 No", refusal(400, f"Pooling {TEXT}", "x")), "--pooling"),
    "418": (answers("418 No", TEXT.encode()), "status 418"),
    "429": (answers("429 No", {}), "busy"),
    "500": (answers("500 Oops", f"<h1>{TEXT}".encode()), "status 500"),
    "501": (answers("501 No", {}), "--embeddings"),
    "503": (answers("503 No", refusal(503, "Loading model", "x")), "loading"),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_refused_in_one_sentence_that_repeats_none_of_it(name, caplog):
    caplog.set_level(logging.DEBUG)
    async with Upstream(GARBAGE[name]) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url))
    assert "not embeddings" in said
    assert_quiet(said, caplog.text)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_says_what_to_do_and_repeats_nothing(name, caplog):
    caplog.set_level(logging.DEBUG)
    script, expected = REFUSALS[name]
    async with Upstream(script) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url))
        assert len(server.calls) == 1
    assert expected in said
    assert_quiet(said, caplog.text)


def assert_quiet(*texts: str) -> None:
    assert not [word for word in ("heron", "sk-quiet") for text in texts if word in text]


async def test_vectors_that_float_cannot_square_still_come_out_at_unit_length():
    rows = [[1e200, 0.0], [1e-200, 1e-200], [0.0, 0.0]]
    async with Upstream(answers("200 OK", data(*rows))) as server:
        found = await passages(embedder_at(server.url), "a", "b", "c")
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 0])


async def test_rows_of_different_lengths_are_no_embeddings():
    async with Upstream(answers("200 OK", data(ONE, [1.0]))) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url), [TEXT, TEXT])
    assert "not embeddings" in said


async def test_another_model_behind_the_same_name_is_noticed():
    async def grows(call: Call) -> None:
        await answers("200 OK", data([1.0] * call.number))(call)

    async with Upstream(grows) as server:
        embedder = embedder_at(server.url)
        await passages(embedder, TEXT)
        assert "another length" in await asyncio.to_thread(sentence, embedder)


@pytest.mark.parametrize("headers", [True, False])
async def test_silence_is_not_waited_for(headers):
    async with Upstream(then_waits(headers=headers)) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url, IMPATIENT))
    assert "too long" in said


async def test_an_answer_that_drips_ends_with_the_time_for_it():
    async def drips(call: Call) -> None:
        await call.begin()
        while True:
            await call.send(b" ")
            await asyncio.sleep(0.05)

    async with Upstream(drips) as server:
        said = await asyncio.to_thread(sentence, embedder_at(server.url, IMPATIENT))
    assert "too long" in said


def test_nobody_there_is_a_sentence():
    assert "cannot be reached" in sentence(EndpointEmbedder(SETTINGS))


# --- where it may not be --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://169.254.169.254/v1", "link-local"),
        ("http://[::ffff:169.254.169.254]/v1", "link-local"),
        ("https://[fd00:ec2::254]/v1", "link-local"),
        ("http://192.0.2.7:8080", "plain http"),
        ("ftp://127.0.0.1", "http or https"),
        ("http://ada:sk-quiet@127.0.0.1", "name or password"),
        ("http://127.0.0.1/v1?key=sk-quiet", "behind its path"),
        ("http://127.0.0.1:99999", "cannot be read"),
        ("", "http or https"),
    ],
)
def test_an_address_that_may_not_be_used_is_refused_before_anything_is_sent(url, reason):
    said = sentence(embedder_at(url))
    assert reason in said
    assert_quiet(said)


@contextmanager
def looked_up_as(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lambda *a, **k: [(0, 0, 0, "", (address, 0))])
        yield


@pytest.mark.parametrize(
    ("url", "address", "reason"),
    [
        ("https://embed.example", "169.254.169.254", "link-local"),
        ("http://localhost:8080", "192.0.2.1", "should lead to this machine"),
    ],
)
def test_a_name_that_misleads_is_refused(url, address, reason, monkeypatch):
    with looked_up_as(address, monkeypatch):
        assert reason in sentence(embedder_at(url))


def test_plain_http_elsewhere_wants_a_word():
    with expected_attempts() as attempts:
        said = sentence(
            embedder_at("http://192.0.2.7:8080", replace(SETTINGS, allow_plain_http=True))
        )
    assert "cannot be reached" in said
    assert len(attempts) == 1


async def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with Upstream(honest) as server:
        assert (await passages(embedder_at(server.url), TEXT)).any()


def test_https_is_verified_however_it_is_written(monkeypatch):
    import httpx

    seen = []
    monkeypatch.setattr(httpx, "Client", lambda **options: seen.append(options) or _Absent())
    with looked_up_as("192.0.2.1", monkeypatch):
        sentence(embedder_at(" HTTPS://embed.example/v1"))
    assert (seen[0]["verify"], seen[0]["trust_env"], seen[0]["follow_redirects"]) == (
        True, False, False,
    )  # fmt: skip


class _Absent:
    def stream(self, *_: object, **__: object) -> object:
        import httpx

        raise httpx.ConnectError("no")


def test_the_key_is_in_no_repr():
    assert "sk-quiet" not in repr(SETTINGS)
