"""Looks at who can reach the journal, and whether the models of the settings can be reached."""

import asyncio
import ssl
from dataclasses import replace
from typing import TYPE_CHECKING

from llamora.cli.doctor.finding import Finding, note, ok, wrong
from llamora.settings import Settings, is_loopback

if TYPE_CHECKING:
    from llamora.search.endpoint import EndpointSettings

PATIENCE = 5.0
"""Seconds that are waited for a model."""


def address(settings: Settings) -> list[Finding]:
    """Where it listens, and what guards that."""
    about, app = "address", settings.app
    if is_loopback(app.host):
        return [ok(about, f"It listens on {app.host}, which is this machine alone.")]
    found = [_tls(about, settings)]
    if not settings.features.disable_registration:
        found.append(
            note(
                about,
                "Whoever reaches it may make an account; FEATURES.disable_registration"
                " closes that.",
            )
        )
    return found


def models(settings: Settings) -> list[Finding]:
    """Asks those that are configured how they are, for a few seconds."""
    return [_answers(settings), *_search(settings)]


def _tls(about: str, settings: Settings) -> Finding:
    app = settings.app
    if app.tls_cert is None:
        secure = settings.cookies.force_secure
        advice = "see that what stands in front speaks TLS"
        return note(
            about,
            f"It listens on {app.host} in plain http; {advice}"
            + ("." if secure else ", and set COOKIES.force_secure."),
        )
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(app.tls_cert, app.tls_key, lambda: "")
    except (OSError, ValueError):
        return wrong(
            about, "APP.tls_cert and APP.tls_key are not a certificate and its key in PEM."
        )
    return ok(about, f"It listens on {app.host} under TLS.")


def _answers(settings: Settings) -> Finding:
    from llamora.app import chat_address, chat_endpoint

    about, local = "companion", settings.llm.local.model_path
    if local:
        if local.is_file():
            return ok(about, f"It is run here from {local}; `model status` loads it.")
        return wrong(about, f"There is no file {local}; see LLM.local.model_path.")
    endpoint = chat_endpoint(settings)
    if endpoint is None:
        return ok(about, "Echo answers; no model is connected.")
    where = chat_address(settings)

    async def ask():
        try:
            return await endpoint.health()
        finally:
            await endpoint.aclose()

    health = asyncio.run(ask())
    if health.state == "failed":
        return wrong(about, f"{where} does not answer: {health.sentence}")
    if health.state == "ready":
        return ok(about, f"{where} is ready.")
    loading = health.state == "loading"
    return note(about, f"{where} {'is loading' if loading else 'is not to be asked how it is'}.")


def _search(settings: Settings) -> list[Finding]:
    about = "search"
    if settings.embedding.make != "endpoint":
        return [ok(about, f"The model is {settings.embedding.make}, on this machine.")]
    from llamora.app import embedding_settings
    from llamora.search.embedder import EmbedderUnavailable
    from llamora.search.endpoint import EndpointEmbedder

    where = settings.embedding.base_url
    try:
        EndpointEmbedder(_impatient(embedding_settings(settings.embedding))).query("a")
    except EmbedderUnavailable as error:
        return [wrong(about, f"{where} gives no vectors: {error.sentence}")]
    return [ok(about, f"{where} answers.")]


def _impatient(settings: "EndpointSettings") -> "EndpointSettings":
    return replace(
        settings, connect_seconds=PATIENCE, silent_seconds=PATIENCE, total_seconds=PATIENCE
    )
