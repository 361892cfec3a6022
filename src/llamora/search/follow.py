"""Following the journal: what is written is indexed, what is erased is forgotten.

A follower works in one thread, off every request's path. It reads the change log from its own
place, embeds what is new in batches, seals the passages and moves its durable cursor, in that
order; so it may be killed anywhere, and does at most one batch again. Several processes may follow
one journal: whoever is first seals, the others read what was sealed.
"""

import ctypes
import logging
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from llamora.journal.journal import Journal
from llamora.journal.writing import Writing
from llamora.kernel import new_id
from llamora.search import records
from llamora.search.embedder import Embedder, EmbedderUnavailable
from llamora.search.embedders import Embedders
from llamora.search.index import Flags, Layer, Shelf
from llamora.search.indexing import embedded, index, indexed, is_searchable
from llamora.search.lexicon import Lexicon
from llamora.search.part import Embedded, Indexed, Part, merge
from llamora.search.passages import cut
from llamora.search.wordllama import Basis, count
from llamora.storage import Store, ledger
from llamora.storage.ledger import Writes
from llamora.vault import Unreadable

log = logging.getLogger("llamora.search")

BATCH = 64
BATCH_CHARACTERS = 150_000
"""Writings embedded, and sealed in one transaction, at a time."""
FOLD_WRITINGS = 128
FOLD_PASSAGES = 512
"""A tail of so many is folded into a segment: read one by one they would make unlocking slow."""
FOLD_DEAD = 0.1
"""A segment with this share of dead passages is written anew."""
SEGMENT_BYTES = 8 * 2**20 - 2**16
"""A segment's arrays; with its header it fills a class of 8 MiB."""
SAMPLE_PASSAGES = 3_000
"""Passages that a basis is counted in."""
FIRST_BASIS = 50
"""Writings of a journal that are enough to begin with a basis of their own."""
GROWTH = 2
"""A basis is counted anew when the journal has grown to so many times what it was made of ..."""
LEAST_GROWTH = 200
"""... and by so many passages."""

T = TypeVar("T")


@dataclass(frozen=True)
class Progress:
    """How far a longer work has come, in writings: "index" what is new, or "embed" all anew."""

    what: str
    done: int
    total: int


class Follower:
    """Keeps one unlocked journal's index. All methods but the properties block and belong to one
    thread; `shelf` and `lexicon` may be read from any."""

    def __init__(
        self, store: Store, journal: Journal, embedders: Embedders, language: str = "auto"
    ) -> None:
        self._store = store
        self._journal = journal
        self._vault = journal.vault
        self._embedders = embedders
        self._language = language
        self.shelf = Shelf()
        self.lexicon: Lexicon | None = None
        self.progress: Progress | None = None
        self.trouble = ""
        """A sentence about the embedder, while it cannot be asked."""
        self._seen = -1
        self._broken: list[bytes] = []
        """Segments that do not open."""
        self._lost: list[bytes] = []
        """Writings whose passages do not open."""
        self._left: list[bytes] | None = None

    # Loading

    def load(self) -> None:
        """Reads the index: each segment with one decryption, and the passages newer than they.

        A segment that does not open is left out, said by its id, and made anew from the passages.
        """
        cursor = records.cursor(self._store, self._vault)
        shelf, self._broken, self._lost = Shelf(), [], []
        bases = {0: Basis()}
        segments: list[tuple[bytes, Part]] = []
        for id in records.segments(self._store, self._vault):
            try:
                found = records.read_segment(self._store, self._vault, id)
            except Unreadable:
                log.warning("segment %s does not open; it is made anew", id.hex())
                self._broken.append(id)
                continue
            if isinstance(found, Basis):
                bases[found.version] = found
            elif found:
                segments.append((id, found))
        self._embedders.bases = bases
        # After the segments: what another process folds meanwhile is then read as passages.
        rows = records.revisions(self._store, self._vault)
        for id, part in segments:
            layer = Layer(part, _alive(part, rows), id)
            shelf = Shelf((*shelf.layers, layer))
        shelf = self._with_tail(shelf, list(rows))
        self.shelf = shelf
        self._seen = -1 if cursor is None else cursor
        _give_back()

    def learn(self) -> None:
        """Makes the lexicon anew when the journal has got enough new words. A search before that
        finds by fewer words, and by the same meaning."""
        if self.lexicon is None or self.lexicon.is_outdated_by(self.shelf):
            self.lexicon = Lexicon.of(self.shelf)
            _give_back()

    def _with_tail(self, shelf: Shelf, ids: Iterable[bytes]) -> Shelf:
        """The shelf with layers of the passages that are in no segment."""
        read: list[Indexed] = []
        for id in ids:
            writing, one = self._writing(id), self._sealed_passages(id)
            if writing is not None and one is not None and one[0] == writing.revision:
                read.append(indexed(writing, one[1]))
            else:
                self._lost.append(id)
        return Shelf((*shelf.layers, *_layers(read)))

    def _writing(self, id: bytes) -> Writing | None:
        """A writing with words of its own; None when it is gone, or does not open."""
        try:
            writing = self._journal.find(id)
        except Unreadable:
            return None
        return writing if writing is not None and is_searchable(writing) else None

    def _sealed_passages(self, id: bytes) -> tuple[int, Embedded] | None:
        """What is sealed of a writing, and of which revision; None when there is nothing, or it
        does not open."""
        row = self._store.row(
            "SELECT revision, sealed FROM passages WHERE id = ? AND owner = ?",
            (id, self._vault.owner),
        )
        try:
            return (row[0], records.open_passages(self._vault, id, *row)) if row else None
        except Unreadable:
            log.warning("the passages of %s do not open; they are made anew", id.hex())
            return None

    # Catching up

    def is_behind(self) -> bool:
        """Whether anything was written that is not taken in yet. A small read; any thread may ask.

        Raises:
            Gone: the account was erased.
        """
        pulse = ledger.pulse(self._store, self._vault.owner)
        if pulse is None:
            raise ledger.Gone
        return pulse.last_change != self._seen or bool(self._lost)

    def catch_up(self, stop: Callable[[], bool]) -> bool:
        """Takes in what was changed since; False when it was stopped before it was through."""
        pulse = ledger.pulse(self._store, self._vault.owner)
        if pulse is None:
            raise ledger.Gone
        pending = self._pending() if pulse.last_change != self._seen else []
        pending = list(dict.fromkeys([*pending, *self._lost]))
        try:
            if len(pending) > BATCH:
                self.progress = Progress("index", 0, len(pending))
            self._begin_basis(pending)
            for done, batch in _batches(pending):
                if stop():
                    return False
                if len(pending) > BATCH:
                    self.progress = Progress("index", done, len(pending))
                if not self._take(batch, stop):
                    return False
                if self._tail_bytes() > SEGMENT_BYTES:
                    self._fold(thoroughly=False)
        finally:
            self.progress = None
        self._write(lambda tx: records.move_cursor(tx, self._vault, pulse.last_change))
        self._seen, self._lost = pulse.last_change, []
        return True

    def _pending(self) -> list[bytes]:
        """Writings that may have changed since what this process has seen."""
        try:
            notes = ledger.notes_since(self._store, self._vault, self._seen)
        except Unreadable:
            notes = None
        if notes is not None and self._seen >= 0:
            return list(dict.fromkeys(bytes.fromhex(note["id"]) for note in notes if "id" in note))
        # Too far behind for the log: whatever differs from what the days list.
        listed, rows = self._journal.listed(), records.revisions(self._store, self._vault)
        held = {id: rows[id] for id in rows if self.shelf.has(id)}
        return [id for id in {**listed, **rows} if listed.get(id) != held.get(id)]

    def _take(self, ids: Sequence[bytes], stop: Callable[[], bool]) -> bool:
        """Brings what the index holds of these writings up to date, here and on the disk."""
        gone: list[bytes] = []
        read: list[Indexed] = []
        fresh: list[Writing] = []
        for id in ids:
            try:
                writing = self._journal.find(id)
            except Unreadable:
                continue  # nobody can tell what it says; what was known of it stays
            if writing is None or not is_searchable(writing):
                gone.append(id)
                continue
            sealed = self._sealed_passages(id)
            if sealed and sealed[0] == writing.revision:
                read.append(indexed(writing, sealed[1]))
            else:
                fresh.append(writing)
        self._keep(gone, [], read)
        for some in _not_too_long(fresh):
            if stop():
                return False
            self._keep([], self._index(some), [])
        return True

    def _keep(
        self, gone: Sequence[bytes], made: Sequence[Indexed], read: Sequence[Indexed]
    ) -> None:
        """Seals what was made and drops what is gone, then shows it, and what others sealed."""

        def work(tx: Writes) -> None:
            for id in gone:
                records.drop_passages(tx, self._vault, id)
            for one in made:
                records.put_passages(tx, self._vault, one.id, one.revision, one)

        if gone or made:
            self._write(work)
        shelf = self.shelf
        for id in gone:
            shelf = shelf.without(id)
        for layer in _layers([*made, *read]):
            shelf = shelf.with_layer(layer)
        self.shelf = _joined(shelf)

    def _index(self, writings: Sequence[Writing]) -> list[Indexed]:
        """By the chosen embedder; by the built-in one while that cannot be asked."""
        if not writings:
            return []
        try:
            made = index(writings, self._embedders.target, self._spoken(), self._fixed)
            self.trouble = ""
        except EmbedderUnavailable as e:
            self.trouble = str(e)
            made = index(writings, self._embedders.built_in, self._spoken(), self._fixed)
        return made

    @property
    def _fixed(self) -> bool:
        """Whether one language is set for all."""
        return self._language != "auto"

    def _spoken(self) -> str:
        """The language of a text that does not tell its own."""
        return self._language if self._fixed else (*self.shelf.languages, "en")[0]

    # What the built-in vectors rest on

    def _begin_basis(self, pending: Sequence[bytes]) -> None:
        """A journal that is indexed for the first time begins with a basis of its own."""
        fresh = self._embedders.is_built_in and not self.shelf.layers
        if fresh and len(pending) >= FIRST_BASIS and self._embedders.basis.version == 0:
            self._count_basis(pending)

    def _count_basis(self, ids: Sequence[bytes]) -> None:
        """Counts a basis anew in a fair sample of these writings, and keeps it."""
        chance = random.Random(len(ids))  # noqa: S311 - which ones hardly matters
        texts: list[str] = []
        read = 0
        for id in chance.sample(list(ids), len(ids)):
            try:
                writing = self._journal.find(id)
            except Unreadable:
                continue
            read += 1
            if writing is not None and is_searchable(writing):
                texts += [writing.text[start:end] for start, end in cut(writing.text)]
            if len(texts) >= SAMPLE_PASSAGES:
                break
        basis = count(texts, self._embedders.basis.version + 1)
        basis = replace(basis, passages=len(texts) * len(ids) // max(read, 1))
        self._write(
            lambda tx: records.put_segment(
                tx, self._vault, id := new_id(), records.seal_basis(self._vault, id, basis)
            )
        )
        self._embedders.bases = {**self._embedders.bases, basis.version: basis}

    # Tending: none of this is urgent

    def tend(self, stop: Callable[[], bool], *, thoroughly: bool = False) -> bool:
        """Folds the tail, renews the basis, replaces vectors of another make; stops when told to,
        and goes on from there the next time. `thoroughly` also forgets the dead of every segment.

        False when it was stopped before it was through.
        """
        if self._wants_basis():
            self._count_basis([self.shelf.id(n) for n in self.shelf.alive.nonzero()[0].tolist()])
        stale = self._is_stale()
        if self._wants_fold(thoroughly or stale):
            self._fold(thoroughly=thoroughly)
        if stale and not stop():
            self._embed_anew(stop)
        self.learn()
        return self._left is None

    def _wants_basis(self) -> bool:
        basis, passages = self._embedders.basis, self.shelf.passages
        enough = passages >= max(GROWTH * basis.passages, basis.passages + LEAST_GROWTH)
        return self._embedders.is_built_in and enough

    def _is_stale(self) -> bool:
        """Whether vectors are here that another embedder made, or another basis."""
        return any(make != self._embedders.target.name for make in self.shelf.makes)

    def _wants_fold(self, thoroughly: bool) -> bool:
        tail = [layer for layer in self.shelf.layers if layer.segment is None]
        return (
            bool(self._broken)
            or sum(layer.part.writings for layer in tail) >= (1 if thoroughly else FOLD_WRITINGS)
            or sum(layer.part.passages for layer in tail) >= (1 if thoroughly else FOLD_PASSAGES)
            or any(self._is_worn(layer, thoroughly) for layer in self.shelf.layers)
        )

    @staticmethod
    def _is_worn(layer: Layer, thoroughly: bool) -> bool:
        share = 0.0 if thoroughly else FOLD_DEAD
        return layer.segment is not None and layer.dead > share * layer.part.passages

    def _tail_bytes(self) -> int:
        return sum(layer.part.nbytes for layer in self.shelf.layers if layer.segment is None)

    def _fold(self, *, thoroughly: bool) -> None:
        """Writes the tail, and segments that are worn or have room for it, as new segments."""
        for kind in dict.fromkeys(layer.part.kind for layer in self.shelf.layers):
            layers = [layer for layer in self.shelf.layers if layer.part.kind == kind]
            tail = [one for one in layers if one.segment is None]
            worn = [one for one in layers if self._is_worn(one, thoroughly)]
            roomy = [one for one in layers if one.segment and one not in worn and _has_room(one)]
            if tail or worn:
                for group in _groups([*roomy, *worn, *tail]):
                    part = merge([(one.part, one.alive) for one in group])
                    if not self._replace(group, part):
                        return
        _give_back()
        if self._broken:
            broken, self._broken = self._broken, []
            self._write(lambda tx: records.drop_segments(tx, self._vault, broken))

    def _replace(self, group: Sequence[Layer], part: Part) -> bool:
        """Puts one sealed segment in the place of some layers, here and on the disk.

        False when another process folded one of them meanwhile: all is loaded anew then.
        """
        old = [layer.segment for layer in group if layer.segment]
        id = new_id()

        def work(tx: Writes) -> bool:
            if not records.has_segments(tx, self._vault, old):
                return False
            records.drop_segments(tx, self._vault, old)
            if part.writings:  # sealed here: the key may be another once the writer is free
                sealed = records.seal_part(self._vault, id, part)
                records.put_segment(tx, self._vault, id, sealed)
            return True

        if not self._write(work):
            self.load()
            return False
        kept = [layer for layer in self.shelf.layers if layer not in group]
        if part.writings:
            kept.insert(0, replace(Layer.of(part), segment=id))
        self.shelf = Shelf(tuple(kept))
        return True

    # Another embedder, or another basis

    def _embed_anew(self, stop: Callable[[], bool]) -> None:
        """Replaces every vector of another make: first all sealed passages, batch by batch; then,
        when they are whole, the segments, which were searched until now.

        Where it stopped, it goes on: a row that is done says so itself.
        """
        target = self._embedders.target
        if self._left is None:
            self._left = list(records.revisions(self._store, self._vault))
        total = len(self._left)
        try:
            while self._left:
                if stop():
                    return
                self.progress = Progress("embed", total - len(self._left), total)
                batch, self._left = self._left[:BATCH], self._left[BATCH:]
                self._embed_rows(batch, target)
        except EmbedderUnavailable as e:
            self.trouble, self._left = str(e), None
            return
        finally:
            self.progress = None
        self._left, self.trouble = None, ""
        for layer in self.shelf.layers:
            if layer.part.make != target.name and not self._replace(
                [layer], self._anew(layer, target.name)
            ):
                return
        used = {self._embedders.basis.version}
        self._write(lambda tx: records.drop_bases(tx, self._vault, used))

    def _embed_rows(self, ids: Sequence[bytes], target: Embedder) -> None:
        stale: list[tuple[Writing, Embedded]] = []
        for id in ids:
            writing, sealed = self._writing(id), self._sealed_passages(id)
            if writing is None or sealed is None or sealed[0] != writing.revision:
                continue  # catching up sees to it
            if sealed[1].make != target.name:
                stale.append((writing, sealed[1]))
        made = embedded(
            [writing.text for writing, _ in stale],
            [one.spans for _, one in stale],
            [one.language for _, one in stale],
            target,
        )

        def work(tx: Writes) -> None:
            for (writing, _), one in zip(stale, made, strict=True):
                records.put_passages(tx, self._vault, writing.id, writing.revision, one)

        self._write(work)

    def _anew(self, layer: Layer, make: str) -> Part:
        """A layer with the vectors that are sealed by now; a writing that has none of that make is
        left for catching up."""
        alive = layer.alive.copy()
        rows: list[Embedded] = []
        for n in alive.nonzero()[0].tolist():
            id = layer.part.ids[n].tobytes()
            sealed = self._sealed_passages(id)
            if sealed and sealed[1].make == make and sealed[0] == layer.part.revisions[n]:
                rows.append(sealed[1])
            else:
                alive[n] = False
                self._lost.append(id)
        return merge([(layer.part, alive)]).with_vectors(make, rows)

    def _write(self, work: Callable[[Writes], T]) -> T:
        return self._store.write_now(ledger.guarded(self._vault, work))


def _give_back() -> None:
    """Hands what a large step took and freed back to the system, which glibc would keep for itself:
    70 MB after reading the index of 50,000 entries. Elsewhere nothing happens."""
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def _alive(part: Part, rows: dict[bytes, int]) -> Flags:
    """Which writings of a part are still as they were; those are taken out of `rows`."""
    alive = np.zeros(part.writings, np.bool_)
    ids, revisions = part.ids.tobytes(), part.revisions.tolist()
    for n, revision in enumerate(revisions):
        id = ids[16 * n : 16 * n + 16]
        if rows.get(id) == revision:
            alive[n] = True
            del rows[id]
    return alive


def _layers(several: Sequence[Indexed]) -> list[Layer]:
    """A layer of the writings of each make."""
    by_kind: dict[tuple[str, int], list[Indexed]] = {}
    for one in several:
        by_kind.setdefault((one.make, one.vectors.shape[1]), []).append(one)
    return [Layer.of(Part.of(same)) for same in by_kind.values()]


def _joined(shelf: Shelf) -> Shelf:
    """The shelf with its newest layers joined as long as the newer is not much smaller: so there
    are few, as each costs every search a little, and none is joined often."""
    layers = list(shelf.layers)
    while len(layers) > 1:
        older, newer = layers[-2:]
        size = older.part.nbytes + newer.part.nbytes
        if (
            older.segment is not None
            or older.part.kind != newer.part.kind
            or older.part.nbytes > 2 * newer.part.nbytes
            or size > SEGMENT_BYTES
        ):
            break
        layers[-2:] = [Layer.of(merge([(one.part, one.alive) for one in (older, newer)]))]
    return Shelf(tuple(layers))


def _has_room(layer: Layer) -> bool:
    return layer.part.nbytes < SEGMENT_BYTES * 3 / 4


def _groups(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """The layers in groups that fit a segment each."""
    group: list[Layer] = []
    size = 0
    for layer in layers:
        if group and size + layer.part.nbytes > SEGMENT_BYTES:
            yield group
            group, size = [], 0
        group.append(layer)
        size += layer.part.nbytes
    if group:
        yield group


def _not_too_long(writings: Sequence[Writing]) -> Iterator[list[Writing]]:
    """The writings in groups that take a second at most, however long some of them are."""
    group: list[Writing] = []
    length = 0
    for writing in writings:
        if group and length + len(writing.text) > BATCH_CHARACTERS:
            yield group
            group, length = [], 0
        group.append(writing)
        length += len(writing.text)
    if group:
        yield group


def _batches(ids: Sequence[bytes]) -> Iterator[tuple[int, Sequence[bytes]]]:
    for at in range(0, len(ids), BATCH):
        yield at, ids[at : at + BATCH]
