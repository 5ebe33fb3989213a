"""What the checks of a doctor find, and how they are run: at the same time, and never without an end."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from threading import Thread
from time import monotonic

import click

# Seconds for all checks together. Each step of a check has a limit of its own.
SECONDS = 30.0

as_json = click.option("--json", "is_json", is_flag=True, help="Print JSON.")


class Verdict(StrEnum):
    """What a check found."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "problem"


@dataclass(frozen=True)
class Finding:
    """The result of one check, and how to fix it. Holds no secret and no personal data."""

    check: str
    verdict: Verdict
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Check:
    """One subject that is examined. It changes nothing, whether the service runs or not."""

    subject: str
    examine: Callable[[], Iterable[Finding]]


def examine_all(checks: Sequence[Check], seconds: float = SECONDS) -> list[Finding]:
    """Return what the checks find, in their order.

    A check that does not end in time, or fails, is a problem itself; what it found before counts.
    """
    until = monotonic() + seconds
    running = [_Examination(check) for check in checks]
    return [finding for each in running for finding in each.findings(until)]


def show(findings: Sequence[Finding], *, is_json: bool) -> bool:
    """Print the findings; return True if there is a problem among them."""
    if is_json:
        click.echo(json.dumps([vars(finding) for finding in findings], indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            click.echo(f"{finding.verdict:8}{finding.check}: {finding.detail}")
            if finding.fix:
                click.echo(f"{'':8}→ {finding.fix}")
    return any(finding.verdict is Verdict.BAD for finding in findings)


class _Examination:
    """A check in a thread of its own, which the end of the process does not wait for."""

    def __init__(self, check: Check) -> None:
        self._check, self._found = check, list[Finding]()
        self._thread = Thread(target=self._run, name=check.subject, daemon=True)
        self._thread.start()

    def findings(self, until: float) -> list[Finding]:
        self._thread.join(max(0.0, until - monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            fix = "look what holds the packets back: a firewall, or a server that hangs"
            found.append(Finding(self._check.subject, Verdict.BAD, "no answer in time", fix))
        return found

    def _run(self) -> None:
        try:
            for finding in self._check.examine():
                self._found.append(finding)
        except Exception as error:  # noqa: BLE001 - one check that fails hides no other
            detail = f"cannot be examined ({type(error).__name__})"
            self._found.append(Finding(self._check.subject, Verdict.BAD, detail))
