#!/bin/sh
# Looks for what tests need of the system: the browser that they drive, an Apache with mod_auth_openidc, PgBouncer, openssl
# and the other proxies of docs/reverse_proxies. Root on Debian or Ubuntu gets them installed; on other machines those tests
# are skipped and say why (CI counts a skip as a failure).
set -eu

has_browser() {
    [ -z "${CHROMIUM:-}" ] || return 0
    for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

has_apache() {
    [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ] && PATH="$PATH:/usr/sbin" command -v apache2 >/dev/null 2>&1
}

has_openssl() {
    command -v openssl >/dev/null 2>&1
}

has_pgbouncer() {
    PATH="$PATH:/usr/sbin" command -v pgbouncer >/dev/null 2>&1
}

# Those of nginx, Caddy and HAProxy that are missing.
missing_proxies() {
    for name in nginx caddy haproxy; do
        PATH="$PATH:/usr/sbin" command -v "$name" >/dev/null 2>&1 || echo "$name"
    done
}

# What is missing, by Debian's names. The shell is Chromium without windows: the same pages, for two thirds of the work;
# and Apache's programs come without the service that Debian would start.
packages() {
    has_browser || { apt-cache show chromium-headless-shell >/dev/null 2>&1 && echo chromium-headless-shell; } || echo chromium
    has_apache || echo apache2-bin libapache2-mod-auth-openidc
    has_pgbouncer || echo pgbouncer
    has_openssl || echo openssl
    missing_proxies
}

if has_browser && has_apache && has_pgbouncer && has_openssl && [ -z "$(missing_proxies)" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null </dev/null || true
    missing=$(packages)
    echo "Installing for the tests:" $missing
    if apt-get install -y -qq --no-install-recommends $missing >/dev/null </dev/null; then
        # Tests start their own.
        for name in pgbouncer nginx caddy haproxy; do
            case " $(echo $missing) " in *" $name "*) systemctl --quiet disable --now "$name" >/dev/null 2>&1 || true ;; esac
        done
        exit 0
    fi
fi
has_browser || echo "No Chromium here: the browser tests will be skipped. Install chromium or google-chrome, or set CHROMIUM=/path." >&2
has_apache || echo "No Apache with OpenID Connect here: its test will be skipped. Install apache2 and libapache2-mod-auth-openidc." >&2
has_pgbouncer || echo "No PgBouncer here: its tests will be skipped. Install pgbouncer." >&2
has_openssl || echo "No openssl here: a test of documented commands will be skipped. Install openssl." >&2
[ -z "$(missing_proxies)" ] || echo "Not here:" $(missing_proxies)". Their tests will be skipped. Install them." >&2
