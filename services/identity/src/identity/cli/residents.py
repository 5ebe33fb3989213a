"""`identity residents`: show, disable, enable or delete an account, and end its sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click

from identity.cli.identifiers import IdentifierCommand
from identity.cli.operator import operator, refuse
from identity.cli.printing import as_json, show_fields, show_json
from identity.composition.staff import resident_administration
from identity.staff.residents import (
    AlreadyDisabled,
    NotDisabled,
    ResidentAdministration,
    ResidentDeleted,
    ResidentDisabled,
    ResidentEnabled,
    SessionsEnded,
    UnknownResident,
)

LONGEST_REASON = 200
_Changed = (
    AlreadyDisabled | NotDisabled | ResidentDeleted | ResidentDisabled | ResidentEnabled | SessionsEnded
)


def _reason(_context: click.Context, _option: click.Parameter, value: str) -> str:
    reason = value.strip()
    if not 1 <= len(reason) <= LONGEST_REASON or not reason.isprintable():
        raise click.BadParameter(f"1 to {LONGEST_REASON} characters on one line")
    return reason


resident_argument = click.argument("email_or_sub", metavar="RESIDENT")
reason_option = click.option(
    "--reason",
    required=True,
    callback=_reason,
    help="Why, for the audit: a case number, say; no names or addresses.",
)


@click.group()
def residents() -> None:
    """Manage residents' accounts. RESIDENT is an e-mail address or a `sub`."""


@residents.command(cls=IdentifierCommand)
@resident_argument
@as_json
def show(email_or_sub: str, *, is_json: bool) -> None:
    """Show one account; never a secret."""
    with _administration() as administration:
        record = administration.show(email_or_sub)
    if isinstance(record, UnknownResident):
        _refuse_unknown(email_or_sub, record.mail_refused)
    if is_json:
        show_json(vars(record))
    else:
        show_fields(vars(record))


@residents.command(cls=IdentifierCommand)
@resident_argument
@reason_option
@as_json
def disable(email_or_sub: str, reason: str, *, is_json: bool) -> None:
    """Refuse every sign-in, end all sessions and revoke all grants. Safe to repeat."""
    with _administration() as administration:
        outcome = administration.disable(email_or_sub, reason)
    _print(email_or_sub, outcome, is_json=is_json)


@residents.command(cls=IdentifierCommand)
@resident_argument
@reason_option
@as_json
def enable(email_or_sub: str, reason: str, *, is_json: bool) -> None:
    """Let a disabled resident sign in again. Safe to repeat."""
    with _administration() as administration:
        outcome = administration.enable(email_or_sub, reason)
    _print(email_or_sub, outcome, is_json=is_json)


@residents.command("end-sessions", cls=IdentifierCommand)
@resident_argument
@reason_option
@as_json
def end_sessions(email_or_sub: str, reason: str, *, is_json: bool) -> None:
    """Sign the resident out on every device. Offline access that they granted stays. Safe to repeat."""
    with _administration() as administration:
        outcome = administration.end_sessions(email_or_sub, reason)
    _print(email_or_sub, outcome, is_json=is_json)


@residents.command(cls=IdentifierCommand)
@resident_argument
@reason_option
@as_json
@click.confirmation_option(prompt="The account is deleted for good. Go on?")
def delete(email_or_sub: str, reason: str, *, is_json: bool) -> None:
    """Delete the account with everything that is the resident's alone. It cannot be undone."""
    with _administration() as administration:
        outcome = administration.delete(email_or_sub, reason)
    _print(email_or_sub, outcome, is_json=is_json)


@contextmanager
def _administration() -> Iterator[ResidentAdministration]:
    with operator() as opened:
        yield resident_administration(opened.storage, opened.secret_keys, opened.clock, opened.settings)


def _print(email_or_sub: str, outcome: _Changed | UnknownResident, *, is_json: bool) -> None:
    if isinstance(outcome, UnknownResident):
        _refuse_unknown(email_or_sub)
    name, words = _words(outcome)
    if is_json:
        show_json({"outcome": name, **vars(outcome)})
    else:
        click.echo(f"{outcome.sub}: {words}")


def _words(outcome: _Changed) -> tuple[str, str]:
    """Return the outcome's name for JSON, and its words."""
    match outcome:
        case ResidentDisabled(sessions_ended=ended):
            return "disabled", f"disabled, {_sessions(ended)} ended"
        case AlreadyDisabled():
            return "already_disabled", "nothing to do, was disabled before"
        case ResidentEnabled():
            return "enabled", "enabled"
        case NotDisabled():
            return "not_disabled", "nothing to do, is not disabled"
        case SessionsEnded(sessions_ended=ended):
            words = f"{_sessions(ended)} ended" if ended else "nothing to do, no session to end"
            return "sessions_ended", words
        case ResidentDeleted(sessions_ended=ended):
            return "deleted", f"deleted, {_sessions(ended)} ended"


def _sessions(number: int) -> str:
    return f"{number} session" if number == 1 else f"{number} sessions"


def _refuse_unknown(email_or_sub: str, mail_refused: str | None = None) -> NoReturn:
    lines = [f"there is no resident {email_or_sub!r}; give the e-mail address or the `sub`"]
    if mail_refused:
        lines.append(f"the mail server refused mail for this address: {mail_refused}")
    refuse(*lines)
