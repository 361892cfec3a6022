"""The model that the server runs itself: loaded when needed, looked after, and gone with its owner.

The real llama.cpp, in the real child; the owner and those who answer share this process.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.tiny_gguf import write

from llamora.cli import llama as owner
from llamora.cli.llama import Llama, Wanted, llama_for
from llamora.companion import endpoint
from llamora.companion.endpoint import ModelSettings
from llamora.companion.managed import Line, Managed
from llamora.companion.model import CutShort, Health, Loading, Message, ModelError, Unreachable
from llamora.companion.trial import trial

ASKED = [Message("system", "Be kind."), Message("user", "The heron came back.")]
PLAIN = ModelSettings()
ENDLESS = ModelSettings(parameters={"ignore_eos": True}, parameter_allowlist=("ignore_eos",))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("model") / "tiny.gguf", context=65_536)


def wanted(model: Path, **more: int) -> Wanted:
    return replace(Wanted(str(model), ctx_size=2048, threads=1), **more)


@asynccontextmanager
async def a_model(llama: Llama, settings: ModelSettings = PLAIN) -> AsyncIterator[Managed]:
    model = Managed(Line(llama.line()), "tiny", settings)
    try:
        yield model
    finally:
        await model.aclose()


@pytest.fixture
async def llama(tiny: Path) -> AsyncIterator[Llama]:
    async with llama_for(wanted(tiny)) as llama:
        yield llama


@pytest.fixture
async def model(llama: Llama) -> AsyncIterator[Managed]:
    async with a_model(llama) as model:
        yield model


def processes() -> list[int]:
    """Those of llama.cpp that this process has started."""
    own = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(n) for n in own if b"\0_llama\0" in Path(f"/proc/{n}/cmdline").read_bytes()]


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC110, ASYNC240
            await asyncio.sleep(0.01)


# --- loading --------------------------------------------------------------------------------------


async def test_it_is_loaded_when_it_is_first_needed_and_not_when_somebody_looks(model: Managed):
    assert await model.health() == Health("asleep")
    assert processes() == []
    assert await trial(model)
    assert len(processes()) == 1


async def test_it_says_its_window_memory_and_how_long_it_took_to_load(model: Managed):
    assert await model.window() == 2048
    health = await model.health()
    assert (health.state, health.window) == ("ready", 2048)
    assert health.memory
    assert health.memory > 10_000_000
    assert health.load_seconds
    assert 0 < health.load_seconds < 30
    assert model.name == "tiny"
    assert model.remote == ""


async def test_it_answers_and_counts_like_any_llama(model: Managed):
    said = "".join([token.text async for token in model.stream(ASKED, max_tokens=100)])
    assert said.endswith(".")
    await model.window()
    assert await model.count("The evening was quiet. heron") == 6


async def test_an_answer_does_not_wait_for_loading_without_end(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(endpoint, "LOADING_SECONDS", 0.05)
    slow = tmp_path / "xllamacpp.py"
    slow.write_text("import time\ntime.sleep(60)\n")
    impatient = ModelSettings(first_seconds=1.0)
    with instead_of_the_real_one(tmp_path):
        async with llama_for(wanted(tiny)) as llama, a_model(llama, impatient) as model:
            with pytest.raises(Loading, match="loading"):
                await trial(model)
            assert (await model.health()).state == "loading"


@pytest.fixture
async def shared(llama: Llama) -> AsyncIterator[tuple[Managed, Managed]]:
    async with a_model(llama) as one, a_model(llama) as other:
        yield one, other


async def test_all_who_ask_share_one(shared: tuple[Managed, Managed]):
    said = await asyncio.gather(*(trial(model) for model in shared * 2))
    assert all(said)
    assert len(processes()) == 1
    assert shared[0]._line.state.url == shared[1]._line.state.url


async def test_one_who_leaves_does_not_take_it_along(llama: Llama):
    async with a_model(llama) as one:
        await trial(one)
    (pid,) = processes()
    async with a_model(llama) as other:
        await trial(other)
    assert processes() == [pid]


# --- dying ----------------------------------------------------------------------------------------


async def killed_while_it_answers(model: Managed) -> None:
    """An answer whose llama.cpp dies after the first word."""
    killed: list[int] = []
    async with aclosing(model.stream(ASKED, max_tokens=60_000)) as tokens:
        async for _ in tokens:
            if not killed:
                killed += processes()
                os.kill(killed[0], signal.SIGKILL)


async def test_killed_in_the_middle_of_an_answer_is_a_sentence_and_the_next_one_comes(llama: Llama):
    async with a_model(llama, ENDLESS) as model:
        with pytest.raises(CutShort) as cut:
            await killed_while_it_answers(model)
        assert cut.value.sentence == "The model broke off before it was done."
        assert await trial(model)


async def test_killed_between_two_answers_is_not_noticed(model: Managed):
    await trial(model)
    (pid,) = processes()
    os.kill(pid, signal.SIGKILL)
    assert await trial(model)


async def test_it_is_started_again_by_itself_later_each_time(
    model: Managed, capfd: pytest.CaptureFixture[str]
):
    await trial(model)
    dead: set[int] = set()
    for _ in range(2):
        (pid,) = processes()
        dead.add(pid)
        before = model._line.state.url
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while model._line.state.url in ("", before):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    assert len({*dead, *processes()}) == 3
    said = capfd.readouterr().err
    assert "started again in 0.5 seconds" in said
    assert "started again in 1 seconds" in said


async def test_one_that_answers_no_more_is_ended_and_started_again(
    model: Managed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(owner, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(owner, "ANSWER_SECONDS", 0.2)
    await trial(model)
    (pid,) = processes()
    os.kill(pid, signal.SIGSTOP)
    await until_gone(pid)
    assert await trial(model)


async def test_it_ends_with_its_owner(tiny: Path):
    async with llama_for(wanted(tiny)) as llama, a_model(llama) as model:
        await trial(model)
        assert len(processes()) == 1
    assert processes() == []


async def test_without_an_owner_it_cannot_be_reached(llama: Llama):
    async with a_model(llama) as model:
        await trial(model)
        llama.hang_up()
        await asyncio.sleep(0)
        assert (await model.health()).sentence == Unreachable.sentence


# --- what cannot be loaded ------------------------------------------------------------------------


@asynccontextmanager
async def a_model_of(file: Path) -> AsyncIterator[Managed]:
    async with llama_for(wanted(file)) as llama, a_model(llama) as model:
        yield model


@contextmanager
def instead_of_the_real_one(folder: Path) -> Iterator[None]:
    """Has the child find the xllamacpp in `folder`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield


async def sentence(model: Managed) -> str:
    """The one sentence that asking comes to; the settings page says the same."""
    with pytest.raises(ModelError) as failed:
        await trial(model)
    said = failed.value.sentence
    assert (await model.health()).sentence == said
    assert await model.window() == 4096, "and a window is guessed"
    assert said.endswith(".")
    return said


async def test_a_file_that_is_not_there_is_one_sentence_and_is_found_when_it_comes(
    tmp_path: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(owner, "FIRST_PAUSE", 0.0)
    async with a_model_of(tmp_path / "tiny.gguf") as model:
        assert "LLM.local.model_path" in await sentence(model)
        (tmp_path / "tiny.gguf").symlink_to(tiny)
        assert await trial(model)


@pytest.fixture
def whole(tiny: Path) -> bytes:
    return tiny.read_bytes()


@pytest.mark.parametrize("what", ["empty", "text", "cut"])
async def test_a_broken_file_is_one_sentence(what: str, tmp_path: Path, whole: bytes):
    broken = {"empty": b"", "text": b"the heron came back\n" * 100, "cut": whole[: len(whole) // 2]}
    file = tmp_path / "tiny.gguf"
    file.write_bytes(broken[what])
    async with a_model_of(file) as model:
        assert "cannot be loaded" in await sentence(model)


async def test_a_missing_extra_is_one_sentence(tmp_path: Path, tiny: Path):
    (tmp_path / "xllamacpp.py").write_text("raise ImportError\n")
    with instead_of_the_real_one(tmp_path):
        async with a_model_of(tiny) as model:
            assert "extra `local`" in await sentence(model)


async def test_dying_while_it_is_loaded_is_one_sentence(tmp_path: Path, tiny: Path):
    (tmp_path / "xllamacpp.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    with instead_of_the_real_one(tmp_path):
        async with a_model_of(tiny) as model:
            assert "too little memory" in await sentence(model)


async def test_one_that_cannot_be_loaded_is_not_tried_again_at_each_press(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(owner, "FIRST_PAUSE", 600.0)
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"no model")
    async with a_model_of(file) as model:
        for _ in range(20):
            await sentence(model)
    assert capfd.readouterr().err.count("cannot be loaded") == 1


# --- what can be seen of it -----------------------------------------------------------------------


def readable(pid: str) -> bytes:
    """A process's arguments and environment, as far as another may read them."""
    found = b""
    for what in ("cmdline", "environ"):
        with suppress(OSError):
            found += Path(f"/proc/{pid}/{what}").read_bytes()
    return found


async def test_its_key_is_in_no_arguments_and_no_environment(
    llama: Llama, model: Managed, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LLAMORA_LLM__CHAT__API_KEY", "sk-quiet")
    await trial(model)
    (pid,) = processes()
    key = model._line.state.key.encode()
    assert len(key) > 30
    everywhere = [readable(each) for each in os.listdir("/proc") if each.isdigit()]
    assert len(everywhere) > 2
    assert [each for each in everywhere if key in each] == []
    assert b"_llama" in readable(str(pid)), "it would have been seen"
    assert b"sk-quiet" not in readable(str(pid)), "what it does not need it is not given"
    assert key.decode() not in f"{model._line.state!r}{llama._wanted!r}"


async def test_it_serves_the_model_to_those_with_the_key_and_nothing_else(model: Managed):
    import httpx

    await trial(model)
    state = model._line.state
    assert state.url.startswith("http://127.0.0.1:")
    headers = {"Authorization": f"Bearer {state.key}", "Origin": "https://example.org"}
    async with httpx.AsyncClient(base_url=state.url, trust_env=False) as client:
        assert (await client.get("/v1/models")).status_code == 401
        for path in ("/", "/slots", "/metrics"):
            assert (await client.get(path, headers=headers)).status_code >= 400
        listed = await client.get("/v1/models", headers=headers)
        assert listed.headers.get("Access-Control-Allow-Origin", "") == ""
        assert listed.json()["data"][0]["id"] == "tiny"


async def test_nothing_that_it_reads_is_said_on_a_stream(
    model: Managed, capfd: pytest.CaptureFixture[str]
):
    async for _ in model.stream(ASKED, max_tokens=20):
        pass
    (pid,) = processes()
    nowhere = {os.readlink(f"/proc/{pid}/fd/{n}") for n in (1, 2)}
    assert nowhere == {os.devnull}
    said = capfd.readouterr()
    assert said.out + said.err == ""


# --- a prompt that nobody waits for ---------------------------------------------------------------


async def test_a_prompt_that_nobody_waits_for_does_not_hold_up_the_next(tiny: Path):
    """To be read to its end this one would take half a minute."""
    long = [Message("user", "The evening was quiet. " * 12_000)]
    async with llama_for(wanted(tiny, ctx_size=65_536)) as llama, a_model(llama) as model:
        await trial(model)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5), aclosing(model.stream(long, max_tokens=5)) as tokens:
                await anext(tokens)
        async with asyncio.timeout(10):
            assert await trial(model)


# --- cores ----------------------------------------------------------------------------------------


def test_two_threads_of_a_core_count_as_one(tmp_path: Path):
    for n, siblings in enumerate(["0,2", "1,3", "0,2", "1,3"]):
        folder = tmp_path / f"cpu{n}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings)
    assert owner.physical_cores(lambda: {0, 1, 2, 3}, tmp_path) == 2
    assert owner.physical_cores(lambda: {0, 2}, tmp_path) == 1
    assert owner.physical_cores(lambda: {7}, tmp_path) == os.cpu_count(), "nothing is known of it"
    assert owner.physical_cores() >= 1
