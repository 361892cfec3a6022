"""Which traces may be meant by what is typed so far: to be kept, or to be found in the list.

Accents may be left out, and an emoji goes by what it is called in English, too.
"""

from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter

from llamora.traces.names import BadName, canonical, plain
from llamora.traces.traces import Trace, Traces

BEGINS, LATER, INSIDE = 0, 1, 2
"""Where in a name the typed letters stand: at its beginning, at that of a later word, elsewhere."""
FEW = 2
"""So many letters are completed only where a word begins."""
USED = 2.0
"""The frecency that counts for as much as half of being right beside the entry."""


def complete(
    traces: Traces,
    typed: str,
    limit: int,
    *,
    kept: Collection[bytes] = (),
    near: Mapping[bytes, float] | None = None,
) -> list[Trace]:
    """The traces in use that may be meant, the likeliest first, without those that are `kept`.

    By where the letters stand, then by how often and lately a trace was used and how `near` it is
    to the entry, 0 to 1. Nothing is meant by nothing.
    """
    begun = _begun(typed)

    def likeliness(trace: Trace) -> float:
        frecency = traces.frecency(trace.id)
        return frecency / (frecency + USED) + (near or {}).get(trace.id, 0.0)

    found = _placed((trace for trace in traces.all() if trace.id not in kept), begun)
    if len(begun) <= FEW:
        found = [(place, trace) for place, trace in found if place < INSIDE]
    found.sort(key=lambda each: (each[0], -likeliness(each[1]), each[1].name))
    return [trace for _, trace in found[:limit]]


def matching(traces: Iterable[Trace], typed: str) -> list[Trace]:
    """Those whose name holds what is typed, in their order; those that begin so first, then those
    with a later word that does. All of them when nothing is typed."""
    if not typed.strip():
        return list(traces)
    return [trace for _, trace in sorted(_placed(traces, _begun(typed)), key=itemgetter(0))]


def _begun(typed: str) -> str:
    """What was typed as it would stand in a name; "" for what can stand in none."""
    try:
        return plain(canonical(typed))
    except BadName:
        return ""


def _placed(traces: Iterable[Trace], begun: str) -> list[tuple[int, Trace]]:
    """The traces in whose names the typed letters stand, and where; none for no letters."""
    if not begun:
        return []
    places = ((_place(begun, _sought(trace.name)), trace) for trace in traces)
    return [(place, trace) for place, trace in places if place is not None]


def _place(begun: str, name: str) -> int | None:
    if name.startswith(begun):
        return BEGINS
    if f"-{begun}" in name:
        return LATER
    return INSIDE if begun in name else None


def _sought(name: str) -> str:
    """What a name is found by; an emoji also by what it is called in English."""
    if name.isascii():
        return name
    import emoji

    known = emoji.EMOJI_DATA.get(name)
    if known is None:
        return plain(name)
    called = "-".join((plain(name), known["en"], *known.get("alias", ())))
    return called.replace(":", "").replace("_", "-").lower()
