"""The composition root: builds every room once and wires them. Nothing imports it but the program.

NumPy, the model client, Markdown and zxcvbn are imported where they are first used, so that a
server that nobody has opened yet is small and starts at once.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from quart import Quart, Response, abort, request, send_from_directory
from quart.helpers import get_debug_flag
from werkzeug.exceptions import NotFound as NoSuchFile

from llamora.accounts import (
    Accounts,
    AccountsPolicy,
    Codes,
    HalfOpen,
    Limit,
    Limits,
    Passkeys,
    Rotation,
    Sessions,
)
from llamora.address import is_loopback
from llamora.companion.companion import Companion, CompanionLimits
from llamora.companion.endpoint import Endpoint, ModelSettings
from llamora.companion.managed import Line, Managed
from llamora.companion.model import BadAddress, Model
from llamora.companion.prompt import Prompts
from llamora.companion.sources import Sources
from llamora.companion.turns import InTurn, Turns
from llamora.journal.journal import Journal
from llamora.kernel import Clock, SystemClock
from llamora.settings import FRONTEND, BadSetting, Embedding, Settings
from llamora.silence import Silence, process
from llamora.storage import Store, StoreError
from llamora.storage.resealing import Reseal
from llamora.traces.traces import Traces
from llamora.vault import KdfPolicy, RuntimeKey, Vault
from llamora.vault.cookie_key import CookieKey
from llamora.web import errors, forms, hypermedia, ids, recovery, session
from llamora.web.accounts import accounts as accounts_routes
from llamora.web.cookies import CookieJar
from llamora.web.data import data as data_routes
from llamora.web.days import days as days_routes
from llamora.web.entries import entries as entries_routes
from llamora.web.factors import factors as factors_routes
from llamora.web.openings import openings as openings_routes
from llamora.web.readings import readings as readings_routes
from llamora.web.responses import responses as responses_routes
from llamora.web.resting import resting as resting_routes
from llamora.web.rooms import Rooms, WebSettings
from llamora.web.rotation import rotation as rotation_routes
from llamora.web.search import search as search_routes
from llamora.web.second_step import second_step as second_step_routes
from llamora.web.security import HEADERS, HSTS, Gate
from llamora.web.settings import Engine
from llamora.web.settings import settings as settings_routes
from llamora.web.traces import traces as traces_routes
from llamora.web.tracing import tracing as tracing_routes
from llamora.web.unlocked import OpenJournals

if TYPE_CHECKING:
    from llamora.companion.other_words import OtherWords
    from llamora.search.embedder import Embedder
    from llamora.search.endpoint import EndpointEmbedder, EndpointSettings
    from llamora.search.search import Search

log = logging.getLogger("llamora")

SWEEP_SECONDS = 1.0
FLUSH_SECONDS = 5.0
TIDY_SECONDS = 20.0


@dataclass(frozen=True)
class CommandRooms:
    """What the command line works with."""

    store: Store
    accounts: Accounts
    clock: Clock


def open_rooms(settings: Settings, clock: Clock | None = None) -> CommandRooms:
    """The rooms without the web, for one command."""
    clock = clock or SystemClock()
    store = Store.open(settings.database.path)
    return CommandRooms(store, Accounts(store, clock, _policy(settings)), clock)


def build(
    settings: Settings,
    runtime: RuntimeKey,
    *,
    clock: Clock | None = None,
    policy: AccountsPolicy | None = None,
    model: Model | None = None,
    first_token: str | None = None,
    llama: socket.socket | None = None,
    silence: Silence = process,
) -> Callable[..., Awaitable[None]]:
    """The whole server as one ASGI application.

    `policy` and `model` stand in for what the settings name; tests use them. `first_token` is
    asked of whoever registers the first account. `llama` is the line to the model that the parent
    runs, when the settings name one. `silence` is what the page of connections tells of.
    """
    the_clock = clock or SystemClock()
    secure = bool(settings.app.tls_cert) or settings.cookies.force_secure
    static = hypermedia.Static(FRONTEND)
    store = Store.open(settings.database.path)
    policy = policy or _policy(settings, first_token)
    accounts = Accounts(store, the_clock, policy)
    key = CookieKey(settings.cookies.secret.encode()) if _in_cookies(policy) else runtime
    sessions = Sessions(store, the_clock, key, policy)
    endpoint = None if model else _model(settings, llama)
    the_model = model or endpoint
    turns = Turns(settings.llm.upstream.parallel)

    def in_turn(sources: Sources) -> Model | None:
        owner = sources.journal.vault.owner
        return InTurn(the_model, turns, owner) if the_model else None

    prompts = Prompts(settings.prompts.template_dir)
    limits = CompanionLimits(
        settings.limits.generations_per_account,
        settings.limits.response_bytes,
        settings.llm.generation.max_tokens,
    )
    journals = OpenJournals(
        accounts,
        sessions,
        lambda vault: Journal.open(store, vault, the_clock),
        lambda journal: traces_of(settings, store, journal),
        lambda sources: Companion(sources, in_turn(sources), prompts, limits),
        lambda journal, traces: search_of(settings, store, journal, traces),
        lambda vault: rotation_of(store, vault),
        recovery.drop_old,
        index_bytes=settings.search.memory_budget * 2**20,
    )
    rooms = Rooms(
        WebSettings(
            streams_per_session=settings.limits.streams_per_session,
            registration_open=policy.registration_open,
        ),
        the_clock,
        accounts,
        sessions,
        journals,
        CookieJar(settings.cookies.name, secure=secure, port=settings.app.port),
        Codes(store, the_clock, policy, accounts),
        HalfOpen(store, the_clock, runtime),
        Passkeys(store, the_clock, policy, accounts, runtime),
    )
    app = _quart(settings, rooms, store, static, secure)
    if endpoint:
        app.after_serving(endpoint.aclose)
    app.config["COMPANION_ENGINE"] = _engine(settings, the_model)
    app.config["COMPANION_BADGE"] = endpoint.remote if endpoint else ""
    app.config["SEARCH_BADGE"] = _embedding_host(settings.embedding)
    app.extensions["silence"] = silence
    return Gate(
        app,
        port=settings.app.port,
        trusted=settings.app.trusted_hosts,
        secure=secure,
        proxy_hops=settings.app.proxy_hops,
    )


class _App(Quart):
    request_class = forms.FormRequest

    def log_exception(self, exception_info: Any) -> None:
        # The framework's own line ends with the exception's message, which may hold someone's
        # words.
        log.error("A request failed twice: %s", exception_info[0].__name__)


def _quart(
    settings: Settings, rooms: Rooms, store: Store, static: hypermedia.Static, secure: bool
) -> Quart:
    app = _App(
        "llamora",
        root_path=str(Path(__file__).parent),
        template_folder=str(Path(__file__).parent / "web" / "templates"),
        static_folder=None,
    )
    app.secret_key = settings.secret_key
    app.debug = get_debug_flag()  # QUART_DEBUG=1; it never shows text on a page or in a log
    app.config["MAX_CONTENT_LENGTH"] = settings.limits.body_bytes
    app.config["TEMPLATES_AUTO_RELOAD"] = False
    app.config["PROPAGATE_EXCEPTIONS"] = False  # QUART_DEBUG must not put locals on a page
    app.extensions["rooms"] = rooms
    app.url_map.strict_slashes = False
    app.url_map.converters |= {
        "id": ids.IdConverter,
        "day": ids.DayConverter,
        "month": ids.MonthConverter,
        "year": ids.YearConverter,
    }
    hypermedia.install(app, static)
    errors.install(app)
    private = {"days", "entries", "openings", "readings", "responses", "resting", "search"}
    private |= {"data", "factors", "rotation", "settings"}
    private |= {"traces", "tracing"}
    session.install(app, frozenset(private))
    for routes in (
        days_routes,
        entries_routes,
        openings_routes,
        responses_routes,
        readings_routes,
        resting_routes,
        tracing_routes,
        search_routes,
        traces_routes,
        accounts_routes,
        second_step_routes,
        settings_routes,
        data_routes,
        factors_routes,
        rotation_routes,
    ):
        app.register_blueprint(routes)
    _add_static(app, static)
    _add_headers(app, secure)
    _add_background(app, rooms, store)
    return app


def _add_static(app: Quart, static: hypermedia.Static) -> None:
    @app.get("/static/<path:path>", endpoint="static")
    async def serve(path: str) -> Response:
        try:
            response = await send_from_directory(static.folder, path, conditional=True)
        except (NoSuchFile, OSError, ValueError):  # or a name that no file can have
            abort(404)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if static.is_hashed(path) else "no-cache"
        )
        return response

    @app.get("/healthz", endpoint="healthz")
    async def healthz() -> Response:
        return Response('{"status": "ok"}', 200, content_type="application/json")


def _add_headers(app: Quart, secure: bool) -> None:
    @app.after_request
    async def complete(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers[name] = value
        if secure:
            response.headers["Strict-Transport-Security"] = HSTS
        if request.endpoint != "static" or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
            # The same address is a page for a visit and a piece of it for HTMX.
            response.headers["Vary"] = "HX-Request-Type, Cookie"
        return response


def _add_background(app: Quart, rooms: Rooms, store: Store) -> None:
    """Locking, last uses and the log of the store: what no request should wait for."""
    tasks: list[asyncio.Task[None]] = []

    @app.before_serving
    async def begin() -> None:
        for step, seconds in (
            (rooms.journals.sweep, SWEEP_SECONDS),
            (rooms.sessions.flush, FLUSH_SECONDS),
            (rooms.accounts.sweep, FLUSH_SECONDS),
            (store.tidy, TIDY_SECONDS),
        ):
            tasks.append(asyncio.create_task(_every(seconds, step)))

    @app.after_serving
    async def end() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await rooms.journals.close_all()
        rooms.accounts.close()
        store.close()


async def _every(seconds: float, step: Callable[[], Awaitable[Any]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except StoreError as e:
            log.warning("A background step failed: %s", type(e).__name__)
        except Exception as e:  # noqa: BLE001 - one bad turn must not end the loop
            log.error("A background step failed: %s", type(e).__name__)


def _policy(settings: Settings, first_token: str | None = None) -> AccountsPolicy:
    limits, window = settings.limits, settings.limits.sign_in_window

    def limit(attempts: int) -> Limit:
        return Limit(attempts, window)

    sign_in = Limits(
        limit(limits.sign_in_per_account),
        limit(limits.sign_in_per_network),
        limit(limits.sign_in_in_all),
    )
    recovery = Limits(
        limit(limits.recovery_per_account),
        limit(limits.sign_in_per_network),
        limit(limits.sign_in_in_all),
    )
    return AccountsPolicy(
        kdf=KdfPolicy(settings.crypto.kdf_memory_mib, settings.crypto.kdf_passes),
        registration_open=not settings.features.disable_registration,
        invitation_only=settings.features.invitation_only,
        first_token=first_token,
        idle_ttl=timedelta(seconds=settings.session.idle_ttl),
        absolute_ttl=timedelta(seconds=settings.session.absolute_ttl),
        dek_storage="cookie" if settings.crypto.dek_storage == "cookie" else "session",
        sign_in=sign_in,
        recovery=recovery,
        second_factor=recovery,
        derivations_at_once=limits.kdf_at_once,
        derivations_waiting=limits.kdf_waiting,
    )


def _in_cookies(policy: AccountsPolicy) -> bool:
    return policy.dek_storage == "cookie"


def chat_address(settings: Settings) -> str:
    return settings.llm.chat.base_url or settings.llm.upstream.host


def _model(settings: Settings, llama: socket.socket | None) -> Endpoint | None:
    """The model that is run here, or the configured endpoint; None when there is neither, and Echo
    answers."""
    if settings.llm.local.model_path is None:
        return chat_endpoint(settings)
    if llama is None:
        raise BadSetting("LLM.local.model_path is set, and nothing here runs a model.")
    return managed(settings, llama)


def managed(settings: Settings, llama: socket.socket) -> Managed:
    """The model at the other end of the line `llama`."""
    local = settings.llm.local
    assert local.model_path
    here = replace(_model_settings(settings), ctx_size=local.ctx_size, ask_window=True)
    return Managed(Line(llama), local.model_path.stem, here)


def chat_endpoint(settings: Settings) -> Endpoint | None:
    """The endpoint that the settings name, if they do. It asks nothing before it is asked."""
    if not chat_address(settings):
        return None
    try:
        return Endpoint(_model_settings(settings))
    except BadAddress as e:
        name = "LLM.chat.base_url" if settings.llm.chat.base_url else "LLM.upstream.host"
        raise BadSetting(f"{name} cannot be used: {e.reason}.") from e


def _model_settings(settings: Settings) -> ModelSettings:
    llm = settings.llm
    return ModelSettings(
        host=llm.upstream.host,
        base_url=llm.chat.base_url,
        endpoint=llm.chat.endpoint,
        model=llm.chat.model,
        ask_window=not llm.upstream.skip_health_check,
        api_key=llm.chat.api_key,
        ctx_size=llm.upstream.ctx_size,
        allow_plain_http=llm.upstream.allow_plain_http,
        connect_seconds=llm.timeouts.connect,
        first_seconds=llm.timeouts.first_token,
        between_seconds=llm.timeouts.between_tokens,
        total_seconds=llm.chat.timeout_seconds,
        max_retries=llm.chat.max_retries,
        parameters=llm.chat.parameters,
        parameter_allowlist=llm.chat.parameter_allowlist,
        temperature=llm.generation.temperature,
        top_p=llm.generation.top_p,
        stop=llm.generation.stop,
    )


def _languages(settings: Settings) -> tuple[str, ...]:
    """The languages that names of traces are compared in."""
    chosen = settings.search.language
    return ("en",) if chosen == "auto" else (chosen,)


def search_of(settings: Settings, store: Store, journal: Journal, traces: Traces) -> "Search":
    """Search in an unlocked journal. Imports NumPy and more: call in a thread the first time."""
    from llamora.search import bge
    from llamora.search.embedders import Embedders
    from llamora.search.recent import Recent
    from llamora.search.search import Search

    chosen = embedder_of(settings.embedding, settings.data_folder)
    # Vectors of a model that was chosen before can still be searched while they are replaced.
    others = [bge.BgeEmbedder(bge.folder_in(settings.data_folder))]
    return Search(
        store,
        journal,
        Embedders(chosen, others),
        Recent(store, journal.vault, journal.now),
        settings.search.language,
        traces,
    )


def other_words_of(
    settings: Settings, model: Model, journal: Journal, traces: Traces, search: "Search"
) -> "OtherWords":
    """Other words for searches in an unlocked journal, without the rest of the companion."""
    from llamora.companion.other_words import OtherWords

    async def here() -> "Search":
        return search

    prompts = Prompts(settings.prompts.template_dir)
    return OtherWords(Sources(journal, traces, here), model, prompts)


def reseals() -> tuple[Reseal, ...]:
    """How the rows of every table come into another epoch, the days first. A table that is not
    among them is found by a test."""
    from llamora.accounts import turning
    from llamora.journal import resealing as journal
    from llamora.search import resealing as search
    from llamora.traces import traces

    return (*journal.RESEALS, *traces.RESEALS, *search.RESEALS, *turning.RESEALS)


def rotation_of(store: Store, vault: Vault) -> Rotation:
    return Rotation(store, vault, reseals())


def traces_of(settings: Settings, store: Store, journal: Journal) -> Traces:
    return Traces(store, journal, _languages(settings))


def embedder_of(embedding: Embedding, data_folder: Path) -> "Embedder | None":
    """The embedder that the settings name, None for the built-in one. It loads and asks nothing
    before its first text."""
    if embedding.make == "bge-small-en-v1.5":
        from llamora.search import bge

        return bge.BgeEmbedder(bge.folder_in(data_folder))
    if embedding.make == "endpoint":
        return embedding_endpoint(embedding)
    return None


def _embedding_host(embedding: Embedding) -> str:
    """The host that passages are sent to when it is not this machine, else ""."""
    host = urlsplit(embedding.base_url).hostname or ""
    return "" if embedding.make != "endpoint" or is_loopback(host) else host


def embedding_endpoint(embedding: Embedding) -> "EndpointEmbedder":
    """The endpoint that the settings name. It asks nothing before its first text."""
    from llamora.search.endpoint import EndpointEmbedder

    return EndpointEmbedder(embedding_settings(embedding))


def embedding_settings(embedding: Embedding) -> "EndpointSettings":
    from llamora.search.endpoint import EndpointSettings

    return EndpointSettings(
        base_url=embedding.base_url,
        model=embedding.model,
        api_key=embedding.api_key,
        batch=embedding.batch,
        query_prefix=embedding.query_prefix,
        passage_prefix=embedding.passage_prefix,
        allow_plain_http=embedding.allow_plain_http,
    )


def _engine(settings: Settings, model: Model | None) -> Engine:
    if model is None:
        return Engine("echo")
    if isinstance(model, Managed):
        return Engine("managed", model)
    remote = isinstance(model, Endpoint) and bool(model.remote)
    return Engine("endpoint", model, chat_address(settings), remote)
