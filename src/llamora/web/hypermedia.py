"""Pages and their pieces: a visit gets the page, an HTMX request the block or partial of it."""

import json
import secrets
from pathlib import Path
from typing import Any

from markupsafe import Markup
from quart import Quart, Response, current_app, g, request, url_for
from quart.globals import request_ctx

from llamora.web.wording import _, day_number, weekday


def is_partial() -> bool:
    """Whether HTMX asks for a piece to swap in, not for a page."""
    return request.headers.get("HX-Request-Type", "").lower() == "partial"


async def page(template: str, status: int = 200, /, **context: Any) -> Response:
    """The whole page."""
    return answer(await render(template, **context), status)


async def block(template: str, name: str, status: int = 200, /, **context: Any) -> Response:
    """One block of a page's template, alone."""
    await current_app.update_template_context(context)
    found = current_app.jinja_env.get_template(template)
    return answer("".join(found.blocks[name](found.new_context(context))), status)


async def render(template: str, /, **context: Any) -> str:
    """A template's HTML.

    Templates are rendered in one go, not with Jinja's asynchronous mode that the framework's own
    function asks for: nothing in them waits, and it takes twice as long.
    """
    await current_app.update_template_context(context)
    return current_app.jinja_env.get_template(template).render(context)


def compile_all() -> None:
    """Compiles every template; about 0.1 s the first time, nothing afterwards."""
    for name in current_app.jinja_env.list_templates(extensions=["html"]):
        current_app.jinja_env.get_template(name)


def answer(html: str, status: int = 200) -> Response:
    """That HTML, with that status."""
    return Response(html, status, content_type="text/html; charset=utf-8")


def see(url: str) -> Response:
    """On to another page: 303 for a form, `HX-Redirect` for HTMX, which would swap a page in."""
    response = answer("", 200 if is_partial() else 303)
    response.headers["HX-Redirect" if is_partial() else "Location"] = url
    return response


def address_of(endpoint: str, **values: Any) -> str:
    """`url_for` for templates: the path of a route of ours, without what the framework's own does
    for other cases. A day's page asks for some hundred."""
    adapter = request_ctx.url_adapter
    assert adapter is not None
    return adapter.build(endpoint, values)


class Static:
    """Addresses of static files: built ones by their hashed names, sources as they are."""

    def __init__(self, frontend: Path) -> None:
        self._dist = frontend / "dist"
        self._src = frontend / "src"
        manifest = self._dist / "manifest.json"
        self.built = manifest.is_file()
        self._names: dict[str, str] = json.loads(manifest.read_text()) if self.built else {}
        self._hashed = frozenset(self._names.values())
        self._icons: dict[str, Markup] = {}

    @property
    def folder(self) -> Path:
        return self._dist if self.built else self._src

    def url(self, name: str) -> str:
        return url_for("static", path=self._names.get(name, name))

    def is_hashed(self, name: str) -> bool:
        """Whether a file's content can never change under this name."""
        return name in self._hashed

    def icon(self, name: str) -> Markup:
        """The drawing of an icon, to stand inline."""
        found = self._icons.get(name)
        if found is None:
            source = self._src / "icons" / f"{name}.svg"
            # Drawings of our own, so they are markup as they are.
            found = self._icons[name] = Markup(source.read_text().strip())  # noqa: S704
        return found


def install(app: Quart, static: Static) -> None:
    """Gives every template its globals."""
    app.jinja_env.is_async = False  # see `render`
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        _=_,
        url_for=address_of,
        static=static.url,
        icon=static.icon,
        fresh_key=lambda: secrets.token_hex(16),
        weekday=weekday,
        day_number=day_number,
    )

    @app.context_processor
    def about_request() -> dict[str, Any]:
        opened = g.get("opened")
        return {
            "me": g.get("me"),
            "companion_badge": g.get("badge"),
            "has_model": opened is not None and opened.companion.model is not None,
            "search_badge": current_app.config["SEARCH_BADGE"] if opened else "",
            "today": opened.journal.today() if opened else None,
            "page_path": request.path,
        }
