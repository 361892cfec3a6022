"""Every setting: its name, default, unit and meaning; and how the layers become one frozen tree.

`load` is called once, by the composition root and the command line, and its `Settings` is handed
on; nothing below them reads a file or the environment. The layers, later ones first in force:
built-in defaults (this module), `config/settings.local.toml`, `config/.secrets.toml`, `.env`, the
environment (`LLAMORA_LLM__UPSTREAM__HOST`). `config/settings.toml` and `docs/settings.md` list what
stands here, and are written by `bin/settings`.

Dynaconf stacks the layers and does nothing else: its casts (`@format`, `@jinja`, `@read_file`),
includes, hooks, Python settings files, `DYNACONF_…` variables and guessing of types stay off, so
that a value is only ever a value: a key "1e5" stays that text, and nobody runs `@jinja {{ … }}`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints
from urllib.parse import urlsplit

from llamora.reach import Reach

PREFIX = "LLAMORA_"
CHECKOUT = Path(__file__).resolve().parents[2]
_BESIDE, _PACKED = CHECKOUT / "frontend", Path(__file__).resolve().parent / "frontend"
FRONTEND = _BESIDE if _BESIDE.is_dir() else _PACKED
"""The frontend's folder: beside the sources in a checkout, within the package from a wheel."""
GENERATED = ("SECRET_KEY", "COOKIES.secret")
LAYERS = ("config/settings.local.toml", "config/.secrets.toml")
SECRETS = "secrets.toml"
"""The file in the data folder that keeps them."""

LANGUAGES = (
    "auto",
    *("ar", "ca", "cs", "da", "de", "el", "en", "eo", "es", "et", "eu", "fa", "fi", "fr", "ga"),
    *("hi", "hu", "hy", "id", "it", "lt", "ne", "nl", "no", "pl", "pt", "ro", "ru", "sr", "st"),
    *("sv", "ta", "tr", "yi"),
)
"""What SEARCH.language may be: the languages that Snowball has a stemmer for."""

T = TypeVar("T")


class BadSetting(Exception):
    """A setting is unknown, unreadable or out of range; `str()` is one sentence that names it."""


@dataclass(frozen=True)
class Key:
    """What is known of one setting besides its name, type and default."""

    says: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    check: Callable[[Any], str | None] | None = None
    """Returns what the value must be when it is not, as in "must be …"."""


def key(default: T, says: str, **more: Any) -> T:
    """A dataclass field that is a setting. Secret ones stay out of every `repr`."""
    about = Key(says, **more)
    if isinstance(default, dict):
        empty: dict[str, object] = {}
        return field(default_factory=lambda: MappingProxyType(empty), metadata={"key": about})  # pyright: ignore[reportReturnType]
    return field(default=default, repr=not about.secret, metadata={"key": about})


# --- what a value must be, beyond its type --------------------------------------------------------


def _address(value: str) -> str | None:
    wanted = "must be an http or https address such as http://127.0.0.1:8080"
    try:
        parts = urlsplit(value)
        _ = parts.port  # read only when asked for
    except ValueError:
        return wanted
    if parts.username or parts.password:
        return "must not hold a name or password (a key has its own setting, api_key)"
    return (
        wanted if value and (parts.scheme not in ("http", "https") or not parts.hostname) else None
    )


def _api_key(value: str) -> str | None:
    # What may stand in a header; anything else is a slip of the clipboard.
    fits = re.fullmatch(r"[\x21-\x7e]*", value)
    return None if fits else "must be letters, digits and signs of ASCII, without spaces"


def _hosts(value: list[str]) -> str | None:
    if all(re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]+)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?", h) for h in value):
        return None
    return "must be host names without scheme or path, such as journal.example.org"


def _language(value: str) -> str | None:
    return None if value in LANGUAGES else f"must be one of {', '.join(LANGUAGES)}"


def _cookie_name(value: str) -> str | None:
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value)
    return None if fits else "must be 1 to 40 letters, digits, - or _"


def _root_path(value: str) -> str | None:
    fits = re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", value)
    return None if fits else "must be empty or a path such as /journal, without a slash at its end"


def _url_path(value: str) -> str | None:
    return None if value.startswith("/") else "must be a path that begins with /"


def _long_enough(value: str) -> str | None:
    return None if not value or len(value) >= 32 else "must be at least 32 characters"


# --- the tree -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class App:
    """Where the server listens and whom it answers."""

    host: str = key("127.0.0.1", "Address to listen on; anything but loopback asks for more below.")
    port: int = key(5000, "Port to listen on.", low=1, high=65535)
    trusted_hosts: tuple[str, ...] = key(
        (), "Host names answered besides the loopback names.", check=_hosts
    )
    tls_cert: Path | None = key(None, "Certificate chain (PEM) for TLS; empty: no TLS.")
    tls_key: Path | None = key(None, "Private key (PEM) for TLS.")
    allow_plain_http: bool = key(
        False, "Listen beyond loopback without TLS, because something in front speaks it."
    )
    proxy_hops: int = key(
        0, "Proxies in front, whose X-Forwarded-For header says who asks.", low=0, high=10
    )
    root_path: str = key("", "Path the journal is served under by a proxy.", check=_root_path)


@dataclass(frozen=True, slots=True)
class Database:
    """Where the journal is kept."""

    path: Path = key(
        Path(),
        "The database file; its folder is the data folder. Empty: data/llamora.sqlite3 in a"
        " checkout, else $XDG_DATA_HOME/llamora/llamora.sqlite3.",
    )


@dataclass(frozen=True, slots=True)
class Crypto:
    """How hard a guess at a password is, and where keys stay between requests."""

    dek_storage: str = key(
        "session",
        'Where the key rests between requests: "session" (a sealed row, opened by the cookie'
        ' and a key in memory) or "cookie" (sealed in the cookie alone).',
        choices=("session", "cookie"),
    )
    kdf_memory_mib: int = key(128, "Memory of one Argon2id.", unit="MiB", low=64, high=1024)
    kdf_passes: int = key(3, "Passes of one Argon2id.", unit="passes", low=3, high=16)


@dataclass(frozen=True, slots=True)
class Cookies:
    """The session cookie."""

    name: str = key(
        "llamora", "Name of the session cookie, without prefix or port.", check=_cookie_name
    )
    secret: str = key(
        "",
        'Seals the keys in cookies when CRYPTO.dek_storage is "cookie". Empty: made on first run'
        " and kept in secrets.toml in the data folder.",
        secret=True,
        check=_long_enough,
    )
    force_secure: bool = key(
        False, "Use Secure __Host- cookies even on loopback http, for a TLS proxy in front."
    )


@dataclass(frozen=True, slots=True)
class Session:
    """How long a sign-in lasts."""

    idle_ttl: int = key(3600, "Locked after this long unused.", unit="seconds", low=60, high=2**25)
    absolute_ttl: int = key(
        86400, "Locked after this long in any case.", unit="seconds", low=60, high=2**25
    )


@dataclass(frozen=True, slots=True)
class Features:
    """Who may begin a journal."""

    disable_registration: bool = key(False, "Refuse new accounts, also those with an invitation.")
    invitation_only: bool = key(
        False, "Ask a new account for a one-time invitation from `llamora-server account invite`."
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of anything is taken before a calm refusal."""

    body_bytes: int = key(
        1048576, "Longest request body, imports apart.", unit="bytes", low=262144, high=2**26
    )
    response_bytes: int = key(
        262144, "A response is ended here.", unit="bytes of UTF-8", low=1000, high=2**24
    )
    streams_per_session: int = key(4, "Streams one session may follow at once.", low=1, high=100)
    generations_per_account: int = key(
        2, "Responses being written for one account at once.", low=1, high=100
    )
    kdf_at_once: int = key(2, "Argon2id computations at once.", low=1, high=64)
    kdf_waiting: int = key(
        8,
        "Sign-ins that may wait for one; more are told to come back. New accounts may take half.",
        low=0,
        high=1000,
    )
    sign_in_window: int = key(
        900, "The time in which attempts are counted.", unit="seconds", low=60, high=86400
    )
    sign_in_per_account: int = key(
        10, "Failed sign-ins for one account in that time.", low=3, high=1000
    )
    sign_in_per_network: int = key(
        30, "Failed sign-ins from one network in that time.", low=3, high=100000
    )
    sign_in_in_all: int = key(300, "Failed sign-ins in all in that time.", low=3, high=1000000)
    recovery_per_account: int = key(
        5, "Failed recoveries of one account in that time, counted apart.", low=3, high=1000
    )


COUNTED_BY_EACH = (
    "kdf_at_once",
    "kdf_waiting",
    "sign_in_per_account",
    "sign_in_per_network",
    "sign_in_in_all",
    "recovery_per_account",
)
"""The limits that server processes share out among themselves."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A language model's server."""

    host: str = key(
        "",
        "Address of an OpenAI-compatible server, such as http://127.0.0.1:8080; empty: the"
        " built-in Echo answers.",
        check=_address,
    )
    parallel: int = key(1, "Requests the server takes at once.", low=1, high=256)
    ctx_size: int = key(
        0, "The model's window; 0: ask the server.", unit="tokens", low=0, high=2**24
    )
    skip_health_check: bool = key(
        False, "Ask the server nothing beside answers; its window is then LLM.upstream.ctx_size."
    )
    allow_plain_http: bool = key(
        False, "Send prompts over plain http to a server beyond this machine."
    )


@dataclass(frozen=True, slots=True)
class Local:
    """A language model that the server runs itself, with llama.cpp; asks for the extra `local`."""

    model_path: Path | None = key(
        None,
        "A GGUF file; `llamora-server model pull` gets one. Loaded when it is first asked. Empty:"
        " none is run here.",
    )
    ctx_size: int = key(
        8192,
        "The model's window, and no more than the model knows; it takes memory, once for each of"
        " LLM.upstream.parallel.",
        unit="tokens",
        low=256,
        high=2**20,
    )
    threads: int = key(
        0, "Threads that it works with; 0: the physical cores but one.", low=0, high=1024
    )


@dataclass(frozen=True, slots=True)
class Chat:
    """How the model is asked."""

    endpoint: str = key(
        "/v1/chat/completions",
        "Path of the chat endpoint under LLM.upstream.host.",
        check=_url_path,
    )
    base_url: str = key(
        "",
        "Base address in the OpenAI manner, such as https://api.example.org/v1; used instead of"
        " LLM.upstream.host, with /chat/completions added.",
        check=_address,
    )
    model: str = key("", "Name of the model; empty: the first one the server lists.")
    api_key: str = key("", "Key sent as a bearer token; empty: none.", secret=True, check=_api_key)
    timeout_seconds: int = key(
        600, "Longest time for one response in all.", unit="seconds", low=1, high=86400
    )
    max_retries: int = key(2, "New attempts, only before the first byte came.", low=0, high=10)
    parameters: Mapping[str, object] = key({}, "Further fields of the request, sent as they are.")
    parameter_allowlist: tuple[str, ...] = key(
        (
            "temperature",
            "top_p",
            "top_k",
            "min_p",
            "max_tokens",
            "stop",
            "seed",
            "presence_penalty",
            "frequency_penalty",
            "repeat_penalty",
        ),
        "Fields of LLM.chat.parameters that may be sent.",
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the model may be silent; LLM.chat.timeout_seconds ends it in all."""

    connect: float = key(5.0, "Until connected.", unit="seconds", low=0.1, high=3600)
    first_token: float = key(
        60.0,
        "Until the first token; a cold model may take minutes.",
        unit="seconds",
        low=0.1,
        high=86400,
    )
    between_tokens: float = key(30.0, "Between two tokens.", unit="seconds", low=0.1, high=3600)


@dataclass(frozen=True, slots=True)
class Generation:
    """How the model chooses its words."""

    temperature: float = key(0.7, "How freely.", low=0, high=2)
    top_p: float = key(0.95, "From which share of the likeliest words.", low=0, high=1)
    max_tokens: int = key(1024, "Longest response.", unit="tokens", low=1, high=2**20)
    stop: tuple[str, ...] = key((), "Texts that end a response.")


@dataclass(frozen=True, slots=True)
class Llm:
    """The language model."""

    upstream: Upstream = field(default_factory=Upstream)
    local: Local = field(default_factory=Local)
    chat: Chat = field(default_factory=Chat)
    timeouts: Timeouts = field(default_factory=Timeouts)
    generation: Generation = field(default_factory=Generation)


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the model is told."""

    template_dir: Path | None = key(
        None, "Folder whose *.txt.j2 files stand in for the built-in prompts; empty: none."
    )


@dataclass(frozen=True, slots=True)
class Embedding:
    """Which model finds by meaning. What another one made is made anew by the one chosen."""

    make: str = key(
        "built-in",
        'Which: "built-in" needs nothing else; "bge-small-en-v1.5" knows English better and is got'
        ' by `llamora-server model pull`; "endpoint" sends passages and questions to'
        " EMBEDDING.base_url.",
        choices=("built-in", "bge-small-en-v1.5", "endpoint"),
    )
    base_url: str = key(
        "",
        "Address of an OpenAI-compatible server, such as http://127.0.0.1:8080 or"
        " https://api.example.org/v1; /embeddings is added, and /v1 where there is no path.",
        check=_address,
    )
    model: str = key(
        "", "The endpoint's name for its model; vectors of one name are compared with each other."
    )
    api_key: str = key("", "Key sent as a bearer token; empty: none.", secret=True, check=_api_key)
    batch: int = key(16, "Texts in one request to the endpoint.", low=1, high=2048)
    query_prefix: str = key(
        "", 'What the endpoint\'s model wants before a question, such as "search_query: ".'
    )
    passage_prefix: str = key(
        "", 'What it wants before a passage, such as "search_document: "; part of its name.'
    )
    allow_plain_http: bool = key(
        False, "Send passages and questions over plain http to a server beyond this machine."
    )


@dataclass(frozen=True, slots=True)
class Search:
    """How search works."""

    memory_budget: int = key(
        512,
        "What the indexes of all open journals may take together; the one that was used longest ago"
        " is dropped first, and loaded again when it is needed.",
        unit="MiB",
        low=16,
        high=2**20,
    )
    language: str = key(
        "auto",
        f"Whose endings of words are taken off: {', '.join(LANGUAGES[1:])}; or auto: each text's"
        " own.",
        check=_language,
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree, validated and frozen. Paths are absolute; secrets are present."""

    secret_key: str = key(
        "",
        "Keys the framework's own session and flash cookies; signs nothing private. Empty: made on"
        " first run and kept in secrets.toml in the data folder.",
        secret=True,
        check=_long_enough,
    )
    app: App = field(default_factory=App)
    database: Database = field(default_factory=Database)
    crypto: Crypto = field(default_factory=Crypto)
    cookies: Cookies = field(default_factory=Cookies)
    session: Session = field(default_factory=Session)
    features: Features = field(default_factory=Features)
    limits: Limits = field(default_factory=Limits)
    llm: Llm = field(default_factory=Llm)
    prompts: Prompts = field(default_factory=Prompts)
    embedding: Embedding = field(default_factory=Embedding)
    search: Search = field(default_factory=Search)

    def for_one_of(self, workers: int) -> Settings:
        """What one of several server processes goes by.

        Each counts attempts and derivations by itself, so it gets its part of those limits,
        rounded up: each may at least try once.
        """
        parts = {name: -(-getattr(self.limits, name) // workers) for name in COUNTED_BY_EACH}
        return replace(self, limits=replace(self.limits, **parts))

    @property
    def reach(self) -> Reach:
        """Whom the program may connect to."""
        return Reach.to(
            answers=self.llm.chat.base_url or self.llm.upstream.host,
            search=self.embedding.base_url if self.embedding.make == "endpoint" else "",
            here=self.llm.local.model_path is not None,
            own=self.app.host,
        )

    @property
    def data_folder(self) -> Path:
        """The folder of the database, which also holds secrets.toml and backups."""
        return self.database.path.parent


@dataclass(frozen=True)
class Leaf:
    """One setting as it is known outside: "LLM.upstream.host", its type and default."""

    name: str
    type: Any
    default: Any
    about: Key

    @property
    def variable(self) -> str:
        """The environment's name for it: LLAMORA_LLM__UPSTREAM__HOST."""
        return PREFIX + self.name.replace(".", "__").upper()


@cache
def leaves() -> dict[str, Leaf]:
    """Every setting by its lower-cased name, in the order of the tree."""
    return {leaf.name.lower(): leaf for leaf in _walk(Settings, ())}


def groups() -> dict[str, str]:
    """The tables of settings and what each is about, in the order of the tree."""
    return dict(_tables(Settings, ()))


def _walk(group: type, path: tuple[str, ...]) -> Iterator[Leaf]:
    types = get_type_hints(group)
    for each in fields(group):
        name = (*path, each.name if path else each.name.upper())
        if is_dataclass(types[each.name]):
            yield from _walk(types[each.name], name)
        else:
            default = each.default_factory() if callable(each.default_factory) else each.default
            yield Leaf(".".join(name), types[each.name], default, each.metadata["key"])


def _tables(group: type, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    types = get_type_hints(group)
    for each in fields(group):
        if is_dataclass(types[each.name]):
            name = (*path, each.name if path else each.name.upper())
            yield ".".join(name), types[each.name].__doc__ or ""
            yield from _tables(types[each.name], name)


# --- loading --------------------------------------------------------------------------------------


def load(root: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Reads every layer and returns the settings in force.

    `root` holds `config/` and `.env`, and relative paths start there: the checkout when run from
    one, else `$XDG_DATA_HOME/llamora`. Makes the data folder and its secrets.toml when secrets are
    neither set nor there yet. Raises `BadSetting`.
    """
    environ = os.environ if environ is None else environ
    root, database = _places(root, environ)
    values = _stack(_defaults(), *_given(root, environ))
    values["DATABASE.path"] = values["DATABASE.path"] or str(database)
    for leaf in leaves().values():
        if leaf.type in (Path, Path | None):
            given = values[leaf.name]
            values[leaf.name] = root / Path(given).expanduser() if given else None
    _agree(values)
    if not all(values[name] for name in GENERATED):
        kept = _secrets(Path(values["DATABASE.path"]).parent)
        values |= {name: values[name] or kept[name] for name in GENERATED}
    return _tree(Settings, (), values)


def _places(root: Path | None, environ: Mapping[str, str]) -> tuple[Path, Path]:
    """Where the layers and relative paths start, and where the database is unless set."""
    if root is None and not _is_checkout(CHECKOUT):
        home = _data_home(environ)
        return home, home / "llamora.sqlite3"
    root = (root or CHECKOUT).resolve()
    return root, root / "data/llamora.sqlite3"


def configuration_files(root: Path | None = None) -> list[Path]:
    """The files that a key or a secret may stand in, whether they are there or not."""
    root, _ = _places(root, os.environ)
    return [root / name for name in (*LAYERS, ".env")]


def _is_checkout(folder: Path) -> bool:
    return (folder / "pyproject.toml").is_file() and (folder / "config/settings.toml").is_file()


def _data_home(environ: Mapping[str, str]) -> Path:
    given = Path(environ.get("XDG_DATA_HOME", ""))
    # The XDG specification says that a relative path there is to be ignored.
    return (given if given.is_absolute() else Path.home() / ".local/share") / "llamora"


Layer = list[tuple[str, object]]
"""Names as Dynaconf takes them ("LLM.upstream.host") with values already of the right type."""


def _defaults() -> Layer:
    return [(leaf.name, _plain(leaf.default)) for leaf in leaves().values()]


def _plain(value: Any) -> Any:
    if value is None or value == Path():
        return ""
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _given(root: Path, environ: Mapping[str, str]) -> Iterator[Layer]:
    for file in LAYERS:
        yield list(_from_file(root, file))
    yield list(_from_variables(_dotenv(root / ".env"), ".env"))
    yield list(_from_variables(environ, "the environment"))


def _from_file(root: Path, file: str) -> Iterator[tuple[str, object]]:
    try:
        table = tomllib.loads((root / file).read_text("utf-8"))
    except FileNotFoundError:
        return
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{file} is not valid TOML: {error}.") from error
    except OSError as error:
        raise BadSetting(f"{file} cannot be read: {error.strerror}.") from error
    yield from _from_table(table, "", file)


def _from_table(table: dict[str, Any], path: str, file: str) -> Iterator[tuple[str, object]]:
    tables = {name.lower(): name for name in groups()}
    for part, value in table.items():
        name = f"{path}{part}"
        if leaf := leaves().get(name.lower()):
            yield leaf.name, _value(leaf, value, f"{leaf.name} in {file}")
        elif name.lower() in tables and isinstance(value, dict):
            yield from _from_table(value, f"{tables[name.lower()]}.", file)
        elif name.lower() in tables:
            raise BadSetting(f"{name} in {file} must be a table of settings.")
        else:
            nearest = _nearest(name, [leaf.name for leaf in leaves().values()] + list(groups()))
            raise BadSetting(f"{name} in {file} is not a setting; the nearest is {nearest}.")


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dynaconf.vendor.dotenv import dotenv_values

    try:
        found = dotenv_values(str(path), interpolate=False, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path.name} cannot be read as UTF-8 text.") from error
    return {name: value for name, value in found.items() if value is not None}


def _from_variables(variables: Mapping[str, str], place: str) -> Iterator[tuple[str, object]]:
    for variable, text in variables.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable[len(PREFIX) :].replace("__", ".").lower()
        where = f"{variable} in {place}"
        if leaf := leaves().get(name):
            yield leaf.name, _value(leaf, _from_text(leaf, text), where)
        elif (leaf := leaves().get(name.rpartition(".")[0])) and _is_table(leaf):
            # One field of a table, as in LLAMORA_LLM__CHAT__PARAMETERS__TOP_K=40.
            yield f"{leaf.name}.{name.rpartition('.')[2]}", _toml(text)
        else:
            nearest = _nearest(variable, [leaf.variable for leaf in leaves().values()])
            raise BadSetting(f"{where} is not a setting; the nearest is {nearest}.")


def _nearest(name: str, names: list[str]) -> str:
    from difflib import get_close_matches

    folded = {each.lower(): each for each in names}
    return folded[get_close_matches(name.lower(), folded, n=1, cutoff=0.0)[0]]


def _stack(*layers: Layer) -> dict[str, Any]:
    """The value in force of every setting. A later layer wins; lists and tables are not joined."""
    from dynaconf.base import Settings as Stack

    stack = Stack(
        # No loaders: no files, no environment, no includes, no hooks.
        dynaconf_skip_loaders=True,
        dynaconf_skip_validators=True,
        # No casts: "@jinja …" is text.
        AUTO_CAST_FOR_DYNACONF=False,
        DOTTED_LOOKUP_FOR_DYNACONF=True,
        NESTED_SEPARATOR_FOR_DYNACONF="__",
        MERGE_ENABLED_FOR_DYNACONF=False,
    )
    for layer in layers:
        for name, value in layer:
            stack.set(name, value)
    stacked = stack.as_dict()
    values: dict[str, Any] = {}
    for leaf in leaves().values():
        value: Any = stacked
        for part in leaf.name.split("."):
            value = value[part]
        values[leaf.name] = value
    return values


def _tree(group: type[T], path: tuple[str, ...], values: Mapping[str, Any]) -> T:
    types = get_type_hints(group)
    made: dict[str, Any] = {}
    for each in fields(group):  # pyright: ignore[reportArgumentType]
        name = (*path, each.name if path else each.name.upper())
        if is_dataclass(types[each.name]):
            made[each.name] = _tree(types[each.name], name, values)
        else:
            value = values[".".join(name)]
            if isinstance(value, list):
                value = tuple(value)
            made[each.name] = MappingProxyType(value) if isinstance(value, dict) else value
    return group(**made)


# --- one value ------------------------------------------------------------------------------------

_YES = ("true", "1", "yes", "on")
_NO = ("false", "0", "no", "off")


def _is_table(leaf: Leaf) -> bool:
    return leaf.type == Mapping[str, object]


def _toml(text: str) -> object:
    """`text` as a TOML value, else as itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _from_text(leaf: Leaf, text: str) -> object:
    """What a variable says, for a setting of that type; text that does not fit is left as it is."""
    if leaf.type is bool:
        lowered = text.strip().lower()
        return True if lowered in _YES else False if lowered in _NO else text
    if leaf.type in (int, float) or _is_table(leaf):
        return _toml(text.strip())
    if leaf.type == tuple[str, ...]:
        if text.lstrip().startswith("["):
            return _toml(text.strip())
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _value(leaf: Leaf, value: Any, where: str) -> object:
    """`value` checked against the setting's type and bounds. Raises `BadSetting` naming `where`."""
    wanted = _wanted(leaf, value)
    if wanted is None and leaf.about.check:
        wanted = leaf.about.check(value)
    if wanted is None:
        return value * 1.0 if leaf.type is float else value
    shown = "" if leaf.about.secret or "://" in str(value) else f", not {str(value)[:60]!r}"
    raise BadSetting(f"{where} {wanted}{shown}.")


def _wanted(leaf: Leaf, value: Any) -> str | None:
    about = leaf.about
    if leaf.type is bool:
        return None if isinstance(value, bool) else "must be true or false"
    if leaf.type in (int, float):
        kinds = (int, float) if leaf.type is float else int
        kind = "a number" if leaf.type is float else "a whole number"
        fits = isinstance(value, kinds) and not isinstance(value, bool)
        # Compared this way round, a NaN does not fit.
        if fits and (about.low or 0) <= value <= (about.high or 0):
            return None
        unit = f" ({about.unit})" if about.unit else ""
        return f"must be {kind} from {about.low:g} to {about.high:.12g}{unit}"
    if leaf.type == tuple[str, ...]:
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
        return None if fits else "must be a list of texts"
    if _is_table(leaf):
        return None if isinstance(value, dict) else "must be a table"
    if not isinstance(value, str) or "\0" in value:
        return "must be text"
    if about.choices and value not in about.choices:
        return "must be " + " or ".join(f'"{choice}"' for choice in about.choices)
    return None


# --- several values -------------------------------------------------------------------------------


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine, without asking anyone."""
    host = host.strip("[]").rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _agree(values: Mapping[str, Any]) -> None:
    """Refuses settings that are each well-formed and together unsafe or senseless."""
    if values["SESSION.idle_ttl"] > values["SESSION.absolute_ttl"]:
        raise BadSetting("SESSION.idle_ttl must not be longer than SESSION.absolute_ttl.")
    if bool(values["APP.tls_cert"]) != bool(values["APP.tls_key"]):
        raise BadSetting("APP.tls_cert and APP.tls_key must be set together.")
    if not is_loopback(values["APP.host"]):
        if not values["APP.trusted_hosts"]:
            raise BadSetting(
                "APP.host is beyond loopback, so APP.trusted_hosts must name the hosts to answer."
            )
        if not values["APP.tls_cert"] and not values["APP.allow_plain_http"]:
            raise BadSetting(
                "APP.host is beyond loopback, so APP.tls_cert and APP.tls_key must be set, or"
                " APP.allow_plain_http when something in front speaks TLS."
            )
    for name in ("LLM.upstream.host", "LLM.chat.base_url"):
        if values["LLM.local.model_path"] and values[name]:
            raise BadSetting(
                f"{name} and LLM.local.model_path are both set; leave one of them empty."
            )
    for name in values["LLM.chat.parameters"]:
        if name not in values["LLM.chat.parameter_allowlist"]:
            raise BadSetting(
                f"LLM.chat.parameters.{name} is not named in LLM.chat.parameter_allowlist."
            )
    for name in ("base_url", "model"):
        if values["EMBEDDING.make"] == "endpoint" and not values[f"EMBEDDING.{name}"]:
            raise BadSetting(f'EMBEDDING.make is "endpoint", so EMBEDDING.{name} must be set.')
    for name, consent in _PLAIN_HTTP.items():
        address = urlsplit(values[name])
        plain = address.scheme == "http" and not is_loopback(address.hostname or "")
        if plain and not values[consent]:
            raise BadSetting(
                f"{name} is plain http to another machine; use https, or set {consent} if what is"
                " sent may travel readable."
            )


_PLAIN_HTTP = {
    "LLM.upstream.host": "LLM.upstream.allow_plain_http",
    "LLM.chat.base_url": "LLM.upstream.allow_plain_http",
    "EMBEDDING.base_url": "EMBEDDING.allow_plain_http",
}
"""What must be set for each address to be plain http beyond this machine."""


# --- generated secrets ----------------------------------------------------------------------------


def _secrets(folder: Path) -> dict[str, str]:
    """The secrets of this installation, by name, made on first use.

    `secrets.toml` in the data folder is 0600 from its first byte and appears whole; a lock on the
    folder lets two processes that start at once agree on one.
    """
    import fcntl

    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _read_or_make(folder / SECRETS, lock)
        finally:
            os.close(lock)
    except OSError as error:
        raise BadSetting(
            f"The data folder {folder} cannot be used ({error.strerror}); set DATABASE.path."
        ) from error


def _read_or_make(path: Path, folder: int) -> dict[str, str]:
    found = _read_secrets(path)
    if all(found.values()):
        return found
    from secrets import token_urlsafe

    made = {name: value or token_urlsafe(32) for name, value in found.items()}
    text = (
        "# Made by Llamora for this installation alone. Keep it private; without it, the sign-ins\n"
        "# in force end, and nothing written is lost.\n"
        f'SECRET_KEY = "{made["SECRET_KEY"]}"\n\n[COOKIES]\nsecret = "{made["COOKIES.secret"]}"\n'
    )
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)  # left by a process of the same number that died here
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    os.fsync(folder)
    return made


def _read_secrets(path: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return dict.fromkeys(GENERATED, "")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path} is damaged; remove it and a new one is made.") from error
    if path.stat().st_mode & 0o077:
        path.chmod(0o600)
    found = {"SECRET_KEY": table.get("SECRET_KEY", "")}
    found["COOKIES.secret"] = table.get("COOKIES", {}).get("secret", "")
    if any(not isinstance(each, str) or _long_enough(each) for each in found.values()):
        raise BadSetting(f"{path} is damaged; remove it and a new one is made.")
    return found
