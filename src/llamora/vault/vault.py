"""An unlocked set of keys in memory, and what it can do: seal, open, hash, wrap, turn, wipe."""

import hmac
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

from llamora.vault import record, sodium
from llamora.vault.errors import Locked, Unreadable
from llamora.vault.keypage import KeyPage
from llamora.vault.keys import WRAP, KdfPolicy, Wrap, new_salt, stretch
from llamora.vault.pae import le64, pae
from llamora.vault.purposes import Purpose
from llamora.vault.record import Opened, Place, Visible

HASH_BYTES = 16
CHAIN = Place("chain", "sealed", Purpose.CHAIN, ("epoch",))


class _Epoch:
    """The DEK of one epoch and its subkeys (§3), on a page of their own, so that an epoch which has
    been left is wiped while the vault goes on."""

    def __init__(self, owner: bytes) -> None:
        self.page = KeyPage()
        self.dek = self.page.slot()
        self._owner = owner
        self.subkeys = {purpose: self.page.slot() for purpose in Purpose}

    def derive(self) -> None:
        for purpose, slot in self.subkeys.items():
            sodium.derive(self.dek, b"", self._owner, purpose.person, slot)

    def copy(self) -> "_Epoch":
        other = _Epoch(self._owner)
        sodium.copy_key(other.dek, self.dek)
        other.derive()
        return other


class Vault:
    """One account's keys while its journal is unlocked. Safe to use from several threads.

    Raises `Locked` from every method once wiped, so nothing is ever sealed under zeros.
    """

    def __init__(self, owner: bytes) -> None:
        if len(owner) != sodium.SALT_BYTES:
            raise ValueError("An owner is 16 bytes.")
        self.owner = owner
        self.epoch = 0
        self._epochs: dict[int, _Epoch] = {}
        self._wiped = False
        self._lock = threading.RLock()

    @classmethod
    def new(cls, owner: bytes) -> "Vault":
        """A vault with a fresh random DEK, at epoch 1."""
        vault = cls(owner)
        vault._add(1, _fresh(owner))
        return vault

    @classmethod
    def from_sealed_dek(
        cls,
        key: sodium.Pointer,
        place: Place,
        owner: bytes,
        id: bytes,
        sealed: bytes,
        /,
        **visible: Visible,
    ) -> "tuple[Vault, dict[str, Any]]":
        """The vault whose DEK a record under `key` holds, and that record's header.

        Raises:
            Unreadable: the record does not open.
        """
        try:
            vault = cls(owner)
        except (TypeError, ValueError):
            raise Unreadable from None
        keys = _Epoch(owner)
        try:
            header, epoch = record.open_key(key, place, owner, id, sealed, visible, keys.dek)
        except Unreadable:
            keys.page.wipe()
            raise
        vault._add(epoch, keys)
        return vault, header

    @classmethod
    def from_wrap(cls, wrap: Wrap, secret: bytes) -> "Vault":
        """The vault a password or code opens. Takes Argon2id's time and memory: call in a thread.

        Raises:
            Unreadable: the secret is not the one, or the row was touched.
        """
        page = KeyPage()
        try:
            kek = page.slot()
            stretch(secret, wrap.salt, wrap.m, wrap.t, kek)
            vault, _ = cls.from_sealed_dek(
                kek, WRAP, wrap.owner, wrap.id, wrap.sealed, **wrap.visible()
            )
        finally:
            page.wipe()
        if vault.epoch != wrap.epoch:
            vault.wipe()
            raise Unreadable
        return vault

    def wrap(self, id: bytes, kind: str, secret: bytes, policy: KdfPolicy) -> Wrap:
        """The DEK of this epoch under a key made from `secret`. As slow as `from_wrap`."""
        page = KeyPage()
        bare = Wrap(
            id, self.owner, kind, self.epoch, new_salt(), policy.memory_mib, policy.passes, b""
        )
        try:
            kek = page.slot()
            stretch(secret, bare.salt, bare.m, bare.t, kek)
            sealed = self.seal_dek(kek, WRAP, id, {"v": 1}, **bare.visible())
        finally:
            page.wipe()
        return replace(bare, sealed=sealed)

    def seal_dek(
        self,
        key: sodium.Pointer,
        place: Place,
        id: bytes,
        header: Mapping[str, Any],
        /,
        **visible: Visible,
    ) -> bytes:
        """The DEK of this epoch as a record under another key."""
        with self._unlocked():
            dek = self._epochs[self.epoch].dek
            return record.seal_key(key, self.epoch, place, self.owner, id, header, dek, visible)

    def follow_chain(self, sealed: bytes) -> None:
        """Takes in the epoch before, so that records not yet re-keyed can be read (§6).

        Raises:
            Unreadable: the link is not this vault's.
        """
        with self._unlocked():
            link = self._epochs[self.epoch].subkeys[Purpose.CHAIN]
            keys = _Epoch(self.owner)
            try:
                header, _ = record.open_key(
                    link, CHAIN, self.owner, self.owner, sealed, {"epoch": self.epoch}, keys.dek
                )
                older = header.get("older")
                if type(older) is not int or not 0 < older < self.epoch:
                    raise Unreadable
            except Unreadable:
                keys.page.wipe()
                raise
            if older in self._epochs:
                keys.page.wipe()
                return
            keys.derive()
            self._epochs[older] = keys

    def next(self) -> "Vault":
        """A vault of the epoch that follows, with a fresh DEK; it reads the present one (§6)."""
        with self._unlocked():
            vault = Vault(self.owner)
            vault._epochs[self.epoch] = self._epochs[self.epoch].copy()
            vault._add(self.epoch + 1, _fresh(self.owner))
            return vault

    def link(self) -> bytes:
        """The DEK of the epoch before, sealed under the present one's chain key: what
        `follow_chain` takes.

        Raises:
            ValueError: this vault has no epoch before.
        """
        with self._unlocked():
            older = self.older
            if older is None:
                raise ValueError("There is no epoch before this one.")
            key, dek = self._epochs[self.epoch].subkeys[Purpose.CHAIN], self._epochs[older].dek
            header = {"v": 1, "older": older}
            return record.seal_key(
                key, self.epoch, CHAIN, self.owner, self.owner, header, dek, {"epoch": self.epoch}
            )

    def turn_to(self, later: "Vault") -> None:
        """Goes on in the later vault's epoch: whoever holds this vault seals with that key now."""
        with self._unlocked(), later._unlocked():
            self._add(later.epoch, later._epochs[later.epoch].copy())

    def turn_back(self, epoch: int) -> None:
        """Undoes `turn_to`: what was sealed since came to nothing."""
        with self._unlocked():
            for left in [number for number in self._epochs if number > epoch]:
                self._epochs.pop(left).page.wipe()
            self.epoch = epoch

    def forget_older(self) -> None:
        """Wipes every key but the present epoch's: no row needs them any more."""
        with self._unlocked():
            for left in [number for number in self._epochs if number != self.epoch]:
                self._epochs.pop(left).page.wipe()

    @property
    def older(self) -> int | None:
        """The epoch before the present one, while its key is here: its rows can still be read."""
        return max((number for number in list(self._epochs) if number < self.epoch), default=None)

    def seal(
        self,
        place: Place,
        id: bytes,
        header: Mapping[str, Any],
        raw: bytes = b"",
        /,
        **visible: Visible,
    ) -> bytes:
        """A record for this place of the row `id`, bound to the row's visible columns."""
        with self._unlocked():
            key = self._epochs[self.epoch].subkeys[place.purpose]
            return record.seal(key, self.epoch, place, self.owner, id, header, raw, visible)

    def open(self, place: Place, id: bytes, sealed: bytes, /, **visible: Visible) -> Opened:
        """What a record holds.

        Raises:
            Unreadable: it is not from this vault, this place, this row, or was touched.
        """
        epoch = record.epoch_of(sealed)
        with self._unlocked():
            keys = self._epochs.get(epoch)
            if keys is None:
                raise Unreadable
            key = keys.subkeys[place.purpose]
            return record.open_record(key, place, self.owner, id, sealed, visible)

    def day_hash(self, day: date, epoch: int | None = None) -> bytes:
        """The keyed hash a day is found by, in the present epoch or another; 16 bytes.

        Raises:
            Unreadable: there is no key of that epoch here.
        """
        return self._hash(Purpose.DAY_HASH, day.isoformat(), epoch)

    def day_hashes(self, day: date) -> tuple[bytes, bytes]:
        """What a day may be found by: the hash of the present epoch, and that of the one before
        while there are rows of both, else the same twice. The three below are alike."""
        return self._hashes(Purpose.DAY_HASH, day.isoformat())

    def place_hash(self, place: str) -> bytes:
        """The keyed hash a draft's place is found by; 16 bytes."""
        return self._hash(Purpose.PLACE_HASH, place)

    def place_hashes(self, place: str) -> tuple[bytes, bytes]:
        return self._hashes(Purpose.PLACE_HASH, place)

    def trace_hash(self, name: str) -> bytes:
        """The keyed hash a trace is found by; 16 bytes."""
        return self._hash(Purpose.TRACE_HASH, name)

    def trace_hashes(self, name: str) -> tuple[bytes, bytes]:
        return self._hashes(Purpose.TRACE_HASH, name)

    def query_hash(self, text: str) -> bytes:
        """The keyed hash a search that was made is found by; 16 bytes."""
        return self._hash(Purpose.QUERY_HASH, text)

    def query_hashes(self, text: str) -> tuple[bytes, bytes]:
        return self._hashes(Purpose.QUERY_HASH, text)

    def root_term(self, day_id: bytes, counter: int, epoch: int | None = None) -> int:
        """A day row's share of the account's root, a number below 2^256, by the key of the epoch
        that the row is sealed in (§8).

        Raises:
            Unreadable: there is no key of that epoch here.
        """
        with self._unlocked():
            key = self._keys(epoch)[Purpose.CHECK]
            return int.from_bytes(sodium.keyed_hash(key, pae(day_id, le64(counter)), 32), "big")

    def digest(self, id: bytes, kind: str, text: bytes) -> bytes:
        """HMAC-SHA256 over a writing's id, kind and text; 32 bytes (§8)."""
        with self._unlocked():
            key = self._epochs[self.epoch].subkeys[Purpose.DIGEST]
            return sodium.hmac_sha256(key, pae(id, kind.encode(), text))

    def digest_matches(self, digest: bytes, epoch: int, id: bytes, kind: str, text: bytes) -> bool:
        """Whether `digest` was made from these by a vault of that epoch."""
        with self._unlocked():
            keys = self._epochs.get(epoch)
            if keys is None:
                return False
            expected = sodium.hmac_sha256(
                keys.subkeys[Purpose.DIGEST], pae(id, kind.encode(), text)
            )
            return hmac.compare_digest(expected, digest)

    def wipe(self) -> None:
        """Zeroes every key. Whoever holds this vault can do nothing with it any more."""
        with self._lock:
            self._wiped = True
            for keys in self._epochs.values():
                keys.page.wipe()
            self._epochs.clear()

    @property
    def is_locked(self) -> bool:
        return self._wiped

    def _hash(self, purpose: Purpose, text: str, epoch: int | None = None) -> bytes:
        with self._unlocked():
            key = self._keys(epoch)[purpose]
            return sodium.keyed_hash(key, pae(text.encode()), HASH_BYTES)

    def _hashes(self, purpose: Purpose, text: str) -> tuple[bytes, bytes]:
        with self._unlocked():
            present = self._hash(purpose, text)
            older = self.older
            return present, present if older is None else self._hash(purpose, text, older)

    def _keys(self, epoch: int | None) -> dict[Purpose, sodium.Pointer]:
        keys = self._epochs.get(self.epoch if epoch is None else epoch)
        if keys is None:
            raise Unreadable
        return keys.subkeys

    def _add(self, epoch: int, keys: _Epoch) -> None:
        keys.derive()
        self._epochs[epoch] = keys
        self.epoch = epoch

    @contextmanager
    def _unlocked(self) -> Generator[None, None, None]:
        # Held while a key is used, so that a wipe in another thread waits instead of
        # leaving this one to seal under zeros.
        with self._lock:
            if self._wiped:
                raise Locked
            yield


def _fresh(owner: bytes) -> _Epoch:
    """The keys of an epoch that begins: a random DEK, and nothing derived yet."""
    keys = _Epoch(owner)
    sodium.random_into(keys.dek, sodium.KEY_BYTES)
    return keys
