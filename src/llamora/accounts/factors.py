"""What is kept of an account's second factors, in the sealed header of its row.

There, because it is sealed anew with the row when the key is replaced, and because whatever uses a
factor up changes the row in the same transaction. Nothing here asks for anything: `codes.py` and
`passkeys.py` do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar

from llamora.accounts import wraps
from llamora.storage import Transaction, ledger
from llamora.vault import Vault

STEPS_KEPT = 32
SPENT_KEPT = 64


@dataclass(frozen=True)
class App:
    """An authenticator app: its secret, when it was enrolled and last used (in seconds since
    1970), and the steps whose codes were used."""

    secret: str = field(repr=False)
    made: int
    used_at: int | None = None
    steps: tuple[int, ...] = ()

    def used(self, step: int, now: int) -> Self:
        return replace(self, used_at=now, steps=(*self.steps, step)[-STEPS_KEPT:])


@dataclass(frozen=True)
class Waiting:
    """An app's secret that was shown to one session, `at` a moment, and not yet confirmed."""

    secret: str = field(repr=False)
    at: int
    session: str


@dataclass(frozen=True)
class Backup:
    """What is left of the backup codes: their hashes under a key of their own, which outlives
    the epoch's."""

    key: str = field(repr=False)
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passkey:
    """A passkey. `id` is made from a hash of the credential's id, and is its wrap's where it has
    one; `asked` says whether it is wanted after the password; `host` is where it was made."""

    id: str
    credential: str = field(repr=False)
    public_key: str = field(repr=False)
    count: int
    name: str
    host: str
    made: int
    used_at: int | None = None
    asked: bool = False
    transports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Factors:
    """All of it. `spent` are the challenges that were answered, with the moment each ends."""

    app: App | None = None
    waiting: Waiting | None = None
    backup: Backup | None = None
    passkeys: tuple[Passkey, ...] = ()
    spent: tuple[tuple[str, int], ...] = ()

    @classmethod
    def kept(cls, header: dict[str, Any]) -> "Factors":
        """Those of an account's header."""
        found = header.get("factors", {})
        return cls(
            _made(App, found.get("app")),
            _made(Waiting, found.get("waiting")),
            _made(Backup, found.get("backup")),
            tuple(made for each in found.get("passkeys", ()) if (made := _made(Passkey, each))),
            tuple((str(challenge), int(end)) for challenge, end in found.get("spent", ())),
        )

    def put(self, header: dict[str, Any]) -> None:
        """Writes them into a header; nothing where there is nothing."""
        found = {
            "app": _values(self.app),
            "waiting": _values(self.waiting),
            "backup": _values(self.backup),
            "passkeys": [_values(each) for each in self.passkeys],
            "spent": [list(each) for each in self.spent[-SPENT_KEPT:]],
        }
        found = {name: value for name, value in found.items() if value}
        header.pop("factors", None)
        if found:
            header["factors"] = {"v": 1, **found}

    @property
    def asked(self) -> bool:
        """Whether signing in asks for more than the password."""
        return self.app is not None or any(each.asked for each in self.passkeys)

    def passkey(self, id: str) -> Passkey | None:
        return next((each for each in self.passkeys if each.id == id), None)

    def with_passkey(self, changed: Passkey) -> Self:
        """With that passkey in place of the one of its id, or as the last."""
        if self.passkey(changed.id) is None:
            return replace(self, passkeys=(*self.passkeys, changed))
        same = (changed if each.id == changed.id else each for each in self.passkeys)
        return replace(self, passkeys=tuple(same))

    def without_passkey(self, id: str) -> Self:
        return replace(self, passkeys=tuple(each for each in self.passkeys if each.id != id))


def read(source: ledger.Rows, vault: Vault) -> tuple[Factors, frozenset[str]]:
    """The factors of the vault's account, and the ids of the wraps that count."""
    header = ledger.read(source, vault).header
    return Factors.kept(header), frozenset(wraps.counting(header))


def change(tx: Transaction, vault: Vault, edit: Callable[[Factors], Factors]) -> None:
    """Edits the factors in the caller's transaction. What `edit` raises undoes all."""

    def in_header(header: dict[str, Any]) -> None:
        edit(Factors.kept(header)).put(header)

    ledger.change(tx, vault, in_header)


def forget_all(tx: Transaction, vault: Vault) -> None:
    """Switches every second factor off and forgets the passkeys, whose wraps the caller drops: what
    a recovery does.

    The code is what is left when everything else is lost, so it cannot ask for what was lost; and
    whoever recovers from a theft must not leave the thief a passkey that opens.
    """
    change(tx, vault, lambda _: Factors())


Part = TypeVar("Part", App, Waiting, Backup, Passkey)


def _made(kind: type[Part], values: dict[str, Any] | None) -> Part | None:
    if not values:
        return None
    # JSON knows no tuples.
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    return kind(**values)


def _values(part: App | Waiting | Backup | Passkey | None) -> dict[str, Any]:
    return {} if part is None else dict(vars(part))
