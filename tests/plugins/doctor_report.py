"""What a doctor found, for tests: from its JSON."""

import json

from click.testing import Result

# What tests run with may be set on this machine, and would be found.
OF_OTHER_PROGRAMS = (
    *("http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)


class Report:
    """The findings of one run."""

    def __init__(self, result: Result) -> None:
        self.findings: list[dict[str, str]] = json.loads(result.stdout)
        assert result.exit_code == any(each["verdict"] == "problem" for each in self.findings)

    @property
    def problems(self) -> list[str]:
        """Return what is wrong, by subject."""
        return [each["check"] for each in self.findings if each["verdict"] == "problem"]

    def said(self, check: str, verdict: str = "problem") -> str:
        """Return the one finding of a subject with this verdict: what it is, an arrow, and what to do."""
        [found] = [each for each in self.findings if (each["check"], each["verdict"]) == (check, verdict)]
        return f"{found['detail']} → {found['fix']}"
