"""What a person who changes a setting is promised."""

import dataclasses
import multiprocessing
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llamora import settings
from llamora.settings import BadSetting, leaves, load


def write(root: Path, file: str, text: str) -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def refusal(root: Path, **environ: str) -> str:
    with pytest.raises(BadSetting) as raised:
        load(root, environ)
    sentence = str(raised.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_without_any_setting_the_defaults_hold(tmp_path):
    found = load(tmp_path, {})
    assert (found.app.host, found.app.port) == ("127.0.0.1", 5000)
    assert found.database.path == tmp_path / "data/llamora.sqlite3"
    assert found.data_folder == tmp_path / "data"
    assert (found.crypto.kdf_memory_mib, found.crypto.kdf_passes) == (128, 3)
    assert found.llm.upstream.host == ""
    assert found.prompts.template_dir is None


def test_each_layer_wins_over_the_one_before(tmp_path):
    seen = [load(tmp_path, {}).app.port]
    write(tmp_path, "config/settings.local.toml", "[APP]\nport = 5001\nproxy_hops = 1\n")
    seen.append(load(tmp_path, {}).app.port)
    write(tmp_path, "config/.secrets.toml", "[APP]\nport = 5002\n")
    seen.append(load(tmp_path, {}).app.port)
    write(tmp_path, ".env", "# mine\nexport LLAMORA_APP__PORT='5003'\nOTHER=1\n")
    seen.append(load(tmp_path, {}).app.port)
    last = load(tmp_path, {"LLAMORA_APP__PORT": "5004", "APP__PORT": "1"})
    seen.append(last.app.port)
    assert seen == [5000, 5001, 5002, 5003, 5004]
    assert last.app.proxy_hops == 1


def test_the_dotenv_file_does_not_reach_the_environment_of_children(tmp_path):
    write(tmp_path, ".env", "LLAMORA_LLM__CHAT__API_KEY=hunter2-hunter2\n")
    assert load(tmp_path, {}).llm.chat.api_key == "hunter2-hunter2"
    assert "LLAMORA_LLM__CHAT__API_KEY" not in os.environ


def test_names_of_tables_and_settings_may_be_in_any_case(tmp_path):
    write(tmp_path, "config/settings.local.toml", '[llm.Upstream]\nHOST = "http://[::1]:8080"\n')
    assert load(tmp_path, {}).llm.upstream.host == "http://[::1]:8080"


@pytest.mark.parametrize("text", ["true", "True", "1", "yes", "ON"])
def test_a_switch_may_be_written_as_people_write_it(tmp_path, text):
    found = load(tmp_path, {"LLAMORA_FEATURES__DISABLE_REGISTRATION": text})
    assert found.features.disable_registration is True


@pytest.mark.parametrize("text", ["a.example,b.example", ' ["a.example", "b.example"]'])
def test_a_list_in_a_variable_is_separated_by_commas_or_written_as_toml(tmp_path, text):
    found = load(tmp_path, {"LLAMORA_APP__TRUSTED_HOSTS": text})
    assert found.app.trusted_hosts == ("a.example", "b.example")


def test_a_later_list_or_table_replaces_the_earlier_one(tmp_path):
    write(
        tmp_path,
        "config/settings.local.toml",
        '[APP]\ntrusted_hosts = ["a.example"]\n[LLM.chat.parameters]\ntop_k = 20\nseed = 1\n',
    )
    replaced = load(
        tmp_path,
        {
            "LLAMORA_APP__TRUSTED_HOSTS": "b.example",
            "LLAMORA_LLM__CHAT__PARAMETERS": "{top_k = 40}",
        },
    )
    assert replaced.app.trusted_hosts == ("b.example",)
    assert replaced.llm.chat.parameters == {"top_k": 40}
    added = load(tmp_path, {"LLAMORA_LLM__CHAT__PARAMETERS__TOP_K": "40"})
    assert added.llm.chat.parameters == {"top_k": 40, "seed": 1}


@pytest.mark.parametrize(
    "text",
    [
        "1e5",
        "00012",
        "true",
        "[1, 2]",
        "{a = 1}",
        "@jinja {{ this.SECRET_KEY }}",
        "@format {env[HOME]}",
        "@read_file /etc/passwd",
        "@int 5",
        "@del",
        "@merge x",
        "${HOME}",
        "with # hash and 'quotes'",
    ],
)
def test_text_is_only_ever_text(tmp_path, text):
    given = load(tmp_path, {"LLAMORA_LLM__CHAT__MODEL": text})
    assert given.llm.chat.model == text
    write(tmp_path, "config/.secrets.toml", f"[LLM.chat]\nmodel = {_quoted(text)}\n")
    assert load(tmp_path, {}).llm.chat.model == text


def _quoted(text: str) -> str:
    return f"'''{text}'''"


def test_nothing_a_setting_says_is_imported_or_run(tmp_path, monkeypatch):
    mark = tmp_path / "ran"
    hostile = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    for file in ("config/dynaconf_hooks.py", "dynaconf_hooks.py", "config/more.py", "settings.py"):
        write(tmp_path, file, hostile)
    monkeypatch.chdir(tmp_path)
    for variable, value in {
        "SETTINGS_FILE_FOR_DYNACONF": "config/more.py",
        "PRELOAD_FOR_DYNACONF": "config/more.py",
        "INCLUDES_FOR_DYNACONF": "config/more.py",
        "LOADERS_FOR_DYNACONF": '["more"]',
        "DYNACONF_APP__PORT": "6000",
        "DYNACONF_INCLUDE": "config/more.py",
        "AUTO_CAST_FOR_DYNACONF": "true",
    }.items():
        monkeypatch.setenv(variable, value)
    found = load(tmp_path, {"LLAMORA_LLM__CHAT__MODEL": "@jinja {{ 1 + 1 }}"})
    assert found.llm.chat.model == "@jinja {{ 1 + 1 }}"
    assert found.app.port == 5000
    assert not mark.exists()
    write(tmp_path, "config/settings.local.toml", 'dynaconf_include = "more.py"\n')
    assert "dynaconf_include in config/settings.local.toml" in refusal(tmp_path)
    assert not mark.exists()


def test_an_unknown_setting_is_named_with_the_nearest(tmp_path):
    assert refusal(tmp_path, LLAMORA_APP__PROT="1") == (
        "LLAMORA_APP__PROT in the environment is not a setting; the nearest is LLAMORA_APP__PORT."
    )
    write(tmp_path, ".env", "LLAMORA_LLM__UPSTREAM__HOSTS=x\n")
    assert refusal(tmp_path) == (
        "LLAMORA_LLM__UPSTREAM__HOSTS in .env is not a setting;"
        " the nearest is LLAMORA_LLM__UPSTREAM__HOST."
    )
    write(tmp_path, "config/settings.local.toml", "[LLM.upstream]\nparalel = 2\n")
    assert refusal(tmp_path) == (
        "LLM.upstream.paralel in config/settings.local.toml is not a setting;"
        " the nearest is LLM.upstream.parallel."
    )
    write(tmp_path, "config/settings.local.toml", "[LIMIT]\nentry_bytes = 2\n")
    assert "LIMIT in config/settings.local.toml is not a setting; the nearest is LIMITS." in (
        refusal(tmp_path)
    )
    write(tmp_path, "config/settings.local.toml", "APP = 5\n")
    assert "APP in config/settings.local.toml must be a table of settings." in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "because"),
    [
        ("APP__PORT", "0", "from 1 to 65535"),
        ("APP__PORT", "5000.5", "a whole number"),
        ("APP__PORT", "true", "a whole number"),
        ("APP__PORT", "", "a whole number"),
        ("APP__TRUSTED_HOSTS", "https://a.example/x", "host names"),
        ("APP__ALLOW_PLAIN_HTTP", "perhaps", "true or false"),
        ("APP__ROOT_PATH", "journal/", "a path such as /journal"),
        ("CRYPTO__KDF_MEMORY_MIB", "63", "from 64"),
        ("CRYPTO__KDF_PASSES", "2", "from 3"),
        ("CRYPTO__DEK_STORAGE", "disk", '"session" or "cookie"'),
        ("COOKIES__NAME", "a;b", "letters"),
        ("LLM__GENERATION__TEMPERATURE", "nan", "a number from 0 to 2"),
        ("LLM__GENERATION__TEMPERATURE", "inf", "a number from 0 to 2"),
        ("LLM__UPSTREAM__HOST", "localhost:8080", "http or https"),
        ("LLM__UPSTREAM__HOST", "file:///etc/passwd", "http or https"),
        ("LLM__UPSTREAM__HOST", "http://[", "http or https"),
        ("LLM__CHAT__BASE_URL", "http://127.0.0.1:99999", "http or https"),
        ("LLM__CHAT__API_KEY", "schlüssel", "ASCII"),
        ("LLM__CHAT__PARAMETERS", "top_k", "a table"),
        ("EMBEDDING__MAKE", "bge", '"built-in" or "bge-small-en-v1.5" or "endpoint"'),
        ("EMBEDDING__BASE_URL", "127.0.0.1:8080", "http or https"),
        ("EMBEDDING__BATCH", "0", "from 1"),
        ("SEARCH__MEMORY_BUDGET", "1", "from 16"),
        ("SEARCH__LANGUAGE", "english", "one of auto, ar,"),
        ("SECRET_KEY", "short", "at least 32"),
    ],
)
def test_a_value_out_of_bounds_is_refused_with_what_it_must_be(tmp_path, name, value, because):
    sentence = refusal(tmp_path, **{f"LLAMORA_{name}": value})
    assert sentence.startswith(f"LLAMORA_{name} in the environment must ")
    assert because in sentence


def test_settings_that_are_unsafe_together_are_refused(tmp_path):
    assert "SESSION.idle_ttl" in refusal(tmp_path, LLAMORA_SESSION__IDLE_TTL="90000")
    assert "together" in refusal(tmp_path, LLAMORA_APP__TLS_CERT="cert.pem")
    both = {
        "LLAMORA_LLM__LOCAL__MODEL_PATH": "a.gguf",
        "LLAMORA_LLM__UPSTREAM__HOST": "http://[::1]",
    }
    assert "LLM.local.model_path" in refusal(tmp_path, **both)
    everywhere = {"LLAMORA_APP__HOST": "0.0.0.0"}
    assert "APP.trusted_hosts" in refusal(tmp_path, **everywhere)
    everywhere["LLAMORA_APP__TRUSTED_HOSTS"] = "journal.example.org"
    assert "APP.tls_cert" in refusal(tmp_path, **everywhere)
    everywhere["LLAMORA_APP__ALLOW_PLAIN_HTTP"] = "true"
    assert load(tmp_path, everywhere).app.host == "0.0.0.0"
    remote = {"LLAMORA_LLM__UPSTREAM__HOST": "http://192.0.2.7:8080"}
    assert "plain http" in refusal(tmp_path, **remote)
    remote["LLAMORA_LLM__UPSTREAM__ALLOW_PLAIN_HTTP"] = "true"
    assert load(tmp_path, remote).llm.upstream.allow_plain_http
    assert "parameter_allowlist" in refusal(
        tmp_path, LLAMORA_LLM__CHAT__PARAMETERS="{messages = []}"
    )


def test_an_embedding_endpoint_must_be_named_whole_and_may_not_be_overheard(tmp_path):
    chosen = {"LLAMORA_EMBEDDING__MAKE": "endpoint"}
    assert "EMBEDDING.base_url must be set" in refusal(tmp_path, **chosen)
    chosen["LLAMORA_EMBEDDING__BASE_URL"] = "http://192.0.2.7:8080"
    assert "EMBEDDING.model must be set" in refusal(tmp_path, **chosen)
    chosen["LLAMORA_EMBEDDING__MODEL"] = "nomic-embed-text"
    assert "EMBEDDING.allow_plain_http" in refusal(tmp_path, **chosen)
    # Consent for one model is none for the other.
    chosen["LLAMORA_LLM__UPSTREAM__ALLOW_PLAIN_HTTP"] = "true"
    assert "EMBEDDING.allow_plain_http" in refusal(tmp_path, **chosen)
    chosen["LLAMORA_EMBEDDING__ALLOW_PLAIN_HTTP"] = "true"
    assert load(tmp_path, chosen).embedding.model == "nomic-embed-text"


def test_a_secret_is_neither_in_a_sentence_nor_in_a_repr(tmp_path):
    assert "tiny" not in refusal(tmp_path, LLAMORA_COOKIES__SECRET="tiny")
    assert "hunter2" not in refusal(tmp_path, LLAMORA_LLM__CHAT__BASE_URL="http://a:hunter2@b")
    given = {
        "LLAMORA_LLM__CHAT__API_KEY": "hunter2",
        "LLAMORA_EMBEDDING__API_KEY": "hunter2",
        "LLAMORA_SECRET_KEY": "k" * 32,
    }
    found = load(tmp_path, given)
    shown = repr(found)
    assert found.cookies.secret not in shown
    assert found.secret_key not in shown
    assert "hunter2" not in shown
    assert "5000" in shown  # control: what is not secret is shown


def test_the_tree_cannot_be_changed(tmp_path):
    found = load(tmp_path, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.app.port = 1  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError):
        found.llm.chat.parameters["x"] = 1  # pyright: ignore[reportIndexIssue]


def test_files_that_cannot_be_read_are_named(tmp_path):
    write(tmp_path, "config/settings.local.toml", "[APP\n")
    assert refusal(tmp_path).startswith("config/settings.local.toml is not valid TOML")
    (tmp_path / "config/settings.local.toml").write_bytes(b"\xff\xfe")
    assert refusal(tmp_path).startswith("config/settings.local.toml is not valid TOML")
    (tmp_path / "config/settings.local.toml").unlink()
    (tmp_path / ".env").write_bytes(b"LLAMORA_APP__PORT=\xff")
    assert ".env" in refusal(tmp_path)


def test_relative_paths_start_at_the_checkout(tmp_path):
    found = load(tmp_path, {"LLAMORA_DATABASE__PATH": "mine/j.sqlite3"})
    assert found.database.path == tmp_path / "mine/j.sqlite3"
    assert (tmp_path / "mine/secrets.toml").is_file()


def test_without_a_checkout_the_journal_is_in_the_data_home(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "CHECKOUT", tmp_path / "site-packages")
    found = load(None, {"XDG_DATA_HOME": str(tmp_path)})
    assert found.database.path == tmp_path / "llamora/llamora.sqlite3"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = load(None, {"XDG_DATA_HOME": "relative"})
    assert found.database.path == tmp_path / "home/.local/share/llamora/llamora.sqlite3"


def test_generated_secrets_stay_and_differ_between_installs(tmp_path):
    ada, again, ben = (load(tmp_path / name, {}) for name in ("ada", "ada", "ben"))
    assert ada == again
    secrets = {ada.secret_key, ada.cookies.secret, ben.secret_key, ben.cookies.secret}
    assert len(secrets) == 4
    assert all(len(each) >= 43 for each in secrets)


def test_generated_secrets_are_for_the_owner_alone(tmp_path):
    old = os.umask(0)
    try:
        folder = load(tmp_path, {}).data_folder
    finally:
        os.umask(old)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secrets.toml").stat().st_mode) == 0o600
    assert [each.name for each in folder.iterdir()] == ["secrets.toml"]
    (folder / "secrets.toml").chmod(0o644)
    load(tmp_path, {})
    assert stat.S_IMODE((folder / "secrets.toml").stat().st_mode) == 0o600


def test_given_secrets_are_taken_and_none_is_made(tmp_path):
    given = {"LLAMORA_SECRET_KEY": "s" * 32, "LLAMORA_COOKIES__SECRET": "c" * 32}
    found = load(tmp_path, given)
    assert (found.secret_key, found.cookies.secret) == ("s" * 32, "c" * 32)
    assert not found.data_folder.exists()


@pytest.mark.parametrize("text", ["SECRET_KEY = ", 'SECRET_KEY = "x"', "SECRET_KEY = 5"])
def test_a_damaged_secrets_file_is_said_and_left_alone(tmp_path, text):
    write(tmp_path, "data/secrets.toml", text)
    assert "damaged" in refusal(tmp_path)
    assert (tmp_path / "data/secrets.toml").read_text() == text


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path):
    write(tmp_path, "data", "a file, not a folder")
    assert "set DATABASE.path" in refusal(tmp_path)


def _secret(root: Path) -> str:
    return load(root, {}).secret_key


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        assert len(set(pool.map(_secret, [tmp_path] * 12, chunksize=1))) == 1


def test_importing_the_settings_is_cheap():
    heavy = "dynaconf", "quart", "flask", "jinja2", "secrets", "difflib", "asyncio"
    code = "import sys, llamora.settings; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert not {*heavy} & {*loaded}


def test_every_setting_has_a_sentence_and_a_default_that_passes_its_own_check():
    for leaf in leaves().values():
        assert leaf.about.says.endswith("."), leaf.name
        assert settings._value(leaf, settings._plain(leaf.default), leaf.name) is not None
