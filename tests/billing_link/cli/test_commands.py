import json
from datetime import UTC, datetime, timedelta

import pytest
from billing_link.audit.seals import seal_and_erase
from billing_link.audit.store import EVENTS, Audit, Event
from billing_link.cli.main import main
from billing_link.storage import Storage
from certificates import write_self_signed
from click.testing import CliRunner
from sqlalchemy import update

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
CITY = {
    "id": "pinellas-park",
    "name": "City of Pinellas Park",
    "account_number": {"segments": [{"width": 6}, {"width": 2}]},
    "customer_id": {"segments": [{"width": 6}]},
}
ACCOUNT = "account,004215-01,108734,Jane Example,7100 60th St N,,active,,water,,,,,,,"


@pytest.fixture
def run(database_url, monkeypatch):
    """Return a function that runs a command and returns its exit code and what it said."""
    monkeypatch.setenv("BILLING_LINK_DATABASE_URL", database_url)

    def run(*arguments: str):
        result = CliRunner().invoke(main, arguments)
        return result.exit_code, result.output

    return run


@pytest.fixture
def city_file(tmp_path):
    """Return a function that writes a city's file."""

    def write(**changes: object):
        path = tmp_path / "city.json"
        path.write_text(json.dumps(CITY | changes), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def file(tmp_path, records_file):
    """Return a function that writes a records file."""

    def write(*lines: str):
        path = tmp_path / "records.csv"
        path.write_bytes(records_file(*lines))
        return str(path)

    return write


def test_migrating_an_up_to_date_database_does_nothing(run):
    assert run("migrate") == (0, "The tables are up to date.\n")


class TestCities:
    def test_a_city_is_put_listed_and_shown_as_a_file_to_put_again(self, run, city_file, tmp_path):
        assert run("cities", "put", city_file()) == (0, "City of Pinellas Park (pinellas-park) is served.\n")
        assert run("cities", "list") == (0, "pinellas-park\tCity of Pinellas Park\n")
        code, shown = run("cities", "show", "pinellas-park")
        (tmp_path / "shown.json").write_text(shown)
        assert (code, json.loads(shown)["closed_months"]) == (0, 24)
        assert run("cities", "put", str(tmp_path / "shown.json"))[0] == 0
        assert run("cities", "show", "pinellas-park") == (0, shown)

    def test_putting_a_city_again_replaces_it(self, run, city_file, audited):
        run("cities", "put", city_file())
        run("cities", "put", city_file(name="Renamed"))
        assert run("cities", "list") == (0, "pinellas-park\tRenamed\n")
        assert audited() == ["city_put", "city_put"]

    def test_a_wrong_file_is_refused_in_one_line_a_fault(self, run, city_file):
        code, said = run("cities", "put", city_file(auto_link="always", closed_months=-1))
        assert code == 1
        assert [line.split(":")[0] for line in said.splitlines()] == ["auto_link", "closed_months"]

    def test_a_file_that_is_no_json_is_refused(self, run, tmp_path):
        (tmp_path / "city.json").write_text("{")
        code, said = run("cities", "put", str(tmp_path / "city.json"))
        assert (code, "is not JSON" in said) == (1, True)

    def test_a_city_that_is_not_there(self, run):
        assert run("cities", "show", "nowhere")[0] == 1


class TestImport:
    def test_it_prints_the_numbers_of_new_and_changed_rows(self, run, city_file, file):
        run("cities", "put", city_file())
        code, said = run("import", file(ACCOUNT), "--city", "pinellas-park")
        assert code == 0
        assert said.endswith(
            "accounts: 1 new, 0 changed\nentries: 0 new, 0 changed\nregistrations: 0 new, 0 changed\n"
        )

    def test_a_name_that_is_not_utf_8_is_refused_in_words(self, run, file):
        # As Python reads the octet FF of a command line.
        assert run("import", file(ACCOUNT), "--city", "city\udcff") == (1, "An argument is not UTF-8.\n")

    def test_bad_rows_are_named_and_the_exit_code_tells(self, run, city_file, file):
        run("cities", "put", city_file())
        code, said = run("import", file(ACCOUNT, "x", "y"), "--city", "pinellas-park")
        assert code == 1
        assert said.splitlines()[-3:] == [
            "records.csv: nothing was imported.",
            "  line 3: it has 1 columns, the header has 16",
            "  line 4: it has 1 columns, the header has 16",
        ]

    def test_more_than_a_hundred_bad_rows_are_counted(self, run, city_file, file):
        run("cities", "put", city_file())
        _, said = run("import", file(*["x"] * 103), "--city", "pinellas-park")
        assert said.splitlines()[-1] == "  … and 3 more"

    def test_a_city_that_is_not_served_is_named(self, run, file):
        code, said = run("import", file(ACCOUNT), "--city", "nowhere")
        assert (code, "There is no city 'nowhere'" in said) == (1, True)


class TestWrongSettings:
    def test_each_setting_at_fault_is_named(self, run, monkeypatch):
        monkeypatch.setenv("BILLING_LINK_ISSUER", "http://id.example.gov")
        monkeypatch.setenv("BILLING_LINK_BIND", "50051")
        code, said = run("serve")
        assert code == 2
        for name in ("BILLING_LINK_ISSUER", "BILLING_LINK_BIND", "BILLING_LINK_RESOURCE_SECRET"):
            assert f"{name}: " in said

    def test_the_secret_is_never_shown(self, run, monkeypatch):
        monkeypatch.setenv("BILLING_LINK_RESOURCE_SECRET", "hush-hush")
        assert "hush-hush" not in run("serve")[1]

    def test_a_certificate_without_its_key_is_named(self, run, monkeypatch, tmp_path):
        certificate, _ = write_self_signed(tmp_path, "localhost")
        monkeypatch.setenv("BILLING_LINK_TLS_CERTIFICATE", str(certificate))
        code, said = run("health")
        assert (code, "BILLING_LINK_TLS_KEY" in said) == (2, True)

    def test_a_machine_with_another_time_than_its_database_does_not_start(self, run, monkeypatch):
        monkeypatch.setattr("billing_link.server.measure_lead", lambda *_: (None, timedelta(hours=2)))
        monkeypatch.setenv("BILLING_LINK_ISSUER", "https://id.example.gov")
        monkeypatch.setenv("BILLING_LINK_RESOURCE_SECRET", "hush-hush")
        code, said = run("serve")
        assert (code, "this machine's clock is 7200 seconds behind the database's" in said) == (1, True)

    def test_a_database_that_does_not_answer_is_one_clear_line(self, run, monkeypatch):
        monkeypatch.setenv("BILLING_LINK_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
        for command in (("migrate",), ("cities", "list")):
            code, said = run(*command)
            assert code == 1
            assert said.startswith("The database does not answer.")
            assert len(said.splitlines()) == 1

    def test_tables_that_were_never_made_are_one_clear_line(self, run, monkeypatch, tmp_path):
        monkeypatch.setenv("BILLING_LINK_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
        monkeypatch.setenv("BILLING_LINK_ISSUER", "https://id.example.gov")
        monkeypatch.setenv("BILLING_LINK_RESOURCE_SECRET", "secret")
        code, said = run("serve")
        assert (code, "run `billing_link migrate`" in said) == (2, True)


def test_health_of_a_server_that_is_not_there(run, monkeypatch):
    monkeypatch.setenv("BILLING_LINK_BIND", "127.0.0.1:9")
    assert run("health") == (1, "UNREACHABLE\n")


class TestAudit:
    def test_without_a_seal(self, run):
        assert run("audit", "verify") == (0, "There is no seal yet.\n")

    def test_that_was_changed(self, run, database_url):
        with Storage(database_url) as storage:
            with storage.autocommit() as connection:
                Audit(connection).record(Event.CITY_PUT, NOW, city_id="dunedin")
            seal_and_erase(storage, timedelta(days=30), NOW + timedelta(hours=1))
            assert run("audit", "verify")[1].startswith("1 seals hold; the last is ")
            with storage.autocommit() as connection:
                connection.execute(update(EVENTS).values(city_id="largo"))
        assert run("audit", "verify") == (1, "seal 1: 1 events are not the 1 that were sealed\n")
