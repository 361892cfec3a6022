"""Opening the store, and one diarist's journal with their password, for one command."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llamora.cli.say import Failure
from llamora.settings import Features, Settings

if TYPE_CHECKING:
    from llamora.accounts import Kind
    from llamora.app import CommandRooms
    from llamora.companion.model import Model
    from llamora.companion.other_words import OtherWords
    from llamora.journal.journal import Journal
    from llamora.search.search import Search
    from llamora.vault import Vault


def must_exist(settings: Settings) -> None:
    """Keeps a command that only reads from making an empty journal.

    Raises:
        Failure: there is no database yet.
    """
    if not settings.database.path.is_file():
        raise Failure(
            f"There is no journal at {settings.database.path} yet; see DATABASE.path, or make an "
            "account with `llamora-server account add`."
        )


@contextmanager
def rooms_of(settings: Settings) -> Generator[CommandRooms]:
    """The rooms a command works with; closed after it.

    Whoever can run this can read the database: closed registration is for the web.
    """
    from llamora.app import open_rooms  # and with it all of the web: only when it is needed

    rooms = open_rooms(replace(settings, features=Features(disable_registration=False)))
    try:
        yield rooms
    finally:
        rooms.accounts.close()
        rooms.store.close()


@contextmanager
def vault_of(rooms: CommandRooms, user: str, password: str) -> Generator[Vault]:
    """The user's vault; wiped after the command.

    Raises:
        AccountsError: name and password do not go together.
    """
    vault = asyncio.run(rooms.accounts.sign_in(user, password))
    try:
        yield vault
    finally:
        vault.wipe()


@contextmanager
def journal_of(
    settings: Settings, user: str, password: str, noting: Kind | None = None
) -> Generator[Journal]:
    """The user's open journal. With `noting`, the account's history tells what it was opened for.

    Raises:
        Failure, AccountsError, Unreadable: as their names say.
    """
    from llamora.journal.journal import Journal

    must_exist(settings)
    with rooms_of(settings) as rooms, vault_of(rooms, user, password) as vault:
        if noting:
            from llamora.journal.errors import StoreError

            # A full disk is no reason to keep anyone from taking their words elsewhere.
            with suppress(StoreError):
                asyncio.run(rooms.accounts.note(vault, noting))
        yield Journal.open(rooms.store, vault, rooms.clock)


def header_of(settings: Settings, user: str, password: str) -> dict[str, Any]:
    """What the user's sealed row holds beside the columns that everybody sees.

    Raises:
        Failure, AccountsError, Unreadable: as their names say.
    """
    from llamora.storage import ledger

    must_exist(settings)
    with rooms_of(settings) as rooms, vault_of(rooms, user, password) as vault:
        return ledger.read(rooms.store, vault).header


@contextmanager
def search_of(
    settings: Settings, user: str, password: str, *, other_words: bool = False
) -> Generator[tuple[Search, OtherWords | None]]:
    """Search in the user's journal, and, when they are wanted, where other words come from; begin
    nothing in it outside of one event loop.

    Raises:
        Failure, AccountsError, BadSetting, Unreadable: as their names say.
    """
    from llamora.app import other_words_of, search_of, traces_of
    from llamora.journal.journal import Journal

    must_exist(settings)
    model = _model_to_ask(settings) if other_words else None
    with rooms_of(settings) as rooms, vault_of(rooms, user, password) as vault:
        if model and not rooms.accounts.settings(vault).companion:
            raise Failure(
                "The companion is switched off for this account, so its model is asked nothing;"
                " search without --other-words."
            )
        journal = Journal.open(rooms.store, vault, rooms.clock)
        traces = traces_of(settings, rooms.store, journal)
        search = search_of(settings, rooms.store, journal, traces)
        asks = other_words_of(settings, model, journal, traces, search) if model else None
        yield search, asks


def _model_to_ask(settings: Settings) -> Model:
    from llamora.app import chat_endpoint

    if settings.llm.local.model_path is not None:
        raise Failure(
            "The model in LLM.local.model_path is run by the server and answers on its pages only;"
            " search without --other-words."
        )
    if (model := chat_endpoint(settings)) is None:
        raise Failure(
            "No model is connected to ask for other words; set LLM.upstream.host, or search"
            " without --other-words."
        )
    return model
