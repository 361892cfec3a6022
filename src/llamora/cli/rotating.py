"""The rotation of a key from the command line: begun, or gone on with where one was cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from llamora.cli.say import Failure, counted, note

if TYPE_CHECKING:
    from llamora.accounts import Rotation
    from llamora.app import CommandRooms
    from llamora.vault import Vault

Heard = Callable[[int, int], None]


async def begin(rooms: CommandRooms, rotation: Rotation, vault: Vault, password: str) -> None:
    """Replaces the key and prints the new recovery code, unless that was done already."""
    if rotation.is_under_way:
        note("A rotation was begun before and goes on; the recovery code is the one it brought.")
        if not rooms.accounts.is_code_taken(vault):
            note("Nobody has said that they have it: make a new one in the settings.")
        return
    turned = await rooms.accounts.rotate(vault, password)
    if turned.gone:
        note("What opened the journal besides password and code was removed; set it up again.")
    note("Keep this new recovery code; the one before opens nothing any more.")
    print(turned.code, flush=True)
    await rooms.accounts.take_code(vault, rooms.accounts.code_id(vault))


async def finish(rotation: Rotation, heard: Heard) -> None:
    """Seals everything anew, and says what was done."""
    done = await rotation.finish(lambda progress: heard(progress.done, progress.days))
    assert done is not None
    print(
        f"{counted(done.records, 'record')} of {counted(done.days, 'day')} sealed with a new key."
    )
    note("Backups made before still open with the password and the code of their day.")
    if done.left:
        raise Failure(
            f"{counted(done.left, 'record')} could not be opened and stayed as before; "
            "`llamora-server verify` says which."
        )
