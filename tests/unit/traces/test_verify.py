"""What `verify` says of traces that were damaged, taken away or put elsewhere."""

import pytest
from tests.support.journals import write

from llamora.journal.journal import Journal
from llamora.storage import Store
from llamora.traces.traces import TRACE, Trace, Traces
from llamora.traces.verify import verify


@pytest.fixture
async def rain(ada: Journal, traces: Traces) -> Trace:
    entry = await write(ada, "Rain.")
    await traces.keep(entry.id, "sun")
    return await traces.keep(entry.id, "rain")


async def test_what_was_kept_is_sound(ada: Journal, store: Store, rain: Trace) -> None:
    report = verify(store, ada.vault)
    assert (report.traces, report.problems, report.sound) == (2, [], True)


async def test_a_damaged_trace_is_told_by_its_id(ada: Journal, store: Store, rain: Trace) -> None:
    await store.write(
        lambda tx: tx.execute("UPDATE traces SET revision = 9 WHERE id = ?", (rain.id,))
    )
    assert verify(store, ada.vault).problems == [f"The trace {rain.id.hex()} does not open."]


async def test_a_trace_that_was_taken_away_is_told(ada: Journal, store: Store, rain: Trace) -> None:
    await store.write(lambda tx: tx.execute("DELETE FROM traces WHERE id = ?", (rain.id,)))
    assert verify(store, ada.vault).problems == [
        f"The day 2026-11-22 lists the trace {rain.id.hex()}, which is not there."
    ]


@pytest.mark.parametrize(
    ("name", "under", "problem"),
    [
        ("storm", "rain", "stands under another's hash"),
        ("Rain!", "Rain!", "is called what no trace is called"),
        ("", "", "is called what no trace is called"),
    ],
)
async def test_a_trace_that_no_one_could_have_kept_is_told(
    ada: Journal, store: Store, rain: Trace, name: str, under: str, problem: str
) -> None:
    hashed = ada.vault.trace_hash(under)
    raw = name.encode()
    sealed = ada.vault.seal(TRACE, rain.id, {"v": 1}, raw, name=hashed, revision=1)
    await store.write(
        lambda tx: tx.execute(
            "UPDATE traces SET name = ?, sealed = ? WHERE id = ?", (hashed, sealed, rain.id)
        )
    )
    assert verify(store, ada.vault).problems == [f"The trace {rain.id.hex()} {problem}."]
