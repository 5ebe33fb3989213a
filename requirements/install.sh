#!/bin/sh
# Installs one lock into .venv, which it makes where there is none: `sh requirements/install.sh run`, test or node.
# Needs Python 3.11 or newer; `make` calls it when what it installs has changed.
set -eu
lock=$1
venv=.venv
modern='import sys; sys.exit(sys.version_info < (3, 11))'
export PIP_DISABLE_PIP_VERSION_CHECK=1

pick_python() {
    for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3 python; do
        [ -n "$name" ] && "$name" -c "$modern" 2>/dev/null || continue
        echo "$name"
        return
    done
    found=$(python3 --version 2>/dev/null || echo "none")
    echo "Python 3.11 or newer is needed (found: $found). Install it, or name it: make PYTHON=/path/to/python3.11" >&2
    return 1
}

# pip takes five times as long as uv, but knows the mirrors and proxies that this machine is set up with.
install() {
    "$venv/bin/uv" pip install --quiet --system-certs --compile-bytecode --python "$venv/bin/python" "$@" ||
        "$venv/bin/pip" install --quiet "$@"
}

# An environment that was moved or copied here, or whose Python is gone, is made anew.
if ! "$venv/bin/python" -c "$modern" 2>/dev/null || ! grep -qsF "$(pwd -P)/$venv/" "$venv/bin/pip"; then
    python=$(pick_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        echo "$python has no venv module. Install it (Debian, Ubuntu: apt-get install python$version-venv)" >&2
        exit 1
    fi
    echo "Making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv"
fi

echo "Installing requirements/$lock.txt"
"$venv/bin/pip" install --quiet --require-hashes -r requirements/uv.txt
install --require-hashes -r "requirements/$lock.txt"
if [ "$lock" != node ]; then
    install --no-deps --no-build-isolation -e protos -e services/identity -e services/billing_link -e services/portal
fi
