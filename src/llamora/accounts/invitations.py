"""Invitations: one-time codes with which someone may begin a journal where not everybody may.

Only their hashes are kept. A code is 128 random bits, so its hash is no way back to it.
"""

import hashlib
import secrets
from datetime import timedelta

from llamora.accounts.errors import WrongInvitation
from llamora.kernel import Clock
from llamora.storage import Store, Transaction
from llamora.storage.ledger import Rows

LONGEST_CODE = 100


class Invitations:
    """The invitations of one journal file."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def new(self, good_for: timedelta) -> str:
        """A new code, to be handed to somebody; it is kept nowhere."""
        code = secrets.token_urlsafe(16)
        expires = self._now() + int(good_for.total_seconds())

        def insert(tx: Transaction) -> None:
            tx.execute("INSERT INTO invitations (id, expires) VALUES (?, ?)", (_id(code), expires))

        await self._store.write(insert)
        return code

    def check(self, code: str) -> None:
        """Sees that a code is good now.

        Raises:
            WrongInvitation: it was used, has expired, or is none.
        """
        self._must_be_good(self._store, code)

    def use(self, tx: Transaction, code: str) -> None:
        """Uses a code up, in the transaction that makes the account.

        Raises:
            WrongInvitation: as `check`; somebody else may have used it a moment ago.
        """
        self._must_be_good(tx, code)
        tx.execute("DELETE FROM invitations WHERE id = ?", (_id(code),))

    async def sweep(self) -> None:
        """The background step: drops those that have expired, if there are any."""
        over = (self._now(),)
        if self._store.row("SELECT 1 FROM invitations WHERE expires <= ? LIMIT 1", over):
            await self._store.write(
                lambda tx: tx.execute("DELETE FROM invitations WHERE expires <= ?", over)
            )

    def _must_be_good(self, source: Rows, code: str) -> None:
        asked = (_id(code), self._now())
        if not source.row("SELECT 1 FROM invitations WHERE id = ? AND expires > ?", asked):
            raise WrongInvitation

    def _now(self) -> int:
        return int(self._clock.now().timestamp())


def _id(code: str) -> bytes:
    typed = code.strip()[:LONGEST_CODE]
    return hashlib.sha256(typed.encode(errors="replace")).digest()
