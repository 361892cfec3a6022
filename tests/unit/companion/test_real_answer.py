"""The real llama.cpp is told what belongs to an entry, and the answer keeps what it was."""

from datetime import date

import pytest
from tests.support.journals import write
from tests.support.llama import Llama, serving
from tests.support.tiny_gguf import write as write_gguf

from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.journal.journal import Journal
from llamora.journal.writing import Entry, Response


async def answered(sources: Sources, llama: Llama, entry: Entry) -> Response:
    model = Endpoint(ModelSettings(host=llama.url, api_key=llama.api_key, temperature=0.5))
    companion = Companion(sources, model, Prompts(), CompanionLimits(reply_tokens=200))
    response = await companion.respond(entry.id, "key")
    generation = companion.generation(response.id)
    assert generation
    await generation.ended.wait()
    await companion.close()
    await model.aclose()
    return generation.response


async def test_an_answer_keeps_what_was_read_for_it_and_what_that_cost(
    ada: Journal, searching: Sources, llama: Llama
) -> None:
    far = await write(ada, "A heron in the snow by the weir.", date(2024, 1, 5))
    await (await searching.search()).whole()
    entry = await write(ada, "The heron came back to the weir.")
    response = await answered(searching, llama, entry)
    assert (response.state, response.model) == ("done", "tiny")
    reading = ada.response(response.id).reading
    assert reading
    assert [(piece.kind, piece.writing) for piece in reading.pieces] == [
        ("related", far.id),
        ("entry", entry.id),
    ]
    assert all(n > 0 for n in reading.tokens)
    assert reading.parameters["temperature"] == 0.5
    assert len(reading.digest) == 16


@pytest.mark.parametrize(
    "line", ["The heron stood. ", "静かな水辺に鷺が立っていた。", "האנפה עמדה במים. "]
)
async def test_the_longest_entry_is_answered_in_a_window_of_512_tokens(
    ada: Journal, searching: Sources, tmp_path, line: str
) -> None:
    text = line * (64_000 // len(line.encode()))
    await write(ada, text, date(2024, 1, 5))
    entry = await write(ada, text)
    with serving(write_gguf(tmp_path / "tiny.gguf"), context=512) as llama:
        response = await answered(searching, llama, entry)
    assert response.state == "done", response
    assert response.text
    assert response.reading
    (piece,) = response.reading.pieces
    assert len(piece.spans) == 2, "its middle was left out"
