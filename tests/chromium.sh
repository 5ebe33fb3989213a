#!/bin/sh
# Looks for the browser that the browser tests drive. Root on Debian or Ubuntu gets it installed; on other machines
# those tests are skipped and say why (CI counts a skip as a failure).
set -eu
for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" >/dev/null 2>&1; then exit 0; fi
done
[ -z "${CHROMIUM:-}" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null </dev/null && exit 0
fi
echo "No Chromium here: the browser tests will be skipped. Install chromium or google-chrome, or set CHROMIUM=/path." >&2
