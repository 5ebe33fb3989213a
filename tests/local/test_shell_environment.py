"""`make env` prints the settings of a local start for a shell."""

import subprocess
from pathlib import Path

from deploy.local import secret_file, settings
from deploy.local.shell_environment import main, render


def test_a_shell_reads_every_setting_of_the_services_as_it_is(tmp_path: Path) -> None:
    sender = 'It\'s "us" $HOME `id` <no-reply@localhost>'
    given = {"LOCAL_DIRECTORY": str(tmp_path), "IDENTITY_MAIL_SENDER": sender}
    local = secret_file.add_secrets(settings.read(given))
    script = render(local, Path("/programs of ours")) + "\nenv -0"

    listed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607 - what is tested

    found = dict(line.split("=", 1) for line in listed.split("\0") if line)
    assert found["IDENTITY_MAIL_SENDER"] == sender
    assert found["PORTAL_CLIENT_SECRET"] == local.values["PORTAL_CLIENT_SECRET"]
    assert found["BILLING_LINK_BIND"] == "127.0.0.1:50051"
    assert found["PATH"].startswith("/programs of ours:")
    assert not any(name.startswith(("INBOX_", "CITY_WEBSITE_")) for name in found)


def test_before_the_first_start_it_says_what_to_do(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LOCAL_DIRECTORY", str(tmp_path / "none"))

    assert main() == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "make run" in printed.err
