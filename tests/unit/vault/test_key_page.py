"""The page of keys and Python's collector."""

import gc

from llamora.vault import Vault


class _Ring:
    """Something that refers to itself, as an exception's traceback does."""

    def __init__(self, vault: Vault) -> None:
        self.me = self
        self.vault = vault


def test_a_vault_in_a_reference_cycle_is_collected_without_harm():
    # With slots as memoryviews the collector cleared them under cffi, and the process died.
    for wiped in (False, True):
        for _ in range(50):
            ring = _Ring(Vault.new(bytes(16)))
            if wiped:
                ring.vault.wipe()
            del ring
            gc.collect()


def test_a_slot_outlives_its_page():
    from llamora.vault.keypage import KeyPage
    from llamora.vault.sodium import KEY_BYTES, ffi

    slot = KeyPage().slot()
    gc.collect()
    assert bytes(ffi.buffer(slot, KEY_BYTES)) == bytes(KEY_BYTES)
