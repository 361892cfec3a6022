"""The wraps of an account: which count, and that no row is left of those that do not."""

from dataclasses import replace

import pytest
from tests.support.accounts import House, Registered

from llamora.accounts import wraps
from llamora.accounts.names import folded
from llamora.accounts.wraps import PASSKEY, PASSWORD, RECOVERY
from llamora.kernel import new_id
from llamora.storage import Transaction, ledger
from llamora.vault import KdfPolicy, Unreadable, Vault, Wrap

CHEAP = KdfPolicy(8, 1)


@pytest.fixture
async def vault(home: House, ada: Registered) -> Vault:
    return await home.accounts.sign_in(ada.name, ada.password)


def made(vault: Vault, kind: str, id: bytes | None = None) -> Wrap:
    return vault.wrap(id or new_id(), kind, b"a secret", CHEAP)


def rows(home: House) -> dict[str, str]:
    return {id.hex(): kind for id, kind in home.store.rows("SELECT id, kind FROM wraps")}


def counting(home: House, vault: Vault) -> dict[str, str]:
    return wraps.counting(ledger.read(home.store, vault).header)


async def put(home: House, vault: Vault, new: list[Wrap], without: str = "") -> None:
    await home.store.write(lambda tx: wraps.put(tx, vault, new, without=without))
    assert rows(home) == counting(home, vault)


async def test_a_password_and_a_code_take_the_place_of_the_one_before(home: House, vault: Vault):
    before = counting(home, vault)
    for kind in (PASSWORD, RECOVERY):
        new = made(vault, kind)
        await put(home, vault, [new])
        after = counting(home, vault)
        assert after[new.id.hex()] == kind
        assert sorted(after.values()) == sorted(before.values())
        assert wraps.counts(home.store, vault, new)


async def test_passkeys_stand_beside_each_other_and_go_one_by_one_or_all(home: House, vault: Vault):
    before = counting(home, vault)
    keys = [made(vault, PASSKEY) for _ in range(3)]
    for key in keys:
        await put(home, vault, [key])
    assert counting(home, vault) == before | {key.id.hex(): PASSKEY for key in keys}
    await put(home, vault, [], without=keys[1].id.hex())
    assert counting(home, vault).keys() == before.keys() | {keys[0].id.hex(), keys[2].id.hex()}
    new = made(vault, PASSWORD)
    await put(home, vault, [new], without=PASSKEY)
    assert sorted(counting(home, vault).values()) == [PASSWORD, RECOVERY]


async def test_a_row_that_was_put_back_goes_with_the_next_change(
    home: House, ada: Registered, vault: Vault
):
    old = wraps.by_name(home.store, folded(ada.name), PASSWORD)
    assert old is not None
    await put(home, vault, [made(vault, PASSWORD)])

    def put_back(tx: Transaction) -> None:
        wraps.begin(tx, [old[0]])

    await home.store.write(put_back)
    assert not wraps.counts(home.store, vault, old[0])
    await put(home, vault, [made(vault, PASSKEY)])
    assert old[0].id.hex() not in rows(home)


async def test_a_row_under_the_same_id_is_replaced(home: House, vault: Vault):
    id = new_id()
    await home.store.write(lambda tx: wraps.begin(tx, [made(vault, PASSKEY, id)]))
    new = made(vault, PASSKEY, id)
    await put(home, vault, [new])
    found = wraps.by_id(home.store, id, vault.owner, PASSKEY)
    assert found is not None
    assert found[0] == new


async def test_what_was_replaced_stands_no_more(home: House, ada: Registered, vault: Vault):
    found = wraps.by_name(home.store, folded(ada.name), PASSWORD)
    assert found is not None
    wraps.must_stand(home.store, found[0])
    for other in (replace(found[0], sealed=b"x"), made(vault, PASSWORD)):
        with pytest.raises(ledger.Stale):
            wraps.must_stand(home.store, other)
    await put(home, vault, [made(vault, PASSWORD)])
    with pytest.raises(ledger.Stale):
        wraps.must_stand(home.store, found[0])


async def test_a_new_key_leaves_none_of_the_old_wraps(home: House, vault: Vault):
    await put(home, vault, [made(vault, PASSKEY)])
    later = vault.next()
    new = [made(later, PASSWORD), made(later, RECOVERY)]
    generation = ledger.read(home.store, vault).generation
    after = await home.store.write(lambda tx: wraps.put_only(tx, later, new))
    assert after == generation + 1
    assert rows(home) == counting(home, later) == {wrap.id.hex(): wrap.kind for wrap in new}
    later.wipe()


async def test_only_a_new_code_forgets_what_is_known_of_the_code(home: House, vault: Vault):
    def header() -> dict[str, object]:
        found = ledger.read(home.store, vault).header
        return {key: found.get(key) for key in ("rehearsed", "untaken")}

    await home.store.write(
        lambda tx: ledger.change(tx, vault, lambda header: header.update(rehearsed=7))
    )
    await put(home, vault, [made(vault, PASSWORD), made(vault, PASSKEY)])
    assert header() == {"rehearsed": 7, "untaken": None}
    await put(home, vault, [made(vault, RECOVERY)])
    assert header() == {"rehearsed": None, "untaken": True}
    counting = wraps.code_of(ledger.read(home.store, vault).header)
    await home.store.write(lambda tx: wraps.take_code(tx, vault, new_id().hex()))
    assert header() == {"rehearsed": None, "untaken": True}, "that was another code"
    await home.store.write(lambda tx: wraps.take_code(tx, vault, counting))
    assert header() == {"rehearsed": None, "untaken": None}


async def test_a_wrap_of_the_epoch_before_counts_no_more_and_damage_is_none(
    home: House, ada: Registered, vault: Vault
):
    found = wraps.by_name(home.store, folded(ada.name), PASSWORD)
    assert found is not None
    mine = await home.accounts.sign_in(ada.name, ada.password)
    await home.accounts.rotate(mine, ada.password)
    assert not wraps.counts(home.store, vault, found[0]), "read just before the key was replaced"
    home.store.write_now(lambda tx: tx.execute("UPDATE accounts SET sealed = x'00'"))
    with pytest.raises(Unreadable):
        wraps.counts(home.store, mine, found[0])
