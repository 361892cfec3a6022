"""Writes rows until it is killed, and says each one after it was acknowledged."""

import os
import sys
from pathlib import Path

from llamora.storage import Store, Transaction

from .rows import add_account, add_writing

store = Store.open(Path(sys.argv[1]))


def the_owner(tx: Transaction) -> bytes:
    found = tx.row("SELECT id FROM accounts")
    return found[0] if found else add_account(tx)


owner = store.write_now(the_owner)
while True:
    written = store.write_now(lambda tx: [add_writing(tx, owner) for _ in range(2)])
    os.write(1, b"".join(id.hex().encode() + b"\n" for id in written))
