"""The project's side of the vectors: vaults whose keys are known, which only tests may have."""

from typing import Any

from llamora.vault import KdfPolicy, Place, Purpose, Vault, record, sodium
from llamora.vault.vault import _Epoch  # pyright: ignore[reportPrivateUsage]

CHEAP = KdfPolicy(8, 1)
"""The least a wrap may cost; real ones cost far more."""


def pointer(key: bytes) -> sodium.Pointer:
    """A key where the vault takes one: behind a pointer."""
    return sodium.ffi.new("unsigned char[]", key)


def vault(owner: bytes, deks: dict[int, bytes]) -> Vault:
    """A vault that holds these epochs; the newest is the current one."""
    made = Vault(owner)
    for epoch in sorted(deks):
        keys = _Epoch(owner)  # pyright: ignore[reportPrivateUsage]
        sodium.copy_key(keys.dek, pointer(deks[epoch]))
        made._add(epoch, keys)  # pyright: ignore[reportPrivateUsage]
    return made


def dek(made: Vault, epoch: int | None = None) -> bytes:
    """The key a vault holds for an epoch."""
    keys = made._epochs[epoch or made.epoch]  # pyright: ignore[reportPrivateUsage]
    return bytes(sodium.ffi.buffer(keys.dek, sodium.KEY_BYTES))


def subkey(made: Vault, purpose: Purpose, epoch: int | None = None) -> sodium.Pointer:
    return made._epochs[epoch or made.epoch].subkeys[purpose]  # pyright: ignore[reportPrivateUsage]


def forge(
    key: bytes,
    epoch: int,
    place: Place,
    owner: bytes,
    id: bytes,
    padded: bytes,
    visible: dict[str, Any],
    nonce: bytes,
    head: bytes | None = None,
) -> bytes:
    """A record with a valid tag around whatever bytes one likes."""
    head = head or bytes((1, 1)) + epoch.to_bytes(4, "big")
    aad = record.binding(place, owner, id, head, visible)
    return head + nonce + sodium.encrypt(pointer(key), nonce, padded, aad)


# Every sealed column there is or will be (vault-format §4). `wraps` and `sessions` are sealed
# by keys of their own; their purpose is never used.
PLACES = {
    place.table: place
    for place in (
        Place(
            "accounts", "sealed", Purpose.CONTENT, ("name", "epoch", "generation", "last_change")
        ),
        Place("writings", "sealed", Purpose.CONTENT, ("day", "revision")),
        Place("days", "sealed", Purpose.CONTENT, ("day", "revision")),
        Place("traces", "sealed", Purpose.TRACE, ("name", "revision")),
        Place("queries", "sealed", Purpose.QUERY, ("query",)),
        Place("drafts", "sealed", Purpose.DRAFT, ("place", "revision")),
        Place("passages", "sealed", Purpose.VECTOR, ("revision",)),
        Place("segments", "sealed", Purpose.INDEX, ("revision",)),
        Place("changes", "sealed", Purpose.CONTENT, ("seq",)),
    )
}


def a_row(place: Place, some: Any) -> dict[str, Any]:
    """Visible columns of the types the schema gives them; `some(label, size)` makes bytes."""
    blobs = {"day", "place", "query", "salt"} | ({"name"} if place.table == "traces" else set())
    texts = {"name": "ada", "kind": "password"}
    row: dict[str, Any] = {}
    for n, column in enumerate(place.visible):
        if column in blobs:
            row[column] = some(f"{place.table}.{column}", 16)
        else:
            row[column] = texts.get(column, n + 1)
    return row
