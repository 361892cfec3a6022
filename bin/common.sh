# What bin/start and bin/test share; both source it after changing to the checkout. POSIX sh.

say() { printf '%s\n' "$*" >&2; }

stop() {
    say "$*"
    exit 1
}

# Whether what comes in is what the file holds. Not cmp, which the smallest systems lack.
same_as() { [ -f "$1" ] && [ "$(cat)" = "$(cat "$1")" ]; }

# Sets PYTHON to a Python of 3.11 or later.
find_python() {
    for each in "${PYTHON:-}" python3 python python3.14 python3.13 python3.12 python3.11; do
        if [ -n "$each" ] &&
            "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$each
            return
        fi
    done
    stop "Llamora needs Python 3.11 or later; install it, or name it as in PYTHON=/path/to/python bin/start."
}

# Sets UV: the one on PATH, else one of our own in .tools. System packages are never touched.
find_uv() {
    if uv --version >/dev/null 2>&1; then
        UV=uv
        return
    fi
    UV=.tools/uv/bin/uv
    if "$UV" --version >/dev/null 2>&1; then return; fi
    say "Getting uv, which installs Python packages, into .tools (by pip)."
    rm -rf .tools/uv
    if "$PYTHON" -m venv .tools/uv >/dev/null 2>&1; then
        .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check uv ||
            stop "uv could not be got by pip; is there a network?"
    else
        # Some systems split venv off; pip can still fill a folder.
        rm -rf .tools/uv
        "$PYTHON" -m pip install --quiet --disable-pip-version-check --target .tools/uv uv ||
            stop "This Python has neither a working venv nor pip; install one of them, or uv."
    fi
}

# What an installed .venv stands for: this place and these requirements.
wanted() {
    pwd -P
    cat pyproject.toml
}

# install run|test: brings .venv up to date unless its stamp says that it is. "run" adds what is
# missing and takes nothing away, so a .venv with the packages for tests keeps them.
install() {
    kind=$1
    for stamp in ".venv/stamp-$kind" .venv/stamp-test; do
        if wanted | same_as "$stamp" && [ -x .venv/bin/llamora-server ]; then
            if [ "$kind" = run ] || [ -x .venv/bin/pytest ]; then return; fi
        fi
    done
    find_python
    find_uv
    for stamp in .venv/stamp-*; do
        # A copied or moved .venv names its old place in every script.
        if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" != "$(pwd -P)" ]; then
            rm -rf .venv
            break
        fi
    done
    unset VIRTUAL_ENV UV_PROJECT_ENVIRONMENT
    # Only the Python that is here; compiled now, because a start without is three times slower.
    export UV_PYTHON_DOWNLOADS=never UV_COMPILE_BYTECODE=1
    set -- --quiet --inexact
    if [ "$kind" = run ]; then
        say "Installing Python packages into .venv."
        set -- "$@" --no-dev
    else
        say "Installing Python packages, those for tests too, into .venv."
    fi
    if ! .venv/bin/python -c '' 2>/dev/null; then
        rm -rf .venv
        set -- "$@" --python "$PYTHON"
    fi
    "$UV" sync "$@" || stop "The Python packages could not be installed; what uv said stands above."
    wanted >".venv/stamp-$kind"
}

has_node() { command -v node >/dev/null 2>&1 && command -v npm >/dev/null 2>&1; }

# Node packages by the lock file; nothing of theirs runs at installation.
node_packages() {
    if same_as node_modules/.stamp <package-lock.json; then return; fi
    say "Installing Node packages into node_modules."
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || return 1
    cp package-lock.json node_modules/.stamp
}

frontend_inputs() {
    cksum package-lock.json frontend/build.mjs
    find frontend/src -type f -exec cksum {} + | LC_ALL=C sort
}

build_frontend() {
    node_packages && node frontend/build.mjs || return 1
    mkdir -p .tools
    frontend_inputs >.tools/frontend
}

# Builds unless nothing changed. Without a fresh build the old one must go, or it would be served.
frontend() {
    if [ -f frontend/dist/manifest.json ] && frontend_inputs | same_as .tools/frontend; then
        return
    fi
    if ! has_node; then
        say "Node is not here, so the pages come from their sources; nothing is missing."
    elif build_frontend >&2; then
        return
    else
        say "The frontend could not be built, so the pages come from their sources."
    fi
    rm -f frontend/dist/manifest.json
}
