"""`billing_link doctor`: each trouble is one line, with what to do about it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from billing_link.cli.doctor import connections
from billing_link.cli.doctor.database import examine_database
from billing_link.cli.doctor.findings import Verdict
from billing_link.cli.main import main
from billing_link.clock import FixedClock
from billing_link.config import ServerSettings
from billing_link.database_faults import DatabaseFault, DatabaseUnavailableError
from billing_link.database_state import LockHolder, ServerState
from billing_link.migrations import Tables
from billing_link.server import Server
from certificate_authority import IssuedCertificate
from click.testing import CliRunner
from doctor_report import OF_OTHER_PROGRAMS, Report

Examine = Callable[..., Report]
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
URL = "postgresql+psycopg://billing:hidden@127.0.0.1:1/billing"


@pytest.fixture
def examine(database_url: str, identity: Any, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Return a function that runs the doctor, with other settings than those with which all is well."""
    for name in OF_OTHER_PROGRAMS:
        monkeypatch.delenv(name, raising=False)
    well = {
        "BILLING_LINK_DATABASE_URL": database_url,
        "BILLING_LINK_ISSUER": identity.issuer,
        "BILLING_LINK_RESOURCE_SECRET": "resource-secret",
        "BILLING_LINK_BIND": "127.0.0.1:1",
    }

    def examine(**changes: str) -> Report:
        environment = well | {f"BILLING_LINK_{name.upper()}": value for name, value in changes.items()}
        result = CliRunner().invoke(main, ["doctor", "--json"], env=environment)
        assert "resource-secret" not in result.output
        return Report(result)

    return examine


def test_where_all_is_well_there_is_no_problem(examine: Examine, served: object) -> None:
    report = examine()
    assert report.problems == []
    assert "accepts urn:community-access:billing-link and its secret" in report.said("resource", "ok")
    assert "billing records of 2026-11-23" in str(report.findings)
    assert "start `billing_link serve`" in report.said("server", "note")


def test_without_a_city_it_says_so(examine: Examine) -> None:
    assert "run `billing_link cities put" in examine().said("cities", "note")


def test_a_city_without_records(examine: Examine, put_city: Callable[..., object]) -> None:
    put_city()
    said = examine().said("city pinellas-park", "note")
    assert said.endswith("→ run `billing_link import records.csv --city pinellas-park`")


class TestIdentity:
    def test_nothing_listens(self, examine: Examine) -> None:
        said = examine(issuer="http://127.0.0.1:1").said("identity")
        assert (
            "Connection refused → start what listens on port 1 of 127.0.0.1, or check BILLING_LINK_ISSUER"
            in said
        )

    def test_another_issuer(self, examine: Examine, identity: Any) -> None:
        identity.metadata = {"issuer": "https://id.example.gov"}
        assert "write IDENTITY_ISSUER and BILLING_LINK_ISSUER alike" in examine().said("identity")

    def test_a_secret_that_identity_refuses(self, examine: Examine, identity: Any) -> None:
        identity.poll_status = 401
        assert "BILLING_LINK_RESOURCE_SECRET" in examine().said("resource")

    def test_the_poll_takes_and_acknowledges_nothing(self, examine: Examine, identity: Any) -> None:
        examine()
        [poll] = identity.polls
        assert {name: value for name, value in poll.items() if name != "authorization"} == {
            "maxEvents": 0,
            "returnImmediately": True,
        }


class TestServer:
    def test_one_that_runs(self, examine: Examine, database_url: str, identity: Any) -> None:
        settings = ServerSettings(
            database_url=database_url, issuer=identity.issuer, resource_secret="secret", threads=4
        ).model_copy(update={"bind": "127.0.0.1:0"})
        server = Server(settings)
        server.start()
        try:
            assert "is serving" in examine(bind=f"127.0.0.1:{server.port}").said("server", "ok")
        finally:
            server.stop(grace=0)

    def test_a_certificate_that_ends_soon(
        self, examine: Examine, issued_certificate: IssuedCertificate
    ) -> None:
        report = examine(
            tls_certificate=str(issued_certificate.certificate), tls_key=str(issued_certificate.key)
        )
        assert "CN=127.0.0.1 ends on" in report.said("BILLING_LINK_TLS_CERTIFICATE", "note")


class Database:
    """A database in a state, which can write and is held by none."""

    def __init__(self, state: ServerState | None) -> None:
        self.state, self.fault, self.holders = state, None, list[LockHolder]()

    def server_state(self) -> ServerState | None:
        return self.state

    def try_writing(self) -> None:
        if self.fault:
            raise DatabaseUnavailableError(self.fault)

    def lock_holders(self) -> list[LockHolder]:
        return self.holders


class TestDatabase:
    """The same module in the three services."""

    def examine(
        self,
        *,
        tables: Tables = Tables.CURRENT,
        ahead: float = 0,
        url: str = URL,
        **changes: Any,
    ) -> list[tuple[str, str]]:
        state = ServerState(NOW + timedelta(seconds=ahead), is_pooled=False)
        database = Database(
            replace(state, **{key: changes.pop(key) for key in vars(state) if key in changes})
        )
        vars(database).update(changes)
        found = examine_database(url, lambda: tables, database, FixedClock(NOW))
        return [(each.verdict.value, f"{each.detail} → {each.fix}") for each in found]

    @pytest.mark.parametrize(
        ("tables", "verdict", "said"),
        [
            (Tables.MISSING, "problem", "has no tables → run `billing_link migrate`"),
            (Tables.OLDER, "problem", "has the tables of an older release → run `billing_link migrate`"),
            (
                Tables.NEWER,
                "note",
                "has the tables of a newer release → replace this release by the one that migrated it",
            ),
        ],
    )
    def test_tables_that_are_not_this_releases(self, tables: Tables, verdict: str, said: str) -> None:
        assert self.examine(tables=tables) == [(verdict, said)]

    @pytest.mark.parametrize(
        ("ahead", "verdicts"), [(2, ["ok"]), (-3, ["ok", "note"]), (32, ["ok", "problem"])]
    )
    def test_a_clock_that_differs(self, ahead: float, verdicts: list[str]) -> None:
        found = self.examine(ahead=ahead)
        assert [verdict for verdict, _ in found] == verdicts
        if len(found) > 1:
            said = (
                f"its clock is {ahead - 1} seconds ahead of" if ahead > 0 else "its clock is 3 seconds behind"
            )
            assert said in found[1][1]

    def test_a_pooler_is_named(self) -> None:
        assert "through a pooler" in self.examine(is_pooled=True)[1][1]

    def test_a_server_that_is_read_only(self) -> None:
        verdict, said = self.examine(is_read_only=True)[1]
        assert verdict == "problem"
        assert said.startswith("refuses to write: it is read-only → name the server that writes")

    @pytest.mark.parametrize(
        ("fault", "url", "said"),
        [
            (DatabaseFault.FULL, URL, "has no room left on its disk → make room on the disk"),
            (DatabaseFault.OVERLOADED, URL, "→ raise the server's max_connections"),
            (DatabaseFault.DAMAGED, URL, "→ look at the database's log and its disk"),
            (DatabaseFault.LOCKED, URL, "→ let what holds it end"),
            (DatabaseFault.LOCKED, "sqlite:////var/lib/none/b.db", "`fuser` with the file's name"),
            (DatabaseFault.READ_ONLY, "sqlite:////var/lib/none/b.db", "let this user write the file"),
        ],
    )
    def test_one_that_cannot_write(self, fault: DatabaseFault, url: str, said: str) -> None:
        found = self.examine(fault=fault, url=url)
        assert [verdict for verdict, _ in found] == ["ok", "problem"]
        assert said in found[1][1]

    @pytest.mark.parametrize(("waiting", "verdict"), [(3, "problem"), (0, "note")])
    def test_who_holds_a_lock(self, waiting: int, verdict: str) -> None:
        holder = LockHolder(4711, "dba", 90, "ALTER", waiting)
        [_, found] = self.examine(holders=[holder])
        said = f"process 4711 of dba has held a lock for 90 seconds (ALTER); {waiting} wait for it"
        fix = "find out what it is; `SELECT pg_terminate_backend(4711)` ends it"
        assert found == (verdict, f"{said} → {fix}")

    def test_a_file_that_others_may_read(self, tmp_path: Path) -> None:
        file = tmp_path / "billing_link.db"
        file.touch(0o644)
        tmp_path.chmod(0o755)
        found = self.examine(url=f"sqlite:///{file}", state=None)
        assert [verdict for verdict, _ in found] == ["ok", "problem", "note"]
        assert f"`chmod 600 {file}`" in found[1][1]

    def test_a_server_that_does_not_answer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def unavailable() -> Tables:
            raise DatabaseUnavailableError(DatabaseFault.UNREACHED)

        monkeypatch.setattr(connections, "SECONDS", 0.5)
        [found] = examine_database(URL, unavailable, Database(None), FixedClock(NOW))
        assert found.verdict is Verdict.BAD
        assert "Connection refused" in found.detail
        assert "hidden" not in f"{found}"
