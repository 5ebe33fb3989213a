"""Variables of the environment that operators set for other programs: which count here, and which do not."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from billing_link.cli.doctor.findings import Finding, Verdict

_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "grpc_proxy"})
_AUTHORITIES = frozenset({"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"})
# OpenSSL's, which count.
_STORES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
# libpq's, which lead to another server than the address says.
_DATABASES = ("PGHOSTADDR", "PGSERVICE")


def examine_environment(
    variables: Mapping[str, str], *, unknown: Sequence[str], proxy_fix: str, ca_file: str
) -> Iterator[Finding]:
    """Yield what is set and has no effect, or misleads.

    `unknown`: the lines of `setting_types.unknown_variables`. `proxy_fix` says what to do about a proxy;
    `ca_file` is the variable for certificate authorities.
    """
    for line in unknown:
        name, _, detail = line.partition(": ")
        yield Finding(name, Verdict.NOTE, detail, "correct its name, or unset it")
    set_here = {name for name, value in variables.items() if value}
    for name in sorted(name for name in set_here if name.lower() in _PROXIES):
        yield Finding(name, Verdict.NOTE, "is set, and has no effect", proxy_fix)
    for name in sorted(set_here & _AUTHORITIES):
        yield Finding(name, Verdict.NOTE, "is set, and has no effect", f"set {ca_file} instead")
    for name in _STORES:
        if name in set_here and not Path(variables[name]).exists():
            detail = "names nothing that exists"
            yield Finding(
                name, Verdict.BAD, detail, f"correct or unset it; for an authority of your own set {ca_file}"
            )
    for name in _DATABASES:
        if name in set_here:
            detail = "changes where connections to PostgreSQL go, beside the address that is set"
            yield Finding(name, Verdict.NOTE, detail, "unset it")
